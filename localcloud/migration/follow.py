"""From the source's transactions to changes of the target's tables, each exactly once."""

from __future__ import annotations

import time
from collections.abc import Sequence

from localcloud.migration.changes import Change, Definition, Named, Transaction, number
from localcloud.migration.errors import MigrationFailed
from localcloud.migration.progress import Report, TableProgress, now
from localcloud.migration.row_changes import AnyChange, RowChange, State, TableChange
from localcloud.migration.source import Source
from localcloud.migration.tables import Table, TableId
from localcloud.migration.target import Target
from localcloud.migration.values import Row, from_log

_KEEP_POSITION_S = 5.0
"""How often the position is written when nothing that is migrated changes."""


class Follower:
    """Applies transactions. A table that is there already knows where its load was taken:
    what the log says before that is in the load. ``errored`` tables have no load to follow.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        report: Report,
        state: State,
        errored: set[TableId],
    ) -> None:
        self._source = source
        self._target = target
        self._report = report
        self._loads = {table: number(counts.position) for table, counts in state.tables.items()}
        self._errored = errored
        self._tables: dict[TableId, Table] = {}
        self._written = time.monotonic()
        self._done = state.position

    def apply(self, transactions: Sequence[Transaction]) -> None:
        """Apply ``transactions`` in order, together where that can be."""
        changes: list[AnyChange] = []
        for transaction in transactions:
            for change in self._changes(transaction):
                if isinstance(change, TableChange) and change.verb == "DROP":
                    # It ends a transaction of MySQL's: what came before is committed first. A
                    # statement about a table is a transaction of its own on the source.
                    self._commit(changes, self._done)
                    changes = []
                    self._commit([change], transaction.position)
                    self._forget(change.table)
                else:
                    changes.append(change)
            self._done = transaction.position
        if transactions:
            last = transactions[-1].position
            idle = not changes and time.monotonic() - self._written < _KEEP_POSITION_S
            if not idle:
                self._commit(changes, last)
            self._report.progress.position = last

    def _commit(self, changes: Sequence[AnyChange], position: str) -> None:
        for (schema, name), counts in self._target.apply(changes, position).items():
            row = self._report.progress.tables.setdefault(f"{schema}.{name}", TableProgress())
            row.inserts += counts.inserts
            row.updates += counts.updates
            row.deletes += counts.deletes
            row.changed = now()
        self._written = time.monotonic()

    def _changes(self, transaction: Transaction) -> list[AnyChange]:
        found: list[AnyChange] = []
        for change in transaction.changes:
            if change.table in self._errored:
                continue
            if transaction.number <= self._loads.get(change.table, -1):
                continue
            if isinstance(change, Definition):
                found += self._redefined(change)
                continue
            table = self._table(change, transaction)
            if table is not None:
                found.append(RowChange(table, _row(table, change.old), _row(table, change.new)))
        return found

    def _redefined(self, change: Definition) -> list[AnyChange]:
        if change.table not in self._loads:
            return []
        known = self._tables.get(change.table) or self._source.table(*change.table)
        match change.verb:
            case "TRUNCATE" | "DROP":
                table = known or Table(*change.table, columns=(), key=())
                return [TableChange(table, change.verb)]
            case "ALTER" if known == self._source.table(*change.table):
                # An index, or another thing that DMS does not bring.
                return []
            case _:
                raise MigrationFailed(
                    f"{'.'.join(change.table)} was redefined on the source ({change.verb} TABLE), "
                    "which is not followed here; start again with reload-target"
                )

    def _table(self, change: Change, transaction: Transaction) -> Table | None:
        found = self._tables.get(change.table)
        if found is None:
            found = self._source.table(*change.table)
            if found is None:
                # It is gone by now; its DROP comes later in the log.
                return None
            if change.table not in self._loads:
                self._target.prepare(found, "DO_NOTHING")
                self._target.adopt(found, self._done)
                self._loads[change.table] = transaction.number - 1
                progress = self._report.progress.tables
                progress.setdefault(str(found), TableProgress()).state = "Table completed"
            self._tables[change.table] = found
        named = change.new or change.old or {}
        if tuple(named) != found.names:
            raise MigrationFailed(
                f"{found} has columns {', '.join(found.names)} and the log has rows of "
                f"{', '.join(named)}: it was altered; start again with reload-target"
            )
        return found

    def _forget(self, table: Table) -> None:
        self._tables.pop(table.id, None)
        self._loads.pop(table.id, None)


def _row(table: Table, named: Named | None) -> Row | None:
    if named is None:
        return None
    return tuple(from_log(column, *named[column.name]) for column in table.columns)
