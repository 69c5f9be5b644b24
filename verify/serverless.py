"""Practice 4: capacity follows the load, and the cluster pauses when nobody is connected."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed, Unreachable
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import CLUSTER, equals, judge
from verify.load import Load
from verify.results import Series
from verify.sql import Sql, connect, open_connection
from verify.sql_checks import (
    drop_own_database,
    refused_by_wrong_ca,
    refused_without_tls,
    tls_in_use,
)

CONNECT = "connect to the writer endpoint, paused or not"
SETTINGS = "settings as RDS reports them"
CREATE = "insert the course's 64 rows by its cross join"
BASELINE = "CloudWatch knows the capacity"
RISE = "capacity rises with the load"
FALL = "capacity falls after it"
PAUSE = "it pauses without connections"
RESUME = "a connection resumes it with every row"
PERIODS = 40
"""How many metrics periods may pass over all: AWS publishes late and scales down slowly."""
CAPACITY = "capacity"
_CLIENTS = (1, 2, 4, 8)
_ATTEMPTS = 3
"""To connect: a paused cluster takes 15 s on AWS, 30 s and more after a day."""
_WORK = [
    "USE loadtest",
    "SELECT SUM(a.random_num * b.random_num + c.random_num) "
    "FROM large_table a, large_table b, large_table c",
]
_OWN = {"large_table": "data = REPEAT('X', 1000)"}
"""What the exercise makes in loadtest: a table, and a condition for its rows."""

Curve = list[tuple[datetime, float]]


class Serverless(Exercise):
    """The checks on one Aurora serverless cluster."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = scene.database.endpoint("writer")
        self._credentials = Credentials(None, "")
        self._sql: Sql
        self._scaling: dict[str, Any] = {}
        self._before = self._peak = 0.0
        self._loaded_since = datetime.now(UTC)
        self._period = scene.cloud.metrics_period_s

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT, self._connect, opens=True),
            Check(SETTINGS, self._settings, (CONNECT,)),
            Check("TLS in use", lambda: tls_in_use(self._sql), (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(CREATE, self._create, (CLEAN,)),
            Check(BASELINE, self._baseline, (SETTINGS,)),
            Check(RISE, self._rise, (CREATE, BASELINE)),
            Check(FALL, self._fall, (RISE,)),
            Check(PAUSE, self._pause, (CREATE, BASELINE)),
            Check(RESUME, self._resume, (PAUSE,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        with self._open(deadline) as sql:
            return drop_own_database(sql, "loadtest", _OWN)

    def _open(self, deadline: Deadline) -> AbstractContextManager[Sql]:
        return connect(self._endpoint, self._credentials, deadline, ca=self.scene.ca)

    def _connect(self) -> str:
        self._credentials = self.scene.credentials(self.scene.database)
        self._sql, seconds = self._opened()
        version = self._sql.run("SELECT VERSION()")[0][0]
        where = f"{self._endpoint.host}:{self._endpoint.port}"
        return f"{where}, server {version}, after {seconds:.2f} s"

    def _opened(self) -> tuple[Sql, float]:
        """A connection, and how long it took; a paused cluster gets more than one attempt."""
        started = time.monotonic()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                sql = open_connection(
                    self._endpoint, self._credentials, self.scene.deadline(), ca=self.scene.ca
                )
            except Unreachable:
                # Who is refused at once is not waiting for a paused cluster.
                if attempt == _ATTEMPTS or time.monotonic() - started < self.scene.wait_s:
                    raise
                continue
            self.opened.callback(sql.close)
            return sql, time.monotonic() - started
        raise AssertionError("unreachable")

    def _settings(self) -> str:
        database = self.scene.database
        if database.cluster is None:
            raise StepFailed("its output names no cluster")
        reported = self.scene.cloud.cluster(database.region, database.cluster)
        members = sorted(m["DBInstanceIdentifier"] for m in reported["DBClusterMembers"])
        if members != sorted(database.instances):
            raise StepFailed(f"members are {members}, not {sorted(database.instances)}")
        for name in members:
            found = self.scene.cloud.instance(database.region, name)["DBInstanceClass"]
            if found != "db.serverless":
                raise StepFailed(f"{name} is of class {found}, not db.serverless")
        self._scaling = reported.get("ServerlessV2ScalingConfiguration") or {}
        version = equals("EngineVersion", database.version)
        said = judge(reported, (version, *CLUSTER))
        if not self._scaling:
            raise StepFailed("RDS reports no ServerlessV2ScalingConfiguration")
        least, most = (self._scaling[f"{end}Capacity"] for end in ("Min", "Max"))
        pause = f", pauses after {after} s" if (after := self._pause_after_s) else ""
        return f"{least:g} to {most:g} ACU{pause}, {said}"

    @property
    def _pause_after_s(self) -> int | None:
        found: int | None = self._scaling.get("SecondsUntilAutoPause")
        return found

    def _without_tls(self) -> str:
        return refused_without_tls(self._endpoint, self._credentials, self.scene.deadline())

    def _wrong_ca(self) -> str:
        return refused_by_wrong_ca(self._endpoint, self._credentials, self.scene.deadline())

    def _clean(self) -> str:
        return drop_own_database(self._sql, "loadtest", _OWN)

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(course.LARGE_TABLE):
            self._sql.run(statement)
        return self._count(self._sql)

    def _count(self, sql: Sql) -> str:
        rows = int(sql.run("SELECT COUNT(*) FROM loadtest.large_table")[0][0])
        if rows != course.LARGE_TABLE_ROWS:
            raise StepFailed(f"large_table has {rows} rows, not {course.LARGE_TABLE_ROWS}")
        return f"{rows} rows"

    def _metric(self, name: str, since: datetime) -> Curve:
        database = self.scene.database
        dimension = ("DBClusterIdentifier", database.cluster or "")
        return self.scene.cloud.metric(database.region, name, dimension, since)

    def _capacity(self, since: datetime) -> Curve:
        return self._metric("ServerlessDatabaseCapacity", since)

    def _baseline(self) -> str:
        since = datetime.now(UTC) - timedelta(seconds=5 * self._period)
        deadline = self._periods(10)
        while not (curve := self._capacity(since)):
            self._next_period(deadline, "CloudWatch has no ServerlessDatabaseCapacity of it")
        self._before = curve[-1][1]
        return f"{self._before:g} ACU"

    def _rise(self) -> str:
        least, most = self._scaling["MinCapacity"], self._scaling["MaxCapacity"]
        if least >= _CLIENTS[-1] or least == most:
            raise NotApplicable(
                f"{least:g} to {most:g} ACU need not grow for {_CLIENTS[-1]} clients"
            )
        since, deadline = datetime.now(UTC), self._periods(12)
        self._loaded_since = since
        curve: Curve = []
        began, grown = time.monotonic(), [(0.0, 0.0)]
        with Load(lambda: self._open(self.scene.deadline()), _WORK, self.scene.wait_s) as load:
            for clients in (*_CLIENTS, *([_CLIENTS[-1]] * PERIODS)):
                load.grow(clients)
                grown.append((time.monotonic() - began, float(clients)))
                self._next_period(
                    deadline, f"it stays at {_said(curve)} under {load.clients} clients"
                )
                load.check()
                curve = self._capacity(since)
                if clients == _CLIENTS[-1] and _highest(curve) > self._before:
                    break
        grown.append((time.monotonic() - began, 0.0))
        self._peak = _highest(curve)
        self._keep_capacity(curve)
        self.scene.measured.append(Series(name="clients", unit="clients", points=tuple(grown)))
        used = _highest(self._metric("ACUUtilization", since))
        first = next(at for at, acu in curve if acu > self._before)
        return (
            f"{self._before:g} to {self._peak:g} ACU under up to {load.clients} clients, more "
            f"after {_seconds(since, first)}; ACUUtilization up to {used:g} %"
        )

    def _fall(self) -> str:
        since, deadline = datetime.now(UTC), self._periods(20)
        # Half of the way back: how far down idle capacity goes is AWS's business.
        goal = (self._before + self._peak) / 2
        while True:
            curve = self._capacity(since)
            self._peak = max(self._peak, _highest(curve))
            if curve and curve[-1][1] <= goal:
                break
            self._next_period(deadline, f"it stays at {_said(curve)}")
        self._keep_capacity(self._capacity(self._loaded_since))
        end, acu = curve[-1]
        return f"{self._peak:g} to {acu:g} ACU within {_seconds(since, end)}"

    def _keep_capacity(self, curve: Curve) -> None:
        """The whole of it since the load began, on one axis with that."""
        since, measured = self._loaded_since, self.scene.measured
        points = tuple((max(0.0, (at - since).total_seconds()), value) for at, value in curve)
        others = [series for series in measured if series.name != CAPACITY]
        measured[:] = [Series(name=CAPACITY, unit="ACU", points=points), *others]

    def _pause(self) -> str:
        after = self._pause_after_s
        if after is None:
            raise NotApplicable("its minimum is above 0 ACU, so it never pauses")
        if after > max(self.scene.wait_for_pause_s, self.scene.wait_s):
            raise NotApplicable(
                f"it pauses after {after} s without connections; "
                f"--wait-for-pause {after} waits for that"
            )
        self._sql.close()
        since = datetime.now(UTC)
        deadline = Deadline(after + 5 * self._period + self.scene.wait_s)
        while not (curve := self._capacity(since)) or curve[-1][1] > 0:
            self._next_period(deadline, f"it stays at {_said(curve)}")
        return f"0 ACU after {_seconds(since, curve[-1][0])}; RDS reports it {self._status()}"

    def _status(self) -> str:
        database = self.scene.database
        status = self.scene.cloud.cluster(database.region, database.cluster or "")["Status"]
        if status != "available":
            raise StepFailed(f"RDS reports the paused cluster {status}, not available")
        return str(status)

    def _resume(self) -> str:
        self._sql, seconds = self._opened()
        return f"{self._count(self._sql)}, {seconds:.2f} s after connecting"

    def _periods(self, count: int) -> Deadline:
        return Deadline(count * self._period + self.scene.wait_s)

    def _next_period(self, deadline: Deadline, otherwise: str) -> None:
        if deadline.expired:
            raise DeadlineExceeded(f"{otherwise}, and the time for that is over")
        time.sleep(min(self._period, deadline.wait()))


def _highest(curve: Curve) -> float:
    return max((value for _, value in curve), default=0.0)


def _seconds(since: datetime, at: datetime) -> str:
    # Readings are of whole seconds, and may name the one that `since` is in.
    return f"{max(0.0, (at - since).total_seconds()):.0f} s"


def _said(curve: Curve) -> str:
    return f"{curve[-1][1]:g} ACU" if curve else "an unknown capacity"


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("serverless",)))
