"""What the SQL exercises have in common: proofs of TLS and read-only, and their own leftovers.

Written for MySQL; what PostgreSQL does otherwise is in `postgres_checks`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import NotTrusted, Refused, StepFailed
from verify.session import Session
from verify.sql import ACCESS_DENIED, connect
from verify.trust import stranger

READ_ONLY = 1290
"""ER_OPTION_PREVENTS_STATEMENT: the server runs with --read-only."""
READ_ONLY_MODE = 1836
"""ER_READ_ONLY_MODE: what Aurora may answer instead."""
_NO_TABLE = frozenset({1146, "42P01"})
NOT_THERE_YET = frozenset({1049, 1146})
"""Unknown database, unknown table: replication has not come that far."""
WITHOUT_TLS = frozenset({3159, ACCESS_DENIED})
"""Insecure transport; a user that REQUIREs SSL is refused by 1045, whatever its password."""

Connect = Callable[..., AbstractContextManager[Any]]
"""As `verify.sql.connect`."""


def refused_without_tls(
    endpoint: Endpoint,
    credentials: Credentials,
    deadline: Deadline,
    connect: Connect = connect,
    codes: frozenset[int | str] = WITHOUT_TLS,
) -> str:
    """Prove that the server refuses a connection in plain text, with one of ``codes``."""
    try:
        with connect(endpoint, credentials, deadline, ca=None, tls=False):
            pass
    except Refused as error:
        if error.errno in codes:
            # Ours would say that the password is wrong, which it is not.
            text = getattr(error.__cause__, "msg", None)
            return f"refused: {f'{text} (error {error.errno})' if text else error}"
        raise
    raise StepFailed("a connection without TLS was accepted")


def refused_by_wrong_ca(
    endpoint: Endpoint,
    credentials: Credentials,
    deadline: Deadline,
    connect: Connect = connect,
) -> str:
    """Prove that a client which trusts another CA refuses the server's certificate."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(stranger())
        file.flush()
        try:
            with connect(endpoint, credentials, deadline, ca=file.name):
                pass
        except NotTrusted as error:
            return f"refused: {error}"
    raise StepFailed("a client that trusts another CA accepted the server's certificate")


def tls_in_use(sql: Session) -> str:
    """Protocol and cipher of this connection, as the server reports them."""
    status = {
        str(name).lower(): str(value)
        for variable in ("Ssl_version", "Ssl_cipher")
        for name, value in sql.run(f"SHOW STATUS LIKE '{variable}'")
    }
    if not status.get("ssl_cipher"):
        raise StepFailed("the server reports no TLS cipher on this connection")
    return f"{status.get('ssl_version')} {status['ssl_cipher']}"


def source_of(sql: Session) -> str | None:
    """Whom the server replicates from, ``None`` when it is nobody."""
    rows = sql.run("SHOW REPLICA STATUS")
    return str(rows[0][1]) if rows else None


def drop_own_database(sql: Session, database: str, own: Mapping[str, str]) -> str:
    """Drop ``database`` if it holds only what an exercise makes; else `StepFailed`.

    ``own`` maps each table to a condition that holds for the rows the exercise writes. Whoever
    follows the course by hand makes tables of the same names: theirs are left alone.
    """
    found = sql.run(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name = %s", (database,)
    )
    if not found:
        return f"no {database}"
    tables = sql.run(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,)
    )
    leave_alone_foreign(sql, database, (str(row[0]) for row in tables), own, f"{database}.")
    sql.run(f"DROP DATABASE IF EXISTS {database}")
    return f"dropped {database}"


def leave_alone_foreign(
    sql: Session, database: str, tables: Iterable[str], own: Mapping[str, str], qualifier: str = ""
) -> None:
    """`StepFailed` when one of ``tables``, or a row of one, is not an exercise's ``own``."""
    names = set(tables)
    foreign = [f"the table {name}" for name in sorted(names - set(own))]
    for name in sorted(names & set(own)):
        where = f"{qualifier}{name} WHERE ({own[name]}) IS NOT TRUE"
        try:
            rows = sql.run(f"SELECT COUNT(*) FROM {where}")[0][0]
        except Refused as error:
            if error.errno not in _NO_TABLE:
                raise
            # A DROP that an earlier run had no answer to: it comes to its end now.
            continue
        if rows:
            foreign.append(f"{rows} rows of {name}")
    if foreign:
        raise StepFailed(
            f"the database {database!r} holds what no exercise makes ({', '.join(foreign)}), "
            "so it is left alone; move that to another database"
        )


def expect_read_only(sql: Session, statement: str, allowed: frozenset[int | str]) -> str:
    """Prove that ``statement`` is refused because the server is read-only."""
    try:
        sql.run(statement)
    except Refused as error:
        if error.errno in allowed:
            return f"refused: {error}"
        raise StepFailed(f"refused, but not because the server is read-only: {error}") from error
    raise StepFailed("the write was accepted")
