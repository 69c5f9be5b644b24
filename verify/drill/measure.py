"""What the records of a drill say about it. Pure functions; times in s since the drill's start."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from verify.audit import Add, Record, Size
from verify.audit.history import Frozen
from verify.drill.recorder import Sighting, Trouble

BEFORE_S = 1.0
"""What an endpoint led to before is what it led to so long before the trigger."""
QUIET_S = 1.0
"""A failover is over when the writers met no trouble for so long."""
_ACKNOWLEDGEMENTS = 10
"""So many in the quiet time show that writing goes on."""


class Outage(Frozen):
    """The longest time between two answers, of those that end after the trigger."""

    seconds: float
    began_at: float
    ended_at: float
    open: bool = False
    """No answer came until the drill's end."""


class Led(Frozen):
    """What one endpoint led a client to, and for how long to nobody."""

    endpoint: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    read_outage: Outage | None


class Measured(Frozen):
    """The timeline of one failover."""

    triggered_at: float
    ended_at: float
    over: bool
    """Whether it came to an end in time: somebody writes again, without trouble."""
    detected_after_s: float | None
    """From the trigger to the first error that a writer met, ``None`` when none met one."""
    write_outage: Outage | None
    endpoints: tuple[Led, ...]

    @property
    def read_outage_s(self) -> float | None:
        """The longest of the endpoints that lead to readers; of all, where there is none."""
        readers = [e for e in self.endpoints if e.endpoint.startswith("reader")]
        outages = [e.read_outage.seconds for e in readers or self.endpoints if e.read_outage]
        return max(outages, default=None)


def outage(answers: Sequence[float], triggered_at: float, ended_at: float) -> Outage | None:
    """The longest pause in ``answers`` after the trigger; ``None`` when there was none before."""
    times = sorted(at for at in answers if at <= ended_at)
    if not times or times[0] > triggered_at:
        return None
    pairs = [*itertools.pairwise(times), (times[-1], ended_at)]
    later = [(end - begin, begin, end) for begin, end in pairs if end > triggered_at]
    seconds, begin, end = max(later)
    return Outage(
        seconds=seconds, began_at=begin, ended_at=end, open=begin == times[-1] and seconds > QUIET_S
    )


def measure(
    records: Sequence[Record],
    sightings: Sequence[Sighting],
    troubles: Sequence[Trouble],
    endpoints: Sequence[str],
    *,
    triggered_at: float,
    ended_at: float,
    over: bool,
) -> Measured:
    """The timeline of the failover that was triggered at ``triggered_at``."""
    acknowledged = _acknowledged(records)
    return Measured(
        triggered_at=triggered_at,
        ended_at=ended_at,
        over=over,
        detected_after_s=_detected(records, troubles, triggered_at),
        write_outage=outage(acknowledged, triggered_at, ended_at),
        endpoints=tuple(
            Led(
                endpoint=endpoint,
                before=_led(sightings, endpoint, triggered_at - BEFORE_S, triggered_at),
                after=_led(sightings, endpoint, ended_at - QUIET_S / 2, ended_at),
                read_outage=outage(
                    [
                        r.completed_at
                        for r in records
                        if r.endpoint == endpoint and r.outcome == "ok" and isinstance(r.op, Size)
                    ],
                    triggered_at,
                    ended_at,
                ),
            )
            for endpoint in endpoints
        ),
    )


def writers_server(sightings: Sequence[Sighting], endpoint: str, until: float) -> str | None:
    """The writable server that ``endpoint`` led to last before ``until``."""
    found = [s.server for s in sightings if s.endpoint == endpoint and s.writable and s.at <= until]
    return found[-1] if found else None


def is_over(
    records: Sequence[Record],
    sightings: Sequence[Sighting],
    troubles: Sequence[Trouble],
    endpoint: str,
    *,
    moves: bool,
    triggered_at: float,
    now: float,
) -> bool:
    """Whether the writers noticed the failover, and write again since a while.

    Where the writer ``moves`` to another server, that is what is waited for: a database may go on
    with the old one for seconds after it was asked.
    """
    before = writers_server(sightings, endpoint, triggered_at)
    after = writers_server(sightings, endpoint, now)
    met = [t.at for t in troubles if t.endpoint == endpoint and t.at > triggered_at]
    # A proxy may hold its clients until there is somebody again: then none of them met anything.
    if after == before and (moves or not met):
        return False
    quiet_since = max([triggered_at, *met])
    since = sum(at > quiet_since for at in _acknowledged(records))
    return now - quiet_since >= QUIET_S and since >= _ACKNOWLEDGEMENTS


def _acknowledged(records: Sequence[Record]) -> list[float]:
    return [r.completed_at for r in records if isinstance(r.op, Add) and r.outcome == "ok"]


def _detected(
    records: Sequence[Record], troubles: Sequence[Trouble], triggered_at: float
) -> float | None:
    writers = {r.process for r in records if isinstance(r.op, Add)}
    met = [t.at for t in troubles if t.process in writers and t.at > triggered_at]
    return min(met) - triggered_at if met else None


def _led(
    sightings: Sequence[Sighting], endpoint: str, since: float, until: float
) -> tuple[str, ...]:
    found = {
        f"{s.server}{'' if s.writable else ' (reads only)'}"
        for s in sightings
        if s.endpoint == endpoint and since <= s.at <= until
    }
    return tuple(sorted(found))
