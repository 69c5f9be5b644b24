"""Connections to a MariaDB server, each of whose waits ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mysql.connector

from localcloud.errors import ServerFailed
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.mariadb_template import administrator

log = logging.getLogger(__name__)


class SqlFailed(ServerFailed):
    """A statement of the administrator's was refused, or its connection broke."""


class Session:
    """An open connection of the administrator's."""

    def __init__(self, identifier: str, connection: Any) -> None:
        self._identifier = identifier
        self._connection = connection

    def run(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows by column name; `SqlFailed` when the server refuses or breaks off."""
        try:
            cursor = self._connection.cursor(dictionary=True)
            cursor.execute(statement, tuple(values))
            rows = cursor.fetchall() if cursor.with_rows else []
            cursor.close()
        except (mysql.connector.Error, OSError) as error:
            raise SqlFailed(f"{self._identifier}: {error}") from error
        return list(rows)

    def value(self, expression: str) -> Any:
        """The value of one SQL expression."""
        return self.run(f"SELECT {expression} AS v")[0]["v"]


@contextmanager
def connect(identifier: str, socket: Path, wait_s: float) -> Iterator[Session]:
    """The administrator's connection by ``socket``, in autocommit mode.

    A statement of it may take ``wait_s``; `SqlFailed` when there is none.
    """
    try:
        connection = mysql.connector.connect(
            unix_socket=str(socket),
            user=administrator(),
            autocommit=True,
            connection_timeout=5,
            read_timeout=wait_s,
            ssl_disabled=True,
            use_pure=True,
        )
    except (mysql.connector.Error, OSError) as error:
        raise SqlFailed(f"{identifier}: {error}") from error
    try:
        session = Session(identifier, connection)
        # Passwords are in what the administrator says, and RDS's own user is in no log either.
        session.run("SET SESSION sql_log_off = 1, slow_query_log = 0")
        yield session
    finally:
        try:
            connection.close()
        except (mysql.connector.Error, OSError):
            log.debug("%s was gone before its connection was closed", identifier)


def admits(address: Address, credentials: Credentials, ca: Path) -> bool:
    """Whether a user can log in at ``address``, as a client with a certificate check would."""
    try:
        mysql.connector.connect(
            host=address.host,
            port=address.port,
            user=credentials.user,
            password=credentials.password,
            connection_timeout=5,
            read_timeout=5,
            ssl_ca=str(ca),
            ssl_verify_cert=True,
            use_pure=True,
        ).close()
    except (mysql.connector.Error, OSError):
        return False
    return True
