"""How far a copy is behind: rows written on one side and awaited on the other."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable

from verify.dialects import Dialect
from verify.errors import DeadlineExceeded, Refused
from verify.exercise import Scene
from verify.results import Series
from verify.session import Session

HEARTBEATS = 20
_POLL_S = 0.0005


def create_heartbeats(source: Session) -> None:
    """The table that `lag` writes to, in the session's database."""
    source.run(
        "CREATE TABLE heartbeat (run CHAR(32) NOT NULL, beat INT NOT NULL, "
        "sent_at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6), PRIMARY KEY (run, beat))"
    )


def lag(
    scene: Scene, dialect: Dialect, source: Session, copy: Session, database: str, who: str
) -> str:
    """Min, median and max of the time from a commit to its row being seen at ``who``.

    ``source`` is in ``database`` and ``copy`` enters it. Raises `DeadlineExceeded` when a row is
    not seen within a wait.
    """
    # A token of this run: a copy that is stuck may still show an earlier run's beats.
    run = uuid.uuid4().hex
    sees = _reader(dialect, copy, database, run)
    lags: list[float] = []
    points: list[tuple[float, float]] = []
    began = time.monotonic()
    for beat in range(1, HEARTBEATS + 1):
        source.run("INSERT INTO heartbeat (run, beat) VALUES (%s, %s)", (run, beat))
        committed = time.monotonic()
        deadline = scene.deadline()
        while not sees(beat):
            if deadline.expired:
                raise DeadlineExceeded(
                    f"heartbeat {beat} did not reach {who} within {scene.wait_s:g} s: "
                    "it does not replicate, or lags behind"
                )
            time.sleep(_POLL_S)
        lags.append(1000 * (time.monotonic() - committed))
        points.append((committed - began, lags[-1]))
    scene.measured.append(Series(name=f"{who} {scene.name}", unit="ms", points=tuple(points)))
    return (
        f"{HEARTBEATS} heartbeats, from commit to visible: min {min(lags):.1f} ms, "
        f"median {statistics.median(lags):.1f} ms, max {max(lags):.1f} ms"
    )


def _reader(dialect: Dialect, copy: Session, database: str, run: str) -> Callable[[int], bool]:
    entered = False

    def sees(beat: int) -> bool:
        nonlocal entered
        try:
            if not entered:
                copy.run(f"{dialect.use}{database}")
                entered = True
            rows = copy.run("SELECT 1 FROM heartbeat WHERE run = %s AND beat = %s", (run, beat))
        except Refused as error:
            if error.errno in dialect.not_there_yet:
                # It may have been the database of an earlier run.
                entered = False
                return False
            raise
        return bool(rows)

    return sees
