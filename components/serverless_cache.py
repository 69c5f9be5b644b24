"""An ElastiCache serverless cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.facts import Facts, facts
from components.keys import RegionKey
from components.network import Network
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.serverless_cache import MOST_ZONES, Processing, Storage
from specs.serverless_cache import ServerlessCache as Spec

_FIRST_PORT: Mapping[str, int] = {"redis": 6379, "valkey": 6379, "memcached": 11211}
"""Of the endpoint; the reader endpoint is the same name with the next port."""


@dataclass(frozen=True)
class ServerlessCacheArgs:
    """Network and key are those of the cache's region; ``at`` is its path in the config."""

    spec: Spec
    network: Network
    key: RegionKey
    at: str


class ServerlessCache(pulumi.ComponentResource):
    """A cache without nodes: TLS always, encrypted at rest, in the cluster protocol of Redis.

    Creates: a security group that opens both ports, the cache. Costs: GB-hours of what is kept
    (at least 1 GB of Redis and memcached, 0.1 GB of Valkey) and ECPUs of what is done; the least
    of a limit is billed whether it is used or not.
    Fails: ElastiCache replaces what breaks behind the same name. Replication is asynchronous:
    the reader endpoint may be behind, and the last writes may be lost. A change of the subnets or
    of the key replaces the cache. Its VPC endpoint remains for minutes after a deletion and keeps
    the security group.
    """

    spec: Spec
    region: str
    security_group: DatabaseSecurityGroup
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServerlessCacheArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ServerlessCache", name, None, opts)
        spec, network = args.spec, args.network
        self.spec, self.region = spec, network.region
        child = pulumi.ResourceOptions(parent=self)
        port = _FIRST_PORT[spec.engine]
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, port, last_port=port + 1), child
        )
        cache = aws.elasticache.ServerlessCache(
            f"{name}-cache",
            region=self.region,
            name=spec.identifier,
            engine=spec.engine,
            major_engine_version=spec.major_version,
            description=spec.description,
            subnet_ids=_subnets(args),
            security_group_ids=[self.security_group.id],
            kms_key_id=args.key.arn,
            **_limits(spec.storage_gb, spec.ecpu_per_second),
            **_snapshots(spec),
            **({"user_group_id": spec.user_group_id} if spec.user_group_id else {}),
            tags=tags(spec.identifier),
            opts=child,
        )
        self.arn = cache.arn
        self.version = cache.full_engine_version
        self._endpoints = pulumi.Output.all(cache.endpoints, cache.reader_endpoints)
        self.register_outputs(
            {"region": self.region, "arn": self.arn, "securityGroup": self.security_group.id}
        )

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        return facts(
            {
                "kind": self.spec.kind,
                "engine": self.spec.engine,
                "version": self.version,
                "region": self.region,
                "endpoints": self._endpoints.apply(
                    lambda found: [
                        {"role": role, "host": each["address"], "port": each["port"]}
                        for role, ends in zip(("primary", "reader"), found, strict=True)
                        for each in ends
                    ]
                ),
                "cluster": self.spec.identifier,
                "security_group": self.security_group.id,
            }
        )


def _subnets(args: ServerlessCacheArgs) -> list[str]:
    network, zones = args.network, args.spec.zones
    if zones is None:
        return list(network.subnets.values())[:MOST_ZONES]
    for n, zone in enumerate(zones):
        network.zone_name(zone, f"{args.at}.zones.{n}")
    return [network.subnets[zone] for zone in zones]


def _limits(storage: Storage | None, processing: Processing | None) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if storage is not None:
        limits["data_storage"] = {"unit": "GB"} | _bounds(storage)
    if processing is not None:
        limits["ecpu_per_seconds"] = [_bounds(processing)]
    return {"cache_usage_limits": limits} if limits else {}


def _bounds(limit: Storage | Processing) -> dict[str, int]:
    bounds = {"minimum": limit.least, "maximum": limit.most}
    return {name: value for name, value in bounds.items() if value is not None}


def _snapshots(spec: Spec) -> dict[str, Any]:
    if spec.backups is None:
        return {}
    return {
        "snapshot_retention_limit": spec.backups.retention_days,
        "daily_snapshot_time": spec.backups.time,
    }
