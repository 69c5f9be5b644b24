"""Which drill there is for which kind of database."""

from __future__ import annotations

from collections.abc import Mapping

from contract import Database
from verify.aws import Cloud
from verify.drill.cache_targets import RedisGroup
from verify.drill.cluster_targets import Aurora, AuroraServerless, MultiAzCluster
from verify.drill.global_targets import GlobalDatabase
from verify.drill.sharded_targets import RedisShard
from verify.drill.sql_targets import MultiAz, Proxied
from verify.drill.target import Target


def targets_of(
    name: str, databases: Mapping[str, Database], cloud: Cloud, ca: str | None
) -> list[Target]:
    """How a database is drilled; a cache twice, without and with WAIT; none for most kinds."""
    database = databases[name]
    match database.kind:
        case "aurora-mysql" | "aurora-postgresql":
            return [Aurora(name, database, cloud, ca)]
        case "aurora-serverless":
            return [AuroraServerless(name, database, cloud, ca)]
        case "multi-az-mysql" | "multi-az-postgres":
            return [MultiAzCluster(name, database, cloud, ca)]
        case "rds-mysql" | "rds-mariadb" | "rds-postgres":
            return [MultiAz(name, database, cloud, ca)]
        case "redis" | "valkey":
            target = RedisShard if database.endpoints_of("configuration") else RedisGroup
            return [
                target(name, database, cloud, ca, confirmed=confirmed)
                for confirmed in (False, True)
            ]
        case "global-database":
            return [GlobalDatabase(name, database, cloud, ca)]
        case "rds-proxy" if (source := database.source) is not None and source in databases:
            behind = targets_of(source, databases, cloud, ca)
            return [Proxied(name, database, each) for each in behind]
        case _:
            return []
