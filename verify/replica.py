"""Practice 2: what the source commits arrives at the replica, and the replica takes no writes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from contract import Database, Endpoint
from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import dialect_of
from verify.endpoints import main_endpoint
from verify.errors import NoDeployment, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import REPLICA, judge
from verify.heartbeats import create_heartbeats, lag
from verify.instance import OWN, select_users
from verify.session import Session
from verify.sql_checks import expect_read_only

CONNECT_SOURCE = "connect to the source"
CONNECT_REPLICA = "connect to the replica"
CREATE = "create testdb.users on the source"
ARRIVE = "rows arrive at the replica"


class Replica(Exercise):
    """The checks on one read replica and the database it copies."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._dialect = dialect_of(scene.database)
        self._endpoint = main_endpoint(scene.database)
        self._source_facts = self._find_source(scene.database)
        self._source_endpoint = main_endpoint(self._find_writer())
        self._credentials = Credentials(None, "")
        self._source: Session
        self._replica: Session

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT_SOURCE, self._connect_source, opens=True),
            Check(CONNECT_REPLICA, self._connect_replica, (CONNECT_SOURCE,), opens=True),
            Check("settings as RDS reports them", self._settings, (CONNECT_REPLICA,)),
            Check(CLEAN, self._clean, (CONNECT_REPLICA,)),
            Check(CREATE, self._create, (CLEAN,)),
            Check(ARRIVE, self._lag, (CREATE,)),
            Check("select on the replica", self._select, (ARRIVE,)),
            Check("insert on the replica is refused", self._insert, (ARRIVE,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        sql = self._open(self._source_endpoint, deadline)
        try:
            return self._dialect.drop_own_database(sql, "testdb", OWN)
        finally:
            sql.close()

    def _open(self, endpoint: Endpoint, deadline: Deadline) -> Session:
        return self._dialect.open(endpoint, self._credentials, deadline, ca=self.scene.ca)

    def _find_source(self, replica: Database) -> Database:
        name = replica.source
        if name is None or name not in self.scene.databases:
            raise NoDeployment(
                f"{self.scene.name} replicates {name!r}, which is not among the stack's outputs"
            )
        return self.scene.databases[name]

    def _find_writer(self) -> Database:
        # The source may be a replica itself; what is written at the beginning comes through it.
        found = self._source_facts
        for _ in self.scene.databases:
            if found.source is None:
                return found
            found = self._find_source(found)
        raise NoDeployment(f"{self.scene.name} replicates itself, by the stack's outputs")

    def _connect_source(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(self._source_facts)
        self._source = self._open(self._source_endpoint, scene.deadline())
        self.opened.callback(self._source.close)
        return f"{scene.database.source} in {self._source_facts.region}"

    def _connect_replica(self) -> str:
        scene = self.scene
        self._replica = self._open(self._endpoint, scene.deadline())
        self.opened.callback(self._replica.close)
        return f"{self._endpoint.host}:{self._endpoint.port} in {scene.database.region}"

    def _settings(self) -> str:
        database = self.scene.database
        reported = self.scene.cloud.instance(database.region, database.instances[0])
        said = judge(reported, REPLICA)
        source = str(reported["ReadReplicaSourceDBInstanceIdentifier"]).rsplit(":", 1)[-1]
        if source not in self._source_facts.instances:
            raise StepFailed(
                f"it replicates {source!r}, not one of {list(self._source_facts.instances)}"
            )
        return said

    def _clean(self) -> str:
        return self._dialect.drop_own_database(self._source, "testdb", OWN)

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(self._dialect.users):
            self._source.run(statement)
        create_heartbeats(self._source)
        return "3 rows inserted, and a table for heartbeats"

    def _lag(self) -> str:
        return lag(self.scene, self._dialect, self._source, self._replica, "testdb", "the replica")

    def _select(self) -> str:
        return select_users(self._replica)

    def _insert(self) -> str:
        return expect_read_only(self._replica, course.REFUSED_INSERT, self._dialect.read_only)


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("replica",)))
