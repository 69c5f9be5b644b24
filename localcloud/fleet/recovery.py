"""Bringing every database back after the daemon, the servers or the machine have died."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from localcloud.errors import LocalCloudError
from localcloud.fleet.collection import Database
from localcloud.supervisor import Supervisor

log = logging.getLogger(__name__)

_AT_ONCE = 8


def recover(supervisor: Supervisor, databases: Sequence[Database]) -> None:
    """Adopt what runs, start what does not, end what belongs to nobody.

    Each comes after the database it follows, which it would wait for.
    """
    _end_unplanned(supervisor, databases)
    waiting = list(databases)
    while waiting:
        absent = {database.ref for database in waiting}
        ready = [d for d in waiting if d.after not in absent] or waiting
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_one, ready))
        waiting = [d for d in waiting if d not in ready]


def _one(database: Database) -> None:
    # One that cannot be started must not keep the others down.
    try:
        database.recover()
    except LocalCloudError:
        log.exception("%s could not be started again", database.ref)


def _end_unplanned(supervisor: Supervisor, databases: Sequence[Database]) -> None:
    # A kill between the start of a server and its plan leaves one that nobody asks for.
    planned = {name for database in databases for name in database.processes()}
    for name in set(supervisor.names()) - planned:
        log.warning("server %s has no plan: ended", name)
        supervisor.stop(name, kill=True)
