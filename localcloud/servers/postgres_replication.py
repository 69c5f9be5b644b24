"""Streaming replication between PostgreSQL servers, and the users that RDS would make."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg.conninfo import make_conninfo

from localcloud.errors import ServerFailed
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.machine import own
from localcloud.servers.postgres_parameters import REPLICATION_USER, setting
from localcloud.servers.postgres_session import Session, SqlFailed, connect
from localcloud.servers.postgres_template import postgres_program

log = logging.getLogger(__name__)

CATCH_UP_S = 30
_COPY_S = 120
_LEAVE_S = 5.0
_POLL_S = 0.005
_SUPERUSER_ROLES = ("pg_monitor", "pg_signal_backend", "pg_checkpoint", "rds_replication")


@dataclass(frozen=True)
class Link:
    """How one replica reaches its source. ``host`` is the replica's own."""

    source: Address
    host: str
    password: str = field(repr=False)
    ca: str

    @property
    def slot(self) -> str:
        """The slot by which the source keeps what this replica has not read yet."""
        return "replica_" + self.host.replace(".", "_")

    def conninfo(self, **more: Any) -> str:
        return make_conninfo(
            host=self.source.host,
            port=self.source.port,
            user=REPLICATION_USER,
            sslmode="verify-full",
            sslrootcert=self.ca,
            **more,
        )

    @property
    def primary_conninfo(self) -> str:
        """What the replica connects with, the password among it."""
        return self.conninfo(password=self.password)

    def settings(self) -> str:
        """Lines of the replica's configuration file."""
        slot = setting("primary_slot_name", self.slot)
        return setting("primary_conninfo", self.primary_conninfo) + slot


def create_users(session: Session, credentials: Credentials, password: str) -> None:
    """The users of a new server: RDS's roles, the replicas', and the master user, no superuser."""
    for role in ("rds_superuser", "rds_replication", "rds_password", "rds_iam"):
        session.run(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    for role in _SUPERUSER_ROLES:
        session.run(
            sql.SQL("GRANT {} TO rds_superuser WITH ADMIN OPTION").format(sql.Identifier(role))
        )
    _create_user(session, Credentials(REPLICATION_USER, password), "REPLICATION")
    _create_user(session, credentials, "CREATEDB CREATEROLE IN ROLE rds_superuser")
    for database in ("postgres", "template1"):
        session.run(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(database), sql.Identifier(credentials.user)
            )
        )


def create_database(session: Session, database: str, owner: str) -> None:
    """The database of a create call; ``postgres`` is there anyway."""
    if not session.run("SELECT 1 FROM pg_database WHERE datname = %s", (database,)):
        session.run(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(owner)
            )
        )


def set_password(session: Session, user: str, password: str) -> None:
    """A new password, replicated."""
    session.run(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(user), sql.Literal(session.scram(user, password))
        )
    )


def copy_source(link: Link, target: Path, user: str | None) -> None:
    """Fill ``target`` with a copy of the running source, which from now on keeps its log for us.

    Whole or not at all; `ServerFailed` with what pg_basebackup said.
    """
    leave(link)
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    own(fresh, user)
    try:
        done = subprocess.run(
            [
                postgres_program("pg_basebackup"),
                f"--pgdata={fresh}",
                f"--dbname={link.conninfo()}",
                "--no-password",
                "--checkpoint=fast",
                "--wal-method=stream",
                "--create-slot",
                f"--slot={link.slot}",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            timeout=_COPY_S,
            check=False,
            cwd="/",
            env={"PATH": os.defpath, "PGPASSWORD": link.password},
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    except subprocess.TimeoutExpired as error:
        raise ServerFailed(f"{link.source} could not be copied within {_COPY_S} s") from error
    if done.returncode:
        raise ServerFailed(f"{link.source} could not be copied:\n{done.stderr[-600:]}")
    signal = fresh / "standby.signal"
    signal.touch()
    own(signal, user)
    fresh.replace(target)


def leave(link: Link) -> None:
    """Let the source forget a replica that reads no more; nothing to do when it is gone."""
    end = time.monotonic() + _LEAVE_S
    try:
        with at_source(link) as session:
            while rows := session.run(
                "SELECT active FROM pg_replication_slots WHERE slot_name = %s", (link.slot,)
            ):
                if not rows[0]["active"]:
                    session.run("SELECT pg_drop_replication_slot(%s)", (link.slot,))
                elif time.monotonic() > end:
                    log.warning("%s still serves the replica at %s", link.source, link.host)
                    return
                else:
                    time.sleep(_POLL_S)
    except SqlFailed as error:
        log.info("%s keeps its slot for %s: %s", link.source, link.host, error)


@contextmanager
def at_source(link: Link) -> Iterator[Session]:
    """The replicas' user's connection to the source."""
    where = link.conninfo(password=link.password, dbname="postgres")
    with connect(str(link.source), conninfo=where) as session:
        yield session


def join(link: Link) -> None:
    """Let the source keep what this replica has not read yet, from now on if it did not before."""
    with at_source(link) as session:
        session.run(
            "SELECT pg_create_physical_replication_slot(%s, true) WHERE NOT EXISTS "
            "(SELECT FROM pg_replication_slots WHERE slot_name = %s)",
            (link.slot, link.slot),
        )


def catch_up(replica: Session, source: Session, where: str) -> None:
    """Wait until ``replica`` shows what ``source`` has now; `ServerFailed` if it does not."""
    position = source.value(
        "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
        "ELSE pg_current_wal_flush_lsn() END"
    )
    end = time.monotonic() + CATCH_UP_S
    while not replica.run("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn AS v", (position,))[0][
        "v"
    ]:
        if time.monotonic() > end:
            raise ServerFailed(f"{where} is not at {position} within {CATCH_UP_S} s")
        time.sleep(_POLL_S)


def _create_user(session: Session, credentials: Credentials, rights: str) -> None:
    statement = "CREATE ROLE {} LOGIN PASSWORD {} "
    session.run(
        sql.SQL(statement).format(
            sql.Identifier(credentials.user),
            sql.Literal(session.scram(credentials.user, credentials.password)),
        )
        + sql.SQL(rights)
    )
