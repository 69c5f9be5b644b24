"""The dev stack as a newcomer meets it: the commands, their exit codes, what they leave."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mysql.connector
import psutil
import pytest
import yaml

from bench.workspace import Workspace
from tests.end_to_end.reach import as_administrator, connect, rds, servers

EXERCISES = {
    "mysql", "replica", "aurora", "serverless", "redis", "memcached", "backup", "security",
    "monitoring",
}  # fmt: skip
SKIPPED = {
    # The dev stack's pause is 300 s long: only who asks for it waits.
    "it pauses without connections",
    "a connection resumes it with every row",
    # Its config switches none of them on.
    "a change of a table is in the audit log",
    "Performance Insights knows the load",
    "activity streams are started",
}


@pytest.mark.timeout(300)
def test_every_exercise_passes_twice_in_a_row(deployed: Workspace, tmp_path: Path) -> None:
    for run in ("first", "second"):
        report = tmp_path / f"{run}.json"
        junit = tmp_path / f"{run}.xml"
        done = deployed.attempt("-m", "verify", "--json", str(report), "--junit", str(junit))
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(report.read_text())
        assert {e["name"] for e in found["exercises"]} == EXERCISES
        steps = [step for e in found["exercises"] for step in e["steps"]]
        assert len(steps) > 30
        assert {step["name"] for step in steps if step["status"] != "passed"} == SKIPPED
        assert {step["status"] for step in steps} == {"passed", "skipped"}
        assert len(ElementTree.parse(junit).getroot().findall(".//testcase")) == len(steps)


def test_a_second_up_changes_and_restarts_nothing(deployed: Workspace) -> None:
    before = {s["pid"] for s in servers(deployed)}
    done = deployed.attempt("-m", "localcloud", "up")
    assert done.returncode == 0, done.stderr
    assert "0 created" in done.stdout or "created" not in done.stdout, done.stdout
    assert {s["pid"] for s in servers(deployed)} == before


def test_rows_survive_a_sigkill_of_everything(deployed: Workspace) -> None:
    for name in ("mysql", "aurora"):
        with connect(deployed, name, "writer") as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE IF NOT EXISTS survives")
            cursor.execute("CREATE OR REPLACE TABLE survives.t (id INT PRIMARY KEY)")
            cursor.execute("INSERT INTO survives.t VALUES (1), (2), (3)")
    daemon = json.loads((deployed.state / "daemon.json").read_text())["pid"]
    for pid in [daemon, *(s["pid"] for s in servers(deployed) if s["alive"])]:
        os.kill(pid, signal.SIGKILL)
    deployed.run("-m", "localcloud", "up")
    for name in ("mysql", "aurora"):
        with connect(deployed, name, "writer") as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT COUNT(*) FROM survives.t")
            assert cursor.fetchall() == [(3,)]
            cursor.execute("DROP DATABASE survives")
    deployed.run("-m", "verify")


def test_a_changed_config_is_previewed_then_applied_and_taken_back(deployed: Workspace) -> None:
    stack = deployed.project / "Pulumi.dev.yaml"
    original = stack.read_text()
    config = yaml.safe_load(original)
    topologies = config["config"]["aws-databases:topologies"]
    del topologies["mysql-replica"]
    topologies["mysql"]["backups"]["retention_days"] = 9
    stack.write_text(yaml.safe_dump(config))
    identifiers = {i["DBInstanceIdentifier"] for i in _instances(deployed)}
    assert "myapp-mysql-replica" in identifiers
    try:
        preview = deployed.attempt("-m", "localcloud", "up", "--preview")
        assert preview.returncode == 0, preview.stderr
        assert "mysql-replica" in preview.stdout
        assert {i["DBInstanceIdentifier"] for i in _instances(deployed)} == identifiers
        deployed.run("-m", "localcloud", "up")
        changed = {i["DBInstanceIdentifier"]: i for i in _instances(deployed)}
        assert identifiers - set(changed) == {"myapp-mysql-replica"}
        assert changed["myapp-mysql-db"]["BackupRetentionPeriod"] == 9
    finally:
        stack.write_text(original)
        deployed.run("-m", "localcloud", "up")
    assert {i["DBInstanceIdentifier"] for i in _instances(deployed)} == identifiers
    deployed.run("-m", "verify", "replica")


def test_a_changed_capacity_is_applied_in_place(deployed: Workspace) -> None:
    stack = deployed.project / "Pulumi.dev.yaml"
    original = stack.read_text()
    config = yaml.safe_load(original)
    serverless = config["config"]["aws-databases:topologies"]["aurora-serverless"]
    serverless["capacity"] = {"min_acu": 2, "max_acu": 32}
    stack.write_text(yaml.safe_dump(config))
    before = {s["pid"] for s in servers(deployed)}
    try:
        done = deployed.attempt("-m", "localcloud", "up")
        assert done.returncode == 0, done.stderr
        assert "aurora-serverless-cluster [serverlessv2ScalingConfiguration]" in done.stdout
        assert _scaling(deployed) == {"MinCapacity": 2.0, "MaxCapacity": 32.0}
        assert {s["pid"] for s in servers(deployed)} == before
    finally:
        stack.write_text(original)
        deployed.run("-m", "localcloud", "up")
    course = {"MinCapacity": 0.0, "MaxCapacity": 16.0, "SecondsUntilAutoPause": 300}
    assert _scaling(deployed) == course


def _scaling(space: Workspace) -> dict[str, Any]:
    found = rds(space).describe_db_clusters(DBClusterIdentifier="myapp-aurora-serverless")
    scaling: dict[str, Any] = found["DBClusters"][0]["ServerlessV2ScalingConfiguration"]
    return scaling


def _instances(space: Workspace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rds(space).describe_db_instances()["DBInstances"]
    return found


def test_a_stopped_server_is_no_hang_and_is_replaced(deployed: Workspace) -> None:
    instance = next(s for s in servers(deployed) if s["identifier"] == "myapp-mysql-db")
    os.kill(instance["pid"], signal.SIGSTOP)
    started = time.monotonic()
    # Who comes in time for the new server finds everything as it was.
    done = deployed.attempt("-m", "verify", "mysql", "--timeout", "5", timeout_s=60)
    assert done.returncode in (0, 1, 2), done.stdout
    assert "Traceback" not in done.stderr
    assert time.monotonic() - started < 30
    end = time.monotonic() + 30
    while psutil.pid_exists(instance["pid"]):
        assert time.monotonic() < end, "a server that is stopped is ended"
        time.sleep(0.1)
    deployed.run("-m", "verify", "mysql")


def test_a_replica_that_does_not_replicate_fails_the_replica_exercise(
    deployed: Workspace,
) -> None:
    with (
        pytest.raises(mysql.connector.Error) as refused,
        connect(deployed, "mysql-replica", "reader") as connection,
    ):
        connection.cursor().execute("STOP SLAVE")
    assert refused.value.errno == 1227, "the master user must not be able to stop replication"
    replica = next(s for s in servers(deployed) if s["identifier"] == "myapp-mysql-replica")
    host = replica["address"].partition(":")[0]
    as_administrator(deployed, host, "STOP SLAVE")
    try:
        done = deployed.attempt("-m", "verify", "replica", "--timeout", "5", timeout_s=90)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
    finally:
        as_administrator(deployed, host, "START SLAVE")
    deployed.run("-m", "verify", "replica")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-m", "localcloud", "up", "--stack", "nowhere"), "Pulumi.nowhere.yaml"),
        (("-m", "verify", "--stack", "nowhere"), "nowhere"),
        (("-m", "verify", "nonsense"), "nonsense"),
    ],
)
def test_bad_input_is_one_clear_message(
    deployed: Workspace, arguments: tuple[str, ...], says: str
) -> None:
    done = deployed.attempt(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_config_error_names_the_path_and_creates_nothing(deployed: Workspace) -> None:
    stack = deployed.project / "Pulumi.dev.yaml"
    original = stack.read_text()
    config = yaml.safe_load(original)
    config["config"]["aws-databases:topologies"]["aurora"]["class"] = "db.t3.small"
    config["config"]["aws-databases:topologies"]["mysql-replica"]["source"] = "mysqll"
    stack.write_text(yaml.safe_dump(config))
    try:
        done = deployed.attempt("-m", "localcloud", "up")
    finally:
        stack.write_text(original)
    assert done.returncode == 2
    assert "topologies.aurora" in done.stderr
    assert "topologies.mysql-replica" in done.stderr
    assert "Traceback" not in done.stderr


def test_down_leaves_no_process_and_up_brings_everything_back(deployed: Workspace) -> None:
    with connect(deployed, "mysql", "writer") as connection:
        connection.cursor().execute("CREATE DATABASE IF NOT EXISTS kept")
    deployed.run("-m", "localcloud", "down")
    left = [
        p.info["cmdline"]
        for p in psutil.process_iter(["cmdline"])
        if str(deployed.state) in " ".join(p.info["cmdline"] or [])
    ]
    assert left == []
    done = deployed.attempt("-m", "verify", "mysql", "--timeout", "5")
    assert done.returncode == 2, (
        "a stack that is down could not be verified, which is not a failure"
    )
    assert "`python -m localcloud up` starts it again" in done.stderr
    deployed.run("-m", "localcloud", "up")
    with connect(deployed, "mysql", "writer") as connection:
        connection.cursor().execute("DROP DATABASE kept")
