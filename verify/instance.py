"""Practice 1: an RDS instance takes the course's rows, and is set up as the course says."""

from __future__ import annotations

from collections.abc import Iterable

from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import dialect_of
from verify.endpoints import main_endpoint
from verify.errors import StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import INSTANCE, equals, judge
from verify.session import Session

CONNECT = "connect with a verified certificate"
CREATE = "create testdb.users and insert three rows"
OWN = {
    "users": f"(username, email) IN {(*sorted(course.THE_USERS), course.REFUSED_USER)}",
    "heartbeat": "TRUE",
}
"""What the exercises make in testdb: tables, and a condition for their rows."""


def select_users(sql: Session) -> str:
    """Prove that the course's SELECT returns the course's three rows."""
    rows = sql.run(course.SELECT_USERS)
    found = sorted((str(row[1]), str(row[2])) for row in rows)
    if found != sorted(course.THE_USERS):
        raise StepFailed(f"SELECT returned {found}, not the three rows")
    return f"{len(rows)} rows: {', '.join(name for name, _ in found)}"


class Instance(Exercise):
    """The checks on one RDS instance, in its engine's SQL."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._dialect = dialect_of(scene.database)
        self._endpoint = main_endpoint(scene.database)
        self._credentials = Credentials(None, "")
        self._sql: Session

    def checks(self) -> Iterable[Check]:
        dialect = self._dialect
        return (
            Check(CONNECT, self._connect, opens=True),
            Check("settings as RDS reports them", self._settings, (CONNECT,)),
            Check("TLS in use", lambda: dialect.tls_in_use(self._sql), (CONNECT,)),
            Check("a connection without TLS is refused", self._without_tls, (CONNECT,)),
            Check("a wrong CA is refused", self._wrong_ca, (CONNECT,)),
            Check(CLEAN, self._clean, (CONNECT,)),
            Check(CREATE, self._create, (CLEAN,)),
            Check("select the three rows", lambda: select_users(self._sql), (CREATE,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        sql = self._open(deadline)
        try:
            return self._dialect.drop_own_database(sql, "testdb", OWN)
        finally:
            sql.close()

    def _open(self, deadline: Deadline) -> Session:
        return self._dialect.open(self._endpoint, self._credentials, deadline, ca=self.scene.ca)

    def _connect(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(scene.database)
        self._sql = self._open(scene.deadline())
        self.opened.callback(self._sql.close)
        version = self._sql.run("SELECT VERSION()")[0][0]
        return f"{self._endpoint.host}:{self._endpoint.port}, server {version}"

    def _settings(self) -> str:
        database = self.scene.database
        reported = self.scene.cloud.instance(database.region, database.instances[0])
        own = (equals("EngineVersion", database.version), equals("DBName", database.database))
        return judge(reported, (*own, *INSTANCE))

    def _without_tls(self) -> str:
        return self._dialect.refused_without_tls(
            self._endpoint, self._credentials, self.scene.deadline()
        )

    def _wrong_ca(self) -> str:
        return self._dialect.refused_by_wrong_ca(
            self._endpoint, self._credentials, self.scene.deadline()
        )

    def _clean(self) -> str:
        return self._dialect.drop_own_database(self._sql, "testdb", OWN)

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(self._dialect.users):
            self._sql.run(statement)
        return "3 rows inserted"
