"""One worker's connections, and the course's three statements on them, timed.

The client is as the course's: mysql-connector-python, in its C form where that is installed. Every
wait ends with the driver's own time-outs.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import Any

import mysql.connector
from mysql.connector import errors as driver

from contract import Endpoint
from verify import course
from verify.performance.job import (
    COMMIT,
    CONNECT,
    COUNTERS,
    INSERT,
    REQUEST,
    SELECT,
    Job,
    Record,
)
from verify.trust import required_for_rds

_COUNTED = {"Com_select": SELECT, "Com_insert": INSERT, "Com_commit": COMMIT}
_ASK = f"SHOW SESSION STATUS WHERE Variable_name IN {tuple(_COUNTED)}"


class Worker:
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
            self.end()

    def _statements(self, number: int) -> tuple[tuple[str, Callable[[], object]], ...]:
        values = (f"user_{random.randint(1000, 9999)}", f"user{number}@example.com")
        return (
            (SELECT, self._select),
            (INSERT, lambda: self._write[1].execute(course.INSERT_USER, values)),
            # Not the connection's commit(): what the C form raises there is no `driver.Error`.
            (COMMIT, lambda: self._write[1].execute("COMMIT")),
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

    def end(self) -> None:
        """Ask its sessions what they counted, and close them."""
        if self._job.own_sessions:
            try:
                for pair in self._pairs():
                    pair[1].execute(_ASK)
                    self._record.counted.update(
                        {_COUNTED[name]: int(count) for name, count in pair[1].fetchall()}
                    )
            except (driver.Error, OSError) as error:
                self._record.errors[COUNTERS, type(error).__name__] += 1
        self.close()

    def close(self) -> None:
        """End its connections, as far as somebody is there to hear it."""
        for pair in self._pairs():
            try:
                pair[0].close()
            except (driver.Error, OSError):
                continue
        self._write = self._read = None

    def _pairs(self) -> list[tuple[Any, Any]]:
        return list({id(pair): pair for pair in (self._write, self._read) if pair}.values())
