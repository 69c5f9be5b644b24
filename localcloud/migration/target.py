"""The target of a migration: tables, rows, and in the same transactions how far it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from localcloud.migration.errors import Interrupted, RowRefused
from localcloud.migration.orders import Preparation
from localcloud.migration.row_changes import (
    AnyChange,
    Counts,
    RowChange,
    State,
    TableChange,
    counted,
    described,
    groups,
)
from localcloud.migration.tables import Table, TableId
from localcloud.migration.values import Row

CONTROL = "awsdms_control"
"""The schema of DMS's own tables on a target."""


Loaded = Callable[[int], None]
"""Told the rows of each batch."""


class Target(ABC):
    """One open connection, used by one thread. The dialects are in modules of their own.

    Every method raises `Interrupted` when the connection breaks and `MigrationFailed` when the
    target refuses for good.
    """

    def __init__(self, connection: Any, where: str, task: str) -> None:
        self._connection = connection
        self._where = where
        self._task = task
        self._position = ""

    # What the dialects differ in.

    @abstractmethod
    def _translated(self, where: str) -> AbstractContextManager[None]:
        """The driver's errors as ours."""

    @abstractmethod
    def _quoted(self, name: str) -> str:
        """A name in a statement, where a percent sign is written twice."""

    @abstractmethod
    def _make_schema(self, schema: str) -> None: ...

    @abstractmethod
    def definition(self, table: Table) -> str:
        """The statement that makes ``table``: columns and primary key, and nothing else."""

    @abstractmethod
    def _exists(self, table: Table) -> bool: ...

    @abstractmethod
    def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Insert many rows at once; `RowRefused` when one of them is not taken."""

    @abstractmethod
    def _one_row(self, table: Table) -> str:
        """What follows a WHERE that may match equal rows of a keyless table."""

    @abstractmethod
    def _same(self, column: str) -> str:
        """A condition by which a column equals a value, also NULL."""

    # What they share.

    def run_of(self) -> str | None:
        """The run whose state is kept, ``None`` when there is none."""
        self._make_schema(CONTROL)
        for statement in _CONTROL_TABLES:
            self._run(statement.format(control=self._quoted(CONTROL)))
        rows = self._query(f"SELECT run FROM {self._checkpoint} WHERE task = %s", (self._task,))
        return str(rows[0][0]) if rows else None

    def begin(self, run: str, position: str) -> None:
        """Forget any earlier run of the task; this one starts at ``position``."""
        with self._transaction():
            self._run(f"DELETE FROM {self._states} WHERE task = %s", (self._task,))
            self._run(f"DELETE FROM {self._checkpoint} WHERE task = %s", (self._task,))
            self._run(
                f"INSERT INTO {self._checkpoint} (task, run, position) VALUES (%s, %s, %s)",
                (self._task, run, position),
            )
        self._position = position

    def state(self) -> State:
        """How far the run is."""
        ((position,),) = self._query(
            f"SELECT position FROM {self._checkpoint} WHERE task = %s", (self._task,)
        )
        self._position = position
        return State(position, self._loaded())

    def _loaded(self) -> dict[TableId, Counts]:
        rows = self._query(
            "SELECT schema_name, table_name, position, loaded, inserts, updates, deletes "
            f"FROM {self._states} WHERE task = %s",
            (self._task,),
        )
        return {(schema, name): Counts(*counts) for schema, name, *counts in rows}

    def prepare(self, table: Table, preparation: Preparation) -> None:
        """Make ``table`` where it is missing; one that is there as ``preparation`` says."""
        self._make_schema(table.schema)
        there = self._exists(table)
        if there and preparation == "DROP_AND_CREATE":
            self._run(f"DROP TABLE {self._name(table)}")
        if there and preparation == "TRUNCATE_BEFORE_LOAD":
            self._run(f"TRUNCATE TABLE {self._name(table)}")
        if not there or preparation == "DROP_AND_CREATE":
            self._run(self.definition(table))

    def load(
        self, table: Table, position: str, batches: Iterator[list[Row]], loaded: Loaded
    ) -> int:
        """All rows of ``table`` in one transaction: a kill leaves all of them or none.

        Raises `RowRefused`; the table is then as it was.
        """
        rows = 0
        with self._transaction():
            self._move(self._position)
            if table.id in self._loaded():
                raise Interrupted(f"{table} was loaded by another worker")
            for batch in batches:
                self._insert(table, batch)
                rows += len(batch)
                loaded(len(batch))
            self._add_state(table.id, Counts(position, loaded=rows))
        return rows

    def adopt(self, table: Table, position: str) -> None:
        """Follow a table that is not loaded."""
        with self._transaction():
            self._add_state(table.id, Counts(position))

    def apply(self, changes: Sequence[AnyChange], position: str) -> dict[TableId, Counts]:
        """Apply committed changes in order; afterwards the run is at ``position``.

        A row that is refused is written to ``awsdms_apply_exceptions``, as DMS does by default.
        """
        try:
            return self._apply_all(changes, position, self._apply_quickly)
        except RowRefused:
            return self._apply_all(changes, position, self._apply_one_by_one)

    def _apply_all(
        self,
        changes: Sequence[AnyChange],
        position: str,
        how: Callable[[Sequence[AnyChange]], None],
    ) -> dict[TableId, Counts]:
        with self._transaction():
            self._move(position)
            how(changes)
            counts = counted(changes)
            for (schema, name), count in counts.items():
                self._run(
                    f"UPDATE {self._states} SET inserts = inserts + %s, updates = updates + %s, "
                    "deletes = deletes + %s WHERE task = %s AND schema_name = %s "
                    "AND table_name = %s",
                    (count.inserts, count.updates, count.deletes, self._task, schema, name),
                )
        self._position = position
        return counts

    def _move(self, position: str) -> None:
        """Set the position, and keep everybody else from it until the transaction ends.

        The last transaction of a worker that was killed may be committed only after we looked:
        then the position is another one than we know, and what we were about to do is done.
        """
        moved = self._run(
            f"UPDATE {self._checkpoint} SET position = %s WHERE task = %s AND position = %s",
            (position, self._task, self._position),
        )
        if not moved:
            raise Interrupted(f"{self._where}: the migration went on without this worker")

    def _apply_quickly(self, changes: Sequence[AnyChange]) -> None:
        for group in groups(changes):
            first = group[0]
            if isinstance(first, RowChange) and first.old is None:
                self._insert(
                    first.table, [c.new for c in group if isinstance(c, RowChange) and c.new]
                )
            else:
                self._apply_one(first)

    def _apply_one_by_one(self, changes: Sequence[AnyChange]) -> None:
        for change in changes:
            self._run("SAVEPOINT one")
            try:
                self._apply_one(change)
            except RowRefused as refusal:
                self._run("ROLLBACK TO SAVEPOINT one")
                self._note(change, str(refusal))

    def _apply_one(self, change: AnyChange) -> None:
        match change:
            case TableChange(table, "TRUNCATE"):
                self._run(f"DELETE FROM {self._name(table)}")
            case TableChange(table, _):
                self._run(f"DROP TABLE IF EXISTS {self._name(table)}")
                self._run(
                    f"DELETE FROM {self._states} WHERE task = %s AND schema_name = %s "
                    "AND table_name = %s",
                    (self._task, *table.id),
                )
            case RowChange(table, None, new) if new is not None:
                self._insert(table, [new])
            case RowChange(table, old, None) if old is not None:
                # One that is not there is what was wanted; DMS ignores it, too.
                where, values = self._where_is(table, old)
                self._run(f"DELETE FROM {self._name(table)} {where}", values)
            case RowChange(table, old, new) if old is not None and new is not None:
                self._update(table, old, new)

    def _update(self, table: Table, old: Row, new: Row) -> None:
        where, values = self._where_is(table, old)
        columns = ", ".join(f"{self._quoted(name)} = %s" for name in table.names)
        found = self._run(f"UPDATE {self._name(table)} SET {columns} {where}", (*new, *values))
        if not found:
            raise RowRefused(f"{table}: the row to update is not there")

    def _where_is(self, table: Table, row: Row) -> tuple[str, tuple[Any, ...]]:
        by_name = dict(zip(table.names, row, strict=True))
        if table.key:
            condition = " AND ".join(f"{self._quoted(name)} = %s" for name in table.key)
            return f"WHERE {condition}", tuple(by_name[name] for name in table.key)
        condition = " AND ".join(self._same(self._quoted(name)) for name in table.names)
        return self._one_row(table).replace("{condition}", condition), row

    def _note(self, change: AnyChange, reason: str) -> None:
        self._run(
            f"INSERT INTO {self._quoted(CONTROL)}.awsdms_apply_exceptions "
            "(task_name, table_owner, table_name, statement, error) VALUES (%s, %s, %s, %s, %s)",
            (self._task, change.table.schema, change.table.name, described(change), reason),
        )

    def _add_state(self, table: TableId, counts: Counts) -> None:
        self._run(
            f"INSERT INTO {self._states} (task, schema_name, table_name, position, loaded, "
            "inserts, updates, deletes) VALUES (%s, %s, %s, %s, %s, 0, 0, 0)",
            (self._task, *table, counts.position, counts.loaded),
        )

    @property
    def _checkpoint(self) -> str:
        return f"{self._quoted(CONTROL)}.awsdms_txn_state"

    @property
    def _states(self) -> str:
        return f"{self._quoted(CONTROL)}.awsdms_table_state"

    def _name(self, table: Table) -> str:
        return f"{self._quoted(table.schema)}.{self._quoted(table.name)}"

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN")
        try:
            yield
            self._run("COMMIT")
        except Exception:
            # On a connection that broke there is nothing left to take back.
            with suppress(Interrupted):
                self._run("ROLLBACK")
            raise

    def _run(self, statement: str, values: Sequence[Any] = ()) -> int:
        with self._translated(self._where), self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values))
            return int(cursor.rowcount)

    def _query(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._translated(self._where), self._connection.cursor() as cursor:
            cursor.execute(statement, tuple(values))
            return list(cursor.fetchall())


_CONTROL_TABLES = (
    "CREATE TABLE IF NOT EXISTS {control}.awsdms_txn_state (task VARCHAR(255) PRIMARY KEY, "
    "run VARCHAR(64) NOT NULL, position VARCHAR(255) NOT NULL)",
    "CREATE TABLE IF NOT EXISTS {control}.awsdms_table_state (task VARCHAR(255) NOT NULL, "
    "schema_name VARCHAR(64) NOT NULL, table_name VARCHAR(64) NOT NULL, "
    "position VARCHAR(255) NOT NULL, loaded BIGINT NOT NULL, inserts BIGINT NOT NULL, "
    "updates BIGINT NOT NULL, deletes BIGINT NOT NULL, "
    "PRIMARY KEY (task, schema_name, table_name))",
    "CREATE TABLE IF NOT EXISTS {control}.awsdms_apply_exceptions (task_name VARCHAR(255), "
    "table_owner VARCHAR(64), table_name VARCHAR(64), "
    "error_time TIMESTAMP DEFAULT CURRENT_TIMESTAMP, statement TEXT, error TEXT)",
)
