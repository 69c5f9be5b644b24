"""Small SVG: elements as text, escaped, and the scales that plots share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


def element(name: str, *children: str, **attributes: object) -> Markup:
    """``<name …>children</name>``; ``_`` in a name is ``-``, children are escaped unless Markup."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{said}>{''.join(map(escape, children))}</{name}>")


def picture(
    width: float, height: float, title: str, children: Iterable[str], kind: str = "plot"
) -> Markup:
    """A whole picture that names itself to who cannot see it."""
    return element(
        "svg",
        element("title", title),
        *children,
        viewBox=f"0 0 {_text(width)} {_text(height)}",
        role="img",
        aria_label=title,
        class_=kind,
        width=width,
        height=height,
    )


def _text(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


_MOST_POWERS = 5


@dataclass(frozen=True)
class Scale:
    """From values to pixels, linear or by their logarithm."""

    least: float
    most: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = map(self._bent, (self.least, self.most, max(value, self.least)))
        share = (at - low) / (high - low) if high > low else 0.0
        return self.begin + share * (self.end - self.begin)

    def _bent(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def ticks(self) -> list[float]:
        """Round values, about five."""
        if self.log:
            powers = range(math.floor(math.log10(self.least)), math.ceil(math.log10(self.most)) + 1)
            # Over many powers their numbers would run into each other.
            factors = (1, 3) if len(powers) <= _MOST_POWERS else (1,)
            found = [factor * 10.0**power for power in powers for factor in factors]
        else:
            raw = (self.most - self.least) / 5 or 1.0
            power = 10.0 ** math.floor(math.log10(raw))
            step = next(f * power for f in (1, 2, 5, 10) if f * power >= raw)
            first = math.ceil(self.least / step)
            found = [n * step for n in range(first, int(self.most / step) + 1)]
        return [tick for tick in found if self.least <= tick <= self.most * 1.0001]


def number(value: float) -> str:
    """Three digits, without a power of ten."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def path(points: Sequence[tuple[float, float]]) -> str:
    """The ``d`` of a line through points."""
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
