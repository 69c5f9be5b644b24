"""Reads the files of a MariaDB binary log as far as moments are concerned: when what was committed.

Only the head of each event is looked at: 19 bytes that the format has had since MySQL 5.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_MAGIC = b"\xfebin"
_HEAD = struct.Struct("<IBIIIH")
"""Second, type, server, size, where the next one begins, flags."""
_GTID_BODY = struct.Struct("<QI")
"""Number of the transaction, domain."""
_GTID = 162
_ENDS = frozenset({2, 16, 38})
"""Types of events that end a transaction: a statement by itself or a COMMIT, XID, XA PREPARE."""


@dataclass(frozen=True)
class Part:
    """A file of the log and how many of its bytes count; ``whole`` when that is all."""

    file: Path
    size: int
    whole: bool


@dataclass(frozen=True)
class History:
    """A log up to a moment: its parts, and the GTID of the last transaction, if there is one."""

    parts: tuple[Part, ...]
    last: str | None


@dataclass(frozen=True)
class _Event:
    at: int
    second: int
    type: int
    gtid: str | None
    end: int


def history(files: Sequence[Path], until: datetime | None) -> History:
    """What ``files`` say was committed before the second ``until``, or all of it.

    Transactions are in the order of their commits, each with the second in which its last
    statement began.
    """
    limit = None if until is None else int(until.timestamp())
    parts: list[Part] = []
    begun = last = None
    for file in files:
        end = len(_MAGIC)
        for event in _events(file):
            if event.gtid is not None:
                if limit is not None and event.second >= limit:
                    return History((*parts, Part(file, event.at, whole=False)), last)
                begun = event.gtid
            elif event.type in _ENDS and begun is not None:
                last = begun
            end = event.end
        # A server that was killed may have left half an event, which nobody can read.
        parts.append(Part(file, end, whole=end == file.stat().st_size))
    return History(tuple(parts), last)


def _events(file: Path) -> Iterator[_Event]:
    with file.open("rb") as log:
        size = file.stat().st_size
        log.seek(len(_MAGIC))
        at = log.tell()
        while at + _HEAD.size <= size:
            second, type_, server, length, _, _ = _HEAD.unpack(log.read(_HEAD.size))
            end = at + length
            if length < _HEAD.size or end > size:
                return
            gtid = None
            if type_ == _GTID:
                number, domain = _GTID_BODY.unpack(log.read(_GTID_BODY.size))
                gtid = f"{domain}-{server}-{number}"
            yield _Event(at, second, type_, gtid, end)
            at = end
            log.seek(at)
