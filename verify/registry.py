"""Which exercise applies to which kind of database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contract import Database
from verify import apart, audit_log, global_database, monitoring, security, serverless
from verify.apart import Apart
from verify.aurora import Aurora
from verify.aurora_postgres import AuroraPostgres
from verify.backup import Backup
from verify.errors import UnknownName
from verify.exercise import Exercise, Scene
from verify.global_database import GlobalDatabase
from verify.lag import copies
from verify.lag.exercise import PERIODS as LAG_PERIODS
from verify.lag.exercise import PHASES as LAG_PHASES
from verify.lag.exercise import Lag
from verify.mariadb import MariaDB
from verify.memcached import Memcached
from verify.migration import DataMigration
from verify.monitoring import Monitoring
from verify.multi_az import MultiAz
from verify.mysql import MySQL
from verify.oracle import Oracle
from verify.postgres import PostgreSQL
from verify.proxy import Proxy
from verify.redis import Redis
from verify.serverless import Serverless
from verify.serverless_cache import ServerlessCache
from verify.sqlserver import SQLServer

LAG = "lag"


@dataclass(frozen=True)
class Entry:
    """An exercise and the kind of database it proves."""

    kind: str
    make: Callable[[Scene], Exercise]
    metrics_periods: int = 0
    """How many periods of the cloud's metrics it may wait for, beside the network."""
    deliveries: int = 0
    """How often it may wait for a log to be delivered, beside the network."""
    restores: bool = False
    """Whether it waits for a new instance, beside the network."""
    switchovers: int = 0
    """How many it may wait for, where they are allowed."""
    also: tuple[str, ...] = ()
    """Further kinds that it proves."""
    once_of: tuple[str, ...] = ()
    """Kinds in its place: it is performed once a stack, on the first database of one of them."""

    on_demand: bool = False
    """Whether it is performed only where it is named: it takes its time, or is a load."""
    phases: int = 0
    """How often it measures for as long as it is told, beside the network."""
    fits: Callable[[str, Mapping[str, Database]], bool] | None = None
    """Which databases of its kinds have something to prove, if not all."""
    meant: Callable[[str, Mapping[str, Database]], str] = lambda name, _: name
    """Which database it is performed on for one that is named."""

    def chosen(self, databases: Mapping[str, Database]) -> list[str]:
        """The databases that it is performed on."""
        for kind in self.once_of:
            for name, database in databases.items():
                if database.kind == kind:
                    return [name]
        kinds = (self.kind, *self.also)
        return [
            name
            for name, database in databases.items()
            if database.kind in kinds and (self.fits is None or self.fits(name, databases))
        ]


EXERCISES: Mapping[str, Entry] = {
    "mysql": Entry("rds-mysql", MySQL),
    "mariadb": Entry("rds-mariadb", MariaDB),
    "postgres": Entry("rds-postgres", PostgreSQL),
    "oracle": Entry("rds-oracle", Oracle),
    "sqlserver": Entry("rds-sqlserver", SQLServer),
    "replica": Entry("read-replica", apart.replica),
    "aurora": Entry("aurora-mysql", Aurora),
    "aurora_postgres": Entry("aurora-postgresql", AuroraPostgres),
    "multi_az": Entry("multi-az-mysql", MultiAz, also=("multi-az-postgres",)),
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
    "security": Entry(
        "rds-mysql", security.exercise_of, also=security.KINDS, deliveries=audit_log.DELIVERIES
    ),
    "monitoring": Entry("rds-mysql", Monitoring, monitoring.PERIODS, once_of=monitoring.KINDS),
    LAG: Entry(
        "rds-mysql", Lag, LAG_PERIODS, also=(*copies.SQL_KINDS, *copies.CACHE_KINDS),
        on_demand=True, phases=len(LAG_PHASES), fits=copies.has_copies, meant=copies.first_source,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """An exercise to perform on a database of the stack."""

    exercise: str
    database: str


def plan(
    databases: Mapping[str, Database], names: Sequence[str] = (), exercises: Sequence[str] = ()
) -> list[Planned]:
    """What to perform, in the registry's order.

    ``names`` are exercises or databases (an exercise's name wins); none means all but those on
    demand, which are named. ``exercises`` narrows the choice. Raises `UnknownName` for a name
    that is neither, and when nothing is left.
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
        and (not EXERCISES[planned.exercise].on_demand or planned.exercise in (*names, *exercises))
        and (
            not names
            or planned.exercise in names
            # Of an exercise that was chosen already, a name is a database's.
            or any(
                planned.database == EXERCISES[planned.exercise].meant(name, databases)
                and (exercises or name not in EXERCISES)
                for name in names
            )
        )
    ]
    if not chosen:
        wanted = ", ".join([*names, *exercises]) or "any exercise"
        raise UnknownName(
            f"the stack has no database for {wanted}; it has "
            + (", ".join(f"{n} ({d.kind})" for n, d in databases.items()) or "none")
        )
    return chosen


def with_lags(planned: Sequence[Planned], databases: Mapping[str, Database]) -> list[Planned]:
    """``planned``, and the lag of the databases among them, for a page to draw."""
    examined = {EXERCISES[LAG].meant(each.database, databases) for each in planned}
    measured = {each.database for each in planned if each.exercise == LAG}
    more = [name for name in EXERCISES[LAG].chosen(databases) if name in examined - measured]
    return [*planned, *(Planned(LAG, name) for name in more)]
