"""What is drawn on the page for a visit: four weeks as squares, and strength over time."""

from collections.abc import Sequence
from datetime import date
from math import floor, log10

from reportlab.graphics.shapes import Circle, Drawing, Polygon, PolyLine, Rect, String
from reportlab.graphics.shapes import Line as Stroke
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.units import mm

from ..hub.export.visit import Day
from ..hub.program.adherence import DayStatus
from ..hub.trends import Finding
from . import findings as said
from . import words
from .i18n import _
from .visit_words import MARKS

FACE = "griphub"  #: name under which the page registers its typeface

# Hands differ in colour and in the form of their points; everybody tells the colours apart (Okabe, Ito).
INK = HexColor("#1b1b1f")
FAINT = HexColor("#6b6b76")
_RULE = HexColor("#d8d8de")
_COLOURS = {"left": HexColor("#0072b2"), "right": HexColor("#d55e00")}
_DONE = HexColor("#0b6e4f")

_CELL = 8.6 * mm


def grid(days: Sequence[Day]) -> Drawing:
    """Four weeks, a row each; a square is as full as what was asked is done."""
    rows = max((len(days) + 6) // 7, 1)
    drawing = Drawing(7 * _CELL, rows * _CELL)
    for i, day in enumerate(days):
        x, y = i % 7 * _CELL, (rows - 1 - i // 7) * _CELL
        side = _CELL - 2
        drawing.add(Rect(x, y, side, side, fillColor=white, strokeColor=FAINT, strokeWidth=0.5))
        done = 1.0 if day.status is DayStatus.DONE else min(day.share, 0.95)
        if done:
            drawing.add(Rect(x, y, side, side * done, fillColor=_DONE, strokeColor=None))
        number = white if done > 0.75 else FAINT
        drawing.add(_label(x + 2, y + side - 6.5, f"{day.day.day}", 5.5, number))
        mark = f"{day.share:.0%}" if day.status is DayStatus.PARTLY else MARKS[day.status][0]
        inside = done > 0.45
        low = (
            y + 4 if inside else y + max(4.0, side * done + 1.5)
        )  # above the colour where it does not fit in
        drawing.add(_label(x + side / 2, low, mark, 7, white if inside else INK, "middle"))
    return drawing


def legend(days: Sequence[Day]) -> str:
    """What the marks in these squares mean."""
    present = {day.status for day in days}
    return " · ".join(dict.fromkeys(_(told) for status, (mark, told) in MARKS.items() if status in present))


def _label(x: float, y: float, text: str, size: float, colour: Color = INK, anchor: str = "start") -> String:
    return String(x, y, text, fontName=FACE, fontSize=size, fillColor=colour, textAnchor=anchor)


def chart(
    title: str, findings: Sequence[Finding], first: date, last: date, across: float, tall: float
) -> Drawing:
    """Series of one measure and unit over the period, each with the band in which results usually lie.

    Parameters
    ----------
    across, tall : float
        Size in points.
    """
    drawing = Drawing(across, tall)
    left, bottom = 28.0, 14.0
    width, height = across - 34, tall - 28
    days = max((last - first).days, 1)
    shown = [
        (one, [(at.date(), value) for _id, at, value in one.results if at.date() >= first])
        for one in findings
    ]
    tops = [value for _one, points in shown for _day, value in points]
    tops += [max(one.band.middle) + one.band.half for one in findings if one.band]
    scale = words.shown(1.0, findings[0].key.unit)  # lines are round in the unit that is read
    step = _step(scale * max(tops, default=1.0)) / scale

    def x(day: date) -> float:
        return left + width * min(max((day - first).days / days, 0.0), 1.0)

    def y(value: float) -> float:
        return bottom + height * max(min(value / (4 * step), 1.0), 0.0)

    drawing.add(_label(0, tall - 7, title, 7, FAINT))
    for k in range(5):
        level = k * step
        drawing.add(Stroke(left, y(level), left + width, y(level), strokeColor=_RULE, strokeWidth=0.4))
        drawing.add(_label(left - 3, y(level) - 2.5, words.number(scale * level), 6.5, FAINT, "end"))
    drawing.add(_label(left, 3, words.short_date(first), 6.5, FAINT))
    drawing.add(_label(left + width, 3, words.short_date(last), 6.5, FAINT, "end"))
    for one, points in shown:
        if not points:
            continue
        colour, start = _COLOURS[one.key.side], points[0][0]
        if one.band:
            begin, end = x(one.band.begin.date()), max(x(one.band.end.date()), x(one.band.begin.date()) + 2)
            low, high = (
                tuple(y(middle + sign * one.band.half) for middle in one.band.middle) for sign in (-1, 1)
            )
            corners = [begin, low[0], end, low[1], end, high[1], begin, high[0]]
            faint = Color(colour.red, colour.green, colour.blue, alpha=0.13)
            drawing.add(Polygon(corners, fillColor=faint, strokeColor=None))
        if one.broke:
            drawing.add(
                Stroke(x(start), bottom, x(start), bottom + height, strokeColor=FAINT, strokeDashArray=(2, 2))
            )
            inwards, anchor = (2, "start") if x(start) < left + width / 2 else (-2, "end")
            drawing.add(_label(x(start) + inwards, bottom + height + 1, said.broke(one), 6, FAINT, anchor))
        dots = [(x(day), y(value)) for day, value in points]
        if len(dots) > 1:
            drawing.add(PolyLine([c for dot in dots for c in dot], strokeColor=colour, strokeWidth=0.8))
        for px, py in dots:
            drawing.add(
                Circle(px, py, 1.7, fillColor=colour, strokeColor=None)
                if one.key.side == "left"
                else Rect(px - 1.5, py - 1.5, 3, 3, fillColor=colour, strokeColor=None)
            )
    marks = {"left": "●", "right": "■"}
    there = [hand for hand in marks if any(one.key.side == hand for one in findings)]
    for i, hand in enumerate(there):
        at = left + width - 60 * (len(there) - i)
        drawing.add(_label(at, tall - 7, f"{marks[hand]} {words.hand(hand)}", 7, _COLOURS[hand]))
    return drawing


def _step(highest: float) -> float:
    """Distance of the chart's lines: four of them are at least `highest`, and each is a round number."""
    least = max(highest, 1e-9) / 4
    power = 10.0 ** floor(log10(least))
    return next(round(k * power, 12) for k in (1, 2, 2.5, 5, 10) if k * power >= least)
