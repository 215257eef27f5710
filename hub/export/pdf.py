"""One page for a visit, drawn with ReportLab: words to read aloud, a grid and a chart to point at."""

import io
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from math import floor, log10
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.graphics.shapes import Circle, Drawing, PolyLine, Rect, String
from reportlab.graphics.shapes import Line as Stroke
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Frame, KeepInFrame, Paragraph, Spacer, Table, TableStyle

from ..program.adherence import DayStatus
from ..records import Hand
from .visit import Day, Line, Pain, Visit

FOOTER = (
    "GripHub counts and measures; it makes no diagnosis and is not a medical device. Compare a child with "
    "itself only, on the same tool."
)

#: A face that knows more alphabets than the one that comes with ReportLab, where the system has it.
_FACES = (Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"), Path("Vera.ttf"))
_FACE = "griphub"

# Hands differ in colour and in the form of their points; everybody tells the colours apart (Okabe, Ito).
_INK = HexColor("#1b1b1f")
_FAINT = HexColor("#6b6b76")
_RULE = HexColor("#d8d8de")
_COLOURS = {Hand.LEFT: HexColor("#0072b2"), Hand.RIGHT: HexColor("#d55e00")}
_DONE = HexColor("#0b6e4f")

_MARGIN = 14 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_HEIGHT = A4[1] - 2 * _MARGIN
_GRID_CELL = 8.6 * mm
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
            registerFont(TTFont(_FACE, str(face)))
        except TTFError:
            continue
        return


def _style(size: float, *, colour: Color = _INK, before: float = 0, bullet: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}", fontName=_FACE, fontSize=size, leading=size * 1.3, textColor=colour, spaceBefore=before,
        leftIndent=8 if bullet else 0, bulletFontName=_FACE, bulletFontSize=size,
    )  # fmt: skip


def _text(words: str, size: float = 8.5, colour: Color = _INK) -> Paragraph:
    return Paragraph(escape(words), _style(size, colour=colour))


def _bullets(title: str, lines: Sequence[str], none: str) -> list[Flowable]:
    body: list[Flowable] = [Paragraph(escape(title), _style(10.5, before=6))]
    body += [Paragraph(escape(line), _style(8.5, bullet=True), bulletText="•") for line in lines]
    return body if lines else [*body, _text(none, colour=_FAINT)]


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
    right += [_grid(visit.days), _text(_legend(visit.days), 7, _FAINT), _text(visit.adherence)]
    columns = Table([[left, right]], colWidths=[_WIDTH - 72 * mm, 72 * mm])
    columns.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)]))
    story.append(columns)
    story.append(Paragraph("Strength", _style(10.5, before=6)))
    if not visit.lines:
        story.append(_text("No strength was measured in this period.", colour=_FAINT))
    by_unit = groupby(sorted(visit.lines, key=lambda line: line.unit), lambda line: line.unit)
    for unit, lines in [(unit, list(lines)) for unit, lines in by_unit][:_MOST_CHARTS]:
        story += [_chart(unit, lines, visit.first, visit.last), Spacer(0, 2)]
    for line in visit.lines:
        story.append(_text(f"{line.hand.value.capitalize()} hand, {line.label}: {line.statement}"))
    story += _bullets("Pain, before → after (faces, 0 to 10)", [_pain(visit.pains)] if visit.pains else [],
                      "Nobody recorded pain.")  # fmt: skip
    story += _bullets("Notes", visit.notes, "No notes.")
    story += [Spacer(0, 6), _text(visit.method, 7, _FAINT), _text(FOOTER, 7, _FAINT)]
    return story


#: Mark of a square, and what the legend says of it.
_MARKS = {
    DayStatus.DONE: ("✓", "✓ done"),
    DayStatus.PARTLY: ("", "% partly"),
    DayStatus.MISSED: ("", "empty: not done"),
    DayStatus.UNKNOWN: ("?", "? not known"),
    DayStatus.PAUSED: ("II", "II paused"),
    DayStatus.FREE: ("–", "– not asked"),
    DayStatus.NO_PROGRAM: ("–", "– not asked"),
    DayStatus.NOT_YET: ("…", "… not over"),
}


