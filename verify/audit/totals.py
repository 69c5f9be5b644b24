"""Sums that cannot change, and a counter that cannot leave its bounds."""

from __future__ import annotations

import bisect
import itertools

from verify.audit.history import Balances, Count, Frozen, History, Increment


class WrongTotal(Frozen):
    """A snapshot in which money was made or lost."""

    process: str
    endpoint: str
    at: float
    total: int


class Bank(Frozen):
    """Every wrong snapshot."""

    expected: int
    reads: int
    found: tuple[WrongTotal, ...]

    @property
    def clean(self) -> bool:
        return not self.found


def bank(history: History, total: int) -> Bank:
    """Every snapshot of the accounts has the same ``total``, on replicas too.

    A replica may be behind; between the two halves of a transaction it may not be.
    """
    found, reads = [], 0
    for record in history.records:
        if record.outcome == "ok" and isinstance(record.op, Balances):
            reads += 1
            if (sum_ := sum(record.op.accounts.values())) != total:
                found.append(
                    WrongTotal(
                        process=record.process,
                        endpoint=record.endpoint,
                        at=record.invoked_at,
                        total=sum_,
                    )
                )
    return Bank(expected=total, reads=reads, found=tuple(found))


class OutOfBounds(Frozen):
    """A value that no order of the increments explains."""

    process: str
    endpoint: str
    at: float
    lower: int
    value: int
    upper: int


class Counter(Frozen):
    """Every impossible value."""

    reads: int
    found: tuple[OutOfBounds, ...]

    @property
    def clean(self) -> bool:
        return not self.found


def counter_bounds(history: History) -> Counter:
    """Every value lies between what must and what may have been counted by then.

    What was acknowledged before the read was made must be in it; what was called before the read
    was complete, and did not certainly fail, may be. The lower bound is a promise of the writer's
    only: give reads of asynchronous replicas to no such test.
    """
    must: list[tuple[float, int]] = []
    may: list[tuple[float, int]] = []
    for record in history.records:
        if isinstance(record.op, Increment) and record.outcome != "fail":
            may.append((record.invoked_at, record.op.by))
            if record.outcome == "ok":
                must.append((record.completed_at, record.op.by))
    lower_at, upper_at = _Sums(must), _Sums(may)
    found, reads = [], 0
    for record in history.records:
        if record.outcome != "ok" or not isinstance(record.op, Count):
            continue
        reads += 1
        lower, upper = lower_at.before(record.invoked_at), upper_at.until(record.completed_at)
        if not lower <= record.op.value <= upper:
            found.append(
                OutOfBounds(
                    process=record.process,
                    endpoint=record.endpoint,
                    at=record.invoked_at,
                    lower=lower,
                    value=record.op.value,
                    upper=upper,
                )
            )
    return Counter(reads=reads, found=tuple(found))


class _Sums:
    """Sums of what happened until a moment."""

    def __init__(self, steps: list[tuple[float, int]]) -> None:
        steps.sort()
        self._times = [at for at, _ in steps]
        self._sums = [0, *itertools.accumulate(by for _, by in steps)]

    def before(self, at: float) -> int:
        return self._sums[bisect.bisect_left(self._times, at)]

    def until(self, at: float) -> int:
        return self._sums[bisect.bisect_right(self._times, at)]
