"""Whether two databases hold the same rows, whatever their engines, and which rows differ."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

SHOWN = 3
"""Keys named for each kind of difference."""
_MODULUS = 1 << 256

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """Columns in order, and those whose values name a row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """Rows and a checksum that no order of the rows changes."""

    rows: int
    checksum: str


def normal(value: object) -> str | None:
    """A value as text that is the same from every engine; ``None`` stays ``None``.

    Decimals lose trailing zeros, times get all their digits and no zone, bytes become hex.
    """
    match value:
        case None:
            return None
        case bool():
            return str(int(value))
        case Decimal():
            return _plain(value)
        case float():
            return repr(value)
        case datetime.datetime():
            naive = value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value
            return naive.isoformat(sep=" ", timespec="microseconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case datetime.timedelta():
            return f"{value.total_seconds():.6f}"
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case _:
            return str(value)


def _plain(value: Decimal) -> str:
    # An engine may say -0.00 or 1E+2; equal numbers are to be equal texts.
    return format(value.normalize() + 0, "f")


def summary(rows: Iterable[Row]) -> Summary:
    """The rows as one `Summary`. Equal rows count each: it is a sum and not an exclusive or."""
    count = total = 0
    for row in rows:
        text = json.dumps([normal(value) for value in row], ensure_ascii=False)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        total = (total + int.from_bytes(digest)) % _MODULUS
        count += 1
    return Summary(count, f"{total:064x}")


def differences(table: Table, source: Sequence[Row], target: Sequence[Row]) -> list[str]:
    """Sentences that name the rows, by key, in which ``target`` is not ``source``."""
    here, there = _by_key(table, source), _by_key(table, target)
    missing = [key for key in here if key not in there]
    extra = [key for key in there if key not in here]
    changed = [
        f"{_named(table, key)}: {_columns(table, here[key], there[key])}"
        for key in here
        if key in there and here[key] != there[key]
    ]
    doubled = len(source) - len(here) != len(target) - len(there)
    found = []
    for what, keys in (("missing on the target", missing), ("only on the target", extra)):
        if keys:
            found.append(_listed(what, [_named(table, key) for key in sorted(keys)]))
    if changed:
        found.append(_listed("different", sorted(changed)))
    if doubled:
        found.append(f"{len(target) - len(there)} rows of the target have a key twice")
    return [f"{table.name}: {text}" for text in found]


def _by_key(table: Table, rows: Sequence[Row]) -> Mapping[tuple[str | None, ...], list[Any]]:
    places = [table.columns.index(column) for column in table.key or table.columns]
    normalised = ([normal(value) for value in row] for row in rows)
    return {tuple(row[place] for place in places): row for row in normalised}


def _named(table: Table, key: tuple[str | None, ...]) -> str:
    names = table.key or table.columns
    return ", ".join(f"{name} {value}" for name, value in zip(names, key, strict=True))


def _columns(table: Table, here: list[Any], there: list[Any]) -> str:
    return ", ".join(_unequal(table, here, there))


def _unequal(table: Table, here: list[Any], there: list[Any]) -> Iterator[str]:
    for name, ours, theirs in zip(table.columns, here, there, strict=True):
        if ours != theirs:
            yield f"{name} is {theirs!r}, not {ours!r}"


def _listed(what: str, items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"{len(items)} {what} ({'; '.join(items[:SHOWN])}{more})"
