"""DMS: every row of a schema arrives in the other database, and every change to them after it."""

from __future__ import annotations

import statistics
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from contract import Database, Migration
from verify import migration_rows as own
from verify.aws import Credentials
from verify.comparison import differences, summary
from verify.deadline import Deadline
from verify.endpoints import main_endpoint
from verify.errors import DeadlineExceeded, NoDeployment, NotApplicable, StepFailed
from verify.exercise import CLEAN, Check, Exercise, Scene
from verify.expectations import equals, judge
from verify.migration_run import Run
from verify.migration_serverless import ServerlessRun
from verify.migration_target import TargetSide, dialect_of
from verify.migration_task import TaskRun
from verify.session import Session
from verify.sql_checks import drop_own_database

CONNECT_SOURCE = "connect to the source"
CONNECT_TARGET = "connect to the target"
CREATE = "create a schema on the source"
CONNECTIONS = "DMS reaches both databases"
START = "create and start a task"
LOAD = "full load"
SAME = "every table has the same rows"
CHANGE = "inserts, updates and deletes arrive"
LATENCY = "latency of changes"
STILL_SAME = "every table still has the same rows"
HEARTBEATS = 20
_POLL_S = 0.0005
_ENDPOINT = (equals("SslMode", "verify-full"), equals("Username", None))
"""Verified TLS, and a login from a secret, of which DMS reports nothing."""


