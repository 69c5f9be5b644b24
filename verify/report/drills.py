"""Failover drills that were recorded beside the report, as it draws them.

A file ``failover*.json`` in the report's folder holds one drill or a list under ``drills``. Times
are seconds since the drill began.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from verify.errors import CannotRun


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(_Lenient):
    """Something that happened."""

    at: float
    name: str


class Outage(_Lenient):
    """A stretch in which nobody could write, or read."""

    kind: str
    begin: float
    end: float


class Drill(_Lenient):
    """One failover: what happened, what stood still, and when writes were acknowledged."""

    name: str
    events: tuple[Event, ...] = ()
    outages: tuple[Outage, ...] = ()
    acknowledged: tuple[float, ...] = ()


def drills_in(folder: Path) -> list[Drill]:
    """The drills recorded in ``folder``; `CannotRun` for a file that holds something else."""
    found: list[Drill] = []
    for path in sorted(folder.glob("failover*.json")):
        try:
            raw: Any = json.loads(path.read_text(encoding="utf-8"))
            for one in raw.get("drills", [raw]):
                found.append(Drill.model_validate(one))
        except (OSError, ValueError, AttributeError, TypeError, ValidationError) as error:
            raise CannotRun(
                f"{path} is no record of a failover drill ({error}); move it out of the folder"
            ) from error
    return found
