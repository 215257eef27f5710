"""One page for a visit, drawn with ReportLab: words to read aloud, a grid and a chart to point at."""

import io
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer, Table, TableStyle

from ..trends import Finding
from .drawings import FACE, FAINT, INK, chart, grid, legend
from .visit import Pain, Visit

FOOTER = (
    "GripHub counts and measures; it makes no diagnosis and is not a medical device. Compare a child with "
    "itself only, on the same tool."
)

#: A face that knows more alphabets than the one that comes with ReportLab, where the system has it.
_FACES = (Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"), Path("Vera.ttf"))

_MARGIN = 14 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_HEIGHT = A4[1] - 2 * _MARGIN
_CHART_HEIGHT = 46 * mm
_MOST_CHARTS = 3


def write(visit: Visit) -> bytes:
    """Draw the page.

    Returns
    -------
    bytes
        A PDF of exactly one page; what is too long is made smaller.
    """
    _use_font()
    out = io.BytesIO()
    # invariant: the same page is the same file, so that two copies can be compared
    canvas = Canvas(out, pagesize=A4, invariant=True)
    canvas.setTitle(f"Visit report {visit.last.isoformat()}")
    canvas.setAuthor("GripHub")
    frame = Frame(_MARGIN, _MARGIN, _WIDTH, _HEIGHT, 0, 0, 0, 0)
    frame.addFromList([KeepInFrame(_WIDTH, _HEIGHT, _story(visit), mode="shrink")], canvas)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _use_font() -> None:
    for face in _FACES:
        try:
            registerFont(TTFont(FACE, str(face)))
        except TTFError:
            continue
        return


def _style(size: float, *, colour: Color = INK, before: float = 0, bullet: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}", fontName=FACE, fontSize=size, leading=size * 1.3, textColor=colour, spaceBefore=before,
        leftIndent=8 if bullet else 0, bulletFontName=FACE, bulletFontSize=size,
    )  # fmt: skip


def _text(words: str, size: float = 8.5, colour: Color = INK) -> Paragraph:
    return Paragraph(escape(words), _style(size, colour=colour))


def _bullets(title: str, lines: Sequence[str], none: str) -> list[Flowable]:
    body: list[Flowable] = [Paragraph(escape(title), _style(10.5, before=6))]
    body += [Paragraph(escape(line), _style(8.5, bullet=True), bulletText="•") for line in lines]
    return body if lines else [*body, _text(none, colour=FAINT)]


def _story(visit: Visit) -> list[Flowable]:
    period = f"{visit.first:%d %b %Y} to {visit.last:%d %b %Y}"
    story: list[Flowable] = [
        Paragraph(escape(visit.child), _style(17)),
        _text(f"Home program, {period}", 9.5),
    ]
    if visit.simulated:
        story.append(_text("SIMULATED: nobody squeezed for this page.", 12, HexColor("#a4133c")))
    story.append(Spacer(0, 5))
    left = [
        *_bullets("What was asked", visit.asked, "No program is recorded for this period."),
        *_bullets("What it is for", visit.goals, "No everyday goal is recorded."),
    ]
    right: list[Flowable] = [Paragraph("The last 28 days", _style(10.5, before=6)), Spacer(0, 2)]
    right += [grid(visit.days), _text(legend(visit.days), 7, FAINT), _text(visit.adherence)]
    columns = Table([[left, right]], colWidths=[_WIDTH - 72 * mm, 72 * mm])
    columns.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)]))
    story.append(columns)
    story.append(Paragraph("Strength", _style(10.5, before=6)))
    if not visit.findings:
        story.append(_text("No strength was measured in this period.", colour=FAINT))
    charts: dict[tuple[str, str], list[Finding]] = {}
    for found in visit.findings:
        charts.setdefault((found.key.measure, found.key.unit.value), []).append(found)
    for (measure, unit), findings in list(charts.items())[:_MOST_CHARTS]:
        story += [
            chart(f"{unit}, {measure}", findings, visit.first, visit.last, _WIDTH, _CHART_HEIGHT),
            Spacer(0, 2),
        ]
    for found in visit.findings:
        hand = f"{found.key.side.capitalize()} hand, {found.key.kind.value} {found.key.tool}"
        story.append(_text(f"{hand}, {found.key.measure}: {found.statement}"))
    if visit.between:
        story += _bullets("From one visit to the next", visit.between, "")
    story += _bullets("Pain, before → after (faces, 0 to 10)", [_pain(visit.pains)] if visit.pains else [],
                      "Nobody recorded pain.")  # fmt: skip
    story += _bullets("Notes", visit.notes, "No notes.")
    story += [Spacer(0, 6), _text(visit.method, 7, FAINT), _text(FOOTER, 7, FAINT)]
    return story


def _pain(pains: Sequence[Pain]) -> str:
    def face(value: int | None) -> str:
        return "–" if value is None else str(value)

    return ",  ".join(f"{pain.day:%d %b}: {face(pain.before)} → {face(pain.after)}" for pain in pains)