class DataMigration(Exercise):
    """The checks on one migration and the two databases it is between."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._migration = self._facts()
        self._ends = {
            "source": self._find(self._migration.source),
            "target": self._find(self._migration.target),
        }
        kind = TaskRun if self._migration.runs_on == "instance" else ServerlessRun
        self._run: Run = kind(scene.cloud, scene.database.region, self._migration)
        self._credentials: dict[str, Credentials] = {}
        self._source: Session
        self._target: TargetSide

    def checks(self) -> Iterable[Check]:
        return (
            Check(CONNECT_SOURCE, lambda: self._connect("source"), opens=True),
            Check(CONNECT_TARGET, lambda: self._connect("target"), (CONNECT_SOURCE,), opens=True),
            Check("settings as DMS reports them", self._settings, (CONNECT_TARGET,)),
            Check("the source logs whole rows", self._logs_rows, (CONNECT_TARGET,)),
            Check(CLEAN, self._clean, (CONNECT_TARGET,)),
            Check(CREATE, self._create, (CLEAN,)),
            Check(CONNECTIONS, self._connections, (CREATE,)),
            Check(START, self._start, (CREATE,)),
            Check(LOAD, self._load, (START,)),
            Check(SAME, self._compare, (LOAD,)),
            Check(CHANGE, self._change, (LOAD,)),
            Check(LATENCY, self._latency, (CHANGE,)),
            Check(STILL_SAME, self._compare_again, (CHANGE,)),
            Check("stop the task", self._stop, (LOAD,)),
        )

    def clean_up(self, deadline: Deadline) -> str:
        removed = "the task and " if self._run.remove(deadline) else ""
        for role, database in self._ends.items():
            with closing(self._open(role, deadline)) as session:
                TargetSide(session, database).drop()
        return f"removed {removed}{own.SCHEMA} on both sides"

    def _facts(self) -> Migration:
        found = self.scene.database.migration
        if found is None:
            raise NoDeployment(f"{self.scene.name} is no migration; deploy with this version")
        return found

    def _find(self, name: str) -> Database:
        if name not in self.scene.databases:
            raise NoDeployment(
                f"{self.scene.name} is between databases of which {name!r} is not among the "
                "stack's outputs"
            )
        return self.scene.databases[name]

    def _connect(self, role: str) -> str:
        scene, database = self.scene, self._ends[role]
        endpoint = main_endpoint(database)
        self._credentials[role] = scene.credentials(database)
        session = self._open(role, scene.deadline())
        self.opened.callback(session.close)
        if role == "source":
            self._source = session
        else:
            self._target = TargetSide(session, database)
        return f"{getattr(self._migration, role)} at {endpoint.host}:{endpoint.port}"

    def _open(self, role: str, deadline: Deadline) -> Session:
        database = self._ends[role]
        endpoint, credentials = main_endpoint(database), self._credentials[role]
        return dialect_of(database).open(endpoint, credentials, deadline, ca=self.scene.ca)

    def _settings(self) -> str:
        said = []
        for endpoint in self._run.endpoints():
            said.append(f"{endpoint['EndpointIdentifier']}: {judge(endpoint, _ENDPOINT)}")
        if len(said) != len(self._ends):
            raise StepFailed(f"DMS reports {len(said)} endpoints of the migration, not 2")
        return "; ".join(said)

    def _logs_rows(self) -> str:
        if not self._run.deployed.follows_changes:
            raise NotApplicable("the migration follows no changes")
        ((log, how, image),) = self._source.run(
            "SELECT @@log_bin, @@binlog_format, @@binlog_row_image"
        )
        if not log or how != "ROW" or image != "FULL":
            raise StepFailed(
                f"log_bin is {log}, binlog_format {how}, binlog_row_image {image}; DMS needs 1, "
                "ROW and FULL (a cluster's parameters wait for a reboot of its writer)"
            )
        return f"binlog_format {how}, binlog_row_image {image}"

    def _clean(self) -> str:
        left = self._run.remove(self.scene.deadline())
        said = [drop_own_database(self._source, own.SCHEMA, own.OWN), self._target.drop()]
        return "; ".join([*(["removed a task"] if left else []), *said])

    def _create(self) -> str:
        self.began = True
        return f"{own.create(self._source)} rows in {len(own.TABLES)} tables"

    def _connections(self) -> str:
        return self._run.test_connections(self.scene.deadline())

    def _start(self) -> str:
        self._run.create()
        self._run.wait_until_created(self.scene.deadline())
        self._run.start()
        return f"{self._run.identifier} started, {self._run.need()['Status']}"

    def _load(self) -> str:
        started = time.monotonic()
        counted = self._run.wait_until_loaded(self.scene.deadline())
        seconds = time.monotonic() - started
        found = self._run.table_statistics()
        errors = [_where(t) for t in found if t["TableState"] != "Table completed"]
        if errors:
            raise StepFailed(f"not loaded: {', '.join(errors)}")
        rows = sum(t["FullLoadRows"] for t in found)
        return f"{rows} rows of {counted['TablesLoaded']} tables, {seconds:.2f} s"

    def _compare(self) -> str:
        said, wrong = [], []
        for table in own.tables(self._source):
            here, there = own.rows(self._source, table), self._target.rows(table)
            ours, theirs = summary(here), summary(there)
            said.append(f"{table.name} {ours.rows} rows, {ours.checksum[:12]}")
            if ours != theirs:
                wrong += differences(table, here, there)
        if wrong:
            raise StepFailed("; ".join(wrong))
        return "; ".join(said)

    def _change(self) -> str:
        if not self._run.deployed.follows_changes:
            raise NotApplicable("the migration follows no changes")
        for statement in own.CHANGES:
            self._source.run(statement)
        took = self._beat(uuid.uuid4().hex, 0)
        return f"{len(own.CHANGES)} statements, on the target after {1000 * took:.1f} ms"

    def _latency(self) -> str:
        # A token of this run: a task that is stuck may still show an earlier run's beats.
        run = uuid.uuid4().hex
        took = sorted(1000 * self._beat(run, beat) for beat in range(1, HEARTBEATS + 1))
        p95 = statistics.quantiles(took, n=20, method="inclusive")[-1]
        return (
            f"{HEARTBEATS} heartbeats, from commit to visible: p50 {statistics.median(took):.1f} "
            f"ms, p95 {p95:.1f} ms, max {took[-1]:.1f} ms"
        )

    def _beat(self, run: str, beat: int) -> float:
        """Seconds from a commit on the source until it is visible on the target."""
        statement = f"INSERT INTO {own.SCHEMA}.heartbeat (run, beat) VALUES (%s, %s)"
        self._source.run(statement, (run, beat))
        committed, deadline = time.monotonic(), self.scene.deadline()
        while not self._target.sees(run, beat):
            if deadline.expired:
                # Says more than the time, when DMS knows why.
                self._run.need()
                raise DeadlineExceeded(
                    f"heartbeat {beat} did not reach the target within {self.scene.wait_s:g} s: "
                    "the task does not follow the source's changes, or lags behind"
                )
            time.sleep(_POLL_S)
        return time.monotonic() - committed

    def _compare_again(self) -> str:
        # A last beat: what came before it in the log is on the target, too.
        self._beat(uuid.uuid4().hex, 0)
        return self._compare()

    def _stop(self) -> str:
        return self._run.stop(self.scene.deadline())


def _where(table: Mapping[str, Any]) -> str:
    return f"{table['SchemaName']}.{table['TableName']} ({table['TableState']})"


if __name__ == "__main__":
    from verify.cli import main

    sys.exit(main(exercises=("migration",)))
