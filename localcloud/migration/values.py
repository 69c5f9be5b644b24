"""Values on their way: what the source sends, as every target takes it.

Numbers stay numbers or become their text, times become text, bytes stay bytes. So nothing is
rounded and no driver's idea of a date comes between two databases.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any

from localcloud.migration.errors import MigrationFailed
from localcloud.migration.tables import Column

Value = None | int | float | str | bytes
Row = tuple[Value, ...]


def selected(column: Column, name: str) -> str:
    """The expression that reads a column whole; ``name`` is its quoted name."""
    match column.type:
        case "float":
            # Its text has six digits, fewer than it has.
            return f"CAST({name} AS DOUBLE)"
        case "bit":
            return f"{name} + 0"
        case _:
            return name


def loaded(columns: Sequence[Column], rows: list[Row]) -> list[Row]:
    """Rows as `selected` reads them, as a target takes them."""
    bits = [place for place, column in enumerate(columns) if column.type == "bit"]
    if not bits:
        return rows
    # A text would be taken for the bits of its characters.
    return [
        tuple(
            int(value) if place in bits and value is not None else value
            for place, value in enumerate(row)
        )
        for row in rows
    ]


def from_log(column: Column, value: Any, missing: str | None) -> Value:
    """A value as the binary log's reader gives it; ``missing`` is its reason for ``None``.

    Raises `MigrationFailed` for the few that the reader cannot tell apart.
    """
    if value is None:
        return _absent(column, missing)
    match value:
        case datetime.datetime():
            text = value.strftime("%Y-%m-%d %H:%M:%S")
            return f"{text}.{value.microsecond:06}" if value.microsecond else text
        case datetime.date():
            return value.isoformat()
        case datetime.timedelta():
            return _clock(column, value)
        case set():
            return ",".join(_in_order(column, value))
        case str() if column.type == "bit":
            return int(value, 2)
        case bytes() if column.type == "binary" and column.length is not None:
            # The log leaves the padding out.
            return value.ljust(column.length, b"\0")
        case bool() | int() | float() | str() | bytes():
            return value
        case _:
            return str(value)


def _absent(column: Column, missing: str | None) -> Value:
    if missing == "empty set":
        return ""
    if missing not in (None, "null"):
        raise MigrationFailed(
            f"column {column.name!r} holds a date that is none ({missing}), which cannot be "
            "followed; correct it on the source and start with reload-target"
        )
    return None


def _clock(column: Column, value: datetime.timedelta) -> str:
    if value < datetime.timedelta(0) and column.fraction:
        # The reader takes the fraction's complement for the fraction.
        raise MigrationFailed(
            f"column {column.name!r} holds a negative time with a fraction of a second, which "
            "cannot be followed"
        )
    sign, span = ("-", -value) if value < datetime.timedelta(0) else ("", value)
    seconds = span.days * 86400 + span.seconds
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{span.microseconds:06}" if span.microseconds else text


def _in_order(column: Column, members: Collection[str]) -> list[str]:
    # set('a','b'): members are kept in the order of the definition.
    return sorted(members, key=lambda member: column.full_type.find(f"'{member}'"))
