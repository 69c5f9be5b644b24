"""Builds a stack's components: shared ones first, then topologies, each after what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.aurora_serverless import AuroraServerless, AuroraServerlessArgs
from components.global_database import GlobalDatabase, GlobalDatabaseArgs
from components.keys import RegionKey, RegionKeyArgs
from components.memcached import Memcached, MemcachedArgs
from components.monitoring_role import MonitoringRole
from components.network import Network, NetworkArgs
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.rds_proxy import RdsProxy, RdsProxyArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from components.redis import Redis, RedisArgs
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from specs import (
    aurora_mysql,
    aurora_serverless,
    global_database,
    memcached,
    rds_mysql,
    rds_proxy,
    read_replica,
    redis,
    serverless_cache,
)
from specs.topologies import AnyTopology, Stack

Topology = (
    RdsMysql
    | ReadReplica
    | AuroraMysql
    | AuroraServerless
    | GlobalDatabase
    | Redis
    | Memcached
    | ServerlessCache
    | RdsProxy
)


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
    for standing in stack.standings:
        for key, zone in standing.what.placed.items():
            networks[standing.region].zone_name(zone, f"{standing.path}.{key}")


def _one(
    name: str, spec: AnyTopology, region: str, shared: _Shared, built: Mapping[str, Topology]
) -> Topology:
    network, key = shared.networks[region], shared.keys[region]
    match spec:
        case rds_mysql.RdsMysql():
            return RdsMysql(name, RdsMysqlArgs(spec, network, key, shared.monitoring_role))
        case read_replica.ReadReplica():
            source = built[spec.source]
            assert isinstance(source, RdsMysql)
            role = shared.monitoring_role
            return ReadReplica(name, ReadReplicaArgs(spec, source, spec.source, network, key, role))
        case aurora_mysql.AuroraMysql():
            return AuroraMysql(name, AuroraMysqlArgs(spec, network, key, f"topologies.{name}"))
        case rds_proxy.RdsProxy():
            target = built[spec.target]
            assert isinstance(target, RdsMysql | AuroraMysql)
            return RdsProxy(name, RdsProxyArgs(spec, target, spec.target, network, key))
        case aurora_serverless.AuroraServerless():
            at = f"topologies.{name}"
            return AuroraServerless(name, AuroraServerlessArgs(spec, network, key, at))
        case global_database.GlobalDatabase():
            others = {each.region: shared.networks[each.region] for each in spec.secondaries}
            keys = {region: shared.keys[region] for region in others}
            at = f"topologies.{name}"
            return GlobalDatabase(name, GlobalDatabaseArgs(spec, network, key, at, others, keys))
        case redis.Redis():
            return Redis(name, RedisArgs(spec, network, key))
        case memcached.Memcached():
            return Memcached(name, MemcachedArgs(spec, network, f"topologies.{name}"))
        case serverless_cache.ServerlessCache():
            at = f"topologies.{name}"
            return ServerlessCache(name, ServerlessCacheArgs(spec, network, key, at))
