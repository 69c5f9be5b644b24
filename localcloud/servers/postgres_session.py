"""Connections to a PostgreSQL server, each of whose waits ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.rows import DictRow, dict_row

from localcloud.errors import ServerFailed
from localcloud.servers.facts import Address, Credentials

_STATEMENT_S = 40.0
_CONNECT_S = 5
T = TypeVar("T")


class SqlFailed(ServerFailed):
    """A statement was refused, or its connection broke."""


class _Bounded(psycopg.Connection[DictRow]):
    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        return super().wait(gen, interval, timeout or _STATEMENT_S)


class Session:
    """An open connection in autocommit mode."""

    def __init__(self, identifier: str, connection: psycopg.Connection[DictRow]) -> None:
        self._identifier = identifier
        self._connection = connection

    def run(
        self, statement: LiteralString | sql.Composed, values: Sequence[object] = ()
    ) -> list[dict[str, Any]]:
        """Rows by column name; `SqlFailed` when the server refuses or breaks off."""
        try:
            # Without values a percent sign is one.
            cursor = self._connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise SqlFailed(f"{self._identifier}: {error}") from error

    def value(self, expression: LiteralString) -> Any:
        """The value of one SQL expression."""
        return self.run(sql.SQL("SELECT {} AS v").format(sql.SQL(expression)))[0]["v"]

    def scram(self, user: str, password: str) -> str:
        """What the server keeps of a password: no statement, and no log, has the password."""
        made = self._connection.pgconn.encrypt_password(
            password.encode(), user.encode(), b"scram-sha-256"
        )
        return made.decode()


@contextmanager
def connect(identifier: str, **where: Any) -> Iterator[Session]:
    """A connection to ``where``, libpq's own words; `SqlFailed` when there is none."""
    try:
        connection = _Bounded.connect(
            **where, autocommit=True, connect_timeout=_CONNECT_S, row_factory=dict_row
        )
    except psycopg.Error as error:
        raise SqlFailed(f"{identifier}: {error}") from error
    try:
        yield Session(identifier, connection)
    finally:
        connection.close()


def admits(address: Address, credentials: Credentials, ca: Path) -> bool:
    """Whether a user can log in at ``address``, as a client with a certificate check would."""
    where = {
        "host": address.host,
        "port": address.port,
        "user": credentials.user,
        "password": credentials.password,
        "dbname": "postgres",
        "sslmode": "verify-full",
        "sslrootcert": str(ca),
    }
    try:
        with connect(str(address), **where):
            return True
    except SqlFailed:
        return False
