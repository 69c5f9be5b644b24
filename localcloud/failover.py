"""Who takes over: decisions as pure functions, carried out elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A live node that could take over.

    ``position`` counts what it has of the one history: applied transactions, or bytes of a
    Redis replication stream. ``tier`` is Aurora's promotion tier, 0 first.
    """

    name: str
    position: int
    tier: int = 0


def successor(candidates: Iterable[Candidate]) -> str | None:
    """The node to take writes from now on, ``None`` when there is no candidate.

    The most advanced first, whatever its tier: an acknowledged row must not be lost, and
    semi-synchronous replication promises it to one reader only. Aurora can choose by tier
    alone because its readers share one volume.
    """
    ranked = sorted(candidates, key=lambda c: (-c.position, c.tier, c.name))
    return ranked[0].name if ranked else None


def may_promote(members: Set[str], writer: str, alive: Set[str]) -> bool:
    """Whether a reader may take over from a dead ``writer`` without losing an acknowledged row.

    Only when every reader is alive: the one that acknowledged a row last may be a dead one.
    Otherwise the writer is started again where it was, because its own log has every row.
    """
    readers = members - {writer}
    return bool(readers) and readers <= alive


def reader_targets(members: Set[str], writer: str | None, alive: Set[str]) -> frozenset[str]:
    """Where a reader endpoint leads: to live readers, to the writer when there is none."""
    found = frozenset(members & alive) - {writer}
    return found or frozenset({writer} if writer is not None else ())
