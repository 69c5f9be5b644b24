"""MySQL connections whose every wait has an end, and their errors as ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mysql.connector import errors as driver

from contract import Endpoint
from verify.aws import Credentials
from verify.contexts import SqlConnection
from verify.deadline import Deadline
from verify.errors import (
    DeadlineExceeded,
    NotSent,
    NotTrusted,
    Refused,
    StepFailed,
    Unreachable,
    VerifyError,
)
from verify.login import log_in
from verify.reach import address
from verify.session import Session
from verify.transcript import tell, tell_rows
from verify.trust import required_for_rds

ACCESS_DENIED = 1045
_UNKNOWN_VARIABLE = 1193
_KEPT = "mysql_clear_password requires SSL"
# Errors the client makes up (2000-2999) say nothing about what the server thinks.
_CLIENT_ERRORS = range(2000, 3000)

Row = tuple[Any, ...]


class _Reached(SqlConnection):
    """It connects where the name that it was given is reached.

    The certificate is checked for that name.
    """

    def _get_connection(self) -> Any:
        socket = super()._get_connection()
        socket.server_host, socket.server_port = address(socket.server_host, socket.server_port)
        return socket


class Sql:
    """One open connection, in autocommit mode. Every read ends within `seconds`."""

    def __init__(self, connection: Any, where: str, seconds: float) -> None:
        self._connection = connection
        # One for all statements: each new cursor costs a round trip and swallows its timeout.
        self._cursor = connection.cursor()
        self._where = where
        self._seconds = seconds

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of one statement; `Refused` when the server answers with an error."""
        try:
            self._cursor.execute(statement, tuple(values))
            rows = self._cursor.fetchall() if self._cursor.with_rows else []
        except driver.Error as error:
            meant = _meaning(error, self._where, self._seconds, opening=False)
            tell(statement, meant)
            raise meant from error
        tell_rows(statement, rows)
        return list(rows)

    def table(self, statement: str) -> tuple[tuple[str, ...], list[Row]]:
        """The names of the columns, and the rows as of `run`."""
        rows = self.run(statement)
        return tuple(self._cursor.column_names), rows

    def identity(self) -> str:
        """As `identity`."""
        return identity(self)

    def close(self) -> None:
        try:
            self._connection.close()
        except (driver.Error, OSError):
            # The peer is gone or silent: there is nothing left to say goodbye to.
            return


def identity(session: Session) -> str:
    """Which server answers: Aurora's instance identifier, or the name it reports."""
    try:
        rows = session.run("SELECT @@aurora_server_id")
    except Refused as error:
        if error.errno != _UNKNOWN_VARIABLE:
            raise
        rows = session.run("SELECT COALESCE(@@report_host, @@server_id)")
    return str(rows[0][0])


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

    Raises `Unreachable`, `NotTrusted`, `Refused`, or `NoTrust` without a ``ca``.
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
        {"ssl_ca": required_for_rds(ca), "ssl_verify_cert": True, "ssl_verify_identity": True}
        if tls
        else {"ssl_disabled": True}
    )

    def attempt(login: Credentials) -> Sql:
        try:
            # The C client repeats a timed-out read and cannot be interrupted.
            connection = _Reached(
                host=endpoint.host,
                port=endpoint.port,
                user=login.user,
                password=login.password,
                autocommit=True,
                connection_timeout=seconds,
                read_timeout=seconds,
                write_timeout=seconds,
                **trust,
            )
            # It asks the server first, which may have gone since it let us in.
            return Sql(connection, where, seconds)
        except driver.Error as error:
            raise _meaning(error, where, seconds, opening=True) from error
        except (OSError, IndexError, ValueError) as error:
            # The driver lets these through when the peer breaks off inside the handshake.
            raise Unreachable(f"{where} broke off the handshake: {error}") from error

    return log_in(credentials, frozenset({ACCESS_DENIED}), attempt)


def _meaning(error: Any, where: str, seconds: float, *, opening: bool) -> VerifyError:
    text = str(error.msg or error).strip().rstrip(".")
    errno = int(error.errno or 0)
    if "CERTIFICATE_VERIFY_FAILED" in str(error) or "certificate verify failed" in str(error):
        reason = str(error).partition("certificate verify failed: ")[2].partition(" (")[0]
        return NotTrusted(f"the certificate of {where} is not trusted: {reason or text}")
    if _KEPT in text:
        return NotSent(f"the driver sends no token without TLS: {text}")
    slow = isinstance(
        error, driver.ReadTimeoutError | driver.WriteTimeoutError | driver.ConnectionTimeoutError
    )
    # A TLS handshake that times out is told apart by its text only.
    if opening and (slow or "timed out" in text):
        return Unreachable(f"{where} does not answer within {seconds:g} s")
    if slow:
        return DeadlineExceeded(f"{where} gave no answer within {seconds:g} s")
    if errno > 0 and errno not in _CLIENT_ERRORS:
        if errno == ACCESS_DENIED:
            text = f"{where} does not accept the user and password of the secret"
        return Refused(errno, text)
    if opening:
        return Unreachable(f"{where} cannot be reached: {text}")
    return StepFailed(f"the connection to {where} broke: {text}")
