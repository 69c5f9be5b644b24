from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.redis import Redis, RedisArgs
from specs.redis import Redis as Spec
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import SECRET, Recording, record

SPEC: dict[str, Any] = {
    "kind": "redis",
    "identifier": "myapp-redis-cache",
    "description": "Application caching layer",
    "engine_version": "7.1",
    "class": "cache.t3.micro",
    "shape": {"cluster_mode": "disabled", "replicas": 2},
    "availability": "multi-az",
    "backups": {"retention_days": 1, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "apply_changes": "immediately",
    "lifetime": "disposable",
}
CHILDREN = {
    "cache-access": "aws-databases:index:DatabaseSecurityGroup",
    "cache-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "cache-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "cache-subnets": "aws:elasticache/subnetGroup:SubnetGroup",
    "cache-credentials": "aws-databases:index:Credentials",
    "cache-credentials-password": "random:index/randomPassword:RandomPassword",
    "cache-credentials-secret": "aws:secretsmanager/secret:Secret",
    "cache-credentials-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "cache-group": "aws:elasticache/replicationGroup:ReplicationGroup",
}
GROUP = {
    "region": "us-east-1",
    "replicationGroupId": "myapp-redis-cache",
    "description": "Application caching layer",
    "engine": "redis",
    "engineVersion": "7.1",
    "nodeType": "cache.t3.micro",
    # No numNodeGroups and no replicasPerNodeGroup, which are of cluster mode enabled.
    "numCacheClusters": 3,
    "preferredCacheClusterAzs": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "automaticFailoverEnabled": True,
    "multiAzEnabled": True,
    "subnetGroupName": "cache-subnets-1a2b3c4",
    "securityGroupIds": ["cache-access-group-id"],
    "port": 6379,
    "transitEncryptionEnabled": True,
    # No userGroupIds, which conflict with a token.
    "authToken": SECRET,
    "atRestEncryptionEnabled": True,
    "kmsKeyId": EAST_KEY,
    "snapshotRetentionLimit": 1,
    "snapshotWindow": "03:00-04:00",
    "maintenanceWindow": "sun:04:30-sun:05:30",
    "applyImmediately": True,
    # No parameterGroupName: ElastiCache's own fits the version and the mode.
}


def made(**changes: Any) -> Recording:
    spec = Spec.model_validate(SPEC | changes)

    def program() -> None:
        here = ground()
        pulumi.export("facts", Redis("cache", RedisArgs(spec, here.network, here.key)).facts)

    return record(program)


@pytest.fixture(scope="module")
def course() -> Recording:
    return made()


def test_the_exact_children(course: Recording) -> None:
    assert course.below("cache") == CHILDREN


def test_the_cache_of_the_course(course: Recording) -> None:
    assert inputs(course, "cache-group") == GROUP


def test_the_subnets_and_the_port(course: Recording) -> None:
    assert inputs(course, "cache-subnets") == {
        "region": "us-east-1",
        "description": "Zones of myapp-redis-cache",
        "subnetIds": [f"subnet-us-east-1-{zone}" for zone in "abcdf"],
    }
    rule = course.named("cache-access-from-clients").inputs
    assert (rule["fromPort"], rule["toPort"]) == (6379, 6379)


def test_its_token_is_the_one_in_its_secret(course: Recording) -> None:
    token = "password-of-cache-credentials-password"
    assert course.secret_inputs["cache-group", "authToken"] == token
    assert course.secret_inputs["cache-credentials-version", "secretString"] == (
        f'{{"auth_token": "{token}"}}'
    )
    # 16 to 128 characters.
    assert inputs(course, "cache-credentials-password")["length"] == 32


CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "a primary alone",
        {"shape": {"cluster_mode": "disabled", "replicas": 0}, "availability": "single-az"},
        {
            "numCacheClusters": 1,
            "preferredCacheClusterAzs": ["us-east-1a"],
            "automaticFailoverEnabled": False,
            "multiAzEnabled": False,
        },
    ),
    ("replicas without Multi-AZ", {"availability": "single-az"}, {"multiAzEnabled": False}),
    (
        "as many replicas as there can be, more than zones",
        {"shape": {"cluster_mode": "disabled", "replicas": 5}},
        {
            "numCacheClusters": 6,
            "preferredCacheClusterAzs": [f"us-east-1{zone}" for zone in "abcdfa"],
        },
    ),
    (
        "protected",
        {"lifetime": "protected"},
        {"finalSnapshotIdentifier": "myapp-redis-cache-final"},
    ),
    (
        "changes in the maintenance window",
        {"apply_changes": "maintenance-window"},
        {"applyImmediately": False},
    ),
    (
        "kept for longer",
        {"backups": {"retention_days": 35, "window": "03:00-04:00"}},
        {"snapshotRetentionLimit": 35},
    ),
]


@pytest.mark.parametrize(
    ("changes", "different"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_a_change_of_the_config_changes(
    changes: dict[str, Any], different: dict[str, Any]
) -> None:
    recording = made(**changes)
    assert inputs(recording, "cache-group") == GROUP | different
    assert recording.below("cache") == CHILDREN


@pytest.mark.parametrize(("lifetime", "days"), [("disposable", 0), ("protected", 30)])
def test_its_secret_lives_as_long_as_it(lifetime: str, days: int) -> None:
    secret = inputs(made(lifetime=lifetime), "cache-credentials-secret")
    assert secret["recoveryWindowInDays"] == days


def test_what_it_tells_the_world(course: Recording) -> None:
    nodes = ["myapp-redis-cache-001", "myapp-redis-cache-002", "myapp-redis-cache-003"]
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cache-credentials-secret-AbCdEf"
    primary, reader = (f"{role}.myapp-redis-cache.us-east-1" for role in ("primary", "reader"))
    assert course.outputs["facts"] == {
        "kind": "redis",
        "engine": "redis",
        "version": "7.1.0",
        "users": [],
        "iam_auth": False,
        "region": "us-east-1",
        "endpoints": [
            {"role": "primary", "host": primary, "port": 6379, "members": []},
            {"role": "reader", "host": reader, "port": 6379, "members": []},
        ],
        "secret_arn": secret,
        "tls": True,
        "instances": nodes,
        "cluster": "myapp-redis-cache",
        "security_group": "cache-access-group-id",
        "schema_version": 1,
    }
    assert course.registered["cache"] == {
        "region": "us-east-1",
        "arn": "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:myapp-redis-cache",
        "primaryEndpoint": primary,
        "readerEndpoint": reader,
        "nodes": nodes,
        "version": "7.1.0",
        "secretArn": secret,
        "securityGroup": "cache-access-group-id",
    }
