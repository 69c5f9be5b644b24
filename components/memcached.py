"""An ElastiCache memcached cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.facts import Facts, facts
from components.network import Network
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.memcached import FAMILY, SingleAz
from specs.memcached import Memcached as Spec

PORT = 11211


@dataclass(frozen=True)
class MemcachedArgs:
    """``network`` is that of the cluster's region; ``at`` is its path in the config, for errors."""

    spec: Spec
    network: Network
    at: str


class Memcached(pulumi.ComponentResource):
    """Nodes that share nothing, and the endpoint by which clients find them all.

    Creates: a security group, a subnet group, a parameter group if parameters are given, the
    cluster. Costs: hours x the node type's price for every node.
    Fails: with a node its part of the keys is gone; ElastiCache puts an empty one in its place.
    Nobody logs in: memcached has no users, so the security group is the only door. A change of
    the class, of TLS or of the subnets replaces the cluster and empties it; parameters apply when
    a node is rebooted.
    """

    spec: Spec
    region: str
    security_group: DatabaseSecurityGroup
    arn: pulumi.Output[str]
    configuration_endpoint: pulumi.Output[str]
    """Its host."""

    def __init__(
        self, name: str, args: MemcachedArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Memcached", name, None, opts)
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
        zones = _zones(args)
        cluster = aws.elasticache.Cluster(
            f"{name}-cluster",
            region=self.region,
            cluster_id=spec.identifier,
            engine="memcached",
            engine_version=spec.engine_version,
            node_type=spec.node_class,
            num_cache_nodes=spec.nodes,
            az_mode="cross-az" if len(set(zones)) > 1 else "single-az",
            preferred_availability_zones=zones,
            subnet_group_name=subnets.name,
            security_group_ids=[self.security_group.id],
            port=PORT,
            transit_encryption_enabled=spec.tls,
            maintenance_window=spec.maintenance_window,
            apply_immediately=spec.apply_changes == "immediately",
            parameter_group_name=self._parameter_group(name, child),
            tags=tags(spec.identifier),
            opts=child,
        )
        self.arn = cluster.arn
        self.configuration_endpoint = cluster.cluster_address
        self.version = cluster.engine_version_actual
        self._nodes = cluster.cache_nodes
        self.register_outputs(
            {
                "region": self.region,
                "arn": self.arn,
                "configurationEndpoint": self.configuration_endpoint,
                "securityGroup": self.security_group.id,
            }
        )

    def _parameter_group(
        self, name: str, child: pulumi.ResourceOptions
    ) -> str | pulumi.Output[str]:
        if not self.spec.parameters:
            # Named, because without a name a cluster keeps the group that it had, which can then
            # not be deleted.
            return f"default.{FAMILY}"
        group = aws.elasticache.ParameterGroup(
            f"{name}-parameters",
            region=self.region,
            family=FAMILY,
            description=f"Parameters of {self.spec.identifier}",
            parameters=[
                {"name": parameter, "value": value}
                for parameter, value in sorted(self.spec.parameters.items())
            ],
            tags=tags(f"{name}-parameters"),
            opts=child,
        )
        own: pulumi.Output[str] = group.name
        return own

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract; nodes are in the order of their ids."""
        return facts(
            {
                "kind": self.spec.kind,
                "engine": "memcached",
                "version": self.version,
                "region": self.region,
                "endpoints": pulumi.Output.all(self.configuration_endpoint, self._nodes).apply(
                    lambda found: _endpoints(*found)
                ),
                "tls": self.spec.tls,
                "instances": self._nodes.apply(lambda nodes: [n["id"] for n in nodes]),
                "cluster": self.spec.identifier,
                "security_group": self.security_group.id,
            }
        )


def _zones(args: MemcachedArgs) -> list[str]:
    placement, network, count = args.spec.placement, args.network, args.spec.nodes
    if isinstance(placement, SingleAz):
        return [network.zone_name(placement.zone, f"{args.at}.placement.zone")] * count
    if placement.zones is None:
        return list(network.spread(count))
    names = [
        network.zone_name(zone, f"{args.at}.placement.zones.{n}")
        for n, zone in enumerate(placement.zones)
    ]
    return [names[n % len(names)] for n in range(count)]


def _endpoints(configuration: str, nodes: list[Any]) -> list[dict[str, Any]]:
    return [
        {"role": "configuration", "host": configuration, "port": PORT},
        *(
            {
                "role": "node",
                "host": node["address"],
                "port": PORT,
                "name": node["id"],
            }
            for node in nodes
        ),
    ]
