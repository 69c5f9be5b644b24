"""A migration between real servers: it passes, and each of its checks can fail."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest

from tests.localcloud.fleet_site import eventually
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.migrations import create_migrations
from verify import migration_rows
from verify.migration import CONNECTIONS, LATENCY, LOAD, SAME, STILL_SAME

LAG = re.compile(
    r"20 heartbeats, from commit to visible: p50 [\d.]+ ms, p95 [\d.]+ ms, max [\d.]+ ms"
)


@pytest.fixture(scope="module")
def facts(cloud: TestCloud) -> dict[str, Any]:
    return create_migrations(cloud)


@pytest.fixture
def verify(verify: Verify, facts: dict[str, Any]) -> Verify:
    verify.databases.update(deepcopy(facts))
    return verify


@contextmanager
def secret(cloud: TestCloud, name: str, **changes: Any) -> Iterator[None]:
    """An endpoint's secret with something else in it."""
    client = cloud.client("secretsmanager")
    before = client.get_secret_value(SecretId=name)["SecretString"]
    client.put_secret_value(
        SecretId=name, SecretString=json.dumps({**json.loads(before), **changes})
    )
    try:
        yield
    finally:
        client.put_secret_value(SecretId=name, SecretString=before)


def own_pid(cloud: TestCloud) -> int | None:
    """The worker of the exercise's own task."""
    try:
        return cloud.pid("task-move-verify")
    except LookupError:
        return None


@pytest.mark.parametrize("name", ["move", "move-serverless"])
def test_it_passes_twice_and_leaves_nothing(cloud: TestCloud, verify: Verify, name: str) -> None:
    for _ in range(2):
        done = verify(name)
        assert done.code == 0, done.out + done.err
        assert done.statuses == ({"passed"} if name == "move" else {"passed", "skipped"}), (
            done.exercises
        )
        assert re.fullmatch(r"6000 rows of 3 tables, [\d.]+ s", done.step(LOAD)[1])
        assert LAG.fullmatch(done.step(LATENCY)[1])
        assert "customers 2001 rows" in done.step(STILL_SAME)[1]
        assert done.step("stop the task")[1] == "Stop Reason NORMAL"
        assert done.step("clean up")[1] == ("removed the task and migrationtest on both sides")
    # The stack's own was never started.
    dms = cloud.client("dms")
    assert [t["Status"] for t in dms.describe_replication_tasks()["ReplicationTasks"]] == ["ready"]
    assert [r["Status"] for r in dms.describe_replications()["Replications"]] == ["created"]


def test_a_difference_on_the_target_is_named_by_its_key(
    verify: Verify, monkeypatch: pytest.MonkeyPatch, cloud: TestCloud
) -> None:
    host = verify.endpoint("aurora", "writer")["host"]
    tables = migration_rows.tables

    def bent(sql: Any) -> Any:
        # Somebody writes on the target, after the load and before the comparison.
        with cloud.login(host) as cursor:
            cursor.execute("UPDATE migrationtest.customers SET credit = 0.01 WHERE id = 17")
            cursor.execute("DELETE FROM migrationtest.purchases WHERE customer = 5 AND line = 1")
            cursor.execute("INSERT IGNORE migrationtest.heartbeat VALUES ('nobody', 7)")
        return tables(sql)

    monkeypatch.setattr(migration_rows, "tables", bent)
    done = verify("move")
    assert done.code == 1
    assert done.failed[SAME] == (
        "customers: 1 different (id 17: credit is '0.01', not '-983.17'); "
        "heartbeat: 1 only on the target (run nobody, beat 7); "
        "purchases: 1 missing on the target (customer 5, line 1)"
    )
    assert set(done.failed) == {SAME, STILL_SAME}
    assert done.step("clean up")[0] == "passed"


