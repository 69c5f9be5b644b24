"""CloudWatch's filter patterns over plain text: terms that an event has, or has not."""

from __future__ import annotations

import re
from collections.abc import Callable

_TERM = re.compile(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|\Z)\s*')
_OTHER = ("{", "[", "%")


class BadPattern(Exception):
    """A pattern that is none, or of a kind that is not known here."""


def pattern(text: str) -> Callable[[str], bool]:
    """Whether an event's text matches: has every term, none with ``-``, one of those with ``?``.

    Raises `BadPattern`.
    """
    text = text.strip()
    if text.startswith(_OTHER):
        raise BadPattern("patterns of fields, of JSON and regular expressions are not known here")
    must: list[str] = []
    must_not: list[str] = []
    may: list[str] = []
    place = 0
    while place < len(text):
        found = _TERM.match(text, place)
        if found is None:
            raise BadPattern(f"there is no term at {text[place:]!r}")
        sign, quoted, bare = found.groups()
        term = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        {"": must, "-": must_not, "?": may}[sign].append(term)
        place = found.end()

    def matches(event: str) -> bool:
        return (
            all(term in event for term in must)
            and not any(term in event for term in must_not)
            and (not may or bool(must) or any(term in event for term in may))
        )

    return matches
