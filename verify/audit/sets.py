"""set-full: every acknowledged row is there exactly once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from verify.audit.history import ROWS, Add, Frozen, History, Outcome, Read, Record


class SetFull(Frozen):
    """What became of the rows. Counts are of rows; those named are in ascending order."""

    attempted: int
    acknowledged: int
    unknown: int
    """Whose outcome the client never learnt."""
    recovered: int
    """Unknown, and there all the same."""
    lost: tuple[int, ...]
    """Acknowledged or seen, and not there in the last read that could have shown it."""
    duplicated: tuple[int, ...]
    unexpected: tuple[int, ...]
    """There, though nobody wrote it or its write was refused."""
    never_read: int
    """Acknowledged, and no read came after: nothing is proven of them."""
    stale: int
    """There at last, after a read that should have shown it already and did not."""
    stale_for_s: float | None = None
    """The longest time from when a row was known to a read that still lacked it."""
    first_lost_at: float | None = None
    last_lost_at: float | None = None
    """When the first and the last of the lost rows were known to be there."""

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled or made up; what proves nothing is not clean either."""
        return not (self.lost or self.duplicated or self.unexpected or self.never_read)


@dataclass
class _Life:
    """What is known of one element."""

    outcome: Outcome | None = None
    known_at: float | None = None
    last_present: float | None = None
    last_absent: float | None = None
    times: int = 0


def set_full(history: History, rows: str = ROWS) -> SetFull:
    """Judge the set ``rows``.

    A row is known from the moment its write was acknowledged or the first read that showed it
    was complete. A read counts as lacking it only when it was made after that.
    """
    lives: dict[int, _Life] = {}
    reads: list[tuple[Record, Counter[int]]] = []
    for record in history.records:
        match record.op:
            case Add(element=element, to=to) if to == rows:
                life = lives.setdefault(element, _Life())
                life.outcome = record.outcome
                if record.outcome == "ok":
                    life.known_at = record.completed_at
            case Read(elements=elements, of=of) if of == rows and record.outcome == "ok":
                reads.append((record, Counter(elements)))
    for record, found in reads:
        for element, times in found.items():
            life = lives.setdefault(element, _Life())
            life.times = max(life.times, times)
            life.last_present = max(life.last_present or 0.0, record.invoked_at)
            life.known_at = min(
                record.completed_at if life.known_at is None else life.known_at,
                record.completed_at,
            )
    for element, life in lives.items():
        if life.known_at is not None:
            life.last_absent = max(
                (
                    record.invoked_at
                    for record, found in reads
                    if record.invoked_at > life.known_at and element not in found
                ),
                default=None,
            )
    return _judge(lives)


def _judge(lives: dict[int, _Life]) -> SetFull:
    lost, stale, never_read = [], [], 0
    for element, life in sorted(lives.items()):
        if life.last_absent is not None and (
            life.last_present is None or life.last_present < life.last_absent
        ):
            lost.append(element)
        elif life.last_absent is not None:
            stale.append(life)
        elif life.outcome == "ok" and life.last_present is None:
            never_read += 1
    known = [at for e in lost if (at := lives[e].known_at) is not None]
    outcomes = Counter(life.outcome for life in lives.values())
    waits = [
        life.last_absent - life.known_at
        for life in stale
        if life.last_absent is not None and life.known_at is not None
    ]
    return SetFull(
        attempted=sum(life.outcome is not None for life in lives.values()),
        acknowledged=outcomes["ok"],
        unknown=outcomes["unknown"],
        recovered=sum(
            life.outcome == "unknown" and life.last_present is not None for life in lives.values()
        ),
        lost=tuple(lost),
        duplicated=tuple(e for e, life in sorted(lives.items()) if life.times > 1),
        unexpected=tuple(
            e
            for e, life in sorted(lives.items())
            if life.outcome in (None, "fail") and life.last_present is not None
        ),
        never_read=never_read,
        stale=len(stale),
        stale_for_s=max(waits, default=None),
        first_lost_at=min(known, default=None),
        last_lost_at=max(known, default=None),
    )
