"""The flags of the performance test; their defaults are the course's."""

from __future__ import annotations

from dataclasses import dataclass

from verify import course
from verify.performance.job import Closed, Open

_OPEN_S = 10.0


@dataclass(frozen=True)
class Settings:
    """The flags of the command; their defaults are the course's."""

    workers: int = course.WORKERS
    iterations: int = course.ITERATIONS
    pause_s: float = course.PAUSE_S
    duration_s: float | None = None
    rate: float | None = None
    processes: int = 1
    users: int = len(course.THE_USERS)
    """Rows of the table when a variant begins."""
    fix_rows: int = 10_000
    """Rows of the table that the fix is measured on, 0 for no fix."""

    @property
    def pacing(self) -> Closed | Open:
        if self.rate:
            return Open(self.rate, self.duration_s or _OPEN_S)
        if self.duration_s is None:
            return Closed(self.pause_s, self.iterations)
        return Closed(self.pause_s, None, self.duration_s)

    def __str__(self) -> str:
        said = f"{self.workers} workers on {self.users} rows"
        if isinstance(self.pacing, Open):
            said += f", {self.pacing.rate:g} requests/s for {self.pacing.duration_s:g} s"
        elif self.pacing.iterations is None:
            said += f", {self.pacing.duration_s:g} s, pause {self.pause_s:g} s"
        else:
            said += f", {self.iterations} requests each, pause {self.pause_s:g} s"
        return said if self.processes == 1 else f"{said}, {self.processes} processes"
