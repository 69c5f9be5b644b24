"""How far a worker is, in a file that the daemon reads."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from localcloud.records import write_atomically

Status = Literal["starting", "running", "stopped", "finished", "failed"]
"""``stopped`` by a signal, ``finished`` by itself, ``failed`` for good."""
LoadState = Literal[
    "Table does not exist",
    "Before load",
    "Full load",
    "Table completed",
    "Table cancelled",
    "Table error",
]
"""DMS's words for a table."""
_FILE = "progress.json"
_EVERY_S = 0.2


class TableProgress(BaseModel):
    """One table's rows, as DMS counts them. Times are ISO 8601 in UTC."""

    model_config = ConfigDict(extra="forbid")

    state: LoadState = "Before load"
    loaded: int = 0
    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    load_started: str | None = None
    load_ended: str | None = None
    changed: str | None = None
    error: str | None = None


class Progress(BaseModel):
    """What a worker says of itself."""

    model_config = ConfigDict(extra="forbid")

    run: str
    status: Status = "starting"
    trouble: str | None = None
    """Why it failed, or what it waits for."""
    started: str
    ended: str | None = None
    load_started: str | None = None
    load_ended: str | None = None
    position: str | None = None
    tables: dict[str, TableProgress] = {}
    """By ``schema.table``."""


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Report:
    """A progress and its file, written at once or when it was not for a while."""

    def __init__(self, folder: Path, run: str) -> None:
        self._folder = folder
        self._written = 0.0
        earlier = read(folder)
        if earlier is not None and earlier.run == run:
            # The worker was killed; the run goes on.
            self.progress = earlier.model_copy(update={"status": "starting", "ended": None})
        else:
            self.progress = Progress(run=run, started=now())

    def write(self) -> None:
        """Write the file now."""
        write_atomically(self._folder / _FILE, self.progress.model_dump_json().encode())
        self._written = time.monotonic()

    def tick(self) -> None:
        """Write the file unless it was written a moment ago."""
        if time.monotonic() - self._written >= _EVERY_S:
            self.write()

    def end(self, status: Status, trouble: str | None = None) -> None:
        """The last word of a run."""
        self.progress.status, self.progress.trouble = status, trouble
        self.progress.ended = now()
        self.write()


def forget(folder: Path) -> None:
    """There is no progress of an earlier run any more."""
    (folder / _FILE).unlink(missing_ok=True)


def read(folder: Path) -> Progress | None:
    """What the worker of ``folder`` said last; ``None`` when it never ran."""
    try:
        return Progress.model_validate_json((folder / _FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
