"""What the exercises say to the servers and what comes back, kept for the report.

Only inside `kept`, only of the thread that called it, and short: the first exchanges of a step,
the first rows of each. What carries a password is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from pydantic import BaseModel, ConfigDict

EXCHANGES = 8
_ROWS = 5
_WIDTH = 300
_SECRETIVE = ("identified by", "password", "auth ", "hello ", "acl ")


class Exchange(BaseModel):
    """A statement or command, and the answer as text."""

    model_config = ConfigDict(frozen=True)

    asked: str
    answered: str


_kept: ContextVar[list[Exchange] | None] = ContextVar("kept", default=None)


@contextmanager
def kept() -> Iterator[list[Exchange]]:
    """The exchanges that are told inside the block."""
    exchanges: list[Exchange] = []
    token = _kept.set(exchanges)
    try:
        yield exchanges
    finally:
        _kept.reset(token)


def tell_rows(statement: str, rows: Sequence[Sequence[object]]) -> None:
    """A statement of SQL and its rows."""
    if wanted(statement):
        lines = [" | ".join(_cell(cell) for cell in row) for row in rows[:_ROWS]]
        if len(rows) > _ROWS:
            lines.append(f"... {len(rows)} rows in all")
        tell(statement, "\n".join(lines) or "ok")


def tell(asked: str, answered: object) -> None:
    """A command and its answer."""
    exchanges = _kept.get()
    if exchanges is not None and wanted(asked):
        asked = " ".join(asked.split())
        exchanges.append(Exchange(asked=_short(asked), answered=_short(str(answered))))


def wanted(asked: str) -> bool:
    """Whether it would be kept: somebody listens, it is no secret and there is room."""
    exchanges = _kept.get()
    if exchanges is None or len(exchanges) >= EXCHANGES:
        return False
    said = f"{asked.lower()} "
    return not any(word in said for word in _SECRETIVE)


def _cell(cell: object) -> str:
    return "NULL" if cell is None else str(cell)


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
