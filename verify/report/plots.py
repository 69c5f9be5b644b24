"""Plots as inline SVG. Lines are told apart by dash, mark and their name at the end, too."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from verify.report.svg import Scale, element, number, path, picture

_WIDTH, _HEIGHT = 960.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 310.0, 24.0, 44.0
_LABEL = 13.0
_STYLES = 6
_MOST_POINTS = 400
_MOST_MARKS = 30
_LONGEST_NAME = 42

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One series of a plot."""

    name: str
    points: Points
    stepped: bool = False
    """It holds its value until the next point."""
    plain: bool = False
    """Its points have no marks."""
    joined_within: float = math.inf
    """Points that are further apart are not joined: nothing is known in between."""


@dataclass(frozen=True)
class Band:
    """A stretch of the x axis that means something, such as an outage."""

    name: str
    begin: float
    end: float
    neutral: bool = False
    """Neither good nor bad."""


@dataclass(frozen=True)
class Level:
    """A value of the y axis that means something, such as where an alarm goes off."""

    name: str
    value: float


@dataclass(frozen=True)
class Axis:
    """What an axis shows."""

    name: str
    log: bool = False
    tight: bool = False
    """From the first point on, not from nought."""
    marks: tuple[tuple[float, str], ...] = ()
    """Ticks with names of their own."""


def plot(
    title: str,
    lines: Sequence[Line],
    x: Axis,
    y: Axis,
    bands: Sequence[Band] = (),
    levels: Sequence[Level] = (),
) -> Markup:
    """Lines over two axes; nothing where there is no point to draw."""
    drawn = [line for line in lines if line.points]
    if not drawn:
        return Markup("")
    xs = [p[0] for line in drawn for p in line.points] + [
        e for b in bands for e in (b.begin, b.end)
    ]
    ys = [p[1] for line in drawn for p in line.points] + [level.value for level in levels]
    across = Scale(*_range(xs, x), _LEFT, _WIDTH - _RIGHT, x.log)
    up = Scale(*_range(ys, y), _HEIGHT - _BOTTOM, _TOP, y.log)
    parts = [_band(number, band, across) for number, band in enumerate(bands)]
    parts += [*_x_axis(x, across), *_y_axis(y, up)]
    parts += [part for level in levels for part in _level(level, up)]
    for index, line in enumerate(drawn):
        parts += _line(index % _STYLES, line, across, up)
    parts += _names(drawn, up)
    return picture(_WIDTH, _HEIGHT, title, parts)


def _range(values: Sequence[float], axis: Axis) -> tuple[float, float]:
    if axis.marks:
        places = [place for place, _ in axis.marks]
        return min(places), max(places)
    least, most = min(values), max(values)
    if axis.log:
        positive = [v for v in values if v > 0] or [1.0]
        return min(positive) * 0.8, max(most, min(positive)) * 1.25
    if axis.tight:
        return least, most
    return min(0.0, least), most * 1.05 or 1.0


def _x_axis(axis: Axis, scale: Scale) -> list[Markup]:
    bottom = _HEIGHT - _BOTTOM
    marks = axis.marks or tuple((tick, number(tick)) for tick in scale.ticks())
    parts = [element("line", x1=_LEFT, x2=scale.end, y1=bottom, y2=bottom, class_="axis")]
    for place, name in marks:
        at = scale(place)
        parts.append(element("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, class_="axis"))
        parts.append(element("text", name, x=at, y=bottom + 18, class_="middle"))
    middle = (_LEFT + scale.end) / 2
    parts.append(element("text", axis.name, x=middle, y=_HEIGHT - 6, class_="middle name"))
    return parts


def _y_axis(axis: Axis, scale: Scale) -> list[Markup]:
    parts = []
    for tick in scale.ticks():
        at = scale(tick)
        parts.append(element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=at, y2=at, class_="grid"))
        parts.append(element("text", number(tick), x=_LEFT - 6, y=at + 4, class_="end"))
    turned = f"rotate(-90 12 {(_TOP + _HEIGHT - _BOTTOM) / 2:.0f})"
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        element("text", axis.name, x=12.0, y=middle, transform=turned, class_="middle name")
    )
    return parts


