"""Monotonic reads: what a session has seen through an endpoint does not go away again."""

from __future__ import annotations

from verify.audit.history import Frozen, History, Read, Record, Size


class Regression(Frozen):
    """A read that showed less than an earlier one of its session."""

    process: str
    endpoint: str
    at: float
    had: int
    has: int
    missing: tuple[int, ...] = ()
    """Elements that were seen before, where the read told its elements."""


class Regressions(Frozen):
    """Every such read; a session is a process at one endpoint, looking at one set."""

    reads: int
    found: tuple[Regression, ...]

    @property
    def clean(self) -> bool:
        return not self.found


def monotonic_reads(history: History) -> Regressions:
    """Judge each session by itself.

    Between two endpoints, or where an endpoint leads to several replicas and a session comes to
    another one, seeing less is what asynchronous replication means: reported, and for the caller
    to weigh.
    """
    counts: dict[tuple[str, str, str], int] = {}
    seen: dict[tuple[str, str, str], frozenset[int]] = {}
    found: list[Regression] = []
    reads = 0
    for record in history.records:
        if record.outcome != "ok" or not isinstance(record.op, Read | Size):
            continue
        reads += 1
        session = (record.process, record.endpoint, record.op.of)
        if isinstance(record.op, Read):
            elements = frozenset(record.op.elements)
            has, missing = len(elements), seen.get(session, frozenset()) - elements
            seen[session] = elements
        else:
            has, missing = record.op.count, frozenset()
        had = counts.get(session, 0)
        if has < had or missing:
            found.append(_regression(record, had, has, missing))
        counts[session] = has
    return Regressions(reads=reads, found=tuple(found))


def _regression(record: Record, had: int, has: int, missing: frozenset[int]) -> Regression:
    return Regression(
        process=record.process,
        endpoint=record.endpoint,
        at=record.invoked_at,
        had=had,
        has=has,
        missing=tuple(sorted(missing)),
    )
