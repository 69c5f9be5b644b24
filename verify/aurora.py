"""Practice 3: one cluster, four kinds of endpoint, each leading where its name says."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

from contract import Endpoint
from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotApplicable, Refused, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import CLUSTER, equals, judge
from verify.sql import Sql, connect, open_connection
from verify.sql_checks import (
    NOT_THERE_YET,
    READ_ONLY,
    READ_ONLY_MODE,
    drop_own_database,
    expect_read_only,
    refused_by_wrong_ca,
    refused_without_tls,
    tls_in_use,
)

CONNECT = "connect to the writer endpoint"
CREATE = "insert three REPEAT rows through the writer endpoint"
COUNT = "count them through the reader endpoint"
WRITER = "the writer endpoint leads to the writer"
_QUICK_CONNECTIONS = 10
_PAUSE_S = 0.25
"""Between later connections: on AWS the reader endpoint is a DNS name that turns every second."""
_POLL_S = 0.002
_REFUSED = "INSERT INTO auroratest.performance_test (data) VALUES (REPEAT('D', 1000))"
_OWN = {"performance_test": "data IN (" + ", ".join(f"REPEAT('{c}', 1000)" for c in "ABCD") + ")"}
"""What the exercise makes in auroratest: a table, and a condition for its rows."""


class Aurora(Exercise):
    """The checks on one Aurora MySQL cluster."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._writer_endpoint = scene.database.endpoint("writer")
        self._credentials = Credentials(None, "")
        self._writer: Sql
        self._writer_name = ""

    def checks(self) -> Iterable[Check]:
        custom = self.scene.database.endpoints_of("custom")
        return (
            Check(CONNECT, self._connect, opens=True),
            Check(WRITER, self._writer_identity, (CONNECT,)),
            Check("settings as RDS reports them", self._settings, (CONNECT,)),
            Check("members in different zones", self._zones, (CONNECT,)),
            Check("TLS in use", lambda: tls_in_use(self._writer), (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(CREATE, self._create, (CLEAN,)),
            Check(COUNT, self._count, (CREATE,)),
            Check("a write through the reader endpoint is refused", self._write, (COUNT,)),
            Check("the reader endpoint reaches every reader", self._readers, (WRITER,)),
            *(
                Check(
                    f"custom endpoint {e.name} reaches only its members",
                    lambda e=e: self._custom(e),  # type: ignore[misc]
                    (CONNECT,),
                )
                for e in custom
            ),
        )

    def clean_up(self, deadline: Deadline) -> str:
        with self._open(self._writer_endpoint, deadline) as sql:
            return drop_own_database(sql, "auroratest", _OWN)

    def _open(self, endpoint: Endpoint, deadline: Deadline) -> AbstractContextManager[Sql]:
        return connect(endpoint, self._credentials, deadline, ca=self.scene.ca)

    def _connect(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(scene.database)
        self._writer = open_connection(
            self._writer_endpoint, self._credentials, scene.deadline(), ca=scene.ca
        )
        self.opened.callback(self._writer.close)
        version = self._writer.run("SELECT VERSION()")[0][0]
        return f"{self._writer_endpoint.host}:{self._writer_endpoint.port}, server {version}"

    def _writer_identity(self) -> str:
        self._writer_name = self._writer.identity()
        members = self._reported()["DBClusterMembers"]
        reported = [m["DBInstanceIdentifier"] for m in members if m["IsClusterWriter"]]
        if reported != [self._writer_name]:
            raise StepFailed(f"it leads to {self._writer_name}, RDS reports {reported} as writer")
        return f"{self._writer_name}, as RDS reports"

    def _reported(self) -> dict[str, Any]:
        database = self.scene.database
        if database.cluster is None:
            raise StepFailed("its output names no cluster")
        return self.scene.cloud.cluster(database.region, database.cluster)

    def _settings(self) -> str:
        database = self.scene.database
        reported = self._reported()
        members = sorted(m["DBInstanceIdentifier"] for m in reported["DBClusterMembers"])
        if members != sorted(database.instances):
            raise StepFailed(f"members are {members}, not {sorted(database.instances)}")
        version = equals("EngineVersion", database.version)
        return f"{len(members)} members, {judge(reported, (version, *CLUSTER))}"

    def _zones(self) -> str:
        database = self.scene.database
        if len(database.instances) == 1:
            raise NotApplicable("the cluster has one member")
        zones = {
            name: self.scene.cloud.instance(database.region, name).get("AvailabilityZone")
            for name in database.instances
        }
        if len(set(zones.values())) < 2:
            raise StepFailed(f"all members are in zone {zones[database.instances[0]]}")
        return ", ".join(f"{name} {zone}" for name, zone in zones.items())

    def _without_tls(self) -> str:
        return refused_without_tls(self._writer_endpoint, self._credentials, self.scene.deadline())

    def _wrong_ca(self) -> str:
        return refused_by_wrong_ca(self._writer_endpoint, self._credentials, self.scene.deadline())

    def _clean(self) -> str:
        return drop_own_database(self._writer, "auroratest", _OWN)

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(course.PERFORMANCE_TEST):
            self._writer.run(statement)
        return f"3 rows of 1000 characters, written by {self._writer.identity()}"

    def _count(self) -> str:
        deadline = self.scene.deadline()
        started = time.monotonic()
        with self._open(self.scene.database.endpoint("reader"), deadline) as sql:
            while (rows := _count(sql)) != 3:
                if deadline.expired:
                    raise DeadlineExceeded(
                        f"it still counts {rows} rows, not 3, at {sql.identity()} "
                        f"after {self.scene.wait_s:g} s"
                    )
                time.sleep(_POLL_S)
            waited = 1000 * (time.monotonic() - started)
            return f"COUNT(*) = 3 at {sql.identity()}, {waited:.0f} ms after connecting"

    def _write(self) -> str:
        self._needs_readers()
        with self._open(self.scene.database.endpoint("reader"), self.scene.deadline()) as sql:
            said = expect_read_only(sql, _REFUSED, frozenset({READ_ONLY, READ_ONLY_MODE}))
            return f"{said} at {sql.identity()}"

    def _readers(self) -> str:
        self._needs_readers()
        endpoint = self.scene.database.endpoint("reader")
        wanted = set(self.scene.database.instances) - {self._writer_name}
        reached: dict[str, int] = {}
        deadline = self.scene.deadline()
        for attempt in count():
            if deadline.expired:
                break
            if attempt >= _QUICK_CONNECTIONS:
                time.sleep(_PAUSE_S)
            with self._open(endpoint, self.scene.deadline()) as sql:
                name = sql.identity()
            reached[name] = reached.get(name, 0) + 1
            if name not in wanted:
                raise StepFailed(f"it led to {name}, which is not one of {sorted(wanted)}")
            if wanted == set(reached):
                break
        said = ", ".join(f"{name} {times}x" for name, times in sorted(reached.items()))
        if missed := sorted(wanted - set(reached)):
            raise StepFailed(
                f"within {self.scene.wait_s:g} s it never led to {missed}, only {said}"
            )
        return said

    def _custom(self, endpoint: Endpoint) -> str:
        reached = set()
        deadline = self.scene.deadline()
        # Often enough that a member of the cluster that it should not reach would show.
        for _ in range(2 * len(self.scene.database.instances)):
            with self._open(endpoint, deadline) as sql:
                reached.add(sql.identity())
        if not reached <= set(endpoint.members):
            raise StepFailed(
                f"it reached {sorted(reached)}, its members are {sorted(endpoint.members)}"
            )
        return f"reached {', '.join(sorted(reached))}"

    def _needs_readers(self) -> None:
        if len(self.scene.database.instances) == 1:
            raise NotApplicable(
                "the cluster has no reader, its reader endpoint leads to the writer"
            )


def _count(sql: Sql) -> int:
    """Rows seen through this connection; 0 while replication has not brought the table."""
    try:
        sql.run("USE auroratest")
        return int(sql.run(course.COUNT_ROWS)[0][0])
    except Refused as error:
        if error.errno in NOT_THERE_YET:
            return 0
        raise


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("aurora",)))
