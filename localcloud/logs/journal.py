"""A server's log read as events, from any moment on, without reading what is before it.

A log may be as large as its server makes it, so nobody reads it whole: events are in the order
of their times, and the place of a moment is found by halving.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from localcloud.logs.lines import Format

_CHUNK = 64 * 1024
WINDOW = 1024 * 1024
"""How much of its end is looked at for the newest events: a page of CloudWatch has as much."""
LONGEST = 256 * 1024
"""Of an event; CloudWatch takes no longer one."""


@dataclass(frozen=True, order=True)
class Position:
    """Between two events: before the event ``nth``, counted from 0, of those of the time ``at``."""

    at: int
    nth: int = 0


@dataclass(frozen=True)
class Event:
    """What happened ``at`` a time, in ms since 1970. Some happen at the same one."""

    at: int
    nth: int
    text: str

    @property
    def before(self) -> Position:
        return Position(self.at, self.nth)

    @property
    def after(self) -> Position:
        return Position(self.at, self.nth + 1)


class Journal:
    """The files of one log, the oldest first, as they are now; to be closed."""

    def __init__(self, files: Sequence[Path], kind: Format) -> None:
        self._format = kind
        self._parts: list[tuple[int, BinaryIO]] = []
        self.size = 0
        self.read = 0
        """How many bytes were looked at."""
        with ExitStack() as opened:
            for path in files:
                try:
                    file = opened.enter_context(path.open("rb"))
                except FileNotFoundError:
                    continue  # the server has just put it aside
                self._parts.append((self.size, file))
                self.size += file.seek(0, 2)
            self._opened = opened.pop_all()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def events(self, start: Position) -> Iterator[Event]:
        """Everything from ``start`` on."""
        nth, last = 0, -1
        for at, text in self._told(self._offset(start.at)):
            nth = nth + 1 if at == last else 0
            last = at
            event = Event(at, nth, text)
            if event.before >= start:
                yield event

    def last(self, limit: int, before: Position | None = None) -> list[Event]:
        """The newest ``limit`` events, as far as they are in the last `WINDOW` ``before``."""
        end = self.size if before is None else self._offset(before.at)
        window = max(0, end - WINDOW)
        first = 0
        if window:
            found = self._first_time(window, end)
            first = end if found is None else found
        kept: deque[Event] = deque(maxlen=limit)
        for event in self.events(Position(first)):
            if before is not None and event.before >= before:
                break
            kept.append(event)
        return list(kept)

    def _offset(self, at: int) -> int:
        """Where to begin for the events from ``at`` on; events before it may follow there."""
        low, high = 0, self.size
        while high - low > _CHUNK:
            middle = (low + high) // 2
            found = self._first_time(middle, high)
            if found is None or found >= at:
                high = middle
            else:
                low = middle
        return low

    def _first_time(self, offset: int, end: int) -> int | None:
        for place, line in self._lines(offset):
            if place >= end:
                return None
            if self._format.begins(line, "") and (at := self._format.time(line)) is not None:
                return at
        return None

    def _told(self, offset: int) -> Iterator[tuple[int, str]]:
        """Times and texts; what is before the first time is of an event that began earlier."""
        at: int | None = None
        lines: list[str] = []
        before = ""
        for _, line in self._lines(offset):
            if self._format.noise(line):
                continue
            if self._format.begins(line, before):
                if at is not None and lines:
                    yield at, _text(lines)
                time = self._format.time(line)
                at = at if time is None else time
                lines = [line]
            elif lines:
                lines.append(line)
            before = line
        if at is not None and lines:
            yield at, _text(lines)

    def _lines(self, offset: int) -> Iterator[tuple[int, str]]:
        """Whole lines with their places; the one that ``offset`` is in the middle of is not."""
        for number, (begin, file) in enumerate(self._parts):
            last = number + 1 == len(self._parts)
            end = self.size if last else self._parts[number + 1][0]
            if offset >= end:
                continue
            place = max(begin, offset - 1) if offset > begin else begin
            file.seek(place - begin)
            if place < offset:
                # The byte before tells whether a line begins here.
                place += len(file.readline())
            while place < end:
                raw = file.readline()
                # A server is in the middle of writing what has no end.
                if not raw.endswith(b"\n"):
                    break
                yield place, raw[:-1].decode(errors="replace")
                place += len(raw)
                self.read += len(raw)


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines)[:LONGEST]
