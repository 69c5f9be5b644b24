from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.aurora_serverless import AuroraServerless, AuroraServerlessArgs
from components.keys import RegionKey, RegionKeyArgs
from components.network import Network, NetworkArgs
from specs.aurora_serverless import AuroraServerless as Spec
from tests.recorder import Recording, record

SPEC: dict[str, Any] = {
    "kind": "aurora-serverless",
    "identifier": "myapp-aurora-serverless",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "capacity": {"min_acu": 0, "max_acu": 16, "pause_after_seconds": 300},
    "username": "admin",
    "writer": {"zone": "a"},
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "slow_query_log": {"threshold_seconds": 1},
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
"""The course's own."""
KEY = "arn:aws:kms:us-east-1:123456789012:key/key-us-east-1-key"
CHILDREN = {
    "db-access": "aws-databases:index:DatabaseSecurityGroup",
    "db-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "db-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "db-credentials": "aws-databases:index:Credentials",
    "db-credentials-password": "random:index/randomPassword:RandomPassword",
    "db-credentials-secret": "aws:secretsmanager/secret:Secret",
    "db-credentials-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "db-subnets": "aws:rds/subnetGroup:SubnetGroup",
    "db-parameters": "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    "db-logs": "aws-databases:index:LogGroups",
    "db-logs-error": "aws:cloudwatch/logGroup:LogGroup",
    "db-logs-slowquery": "aws:cloudwatch/logGroup:LogGroup",
    "db-cluster": "aws:rds/cluster:Cluster",
    "db-member-myapp-aurora-serverless-a": "aws:rds/clusterInstance:ClusterInstance",
}
CLUSTER = {
    "region": "us-east-1",
    "clusterIdentifier": "myapp-aurora-serverless",
    "engine": "aurora-mysql",
    "engineVersion": "8.0.mysql_aurora.3.10.6",
    "serverlessv2ScalingConfiguration": {
        "minCapacity": 0,
        "maxCapacity": 16,
        "secondsUntilAutoPause": 300,
    },
    "masterUsername": "admin",
    "masterPassword": "<secret>",
    "port": 3306,
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "vpcSecurityGroupIds": ["db-access-group-id"],
    "dbClusterParameterGroupName": "db-parameters-1a2b3c4",
    "storageEncrypted": True,
    "kmsKeyId": KEY,
    "backupRetentionPeriod": 7,
    "preferredBackupWindow": "03:00-04:00",
    "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
    "enabledCloudwatchLogsExports": ["error", "slowquery"],
    "copyTagsToSnapshot": True,
    "applyImmediately": True,
    "deletionProtection": False,
    "skipFinalSnapshot": True,
}
"""Not: engineMode, whose `serverless` was v1."""
MEMBER = {
    "region": "us-east-1",
    "clusterIdentifier": "myapp-aurora-serverless",
    "engine": "aurora-mysql",
    "instanceClass": "db.serverless",
    "dbSubnetGroupName": "db-subnets-1a2b3c4",
    "publiclyAccessible": False,
    "autoMinorVersionUpgrade": False,
    "applyImmediately": True,
}


def made(**changes: Any) -> Recording:
    spec = Spec.model_validate(SPEC | changes)

    def program() -> None:
        network = Network("network-us-east-1", NetworkArgs("us-east-1"))
        key = RegionKey("key-us-east-1", RegionKeyArgs("us-east-1"))
        args = AuroraServerlessArgs(spec, network, key, "topologies.serverless")
        pulumi.export("facts", AuroraServerless("db", args).facts)

    return record(program)


def inputs(recording: Recording, name: str) -> dict[str, Any]:
    return {key: value for key, value in recording.named(name).inputs.items() if key != "tags"}


def scaling(recording: Recording) -> dict[str, Any]:
    found: dict[str, Any] = inputs(recording, "db-cluster")["serverlessv2ScalingConfiguration"]
    return found


@pytest.fixture(scope="module")
def course() -> Recording:
    return made()


def test_the_exact_children(course: Recording) -> None:
    assert course.below("db") == CHILDREN


def test_the_cluster_of_the_course(course: Recording) -> None:
    assert inputs(course, "db-cluster") == CLUSTER


def test_its_only_member(course: Recording) -> None:
    assert inputs(course, "db-member-myapp-aurora-serverless-a") == MEMBER | {
        "identifier": "myapp-aurora-serverless-a",
        "availabilityZone": "us-east-1a",
        "promotionTier": 0,
    }


def test_without_a_pause_there_are_no_seconds_until_one() -> None:
    recording = made(capacity={"min_acu": 2, "max_acu": 16})
    assert scaling(recording) == {"minCapacity": 2, "maxCapacity": 16}


def test_half_a_unit_is_not_rounded() -> None:
    recording = made(capacity={"min_acu": 0.5, "max_acu": 1.5})
    assert scaling(recording) == {"minCapacity": 0.5, "maxCapacity": 1.5}


def test_readers_follow_or_do_not_and_come_after_the_writer() -> None:
    readers = [{"zone": "b", "follows_writer": True}, {"zone": "c", "follows_writer": False}]
    recording = made(readers=readers)
    writer = "db-member-myapp-aurora-serverless-a"
    for zone, tier in (("b", 1), ("c", 2)):
        name = f"db-member-myapp-aurora-serverless-{zone}"
        assert inputs(recording, name) == MEMBER | {
            "identifier": f"myapp-aurora-serverless-{zone}",
            "availabilityZone": f"us-east-1{zone}",
            "promotionTier": tier,
        }
        assert writer in recording.named(name).depends_on


def test_performance_insights_are_the_members_own() -> None:
    recording = made(
        capacity={"min_acu": 2, "max_acu": 16}, performance_insights={"retention_days": 7}
    )
    member = inputs(recording, "db-member-myapp-aurora-serverless-a")
    assert {k: v for k, v in member.items() if k.startswith("performance")} == {
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "performanceInsightsKmsKeyId": KEY,
    }
    # Beside a member's own they would contradict them.
    assert not [k for k in inputs(recording, "db-cluster") if k.startswith("performance")]


def test_what_it_tells_the_world(course: Recording) -> None:
    facts = course.outputs["facts"]
    assert facts["kind"] == "aurora-serverless"
    assert facts["cluster"] == "myapp-aurora-serverless"
    assert facts["instances"] == ["myapp-aurora-serverless-a"]
    assert facts["version"] == "8.0.mysql_aurora.3.10.6"
    assert facts["user"] == "admin"
    assert facts.get("database") is None
    assert [(e["role"], e.get("name"), e["host"]) for e in facts["endpoints"]] == [
        ("writer", None, "myapp-aurora-serverless.cluster.us-east-1"),
        ("reader", None, "myapp-aurora-serverless.cluster-ro.us-east-1"),
        ("instance", "myapp-aurora-serverless-a", "myapp-aurora-serverless-a.us-east-1"),
    ]
    assert "password" not in str(facts)
