"""Practice 2: what the source commits arrives at the replica, and the replica takes no writes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from contract import Database
from verify import course
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.endpoints import main_endpoint
from verify.errors import NoDeployment, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import REPLICA, judge
from verify.heartbeats import create_heartbeats, lag
from verify.mysql import OWN, select_users
from verify.sql import Sql, connect, open_connection
from verify.sql_checks import READ_ONLY, drop_own_database, expect_read_only

CONNECT_SOURCE = "connect to the source"
CONNECT_REPLICA = "connect to the replica"
CREATE = "create testdb.users on the source"
ARRIVE = "rows arrive at the replica"


class Replica(Exercise):
    """The checks on one read replica and the database it copies."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._endpoint = main_endpoint(scene.database)
        self._source_facts = self._find_source()
        self._source_endpoint = main_endpoint(self._source_facts)
        self._credentials = Credentials(None, "")
        self._source: Sql
        self._replica: Sql

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
        with connect(self._source_endpoint, self._credentials, deadline, ca=self.scene.ca) as sql:
            return drop_own_database(sql, "testdb", OWN)

    def _find_source(self) -> Database:
        name = self.scene.database.source
        if name is None or name not in self.scene.databases:
            raise NoDeployment(
                f"{self.scene.name} replicates {name!r}, which is not among the stack's outputs"
            )
        return self.scene.databases[name]

    def _connect_source(self) -> str:
        scene = self.scene
        self._credentials = scene.credentials(self._source_facts)
        self._source = open_connection(
            self._source_endpoint,
            self._credentials,
            scene.deadline(),
            ca=scene.ca,
        )
        self.opened.callback(self._source.close)
        return f"{scene.database.source} in {self._source_facts.region}"

    def _connect_replica(self) -> str:
        scene = self.scene
        self._replica = open_connection(
            self._endpoint, self._credentials, scene.deadline(), ca=scene.ca
        )
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
        return drop_own_database(self._source, "testdb", OWN)

    def _create(self) -> str:
        self.began = True
        for statement in course.statements(course.USERS):
            self._source.run(statement)
        create_heartbeats(self._source, "testdb")
        return "3 rows inserted, and a table for heartbeats"

    def _lag(self) -> str:
        return lag(self.scene, self._source, self._replica, "testdb", "the replica")

    def _select(self) -> str:
        self._replica.run("USE testdb")
        return select_users(self._replica)

    def _insert(self) -> str:
        self._replica.run("USE testdb")
        return expect_read_only(self._replica, course.REFUSED_INSERT, frozenset({READ_ONLY}))


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("replica",)))
