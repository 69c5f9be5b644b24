"""Security, monitoring: alarms watch every database and go off, statements and calls are on record.

One exercise a stack: it looks at all databases and disturbs one, with connections that do nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from verify import watching
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import MYSQL, Dialect, dialect_of
from verify.endpoints import main_endpoint
from verify.errors import DeadlineExceeded, NotApplicable, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.promised_alarms import as_promised
from verify.session import Session

KINDS: tuple[str, ...] = ("rds-mysql", "aurora-mysql", "rds-mariadb", "rds-postgres")
"""What it can disturb; the first database of such a kind is enough."""
CONNECT = "connect with a verified certificate"
WATCHED = "every database has its alarms"
PROMISED = "every alarm is as the stack made it"
METRIC = "CloudWatch knows the connections"
ALARM = "more connections, and an alarm of its own goes to ALARM"
BACK = "they close, and it goes back to OK"
STATEMENTS = "its own statement is in the server's digests"
INSIGHTS = "Performance Insights knows the load"
STREAM = "activity streams are started"
CREATED = "CloudTrail knows who made the database"
PERIODS = 20
"""How many metrics periods may pass over all: AWS publishes late."""
_MORE = 8
"""Connections: the smallest class takes 85."""
_TIMES = 5
_LATE = timedelta(minutes=15)
"""CloudTrail promises an event within a quarter of an hour, and keeps it 90 days."""
_KEPT = timedelta(days=90)
_MADE_BY = frozenset(
    {
        "CreateDBInstance", "CreateDBCluster", "CreateDBInstanceReadReplica",
        "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime",
        "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime",
    }
)  # fmt: skip


class Monitoring(Exercise):
    """The checks on a stack's alarms and on the records of one of its databases."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        database = scene.database
        aurora = database.engine == "aurora-mysql"
        self._dialect: Dialect = MYSQL if aurora else dialect_of(database)
        self._endpoint = main_endpoint(database)
        self._credentials = Credentials(None, "")
        self._period = scene.cloud.metrics_period_s
        self._crowd = ExitStack()
        self._instance: dict[str, Any] = {}
        self._sql: Session

    @property
    def _alarm(self) -> str:
        return f"verify-monitoring-{self._instance['DBInstanceIdentifier']}"

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT, self._connect, opens=True),
            Check(WATCHED, self._watched),
            Check(PROMISED, self._promised),
            Check(METRIC, self._metric, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(ALARM, self._goes_off, (METRIC, CLEAN)),
            Check(BACK, self._goes_back, (ALARM,)),
            Check(STATEMENTS, self._statements, (CONNECT,)),
            Check(INSIGHTS, self._insights, (CONNECT,)),
            Check(CREATED, self._created, (CONNECT,)),
            Check(STREAM, self._stream, (CONNECT,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        self._crowd.close()
        return self._clean()

    def _connect(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(scene.database)
        self._sql = self._open()
        self.opened.callback(self._sql.close)
        self.opened.callback(self._crowd.close)
        self._instance = self._writer()
        return f"{self._endpoint.host}:{self._endpoint.port}"

    def _open(self) -> Session:
        scene = self.scene
        return self._dialect.open(self._endpoint, self._credentials, scene.deadline(), ca=scene.ca)

    def _writer(self) -> dict[str, Any]:
        database, cloud = self.scene.database, self.scene.cloud
        name = database.instances[0]
        if database.cluster is not None:
            members = cloud.cluster(database.region, database.cluster)["DBClusterMembers"]
            writers = [m["DBInstanceIdentifier"] for m in members if m["IsClusterWriter"]]
            if not writers:
                raise StepFailed(f"RDS reports no writer of {database.cluster}")
            name = writers[0]
        return cloud.instance(database.region, name)

    def _watched(self) -> str:
        return watching.every_database_is_watched(self.scene.cloud, self.scene.databases)

    def _promised(self) -> str:
        return as_promised(self.scene.cloud, self.scene.alarms)

    def _metric(self) -> str:
        since = datetime.now(UTC) - timedelta(seconds=5 * self._period)
        deadline = self._periods(5)
        while not (curve := self._connections(since)):
            self._next(deadline, "CloudWatch has no DatabaseConnections of it")
        return f"{curve[-1][1]:g} connections"

    def _connections(self, since: datetime) -> list[tuple[datetime, float]]:
        where = ("DBInstanceIdentifier", self._instance["DBInstanceIdentifier"])
        region = self.scene.database.region
        return self.scene.cloud.metric(region, "DatabaseConnections", where, since)

    def _clean(self) -> str:
        region = self.scene.database.region
        return watching.forget_alarm(self.scene.cloud, region, self._alarm)

    def _goes_off(self) -> str:
        self.began = True
        cloud, region = self.scene.cloud, self.scene.database.region
        before = self._connections(datetime.now(UTC) - timedelta(seconds=5 * self._period))
        if not before:
            raise StepFailed("CloudWatch has lost its DatabaseConnections")
        # Half of the new ones: whoever else comes or goes meanwhile makes no difference.
        threshold = before[-1][1] + _MORE / 2
        instance = self._instance["DBInstanceIdentifier"]
        watching.put_alarm(cloud, region, self._alarm, instance, threshold, self._period)
        self._until("OK")
        started = time.monotonic()
        for _ in range(_MORE):
            self._crowd.callback(self._open().close)
        self._until("ALARM")
        took = time.monotonic() - started
        return f"{_MORE} more than {threshold - _MORE / 2:g} connections, after {took:.0f} s"

    def _goes_back(self) -> str:
        started = time.monotonic()
        self._crowd.close()
        self._until("OK")
        return f"after {time.monotonic() - started:.0f} s"

    def _until(self, wanted: str) -> None:
        cloud, region = self.scene.cloud, self.scene.database.region
        deadline = self._periods(5)
        while (found := watching.alarm_state(cloud, region, self._alarm)) != wanted:
            self._next(deadline, f"the alarm {self._alarm} is {found} and not {wanted}")

    def _statements(self) -> str:
        find: Callable[[Session, str, int], str] = (
            watching.in_mysql_digests if self._dialect is MYSQL else watching.in_postgres_statements
        )
        return find(self._sql, f"monitoring_{time.time_ns():x}", _TIMES)

    def _insights(self) -> str:
        instance, cloud = self._instance, self.scene.cloud
        if not instance.get("PerformanceInsightsEnabled"):
            raise NotApplicable("Performance Insights is off; performance_insights switches it on")
        if lack := cloud.lacks("performance-insights"):
            raise NotApplicable(lack)
        return watching.load_in_insights(cloud, self.scene.database.region, instance)

    def _created(self) -> str:
        region, cloud = self.scene.database.region, self.scene.cloud
        name = self._instance["DBInstanceIdentifier"]
        events = watching.calls_about(cloud, region, name)
        made = [event for event in events if event["EventName"] in _MADE_BY]
        if made:
            event = made[-1]
            return f"{event['EventName']} at {event['EventTime']:%Y-%m-%d %H:%M:%S}"
        age = datetime.now(UTC) - self._instance["InstanceCreateTime"]
        if age < _LATE:
            raise NotApplicable(
                f"{name} was made {age.seconds // 60} minutes ago, and CloudTrail takes up to 15"
            )
        if age > _KEPT:
            raise NotApplicable(f"{name} was made {age.days} days ago, and events are kept 90")
        raise StepFailed(f"CloudTrail has no event of the making of {name}")

    def _stream(self) -> str:
        return watching.activity_streams(self.scene.cloud, self.scene.databases)

    def _periods(self, count: int) -> Deadline:
        return self.scene.limit.within(count * self._period + self.scene.wait_s)

    def _next(self, deadline: Deadline, otherwise: str) -> None:
        if deadline.expired:
            raise DeadlineExceeded(f"{otherwise}, and the time for that is over")
        # A new reading comes once a period; its alarm's state follows within the next.
        time.sleep(min(self._period / 2, 10.0, deadline.wait()))


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("monitoring",)))
