"""The source of a migration: its tables, a consistent look at one, and where its log stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from localcloud.migration.connections import mysql, translated
from localcloud.migration.errors import MigrationFailed
from localcloud.migration.mappings import Mappings
from localcloud.migration.orders import End
from localcloud.migration.tables import Column, Table
from localcloud.migration.values import Row, loaded, selected

BATCH_ROWS = 1000
_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE'
  AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
ORDER BY table_schema, table_name
"""
_COLUMNS = """
SELECT column_name, data_type, column_type, is_nullable, character_maximum_length,
       numeric_precision, numeric_scale, datetime_precision, collation_name
FROM information_schema.columns WHERE table_schema = %s AND table_name = %s
ORDER BY ordinal_position
"""
_KEY = """
SELECT column_name FROM information_schema.statistics
WHERE table_schema = %s AND table_name = %s AND index_name = 'PRIMARY' ORDER BY seq_in_index
"""


class Source:
    """A MySQL server, read only."""

    def __init__(self, end: End) -> None:
        self._end = end

    def check(self) -> None:
        """Raise `MigrationFailed` when its binary log cannot be followed."""
        with mysql(self._end) as connection:
            ((logs, how, image),) = _rows(
                connection, "SELECT @@log_bin, @@binlog_format, @@binlog_row_image", str(self._end)
            )
        if not logs or how != "ROW" or image != "FULL":
            raise MigrationFailed(
                f"{self._end} has log_bin {logs}, binlog_format {how}, binlog_row_image {image}; "
                "changes can be followed with 1, ROW and FULL only"
            )

    def position(self, start: str | None = None) -> str:
        """The GTID of ``start`` (``file:offset`` of the log), or of everything up to now."""
        with mysql(self._end) as connection:
            if start is None:
                return str(_rows(connection, "SELECT @@gtid_binlog_pos", str(self._end))[0][0])
            file, _, offset = start.rpartition(":")
            return _gtid(connection, file, offset, str(self._end))

    def tables(self, mappings: Mappings) -> list[Table]:
        """Every table that ``mappings`` select, by schema and name."""
        with mysql(self._end) as connection:
            found = _rows(connection, _TABLES, str(self._end))
            return [
                _table(connection, schema, name)
                for schema, name in found
                if mappings.selects(schema, name)
            ]

    def table(self, schema: str, name: str) -> Table | None:
        """One table as it is now, ``None`` when there is none."""
        with mysql(self._end) as connection:
            found = _table(connection, schema, name)
            return found if found.columns else None

    @contextmanager
    def snapshot(self, table: Table) -> Iterator[tuple[str, Iterator[list[Row]]]]:
        """The position of a moment, and the rows of ``table`` at that moment, in batches."""
        where = str(table)
        # Without decoders every number and time comes as its text.
        with mysql(self._end, conv=dict(encoders), cursorclass=SSCursor) as connection:
            _rows(connection, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", where)
            _rows(connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", where)
            status = dict(_rows(connection, "SHOW STATUS LIKE 'binlog_snapshot_%%'", where))
            offset = status["Binlog_snapshot_position"]
            position = _gtid(connection, status["Binlog_snapshot_file"], offset, where)
            yield position, _batches(connection, table)


def _batches(connection: Any, table: Table) -> Iterator[list[Row]]:
    columns = ", ".join(selected(column, quoted(column.name)) for column in table.columns)
    statement = f"SELECT {columns} FROM {quoted(table.schema)}.{quoted(table.name)}"
    with translated(str(table)), connection.cursor() as cursor:
        cursor.execute(statement)
        while batch := cursor.fetchmany(BATCH_ROWS):
            yield loaded(table.columns, batch)


def _table(connection: Any, schema: str, name: str) -> Table:
    where = f"{schema}.{name}"
    columns = _rows(connection, _COLUMNS, where, (schema, name))
    key = _rows(connection, _KEY, where, (schema, name))
    return Table(
        schema=schema,
        name=name,
        columns=tuple(
            Column(row[0], row[1].lower(), row[2], row[3] == "YES", *row[4:]) for row in columns
        ),
        key=tuple(row[0] for row in key),
    )


def _gtid(connection: Any, file: str, offset: str, where: str) -> str:
    statement = "SELECT BINLOG_GTID_POS(%s, %s)"
    found = _rows(connection, statement, where, (file, int(offset)))[0][0]
    if found is None:
        raise MigrationFailed(f"{where} has no binary log {file} with a position {offset}")
    return str(found)


def _rows(
    connection: Any, statement: str, where: str, values: tuple[object, ...] = ()
) -> list[tuple[Any, ...]]:
    with translated(where), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def quoted(name: str) -> str:
    """A name between backticks."""
    return "`" + name.replace("`", "``") + "`"
