"""Which call and which arguments make a restored instance, by the API's own model."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from localcloud.provider.rds_instances import Instance
from localcloud.provider.rds_restores import (
    FROM_SNAPSHOT,
    TO_MOMENT,
    modified_later,
    restore_arguments,
    restore_call,
)

INPUTS: dict[str, Any] = {
    "region": "us-east-1",
    "identifier": "before",
    "instanceClass": "db.t3.micro",
    "multiAz": False,
    "storageEncrypted": True,
    "storageType": "gp2",
    "maxAllocatedStorage": 100.0,
    "dbSubnetGroupName": "subnets",
    "parameterGroupName": "parameters",
    "vpcSecurityGroupIds": ["sg-1"],
    "backupRetentionPeriod": 7.0,
    "maintenanceWindow": "sun:04:30-sun:05:30",
    "monitoringInterval": 60.0,
    "skipFinalSnapshot": True,
    "applyImmediately": True,
    "tags": {"Name": "before"},
}
SNAPSHOT = INPUTS | {"snapshotIdentifier": "a"}
MOMENT = INPUTS | {
    "restoreToPointInTime": {
        "restoreTime": "2026-11-20T12:00:00Z",
        "sourceDbInstanceIdentifier": "source",
    }
}
CALLED = {
    "DBInstanceClass": "db.t3.micro",
    "MultiAZ": False,
    "StorageType": "gp2",
    "DBSubnetGroupName": "subnets",
    "DBParameterGroupName": "parameters",
    "VpcSecurityGroupIds": ["sg-1"],
    "BackupRetentionPeriod": 7,
    "Tags": [{"Key": "Name", "Value": "before"}],
}


@pytest.fixture(scope="module")
def client() -> Any:
    return boto3.client(
        "rds", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.mark.parametrize(
    ("inputs", "operation"),
    [
        (INPUTS, None),
        (INPUTS | {"snapshotIdentifier": None, "restoreToPointInTime": None}, None),
        (SNAPSHOT, FROM_SNAPSHOT),
        (MOMENT, TO_MOMENT),
    ],
)
def test_the_call(inputs: dict[str, Any], operation: str | None) -> None:
    assert restore_call(inputs) == operation


def test_the_arguments_for_a_snapshot(client: Any) -> None:
    assert restore_arguments(client, FROM_SNAPSHOT, SNAPSHOT, Instance.names) == CALLED | {
        "DBInstanceIdentifier": "before",
        "DBSnapshotIdentifier": "a",
    }


def test_the_arguments_for_a_moment(client: Any) -> None:
    assert restore_arguments(client, TO_MOMENT, MOMENT, Instance.names) == CALLED | {
        "TargetDBInstanceIdentifier": "before",
        "SourceDBInstanceIdentifier": "source",
        "RestoreTime": "2026-11-20T12:00:00Z",
        "MaxAllocatedStorage": 100,
    }


@pytest.mark.parametrize(
    ("operation", "inputs", "more"),
    [(FROM_SNAPSHOT, SNAPSHOT, {"maxAllocatedStorage"}), (TO_MOMENT, MOMENT, set())],
)
def test_what_a_modify_call_brings(
    client: Any, operation: str, inputs: dict[str, Any], more: set[str]
) -> None:
    found = modified_later(client, operation, inputs, Instance.names) - Instance.ours
    assert found == {"maintenanceWindow", "monitoringInterval"} | more


def test_what_the_backups_bring_is_in_neither_call(client: Any) -> None:
    brought = {
        "engine": "mysql",
        "engineVersion": "8.4",
        "username": "admin",
        "dbName": "d",
        "allocatedStorage": 20.0,
        "kmsKeyId": "arn",
        "storageEncrypted": True,
    }
    inputs = MOMENT | brought
    assert (
        restore_arguments(client, TO_MOMENT, inputs, Instance.names)
        .keys()
        .isdisjoint({"Engine", "DBName", "AllocatedStorage", "KmsKeyId", "MasterUsername"})
    )
    assert not modified_later(client, TO_MOMENT, inputs, Instance.names) & brought.keys()
