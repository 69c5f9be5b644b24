"""PostgreSQL as a target of rows from MySQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from tempfile import NamedTemporaryFile
from typing import Any

import psycopg
from psycopg import errors

from localcloud.migration.connections import ANSWER_S, CONNECT_S
from localcloud.migration.errors import Interrupted, MigrationFailed, RowRefused
from localcloud.migration.orders import End
from localcloud.migration.tables import Column, Table
from localcloud.migration.target import Target
from localcloud.migration.values import Row, Value

_KINDS = {
    "tinyint": "SMALLINT",
    "smallint": "SMALLINT",
    "mediumint": "INTEGER",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "DOUBLE PRECISION",
    "double": "DOUBLE PRECISION",
    "date": "DATE",
    "year": "SMALLINT",
    "bit": "NUMERIC(20)",
    "json": "TEXT",
    # Up to 838 hours, which TIME does not hold.
    "time": "VARCHAR(17)",
    **dict.fromkeys(("tinytext", "text", "mediumtext", "longtext"), "TEXT"),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), "BYTEA"),
}
"""DMS's types of PostgreSQL by MySQL's; where DMS would lose digits, a wider one."""
_FINAL = ("authentication failed", "does not exist", "certificate verify failed")
_UNSIGNED = {"smallint": "INTEGER", "int": "BIGINT", "bigint": "NUMERIC(20)"}


def postgres_type(column: Column) -> str:
    """The type a column gets. Raises `MigrationFailed` for one that has no counterpart."""
    if column.unsigned and column.type in _UNSIGNED:
        return _UNSIGNED[column.type]
    match column.type:
        case "decimal":
            return f"NUMERIC({column.precision}, {column.scale})"
        case "datetime" | "timestamp":
            return f"TIMESTAMP({column.fraction or 0})"
        case "char" | "varchar" | "enum" | "set":
            return f"VARCHAR({column.length})"
        case kind if kind in _KINDS:
            return _KINDS[kind]
        case _:
            raise MigrationFailed(
                f"column {column.name!r} is a {column.full_type}, which has no counterpart in "
                "PostgreSQL here; exclude its table"
            )


@contextmanager
def postgres_target(end: End, task: str) -> Iterator[PostgresTarget]:
    """An open target; raises `Interrupted` when nobody answers."""
    with _translated(str(end)), _trust(end) as trust:
        connection = psycopg.connect(
            host=end.host,
            port=end.port,
            user=end.user,
            password=end.password,
            dbname=end.database or "postgres",
            autocommit=True,
            connect_timeout=CONNECT_S,
            options=f"-c statement_timeout={ANSWER_S}s -c timezone=UTC",
            keepalives_idle=ANSWER_S,
            tcp_user_timeout=1000 * ANSWER_S,
            **trust,
        )
    try:
        yield PostgresTarget(connection, str(end), task)
    finally:
        connection.close()


@contextmanager
def _trust(end: End) -> Iterator[dict[str, Any]]:
    if end.ca_pem is None:
        yield {"sslmode": "disable"}
        return
    # libpq takes a file only, and reads it while it connects.
    with NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(end.ca_pem)
        file.flush()
        mode = "verify-full" if end.verify_host else "verify-ca"
        yield {"sslmode": mode, "sslrootcert": file.name}


class PostgresTarget(Target):
    """The dialect of PostgreSQL. A schema of MySQL becomes a schema of the database."""

    def _translated(self, where: str) -> AbstractContextManager[None]:
        return _translated(where)

    def _quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""').replace("%", "%%") + '"'

    def _make_schema(self, schema: str) -> None:
        self._run(f"CREATE SCHEMA IF NOT EXISTS {self._quoted(schema)}")

    def _exists(self, table: Table) -> bool:
        statement = (
            "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
        )
        return bool(self._query(statement, table.id))

    def definition(self, table: Table) -> str:
        lines = [
            f"{self._quoted(column.name)} {postgres_type(column)}"
            f"{'' if column.nullable else ' NOT NULL'}"
            for column in table.columns
        ]
        if table.key:
            lines.append(f"PRIMARY KEY ({', '.join(map(self._quoted, table.key))})")
        return f"CREATE TABLE {self._name(table)} ({', '.join(lines)})"

    def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        # COPY has no parameters, so that a percent sign is one.
        columns = ", ".join(self._quoted(name).replace("%%", "%") for name in table.names)
        name = self._name(table).replace("%%", "%")
        with (
            _translated(str(table)),
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row([_taken(value) for value in row])

    def _one_row(self, table: Table) -> str:
        name = self._name(table)
        return f"WHERE ctid = (SELECT ctid FROM {name} WHERE {{condition}} LIMIT 1)"

    def _same(self, column: str) -> str:
        return f"{column} IS NOT DISTINCT FROM %s"


def _taken(value: Value) -> Value:
    # PostgreSQL has no text with a zero character.
    if isinstance(value, str) and "\0" in value:
        raise RowRefused("a text holds a zero character, which PostgreSQL does not take")
    return value


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except (errors.IntegrityError, errors.DataError) as error:
        raise RowRefused(f"{where}: {_first_line(error)}") from error
    except (errors.InvalidPassword, errors.InvalidAuthorizationSpecification) as error:
        raise MigrationFailed(f"{where}: {_first_line(error)}") from error
    except (errors.ReadOnlySqlTransaction, psycopg.OperationalError) as error:
        # libpq gives a refused login no class of its own.
        if any(sign in str(error) for sign in _FINAL):
            raise MigrationFailed(f"{where}: {_first_line(error)}") from error
        raise Interrupted(f"{where}: {_first_line(error)}") from error
    except psycopg.Error as error:
        raise MigrationFailed(f"{where}: {_first_line(error)}") from error


def _first_line(error: Any) -> str:
    return str(error).strip().partition("\n")[0]
