"""What the migration's exercise writes: a schema of its own, its rows, and changes to them."""

from __future__ import annotations

from collections.abc import Iterator

from verify.comparison import Row, Table
from verify.session import Session

SCHEMA = "migrationtest"
CUSTOMERS = 2000
LINES = 2
"""Purchases of each customer."""
_AT_ONCE = 500

OWN = {
    "customers": "name LIKE 'verify %'",
    "purchases": "item LIKE 'verify %'",
    "heartbeat": "TRUE",
}
"""The tables, each with a condition that holds for the rows of the exercise."""

TABLES = (
    "CREATE TABLE migrationtest.customers (id INT PRIMARY KEY, name VARCHAR(60) NOT NULL, "
    "note TEXT CHARACTER SET utf8mb4, credit DECIMAL(12,2), joined DATETIME NOT NULL, "
    "referred_by INT NULL)",
    "CREATE TABLE migrationtest.purchases (customer INT, line INT, item VARCHAR(60) NOT NULL, "
    "price DECIMAL(10,4) NOT NULL, bought DATETIME(6) NOT NULL, PRIMARY KEY (customer, line))",
    "CREATE TABLE migrationtest.heartbeat (run CHAR(32), beat INT, PRIMARY KEY (run, beat))",
)
_NOTES = ("plain", "caf\u00e9 \U0001f4a1", "quote ' and \\ and %", "", None)

CHANGES = (
    "INSERT INTO migrationtest.customers VALUES (900001, 'verify new', 'caf\u00e9 \U0001f4a1', "
    "-0.50, '2024-02-29 23:59:59', NULL)",
    "UPDATE migrationtest.customers SET credit = credit + 1.25, note = NULL WHERE id <= 20",
    "UPDATE migrationtest.customers SET id = 900002 WHERE id = 21",
    "DELETE FROM migrationtest.purchases WHERE customer BETWEEN 30 AND 39",
)
"""An insert, updates of values and of a key, and a delete."""


def create(sql: Session) -> int:
    """Make the schema and its rows; how many there are."""
    sql.run(f"CREATE DATABASE {SCHEMA} CHARACTER SET utf8mb4")
    for statement in TABLES:
        sql.run(statement)
    return _insert(sql, "customers", _customers()) + _insert(sql, "purchases", _purchases())


def _customers() -> Iterator[Row]:
    for n in range(1, CUSTOMERS + 1):
        note = _NOTES[n % len(_NOTES)]
        credit = None if n % 7 == 0 else f"{n - 1000}.{n % 100:02}"
        joined = f"2024-{n % 12 + 1:02}-{n % 28 + 1:02} {n % 24:02}:{n % 60:02}:00"
        yield n, f"verify {n}", note, credit, joined, n - 1 if n % 3 == 0 else None


def _purchases() -> Iterator[Row]:
    for n in range(1, CUSTOMERS + 1):
        for line in range(LINES):
            bought = f"2024-01-01 00:00:{n % 60:02}.{n * 499 % 1000000:06}"
            yield n, line, f"verify {n}/{line}", f"{n}.{line:04}", bought


def _insert(sql: Session, table: str, rows: Iterator[Row]) -> int:
    waiting = list(rows)
    for start in range(0, len(waiting), _AT_ONCE):
        part = waiting[start : start + _AT_ONCE]
        places = ", ".join(["(" + ", ".join(["%s"] * len(part[0])) + ")"] * len(part))
        values = [value for row in part for value in row]
        sql.run(f"INSERT INTO {SCHEMA}.{table} VALUES {places}", values)
    return len(waiting)


def tables(sql: Session) -> list[Table]:
    """Every table of the schema as the source describes it, by name."""
    columns: dict[str, list[str]] = {}
    keys: dict[str, list[str]] = {}
    for table, column, kind in sql.run(
        "SELECT table_name, column_name, column_key FROM information_schema.columns "
        "WHERE table_schema = %s ORDER BY table_name, ordinal_position",
        (SCHEMA,),
    ):
        columns.setdefault(str(table), []).append(str(column))
        if kind == "PRI":
            keys.setdefault(str(table), []).append(str(column))
    return [Table(name, tuple(found), tuple(keys.get(name, ()))) for name, found in columns.items()]


def rows(sql: Session, table: Table) -> list[Row]:
    """All rows of a table, in any order."""
    return sql.run(f"SELECT {', '.join(table.columns)} FROM {SCHEMA}.{table.name}")
