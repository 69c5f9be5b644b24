"""Tables and their columns, as the source describes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """``type`` is MySQL's name of it in lower case, ``full_type`` with length, sign, values."""

    name: str
    type: str
    full_type: str
    nullable: bool
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    fraction: int | None = None
    """Digits of a second."""
    collation: str | None = None

    @property
    def unsigned(self) -> bool:
        return "unsigned" in self.full_type


@dataclass(frozen=True)
class Table:
    """``key`` tells rows apart: the primary key, else nothing; a keyless table has rows only."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def id(self) -> TableId:
        return (self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


TableId = tuple[str, str]
"""Schema and table."""
