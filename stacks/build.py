"""Builds a stack's components: shared ones first, then topologies, each after what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.keys import RegionKey, RegionKeyArgs
from components.monitoring_role import MonitoringRole
from components.network import Network, NetworkArgs
from components.rds_instance import RdsInstance
from components.rds_mariadb import RdsMariadb, RdsMariadbArgs
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.rds_oracle import RdsOracle, RdsOracleArgs
from components.rds_postgres import RdsPostgres, RdsPostgresArgs
from components.rds_sqlserver import RdsSqlserver, RdsSqlserverArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from components.redis import Redis, RedisArgs
from specs import (
    aurora_mysql,
    rds_mariadb,
    rds_mysql,
    rds_oracle,
    rds_postgres,
    rds_sqlserver,
    read_replica,
    redis,
)
from specs.topologies import AnyTopology, Stack

Topology = RdsInstance | ReadReplica | AuroraMysql | Redis


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
        self.keys = {
            region: RegionKey(f"key-{region}", RegionKeyArgs(region)) for region in stack.regions
        }
        monitored = any(
            getattr(spec, "enhanced_monitoring", None) for spec in stack.topologies.values()
        )
        self.monitoring_role = MonitoringRole("monitoring") if monitored else None


def _one(
    name: str, spec: AnyTopology, region: str, shared: _Shared, built: Mapping[str, Topology]
) -> Topology:
    network, key = shared.networks[region], shared.keys[region]
    match spec:
        case rds_mysql.RdsMysql():
            return RdsMysql(name, RdsMysqlArgs(spec, network, key, shared.monitoring_role))
        case rds_mariadb.RdsMariadb():
            return RdsMariadb(name, RdsMariadbArgs(spec, network, key, shared.monitoring_role))
        case rds_postgres.RdsPostgres():
            return RdsPostgres(name, RdsPostgresArgs(spec, network, key, shared.monitoring_role))
        case rds_oracle.RdsOracle():
            return RdsOracle(name, RdsOracleArgs(spec, network, key, shared.monitoring_role))
        case rds_sqlserver.RdsSqlserver():
            return RdsSqlserver(name, RdsSqlserverArgs(spec, network, key, shared.monitoring_role))
        case read_replica.ReadReplica():
            source = built[spec.source]
            assert isinstance(source, RdsInstance)
            role = shared.monitoring_role
            return ReadReplica(name, ReadReplicaArgs(spec, source, spec.source, network, key, role))
        case aurora_mysql.AuroraMysql():
            return AuroraMysql(name, AuroraMysqlArgs(spec, network, key, f"topologies.{name}"))
        case redis.Redis():
            return Redis(name, RedisArgs(spec, network, key))
