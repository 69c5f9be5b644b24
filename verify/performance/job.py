"""What to run in the course's test, and what was seen of it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Literal

from contract import Endpoint
from verify import course
from verify.aws import Credentials
from verify.performance.histogram import Histogram

SELECT, INSERT, COMMIT, CONNECT = "select", "insert", "commit", "connect"
REQUEST = "request"
"""Select, insert and commit together, and the connection where each request makes its own."""
SLIP = "slip"
COUNTERS = "counters"
"""What the sessions themselves counted."""


@dataclass(frozen=True)
class Closed:
    """Each worker goes on when it has its answer and has paused."""

    pause_s: float = course.PAUSE_S
    iterations: int | None = course.ITERATIONS
    """A worker's; ``None``: as many as the duration allows."""
    duration_s: float = math.inf


@dataclass(frozen=True)
class Open:
    """Requests have their times, whatever the server does; latency counts from them."""

    rate: float
    """Requests a second, of all workers."""
    duration_s: float


@dataclass(frozen=True)
class Job:
    """What to run, where."""

    database: str
    reads: Endpoint
    writes: Endpoint
    credentials: Credentials
    ca: str | None
    wait_s: float
    pacing: Closed | Open
    workers: int = course.WORKERS
    processes: int = 1
    connections: Literal["kept", "fresh"] = "kept"
    """Kept as in a pool, or a new one for each request."""
    select: str = course.RANDOM_USER
    own_sessions: bool = True
    """A connection is one session of the server's, which then counts only what it was sent; a
    proxy that pools lends its sessions to many."""


@dataclass
class Record:
    """What one process saw: nanoseconds by statement, errors by statement and code."""

    latencies: dict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended: Counter[int] = field(default_factory=Counter)
    """Requests by the second of the run in which they ended."""
    counted: Counter[str] = field(default_factory=Counter)
    """Statements by the count of the sessions they were sent to."""
    late: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0

    def add(self, other: Record) -> None:
        for name, found in other.latencies.items():
            self.latencies[name].add([found])
        self.errors.update(other.errors)
        self.ended.update(other.ended)
        self.counted.update(other.counted)
        self.late += other.late
        self.cpu_s += other.cpu_s
        self.seconds = max(self.seconds, other.seconds)
