"""Changing an Aurora cluster's writer: after its death, or because somebody asks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from localcloud.errors import ServerFailed
from localcloud.failover import Candidate, successor
from localcloud.servers.mariadb import MariaDB, Session, SqlFailed
from localcloud.servers.mariadb_replication import (
    catch_up,
    drain,
    follow,
    stop_following,
)

log = logging.getLogger(__name__)

_DRAIN_S = 10.0


@dataclass(frozen=True)
class Link:
    """What a server needs to replicate from another one of this site."""

    password: str
    ca: str


def take_over(readers: Mapping[str, MariaDB], tiers: Mapping[str, int], link: Link) -> str:
    """Make the most advanced of ``readers`` ready to write; its name.

    Each first applies what it has received. The others follow the new writer before it may
    write, because a write waits for one acknowledgement. It is still read-only: `open_writer`.
    """
    with ExitStack() as stack:
        sessions = {name: stack.enter_context(server.connect()) for name, server in readers.items()}
        candidates = []
        for name, session in sessions.items():
            try:
                candidates.append(Candidate(name, drain(session, _DRAIN_S), tiers[name]))
            except SqlFailed as error:
                log.warning("%s cannot take over: %s", name, error)
        best = successor(candidates)
        if best is None:
            raise ServerFailed(f"none of {', '.join(readers)} can take over")
        stop_following(sessions[best])
    for name, server in readers.items():
        if name != best:
            follow(server, readers[best].address, link.password, link.ca)
    return best


def switch_over(old: MariaDB, target: MariaDB, others: Mapping[str, MariaDB], link: Link) -> None:
    """A planned change of writer: ``target`` has everything, the old writer becomes a reader."""
    with old.connect() as session:
        session.run("SET SESSION lock_wait_timeout = 5")
        session.run("SET GLOBAL read_only = 1")
    try:
        catch_up(target, old)
    except ServerFailed:
        old.run("SET GLOBAL read_only = 0")
        raise
    with target.connect() as session:
        stop_following(session)
    for server in [*others.values(), old]:
        follow(server, target.address, link.password, link.ca)


def open_writer(session: Session, *, has_readers: bool) -> None:
    """Accept writes, each acknowledged by a reader if there is one.

    Only the writer waits for acknowledgements: a reader that did would stop applying.
    """
    session.run(f"SET GLOBAL rpl_semi_sync_master_enabled = {int(has_readers)}")
    session.run("SET GLOBAL read_only = 0")