def test_a_wrong_secret_of_an_endpoint_fails_where_dms_says_so(
    cloud: TestCloud, verify: Verify
) -> None:
    with secret(cloud, "dms-target", password="wrong"):
        done = verify("move")
    assert done.code == 1
    said = done.failed[CONNECTIONS]
    assert said.startswith("target: Test Endpoint failed: ")
    assert "Access denied for user 'admin'" in said
    # DMS starts nothing over a connection that does not work.
    assert "Test connection for replication instance" in done.failed["create and start a task"]
    assert done.step(LOAD)[0] == "skipped"
    assert verify("move").code == 0


def test_a_worker_that_stands_still_fails_within_the_deadline(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = migration_rows.CHANGES
    timers: list[threading.Timer] = []

    class Stopping(tuple[str, ...]):
        def __iter__(self) -> Iterator[str]:
            pid = own_pid(cloud)
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            # The clean-up would wait for its end; after the deadline a new one is as good.
            timers.append(threading.Timer(8, os.kill, (pid, signal.SIGKILL)))
            timers[0].start()
            return iter(changes)

    monkeypatch.setattr(migration_rows, "CHANGES", Stopping(changes))
    try:
        # Long enough for every step before, also on a busy machine.
        done = verify("move", "--timeout", "5")
    finally:
        for timer in timers:
            timer.join()
    assert done.code == 1, done.out + done.err
    assert done.failed["inserts, updates and deletes arrive"] == (
        "heartbeat 0 did not reach the target within 5 s: the task does not follow the source's "
        "changes, or lags behind"
    )
    assert done.step(LATENCY)[0] == "skipped"
    assert done.seconds < 30
    monkeypatch.setattr(migration_rows, "CHANGES", changes)
    assert verify("move").code == 0


def test_a_source_that_is_silent_half_way_is_a_failed_step(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = migration_rows.rows
    pid = cloud.pid("source")

    def silent(*arguments: Any) -> Any:
        os.kill(pid, signal.SIGSTOP)
        return rows(*arguments)

    monkeypatch.setattr(migration_rows, "rows", silent)
    try:
        # Long enough that on a busy machine no step before it fails.
        done = verify("move", "--timeout", "6")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert done.code == 1
    assert "gave no answer within 6 s" in done.failed[SAME]
    assert done.seconds < 40
    monkeypatch.setattr(migration_rows, "rows", rows)
    again = verify("move")
    assert again.code == 0, again.failed
    # The clean-up removed the task and could not reach the source.
    assert done.failed["clean up"]
    assert "dropped migrationtest" in again.step("no leftovers of an earlier run")[1]


def test_rows_of_somebody_else_are_left_alone(cloud: TestCloud, verify: Verify) -> None:
    host = verify.endpoint("aurora", "writer")["host"]
    with cloud.login(host) as cursor:
        cursor.execute("CREATE DATABASE migrationtest")
        cursor.execute("CREATE TABLE migrationtest.customers (name VARCHAR(9))")
        cursor.execute("INSERT INTO migrationtest.customers VALUES ('mine')")
    try:
        said = verify("move").failed["no leftovers of an earlier run"]
    finally:
        with cloud.login(host) as cursor:
            cursor.execute("DROP DATABASE migrationtest")
    assert said.startswith("the database 'migrationtest' holds what no exercise makes")


def test_a_database_that_is_not_in_the_outputs_stops_only_the_migration(verify: Verify) -> None:
    verify.databases["move"]["migration"]["target"] = "gone"
    done = verify("move", "mysql")
    assert done.code == 2
    assert "move is between databases of which 'gone' is not among the stack's outputs" in done.err
    assert {e["status"] for e in done.exercises} == {"passed", "not-run"}


def test_a_task_that_dms_does_not_know_fails(verify: Verify) -> None:
    arn = verify.databases["move"]["migration"]["arn"]
    verify.databases["move"]["migration"]["arn"] = arn[:-3] + "XXX"
    said = verify("move").failed["settings as DMS reports them"]
    assert said.startswith("DMS knows no task arn:aws:dms:us-east-1:")


def test_the_worker_is_gone_afterwards(cloud: TestCloud, verify: Verify) -> None:
    assert verify("move").code == 0
    eventually(lambda: own_pid(cloud) is None, "no worker is left")
