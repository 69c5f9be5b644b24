"""What happens in a drill, on one time axis: seconds since its start."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from verify.audit import Add, History, Increment, Record, Transfer


class Clock:
    """The drill's own time."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self.started_at = datetime.now(UTC)

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def when(self, moment: datetime) -> float:
        """Where a moment of somebody else's clock lies, as far as the clocks agree."""
        return (moment - self.started_at).total_seconds()


@dataclass(frozen=True)
class Sighting:
    """The server that an endpoint led to at a moment."""

    endpoint: str
    at: float
    server: str
    writable: bool


@dataclass(frozen=True)
class Trouble:
    """A client met an error or could not connect."""

    process: str
    endpoint: str
    at: float
    said: str


class Recorder:
    """Collects from all threads. A write is on disk before its client makes the next."""

    def __init__(self, clock: Clock, log: Path) -> None:
        self.clock = clock
        self.log = log
        self._file = log.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self.records: list[Record] = []
        self.sightings: list[Sighting] = []
        self.troubles: list[Trouble] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def call(self, record: Record) -> None:
        """Keep a call, durably if it was a write."""
        with self._lock:
            self.records.append(record)
            if isinstance(record.op, Add | Transfer | Increment):
                self._file.write(record.model_dump_json() + "\n")
                self._file.flush()
                os.fsync(self._file.fileno())

    def saw(self, sighting: Sighting) -> None:
        with self._lock:
            self.sightings.append(sighting)

    def trouble(self, trouble: Trouble) -> None:
        with self._lock:
            self.troubles.append(trouble)

    def history(self) -> History:
        """What was recorded so far."""
        with self._lock:
            return History.of(self.records)

    def snapshot(self) -> tuple[list[Record], list[Sighting], list[Trouble]]:
        """Copies, to look at while others go on."""
        with self._lock:
            return list(self.records), list(self.sightings), list(self.troubles)
