"""Builds a stack's components: shared ones first, then topologies, each after what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.keys import RegionKey, RegionKeyArgs
from components.monitoring_role import MonitoringRole
from components.network import Network, NetworkArgs
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.rds_proxy import RdsProxy, RdsProxyArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from components.redis import Redis, RedisArgs
from components.restored_instance import RestoredInstance, RestoredInstanceArgs
from specs import aurora_mysql, rds_mysql, rds_proxy, read_replica, redis, restored_instance
from specs.topologies import AnyTopology, Stack

Topology = RdsMysql | ReadReplica | RestoredInstance | AuroraMysql | Redis | RdsProxy


@dataclass(frozen=True)
class Built:
    """What a stack consists of. ``networks`` by region, ``topologies`` by name."""

    networks: Mapping[str, Network]
    topologies: Mapping[str, Topology]


def build(stack: Stack) -> Built:
    """Register every resource of ``stack``.

    Raises `ComponentError` where only the account could tell that it cannot be built.
    """
    shared = _Shared(stack)
    found: dict[str, Topology] = {}
    for name in stack.in_order:
        found[name] = _one(name, stack.topologies[name], stack.region_of(name), shared, found)
    return Built(shared.networks, {name: found[name] for name in stack.topologies})


class _Shared:
    """One network and one key a region, one monitoring role if anybody asks for it."""

    def __init__(self, stack: Stack) -> None:
        network = stack.network
        self.networks = {
            region: Network(
                f"network-{region}", NetworkArgs(region, network.zones, network.allowed_cidrs)
            )
            for region in stack.regions
        }
        _check_zones(stack, self.networks)
        self.keys = {
            region: RegionKey(f"key-{region}", RegionKeyArgs(region)) for region in stack.regions
        }
        monitored = any(
            getattr(spec, "enhanced_monitoring", None) for spec in stack.topologies.values()
        )
        self.monitoring_role = MonitoringRole("monitoring") if monitored else None


def _check_zones(stack: Stack, networks: Mapping[str, Network]) -> None:
    # Only the account knows its zones. A member would ask only after the databases before it, and
    # its own cluster, are being made.
    for name, spec in stack.topologies.items():
        if isinstance(spec, aurora_mysql.AuroraMysql):
            network = networks[stack.region_of(name)]
            keys = ("writer", *(f"readers.{n}" for n in range(len(spec.readers))))
            for key, member in zip(keys, spec.members, strict=True):
                network.zone_name(member.zone, f"topologies.{name}.{key}.zone")


def _one(
    name: str, spec: AnyTopology, region: str, shared: _Shared, built: Mapping[str, Topology]
) -> Topology:
    network, key = shared.networks[region], shared.keys[region]
    match spec:
        case rds_mysql.RdsMysql():
            return RdsMysql(name, RdsMysqlArgs(spec, network, key, shared.monitoring_role))
        case read_replica.ReadReplica():
            source = built[spec.source]
            assert isinstance(source, RdsMysql | ReadReplica)
            role = shared.monitoring_role
            return ReadReplica(name, ReadReplicaArgs(spec, source, spec.source, network, key, role))
        case restored_instance.RestoredInstance():
            origin = built[spec.source]
            assert isinstance(origin, RdsMysql)
            role = shared.monitoring_role
            args = RestoredInstanceArgs(spec, origin, spec.source, network, role)
            return RestoredInstance(name, args)
        case aurora_mysql.AuroraMysql():
            return AuroraMysql(name, AuroraMysqlArgs(spec, network, key, f"topologies.{name}"))
        case rds_proxy.RdsProxy():
            target = built[spec.target]
            assert isinstance(target, RdsMysql | AuroraMysql)
            return RdsProxy(name, RdsProxyArgs(spec, target, spec.target, network, key))
        case redis.Redis():
            return Redis(name, RedisArgs(spec, network, key))
