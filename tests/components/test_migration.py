from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.ground import EAST_KEY, inputs
from tests.components.migrated import made
from tests.recorder import Recording
from tests.specs.test_migration import INSTANCE, SERVERLESS

ENDS = {
    "move-source-login": "aws-databases:index:EndpointSecret",
    "move-source-login-secret": "aws:secretsmanager/secret:Secret",
    "move-source-login-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "move-target-login": "aws-databases:index:EndpointSecret",
    "move-target-login-secret": "aws:secretsmanager/secret:Secret",
    "move-target-login-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "move-secrets": "aws-databases:index:SecretsAccess",
    "move-secrets-role": "aws:iam/role:Role",
    "move-secrets-policy": "aws:iam/rolePolicy:RolePolicy",
    "move-authorities": "aws:dms/certificate:Certificate",
    "move-source": "aws:dms/endpoint:Endpoint",
    "move-target": "aws:dms/endpoint:Endpoint",
}
NETWORK = {
    "move-subnets": "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup",
    "move-access": "aws-databases:index:MigrationAccess",
    "move-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "move-access-to-source": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "move-access-into-source": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "move-access-to-target": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "move-access-into-target": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "move-access-to-services": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}
ON_AN_INSTANCE = {
    "move-logs": "aws:cloudwatch/logGroup:LogGroup",
    "move-instance": "aws:dms/replicationInstance:ReplicationInstance",
    "move-task": "aws:dms/replicationTask:ReplicationTask",
}
ON_SERVERLESS = {"move-config": "aws:dms/replicationConfig:ReplicationConfig"}
SUBNETS = [f"subnet-us-east-1-{letter}" for letter in "abcdf"]
MAPPINGS = {
    "rules": [
        {
            "rule-type": "selection",
            "rule-id": "1",
            "rule-name": "include-1",
            "object-locator": {"schema-name": "myappdb", "table-name": "%"},
            "rule-action": "include",
            "filters": [],
        },
        {
            "rule-type": "selection",
            "rule-id": "2",
            "rule-name": "exclude-2",
            "object-locator": {"schema-name": "myappdb", "table-name": "tmp%"},
            "rule-action": "exclude",
            "filters": [],
        },
    ]
}


@pytest.fixture(scope="module")
def instance() -> Recording:
    return made()


@pytest.fixture(scope="module")
def serverless() -> Recording:
    return made(capacity=SERVERLESS, mode="full-load")


def test_the_children_on_an_instance(instance: Recording) -> None:
    assert instance.below("move") == ENDS | NETWORK | ON_AN_INSTANCE


def test_the_children_on_serverless(serverless: Recording) -> None:
    assert serverless.below("move") == ENDS | NETWORK | ON_SERVERLESS


def test_the_replication_instance(instance: Recording) -> None:
    assert inputs(instance, "move-instance") == {
        "region": "us-east-1",
        "replicationInstanceId": "move",
        "replicationInstanceClass": "dms.t3.medium",
        "autoMinorVersionUpgrade": True,
        "allocatedStorage": 50,
        "multiAz": True,
        # DMS's own default is a public address.
        "publiclyAccessible": False,
        "kmsKeyArn": EAST_KEY,
        "replicationSubnetGroupId": "move-subnets",
        "vpcSecurityGroupIds": ["move-access-group-id"],
        "preferredMaintenanceWindow": "sun:06:00-sun:06:30",
        "applyImmediately": False,
    }
    group = inputs(instance, "move-subnets")
    assert group["replicationSubnetGroupId"] == "move-subnets"
    assert group["subnetIds"] == SUBNETS


def test_a_subnet_group_waits_for_the_role_that_looks_into_the_vpc(instance: Recording) -> None:
    assert "dms-dms-vpc-role-policy" in instance.named("move-subnets").depends_on
    assert "secrets-endpoint" in instance.named("move-instance").depends_on


def test_the_task_is_not_started_by_a_deployment(instance: Recording) -> None:
    task = inputs(instance, "move-task")
    assert json.loads(task.pop("tableMappings")) == MAPPINGS
    assert json.loads(task.pop("replicationTaskSettings")) == {
        "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
        "Logging": {"EnableLogging": True},
    }
    assert task == {
        "region": "us-east-1",
        "replicationTaskId": "move",
        "resourceIdentifier": "move",
        "replicationInstanceArn": "arn:aws:dms:us-east-1:123456789012:rep:move",
        "sourceEndpointArn": "arn:aws:dms:us-east-1:123456789012:endpoint:move-source",
        "targetEndpointArn": "arn:aws:dms:us-east-1:123456789012:endpoint:move-target",
        "migrationType": "full-load-and-cdc",
        "startReplicationTask": False,
    }
    assert inputs(instance, "move-logs") == {
        "region": "us-east-1",
        "name": "dms-tasks-move",
        "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/key-us-east-1-logs-key",
        "retentionInDays": 30,
    }


def test_the_replication_config(serverless: Recording) -> None:
    config = inputs(serverless, "move-config")
    assert config["computeConfig"] == {
        "replicationSubnetGroupId": "move-subnets",
        "minCapacityUnits": 1,
        "maxCapacityUnits": 4,
        "multiAz": False,
        "kmsKeyId": EAST_KEY,
        "vpcSecurityGroupIds": ["move-access-group-id"],
        "preferredMaintenanceWindow": "sun:06:00-sun:06:30",
    }
    assert (config["replicationType"], config["startReplication"]) == ("full-load", False)
    assert json.loads(config["tableMappings"]) == MAPPINGS


@pytest.mark.parametrize(
    ("capacity", "version", "arn"),
    [
        (INSTANCE, "3.6.1", "arn:aws:dms:us-east-1:123456789012:task:move"),
        (
            SERVERLESS,
            "serverless",
            "arn:aws:dms:us-east-1:123456789012:replication-config:move",
        ),
    ],
)
def test_the_facts(capacity: dict[str, Any], version: str, arn: str) -> None:
    facts = made(capacity=capacity).outputs["facts"]
    assert (facts["kind"], facts["engine"], facts["version"]) == ("migration", "dms", version)
    assert facts["endpoints"] == []
    assert facts["migration"] == {
        "runs_on": capacity["type"],
        "arn": arn,
        "source": "mysql",
        "target": "aurora",
    }


def test_a_source_logs_rows_and_a_target_takes_files(instance: Recording) -> None:
    source = {p["name"]: p for p in inputs(instance, "mysql-parameters")["parameters"]}
    assert {name: source[name]["value"] for name in source if name.startswith("binlog")} == {
        "binlog_checksum": "NONE",
        "binlog_format": "ROW",
        "binlog_row_image": "FULL",
    }
    assert {p["applyMethod"] for p in source.values()} == {"immediate"}
    target = {p["name"]: p["value"] for p in inputs(instance, "aurora-parameters")["parameters"]}
    assert target["local_infile"] == "1"
    assert not [name for name in target if name.startswith("binlog")]


def test_a_cluster_that_becomes_a_source_logs_rows_from_its_next_reboot_on() -> None:
    from components.aurora_parameters import STATIC
    from components.mysql_parameters import mysql_parameters

    found = {p["name"]: p["apply_method"] for p in mysql_parameters(None, "source", STATIC)}
    assert found == {
        "binlog_checksum": "immediate",
        "binlog_format": "pending-reboot",
        "binlog_row_image": "immediate",
        "require_secure_transport": "immediate",
    }
