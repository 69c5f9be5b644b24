"""The words the front and the services share: a call, a refusal, a table of operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Params = dict[str, Any]
Answer = dict[str, Any]


class ApiError(Exception):
    """A refusal in AWS's words: its error code and a sentence. ``status`` is the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class HandOn(Exception):
    """Raised by a handler: the call is about nothing of ours, and moto answers it."""


@dataclass(frozen=True)
class Call:
    """One operation: ``params`` are a plain dict in the API's own member names."""

    service: str
    operation: str
    region: str
    params: Params


Handler = Callable[[Call], Answer]
Check = Callable[[Call], None]


@dataclass
class Operations:
    """What we answer ourselves, what moto may answer, and what is checked before moto does.

    A service named in ``closed`` gets nothing from moto but ``lent``: moto would report a
    database as available that no server stands behind.
    """

    own: dict[tuple[str, str], Handler] = field(default_factory=dict)
    before: dict[tuple[str, str], list[Check]] = field(default_factory=dict)
    after: dict[tuple[str, str], list[Check]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    lent: set[tuple[str, str]] = field(default_factory=set)

    def handle(self, service: str, operation: str, handler: Handler) -> None:
        """Answer ``operation`` by ``handler``; a second handler for one operation is a bug."""
        if (service, operation) in self.own:
            raise ValueError(f"{service}:{operation} has a handler already")
        self.own[service, operation] = handler

    def take_over(self, service: str, operation: str, handler: Handler) -> Handler:
        """Answer ``operation`` by ``handler``, which may ask the one it replaces: that is returned.

        For an operation over records of two modules, each of which knows its own.
        """
        replaced = self.own[service, operation]
        self.own[service, operation] = handler
        return replaced

    def check_before(self, service: str, operation: str, check: Check) -> None:
        """Run ``check`` (it raises `ApiError` to refuse) before moto answers ``operation``."""
        self.before.setdefault((service, operation), []).append(check)

    def then(self, service: str, operation: str, action: Check) -> None:
        """Run ``action`` when moto has done ``operation``, before it is answered."""
        self.after.setdefault((service, operation), []).append(action)


def now() -> str:
    """The time as the API reports it: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def given(params: Mapping[str, Any], names: Sequence[str]) -> Params:
    """The members among ``names`` the caller sent; what was not sent is not in the result."""
    return {name: params[name] for name in names if params.get(name) is not None}


def page(call: Call, key: str, items: Sequence[Any], default: int = 100) -> Answer:
    """One page of ``items`` under ``key``; ``Marker`` is the offset of the next page."""
    marker = str(call.params.get("Marker") or "0")
    if not marker.isdigit():
        raise ApiError("InvalidParameterValue", f"Invalid marker: {marker}")
    start, size = int(marker), int(call.params.get("MaxRecords") or default)
    answer: Answer = {key: list(items[start : start + size])}
    if start + size < len(items):
        answer["Marker"] = str(start + size)
    return answer


class Stopwatch:
    """Elapsed milliseconds, for the log."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def ms(self) -> float:
        return (time.monotonic() - self._start) * 1000
