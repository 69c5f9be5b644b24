"""A connection that runs SQL, whatever the driver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Session(Protocol):
    """One open connection, in autocommit mode, whose every wait has an end."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement; `Refused` when the server answers with an error."""

    def close(self) -> None: ...
