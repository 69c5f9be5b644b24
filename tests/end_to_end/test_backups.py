"""Promotion, cascading replicas and a declared restore, as changes of a stack's config."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from bench.workspace import Workspace, workspace
from tests.addresses import prefix
from tests.end_to_end.reach import connect, rds, servers

NEAR, FAR = "mysql-replica", "mysql-replica-west"


class Stack:
    """The dev stack's MySQL part, to be changed and deployed."""

    def __init__(self, space: Workspace) -> None:
        self.space = space
        self._file = space.project / "Pulumi.dev.yaml"
        self._config = yaml.safe_load(self._file.read_text())
        for name in set(self.topologies) - {"mysql", NEAR, FAR}:
            del self.topologies[name]
        self.topologies[NEAR]["backups"] = {"retention_days": 3}
        # The one in the west copies the one in the east, which copies the instance.
        self.topologies[FAR]["source"] = NEAR
        self.up()

    @property
    def topologies(self) -> dict[str, Any]:
        found: dict[str, Any] = self._config["config"]["aws-databases:topologies"]
        return found

    def attempt(self) -> Any:
        self._file.write_text(yaml.safe_dump(self._config))
        return self.space.attempt("-m", "localcloud", "up")

    def up(self) -> str:
        done = self.attempt()
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    def instance(self, name: str) -> dict[str, Any]:
        facts = self.space.record()["outputs"]["databases"][name]
        found: dict[str, Any] = rds(self.space, facts["region"]).describe_db_instances(
            DBInstanceIdentifier=facts["instances"][0]
        )["DBInstances"][0]
        return found

    def verify(self, *names: str) -> dict[str, set[str]]:
        """Statuses of the steps, by database."""
        report = self.space.project / "report.json"
        done = self.space.attempt("-m", "verify", *names, "--json", str(report))
        assert done.returncode == 0, done.stdout + done.stderr
        exercises = json.loads(report.read_text())["exercises"]
        return {e["database"]: {s["status"] for s in e["steps"]} for e in exercises}

    def rows(self, name: str, role: str = "writer") -> list[Any]:
        with connect(self.space, name, role) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT id FROM kept.t ORDER BY id")
            return [row[0] for row in cursor.fetchall()]

    def insert(self, name: str, number: int) -> None:
        with connect(self.space, name, "writer") as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE IF NOT EXISTS kept")
            cursor.execute("CREATE TABLE IF NOT EXISTS kept.t (id INT PRIMARY KEY)")
            cursor.execute("INSERT INTO kept.t VALUES (%s)", (number,))


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with workspace(prefix=prefix(87)) as space:
        yield Stack(space)


@pytest.fixture(scope="module")
def cascaded(stack: Stack) -> Stack:
    """The replica of a replica works, and there is a row everywhere."""
    assert stack.instance(FAR)["ReadReplicaSourceDBInstanceIdentifier"].endswith(
        "db:myapp-mysql-replica"
    )
    assert stack.instance(NEAR)["BackupRetentionPeriod"] == 3
    passed = {"passed"}
    assert stack.verify("replica") == {NEAR: passed, FAR: passed}
    stack.insert("mysql", 1)
    assert "created" not in stack.up()
    return stack


@pytest.fixture(scope="module")
def promoted(cascaded: Stack) -> Stack:
    """The near replica is promoted, and another instance is restored beside it."""
    stack = cascaded
    before = stack.instance(NEAR)["DbiResourceId"]
    stack.topologies[NEAR]["role"] = "standalone"
    stack.topologies["restored"] = {
        "kind": "restored-instance",
        "source": "mysql",
        "at": "latest",
        "identifier": "myapp-mysql-restored",
        "class": "db.t3.micro",
        "apply_changes": "immediately",
        "lifetime": "disposable",
    }
    said = stack.up()
    assert "updated" in said
    # Promoted where it stands: it is the same instance.
    assert stack.instance(NEAR)["DbiResourceId"] == before
    return stack


def test_a_promoted_replica_takes_writes_of_its_own(promoted: Stack) -> None:
    shown = promoted.instance(NEAR)
    assert "ReadReplicaSourceDBInstanceIdentifier" not in shown
    assert shown["BackupRetentionPeriod"] == 3
    facts = promoted.space.record()["outputs"]["databases"][NEAR]
    assert [e["role"] for e in facts["endpoints"]] == ["writer", "instance"]
    assert (facts["source"], facts["origin"]) == (None, "mysql")
    promoted.insert("mysql", 2)
    promoted.insert(NEAR, 3)
    assert promoted.rows("mysql") == [1, 2]
    assert promoted.rows(NEAR) == [1, 3]
    passed = {"passed"}
    # The far one goes on copying the near one, whoever that follows.
    assert promoted.verify("replica", "restored") == {NEAR: passed, FAR: passed, "restored": passed}


def test_a_restored_instance_has_what_was_there(promoted: Stack) -> None:
    assert promoted.rows("restored") == [1]
    shown = promoted.instance("restored")
    assert shown["BackupRetentionPeriod"] == 7
    assert shown["PreferredBackupWindow"] == "03:00-04:00"
    assert shown["DBParameterGroups"][0]["DBParameterGroupName"].startswith("restored-parameters-")


def test_the_next_up_changes_nothing(promoted: Stack) -> None:
    before = {server["pid"] for server in servers(promoted.space)}
    said = promoted.up()
    assert not {"created", "updated", "replaced", "deleted"} & set(said.split())
    assert {server["pid"] for server in servers(promoted.space)} == before


def test_a_promotion_is_not_taken_back(promoted: Stack) -> None:
    promoted.topologies[NEAR]["role"] = "replica"
    try:
        done = promoted.attempt()
    finally:
        promoted.topologies[NEAR]["role"] = "standalone"
    assert done.returncode == 2, done.stdout
    assert "cannot elect new source database for replication" in done.stdout + done.stderr
    assert 3 in promoted.rows(NEAR)
    promoted.up()


def test_everything_survives_kills(promoted: Stack) -> None:
    before = {name: promoted.rows(name) for name in ("mysql", NEAR, "restored")}
    space = promoted.space
    daemon = json.loads((space.state / "daemon.json").read_text())["pid"]
    for pid in [daemon, *(server["pid"] for server in servers(space))]:
        os.kill(pid, signal.SIGKILL)
    promoted.up()
    assert {name: promoted.rows(name) for name in before} == before
    assert promoted.verify("backup")["mysql"] == {"passed"}


def test_another_moment_is_another_instance_and_the_first_one_goes(promoted: Stack) -> None:
    before = promoted.instance("restored")["DbiResourceId"]
    rds(promoted.space).create_db_snapshot(
        DBSnapshotIdentifier="by-hand", DBInstanceIdentifier="myapp-mysql-db"
    )
    promoted.topologies["restored"]["at"] = {"snapshot": "by-hand"}
    assert "replaced" in promoted.up()
    assert promoted.instance("restored")["DbiResourceId"] != before
    assert promoted.rows("restored") == promoted.rows("mysql")


def test_what_the_config_no_longer_has_is_deleted(promoted: Stack) -> None:
    del promoted.topologies["restored"]
    promoted.up()
    client = rds(promoted.space)
    names = {i["DBInstanceIdentifier"] for i in client.describe_db_instances()["DBInstances"]}
    assert names == {"myapp-mysql-db", "myapp-mysql-replica"}
    assert not list(promoted.space.state.glob("servers/*restored*"))
    left = {s["DBInstanceIdentifier"] for s in client.describe_db_snapshots()["DBSnapshots"]}
    assert "myapp-mysql-restored" not in left
