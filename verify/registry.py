"""Which exercise applies to which kind of database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contract import Database
from verify import apart, global_database, monitoring, security, serverless
from verify.apart import Apart
from verify.aurora import Aurora
from verify.backup import Backup
from verify.errors import UnknownName
from verify.exercise import Exercise, Scene
from verify.global_database import GlobalDatabase
from verify.mariadb import MariaDB
from verify.memcached import Memcached
from verify.migration import DataMigration
from verify.monitoring import Monitoring
from verify.mysql import MySQL
from verify.oracle import Oracle
from verify.postgres import PostgreSQL
from verify.proxy import Proxy
from verify.redis import Redis
from verify.serverless import Serverless
from verify.serverless_cache import ServerlessCache
from verify.sqlserver import SQLServer


@dataclass(frozen=True)
class Entry:
    """An exercise and the kind of database it proves."""

    kind: str
    make: Callable[[Scene], Exercise]
    metrics_periods: int = 0
    """How many periods of the cloud's metrics it may wait for, beside the network."""
    restores: bool = False
    """Whether it waits for a new instance, beside the network."""
    switchovers: int = 0
    """How many it may wait for, where they are allowed."""
    also: tuple[str, ...] = ()
    """Further kinds that it proves."""
    once_of: tuple[str, ...] = ()
    """Kinds in its place: it is performed once a stack, on the first database of one of them."""

    def chosen(self, databases: Mapping[str, Database]) -> list[str]:
        """The databases that it is performed on."""
        for kind in self.once_of:
            for name, database in databases.items():
                if database.kind == kind:
                    return [name]
        kinds = (self.kind, *self.also)
        return [name for name, database in databases.items() if database.kind in kinds]


EXERCISES: Mapping[str, Entry] = {
    "mysql": Entry("rds-mysql", MySQL),
    "mariadb": Entry("rds-mariadb", MariaDB),
    "postgres": Entry("rds-postgres", PostgreSQL),
    "oracle": Entry("rds-oracle", Oracle),
    "sqlserver": Entry("rds-sqlserver", SQLServer),
    "replica": Entry("read-replica", apart.replica),
    "aurora": Entry("aurora-mysql", Aurora),
    "serverless": Entry("aurora-serverless", Serverless, serverless.PERIODS),
    "global_database": Entry(
        "global-database", GlobalDatabase, switchovers=global_database.SWITCHOVERS
    ),
    "redis": Entry("redis", Redis),
    "valkey": Entry("valkey", Redis),
    "memcached": Entry("memcached", Memcached),
    "serverless_cache": Entry("serverless-cache", ServerlessCache),
    "proxy": Entry("rds-proxy", Proxy),
    "migration": Entry("migration", DataMigration),
    "restored": Entry("restored-instance", Apart),
    "backup": Entry("rds-mysql", Backup, restores=True),
    "security": Entry("rds-mysql", security.exercise_of, also=security.KINDS),
    "monitoring": Entry("rds-mysql", Monitoring, monitoring.PERIODS, once_of=monitoring.KINDS),
}


@dataclass(frozen=True)
class Planned:
    """An exercise to perform on a database of the stack."""

    exercise: str
    database: str


def plan(
    databases: Mapping[str, Database], names: Sequence[str] = (), exercises: Sequence[str] = ()
) -> list[Planned]:
    """What to perform, in the registry's order.

    ``names`` are exercises or databases (an exercise's name wins); none means all. ``exercises``
    narrows the choice. Raises `UnknownName` for a name that is neither, and when nothing is left.
    """
    applicable = [
        Planned(exercise, name)
        for exercise, entry in EXERCISES.items()
        for name in entry.chosen(databases)
    ]
    for name in names:
        if name not in EXERCISES and name not in databases:
            raise UnknownName(
                f"{name!r} is neither an exercise ({', '.join(EXERCISES)}) "
                f"nor a database of the stack ({', '.join(databases) or 'it has none'})"
            )
    chosen = [
        planned
        for planned in applicable
        if (not exercises or planned.exercise in exercises)
        and (
            not names
            or planned.exercise in names
            # Of an exercise that was chosen already, a name is a database's.
            or (planned.database in names and (exercises or planned.database not in EXERCISES))
        )
    ]
    if not chosen:
        wanted = ", ".join([*names, *exercises]) or "any exercise"
        raise UnknownName(
            f"the stack has no database for {wanted}; it has "
            + (", ".join(f"{n} ({d.kind})" for n, d in databases.items()) or "none")
        )
    return chosen
