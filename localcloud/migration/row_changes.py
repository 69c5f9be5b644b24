"""Changes of a target's tables, and how many there were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localcloud.migration.tables import Table, TableId
from localcloud.migration.values import Row


@dataclass
class Counts:
    """What has reached the target of one table. ``position`` is where its load was taken."""

    position: str
    loaded: int = 0
    inserts: int = 0
    updates: int = 0
    deletes: int = 0


@dataclass
class State:
    """How far one run is: everything up to ``position`` is on the target."""

    position: str
    tables: dict[TableId, Counts] = field(default_factory=dict)


@dataclass(frozen=True)
class RowChange:
    """One row of ``table``; ``old`` is absent for an insert, ``new`` for a delete."""

    table: Table
    old: Row | None
    new: Row | None


@dataclass(frozen=True)
class TableChange:
    """``verb`` TRUNCATE or DROP. A DROP ends MySQL's transaction, so it comes alone."""

    table: Table
    verb: str


AnyChange = RowChange | TableChange


def groups(changes: Sequence[AnyChange]) -> Iterator[list[AnyChange]]:
    """Neighbouring inserts into one table together, everything else alone."""
    group: list[AnyChange] = []
    for change in changes:
        inserts = isinstance(change, RowChange) and change.old is None
        if group and not (inserts and change.table.id == group[0].table.id):
            yield group
            group = []
        group.append(change)
        if not inserts:
            yield group
            group = []
    if group:
        yield group


def counted(changes: Sequence[AnyChange]) -> dict[TableId, Counts]:
    """How many rows of each table are inserted, updated, deleted."""
    counts: dict[TableId, Counts] = {}
    for change in changes:
        count = counts.setdefault(change.table.id, Counts(""))
        match change:
            case RowChange(old=None):
                count.inserts += 1
            case RowChange(new=None):
                count.deletes += 1
            case RowChange():
                count.updates += 1
    return counts


def described(change: AnyChange) -> str:
    """A change in words: its verb, its table and the row's key."""
    if isinstance(change, TableChange):
        return f"{change.verb} TABLE {change.table}"
    verb = "INSERT" if change.old is None else "DELETE" if change.new is None else "UPDATE"
    row = change.new if change.old is None else change.old
    key: Mapping[str, Any] = dict(zip(change.table.names, row or (), strict=False))
    shown = {name: key.get(name) for name in change.table.key or change.table.names}
    return f"{verb} {change.table} {shown}"
