"""What a performance test measured, as facts: printed, drawn and kept as JSON."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from verify.performance.histogram import Histogram

SCHEMA_VERSION: Final = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Latency(_Frozen):
    """Times of one statement in microseconds, and how many a second."""

    statement: str
    count: int
    per_second: float
    mean_us: float
    p50_us: int
    p90_us: int
    p99_us: int
    p999_us: int
    max_us: int
    errors: dict[str, int] = {}
    """By the server's or the driver's code."""
    bars: tuple[tuple[float, int], ...] = ()
    """A histogram: upper end of a class in microseconds, count."""

    @classmethod
    def of(
        cls, statement: str, found: Histogram, seconds: float, errors: dict[str, int] | None = None
    ) -> Latency:
        """The facts of a histogram that took ``seconds`` to fill."""
        return cls(
            statement=statement,
            count=found.count,
            per_second=found.count / seconds if seconds else 0.0,
            mean_us=found.mean_us,
            p50_us=found.percentile(50),
            p90_us=found.percentile(90),
            p99_us=found.percentile(99),
            p999_us=found.percentile(99.9),
            max_us=found.max_us,
            errors=errors or {},
            bars=tuple(found.bars()),
        )


class Client(_Frozen):
    """What driving the test cost the client, and whether it was the limit."""

    cpu_percent: float
    """Of one core, over all its processes."""
    processes: int
    slip_p99_us: int | None = None
    """How late a request of the schedule began though a worker was waiting for it."""
    late: int = 0
    """Requests that no worker was free for when they were due."""
    limit: str | None = None
    """Why it, not the database, was the limit."""


class Counted(_Frozen):
    """One statement by the client's count and the server's own."""

    statement: str
    client_count: int
    server_count: int
    client_mean_us: float
    server_mean_us: float
    round_trip_us: float
    """A statement that does nothing, measured before: what the way there and back takes."""

    @property
    def exact(self) -> bool:
        return self.client_count == self.server_count

    @property
    def apart_percent(self) -> float:
        """By how much the client's mean differs from the server's and the round trip."""
        told = self.server_mean_us + self.round_trip_us
        return 100 * (self.client_mean_us - told) / told if told else 0.0


class Variant(_Frozen):
    """The test in one arrangement."""

    name: str
    reads: str
    writes: str
    seconds: float
    latencies: tuple[Latency, ...]
    per_second: tuple[float, ...]
    """Requests that ended in each second of the run."""
    client: Client
    agreement: tuple[Counted, ...] = ()
    not_counted: str | None = None
    """Why there is no agreement to show."""


class Digest(_Frozen):
    """One statement of the server's digest table."""

    text: str
    count: int
    total_ms: float
    mean_us: float
    max_us: float
    rows_examined: int
    rows_sent: int


class Explained(_Frozen):
    """A statement and the server's plan for it: column names, then rows."""

    statement: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Fix(_Frozen):
    """A statement before and after, on a table of so many rows."""

    rows: int
    before: Latency
    after: Latency
    before_plan: Explained
    after_plan: Explained

    @property
    def times(self) -> float:
        return self.before.mean_us / self.after.mean_us


class Diagnosis(_Frozen):
    """What the server itself says about the test."""

    top: tuple[Digest, ...]
    no_digests: str | None
    slow_log: str
    performance_insights: str
    fix: Fix | None = None


class Test(_Frozen):
    """The whole test on one database; ``not_run`` says why there is none."""

    __test__ = False

    database: str
    engine: str
    settings: str
    """In the flags that repeat it."""
    variants: tuple[Variant, ...] = ()
    skipped: dict[str, str] = {}
    """Variants that this stack does not have, each with its reason."""
    diagnosis: Diagnosis | None = None
    not_run: str | None = None


class CacheTest(_Frozen):
    """The test on one cache. Times are of trips, counts and rates of commands."""

    database: str
    engine: str
    settings: str
    latencies: tuple[Latency, ...] = ()
    agreement: tuple[Counted, ...] = ()
    not_counted: str | None = None
    warming: tuple[tuple[float, float], ...] = ()
    """Hit rate in percent by the number of reads since the cache was empty."""
    not_run: str | None = None


class Performance(_Frozen):
    """The tests of a stack."""

    schema_version: Literal[1] = SCHEMA_VERSION
    stack: str
    tests: tuple[Test, ...] = ()
    caches: tuple[CacheTest, ...] = ()

    @property
    def all(self) -> tuple[Test | CacheTest, ...]:
        return (*self.tests, *self.caches)
