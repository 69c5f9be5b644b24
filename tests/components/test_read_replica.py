from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.monitoring_role import MonitoringRole
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from specs.rds_mysql import RdsMysql as SourceSpec
from specs.read_replica import ReadReplica as Spec
from tests.components.ground import WEST_KEY, ground, inputs
from tests.recorder import Recording, record

SOURCE: dict[str, Any] = {
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
    "slow_query_log": {"threshold_seconds": 1},
    "lifetime": "disposable",
}
SPEC: dict[str, Any] = {
    "kind": "read-replica",
    "source": "mysql",
    "identifier": "myapp-mysql-replica",
    "class": "db.t3.micro",
    "availability": "single-az",
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
ACCESS = {
    "replica-access": "aws-databases:index:DatabaseSecurityGroup",
    "replica-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "replica-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}
LOGS = {
    "replica-logs": "aws-databases:index:LogGroups",
    "replica-logs-error": "aws:cloudwatch/logGroup:LogGroup",
    "replica-logs-slowquery": "aws:cloudwatch/logGroup:LogGroup",
}
SAME_EVERYWHERE = {
    "identifier": "myapp-mysql-replica",
    "instanceClass": "db.t3.micro",
    "multiAz": False,
    "storageType": "gp2",
    "maxAllocatedStorage": 100,
    "storageEncrypted": True,
    "vpcSecurityGroupIds": ["replica-access-group-id"],
    "publiclyAccessible": False,
    "autoMinorVersionUpgrade": True,
    "enabledCloudwatchLogsExports": ["error", "slowquery"],
    "copyTagsToSnapshot": True,
    "applyImmediately": True,
    "deletionProtection": False,
    "skipFinalSnapshot": True,
}
"""Nowhere: engine, engineVersion, username, password, dbName and allocatedStorage, which are the
source's; backups, which a new replica cannot have; a final snapshot, which RDS refuses."""
HERE = SAME_EVERYWHERE | {
    "region": "us-east-1",
    # RDS takes subnet group, parameter group and key from the source, and refuses the first two.
    "replicateSourceDb": "myapp-mysql-db",
}
ELSEWHERE = SAME_EVERYWHERE | {
    "region": "us-west-2",
    "replicateSourceDb": "arn:aws:rds:us-east-1:123456789012:db:myapp-mysql-db",
    "kmsKeyId": WEST_KEY,
    "dbSubnetGroupName": "replica-subnets-1a2b3c4",
    "parameterGroupName": "replica-parameters-1a2b3c4",
}
REGIONS = {"us-east-1": HERE, "us-west-2": ELSEWHERE}


def made(
    region: str = "us-east-1", source: dict[str, Any] | None = None, **changes: Any
) -> Recording:
    wanted = Spec.model_validate(SPEC | changes)
    copied = SourceSpec.model_validate(SOURCE | (source or {}))

    def program() -> None:
        home = ground()
        there = home if region == "us-east-1" else ground(region)
        role = MonitoringRole("monitoring") if wanted.enhanced_monitoring else None
        mysql = RdsMysql("mysql", RdsMysqlArgs(copied, home.network, home.key))
        args = ReadReplicaArgs(wanted, mysql, "mysql", there.network, there.key, role)
        pulumi.export("facts", ReadReplica("replica", args).facts)

    return record(program)


def test_in_its_sources_region() -> None:
    recording = made()
    instance = {"replica-instance": "aws:rds/instance:Instance"}
    assert recording.below("replica") == ACCESS | LOGS | instance
    assert inputs(recording, "replica-instance") == HERE


def test_in_another_region() -> None:
    recording = made("us-west-2")
    assert recording.below("replica") == ACCESS | LOGS | {
        "replica-subnets": "aws:rds/subnetGroup:SubnetGroup",
        "replica-parameters": "aws:rds/parameterGroup:ParameterGroup",
        "replica-instance": "aws:rds/instance:Instance",
    }
    assert inputs(recording, "replica-instance") == ELSEWHERE
    assert inputs(recording, "replica-subnets") == {
        "region": "us-west-2",
        "description": "Zones of myapp-mysql-replica",
        "subnetIds": [f"subnet-us-west-2-{zone}" for zone in "abcd"],
    }
    # The source's parameters, in a group of its own region.
    assert inputs(recording, "replica-parameters") == {
        "region": "us-west-2",
        "family": "mysql8.4",
        "description": "Parameters of myapp-mysql-replica",
        "parameters": inputs(recording, "mysql-parameters")["parameters"],
    }
    rule = inputs(recording, "replica-access-from-clients")
    assert rule["referencedSecurityGroupId"] == "network-us-west-2-clients-id"
    assert inputs(recording, "replica-access-group")["vpcId"] == "vpc-us-west-2"


@pytest.mark.parametrize("region", REGIONS)
def test_it_is_gone_before_its_source(region: str) -> None:
    # RDS would turn the replica of a deleted source into an instance of its own.
    assert "mysql-instance" in made(region).named("replica-instance").depends_on


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("multi-az, whatever its source is", {"availability": "multi-az"}, {"multiAz": True}),
    ("another class", {"class": "db.t3.small"}, {"instanceClass": "db.t3.small"}),
    (
        # No final snapshot here either: RDS refuses to make one of a replica.
        "protected",
        {"lifetime": "protected"},
        {"deletionProtection": True},
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
]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(
    ("changes", "different"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_a_change_of_the_config_changes(
    region: str, changes: dict[str, Any], different: dict[str, Any]
) -> None:
    assert inputs(made(region, **changes), "replica-instance") == REGIONS[region] | different


SOURCES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "provisioned storage",
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
            "maxAllocatedStorage": 1000,
            "iops": 16000,
            "storageThroughput": 800,
        },
    ),
    ("a pinned version", {"engine_version": "8.4.8"}, {"autoMinorVersionUpgrade": False}),
]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(
    ("source", "different"), [row[1:] for row in SOURCES], ids=[row[0] for row in SOURCES]
)
def test_what_it_has_from_its_source(
    region: str, source: dict[str, Any], different: dict[str, Any]
) -> None:
    assert inputs(made(region, source), "replica-instance") == REGIONS[region] | different


