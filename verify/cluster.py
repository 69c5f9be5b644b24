"""What the exercises on clusters have in common: endpoints, and the members each leads to."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing
from itertools import count
from typing import Any, ClassVar

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import dialect_of
from verify.errors import DeadlineExceeded, NotApplicable, Refused, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import Expectation, equals, judge
from verify.session import Session
from verify.sql_checks import READ_ONLY_MODE, expect_read_only

CONNECT = "connect to the writer endpoint"
WRITER = "the writer endpoint leads to the writer"
SETTINGS = "settings as RDS reports them"
_QUICK_CONNECTIONS = 10
_PAUSE_S = 0.25
"""Between later connections: on AWS the reader endpoint is a DNS name that turns every second."""
_POLL_S = 0.002


class Cluster(Exercise):
    """The checks on one cluster of a writer and readers, in its engine's SQL."""

    database: ClassVar[str]
    """What it makes its table in."""
    own: ClassVar[dict[str, str]]
    """What it makes there: a table, and a condition for its rows."""
    wanted: ClassVar[Sequence[Expectation]]
    """Of the cluster as RDS reports it."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._dialect = dialect_of(scene.database)
        self._writer_endpoint = scene.database.endpoint("writer")
        self._credentials = Credentials(None, "")
        self._writer: Session
        self._writer_name = ""

    @abstractmethod
    def identity(self, session: Session) -> str:
        """The identifier of the member that answers."""

    def first_checks(self, *identified_by: str) -> Iterable[Check]:
        """Those of any cluster up to its own table."""
        dialect = self._dialect
        return (
            Check(WRITER, self._writer_identity, (CONNECT, *identified_by)),
            Check(SETTINGS, self._settings, (CONNECT,)),
            Check("members in different zones", self._zones, (CONNECT,)),
            Check("TLS in use", lambda: dialect.tls_in_use(self._writer), (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        with self._open(self._writer_endpoint, deadline) as sql:
            return self._dialect.drop_own_database(sql, self.database, self.own)

    def _open(self, endpoint: Endpoint, deadline: Deadline) -> AbstractContextManager[Session]:
        return closing(self._dialect.open(endpoint, self._credentials, deadline, ca=self.scene.ca))

    def _connect(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(scene.database)
        self._writer = self.opened.enter_context(
            self._open(self._writer_endpoint, scene.deadline())
        )
        version = self._writer.run("SELECT VERSION()")[0][0]
        return f"{self._writer_endpoint.host}:{self._writer_endpoint.port}, server {version}"

    def _writer_identity(self) -> str:
        self._writer_name = self.identity(self._writer)
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
        return f"{len(members)} members, {judge(reported, (version, *self.wanted))}"

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
        return self._dialect.refused_without_tls(
            self._writer_endpoint, self._credentials, self.scene.deadline()
        )

    def _wrong_ca(self) -> str:
        return self._dialect.refused_by_wrong_ca(
            self._writer_endpoint, self._credentials, self.scene.deadline()
        )

    def _clean(self) -> str:
        return self._dialect.drop_own_database(self._writer, self.database, self.own)

    def _read(self, statement: str, wanted: int) -> str:
        """Wait until the reader endpoint counts all rows, and say how long that took."""
        deadline = self.scene.deadline()
        started = time.monotonic()
        with self._open(self.scene.database.endpoint("reader"), deadline) as sql:
            self._await_rows(sql, statement, wanted, deadline)
            waited = 1000 * (time.monotonic() - started)
            return f"COUNT(*) = {wanted} at {self.identity(sql)}, {waited:.0f} ms after connecting"

    def _await_rows(self, sql: Session, statement: str, wanted: int, deadline: Deadline) -> None:
        while (rows := self._count(sql, statement)) != wanted:
            if deadline.expired:
                raise DeadlineExceeded(
                    f"it still counts {rows} rows, not {wanted}, at {self.identity(sql)} "
                    f"after {self.scene.wait_s:g} s"
                )
            time.sleep(_POLL_S)

    def _count(self, sql: Session, statement: str) -> int:
        """Rows seen through a connection; 0 while replication has not brought the table."""
        try:
            sql.run(f"{self._dialect.use}{self.database}")
            return int(sql.run(statement)[0][0])
        except Refused as error:
            if error.errno in self._dialect.not_there_yet:
                return 0
            raise

    def _refuses(self, statement: str) -> str:
        """Prove that who reads through the reader endpoint cannot write."""
        self._needs_readers()
        with self._open(self.scene.database.endpoint("reader"), self.scene.deadline()) as sql:
            sql.run(f"{self._dialect.use}{self.database}")
            allowed = self._dialect.read_only | {READ_ONLY_MODE}
            said = expect_read_only(sql, statement, allowed)
            return f"{said} at {self.identity(sql)}"

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
                name = self.identity(sql)
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

    def _needs_readers(self) -> None:
        if len(self.scene.database.instances) == 1:
            raise NotApplicable(
                "the cluster has no reader, its reader endpoint leads to the writer"
            )
