"""MySQL as a target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from localcloud.migration.connections import mysql, translated
from localcloud.migration.orders import End
from localcloud.migration.source import quoted
from localcloud.migration.tables import Column, Table
from localcloud.migration.target import Target
from localcloud.migration.values import Row


@contextmanager
def mysql_target(end: End, task: str) -> Iterator[MysqlTarget]:
    """An open target; raises `Interrupted` when nobody answers."""
    with mysql(end) as connection:
        target = MysqlTarget(connection, str(end), task)
        # As DMS's initstmt: tables arrive in any order; and what the source took is taken.
        target._run("SET SESSION foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        yield target


class MysqlTarget(Target):
    """The dialect of MySQL."""

    def _translated(self, where: str) -> AbstractContextManager[None]:
        return translated(where)

    def _quoted(self, name: str) -> str:
        return quoted(name).replace("%", "%%")

    def _make_schema(self, schema: str) -> None:
        self._run(f"CREATE DATABASE IF NOT EXISTS {self._quoted(schema)}")

    def _exists(self, table: Table) -> bool:
        statement = (
            "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
        )
        return bool(self._query(statement, table.id))

    def definition(self, table: Table) -> str:
        lines = [self._column(column) for column in table.columns]
        if table.key:
            lines.append(f"PRIMARY KEY ({', '.join(map(self._quoted, table.key))})")
        return f"CREATE TABLE {self._name(table)} ({', '.join(lines)})"

    def _column(self, column: Column) -> str:
        collation = f" COLLATE {column.collation}" if column.collation else ""
        kind = column.full_type.replace("%", "%%")
        # A TIMESTAMP is NOT NULL, and keeps itself up to date, unless it is told otherwise.
        null = " NULL" if column.nullable else " NOT NULL"
        default = "" if column.nullable or column.type != "timestamp" else " DEFAULT 0"
        return f"{self._quoted(column.name)} {kind}{collation}{null}{default}"

    def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        columns = ", ".join(map(self._quoted, table.names))
        places = ", ".join(["%s"] * len(table.names))
        statement = f"INSERT INTO {self._name(table)} ({columns}) VALUES ({places})"
        with translated(str(table)), self._connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def _one_row(self, table: Table) -> str:
        return "WHERE {condition} LIMIT 1"

    def _same(self, column: str) -> str:
        return f"{column} <=> %s"
