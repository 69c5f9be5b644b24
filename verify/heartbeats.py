"""How far a copy is behind: rows written on one side and awaited on the other."""

from __future__ import annotations

import statistics
import time
import uuid

from verify.errors import DeadlineExceeded, Refused
from verify.exercise import Scene
from verify.sql import Sql
from verify.sql_checks import NOT_THERE_YET

HEARTBEATS = 20
_POLL_S = 0.0005


def create_heartbeats(source: Sql, database: str) -> None:
    """The table that `lag` writes to, in a database that is there."""
    source.run(
        f"CREATE TABLE {database}.heartbeat (run CHAR(32) NOT NULL, beat INT NOT NULL, "
        "sent_at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6), PRIMARY KEY (run, beat))"
    )


def lag(scene: Scene, source: Sql, copy: Sql, database: str, who: str) -> str:
    """Min, median and max of the time from a commit to its row being seen at ``who``.

    Raises `DeadlineExceeded` when one is not seen within a wait.
    """
    # A token of this run: a copy that is stuck may still show an earlier run's beats.
    run = uuid.uuid4().hex
    lags = []
    for beat in range(1, HEARTBEATS + 1):
        source.run(f"INSERT INTO {database}.heartbeat (run, beat) VALUES (%s, %s)", (run, beat))
        committed = time.monotonic()
        deadline = scene.deadline()
        while not _sees(copy, database, run, beat):
            if deadline.expired:
                raise DeadlineExceeded(
                    f"heartbeat {beat} did not reach {who} within {scene.wait_s:g} s: "
                    "it does not replicate, or lags behind"
                )
            time.sleep(_POLL_S)
        lags.append(1000 * (time.monotonic() - committed))
    return (
        f"{HEARTBEATS} heartbeats, from commit to visible: min {min(lags):.1f} ms, "
        f"median {statistics.median(lags):.1f} ms, max {max(lags):.1f} ms"
    )


def _sees(copy: Sql, database: str, run: str, beat: int) -> bool:
    wanted = f"SELECT 1 FROM {database}.heartbeat WHERE run = %s AND beat = %s"
    try:
        return bool(copy.run(wanted, (run, beat)))
    except Refused as error:
        if error.errno in NOT_THERE_YET:
            return False
        raise
