"""What a line of a server's log is: the beginning of an event, its continuation, or neither.

Times are UTC, which every server here is started with, and as exact as the server writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

_NOISE = re.compile(
    # What MariaDB begins a file with at every start.
    r"(/\S+, Version: .* started with:|Tcp port: .*|Time\s+Id Command\s+Argument)\s*\Z"
)


@dataclass(frozen=True)
class Format:
    """One log. ``begins`` is asked of a line and the one before it, ``time`` of the first line.

    A first line without a time happened when the event before it did.
    """

    begins: Callable[[str, str], bool]
    time: Callable[[str], int | None]

    def noise(self, line: str) -> bool:
        """Whether it tells nothing that happened."""
        return _NOISE.match(line) is not None


def _timed(pattern: str, *layouts: str) -> Callable[[str], int | None]:
    """Milliseconds since 1970 of the first group of ``pattern`` that a line has."""
    compiled = re.compile(pattern)

    def time(line: str) -> int | None:
        found = compiled.match(line)
        if found is None:
            return None
        return _read(next((group for group in found.groups() if group), ""), layouts)

    return time


# A busy server writes thousands of lines in a second.
@lru_cache(4096)
def _read(words: str, layouts: tuple[str, ...]) -> int | None:
    for layout in layouts:
        try:
            at = datetime.strptime(words, layout).replace(tzinfo=UTC)
        except ValueError:
            continue
        return round(at.timestamp() * 1000)
    return None


def _by_time(pattern: str, *layouts: str) -> Format:
    time = _timed(pattern, *layouts)
    return Format(lambda line, _: time(line) is not None, time)


_SHORT = "%y%m%d %H:%M:%S"
_COMMAND = re.compile(r"(\d{6} +\d{1,2}:\d\d:\d\d\t|\t\t) *\d+ [A-Z][A-Za-z ]+(\t|\Z)")


def _slow(line: str, before: str) -> bool:
    # The time is said only where it is another than that of the statement before.
    return line.startswith("# Time: ") or (
        line.startswith("# User@Host: ") and not before.startswith("# Time: ")
    )


FORMATS: Mapping[str, Format] = {
    "audit": _by_time(r"(\d{8} \d\d:\d\d:\d\d),", "%Y%m%d %H:%M:%S"),
    "error": _by_time(
        r"(\d{4}-\d\d-\d\d +\d{1,2}:\d\d:\d\d) |(\d{6} +\d{1,2}:\d\d:\d\d) ",
        "%Y-%m-%d %H:%M:%S",
        _SHORT,
    ),
    "general": Format(
        lambda line, _: _COMMAND.match(line) is not None,
        _timed(r"(\d{6} +\d{1,2}:\d\d:\d\d)\t", _SHORT),
    ),
    "postgresql": _by_time(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC:", "%Y-%m-%d %H:%M:%S"),
    "slowquery": Format(_slow, _timed(r"# Time: (\d{6} +\d{1,2}:\d\d:\d\d)", _SHORT)),
}
"""By RDS's name of the log."""
