"""A cache in cluster mode with users, made with plain boto3, and what a program would say of it."""

from __future__ import annotations

import json
from typing import Any

from tests.verify.databases import PASSWORD, REGION, Client

NAME = "sessions"
NODES = [f"{NAME}-{shard}-{node}" for shard in ("0001", "0002") for node in ("001", "002")]
READ = "-@all +@read +@connection -@dangerous"
TOPOLOGY = "+info +cluster|slots +cluster|nodes +cluster|info"
RIGHTS = {
    "app": f"on ~user:* ~session:* {READ} +@write -@dangerous {TOPOLOGY}",
    "report": f"on ~session:* {READ} {TOPOLOGY}",
    "default": "off -@all",
}
USERS: list[dict[str, Any]] = [
    {"name": "app", "may": "read-write", "keys": ["user:*", "session:*"]},
    {"name": "report", "may": "read-only", "keys": ["session:*"]},
]


def password_of(user: str) -> str:
    """Every user's own."""
    return f"{PASSWORD}-{user}"


def create_sharded(client_of: Client, secret: str) -> dict[str, Any]:
    """Two shards of two nodes, whose users have secrets of their own; its entry in the contract."""
    client, secrets = client_of("elasticache"), client_of("secretsmanager")
    for name, rights in RIGHTS.items():
        client.create_user(
            UserId=f"{NAME}-{name}",
            UserName=name,
            Engine="redis",
            AccessString=rights,
            Passwords=[password_of(name)],
        )
    users = []
    for user in USERS:
        facts = {"username": user["name"], "password": password_of(str(user["name"]))}
        made_secret = secrets.create_secret(
            Name=f"{NAME}-{user['name']}", SecretString=json.dumps(facts)
        )
        users.append({**user, "secret_arn": made_secret["ARN"]})
    client.create_user_group(
        UserGroupId=NAME, Engine="redis", UserIds=[f"{NAME}-{name}" for name in RIGHTS]
    )
    made = client.create_replication_group(
        ReplicationGroupId=NAME,
        ReplicationGroupDescription="Sessions",
        Engine="redis",
        CacheNodeType="cache.r6g.large",
        ClusterMode="enabled",
        NumNodeGroups=2,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        SnapshotRetentionLimit=7,
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        UserGroupIds=[NAME],
    )["ReplicationGroup"]
    host = made["ConfigurationEndpoint"]["Address"]
    return {
        "kind": "redis",
        "engine": "redis",
        "version": "7.1.0",
        "region": REGION,
        "endpoints": [{"role": "configuration", "host": host, "port": 6379}],
        "users": users,
        "cluster": NAME,
        "instances": NODES,
    }
