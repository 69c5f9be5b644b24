"""What the proxy exercise asks of an engine: who answers, how long it runs, on which connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from contract import Database
from verify import postgres_checks, postgres_sql, sql, sql_checks
from verify.dialects import Attempt
from verify.errors import CannotRun
from verify.session import Session


@dataclass(frozen=True)
class Side:
    """One engine's words. ``connect`` is for a proxy's address."""

    connect: sql_checks.Connect
    connect_directly: sql_checks.Connect
    tls_in_use: Callable[[Session], str]
    refused_without_tls: Attempt
    refused_by_wrong_ca: Attempt
    access_denied: int | str
    identity: Callable[[Session], str]
    """The server that answers."""
    connection: str
    """The statement by which a server tells which of its connections this is."""
    read_only: frozenset[int | str]
    """What a reader answers to a write."""
    takes_writes: Callable[[Session], bool]
    uptime_s: Callable[[Session], float]
    lacks_pooling: str
    """What a deployment says that it lacks when its proxy shares nothing."""


def _address(session: Session) -> str:
    ((host, port),) = session.run("SELECT host(inet_server_addr()), inet_server_port()")
    return f"{host}:{port}"


def _is_open(statement: str) -> Callable[[Session], bool]:
    return lambda session: not session.run(statement)[0][0]


def _seconds(statement: str, column: int) -> Callable[[Session], float]:
    return lambda session: float(session.run(statement)[0][column])


_POSTGRES_POOLED = partial(postgres_sql.connect, pooled=True)
MYSQL = Side(
    connect=sql.connect,
    connect_directly=sql.connect,
    tls_in_use=sql_checks.tls_in_use,
    refused_without_tls=sql_checks.refused_without_tls,
    refused_by_wrong_ca=sql_checks.refused_by_wrong_ca,
    access_denied=sql.ACCESS_DENIED,
    identity=sql.identity,
    connection="SELECT CONNECTION_ID()",
    read_only=frozenset({sql_checks.READ_ONLY, sql_checks.READ_ONLY_MODE}),
    takes_writes=_is_open("SELECT @@GLOBAL.read_only OR @@GLOBAL.innodb_read_only"),
    uptime_s=_seconds("SHOW GLOBAL STATUS LIKE 'Uptime'", 1),
    lacks_pooling="mysql-pooling",
)
POSTGRES = Side(
    connect=_POSTGRES_POOLED,
    connect_directly=postgres_sql.connect,
    # It is the proxy's own connection that the server sees.
    tls_in_use=lambda session: f"{postgres_checks.tls_in_use(session)} behind the proxy",
    refused_without_tls=partial(postgres_checks.refused_without_tls, connect=_POSTGRES_POOLED),
    refused_by_wrong_ca=partial(postgres_checks.refused_by_wrong_ca, connect=_POSTGRES_POOLED),
    access_denied=postgres_sql.ACCESS_DENIED,
    identity=_address,
    connection="SELECT pg_backend_pid()",
    read_only=frozenset({postgres_checks.READ_ONLY}),
    takes_writes=_is_open("SELECT pg_is_in_recovery()"),
    uptime_s=_seconds("SELECT extract(epoch FROM now() - pg_postmaster_start_time())", 0),
    lacks_pooling="postgresql-pooling",
)
_SIDES: Mapping[str, Side] = {"mysql": MYSQL, "mariadb": MYSQL, "postgres": POSTGRES}


def side_of(database: Database) -> Side:
    """The words of a proxy's engine; `CannotRun` when no exercise speaks it."""
    if database.engine not in _SIDES:
        raise CannotRun(f"no exercise speaks the SQL of {database.engine}")
    return _SIDES[database.engine]
