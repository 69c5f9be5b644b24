from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.monitoring_role import MonitoringRole
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.restored_instance import RestoredInstance, RestoredInstanceArgs
from specs.rds_mysql import RdsMysql as SourceSpec
from specs.restored_instance import RestoredInstance as Spec
from tests.components.ground import ground, inputs
from tests.components.test_read_replica import SOURCE
from tests.recorder import Recording, record

SPEC: dict[str, Any] = {
    "kind": "restored-instance",
    "source": "mysql",
    "at": "2026-11-20T12:00:00Z",
    "identifier": "myapp-mysql-before",
    "class": "db.t3.micro",
    "availability": "single-az",
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
CHILDREN = {
    "before-access": "aws-databases:index:DatabaseSecurityGroup",
    "before-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "before-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "before-subnets": "aws:rds/subnetGroup:SubnetGroup",
    "before-parameters": "aws:rds/parameterGroup:ParameterGroup",
    "before-instance": "aws:rds/instance:Instance",
}
INSTANCE = {
    "region": "us-east-1",
    "identifier": "myapp-mysql-before",
    "restoreToPointInTime": {
        "restoreTime": "2026-11-20T12:00:00Z",
        "sourceDbInstanceIdentifier": "myapp-mysql-db",
    },
    "instanceClass": "db.t3.micro",
    "multiAz": False,
    "storageEncrypted": True,
    "storageType": "gp2",
    "maxAllocatedStorage": 100,
    "dbSubnetGroupName": "before-subnets-1a2b3c4",
    "parameterGroupName": "before-parameters-1a2b3c4",
    "vpcSecurityGroupIds": ["before-access-group-id"],
    "publiclyAccessible": False,
    "autoMinorVersionUpgrade": True,
    # RDS gives it its source's; another value would be a change after the restore.
    "backupRetentionPeriod": 7,
    "backupWindow": "03:00-04:00",
    "maintenanceWindow": "sun:04:30-sun:05:30",
    "copyTagsToSnapshot": True,
    "applyImmediately": True,
    "deletionProtection": False,
    "skipFinalSnapshot": True,
}
"""Nowhere: engine, engineVersion, username, password, dbName, allocatedStorage and kmsKeyId, which
the backups bring."""


def made(source: dict[str, Any] | None = None, **changes: Any) -> Recording:
    wanted = Spec.model_validate(SPEC | changes)
    copied = SourceSpec.model_validate(SOURCE | (source or {}))

    def program() -> None:
        here = ground()
        role = MonitoringRole("monitoring") if wanted.enhanced_monitoring else None
        mysql = RdsMysql("mysql", RdsMysqlArgs(copied, here.network, here.key))
        args = RestoredInstanceArgs(wanted, mysql, "mysql", here.network, role)
        pulumi.export("facts", RestoredInstance("before", args).facts)

    return record(program)


def test_its_children_and_inputs() -> None:
    recording = made()
    assert recording.below("before") == CHILDREN
    assert inputs(recording, "before-instance") == INSTANCE
    assert inputs(recording, "before-subnets") == {
        "region": "us-east-1",
        "description": "Zones of myapp-mysql-before",
        "subnetIds": [f"subnet-us-east-1-{zone}" for zone in "abcdf"],
    }
    assert inputs(recording, "before-parameters") == {
        "region": "us-east-1",
        "family": "mysql8.4",
        "description": "Parameters of myapp-mysql-before",
        "parameters": inputs(recording, "mysql-parameters")["parameters"],
    }


WITHOUT_MOMENT = {key: value for key, value in INSTANCE.items() if key != "restoreToPointInTime"}


@pytest.mark.parametrize(
    ("at", "made_of"),
    [
        (
            "latest",
            {
                "restoreToPointInTime": {
                    "useLatestRestorableTime": True,
                    "sourceDbInstanceIdentifier": "myapp-mysql-db",
                }
            },
        ),
        ({"snapshot": "before-migration"}, {"snapshotIdentifier": "before-migration"}),
    ],
)
def test_what_it_is_made_of(at: Any, made_of: dict[str, Any]) -> None:
    # Both together are refused.
    assert inputs(made(at=at), "before-instance") == WITHOUT_MOMENT | made_of


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("multi-az", {"availability": "multi-az"}, {"multiAz": True}),
    ("another class", {"class": "db.t3.small"}, {"instanceClass": "db.t3.small"}),
    (
        "protected",
        {"lifetime": "protected"},
        {
            "deletionProtection": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": "myapp-mysql-before-final",
        },
    ),
    (
        "with enhanced monitoring",
        {"enhanced_monitoring": {"interval_seconds": 5}},
        {
            "monitoringInterval": 5,
            "monitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring-role",
        },
    ),
    (
        "changes in the maintenance window",
        {"apply_changes": "maintenance-window"},
        {"applyImmediately": False},
    ),
    (
        "another source",
        {
            "source": {
                "storage": {"type": "gp3", "size_gb": 20, "autoscale_to_gb": 50},
                "engine_version": "8.4.8",
                "backups": {"retention_days": 30, "window": "01:00-02:00"},
            }
        },
        {
            "storageType": "gp3",
            "maxAllocatedStorage": 50,
            "autoMinorVersionUpgrade": False,
            "backupRetentionPeriod": 30,
            "backupWindow": "01:00-02:00",
        },
    ),
]


@pytest.mark.parametrize(
    ("changes", "different"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_a_change_of_the_config_changes(
    changes: dict[str, Any], different: dict[str, Any]
) -> None:
    assert inputs(made(**changes), "before-instance") == INSTANCE | different


def test_it_is_made_after_its_source_and_gone_before_it() -> None:
    assert "mysql-instance" in made().named("before-instance").depends_on


def test_a_source_that_is_made_anew_does_not_replace_it() -> None:
    """An identifier that is not known yet is another one, and another source another instance."""
    wanted = Spec.model_validate(SPEC)
    copied = SourceSpec.model_validate(SOURCE)

    def program() -> None:
        here = ground()
        mysql = RdsMysql("mysql", RdsMysqlArgs(copied, here.network, here.key))
        RestoredInstance("before", RestoredInstanceArgs(wanted, mysql, "mysql", here.network))

    shown = record(program, preview=True).named("before-instance").inputs
    assert shown["restoreToPointInTime"] == INSTANCE["restoreToPointInTime"]


def test_what_it_tells_the_world() -> None:
    recording = made()
    host = "myapp-mysql-before.us-east-1"
    facts = recording.outputs["facts"]
    told = {
        "kind": "restored-instance",
        "engine": "mysql",
        "version": "8.4.8",
        "region": "us-east-1",
        "database": "myappdb",
        "user": "admin",
        # Its source's: the backups bring the password of their time.
        "secret_arn": (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:mysql-credentials-secret-AbCdEf"
        ),
        "origin": "mysql",
        "instances": ["myapp-mysql-before"],
        "security_group": "before-access-group-id",
    }
    assert {key: facts[key] for key in told} == told
    assert "source" not in facts
    assert [(e["role"], e["host"], e["port"]) for e in facts["endpoints"]] == [
        ("writer", host, 3306),
        ("instance", host, 3306),
    ]
    assert recording.registered["before"] == {
        "region": "us-east-1",
        "identifier": "myapp-mysql-before",
        "arn": "arn:aws:rds:us-east-1:123456789012:db:myapp-mysql-before",
        "address": host,
        "version": "8.4.8",
        "securityGroup": "before-access-group-id",
    }
