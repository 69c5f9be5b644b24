from __future__ import annotations

from typing import Any

import pytest

from verify.errors import StepFailed
from verify.expectations import CACHE, CLUSTER, INSTANCE, REPLICA, equals, judge

GOOD: dict[str, Any] = {
    "MultiAZ": True,
    "StorageType": "gp2",
    "AllocatedStorage": 20,
    "MaxAllocatedStorage": 100,
    "BackupRetentionPeriod": 7,
    "MonitoringInterval": 60,
    "MonitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring",
    "PubliclyAccessible": False,
    "StorageEncrypted": True,
}


def test_the_values_are_shown_in_one_line() -> None:
    said = judge(GOOD, INSTANCE)
    assert "MultiAZ True" in said
    assert "MonitoringRoleArn role/monitoring" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("MultiAZ", False, "MultiAZ is False, not True"),
        ("StorageType", None, "StorageType is None, not a value"),
        ("AllocatedStorage", 0, "AllocatedStorage is 0, not at least 1"),
        ("MaxAllocatedStorage", 20, "not more than AllocatedStorage (storage autoscaling)"),
        ("MaxAllocatedStorage", None, "not more than AllocatedStorage (storage autoscaling)"),
        ("BackupRetentionPeriod", 0, "BackupRetentionPeriod is 0, not at least 1"),
        ("MonitoringInterval", 0, "MonitoringInterval is 0, not at least 1"),
        ("MonitoringRoleArn", None, "MonitoringRoleArn is None, not a value"),
        ("PubliclyAccessible", True, "PubliclyAccessible is True, not False"),
        ("StorageEncrypted", False, "StorageEncrypted is False, not True"),
    ],
)
def test_each_setting_of_an_instance_can_fail(field: str, value: object, says: str) -> None:
    with pytest.raises(StepFailed) as failed:
        judge(GOOD | {field: value}, INSTANCE)
    assert says in str(failed.value)


def test_every_wrong_value_is_named_at_once() -> None:
    for expectations in (INSTANCE, REPLICA, CLUSTER, CACHE):
        with pytest.raises(StepFailed) as failed:
            judge({}, expectations)
        assert all(e.field in str(failed.value) for e in expectations)


@pytest.mark.parametrize("field", [e.field for e in CACHE])
def test_each_setting_of_a_cache_can_fail(field: str) -> None:
    good = {
        "MultiAZ": "enabled",
        "AutomaticFailover": "enabled",
        "SnapshotRetentionLimit": 1,
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "AuthTokenEnabled": True,
    }
    assert judge(good, CACHE)
    with pytest.raises(StepFailed, match=field):
        judge(good | {field: "disabled"}, CACHE)


def test_equals_shows_text_as_text() -> None:
    with pytest.raises(StepFailed, match=r"EngineVersion is '8\.0', not '8\.4\.11'"):
        judge({"EngineVersion": "8.0"}, [equals("EngineVersion", "8.4.11")])
    assert judge({}, [equals("DBName", None)]) == "DBName None"