@pytest.mark.parametrize("region", REGIONS)
def test_a_second_deployment_does_not_replace_it(region: str) -> None:
    # The provider finds an encrypted instance; asked for nothing it reads "not encrypted".
    assert inputs(made(region), "replica-instance")["storageEncrypted"] is True


def test_what_it_tells_the_world() -> None:
    recording = made("us-west-2")
    host = "myapp-mysql-replica.us-west-2"
    assert recording.outputs["facts"] == {
        "kind": "read-replica",
        "engine": "mysql",
        "version": "8.4.8",
        "users": [],
        "iam_auth": False,
        "region": "us-west-2",
        "endpoints": [
            {"role": "reader", "host": host, "port": 3306, "members": []},
            {
                "role": "instance",
                "name": "myapp-mysql-replica",
                "host": host,
                "port": 3306,
                "members": [],
            },
        ],
        "database": "myappdb",
        "user": "admin",
        # Its source's: a replica has no password of its own.
        "secret_arn": (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:mysql-credentials-secret-AbCdEf"
        ),
        "tls": True,
        "source": "mysql",
        "instances": ["myapp-mysql-replica"],
        "security_group": "replica-access-group-id",
        "schema_version": 1,
    }
    assert recording.registered["replica"] == {
        "region": "us-west-2",
        "identifier": "myapp-mysql-replica",
        "arn": "arn:aws:rds:us-west-2:123456789012:db:myapp-mysql-replica",
        "address": host,
        "version": "8.4.8",
        "securityGroup": "replica-access-group-id",
    }
