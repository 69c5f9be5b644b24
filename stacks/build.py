"""Builds a stack's components: shared ones first, then topologies, each after what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.alarms import Alarms
from components.aurora_cluster import AuroraCluster
from components.aurora_mysql import AuroraMysql, AuroraMysqlArgs
from components.aurora_postgresql import AuroraPostgresql, AuroraPostgresqlArgs
from components.aurora_serverless import AuroraServerless, AuroraServerlessArgs
from components.client_host import ClientHost
from components.global_database import GlobalDatabase, GlobalDatabaseArgs
from components.keys import RegionKey, RegionKeyArgs
from components.memcached import Memcached, MemcachedArgs
from components.migration import Migration, MigrationArgs
from components.migration_endpoints import End
from components.migration_network import SecretsEndpoint
from components.migration_roles import DmsAccountRoles
from components.monitoring_role import MonitoringRole
from components.multi_az_cluster import MultiAzCluster
from components.multi_az_mysql import MultiAzMysql, MultiAzMysqlArgs
from components.multi_az_postgres import MultiAzPostgres, MultiAzPostgresArgs
from components.network import Network, NetworkArgs
from components.rds_instance import RdsInstance
from components.rds_mariadb import RdsMariadb, RdsMariadbArgs
from components.rds_mysql import RdsMysql, RdsMysqlArgs
from components.rds_oracle import RdsOracle, RdsOracleArgs
from components.rds_postgres import RdsPostgres, RdsPostgresArgs
from components.rds_proxy import RdsProxy, RdsProxyArgs
from components.rds_sqlserver import RdsSqlserver, RdsSqlserverArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from components.redis import Redis, RedisArgs
from components.reserved_cache_nodes import ReservedCacheNodes, ReservedCacheNodesArgs
from components.reserved_instances import ReservedInstances, ReservedInstancesArgs
from components.restored_instance import RestoredInstance, RestoredInstanceArgs
from components.serverless_cache import ServerlessCache, ServerlessCacheArgs
from specs import (
    aurora_mysql,
    aurora_postgresql,
    aurora_serverless,
    global_database,
    memcached,
    migration,
    multi_az_mysql,
    multi_az_postgres,
    rds_mariadb,
    rds_mysql,
    rds_oracle,
    rds_postgres,
    rds_proxy,
    rds_sqlserver,
    read_replica,
    redis,
    reservation,
    restored_instance,
    serverless_cache,
)
from specs.topologies import AnyTopology, Stack
from stacks.client_hosts import client_hosts
from stacks.copied import copy_backups
from stacks.trust import authorities
from stacks.watched import watch

Topology = (
    RdsInstance
    | ReadReplica
    | RestoredInstance
    | MultiAzCluster[Any]
    | AuroraMysql
    | AuroraPostgresql
    | AuroraServerless
    | GlobalDatabase
    | Redis
    | Memcached
    | ServerlessCache
    | RdsProxy
    | Migration
)


@dataclass(frozen=True)
class Built:
    """What a stack consists of. ``topologies`` and ``alarms`` by name, all else by region."""

    networks: Mapping[str, Network]
    topologies: Mapping[str, Topology]
    alarms: Mapping[str, Alarms]
    client_hosts: Mapping[str, ClientHost]


def build(stack: Stack, authorities: Callable[[], str] = authorities) -> Built:
    """Register every resource of ``stack``. ``authorities`` is asked only if one needs them.

    Raises `ComponentError` where only the account could tell that it cannot be built.
    """
    shared = _Shared(stack, authorities)
    found: dict[str, Topology] = {}
    for name in stack.in_order:
        found[name] = _one(name, stack.topologies[name], stack.region_of(name), shared, found)
    for name, reserved in stack.reservations.items():
        _reserve(name, reserved, reserved.region or stack.region)
    copy_backups(stack, found, shared.keys)
    alarms = watch(stack, found)
    hosts = client_hosts(stack, shared.networks, shared.keys, found)
    topologies = {name: found[name] for name in stack.topologies}
    return Built(shared.networks, topologies, alarms, hosts)


class _Shared:
    """One network and one key a region, one monitoring role if anybody asks for it."""

    def __init__(self, stack: Stack, authorities: Callable[[], str]) -> None:
        # Before the first resource: a bundle that is missing is the person's to get.
        migrating = any(isinstance(t, migration.Migration) for t in stack.topologies.values())
        self.authorities = authorities() if migrating else ""
        network = stack.network
        self.networks = {
            region: Network(
                f"network-{region}", NetworkArgs(region, network.zones, network.allowed_cidrs)
            )
            for region in stack.regions
        }
        _check_zones(stack, self.networks)
        self.keys = {
            region: RegionKey(f"key-{region}", RegionKeyArgs(region))
            for region in stack.key_regions
        }
        monitored = any(
            getattr(spec, "enhanced_monitoring", None) for spec in stack.topologies.values()
        )
        self.monitoring_role = MonitoringRole("monitoring") if monitored else None
        self.migrations = _SharedByMigrations(stack, self.networks)


class _SharedByMigrations:
    """What an account or a VPC has once, for all migrations of the stack; nothing without any."""

    def __init__(self, stack: Stack, networks: Mapping[str, Network]) -> None:
        found = {
            stack.region_of(name): spec
            for name, spec in stack.topologies.items()
            if isinstance(spec, migration.Migration)
        }
        self.secrets_endpoints = {
            region: SecretsEndpoint(f"secrets-{region}", networks[region], spec.secrets_endpoint)
            for region, spec in found.items()
        }
        self.roles = {
            how: DmsAccountRoles("dms", how) for how in {s.account_roles for s in found.values()}
        }


def _check_zones(stack: Stack, networks: Mapping[str, Network]) -> None:
    # Only the account knows its zones. A member would ask only after the databases before it, and
    # its own cluster, are being made.
    for standing in stack.standings:
        for key, zone in standing.what.placed.items():
            networks[standing.region].zone_name(zone, f"{standing.path}.{key}")


def _one(
    name: str, spec: AnyTopology, region: str, shared: _Shared, built: Mapping[str, Topology]
) -> Topology:
    network, key, role = shared.networks[region], shared.keys[region], shared.monitoring_role
    at = f"topologies.{name}"
    match spec:
        case rds_mysql.RdsMysql():
            return RdsMysql(name, RdsMysqlArgs(spec, network, key, role))
        case rds_mariadb.RdsMariadb():
            return RdsMariadb(name, RdsMariadbArgs(spec, network, key, role))
        case rds_postgres.RdsPostgres():
            return RdsPostgres(name, RdsPostgresArgs(spec, network, key, role))
        case rds_oracle.RdsOracle():
            return RdsOracle(name, RdsOracleArgs(spec, network, key, role))
        case rds_sqlserver.RdsSqlserver():
            return RdsSqlserver(name, RdsSqlserverArgs(spec, network, key, role))
        case read_replica.ReadReplica():
            source = built[spec.source]
            assert isinstance(source, RdsInstance | ReadReplica)
            return ReadReplica(name, ReadReplicaArgs(spec, source, spec.source, network, key, role))
        case restored_instance.RestoredInstance():
            origin = built[spec.source]
            assert isinstance(origin, RdsInstance)
            args = RestoredInstanceArgs(spec, origin, spec.source, network, role)
            return RestoredInstance(name, args)
        case aurora_mysql.AuroraMysql():
            return AuroraMysql(name, AuroraMysqlArgs(spec, network, key, at, monitoring_role=role))
        case aurora_postgresql.AuroraPostgresql():
            return AuroraPostgresql(
                name, AuroraPostgresqlArgs(spec, network, key, at, monitoring_role=role)
            )
        case multi_az_mysql.MultiAzMysql():
            return MultiAzMysql(name, MultiAzMysqlArgs(spec, network, key, at, role))
        case multi_az_postgres.MultiAzPostgres():
            return MultiAzPostgres(name, MultiAzPostgresArgs(spec, network, key, at, role))
        case rds_proxy.RdsProxy():
            target = built[spec.target]
            assert isinstance(target, RdsInstance | AuroraCluster | MultiAzCluster)
            return RdsProxy(
                name,
                RdsProxyArgs(
                    spec,
                    target,
                    spec.target,
                    network,
                    key,
                    shared.migrations.secrets_endpoints.get(region),
                ),
            )
        case migration.Migration():
            return _migration(name, spec, network, key, shared, built)
        case aurora_serverless.AuroraServerless():
            return AuroraServerless(
                name, AuroraServerlessArgs(spec, network, key, at, monitoring_role=role)
            )
        case global_database.GlobalDatabase():
            others = {each.region: shared.networks[each.region] for each in spec.secondaries}
            keys = {region: shared.keys[region] for region in others}
            return GlobalDatabase(
                name,
                GlobalDatabaseArgs(spec, network, key, at, others, keys, monitoring_role=role),
            )
        case redis.Redis() | redis.Valkey():
            return Redis(name, RedisArgs(spec, network, key))
        case memcached.Memcached():
            return Memcached(name, MemcachedArgs(spec, network, at))
        case serverless_cache.ServerlessCache():
            return ServerlessCache(name, ServerlessCacheArgs(spec, network, key, at))


def _reserve(name: str, spec: reservation.AnyReservation, region: str) -> None:
    at = f"reservations.{name}"
    match spec:
        case reservation.ReservedInstances():
            ReservedInstances(name, ReservedInstancesArgs(spec, region, at))
        case reservation.ReservedCacheNodes():
            ReservedCacheNodes(name, ReservedCacheNodesArgs(spec, region, at))


def _migration(
    name: str,
    spec: migration.Migration,
    network: Network,
    key: RegionKey,
    shared: _Shared,
    built: Mapping[str, Topology],
) -> Migration:
    source, target = built[spec.source], built[spec.target]
    assert isinstance(source, End)
    assert isinstance(target, End)
    once = shared.migrations
    return Migration(
        name,
        MigrationArgs(
            spec=spec,
            source=source,
            target=target,
            network=network,
            key=key,
            account_roles=once.roles[spec.account_roles],
            secrets_endpoint=once.secrets_endpoints[network.region],
            ca_pem=shared.authorities,
        ),
    )
