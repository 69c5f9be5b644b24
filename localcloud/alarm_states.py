"""The state of an alarm, from what its metric was: a decision, carried out elsewhere."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
_REACHED: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
COMPARISONS = frozenset(_REACHED)
_STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "Sum": sum,
    "SampleCount": len,
}
STATISTICS = frozenset(_STATISTICS)


@dataclass(frozen=True)
class Rule:
    """What an alarm asks of its metric; the members are those of PutMetricAlarm."""

    comparison: str
    threshold: float
    statistic: str
    period_s: int
    periods: int
    datapoints: int
    missing: str

    @property
    def span_s(self) -> int:
        return self.period_s * self.periods


def window(rule: Rule, now: int) -> tuple[int, int]:
    """The seconds that ``rule`` looks at: whole periods, the running one not among them."""
    end = now // rule.period_s * rule.period_s
    return end - rule.span_s, end


def points(rule: Rule, readings: Sequence[tuple[int, float]], start: int) -> Sequence[float | None]:
    """One value for each of the rule's periods from ``start`` on, ``None`` without readings."""
    found: Mapping[int, list[float]] = {n: [] for n in range(rule.periods)}
    for second, value in readings:
        number = (second - start) // rule.period_s
        if number in found:
            found[number].append(value)
    combine = _STATISTICS[rule.statistic]
    return [float(combine(values)) if values else None for values in found.values()]


def state(rule: Rule, values: Sequence[float | None], before: State) -> State:
    """What CloudWatch calls it: as many points as ``datapoints`` beyond the threshold are an ALARM.

    Without any reading the rule's ``missing`` decides; single missing points count as it says,
    and not at all when it says ``missing`` or ``ignore``.
    """
    reached = _REACHED[rule.comparison]
    known = [value for value in values if value is not None]
    absent = len(values) - len(known)
    if not known:
        match rule.missing:
            case "breaching":
                return "ALARM"
            case "notBreaching":
                return "OK"
            case "ignore":
                return before
        return "INSUFFICIENT_DATA"
    beyond = sum(reached(value, rule.threshold) for value in known)
    beyond += absent if rule.missing == "breaching" else 0
    return "ALARM" if beyond >= rule.datapoints else "OK"
