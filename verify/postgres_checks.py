"""What PostgreSQL exercises do otherwise than MySQL's: see `sql_checks`."""

from __future__ import annotations

from collections.abc import Mapping

from contract import Endpoint
from verify import sql_checks
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import Refused, StepFailed
from verify.postgres_sql import (
    CHANGE,
    FIRST_DATABASE,
    HALF_DROPPED,
    NO_DATABASE,
    NO_RULE,
    connect,
)
from verify.session import Session
from verify.sql_checks import Connect

READ_ONLY = "25006"
"""read_only_sql_transaction: a server in recovery takes no writes."""
NOT_THERE_YET = frozenset({NO_DATABASE, HALF_DROPPED, "42P01", "57P04"})
"""Unknown database, an earlier one that is being dropped, unknown table, an earlier database that
is dropped under our connection: replication has not come that far."""


def refused_without_tls(
    endpoint: Endpoint, credentials: Credentials, deadline: Deadline, connect: Connect = connect
) -> str:
    """Prove that the server refuses a connection in plain text."""
    codes = frozenset({NO_RULE})
    return sql_checks.refused_without_tls(endpoint, credentials, deadline, connect, codes)


def refused_by_wrong_ca(
    endpoint: Endpoint, credentials: Credentials, deadline: Deadline, connect: Connect = connect
) -> str:
    """Prove that a client which trusts another CA refuses the server's certificate."""
    return sql_checks.refused_by_wrong_ca(endpoint, credentials, deadline, connect)


def tls_in_use(sql: Session) -> str:
    """Protocol and cipher of this connection, as the server reports them."""
    rows = sql.run("SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl")
    if not rows:
        raise StepFailed("the server reports no TLS cipher on this connection")
    return f"{rows[0][0]} {rows[0][1]}"


def source_of(sql: Session) -> str | None:
    """Whom the server replicates from, ``None`` when it is nobody."""
    (row,) = sql.run("SELECT pg_is_in_recovery()")
    return "its source" if row[0] else None


def drop_own_database(sql: Session, database: str, own: Mapping[str, str]) -> str:
    """Drop ``database`` if it holds only what an exercise makes; else `StepFailed`."""
    try:
        sql.run(f"{CHANGE}{database}")
    except Refused as error:
        if error.errno == NO_DATABASE:
            return f"no {database}"
        if error.errno == HALF_DROPPED:
            return _drop(sql, database)
        raise
    tables = sql.run(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
        "WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT LIKE 'pg\\_%' "
        "AND nspname <> 'information_schema'"
    )
    sql_checks.leave_alone_foreign(sql, database, (str(row[0]) for row in tables), own)
    sql.run(f"{CHANGE}{FIRST_DATABASE}")
    return _drop(sql, database)


def _drop(sql: Session, database: str) -> str:
    # A pooler may have connections left in it, and would keep them for minutes.
    sql.run(f"DROP DATABASE {database} WITH (FORCE)")
    return f"dropped {database}"


def drop_own_schema(sql: Session, schema: str, own: Mapping[str, str]) -> str:
    """As `drop_own_database`, for a schema of the database that the session is in."""
    found = sql.run("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,))
    if not found:
        return f"no {schema}"
    tables = sql.run("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,))
    names = (str(row[0]) for row in tables)
    sql_checks.leave_alone_foreign(sql, schema, names, own, qualifier=f"{schema}.")
    sql.run(f"DROP SCHEMA {schema} CASCADE")
    return f"dropped {schema}"
