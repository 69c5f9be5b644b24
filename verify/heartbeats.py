"""How far a copy is behind: rows written on one side and awaited on the other."""

from __future__ import annotations

import statistics
import time
import uuid

from verify.dialects import Dialect
from verify.errors import DeadlineExceeded, Refused
from verify.exercise import Scene
from verify.results import Series
from verify.session import Session

HEARTBEATS = 20
_POLL_S = 0.0005

Beat = tuple[int, float]
"""A heartbeat's number and when it was written, in seconds of the source's own clock."""


def create_heartbeats(source: Session) -> None:
    """The table that `write_heartbeat` writes to, in the session's database."""
    source.run(
        "CREATE TABLE heartbeat (run CHAR(32) NOT NULL, beat INT NOT NULL, "
        "sent_at DECIMAL(20, 6) NOT NULL, PRIMARY KEY (run, beat))"
    )


def new_run() -> str:
    """A token: a copy that is stuck may still show an earlier run's beats."""
    return uuid.uuid4().hex


def write_heartbeat(dialect: Dialect, source: Session, run: str, beat: int) -> None:
    """Write one with the time that the source has."""
    statement = f"INSERT INTO heartbeat (run, beat, sent_at) VALUES (%s, %s, {dialect.clock})"
    source.run(statement, (run, beat))


class Heartbeats:
    """The heartbeats of one run that a copy has; it is no error that it has none yet."""

    def __init__(self, dialect: Dialect, copy: Session, database: str, run: str) -> None:
        self._dialect = dialect
        self._copy = copy
        self._database = database
        self._run = run
        self._entered = False

    def after(self, beat: int) -> list[Beat]:
        """Those after ``beat``, in order."""
        try:
            if not self._entered:
                self._copy.run(f"{self._dialect.use}{self._database}")
                self._entered = True
            rows = self._copy.run(
                "SELECT beat, sent_at FROM heartbeat WHERE run = %s AND beat > %s ORDER BY beat",
                (self._run, beat),
            )
        except Refused as error:
            if error.errno in self._dialect.not_there_yet:
                # It may have been the database of an earlier run.
                self._entered = False
                return []
            raise
        return [(int(number), float(sent_at)) for number, sent_at in rows]


def lag(
    scene: Scene, dialect: Dialect, source: Session, copy: Session, database: str, who: str
) -> str:
    """Min, median and max of the time from a commit to its row being seen at ``who``.

    ``source`` is in ``database`` and ``copy`` enters it. Raises `DeadlineExceeded` when a row is
    not seen within a wait.
    """
    run = new_run()
    arrived = Heartbeats(dialect, copy, database, run)
    lags: list[float] = []
    points: list[tuple[float, float]] = []
    began = time.monotonic()
    for beat in range(1, HEARTBEATS + 1):
        write_heartbeat(dialect, source, run, beat)
        committed = time.monotonic()
        deadline = scene.deadline()
        while not arrived.after(beat - 1):
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
