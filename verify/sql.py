"""MySQL connections whose every wait has an end, and their errors as ours."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import mysql.connector
from mysql.connector import errors as driver

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import (
    DeadlineExceeded,
    NotTrusted,
    Refused,
    StepFailed,
    Unreachable,
    VerifyError,
)
from verify.trust import stranger

READ_ONLY = 1290
"""ER_OPTION_PREVENTS_STATEMENT: the server runs with --read-only."""
READ_ONLY_MODE = 1836
"""ER_READ_ONLY_MODE: what Aurora may answer instead."""
_ACCESS_DENIED = 1045
_UNKNOWN_VARIABLE = 1193
_INSECURE_TRANSPORT = 3159
# Errors the client makes up (2000-2999) say nothing about what the server thinks.
_CLIENT_ERRORS = range(2000, 3000)

Row = tuple[Any, ...]


class Sql:
    """One open connection, in autocommit mode. Every read ends within `seconds`."""

    def __init__(self, connection: Any, where: str, seconds: float) -> None:
        self._connection = connection
        self._where = where
        self._seconds = seconds

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of one statement; `Refused` when the server answers with an error."""
        try:
            cursor = self._connection.cursor()
            cursor.execute(statement, tuple(values))
            rows = cursor.fetchall() if cursor.with_rows else []
            cursor.close()
        except driver.Error as error:
            raise _meaning(error, self._where, self._seconds, opening=False) from error
        return list(rows)

    def identity(self) -> str:
        """Which server answers: Aurora's instance identifier, or the name it reports."""
        try:
            rows = self.run("SELECT @@aurora_server_id")
        except Refused as error:
            if error.errno != _UNKNOWN_VARIABLE:
                raise
            rows = self.run("SELECT @@report_host")
        return str(rows[0][0])

    def close(self) -> None:
        try:
            self._connection.close()
        except (driver.Error, OSError):
            # The peer is gone or silent: there is nothing left to say goodbye to.
            return


@contextmanager
def connect(
    endpoint: Endpoint,
    credentials: Credentials,
    deadline: Deadline,
    *,
    ca: str | None,
    tls: bool = True,
) -> Iterator[Sql]:
    """An open connection, its certificate checked against ``ca`` and the host name.

    Raises `Unreachable`, `NotTrusted` or `Refused`.
    """
    sql = open_connection(endpoint, credentials, deadline, ca=ca, tls=tls)
    try:
        yield sql
    finally:
        sql.close()


def open_connection(
    endpoint: Endpoint,
    credentials: Credentials,
    deadline: Deadline,
    *,
    ca: str | None,
    tls: bool = True,
) -> Sql:
    """As `connect`, for a connection that outlives a block."""
    seconds = deadline.whole_seconds()
    where = f"{endpoint.host}:{endpoint.port}"
    trust: dict[str, Any] = (
        {"ssl_ca": ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
        if tls
        else {"ssl_disabled": True}
    )
    try:
        connection = mysql.connector.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=credentials.user,
            password=credentials.password,
            autocommit=True,
            connection_timeout=seconds,
            read_timeout=seconds,
            write_timeout=seconds,
            # The C client repeats a timed-out read and cannot be interrupted.
            use_pure=True,
            **trust,
        )
    except driver.Error as error:
        raise _meaning(error, where, seconds, opening=True) from error
    except (OSError, IndexError, ValueError) as error:
        # The driver lets these through when the peer breaks off inside the handshake.
        raise Unreachable(f"{where} broke off the handshake: {error}") from error
    return Sql(connection, where, seconds)


def _meaning(error: Any, where: str, seconds: float, *, opening: bool) -> VerifyError:
    text = str(error.msg or error).strip().rstrip(".")
    errno = int(error.errno or 0)
    if "CERTIFICATE_VERIFY_FAILED" in str(error) or "certificate verify failed" in str(error):
        reason = str(error).partition("certificate verify failed: ")[2].partition(" (")[0]
        return NotTrusted(f"the certificate of {where} is not trusted: {reason or text}")
    slow = isinstance(error, driver.ReadTimeoutError | driver.WriteTimeoutError)
    if opening and (slow or isinstance(error, driver.ConnectionTimeoutError)):
        return Unreachable(f"{where} does not answer within {seconds:g} s")
    if slow:
        return DeadlineExceeded(f"{where} gave no answer within {seconds:g} s")
    if errno and errno not in _CLIENT_ERRORS:
        if errno == _ACCESS_DENIED:
            text = f"{where} does not accept the user and password of the secret"
        return Refused(errno, text)
    if opening:
        return Unreachable(f"{where} cannot be reached: {text}")
    return StepFailed(f"the connection to {where} broke: {text}")


def refused_without_tls(endpoint: Endpoint, credentials: Credentials, deadline: Deadline) -> str:
    """Prove that the server refuses a connection in plain text."""
    try:
        with connect(endpoint, credentials, deadline, ca=None, tls=False):
            pass
    except Refused as error:
        # A user that REQUIREs SSL is refused by 1045, whatever its password.
        if error.errno in (_INSECURE_TRANSPORT, _ACCESS_DENIED):
            return f"refused: {getattr(error.__cause__, 'msg', error)} (error {error.errno})"
        raise
    raise StepFailed("a connection without TLS was accepted")


def refused_by_wrong_ca(endpoint: Endpoint, credentials: Credentials, deadline: Deadline) -> str:
    """Prove that a client which trusts another CA refuses the server's certificate."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(stranger())
        file.flush()
        try:
            with connect(endpoint, credentials, deadline, ca=file.name):
                pass
        except NotTrusted as error:
            return str(error)
    raise StepFailed("a client that trusts another CA accepted the server's certificate")


def tls_in_use(sql: Sql) -> str:
    """Protocol and cipher of this connection, as the server reports them."""
    status = {
        str(name).lower(): str(value)
        for variable in ("Ssl_version", "Ssl_cipher")
        for name, value in sql.run(f"SHOW STATUS LIKE '{variable}'")
    }
    if not status.get("ssl_cipher"):
        raise StepFailed("the server reports no TLS cipher on this connection")
    return f"{status.get('ssl_version')} {status['ssl_cipher']}"


def drop_own_database(sql: Sql, database: str, own: frozenset[str]) -> str:
    """Drop ``database`` if it holds nothing but the tables ``own``; else `StepFailed`."""
    found = sql.run(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name = %s", (database,)
    )
    if not found:
        return f"no {database}"
    tables = sql.run(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,)
    )
    foreign = sorted({str(row[0]) for row in tables} - own)
    if foreign:
        raise StepFailed(
            f"the database {database!r} holds tables that no exercise makes "
            f"({', '.join(foreign)}), so it is left alone; move them to another database"
        )
    sql.run(f"DROP DATABASE {database}")
    return f"dropped {database}"


def expect_read_only(sql: Sql, statement: str, allowed: frozenset[int]) -> str:
    """Prove that ``statement`` is refused because the server is read-only."""
    try:
        sql.run(statement)
    except Refused as error:
        if error.errno in allowed:
            return f"refused: {error}"
        raise StepFailed(f"refused, but not because the server is read-only: {error}") from error
    raise StepFailed("the write was accepted")
