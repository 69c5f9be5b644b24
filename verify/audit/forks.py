"""Long fork: no two readers see two inserts in opposite orders."""

from __future__ import annotations

import itertools

from verify.audit.history import Frozen, History, Read, Record


class Fork(Frozen):
    """Two reads, each of which shows an element that the other lacks."""

    of: str
    one: str
    other: str
    """Process and endpoint of the reads."""
    one_at: float
    other_at: float
    only_one: tuple[int, ...]
    only_other: tuple[int, ...]


class Forks(Frozen):
    """One fork for each place where the order of the reads breaks."""

    reads: int
    found: tuple[Fork, ...]

    @property
    def clean(self) -> bool:
        return not self.found


def long_fork(history: History) -> Forks:
    """Judge every set that only grows, through all endpoints together.

    Reads of one history of inserts form a chain: of any two, one contains the other. So they are
    laid out by size, and each must contain the one before it; when all do, every pair does. A row
    that was seen and then lost breaks the chain, too, and is `set_full`'s to tell apart.
    """
    reads: dict[str, list[tuple[frozenset[int], Record]]] = {}
    for record in history.records:
        if record.outcome == "ok" and isinstance(record.op, Read):
            reads.setdefault(record.op.of, []).append((frozenset(record.op.elements), record))
    found = []
    for of, group in reads.items():
        group.sort(key=lambda each: len(each[0]))
        for (fewer, one), (more, other) in itertools.pairwise(group):
            if not fewer <= more:
                found.append(
                    Fork(
                        of=of,
                        one=f"{one.process} at {one.endpoint}",
                        other=f"{other.process} at {other.endpoint}",
                        one_at=one.invoked_at,
                        other_at=other.invoked_at,
                        only_one=tuple(sorted(fewer - more)),
                        only_other=tuple(sorted(more - fewer)),
                    )
                )
    return Forks(reads=sum(map(len, reads.values())), found=tuple(found))
