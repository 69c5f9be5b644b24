"""An ElastiCache replication group of Redis or Valkey (practice 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.cache_users import CacheUsers, CacheUsersArgs
from components.credentials import Credentials, CredentialsArgs
from components.facts import Facts, facts
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.network import Network
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.cache_access import Users
from specs.redis import AnyCache, ClusterModeEnabled

PORT = 6379
LOGS = ("slow-log", "engine-log")


@dataclass(frozen=True)
class RedisArgs:
    """Network and key are those of the cache's region."""

    spec: AnyCache
    network: Network
    key: RegionKey


class Redis(pulumi.ComponentResource):
    """Primaries and their replicas: TLS, a token or users, encrypted at rest.

    With cluster mode disabled one primary takes every write, behind an endpoint that follows it;
    enabled, keys are spread over shards and clients learn the nodes at the configuration endpoint.
    Redis and Valkey are one type, so that ElastiCache's change from one to the other is an update.

    Creates: a security group, a subnet group, the token's credentials or the users and their
    group, log groups, the replication group.
    Costs: hours x the node type's price for every node of every shard (Valkey's is a fifth
    lower); backups beyond one a node by the GB.
    Fails: with automatic failover a dead primary is replaced by the most advanced replica, mostly
    within 30 s; replication is asynchronous, so the last writes may be lost. Encryption at rest
    cannot be changed later; a change of it replaces the cache. Cluster mode cannot be changed in
    one step: give the cache another identifier.
    """

    spec: AnyCache
    region: str
    security_group: DatabaseSecurityGroup
    credentials: Credentials | None
    users: CacheUsers | None
    arn: pulumi.Output[str]
    endpoints: Mapping[str, pulumi.Output[str]]
    nodes: pulumi.Output[list[str]]
    version: pulumi.Output[str]

    def __init__(
        self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Redis", name, None, opts)
        spec, network = args.spec, args.network
        self.spec, self.region = spec, network.region
        child = pulumi.ResourceOptions(parent=self)
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, PORT), child
        )
        subnets = aws.elasticache.SubnetGroup(
            f"{name}-subnets",
            region=self.region,
            subnet_ids=list(network.subnets.values()),
            description=f"Zones of {spec.identifier}",
            tags=tags(f"{name}-subnets"),
            opts=child,
        )
        access = self._admit(name, args.key, child)
        logs = self._logs(name, args.key, child)
        group = aws.elasticache.ReplicationGroup(
            f"{name}-group",
            region=self.region,
            replication_group_id=spec.identifier,
            description=spec.description,
            engine=spec.kind,
            engine_version=spec.engine_version,
            node_type=spec.node_class,
            **_shape(spec, network),
            multi_az_enabled=spec.availability == "multi-az",
            subnet_group_name=subnets.name,
            security_group_ids=[self.security_group.id],
            port=PORT,
            transit_encryption_enabled=True,
            **access,
            at_rest_encryption_enabled=True,
            kms_key_id=args.key.arn,
            snapshot_retention_limit=spec.backups.retention_days,
            snapshot_window=spec.backups.window,
            maintenance_window=spec.maintenance_window,
            apply_immediately=spec.apply_changes == "immediately",
            **_final_snapshot(spec),
            **logs,
            tags=tags(spec.identifier),
            opts=child,
        )
        self.arn = group.arn
        if isinstance(spec.shape, ClusterModeEnabled):
            self.endpoints = {"configuration": group.configuration_endpoint_address}
        else:
            self.endpoints = {
                "primary": group.primary_endpoint_address,
                "reader": group.reader_endpoint_address,
            }
        self.nodes = group.member_clusters
        self.version = group.engine_version_actual
        self.register_outputs(
            {
                "region": self.region,
                "arn": self.arn,
                **{f"{role}Endpoint": host for role, host in self.endpoints.items()},
                "nodes": self.nodes,
                "version": self.version,
                "secretArn": self._secret_arn,
                "securityGroup": self.security_group.id,
            }
        )

    def _admit(self, name: str, key: RegionKey, child: pulumi.ResourceOptions) -> dict[str, Any]:
        spec, disposable = self.spec, self.spec.lifetime == "disposable"
        self.credentials = self.users = None
        if isinstance(spec.access, Users):
            self.users = CacheUsers(
                f"{name}-users",
                CacheUsersArgs(spec.identifier, spec.kind, spec.access.users, key, disposable),
                child,
            )
            return {
                "user_group_ids": [self.users.group_id],
                # For a cache that had a token: ElastiCache wants it deleted in the call that adds
                # the users (hashicorp/terraform-provider-aws#39546).
                "auth_token_update_strategy": "DELETE",
            }
        self.credentials = Credentials(
            f"{name}-credentials",
            CredentialsArgs(
                key=key,
                description=f"Auth token of {spec.identifier}",
                password_key="auth_token",
                disposable=disposable,
                rotated=spec.access.rotated,
            ),
            child,
        )
        return {"auth_token": self.credentials.password}

    def _logs(self, name: str, key: RegionKey, child: pulumi.ResourceOptions) -> dict[str, Any]:
        if self.spec.logs is None:
            return {}
        args = LogGroupsArgs(
            self.region, key, "cache", self.spec.identifier, LOGS, self.spec.logs.keep_days
        )
        made = LogGroups(f"{name}-logs", args, child)
        return {
            "log_delivery_configurations": [
                {
                    # Known when the group is there.
                    "destination": group,
                    "destination_type": "cloudwatch-logs",
                    "log_format": "json",
                    "log_type": log,
                }
                for log, group in zip(LOGS, made.made, strict=True)
            ]
        }

    @property
    def _secret_arn(self) -> pulumi.Output[str] | None:
        return self.credentials.secret_arn if self.credentials else None

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        return facts(
            {
                "kind": self.spec.kind,
                "engine": self.spec.kind,
                "version": self.version,
                "region": self.region,
                "endpoints": [
                    {"role": role, "host": host, "port": PORT}
                    for role, host in self.endpoints.items()
                ],
                "secret_arn": self._secret_arn,
                "users": self.users.facts if self.users else [],
                "instances": self.nodes,
                "cluster": self.spec.identifier,
                "security_group": self.security_group.id,
            }
        )


def _shape(spec: AnyCache, network: Network) -> dict[str, Any]:
    shape = spec.shape
    if isinstance(shape, ClusterModeEnabled):
        return {
            # Also chooses the default parameter group whose name ends with .cluster.on.
            "cluster_mode": "enabled",
            "num_node_groups": shape.shards,
            "replicas_per_node_group": shape.replicas_per_shard,
            # Without it ElastiCache refuses cluster mode, even where there is no replica.
            "automatic_failover_enabled": True,
        }
    nodes = shape.replicas + 1
    return {
        "num_cache_clusters": nodes,
        "preferred_cache_cluster_azs": list(network.spread(nodes)),
        "automatic_failover_enabled": shape.replicas > 0,
    }


def _final_snapshot(spec: AnyCache) -> dict[str, str]:
    return (
        {}
        if spec.lifetime == "disposable"
        else {"final_snapshot_identifier": f"{spec.identifier}-final"}
    )
