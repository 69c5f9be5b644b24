from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.monitoring_role import MonitoringRole
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from specs.rds_mysql import RdsMysql as Spec
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import SECRET, Recording, record

SPEC: dict[str, Any] = {
    "kind": "rds-mysql",
    "identifier": "myapp-mysql-db",
    "engine_version": "8.4",
    "class": "db.t3.micro",
    "storage": {"type": "gp2", "size_gb": 20, "autoscale_to_gb": 100},
    "availability": "multi-az",
    "username": "admin",
    "database": "myappdb",
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "enhanced_monitoring": {"interval_seconds": 60},
    "slow_query_log": {"threshold_seconds": 1},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
"""The course's own. A change of ``None`` leaves a key out."""

CHILDREN = {
    "db-access": "aws-databases:index:DatabaseSecurityGroup",
    "db-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "db-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "db-subnets": "aws:rds/subnetGroup:SubnetGroup",
    "db-parameters": "aws:rds/parameterGroup:ParameterGroup",
    "db-credentials": "aws-databases:index:Credentials",
    "db-credentials-password": "random:index/randomPassword:RandomPassword",
    "db-credentials-secret": "aws:secretsmanager/secret:Secret",
    "db-credentials-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "db-logs": "aws-databases:index:LogGroups",
    "db-logs-error": "aws:cloudwatch/logGroup:LogGroup",
    "db-logs-slowquery": "aws:cloudwatch/logGroup:LogGroup",
    "db-instance": "aws:rds/instance:Instance",
}
INSTANCE = {
    "region": "us-east-1",
    "identifier": "myapp-mysql-db",
    "engine": "mysql",
    "engineVersion": "8.4",
    "autoMinorVersionUpgrade": True,
    "instanceClass": "db.t3.micro",
    "storageType": "gp2",
    "allocatedStorage": 20,
    "maxAllocatedStorage": 100,
    "storageEncrypted": True,
    "kmsKeyId": EAST_KEY,
    # No availabilityZone: RDS refuses one together with Multi-AZ.
    "multiAz": True,
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "vpcSecurityGroupIds": ["db-access-group-id"],
    "publiclyAccessible": False,
    "port": 3306,
    "dbName": "myappdb",
    "username": "admin",
    # No manageMasterUserPassword: it conflicts with a password, and forbids replicas.
    "password": SECRET,
    "parameterGroupName": "db-parameters-1a2b3c4",
    "enabledCloudwatchLogsExports": ["error", "slowquery"],
    "backupRetentionPeriod": 7,
    "backupWindow": "03:00-04:00",
    "maintenanceWindow": "sun:04:30-sun:05:30",
    "copyTagsToSnapshot": True,
    "applyImmediately": True,
    "monitoringInterval": 60,
    "monitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring-role",
    "deletionProtection": False,
    # No finalSnapshotIdentifier: it would be a snapshot that is never made.
    "skipFinalSnapshot": True,
}


def spec(**changes: Any) -> Spec:
    plain = {key: value for key, value in (SPEC | changes).items() if value is not None}
    return Spec.model_validate(plain)


def made(**changes: Any) -> Recording:
    wanted = spec(**changes)

    def program() -> None:
        here = ground()
        role = MonitoringRole("monitoring") if wanted.enhanced_monitoring else None
        database = RdsMysql("db", RdsMysqlArgs(wanted, here.network, here.key, role))
        pulumi.export("facts", database.facts)

    return record(program)


@pytest.fixture(scope="module")
def course() -> Recording:
    return made()


def test_the_exact_children(course: Recording) -> None:
    assert course.below("db") == CHILDREN


def test_the_instance_of_the_course(course: Recording) -> None:
    assert inputs(course, "db-instance") == INSTANCE


def test_the_groups_it_stands_in(course: Recording) -> None:
    # No names: a group with one could not be replaced while the instance is in it.
    assert inputs(course, "db-subnets") == {
        "region": "us-east-1",
        "description": "Zones of myapp-mysql-db",
        "subnetIds": [f"subnet-us-east-1-{zone}" for zone in "abcdf"],
    }
    assert inputs(course, "db-parameters") == {
        "region": "us-east-1",
        "family": "mysql8.4",
        "description": "Parameters of myapp-mysql-db",
        "parameters": [
            {"name": "log_output", "value": "FILE", "applyMethod": "immediate"},
            {"name": "long_query_time", "value": "1", "applyMethod": "immediate"},
            {"name": "require_secure_transport", "value": "1", "applyMethod": "immediate"},
            {"name": "slow_query_log", "value": "1", "applyMethod": "immediate"},
        ],
    }
    rule = course.named("db-access-from-clients").inputs
    assert (rule["fromPort"], rule["toPort"]) == (3306, 3306)


def test_its_password_is_the_one_in_its_secret(course: Recording) -> None:
    assert course.secret_inputs["db-instance", "password"] == (
        "password-of-db-credentials-password"
    )
    assert course.secret_inputs["db-credentials-version", "secretString"] == (
        '{"username": "admin", "password": "password-of-db-credentials-password"}'
    )
    assert inputs(course, "db-credentials-secret")["description"] == "Master user of myapp-mysql-db"


def test_its_log_groups_are_there_before_rds_would_make_them(course: Recording) -> None:
    assert {"db-logs-error", "db-logs-slowquery"} <= set(course.named("db-instance").depends_on)
    assert (
        inputs(course, "db-logs-slowquery")["name"] == "/aws/rds/instance/myapp-mysql-db/slowquery"
    )


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], set[str]]] = [
    ("single-az", {"availability": "single-az"}, {"multiAz": False}, set()),
    (
        "without enhanced monitoring",
        {"enhanced_monitoring": None},
        {},
        {"monitoringInterval", "monitoringRoleArn"},
    ),
    (
        "without a slow query log",
        {"slow_query_log": None},
        {"enabledCloudwatchLogsExports": ["error"]},
        set(),
    ),
    (
        "protected",
        {"lifetime": "protected"},
        {
            "deletionProtection": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": "myapp-mysql-db-final",
        },
        set(),
    ),
    (
        "changes in the maintenance window",
        {"apply_changes": "maintenance-window"},
        {"applyImmediately": False},
        set(),
    ),
    (
        # RDS refuses IOPS and throughput below 400 GB, even the ones it gives by itself.
        "small gp3",
        {"storage": {"type": "gp3", "size_gb": 100, "autoscale_to_gb": 200}},
        {"storageType": "gp3", "allocatedStorage": 100, "maxAllocatedStorage": 200},
        set(),
    ),
    (
        "large gp3 at its own speed",
        {"storage": {"type": "gp3", "size_gb": 400, "autoscale_to_gb": 1000}},
        {"storageType": "gp3", "allocatedStorage": 400, "maxAllocatedStorage": 1000},
        set(),
    ),
    (
        "large gp3, faster",
        {
            "storage": {
                "type": "gp3",
                "size_gb": 400,
                "autoscale_to_gb": 1000,
                "provisioned": {"iops": 16000, "throughput_mb": 800},
            }
        },
        {
            "storageType": "gp3",
            "allocatedStorage": 400,
            "maxAllocatedStorage": 1000,
            "iops": 16000,
            "storageThroughput": 800,
        },
        set(),
    ),
    (
        "with performance insights",
        {"class": "db.m6g.large", "performance_insights": {"retention_days": 7}},
        {
            "instanceClass": "db.m6g.large",
            "performanceInsightsEnabled": True,
            "performanceInsightsRetentionPeriod": 7,
            "performanceInsightsKmsKeyId": EAST_KEY,
        },
        set(),
    ),
    (
        # With both, the next deployment after an upgrade would ask for a downgrade.
        "a full version does not move by itself",
        {"engine_version": "8.4.8"},
        {"engineVersion": "8.4.8", "autoMinorVersionUpgrade": False},
        set(),
    ),
    (
        "no backups",
        {"backups": {"retention_days": 0, "window": "03:00-04:00"}},
        {"backupRetentionPeriod": 0},
        set(),
    ),
]


