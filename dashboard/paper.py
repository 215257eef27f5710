"""One page for a visit, drawn with ReportLab: words to read aloud, a grid and a chart to point at.

It speaks the language that `i18n.speaking` says, or the viewer's.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer, Table, TableStyle

from ..hub.export.visit import Visit
from ..hub.trends import Finding
from . import findings, visit_words, words
from .i18n import N_, _, language
from .paper_drawings import FACE, FAINT, INK, chart, grid, legend

_FOOTER: Final = N_(
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
    canvas = Canvas(out, pagesize=A4, invariant=True, lang=language())
    canvas.setTitle(_("Visit report {day}").format(day=visit.last.isoformat()))
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


def _text(line: str, size: float = 8.5, colour: Color = INK) -> Paragraph:
    return Paragraph(escape(line.replace(" %", "\N{NO-BREAK SPACE}%")), _style(size, colour=colour))


def _bullets(part: tuple[str, str], lines: Sequence[str]) -> list[Flowable]:
    title, none = part
    body: list[Flowable] = [Paragraph(escape(_(title)), _style(10.5, before=6))]
    body += [Paragraph(escape(line), _style(8.5, bullet=True), bulletText="•") for line in lines]
    return body if lines else [*body, _text(_(none), colour=FAINT)]


def _story(visit: Visit) -> list[Flowable]:
    story: list[Flowable] = [
        Paragraph(escape(visit.child), _style(17)),
        _text(_("Home program, {period}").format(period=visit_words.period(visit)), 9.5),
    ]
    if visit.simulated:
        story.append(_text(_("SIMULATED: nobody squeezed for this page."), 12, HexColor("#a4133c")))
    story.append(Spacer(0, 5))
    left = [
        *_bullets(visit_words.ASKED, visit_words.asked(visit)),
        *_bullets(visit_words.GOALS, visit.goals),
    ]
    title, none = visit_words.DAYS
    right: list[Flowable] = [Paragraph(escape(_(title)), _style(10.5, before=6)), Spacer(0, 2)]
    right += [grid(visit.days), _text(legend(visit.days), 7, FAINT)]
    right += [_text(line) for line in visit_words.adherence(visit.adherence) or [_(none)]]
    columns = Table([[left, right]], colWidths=[_WIDTH - 72 * mm, 72 * mm])
    columns.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)]))
    story.append(columns)
    title, none = visit_words.STRENGTH
    story.append(Paragraph(escape(_(title)), _style(10.5, before=6)))
    if not visit.findings:
        story.append(_text(_(none), colour=FAINT))
    charts: dict[tuple[str, str], list[Finding]] = {}
    for found in visit.findings:
        charts.setdefault((found.key.measure, found.key.unit.value), []).append(found)
    for same in list(charts.values())[:_MOST_CHARTS]:
        title = f"{words.axis(same[0].key.unit)}, {findings.measure(same[0])}"
        story += [chart(title, same, visit.first, visit.last, _WIDTH, _CHART_HEIGHT), Spacer(0, 2)]
    story += [_text(visit_words.strength(found)) for found in visit.findings]
    if visit.retained:
        story += _bullets(visit_words.BETWEEN, visit_words.between(visit))
    story += _bullets(visit_words.PAIN, visit_words.pain(visit.pains))
    story += _bullets(visit_words.NOTES, visit_words.notes(visit))
    story += [Spacer(0, 6), _text(visit_words.method(visit), 7, FAINT), _text(_(_FOOTER), 7, FAINT)]
    return story
