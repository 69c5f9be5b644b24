"""A promoted replica, or a restored instance, stands by itself beside the one it came from."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable

from contract import Database, Endpoint
from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import dialect_of
from verify.endpoints import main_endpoint
from verify.errors import NoDeployment, Refused, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import APART, judge
from verify.instance import OWN, select_users
from verify.replica import Replica
from verify.session import Session

CONNECT_ORIGIN = "connect to the one it came from"
CONNECT = "connect to it"
WRITES = "it takes writes"
UNTOUCHED = "the one it came from is untouched"
NOT_WITHIN_S = 1.0
"""So long a row of the other one is looked for; replication brings it in a tenth of that."""
_POLL_S = 0.02


class Apart(Exercise):
    """The checks on one such instance and the one it came from."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._dialect = dialect_of(scene.database)
        self._endpoint = main_endpoint(scene.database)
        self._origin_facts = self._find_origin()
        self._origin_endpoint = main_endpoint(self._origin_facts)
        self._credentials = Credentials(None, "")
        self._origin: Session
        self._sql: Session

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT_ORIGIN, self._connect_origin, opens=True),
            Check(CONNECT, self._connect, (CONNECT_ORIGIN,), opens=True),
            Check("settings as RDS reports them", self._settings, (CONNECT,)),
            Check("it follows nobody", self._follows_nobody, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(WRITES, self._write, (CLEAN,)),
            Check(UNTOUCHED, self._origin_untouched, (WRITES,)),
            Check("what that one writes does not arrive", self._nothing_arrives, (UNTOUCHED,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        for endpoint in (self._origin_endpoint, self._endpoint):
            sql = self._open(endpoint, deadline)
            try:
                said = self._dialect.drop_own_database(sql, "testdb", OWN)
            finally:
                sql.close()
        return f"{said} on both"

    def _open(self, endpoint: Endpoint, deadline: Deadline) -> Session:
        return self._dialect.open(endpoint, self._credentials, deadline, ca=self.scene.ca)

    def _find_origin(self) -> Database:
        found = self.scene.database
        # A replica on the way takes no writes: the beginning of its chain does.
        for _ in self.scene.databases:
            name = found.origin if found is self.scene.database else found.source
            if name is None:
                return found
            if name not in self.scene.databases:
                raise NoDeployment(
                    f"{self.scene.name} came from {name!r}, which is not among the stack's outputs"
                )
            found = self.scene.databases[name]
        return found

    def _connect_origin(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(self._origin_facts)
        self._origin = self._open(self._origin_endpoint, scene.deadline())
        self.opened.callback(self._origin.close)
        return f"{scene.database.origin} in {self._origin_facts.region}"

    def _connect(self) -> str:
        self._sql = self._open(self._endpoint, self.scene.deadline())
        self.opened.callback(self._sql.close)
        return f"{self._endpoint.host}:{self._endpoint.port}, by the same secret"

    def _settings(self) -> str:
        database = self.scene.database
        return judge(self.scene.cloud.instance(database.region, database.instances[0]), APART)

    def _follows_nobody(self) -> str:
        source = self._dialect.source_of(self._sql)
        if source is not None:
            raise StepFailed(f"it replicates from {source}")
        return "its server says so"

    def _clean(self) -> str:
        return ", ".join(
            f"{self._dialect.drop_own_database(sql, 'testdb', OWN)} {where}"
            for sql, where in ((self._origin, "there"), (self._sql, "here"))
        )

    def _write(self) -> str:
        self.began = True
        for statement in course.statements(self._dialect.users):
            self._sql.run(statement)
        return select_users(self._sql)

    def _origin_untouched(self) -> str:
        try:
            self._origin.run(f"{self._dialect.use}testdb")
        except Refused as error:
            if error.errno in self._dialect.not_there_yet:
                return "it has no testdb"
            raise
        raise StepFailed("the database that was made here is there, too")

    def _nothing_arrives(self) -> str:
        run = uuid.uuid4().hex
        self._origin.run("CREATE DATABASE testdb")
        self._origin.run(f"{self._dialect.use}testdb")
        self._origin.run("CREATE TABLE heartbeat (run CHAR(32) PRIMARY KEY)")
        self._origin.run("INSERT INTO heartbeat VALUES (%s)", (run,))
        window = self.scene.limit.within(NOT_WITHIN_S)
        while not window.expired:
            if self._sees(run):
                raise StepFailed("a row that was written there arrived")
            time.sleep(_POLL_S)
        return f"not within {NOT_WITHIN_S:g} s"

    def _sees(self, run: str) -> bool:
        try:
            return bool(self._sql.run("SELECT 1 FROM heartbeat WHERE run = %s", (run,)))
        except Refused as error:
            if error.errno in self._dialect.not_there_yet:
                return False
            raise


def replica(scene: Scene) -> Exercise:
    """The exercise of a read replica: of one that is promoted, that it is its own."""
    return Replica(scene) if scene.database.origin is None else Apart(scene)
