"""What the MySQL exercises have in common: proofs of TLS and read-only, and their own leftovers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping

from contract import Endpoint
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import NotTrusted, Refused, StepFailed
from verify.sql import ACCESS_DENIED, Sql, connect
from verify.trust import stranger

READ_ONLY = 1290
"""ER_OPTION_PREVENTS_STATEMENT: the server runs with --read-only."""
READ_ONLY_MODE = 1836
"""ER_READ_ONLY_MODE: what Aurora may answer instead."""
NOT_THERE_YET = frozenset({1049, 1146})
"""Unknown database, unknown table: replication has not come that far."""
_INSECURE_TRANSPORT = 3159


def refused_without_tls(endpoint: Endpoint, credentials: Credentials, deadline: Deadline) -> str:
    """Prove that the server refuses a connection in plain text."""
    try:
        with connect(endpoint, credentials, deadline, ca=None, tls=False):
            pass
    except Refused as error:
        # A user that REQUIREs SSL is refused by 1045, whatever its password.
        if error.errno in (_INSECURE_TRANSPORT, ACCESS_DENIED):
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
            return f"refused: {error}"
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


def drop_own_database(sql: Sql, database: str, own: Mapping[str, str]) -> str:
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
    names = {str(row[0]) for row in tables}
    foreign = [f"the table {name}" for name in sorted(names - set(own))]
    for name in sorted(names & set(own)):
        where = f"{database}.{name} WHERE ({own[name]}) IS NOT TRUE"
        rows = sql.run(f"SELECT COUNT(*) FROM {where}")[0][0]
        if rows:
            foreign.append(f"{rows} rows of {name}")
    if foreign:
        raise StepFailed(
            f"the database {database!r} holds what no exercise makes ({', '.join(foreign)}), "
            "so it is left alone; move that to another database"
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
