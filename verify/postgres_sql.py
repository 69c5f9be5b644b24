"""PostgreSQL connections whose every wait has an end, and their errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

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
from verify.login import log_in
from verify.reach import address
from verify.transcript import tell, tell_rows
from verify.trust import required_for_rds

ACCESS_DENIED = "28P01"
NO_RULE = "28000"
"""What a server answers that has no rule for such a connection."""
NO_DATABASE = "3D000"
HALF_DROPPED = "55000"
"""Of a database that can only be dropped: DROP DATABASE was cut short, or a replica is between the
two records that it writes."""
FIRST_DATABASE = "postgres"
CHANGE = "\\c "
"""psql's command: a connection of PostgreSQL stays in its database, so this opens another."""
_LEAST_CONNECT_S = 2
_TOLD_APART_BY = {
    # While a connection is opened the driver gives no code, only the server's text.
    "authentication failed for user": ACCESS_DENIED,
    "no pg_hba.conf entry": NO_RULE,
    "pg_hba.conf rejects connection": NO_RULE,
    # What poolers answer: RDS Proxy, and pgbouncer.
    "password that was provided": ACCESS_DENIED,
    "SASL authentication failed": ACCESS_DENIED,
    "requires TLS": NO_RULE,
    "SSL required": NO_RULE,
    "does not exist": NO_DATABASE,
    "invalid database": HALF_DROPPED,
}
T = TypeVar("T")
Row = tuple[Any, ...]


class PostgresSql:
    """A connection in autocommit mode. Every wait ends within ``seconds``."""

    def __init__(
        self,
        open_in: Callable[[str], psycopg.Connection[Row]],
        database: str,
        where: str,
        seconds: float,
    ) -> None:
        self._open_in = open_in
        self._where = where
        self._seconds = seconds
        self._connection = open_in(database)

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of one statement; `Refused` when the server answers with an error."""
        if statement.startswith(CHANGE):
            self._change(statement.removeprefix(CHANGE).strip())
            return []
        try:
            # Without values a percent sign is one.
            cursor = self._connection.execute(statement.encode(), tuple(values) or None)
            rows = list(cursor.fetchall()) if cursor.description else []
        except psycopg.Error as error:
            if self._connection.info.transaction_status is TransactionStatus.ACTIVE:
                # It still waits for an answer, and could never be used for another statement.
                self._connection.close()
            meant = _meaning(error, self._where, self._seconds, opening=False)
            tell(statement, meant)
            raise meant from error
        tell_rows(statement, rows)
        return rows

    def close(self) -> None:
        self._connection.close()

    def _change(self, database: str) -> None:
        fresh = self._open_in(database)
        self._connection.close()
        self._connection = fresh


@contextmanager
def connect(
    endpoint: Endpoint,
    credentials: Credentials,
    deadline: Deadline,
    *,
    ca: str | None,
    tls: bool = True,
    pooled: bool = False,
) -> Iterator[PostgresSql]:
    """An open connection, its certificate checked against ``ca`` and the host name.

    ``pooled`` is for a proxy's address: RDS Proxy refuses a client that sends options.
    Raises `Unreachable`, `NotTrusted`, `Refused`, or `NoTrust` without a ``ca``.
    """
    sql = open_connection(endpoint, credentials, deadline, ca=ca, tls=tls, pooled=pooled)
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
    pooled: bool = False,
    database: str = FIRST_DATABASE,
    patience: float | None = None,
) -> PostgresSql:
    """As `connect`, for a connection that outlives a block.

    ``patience`` is how long a statement may take, where that is less than to connect.
    """
    # The driver waits no shorter than that for a connection.
    seconds = max(_LEAST_CONNECT_S, deadline.whole_seconds())
    where = f"{endpoint.host}:{endpoint.port}"
    trust: dict[str, Any] = (
        {"sslmode": "verify-full", "sslrootcert": required_for_rds(ca)}
        if tls
        else {"sslmode": "disable"}
    )

    # The server is not to go on with what nobody waits for. A statement that a session has
    # prepared would not be there in the next transaction, which another connection may serve.
    bounded: dict[str, Any] = (
        {"prepare_threshold": None}
        if pooled
        else {"options": f"-c statement_timeout={1000 * seconds}"}
    )

    near = address(endpoint.host, endpoint.port)
    # The certificate is checked for ``host``, whatever the address.
    elsewhere: dict[str, Any] = {}
    if near != (endpoint.host, endpoint.port):
        elsewhere["hostaddr"] = near[0]

    def attempt(login: Credentials, database: str) -> psycopg.Connection[Row]:
        try:
            connection: _Bounded = _Bounded.connect(
                host=endpoint.host,
                port=near[1],
                user=login.user,
                password=login.password,
                dbname=database,
                autocommit=True,
                connect_timeout=seconds,
                gssencmode="disable",
                **elsewhere,
                **trust,
                **bounded,
            )
        except psycopg.Error as error:
            raise _meaning(error, where, seconds, opening=True) from error
        connection.patience = patience or seconds
        return connection

    def open_in(database: str) -> psycopg.Connection[Row]:
        denied = frozenset({ACCESS_DENIED})
        return log_in(credentials, denied, lambda login: attempt(login, database))

    return PostgresSql(open_in, database, where, patience or seconds)


class _Bounded(psycopg.Connection[Row]):
    patience: float

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        # Without it a statement waits for as long as a silent server keeps the connection open.
        return super().wait(gen, interval, timeout or self.patience)


def _meaning(error: psycopg.Error, where: str, seconds: float, *, opening: bool) -> VerifyError:
    text = " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")
    slow = isinstance(
        error,
        psycopg.errors.ConnectionTimeout
        | psycopg.errors._WaitTimeout
        | psycopg.errors.QueryCanceled,
    )
    if opening and slow:
        return Unreachable(f"{where} does not answer within {seconds:g} s")
    if slow:
        return DeadlineExceeded(f"{where} gave no answer within {seconds:g} s")
    if error.sqlstate is not None:
        return Refused(error.sqlstate, text)
    if not opening:
        return StepFailed(f"the connection to {where} broke: {text}")
    if "certificate" in text:
        return NotTrusted(f"the certificate of {where} is not trusted: {_last(text)}")
    if "FATAL:" in text:
        said = text.partition("FATAL:")[2].strip()
        code = next((c for words, c in _TOLD_APART_BY.items() if words in said), "FATAL")
        if code == ACCESS_DENIED:
            said = f"{where} does not accept the user and password of the secret"
        return Refused(code, said)
    return Unreachable(f"{where} cannot be reached: {_last(text)}")


def _last(text: str) -> str:
    """What libpq says went wrong, without where, which it says first."""
    return text.rpartition("failed: ")[2].partition(" Is the server running")[0]
