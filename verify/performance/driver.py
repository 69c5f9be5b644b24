"""Workers that run the course's test against MySQL, on a schedule or with pauses.

The client is as the course's: mysql-connector-python, in its C form where that is installed. Every
wait ends with the driver's own time-outs.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from typing import Any, Literal

import mysql.connector
from mysql.connector import errors as driver

from contract import Endpoint
from verify import course
from verify.aws import Credentials
from verify.performance.histogram import Histogram
from verify.trust import required_for_rds

SELECT, INSERT, COMMIT, CONNECT = "select", "insert", "commit", "connect"
REQUEST = "request"
"""Select, insert and commit together, and the connection where each request makes its own."""
SLIP = "slip"
_READY_S = 0.02
"""Between the threads' start and the first request of a schedule."""


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


@dataclass
class Record:
    """What one process saw: nanoseconds by statement, errors by statement and code."""

    latencies: dict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended: Counter[int] = field(default_factory=Counter)
    """Requests by the second of the run in which they ended."""
    late: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0

    def add(self, other: Record) -> None:
        for name, found in other.latencies.items():
            self.latencies[name].add([found])
        self.errors.update(other.errors)
        self.ended.update(other.ended)
        self.late += other.late
        self.cpu_s += other.cpu_s
        self.seconds = max(self.seconds, other.seconds)


def drive(job: Job) -> Record:
    """Run ``job`` to its end, in as many processes as it says."""
    if job.processes == 1:
        return _Crew(job).run()
    parts = []
    for number in range(job.processes):
        workers = len(range(number, job.workers, job.processes))
        pacing = job.pacing
        if isinstance(pacing, Open):
            pacing = replace(pacing, rate=pacing.rate / job.processes)
        parts.append(replace(job, workers=workers, pacing=pacing, processes=1))
    whole = Record()
    with ProcessPoolExecutor(job.processes, mp_context=get_context("spawn")) as pool:
        for part in pool.map(drive, [part for part in parts if part.workers]):
            whole.add(part)
    return whole


class _Crew:
    """The threads of one process."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self._start = 0.0

    def run(self) -> Record:
        records = [Record() for _ in range(self._job.workers)]
        workers = [_Worker(self._job, record) for record in records]
        with ExitStack() as opened:
            for worker in workers:
                opened.callback(worker.close)
                worker.ready()
            cpu, self._start = time.process_time(), time.perf_counter() + _READY_S
            threads = [
                threading.Thread(target=self._work, args=pair, name="performance", daemon=True)
                for pair in zip(workers, records, strict=True)
            ]
            try:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            finally:
                # Also when interrupted: each ends with its request.
                self._stop.set()
                for thread in threads:
                    if thread.ident is not None:
                        thread.join(self._job.wait_s)
            whole = Record(
                cpu_s=time.process_time() - cpu, seconds=time.perf_counter() - self._start
            )
        for record in records:
            whole.add(record)
        return whole

    def _work(self, worker: _Worker, record: Record) -> None:
        for number, due in self._turns(record):
            worker.request(number, due)
            record.ended[int(time.perf_counter() - self._start)] += 1

    def _turns(self, record: Record) -> Iterator[tuple[int, int]]:
        """A request's number and when it was due, in nanoseconds, as that moment comes."""
        pacing = self._job.pacing
        if isinstance(pacing, Open):
            return self._schedule(pacing, record)
        return self._in_turn(pacing)

    def _schedule(self, pacing: Open, record: Record) -> Iterator[tuple[int, int]]:
        for number in self._numbers:
            due = self._start + number / pacing.rate
            left = due - time.perf_counter()
            if number >= pacing.rate * pacing.duration_s or self._stop.is_set():
                return
            if left > 0:
                time.sleep(left)
                record.latencies[SLIP].record(max(0, int((time.perf_counter() - due) * 1e9)))
            else:
                record.late += 1
            yield number, int(due * 1e9)

    def _in_turn(self, pacing: Closed) -> Iterator[tuple[int, int]]:
        end = self._start + pacing.duration_s
        numbers = itertools.count() if pacing.iterations is None else range(pacing.iterations)
        for number in numbers:
            if time.perf_counter() >= end or self._stop.is_set():
                return
            yield number, time.perf_counter_ns()
            if pacing.pause_s:
                self._stop.wait(pacing.pause_s)


class _Worker:
    """One thread's connections: one to write, and one to read where that is another place."""

    def __init__(self, job: Job, record: Record) -> None:
        self._job = job
        self._record = record
        self._apart = job.reads != job.writes
        self._write: Any = None
        self._read: Any = None

    def ready(self) -> None:
        """Connect before the clock runs, where the connection is one to keep."""
        if self._job.connections == "kept":
            try:
                self._timed(CONNECT, time.perf_counter_ns(), self._connect)
            except (driver.Error, OSError):
                # Counted; the first request tries again.
                self.close()

    def request(self, number: int, due: int) -> None:
        """Select, insert, commit; timed from when it was ``due``, whoever was late since."""
        since = due
        try:
            if self._write is None:
                since = self._timed(CONNECT, since, self._connect)
            for name, action in self._statements(number):
                since = self._timed(name, since, action)
        except (driver.Error, OSError):
            # Counted by `_timed`; the next request begins with a new connection.
            self.close()
            return
        self._record.latencies[REQUEST].record(since - due)
        if self._job.connections == "fresh":
            self.close()

    def _statements(self, number: int) -> tuple[tuple[str, Callable[[], object]], ...]:
        values = (f"user_{random.randint(1000, 9999)}", f"user{number}@example.com")
        return (
            (SELECT, self._select),
            (INSERT, lambda: self._write[1].execute(course.INSERT_USER, values)),
            (COMMIT, lambda: self._write[0].commit()),
        )

    def _select(self) -> None:
        cursor = self._read[1]
        cursor.execute(self._job.select)
        cursor.fetchall()

    def _timed(self, name: str, since: int, action: Callable[[], object]) -> int:
        """Do ``action`` and record how long it took; returns when it ended."""
        try:
            action()
        except (driver.Error, OSError) as error:
            code = getattr(error, "errno", None) or 0
            # The driver says -1 where it has no number of its own.
            said = str(code) if code > 0 else type(error).__name__
            self._record.errors[name, said] += 1
            raise
        now = time.perf_counter_ns()
        self._record.latencies[name].record(now - since)
        return now

    def _connect(self) -> None:
        self._write = self._open(self._job.writes, autocommit=False)
        self._read = self._open(self._job.reads, autocommit=True) if self._apart else self._write

    def _open(self, endpoint: Endpoint, *, autocommit: bool) -> tuple[Any, Any]:
        job = self._job
        seconds = max(1, math.ceil(job.wait_s))
        connection = mysql.connector.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=job.credentials.user,
            password=job.credentials.password,
            database=job.database,
            autocommit=autocommit,
            connection_timeout=seconds,
            read_timeout=seconds,
            write_timeout=seconds,
            ssl_ca=required_for_rds(job.ca),
            ssl_verify_cert=True,
            ssl_verify_identity=True,
        )
        return connection, connection.cursor()

    def close(self) -> None:
        """End its connections, as far as somebody is there to hear it."""
        for pair in {id(p): p for p in (self._write, self._read) if p}.values():
            try:
                pair[0].close()
            except (driver.Error, OSError):
                continue
        self._write = self._read = None
