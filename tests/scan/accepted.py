"""What of the scanners' findings is accepted: the table in docs/accepted-findings.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "accepted-findings.md"
_ROW = re.compile(r"\| `(?P<check>[\w-]+)` \| `(?P<resource>[^`]+)` \| (?P<why>[^|]+) \|")


class Unreadable(Exception):
    """A line of the table that says too little."""


@dataclass(frozen=True, order=True)
class Finding:
    """A check that a resource did not pass; ``title`` is the scanner's own."""

    check: str
    resource: str
    title: str = ""

    def __str__(self) -> str:
        return f"{self.check} {self.resource}: {self.title}"


@dataclass(frozen=True, order=True)
class Accepted:
    """A line of the table. ``resource`` may have ``*`` in it."""

    check: str
    resource: str
    why: str

    def covers(self, finding: Finding) -> bool:
        """Whether this is the line of a finding."""
        return self.check == finding.check and fnmatchcase(finding.resource, self.resource)

    def __str__(self) -> str:
        return f"{self.check} {self.resource}"


@dataclass(frozen=True)
class Verdict:
    """``new`` has nobody accepted; the lines of ``stale`` are of findings that are no more."""

    new: Sequence[Finding]
    stale: Sequence[Accepted]

    @property
    def good(self) -> bool:
        """Whether every finding has a line, and every line a finding."""
        return not self.new and not self.stale


def read(text: str) -> list[Accepted]:
    """The lines of the table in ``text``; `Unreadable` for one that is not whole."""
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    found = []
    for line in rows:
        match = _ROW.fullmatch(line.rstrip())
        if match is None or not match["why"].strip():
            raise Unreadable(f"{FILE.name}: {line!r}: write | `CHECK` | `type.name` | why |")
        found.append(Accepted(match["check"], match["resource"], match["why"].strip()))
    return found


def judge(findings: Iterable[Finding], accepted: Sequence[Accepted]) -> Verdict:
    """What of ``findings`` nobody accepted, and what of ``accepted`` is no more."""
    every = sorted(findings)
    return Verdict(
        [each for each in every if not any(line.covers(each) for line in accepted)],
        [line for line in accepted if not any(map(line.covers, every))],
    )