def _line(index: int, line: Line, across: Scale, up: Scale) -> list[Markup]:
    points = list(_thinned(line.points))
    places = [(across(x), up(y)) for x, y in points]
    if line.stepped:
        held = [(after[0], before[1]) for before, after in itertools.pairwise(places)]
        drawn = [places[0]] + [p for pair in zip(held, places[1:], strict=True) for p in pair]
    else:
        drawn = places
    apart = [
        number
        for number, (before, after) in enumerate(itertools.pairwise(points), start=1)
        if after[0] - before[0] > line.joined_within
    ]
    ends = [0, *apart, len(drawn)]
    strokes = "".join(path(drawn[a:b]) for a, b in itertools.pairwise(ends))
    parts = [element("path", d=strokes, class_=f"line s{index}")]
    if not line.plain:
        # Some of many: a line is told by its mark, too.
        parts += [_mark(index, x, y) for x, y in places[:: -(-len(places) // _MOST_MARKS)]]
    return parts


def _thinned(points: Points) -> Points:
    """The least and the most of each stretch: what sticks out is what one looks for."""
    step = -(-2 * len(points) // _MOST_POINTS)
    if len(points) <= _MOST_POINTS:
        return points
    found: list[tuple[float, float]] = []
    for begin in range(0, len(points), step):
        stretch = points[begin : begin + step]
        ends = {min(stretch, key=lambda p: p[1]), max(stretch, key=lambda p: p[1])}
        found += sorted(ends)
    return [points[0], *found, points[-1]]


def _mark(index: int, x: float, y: float) -> Markup:
    style = f"mark s{index}"
    if index % 3 == 0:
        return element("circle", cx=x, cy=y, r=3.0, class_=style)
    if index % 3 == 1:
        return element("rect", x=x - 3, y=y - 3, width=6.0, height=6.0, class_=style)
    return element("path", d=f"M{x:.1f},{y - 4:.1f}l4,7h-8z", class_=style)


def _names(lines: Sequence[Line], up: Scale) -> list[Markup]:
    """Each line's name at its end, pushed apart, joined to it by a sample of the line."""
    wanted = sorted((up(line.points[-1][1]), index) for index, line in enumerate(lines))
    parts, free = [], _TOP + _LABEL / 2
    low = _HEIGHT - _BOTTOM - _LABEL * (len(lines) - 1)
    begin = _WIDTH - _RIGHT + 4
    for at, index in wanted:
        place = max(free, min(at, low))
        free, low = place + _LABEL, low + _LABEL
        style = index % _STYLES
        ends = [(begin - 4, at), (begin + 6, place), (begin + 26, place)]
        parts.append(element("path", d=path(ends), class_=f"line s{style}"))
        parts.append(_mark(style, begin + 26, place))
        name = lines[index].name
        short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        parts.append(element("text", short, x=begin + 34, y=place + 4))
    return parts


def _band(nth: int, band: Band, across: Scale) -> Markup:
    begin, end = across(band.begin), across(band.end)
    height = _HEIGHT - _BOTTOM - _TOP
    style = f"band phase-{nth % 2}" if band.neutral else "band"
    width = max(1.0, end - begin)
    box = element("rect", x=begin, y=_TOP, width=width, height=height, class_=style)
    return element("g", box, element("text", band.name, x=begin + 3, y=_TOP - 6))


def _level(level: Level, up: Scale) -> list[Markup]:
    at, right = up(level.value), _WIDTH - _RIGHT
    return [
        element("line", x1=_LEFT, x2=right, y1=at, y2=at, class_="level"),
        element("text", level.name, x=right - 4, y=at + 14, class_="end level-name"),
    ]
