"""A DMS task of the prod stack: rows a second of its full load, and how late changes arrive."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from bench.figure import Figure
from bench.sql import client_of, connected, database_of, rows
from bench.workspace import BenchFailed, Workspace

_STACK = "prod"
_SCHEMA = "bench_migration"
_TASK = "bench-migration"
_ROWS = 300_000
_BEATS = 200
_DEADLINE_S = 60.0
_POLL_S = 0.0005
_MAPPINGS = json.dumps({"rules": [{
    "rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include",
    "object-locator": {"schema-name": _SCHEMA, "table-name": "%"}, "filters": [],
}]})  # fmt: skip


def migrate(space: Workspace) -> list[Figure]:
    """Load and follow a table of ``_ROWS`` rows, and take everything away again."""
    databases = space.record(_STACK)["outputs"]["databases"]
    name = next(name for name, facts in databases.items() if facts.get("migration"))
    migration = databases[name]["migration"]
    dms = client_of(space, "dms", databases[name]["region"], _STACK)
    source, target = migration["source"], migration["target"]
    for side in (source, target):
        if "mysql" not in database_of(space, side, _STACK)["kind"]:
            raise BenchFailed(f"{side} of {name} is no MySQL; the measured table is MySQL's")
    with connected(space, source, _STACK) as here, connected(space, target, _STACK) as there:
        rows(here, f"CREATE DATABASE {_SCHEMA}")
        # Where its sequence tables are looked for.
        rows(here, f"USE {_SCHEMA}")
        rows(here, f"CREATE TABLE {_SCHEMA}.t (id INT PRIMARY KEY, name VARCHAR(50), "
                   "email VARCHAR(80), amount DECIMAL(10,2), made_at DATETIME)")  # fmt: skip
        rows(here, f"INSERT INTO {_SCHEMA}.t SELECT seq, CONCAT('user ', seq), "
                   "CONCAT('user', seq, '@example.com'), seq / 100, '2026-01-01 00:00:00' "
                   f"FROM seq_1_to_{_ROWS}")  # fmt: skip
        arn = _start(dms, migration["arn"])
        try:
            loaded = _load(dms, arn)
            copied = rows(there, f"SELECT COUNT(*) FROM {_SCHEMA}.t")[0][0]
            if copied != _ROWS:
                raise BenchFailed(f"{copied} of {_ROWS} rows were loaded")
            late = sorted(1000 * _beat(here, there, _ROWS + beat) for beat in range(1, _BEATS + 1))
        finally:
            _remove(dms, arn)
            for side in (here, there):
                rows(side, f"DROP DATABASE IF EXISTS {_SCHEMA}")
    p95 = statistics.quantiles(late, n=20, method="inclusive")[-1]
    return [
        Figure("DMS full load", _ROWS / loaded, 5000, "rows/s",
               f"{_ROWS:,} rows in {loaded:.2f} s, from the start of the task", at_least=True),
        Figure("DMS latency of changes, p95", p95, 500, "ms",
               f"{_BEATS} rows, p50 {statistics.median(late):.1f} ms, max {late[-1]:.1f} ms"),
    ]  # fmt: skip


def _start(dms: Any, stack_task: str) -> str:
    like = _task(dms, "replication-task-arn", stack_task)
    made = dms.create_replication_task(
        ReplicationTaskIdentifier=_TASK,
        SourceEndpointArn=like["SourceEndpointArn"],
        TargetEndpointArn=like["TargetEndpointArn"],
        ReplicationInstanceArn=like["ReplicationInstanceArn"],
        MigrationType="full-load-and-cdc",
        TableMappings=_MAPPINGS,
    )["ReplicationTask"]["ReplicationTaskArn"]
    _wait(dms, made, lambda task: task["Status"] == "ready", "is not ready")
    return str(made)


def _load(dms: Any, arn: str) -> float:
    started = time.monotonic()
    dms.start_replication_task(ReplicationTaskArn=arn, StartReplicationTaskType="start-replication")
    _wait(
        dms, arn,
        lambda task: (task.get("ReplicationTaskStats") or {}).get("FullLoadFinishDate") is not None,
        "did not finish its full load",
    )  # fmt: skip
    return time.monotonic() - started


def _beat(here: Any, there: Any, number: int) -> float:
    rows(here, f"INSERT INTO {_SCHEMA}.t (id) VALUES (%s)", (number,))
    committed = time.monotonic()
    while not rows(there, f"SELECT 1 FROM {_SCHEMA}.t WHERE id = %s", (number,)):
        if time.monotonic() > committed + _DEADLINE_S:
            raise BenchFailed(f"a change did not arrive within {_DEADLINE_S:.0f} s")
        time.sleep(_POLL_S)
    return time.monotonic() - committed


def _remove(dms: Any, arn: str) -> None:
    if _task(dms, "replication-task-arn", arn)["Status"] not in ("ready", "stopped", "failed"):
        dms.stop_replication_task(ReplicationTaskArn=arn)
        over = ("stopped", "failed")
        _wait(dms, arn, lambda task: task["Status"] in over, "did not stop")
    dms.delete_replication_task(ReplicationTaskArn=arn)


def _wait(dms: Any, arn: str, done: Any, otherwise: str) -> None:
    end = time.monotonic() + _DEADLINE_S
    while not done(_task(dms, "replication-task-arn", arn)):
        if time.monotonic() > end:
            raise BenchFailed(f"the task {_TASK} {otherwise} within {_DEADLINE_S:.0f} s")
        time.sleep(0.02)


def _task(dms: Any, name: str, value: str) -> dict[str, Any]:
    wanted = [{"Name": name, "Values": [value]}]
    found: dict[str, Any] = dms.describe_replication_tasks(Filters=wanted)["ReplicationTasks"][0]
    return found
