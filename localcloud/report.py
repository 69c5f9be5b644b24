"""What `up`, `status` and `destroy` print: plain lines, the same in a terminal and in a pipe."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from localcloud.engine.steps import Action, Step

_SIGNS: Mapping[Action, tuple[str, str, str]] = {
    # sign, done, planned
    "create": ("+", "created", "to create"),
    "recreate": ("+", "created again", "to create again"),
    "update": ("~", "updated", "to update"),
    "replace": ("±", "replaced", "to replace"),
    "delete": ("-", "deleted", "to delete"),
    "same": (" ", "unchanged", "unchanged"),
}


class Progress:
    """One line a changed resource, as it happens; then the sum."""

    def __init__(self, *, preview: bool, out: TextIO | None = None) -> None:
        self._preview = preview
        self._out = out or sys.stdout
        self._lock = threading.Lock()
        self._counts: Counter[Action] = Counter()

    def __call__(self, step: Step) -> None:
        with self._lock:
            self._counts[step.action] += 1
            if step.action != "same":
                print(self._line(step), file=self._out, flush=True)

    def _line(self, step: Step) -> str:
        sign, done, planned = _SIGNS[step.action]
        changed = f" [{', '.join(sorted(step.changed))}]" if step.changed else ""
        took = f"  {step.seconds:.1f} s" if step.seconds >= 0.1 else ""
        word = planned if self._preview else done
        return f"  {sign} {word:<14} {short_type(step.type):<34} {step.name}{changed}{took}"

    def summary(self, seconds: float) -> str:
        """``2 created, 53 unchanged in 1.2 s``"""
        words = {
            a: (planned if self._preview else done) for a, (_, done, planned) in _SIGNS.items()
        }
        parts = [f"{self._counts[a]} {words[a]}" for a in _SIGNS if self._counts[a]]
        return f"{', '.join(parts) or 'nothing to do'} in {seconds:.1f} s"


def short_type(token: str) -> str:
    """``aws:rds/instance:Instance`` as ``aws.rds.Instance``."""
    package, module, name = token.split(":")
    return ".".join([package, *([m] if (m := module.split("/")[0]) != "index" else []), name])


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def servers(found: Sequence[Mapping[str, Any]]) -> str:
    """The servers of the local cloud and their memory."""
    rows = [
        [
            row["identifier"],
            row["region"],
            row["kind"],
            row["role"] + ("" if row["alive"] else " (paused)" if row.get("paused") else " (dead)"),
            row["address"],
            str(row["pid"] or "-"),
            f"{row['rss'] / 1e6:.0f} MB",
        ]
        for row in found
    ]
    head = ["server", "region", "kind", "role", "address", "pid", "memory"]
    total = sum(row["rss"] for row in found) / 1e6
    processes = sum(row["pid"] is not None for row in found)
    return f"{table(rows, head)}\n{processes} processes, {total:.0f} MB resident"
