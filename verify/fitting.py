"""Which class would do for what was measured. Plain functions over numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from verify.sizes import Size, larger, size, smaller

HOURS_WANTED = 14 * 24
"""Two weeks: month's ends aside, what a database does in its life."""
LEAST_HOURS = 7 * 24
"""A week has every day of the week in it; less says nothing of the rest."""
MOST_CPU = 60.0
"""Percent that the busiest hours may take of a smaller class: a failover doubles the load."""
MOST_MEMORY = 80.0
HIGH_CPU = 80.0
HIGH_MEMORY = 90.0

Advice = Literal["smaller", "larger", "keep", "too little data", "not known"]


@dataclass(frozen=True)
class Usage:
    """What was measured, an hour a value, in percent. ``memory_percent`` is what is used."""

    cpu_average: Sequence[float] = ()
    cpu_most: Sequence[float] = ()
    memory_percent: Sequence[float] = ()
    evictions: float = 0.0

    @property
    def hours(self) -> int:
        """How many hours there are numbers of."""
        return len(self.cpu_most)


@dataclass(frozen=True)
class Verdict:
    """What would do, and the numbers it is from."""

    advice: Advice
    class_: str
    numbers: str

    def __str__(self) -> str:
        what = {"smaller": f"{self.class_} would do", "larger": f"take {self.class_}",
                "keep": "as it is"}.get(self.advice, self.advice)  # fmt: skip
        return f"{what}: {self.numbers}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that ``percent`` of them do not exceed; they must not be empty."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(percent) // 100) - 1)]


def fit(class_: str, usage: Usage) -> Verdict:
    """The class that would do for ``usage`` of ``class_``: one size at a time, never two."""
    now = size(class_)
    numbers = _numbers(usage)
    if usage.hours < LEAST_HOURS:
        return Verdict("too little data", class_, numbers)
    if now is None:
        return Verdict("not known", class_, f"{class_} has no size; {numbers}")
    if _too_small(now, usage):
        bigger = larger(class_)
        if bigger is not None:
            return Verdict("larger", bigger.name, numbers)
        return Verdict("keep", class_, f"{numbers}; there is no larger size")
    less = smaller(class_)
    if less is None:
        return Verdict("keep", class_, f"{numbers}; there is no smaller size")
    against = _against(now, less, usage)
    if against:
        return Verdict("keep", class_, f"{numbers}; {less.name} would have {against}")
    return Verdict("smaller", less.name, numbers)


def _too_small(now: Size, usage: Usage) -> bool:
    average = sum(usage.cpu_average) / len(usage.cpu_average) if usage.cpu_average else 0.0
    return (
        percentile(usage.cpu_most, 95) > HIGH_CPU
        or average > now.baseline
        or max(usage.memory_percent, default=0.0) > HIGH_MEMORY
        or usage.evictions > 0
    )


def _against(now: Size, less: Size, usage: Usage) -> str:
    """Why the smaller class would not do; empty when it would."""
    times = now.vcpu / less.vcpu
    cpu = percentile(usage.cpu_most, 95) * times
    if cpu > MOST_CPU:
        return f"{cpu:.0f} % CPU"
    average = sum(usage.cpu_average) / len(usage.cpu_average) * times
    if average > less.baseline:
        return f"{average:.0f} % CPU on average and {less.baseline:.0f} % for ever"
    if not usage.memory_percent:
        return "half the memory, of which nothing is known"
    memory = max(usage.memory_percent) * now.memory_gib / less.memory_gib
    if memory > MOST_MEMORY:
        return f"{memory:.0f} % of its memory used"
    return ""


def _numbers(usage: Usage) -> str:
    if not usage.hours:
        return f"no reading of {HOURS_WANTED} hours"
    average = sum(usage.cpu_average) / len(usage.cpu_average) if usage.cpu_average else 0.0
    said = [
        f"{usage.hours} of {HOURS_WANTED} hours",
        f"CPU {average:.0f} % on average, {percentile(usage.cpu_most, 95):.0f} % in the busiest "
        f"twentieth, {max(usage.cpu_most):.0f} % at most",
    ]
    if usage.memory_percent:
        said.append(f"memory {max(usage.memory_percent):.0f} % at most")
    if usage.evictions:
        said.append(f"{usage.evictions:.0f} evictions")
    return ", ".join(said)
