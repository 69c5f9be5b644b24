"""Replication between MariaDB servers by GTID, and the users that RDS would make."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from localcloud.errors import ServerFailed
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.mariadb import MariaDB
from localcloud.servers.mariadb_session import Session, SqlFailed

REPLICATION_USER = "rdsrepladmin"
CATCH_UP_S = 30
_NOT_IN_ITS_LOG = 1236
"""The source does not know the replica's position; the replica does not ask again."""
_MASTER_USER_GRANTS = (
    # RDS's list. With ALL the user could write on a read-only server, because SUPER and
    # READ ONLY ADMIN may.
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, "
    "SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, "
    "REPLICATION CLIENT, REPLICA MONITOR, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, "
    "CREATE USER, EVENT, TRIGGER"
)


def prepare(server: MariaDB, password: str) -> None:
    """Make the user by which other servers replicate from this one; not replicated itself."""
    with server.connect() as session:
        session.run("SET SESSION sql_log_bin = 0")
        session.run(
            f"CREATE OR REPLACE USER {REPLICATION_USER}@'%' IDENTIFIED BY %s REQUIRE SSL",
            (password,),
        )
        session.run(f"GRANT REPLICATION SLAVE ON *.* TO {REPLICATION_USER}@'%'")


def create_master_user(server: MariaDB, credentials: Credentials, database: str | None) -> None:
    """The user and the database of a create call, as RDS grants them; both are replicated."""
    with server.connect() as session:
        session.run(
            f"CREATE OR REPLACE USER {_name(credentials.user)}@'%' IDENTIFIED BY %s",
            (credentials.password,),
        )
        session.run(
            f"GRANT {_MASTER_USER_GRANTS} ON *.* TO {_name(credentials.user)}@'%' WITH GRANT OPTION"
        )
        if database is not None:
            session.run(f"CREATE DATABASE IF NOT EXISTS {_name(database)}")


def set_master_password(server: MariaDB, user: str, password: str) -> None:
    """A new password, replicated."""
    server.run(f"ALTER USER {_name(user)}@'%' IDENTIFIED BY %s", (password,))


def follow(server: MariaDB, source: Address, password: str, ca: str) -> None:
    """Make ``server`` replicate from ``source``, from where its own binary log ends.

    It may have been a writer: with log_slave_updates its binary log has every transaction
    that it knows, whoever it came from.
    """
    with server.connect() as session:
        session.run("STOP SLAVE")
        session.run("SET GLOBAL rpl_semi_sync_master_enabled = 0")
        session.run("SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_binlog_pos")
        session.run(
            "CHANGE MASTER TO MASTER_HOST = %s, MASTER_PORT = %s, MASTER_USER = %s, "
            "MASTER_PASSWORD = %s, MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1, "
            "MASTER_HEARTBEAT_PERIOD = 1, MASTER_SSL = 1, MASTER_SSL_CA = %s, "
            "MASTER_SSL_VERIFY_SERVER_CERT = 1",
            (source.host, source.port, REPLICATION_USER, password, ca),
        )
        session.run("START SLAVE")


def catch_up(server: MariaDB, source: MariaDB) -> None:
    """Wait until ``server`` has applied what ``source`` has now; `ServerFailed` if it does not."""
    position = source.run("SELECT @@GLOBAL.gtid_binlog_pos AS v")[0]["v"]
    reach(server, position, CATCH_UP_S, source.identifier)


def reach(server: MariaDB, position: str, within_s: float, whose: str) -> None:
    """Wait until ``server`` has applied ``whose`` ``position``; `ServerFailed` if it does not."""
    with server.connect() as session:
        end = time.monotonic() + within_s
        while session.value(f"MASTER_GTID_WAIT('{position}', 1)") != 0:
            status = (session.run("SHOW SLAVE STATUS") or [{}])[0]
            trouble = status.get("Last_SQL_Error") or status.get("Last_IO_Error")
            # An IO error alone heals itself at the next attempt to connect, but for one.
            if _diverged(status) or time.monotonic() > end:
                raise ServerFailed(
                    f"{server.identifier} does not catch up with {whose}: "
                    f"{trouble or f'not at {position} within {within_s:.0f} s'}"
                )


def replicates(server: MariaDB) -> bool:
    """Whether a server applies what its source has, or tries to reach it."""
    status = (server.run("SHOW SLAVE STATUS") or [{}])[0]
    return status.get("Slave_SQL_Running") == "Yes" and status.get("Slave_IO_Running") != "No"


def has_diverged(server: MariaDB) -> bool:
    """Whether a server stopped because it has what its source has not, or the other way round."""
    return _diverged((server.run("SHOW SLAVE STATUS") or [{}])[0])


def _diverged(status: Mapping[str, Any]) -> bool:
    return bool(status.get("Last_SQL_Errno")) or status.get("Last_IO_Errno") == _NOT_IN_ITS_LOG


def drain(session: Session, deadline_s: float) -> int:
    """Stop receiving, apply what was received; how far that leads (`sequence`)."""
    session.run("STOP SLAVE IO_THREAD")
    status = (session.run("SHOW SLAVE STATUS") or [{}])[0]
    received = status.get("Gtid_IO_Pos") or ""
    if received and session.value(f"MASTER_GTID_WAIT('{received}', {deadline_s})") != 0:
        raise SqlFailed(f"what was received could not be applied within {deadline_s} s")
    return sequence(str(session.value("@@GLOBAL.gtid_binlog_pos")))


def stop_following(session: Session) -> None:
    """Take writes from now on, not those of a source."""
    session.run("STOP SLAVE")
    session.run("RESET SLAVE ALL")


def position(server: MariaDB) -> int:
    """How many transactions of the one history ``server`` has (`sequence`)."""
    return sequence(server.run("SELECT @@GLOBAL.gtid_binlog_pos AS v")[0]["v"])


def sequence(gtid: str) -> int:
    """The sequence number of a position such as ``0-258-42``; 0 for an empty one.

    All our servers are in one GTID domain, so one number orders them.
    """
    return max((int(part.rpartition("-")[2]) for part in gtid.split(",") if part), default=0)


def _name(identifier: str) -> str:
    return "`" + identifier.replace("`", "``") + "`"
