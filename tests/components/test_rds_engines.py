"""PostgreSQL and MariaDB as components: exactly these children, with exactly these inputs."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.program import run
from tests.recorder import Recording, record

LEDGER: dict[str, Any] = {
    "kind": "rds-postgres",
    "identifier": "prod-ledger",
    "engine_version": "17",
    "class": "db.m6g.large",
    "storage": {
        "type": "gp3",
        "size_gb": 400,
        "autoscale_to_gb": 2000,
        "provisioned": {"iops": 16000, "throughput_mb": 500},
    },
    "availability": "multi-az",
    "username": "ledger",
    "database": "ledger",
    "backups": {"retention_days": 30, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "enhanced_monitoring": {"interval_seconds": 15},
    "performance_insights": {"retention_days": 7},
    "slow_query_log": {"threshold_seconds": 0.5},
    "lifetime": "protected",
}
WIKI: dict[str, Any] = {
    "kind": "rds-mariadb",
    "identifier": "prod-wiki",
    "engine_version": "11.4.13",
    "class": "db.t4g.medium",
    "storage": {"type": "gp2", "size_gb": 50, "autoscale_to_gb": 200},
    "availability": "single-az",
    "username": "admin",
    "database": "wiki",
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
REPLICA = {"kind": "read-replica", "source": "ledger", "class": "db.m6g.large"}
TOPOLOGIES = {
    "ledger": LEDGER,
    "near": REPLICA | {"identifier": "prod-ledger-near"},
    "west": REPLICA | {"identifier": "prod-ledger-west", "region": "us-west-2"},
    "wiki": WIKI,
}
EAST = "us-east-1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/key-us-east-1-key"
WEST_KEY = "arn:aws:kms:us-west-2:123456789012:key/key-us-west-2-key"


def deploy(*, preview: bool = False) -> Recording:
    config = {"aws:region": EAST, "aws-databases:topologies": TOPOLOGIES}
    return record(run, config, preview=preview)


@pytest.fixture(scope="module")
def deployed() -> Recording:
    return deploy()


def _common(name: str) -> dict[str, str]:
    return {
        f"{name}-access": "aws-databases:index:DatabaseSecurityGroup",
        f"{name}-access-group": "aws:ec2/securityGroup:SecurityGroup",
        f"{name}-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }


def _logs(name: str) -> dict[str, str]:
    logs = ("postgresql", "upgrade")
    return {
        f"{name}-logs": "aws-databases:index:LogGroups",
        **{f"{name}-logs-{log}": "aws:cloudwatch/logGroup:LogGroup" for log in logs},
    }


def _by_stack(name: str) -> dict[str, str]:
    return {
        f"{name}-credentials": "aws-databases:index:Credentials",
        f"{name}-credentials-password": "random:index/randomPassword:RandomPassword",
        f"{name}-credentials-secret": "aws:secretsmanager/secret:Secret",
        f"{name}-credentials-version": "aws:secretsmanager/secretVersion:SecretVersion",
    }


def _by_rds(name: str) -> dict[str, str]:
    return {f"{name}-credentials": "aws-databases:index:ManagedCredentials"}


def _instance(name: str, logs: tuple[str, ...], password: dict[str, str]) -> dict[str, str]:
    return {
        **_common(name),
        **password,
        f"{name}-subnets": "aws:rds/subnetGroup:SubnetGroup",
        f"{name}-parameters": "aws:rds/parameterGroup:ParameterGroup",
        f"{name}-logs": "aws-databases:index:LogGroups",
        **{f"{name}-logs-{log}": "aws:cloudwatch/logGroup:LogGroup" for log in logs},
        f"{name}-instance": "aws:rds/instance:Instance",
    }


@pytest.mark.parametrize(
    ("component", "children"),
    [
        ("ledger", _instance("ledger", ("postgresql", "upgrade"), _by_stack("ledger"))),
        ("wiki", _instance("wiki", ("error",), _by_rds("wiki"))),
        (
            "near",
            {**_common("near"), **_logs("near"), "near-instance": "aws:rds/instance:Instance"},
        ),
        (
            "west",
            {
                **_common("west"),
                **_logs("west"),
                "west-subnets": "aws:rds/subnetGroup:SubnetGroup",
                "west-parameters": "aws:rds/parameterGroup:ParameterGroup",
                "west-instance": "aws:rds/instance:Instance",
            },
        ),
    ],
)
def test_exactly_these_children(
    deployed: Recording, component: str, children: dict[str, str]
) -> None:
    assert deployed.below(component) == children


@pytest.mark.parametrize(
    ("component", "token"),
    [("ledger", "RdsPostgres"), ("wiki", "RdsMariadb"), ("west", "ReadReplica")],
)
def test_tokens_are_for_ever(deployed: Recording, component: str, token: str) -> None:
    assert deployed.named(component).type == f"aws-databases:index:{token}"


def _tagged(name: str) -> dict[str, str]:
    return {"Name": name, "Project": "aws-databases", "Stack": "dev"}


def test_the_inputs_of_postgresql(deployed: Recording) -> None:
    assert deployed.named("ledger-instance").inputs == {
        "region": EAST,
        "identifier": "prod-ledger",
        "engine": "postgres",
        "engineVersion": "17",
        "autoMinorVersionUpgrade": True,
        "instanceClass": "db.m6g.large",
        "storageType": "gp3",
        "allocatedStorage": 400,
        "maxAllocatedStorage": 2000,
        "iops": 16000,
        "storageThroughput": 500,
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "multiAz": True,
        "dbSubnetGroupName": "ledger-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["ledger-access-group-id"],
        "publiclyAccessible": False,
        "port": 5432,
        "dbName": "ledger",
        "username": "ledger",
        "password": "<secret>",
        "parameterGroupName": "ledger-parameters-1a2b3c4",
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "backupRetentionPeriod": 30,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "copyTagsToSnapshot": True,
        "applyImmediately": False,
        "monitoringInterval": 15,
        "monitoringRoleArn": "arn:aws:iam::123456789012:role/monitoring-role",
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "performanceInsightsKmsKeyId": KEY,
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "prod-ledger-final",
        "tags": _tagged("prod-ledger"),
    }
    group = deployed.named("ledger-parameters").inputs
    assert group["family"] == "postgres17"
    assert group["parameters"] == [
        {"name": "log_min_duration_statement", "value": "500", "applyMethod": "immediate"},
        {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"},
    ]
    door = deployed.named("ledger-access-from-clients").inputs
    assert (door["fromPort"], door["toPort"]) == (5432, 5432)
    assert deployed.named("ledger-logs-upgrade").inputs["name"] == (
        "/aws/rds/instance/prod-ledger/upgrade"
    )


def test_the_inputs_of_mariadb(deployed: Recording) -> None:
    inputs = deployed.named("wiki-instance").inputs
    assert inputs == {
        "region": EAST,
        "identifier": "prod-wiki",
        "engine": "mariadb",
        "engineVersion": "11.4.13",
        # A patch that was written is kept.
        "autoMinorVersionUpgrade": False,
        "instanceClass": "db.t4g.medium",
        "storageType": "gp2",
        "allocatedStorage": 50,
        "maxAllocatedStorage": 200,
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "multiAz": False,
        "dbSubnetGroupName": "wiki-subnets-1a2b3c4",
        "vpcSecurityGroupIds": ["wiki-access-group-id"],
        "publiclyAccessible": False,
        "port": 3306,
        "dbName": "wiki",
        "username": "admin",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": KEY,
        "parameterGroupName": "wiki-parameters-1a2b3c4",
        "enabledCloudwatchLogsExports": ["error"],
        "backupRetentionPeriod": 7,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "copyTagsToSnapshot": True,
        "applyImmediately": True,
        "deletionProtection": False,
        "skipFinalSnapshot": True,
        "tags": _tagged("prod-wiki"),
    }
    group = deployed.named("wiki-parameters").inputs
    assert group["family"] == "mariadb11.4"
    assert group["parameters"] == [
        {"name": "require_secure_transport", "value": "1", "applyMethod": "immediate"}
    ]


def test_a_replica_in_the_source_s_region_takes_everything_from_it(deployed: Recording) -> None:
    inputs = deployed.named("near-instance").inputs
    assert inputs["replicateSourceDb"] == "prod-ledger"
    refused = {"dbSubnetGroupName", "kmsKeyId", "parameterGroupName", "username", "password",
               "dbName", "engine", "engineVersion"}  # fmt: skip
    assert not refused & set(inputs)
    assert deployed.named("near-access-from-clients").inputs["fromPort"] == 5432


def test_a_replica_in_another_region_has_its_own_group_and_key(deployed: Recording) -> None:
    inputs = deployed.named("west-instance").inputs
    assert inputs["replicateSourceDb"] == "arn:aws:rds:us-east-1:123456789012:db:prod-ledger"
    assert inputs["region"] == "us-west-2"
    assert inputs["kmsKeyId"] == WEST_KEY
    assert inputs["parameterGroupName"] == "west-parameters-1a2b3c4"
    assert deployed.named("west-parameters").inputs["family"] == "postgres17"
    # Its source's speed, which RDS does not inherit.
    assert (inputs["iops"], inputs["storageThroughput"]) == (16000, 500)


def test_the_outputs_say_how_each_is_reached(deployed: Recording) -> None:
    found = deployed.outputs["databases"]
    assert {
        name: (d["kind"], d["engine"], d["endpoints"][0]["role"], d["endpoints"][0]["port"])
        for name, d in found.items()
    } == {
        "ledger": ("rds-postgres", "postgres", "writer", 5432),
        "near": ("read-replica", "postgres", "reader", 5432),
        "west": ("read-replica", "postgres", "reader", 5432),
        "wiki": ("rds-mariadb", "mariadb", "writer", 3306),
    }
    assert found["west"]["user"] == "ledger"
    assert found["west"]["secret_arn"] == found["ledger"]["secret_arn"]


def test_a_preview_shows_the_same_resources(deployed: Recording) -> None:
    foreseen = deploy(preview=True)
    assert {(r.type, r.name) for r in foreseen.resources} == {
        (r.type, r.name) for r in deployed.resources
    }