def _grid(days: Sequence[Day]) -> Drawing:
    """Four weeks, a row each; how full a square is, is how much of what was asked was done."""
    rows = max((len(days) + 6) // 7, 1)
    drawing = Drawing(7 * _GRID_CELL, rows * _GRID_CELL)
    for i, day in enumerate(days):
        x, y = i % 7 * _GRID_CELL, (rows - 1 - i // 7) * _GRID_CELL
        side = _GRID_CELL - 2
        drawing.add(Rect(x, y, side, side, fillColor=white, strokeColor=_FAINT, strokeWidth=0.5))
        if day.status in (DayStatus.DONE, DayStatus.PARTLY):
            share = 1.0 if day.status is DayStatus.DONE else min(day.share, 0.95)
            drawing.add(Rect(x, y, side, side * share, fillColor=_DONE, strokeColor=None))
        full = day.status is DayStatus.DONE
        on_colour = full or (day.status is DayStatus.PARTLY and day.share > 0.45)
        drawing.add(_label(x + 2, y + side - 6.5, f"{day.day.day}", 5.5, white if full else _FAINT))
        mark = f"{day.share:.0%}" if day.status is DayStatus.PARTLY else _MARKS[day.status][0]
        drawing.add(_label(x + side / 2, y + 4, mark, 7, white if on_colour else _INK, "middle"))
    return drawing


def _legend(days: Sequence[Day]) -> str:
    present = {day.status for day in days}
    return "   ".join(dict.fromkeys(words for status, (_, words) in _MARKS.items() if status in present))


def _label(x: float, y: float, text: str, size: float, colour: Color = _INK, anchor: str = "start") -> String:
    return String(x, y, text, fontName=_FACE, fontSize=size, fillColor=colour, textAnchor=anchor)


def _chart(unit: str, lines: Sequence[Line], first: date, last: date) -> Drawing:
    """Series of one unit over the period, each with a band of measurement error around its beginning."""
    drawing = Drawing(_WIDTH, _CHART_HEIGHT)
    left, bottom = 28.0, 14.0
    width, height = float(_WIDTH - 34), float(_CHART_HEIGHT - 24)
    step = _step(max(value + (line.error or 0) for line in lines for _, value in line.points))
    top = 4 * step
    days = max((last - first).days, 1)

    def x(day: date) -> float:
        return left + width * (day - first).days / days

    def y(value: float) -> float:
        return bottom + height * max(min(value / top, 1.0), 0.0)

    drawing.add(_label(0, _CHART_HEIGHT - 8, unit, 7, _FAINT))
    for k in range(5):
        level = k * step
        drawing.add(Stroke(left, y(level), left + width, y(level), strokeColor=_RULE, strokeWidth=0.4))
        drawing.add(_label(left - 3, y(level) - 2.5, f"{level:g}", 6.5, _FAINT, "end"))
    drawing.add(_label(left, 3, f"{first:%d %b}", 6.5, _FAINT))
    drawing.add(_label(left + width, 3, f"{last:%d %b}", 6.5, _FAINT, "end"))
    for line in lines:
        colour = _COLOURS[line.hand]
        start, end = line.points[0][0], line.points[-1][0]
        if line.error is not None:
            begin = [value for _, value in line.points[:3]]
            middle = sum(begin) / len(begin)
            low, high = y(middle - line.error), y(middle + line.error)
            band = Color(colour.red, colour.green, colour.blue, alpha=0.13)
            drawing.add(
                Rect(x(start), low, max(x(end) - x(start), 2), high - low, fillColor=band, strokeColor=None)
            )
        if line.begins_because:
            drawing.add(Stroke(x(start), bottom, x(start), bottom + height, strokeColor=_FAINT,
                               strokeWidth=0.5, strokeDashArray=(2, 2)))  # fmt: skip
            drawing.add(_label(x(start) + 2, bottom + height + 1, line.begins_because, 6, _FAINT))
        dots = [(x(day), y(value)) for day, value in line.points]
        if len(dots) > 1:
            drawing.add(PolyLine([c for dot in dots for c in dot], strokeColor=colour, strokeWidth=0.8))
        for px, py in dots:
            drawing.add(
                Circle(px, py, 1.7, fillColor=colour, strokeColor=None)
                if line.hand is Hand.LEFT
                else Rect(px - 1.5, py - 1.5, 3, 3, fillColor=colour, strokeColor=None)
            )
    hands = {Hand.LEFT: "● left hand", Hand.RIGHT: "■ right hand"}
    shown = [hand for hand in hands if any(line.hand is hand for line in lines)]
    for i, hand in enumerate(shown):
        drawing.add(
            _label(left + width - 60 * (len(shown) - i), _CHART_HEIGHT - 8, hands[hand], 7, _COLOURS[hand])
        )
    return drawing


def _step(highest: float) -> float:
    """Distance of the chart's lines: four of them are at least `highest`, and each is a round number."""
    least = max(highest, 1e-9) / 4
    power = 10.0 ** floor(log10(least))
    return next(round(k * power, 12) for k in (1, 2, 2.5, 5, 10) if k * power >= least)


def _pain(pains: Sequence[Pain]) -> str:
    def face(value: int | None) -> str:
        return "–" if value is None else str(value)

    return ",  ".join(f"{pain.day:%d %b}: {face(pain.before)} → {face(pain.after)}" for pain in pains)
