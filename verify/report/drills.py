"""Failover drills that were recorded beside the report, as `verify.failover --json` writes them.

Every ``failover*.json`` in the report's folder is read, and of it what is drawn. Times are seconds
since the drill began.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from verify.drill.comparison import Compared
from verify.errors import CannotRun

DRAWN = 3
"""Runs of one drill that get a picture of their own."""
AROUND_S = 2.0
"""What is drawn before the trigger and after the outage."""


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Outage(_Lenient):
    """The longest time between two answers."""

    seconds: float
    began_at: float
    ended_at: float


class _Led(_Lenient):
    endpoint: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    read_outage: Outage | None = None


class _Measured(_Lenient):
    triggered_at: float
    detected_after_s: float | None = None
    write_outage: Outage | None = None
    endpoints: tuple[_Led, ...] = ()


class _Event(_Lenient):
    at: float
    source: str
    message: str


class _Record(_Lenient):
    completed_at: float
    outcome: str
    op: dict[str, Any]


class _History(_Lenient):
    records: tuple[_Record, ...] = ()


class Run(_Lenient):
    """One failover: what was measured, what the control plane said, every call if it was kept."""

    asked: str
    measured: _Measured
    events: tuple[_Event, ...] = ()
    broken: tuple[str, ...] = ()
    history: _History | None = None
    compared: tuple[Compared, ...] = ()

    def acknowledged(self) -> Iterator[float]:
        """When rows were acknowledged, around the outage."""
        begin = self.measured.triggered_at - AROUND_S
        outage = self.measured.write_outage
        end = (outage.ended_at if outage else self.measured.triggered_at) + AROUND_S
        for record in self.history.records if self.history else ():
            written = record.outcome == "ok" and record.op.get("f") == "add"
            if written and begin <= record.completed_at <= end:
                yield record.completed_at


class Drill(_Lenient):
    """Every run on one database, in one way."""

    target: str
    promise: str
    runs: tuple[Run, ...] = ()


class _File(_Lenient):
    drills: tuple[Drill, ...]


def drills_in(folder: Path) -> list[Drill]:
    """The drills recorded in ``folder``; `CannotRun` for a file that holds something else."""
    found: list[Drill] = []
    for path in sorted(folder.glob("failover*.json")):
        try:
            found += _File.model_validate_json(path.read_text(encoding="utf-8")).drills
        except (OSError, ValidationError) as error:
            raise CannotRun(
                f"{path} is no record of a failover drill; move it out of the folder"
            ) from error
    return found
