"""Practice 1: the RDS MySQL instance takes the course's rows, and is set up as the course says."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.endpoints import main_endpoint
from verify.errors import StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import INSTANCE, equals, judge
from verify.sql import Sql, connect, open_connection
from verify.sql_checks import (
    drop_own_database,
    refused_by_wrong_ca,
    refused_without_tls,
    tls_in_use,
)

CONNECT = "connect with a verified certificate"
CREATE = "create testdb.users and insert three rows"
OWN = {
    "users": f"(username, email) IN {(*sorted(course.THE_USERS), course.REFUSED_USER)}",
    "heartbeat": "TRUE",
}
"""What the exercises make in testdb: tables, and a condition for their rows."""


def select_users(sql: Sql) -> str:
    """Prove that the course's SELECT returns the course's three rows."""
    rows = sql.run(course.SELECT_USERS)
    found = sorted((str(row[1]), str(row[2])) for row in rows)
    if found != sorted(course.THE_USERS):
        raise StepFailed(f"SELECT returned {found}, not the three rows")
    return f"{len(rows)} rows: {', '.join(name for name, _ in found)}"


class MySQL(Exercise):
    """The checks on one RDS MySQL instance."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = main_endpoint(scene.database)
        self._credentials = Credentials(None, "")
        self._sql: Sql

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT, self._connect, opens=True),
            Check("settings as RDS reports them", self._settings, (CONNECT,)),
            Check("TLS in use", lambda: tls_in_use(self._sql), (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(CREATE, self._create, (CLEAN,)),
            Check("select the three rows", lambda: select_users(self._sql), (CREATE,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        with connect(self._endpoint, self._credentials, deadline, ca=self.scene.ca) as sql:
            return drop_own_database(sql, "testdb", OWN)

    def _connect(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(scene.database)
        self._sql = open_connection(
            self._endpoint, self._credentials, scene.deadline(), ca=scene.ca
        )
        self.opened.callback(self._sql.close)
        version = self._sql.run("SELECT VERSION()")[0][0]
        return f"{self._endpoint.host}:{self._endpoint.port}, server {version}"

    def _settings(self) -> str:
        database = self.scene.database
        reported = self.scene.cloud.instance(database.region, database.instances[0])
        own = (equals("EngineVersion", database.version), equals("DBName", database.database))
        return judge(reported, (*own, *INSTANCE))

    def _without_tls(self) -> str:
        return refused_without_tls(self._endpoint, self._credentials, self.scene.deadline())

    def _wrong_ca(self) -> str:
        return refused_by_wrong_ca(self._endpoint, self._credentials, self.scene.deadline())

    def _clean(self) -> str:
        return drop_own_database(self._sql, "testdb", OWN)

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(course.USERS):
            self._sql.run(statement)
        return "3 rows inserted"


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("mysql",)))
