"""The alarms of a migration, each by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from specs.alarm import Alarm
from specs.migration import Migration
from specs.migration_alarms import migration_alarms
from tests.specs.test_migration import INSTANCE, MIGRATION, SERVERLESS

OF_INSTANCE = (("ReplicationInstanceIdentifier", "move"),)
OF_TASK = (*OF_INSTANCE, ("ReplicationTaskIdentifier", "move"))
TABLE = {
    # what: metric, dimensions, comparison, threshold, statistic, minutes, without data
    "cpu": ("CPUUtilization", OF_INSTANCE, "over", 80, "Average", 15, "missing"),
    "memory": ("FreeableMemory", OF_INSTANCE, "under", (4 << 30) // 20, "Average", 5, "missing"),
    "storage": ("FreeStorageSpace", OF_INSTANCE, "under", 5e9, "Minimum", 5, "missing"),
    "source-latency": ("CDCLatencySource", OF_TASK, "over", 300, "Maximum", 5, "notBreaching"),
    "target-latency": ("CDCLatencyTarget", OF_TASK, "over", 300, "Maximum", 5, "notBreaching"),
}


def alarms(**changes: Any) -> dict[str, Alarm]:
    migration = Migration.model_validate(MIGRATION | changes)
    return {alarm.what: alarm for alarm in migration_alarms(migration)}


def test_every_alarm_of_an_instance() -> None:
    found = alarms()
    keys = ("metric", "dimensions", "comparison", "threshold", "statistic", "periods", "missing")
    assert {
        what: tuple(asdict(alarm)[key] for key in keys) for what, alarm in found.items()
    } == TABLE
    assert {alarm.namespace for alarm in found.values()} == {"AWS/DMS"}
    assert {alarm.source for alarm in found.values()} == {"move"}
    assert all(alarm.why for alarm in found.values())


def test_a_full_load_is_never_late() -> None:
    assert set(alarms(mode="full-load")) == {"cpu", "memory", "storage"}


def test_serverless_has_none() -> None:
    assert alarms(capacity=SERVERLESS) == {}


def test_thresholds_follow_the_instance() -> None:
    found = alarms(capacity=INSTANCE | {"class": "dms.r5.large", "storage_gb": 200})
    assert found["memory"].threshold == (16 << 30) // 20
    assert found["storage"].threshold == 20e9


@pytest.mark.parametrize(
    ("identifier", "ending"),
    [
        ("move", "move"),
        ("a" * 31, "a" * 31),
        ("orders-of-the-east-to-the-new-catalog", "orders-of-the-east-to-"),
    ],
)
def test_a_task_is_named_before_it_is_there(identifier: str, ending: str) -> None:
    task = Migration.model_validate(MIGRATION | {"identifier": identifier}).task_identifier
    assert task.startswith(ending.rstrip("-"))
    assert len(task) <= 31
    assert not task.endswith("-")
    assert "--" not in task


def test_two_long_names_are_two_tasks() -> None:
    long = "orders-of-the-east-to-the-new-catalog"
    names = (f"{long}-1", f"{long}-2")
    tasks = {Migration.model_validate(MIGRATION | {"identifier": n}).task_identifier for n in names}
    assert len(tasks) == 2
