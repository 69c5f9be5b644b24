"""A promoted replica, or a restored instance, stands by itself beside the one it came from."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable

from contract import Database
from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.endpoints import main_endpoint
from verify.errors import CannotRun, NoDeployment, Refused, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import APART, judge
from verify.instance import OWN, select_users
from verify.replica import Replica
from verify.sql import Sql, connect, open_connection
from verify.sql_checks import NOT_THERE_YET, drop_own_database

CONNECT_ORIGIN = "connect to the one it came from"
CONNECT = "connect to it"
WRITES = "it takes writes"
NOT_WITHIN_S = 1.0
"""So long a row of the other one is looked for; replication brings it in a tenth of that."""
_POLL_S = 0.02


class Apart(Exercise):
    """The checks on one such instance and the one it came from."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = main_endpoint(scene.database)
        self._origin_facts = self._find_origin()
        self._origin_endpoint = main_endpoint(self._origin_facts)
        self._credentials = Credentials(None, "")
        self._origin: Sql
        self._sql: Sql

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT_ORIGIN, self._connect_origin, opens=True),
            Check(CONNECT, self._connect, (CONNECT_ORIGIN,), opens=True),
            Check("settings as RDS reports them", self._settings, (CONNECT,)),
            Check("it follows nobody", self._follows_nobody, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(WRITES, self._write, (CLEAN,)),
            Check("the one it came from is untouched", self._origin_untouched, (WRITES,)),
            Check("what that one writes does not arrive", self._nothing_arrives, (WRITES,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        for endpoint in (self._origin_endpoint, self._endpoint):
            with connect(endpoint, self._credentials, deadline, ca=self.scene.ca) as sql:
                said = drop_own_database(sql, "testdb", OWN)
        return f"{said} on both"

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
        self._origin = open_connection(
            self._origin_endpoint, self._credentials, scene.deadline(), ca=scene.ca
        )
        self.opened.callback(self._origin.close)
        return f"{scene.database.origin} in {self._origin_facts.region}"

    def _connect(self) -> str:
        scene = self.scene
        self._sql = open_connection(
            self._endpoint, self._credentials, scene.deadline(), ca=scene.ca
        )
        self.opened.callback(self._sql.close)
        return f"{self._endpoint.host}:{self._endpoint.port}, by the same secret"

    def _settings(self) -> str:
        database = self.scene.database
        return judge(self.scene.cloud.instance(database.region, database.instances[0]), APART)

    def _follows_nobody(self) -> str:
        rows = self._sql.run("SHOW REPLICA STATUS")
        if rows:
            raise StepFailed(f"it replicates from {rows[0][1]}")
        return "SHOW REPLICA STATUS is empty"

    def _clean(self) -> str:
        return ", ".join(
            f"{drop_own_database(sql, 'testdb', OWN)} {where}"
            for sql, where in ((self._origin, "there"), (self._sql, "here"))
        )

    def _write(self) -> str:
        self.began = True
        for statement in course.statements(course.USERS):
            self._sql.run(statement)
        return select_users(self._sql)

    def _origin_untouched(self) -> str:
        found = self._origin.run(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'testdb'"
        )
        if found:
            raise StepFailed("the database that was made here is there, too")
        return "it has no testdb"

    def _nothing_arrives(self) -> str:
        run = uuid.uuid4().hex
        self._origin.run("CREATE DATABASE IF NOT EXISTS testdb")
        self._origin.run("CREATE TABLE testdb.heartbeat (run CHAR(32) PRIMARY KEY)")
        self._origin.run("INSERT INTO testdb.heartbeat VALUES (%s)", (run,))
        window = self.scene.limit.within(NOT_WITHIN_S)
        while not window.expired:
            if self._sees(run):
                raise StepFailed("a row that was written there arrived")
            time.sleep(_POLL_S)
        return f"not within {NOT_WITHIN_S:g} s"

    def _sees(self, run: str) -> bool:
        try:
            return bool(self._sql.run("SELECT 1 FROM testdb.heartbeat WHERE run = %s", (run,)))
        except Refused as error:
            if error.errno in NOT_THERE_YET:
                return False
            raise


def replica(scene: Scene) -> Exercise:
    """The exercise of a read replica: of one that is promoted, that it is its own."""
    if scene.database.origin is None:
        return Replica(scene)
    if scene.database.engine == "postgres":
        raise CannotRun(f"{scene.name}: there is no exercise for a promoted PostgreSQL replica")
    return Apart(scene)
