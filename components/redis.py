"""An ElastiCache replication group of Redis (practice 5)."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.credentials import Credentials, CredentialsArgs
from components.facts import Facts, facts
from components.keys import RegionKey
from components.network import Network
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.redis import Redis as Spec

PORT = 6379


@dataclass(frozen=True)
class RedisArgs:
    """Network and key are those of the cache's region."""

    spec: Spec
    network: Network
    key: RegionKey


class Redis(pulumi.ComponentResource):
    """A primary and its replicas: TLS and an auth token for clients, encrypted at rest.

    Creates: a security group, a subnet group, credentials (the token), the replication group.
    Costs: hours x the node type's price for every node; backups beyond one a node by the GB.
    Fails: with automatic failover a dead primary is replaced by the most advanced replica behind
    the same name, mostly within 30 s; replication is asynchronous, so the last writes may be
    lost. Encryption at rest cannot be changed later; a change of it replaces the cache.
    """

    spec: Spec
    region: str
    security_group: DatabaseSecurityGroup
    credentials: Credentials
    arn: pulumi.Output[str]
    primary_endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
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
        self.credentials = Credentials(
            f"{name}-credentials",
            CredentialsArgs(
                key=args.key,
                description=f"Auth token of {spec.identifier}",
                password_key="auth_token",
                disposable=spec.lifetime == "disposable",
            ),
            child,
        )
        replicas = spec.shape.replicas
        group = aws.elasticache.ReplicationGroup(
            f"{name}-group",
            region=self.region,
            replication_group_id=spec.identifier,
            description=spec.description,
            engine="redis",
            engine_version=spec.engine_version,
            node_type=spec.node_class,
            num_cache_clusters=replicas + 1,
            preferred_cache_cluster_azs=list(network.spread(replicas + 1)),
            automatic_failover_enabled=replicas > 0,
            multi_az_enabled=spec.availability == "multi-az",
            subnet_group_name=subnets.name,
            security_group_ids=[self.security_group.id],
            port=PORT,
            transit_encryption_enabled=True,
            auth_token=self.credentials.password,
            at_rest_encryption_enabled=True,
            kms_key_id=args.key.arn,
            snapshot_retention_limit=spec.backups.retention_days,
            snapshot_window=spec.backups.window,
            maintenance_window=spec.maintenance_window,
            apply_immediately=spec.apply_changes == "immediately",
            **_final_snapshot(spec),
            tags=tags(spec.identifier),
            opts=child,
        )
        self.arn = group.arn
        self.primary_endpoint = group.primary_endpoint_address
        self.reader_endpoint = group.reader_endpoint_address
        self.nodes = group.member_clusters
        self.version = group.engine_version_actual
        self.register_outputs(
            {
                "region": self.region,
                "arn": self.arn,
                "primaryEndpoint": self.primary_endpoint,
                "readerEndpoint": self.reader_endpoint,
                "nodes": self.nodes,
                "version": self.version,
                "secretArn": self.credentials.secret_arn,
                "securityGroup": self.security_group.id,
            }
        )

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        return facts(
            {
                "kind": self.spec.kind,
                "engine": "redis",
                "version": self.version,
                "region": self.region,
                "endpoints": [
                    {"role": "primary", "host": self.primary_endpoint, "port": PORT},
                    {"role": "reader", "host": self.reader_endpoint, "port": PORT},
                ],
                "secret_arn": self.credentials.secret_arn,
                "instances": self.nodes,
                "cluster": self.spec.identifier,
                "security_group": self.security_group.id,
            }
        )


def _final_snapshot(spec: Spec) -> dict[str, str]:
    return (
        {}
        if spec.lifetime == "disposable"
        else {"final_snapshot_identifier": f"{spec.identifier}-final"}
    )
