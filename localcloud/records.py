"""The API's own memory of databases: plain dicts by kind, region and identifier, in one JSON file.

Our records hold what a describe call reports, in the API's member names; a name that
starts with ``_`` is for ourselves and never leaves, because the serializer follows the
API's model. They are kept apart from moto's pickle so that an upgrade of moto cannot lose
a database.
"""

from __future__ import annotations

import copy
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localcloud.errors import StateUnreadable

FORMAT = 1
Record = dict[str, Any]


def write_atomically(path: Path, content: bytes) -> None:
    """Replace ``path`` so that a reader, or a kill at any moment, meets the old or the new file.

    Mode 0600: moto's pickle holds the secrets of Secrets Manager.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    os.replace(fresh, path)


class Records:
    """A dict of dicts with one lock; every change inside `change` is on disk when it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._data: dict[tuple[str, str, str], Record] = {}
        self.existed = path.exists()
        if self.existed:
            self._load()

    def _load(self) -> None:
        try:
            stored = json.loads(self._path.read_text())
        except (OSError, ValueError) as error:
            raise StateUnreadable(
                f"{self._path} cannot be read ({error}); `python -m localcloud down --wipe` "
                "starts an empty local cloud"
            ) from error
        if stored.get("format") != FORMAT:
            raise StateUnreadable(
                f"{self._path} has format {stored.get('format')}, this version reads {FORMAT}; "
                "`python -m localcloud down --wipe` starts an empty local cloud"
            )
        for kind, region, name, record in stored["records"]:
            self._data[kind, region, name] = record

    def _save(self) -> None:
        rows = [[*key, record] for key, record in self._data.items()]
        content = json.dumps({"format": FORMAT, "records": rows}, default=str)
        write_atomically(self._path, content.encode())

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock and write the file at the end; nested changes write once.

        A change that raises is written too: what it did up to there is what is in memory.
        """
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._save()

    def get(self, kind: str, region: str, name: str) -> Record | None:
        """A copy of one record, None when there is none."""
        with self._lock:
            return copy.deepcopy(self._data.get((kind, region, name)))

    def all(self, kind: str, region: str | None = None) -> list[Record]:
        """Copies of every record of ``kind``, in the order they were made."""
        with self._lock:
            found = [
                record
                for (its_kind, its_region, _), record in self._data.items()
                if its_kind == kind and region in (None, its_region)
            ]
            return copy.deepcopy(found)

    def keys(self, kind: str) -> list[tuple[str, str]]:
        """(region, identifier) of every record of ``kind``."""
        with self._lock:
            return [(region, name) for its_kind, region, name in self._data if its_kind == kind]

    def put(self, kind: str, region: str, name: str, record: Record) -> None:
        """Store ``record``, replacing one of the same key."""
        with self.change():
            self._data[kind, region, name] = copy.deepcopy(record)

    def update(self, kind: str, region: str, name: str, **members: Any) -> None:
        """Set members of a record that exists; a member set to None is removed."""
        with self.change():
            record = self._data.get((kind, region, name))
            if record is None:
                return
            for member, value in copy.deepcopy(members).items():
                if value is None:
                    record.pop(member, None)
                else:
                    record[member] = value

    def drop(self, kind: str, region: str, name: str) -> None:
        """Forget a record; one that is not there is no error."""
        with self.change():
            self._data.pop((kind, region, name), None)
