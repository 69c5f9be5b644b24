"""What a program has made: one JSON file a stack, written before and after every change.

Passwords are in it in clear text, mode 0600, as in a Pulumi state without encryption.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from localcloud.errors import StateUnreadable
from localcloud.records import write_atomically
from localcloud.site import Site

FORMAT = 1


def state_file(site: Site, stack: str) -> Path:
    """Where a stack's state is."""
    return site.stacks_dir / f"{stack}.json"


@dataclass(frozen=True)
class Entry:
    """One resource. ``pending``: what was begun and, should nobody have changed it, cut short."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    generation: int = 0
    """How often it was replaced; part of generated names."""
    pending: Literal["create", ""] = ""
    protected: bool = False
    """The program forbids to delete it."""

    def having(self, **changes: Any) -> Entry:
        """The same entry with some fields changed."""
        return replace(self, **changes)

    @cached_property
    def written(self) -> str:
        """It as JSON. Made once: to write all entries anew at every change of one is quadratic,
        and was most of the time of an `up` of hundreds.
        """
        return json.dumps({each.name: getattr(self, each.name) for each in fields(self)}, indent=1)


class ProgramState:
    """The entries of one stack, in the order of their creation."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._replaced: list[Entry] = []
        if file.exists():
            self._load()

    def _load(self) -> None:
        try:
            stored = json.loads(self._file.read_text())
            if stored["format"] != FORMAT:
                raise ValueError(f"its format is {stored['format']}, not {FORMAT}")
            entries = [_entry(raw) for raw in stored["resources"]]
            self._replaced = [_entry(raw) for raw in stored["replaced"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateUnreadable(
                f"{self._file} cannot be used ({error}); `python -m localcloud down --wipe` "
                "starts an empty local cloud"
            ) from error
        self._entries = {entry.urn: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries.values()))

    def get(self, urn: str) -> Entry | None:
        with self._lock:
            return self._entries.get(urn)

    def put(self, entry: Entry) -> None:
        with self._lock:
            self._entries[entry.urn] = entry
            self._save()

    def put_all(self, entries: list[Entry]) -> None:
        """Several at once, one write."""
        with self._lock:
            self._entries |= {entry.urn: entry for entry in entries}
            self._save()

    def drop(self, urn: str) -> None:
        with self._lock:
            if self._entries.pop(urn, None) is not None:
                self._save()

    @property
    def replaced(self) -> list[Entry]:
        """Originals of replaced resources that are still to be deleted."""
        with self._lock:
            return list(self._replaced)

    def withdraw(self, urn: str) -> None:
        """Forget an entry that came to nothing; the original it was to replace is back."""
        with self._lock:
            originals = [entry for entry in self._replaced if entry.urn == urn]
            if originals:
                self._replaced.remove(originals[-1])
                self._entries[urn] = originals[-1]
            else:
                self._entries.pop(urn, None)
            self._save()

    def keep_replaced(self, entry: Entry) -> None:
        with self._lock:
            self._replaced.append(entry)
            self._save()

    def drop_replaced(self, entry: Entry) -> None:
        with self._lock:
            self._replaced.remove(entry)
            self._save()

    def _save(self) -> None:
        resources = ",\n".join(entry.written for entry in self._entries.values())
        replaced = ",\n".join(entry.written for entry in self._replaced)
        content = (
            f'{{"format": {FORMAT}, "resources": [\n{resources}\n], "replaced": [\n{replaced}\n]}}'
        )
        write_atomically(self._file, content.encode())


def _entry(raw: dict[str, Any]) -> Entry:
    return Entry(**{**raw, "dependencies": tuple(raw["dependencies"])})
