"""Which exercise applies to which kind of database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contract import Database
from verify import global_database, serverless
from verify.aurora import Aurora
from verify.errors import UnknownName
from verify.exercise import Exercise, Scene
from verify.global_database import GlobalDatabase
from verify.memcached import Memcached
from verify.mysql import MySQL
from verify.proxy import Proxy
from verify.redis import Redis
from verify.replica import Replica
from verify.serverless import Serverless
from verify.serverless_cache import ServerlessCache


@dataclass(frozen=True)
class Entry:
    """An exercise and the kind of database it proves."""

    kind: str
    make: Callable[[Scene], Exercise]
    metrics_periods: int = 0
    """How many periods of the cloud's metrics it may wait for, beside the network."""
    switchovers: int = 0
    """How many it may wait for, where they are allowed."""


EXERCISES: Mapping[str, Entry] = {
    "mysql": Entry("rds-mysql", MySQL),
    "replica": Entry("read-replica", Replica),
    "aurora": Entry("aurora-mysql", Aurora),
    "serverless": Entry("aurora-serverless", Serverless, serverless.PERIODS),
    "global_database": Entry(
        "global-database", GlobalDatabase, switchovers=global_database.SWITCHOVERS
    ),
    "redis": Entry("redis", Redis),
    "memcached": Entry("memcached", Memcached),
    "serverless_cache": Entry("serverless-cache", ServerlessCache),
    "proxy": Entry("rds-proxy", Proxy),
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
        for name, database in databases.items()
        if database.kind == entry.kind
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
            or (planned.database in names and planned.database not in EXERCISES)
        )
    ]
    if not chosen:
        wanted = ", ".join([*names, *exercises]) or "any exercise"
        raise UnknownName(
            f"the stack has no database for {wanted}; it has "
            + (", ".join(f"{n} ({d.kind})" for n, d in databases.items()) or "none")
        )
    return chosen