@pytest.mark.parametrize(
    ("changes", "different", "gone"),
    [row[1:] for row in CHANGES],
    ids=[row[0] for row in CHANGES],
)
def test_what_a_change_of_the_config_changes(
    changes: dict[str, Any], different: dict[str, Any], gone: set[str]
) -> None:
    expected = {key: value for key, value in INSTANCE.items() if key not in gone} | different
    assert inputs(made(**changes), "db-instance") == expected


def test_without_a_slow_query_log_there_is_no_group_for_it() -> None:
    recording = made(slow_query_log=None)
    assert recording.below("db") == {
        name: kind for name, kind in CHILDREN.items() if name != "db-logs-slowquery"
    }
    assert inputs(recording, "db-parameters")["parameters"] == [
        {"name": "require_secure_transport", "value": "1", "applyMethod": "immediate"}
    ]


@pytest.mark.parametrize(("lifetime", "days"), [("disposable", 0), ("protected", 30)])
def test_its_secret_lives_as_long_as_it(lifetime: str, days: int) -> None:
    secret = inputs(made(lifetime=lifetime), "db-credentials-secret")
    assert secret["recoveryWindowInDays"] == days


def test_what_it_tells_the_world(course: Recording) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-credentials-secret-AbCdEf"
    assert course.outputs["facts"] == {
        "kind": "rds-mysql",
        "engine": "mysql",
        "version": "8.4.8",
        "users": [],
        "iam_auth": False,
        "region": "us-east-1",
        "endpoints": [
            {"role": "writer", "host": "myapp-mysql-db.us-east-1", "port": 3306, "members": []},
            {
                "role": "instance",
                "name": "myapp-mysql-db",
                "host": "myapp-mysql-db.us-east-1",
                "port": 3306,
                "members": [],
            },
        ],
        "database": "myappdb",
        "user": "admin",
        "secret_arn": secret,
        "tls": True,
        "instances": ["myapp-mysql-db"],
        "security_group": "db-access-group-id",
        "schema_version": 1,
    }
    assert course.registered["db"] == {
        "region": "us-east-1",
        "identifier": "myapp-mysql-db",
        "arn": "arn:aws:rds:us-east-1:123456789012:db:myapp-mysql-db",
        "address": "myapp-mysql-db.us-east-1",
        "resourceId": "db-db-instance",
        "version": "8.4.8",
        "secretArn": secret,
        "securityGroup": "db-access-group-id",
    }
