"""A cache in cluster mode with users, and one of Valkey: their exact children and inputs."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
from pydantic import TypeAdapter

from components.redis import Redis, RedisArgs
from specs.topologies import AnyTopology, Topology
from tests.components.ground import EAST_KEY, ground, inputs
from tests.recorder import Recording, record

SESSIONS: dict[str, Any] = {
    "kind": "redis",
    "identifier": "prod-sessions",
    "description": "Sessions",
    "engine_version": "7.1",
    "class": "cache.r6g.large",
    "shape": {"cluster_mode": "enabled", "shards": 2, "replicas_per_shard": 1},
    "access": {
        "auth": "users",
        "users": [
            {"name": "app", "may": "read-write", "keys": ["user:*", "session:*"]},
            {"name": "report", "may": "read-only", "keys": ["session:*"]},
        ],
    },
    "availability": "multi-az",
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
}
PAGES = SESSIONS | {
    "kind": "valkey",
    "identifier": "prod-pages",
    "engine_version": "8.0",
    "shape": {"cluster_mode": "disabled", "replicas": 1},
    "access": {"auth": "token"},
    "lifetime": "disposable",
}
ACCESS = {
    "cache-access": "aws-databases:index:DatabaseSecurityGroup",
    "cache-access-group": "aws:ec2/securityGroup:SecurityGroup",
    "cache-access-from-clients": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "cache-subnets": "aws:elasticache/subnetGroup:SubnetGroup",
    "cache-group": "aws:elasticache/replicationGroup:ReplicationGroup",
}


def credentials(name: str) -> dict[str, str]:
    return {
        name: "aws-databases:index:Credentials",
        f"{name}-password": "random:index/randomPassword:RandomPassword",
        f"{name}-secret": "aws:secretsmanager/secret:Secret",
        f"{name}-version": "aws:secretsmanager/secretVersion:SecretVersion",
    }


USERS = {
    "cache-users": "aws-databases:index:CacheUsers",
    **credentials("cache-users-app"),
    "cache-users-app-user": "aws:elasticache/user:User",
    **credentials("cache-users-report"),
    "cache-users-report-user": "aws:elasticache/user:User",
    "cache-users-group": "aws:elasticache/userGroup:UserGroup",
}
DEFAULT_USER = {
    "cache-users-default-password": "random:index/randomPassword:RandomPassword",
    "cache-users-default-user": "aws:elasticache/user:User",
}
READS = "-@dangerous +info +cluster|info +cluster|nodes +cluster|shards +cluster|slots"


def made(config: dict[str, Any], *, preview: bool = False) -> Recording:
    adapter: TypeAdapter[AnyTopology] = TypeAdapter(Topology)
    spec: Any = adapter.validate_python(config)

    def program() -> None:
        here = ground()
        pulumi.export("facts", Redis("cache", RedisArgs(spec, here.network, here.key)).facts)

    return record(program, preview=preview)


@pytest.fixture(scope="module")
def sessions() -> Recording:
    return made(SESSIONS)


def test_the_exact_children(sessions: Recording) -> None:
    assert sessions.below("cache") == ACCESS | USERS | DEFAULT_USER
    pages = made(PAGES)
    assert pages.below("cache") == ACCESS | credentials("cache-credentials")
    valkey_users = made(PAGES | {"access": SESSIONS["access"]})
    assert valkey_users.below("cache") == ACCESS | USERS


def test_a_preview_shows_the_same(sessions: Recording) -> None:
    assert made(SESSIONS, preview=True).below("cache") == sessions.below("cache")


def test_the_cluster(sessions: Recording) -> None:
    assert inputs(sessions, "cache-group") == {
        "region": "us-east-1",
        "replicationGroupId": "prod-sessions",
        "description": "Sessions",
        "engine": "redis",
        "engineVersion": "7.1",
        "nodeType": "cache.r6g.large",
        # No numCacheClusters and no zones, which are of cluster mode disabled.
        "clusterMode": "enabled",
        "numNodeGroups": 2,
        "replicasPerNodeGroup": 1,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "subnetGroupName": "cache-subnets-1a2b3c4",
        "securityGroupIds": ["cache-access-group-id"],
        "port": 6379,
        "transitEncryptionEnabled": True,
        # No authToken, which conflicts with users.
        "userGroupIds": ["prod-sessions-users"],
        "authTokenUpdateStrategy": "DELETE",
        "atRestEncryptionEnabled": True,
        "kmsKeyId": EAST_KEY,
        "snapshotRetentionLimit": 7,
        "snapshotWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "applyImmediately": False,
        "finalSnapshotIdentifier": "prod-sessions-final",
    }


def test_shards_without_replicas_have_failover_all_the_same() -> None:
    shape = {"cluster_mode": "enabled", "shards": 3, "replicas_per_shard": 0}
    found = inputs(made(SESSIONS | {"shape": shape, "availability": "single-az"}), "cache-group")
    assert (found["numNodeGroups"], found["replicasPerNodeGroup"]) == (3, 0)
    assert (found["automaticFailoverEnabled"], found["multiAzEnabled"]) == (True, False)


def test_the_users_and_their_group(sessions: Recording) -> None:
    app = inputs(sessions, "cache-users-app-user")
    assert "password-of" not in str(app.pop("passwords"))
    assert app == {
        "region": "us-east-1",
        "userId": "prod-sessions-app",
        "userName": "app",
        "engine": "redis",
        "accessString": "on ~user:* ~session:* -@all +@read +@write +@transaction +@connection "
        + READS,
    }
    report = inputs(sessions, "cache-users-report-user")
    assert report["accessString"] == f"on ~session:* -@all +@read +@connection {READS}"
    default = inputs(sessions, "cache-users-default-user")
    assert (default["userId"], default["userName"]) == ("prod-sessions-default", "default")
    assert default["accessString"] == "off -@all"
    assert inputs(sessions, "cache-users-group") == {
        "region": "us-east-1",
        "userGroupId": "prod-sessions-users",
        "engine": "redis",
        "userIds": ["prod-sessions-app", "prod-sessions-report", "prod-sessions-default"],
    }
    for user in ("app", "report", "default"):
        assert (f"cache-users-{user}-user", "passwords") in sessions.secret_inputs


def test_valkey_is_no_redis() -> None:
    pages = made(PAGES)
    found = inputs(pages, "cache-group")
    assert (found["engine"], found["engineVersion"]) == ("valkey", "8.0")
    assert found["transitEncryptionEnabled"] is True
    assert found["numCacheClusters"] == 2
    assert "clusterMode" not in found
    assert "finalSnapshotIdentifier" not in found
    users = made(PAGES | {"access": SESSIONS["access"]})
    assert inputs(users, "cache-users-app-user")["engine"] == "valkey"
    assert inputs(users, "cache-users-group")["userIds"] == ["prod-pages-app", "prod-pages-report"]


def test_what_a_cluster_with_users_tells_the_world(sessions: Recording) -> None:
    facts = sessions.outputs["facts"]
    (endpoint,) = facts["endpoints"]
    assert (endpoint["role"], endpoint["host"]) == (
        "configuration",
        "clustercfg.prod-sessions.us-east-1",
    )
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cache-users"
    assert facts["users"] == [
        {
            "name": "app",
            "secret_arn": f"{secret}-app-secret-AbCdEf",
            "may": "read-write",
            "keys": ["user:*", "session:*"],
        },
        {
            "name": "report",
            "secret_arn": f"{secret}-report-secret-AbCdEf",
            "may": "read-only",
            "keys": ["session:*"],
        },
    ]
    assert "secret_arn" not in facts
    assert facts["instances"] == [
        f"prod-sessions-{shard}-{node}" for shard in ("0001", "0002") for node in ("001", "002")
    ]
    assert facts["kind"] == "redis"
    assert made(PAGES).outputs["facts"]["kind"] == "valkey"
