"""A measured value beside its goal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured value with the goal it is held against (both in ``unit``), if one was set.

    ``at_least`` turns the goal from a ceiling into a floor.
    """

    name: str
    measured: float
    goal: float | None
    unit: str
    note: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.goal is None:
            return True
        return self.measured >= self.goal if self.at_least else self.measured <= self.goal

    def line(self) -> str:
        tail = f"  ({self.note})" if self.note else ""
        return f"{self.name:<48} {self.measured:>9,.2f} {self.unit:<6} {self._verdict}{tail}"

    @property
    def _verdict(self) -> str:
        if self.goal is None:
            return "no goal"
        bound = "≥" if self.at_least else "≤"
        return f"goal {bound} {self.goal:,g}  {'met' if self.met else 'MISSED'}"
