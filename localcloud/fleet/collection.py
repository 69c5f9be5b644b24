"""The databases of one kind: found by region and identifier, made whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from localcloud.errors import LocalCloudError
from localcloud.servers.facts import Ref, ServerStatus


class Database(Protocol):
    """What every kind of database can do, whatever its servers are."""

    @property
    def ref(self) -> Ref: ...

    @property
    def after(self) -> Ref | None:
        """The database whose servers must run before this one's."""

    def recover(self) -> None:
        """Adopt the servers that run, start those that do not."""

    def delete(self) -> None:
        """End the servers and delete their data."""

    def processes(self) -> set[str]:
        """The supervisor's names of everything this database runs."""

    def statuses(self) -> list[ServerStatus]:
        """One row a process."""


D = TypeVar("D", bound=Database)


class UnknownDatabase(LocalCloudError):
    """The API layer asks for servers that are not there."""


class Collection(Generic[D]):
    """Databases of one ``kind``. Safe to use from several threads: each has its own lock."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lock = threading.Lock()
        self._found: dict[Ref, D] = {}

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        raise NotImplementedError

    def get(self, ref: Ref) -> D:
        """The database; `UnknownDatabase` when there is none."""
        try:
            return self._found[ref]
        except KeyError:
            raise UnknownDatabase(f"there are no servers of {self._kind} {ref}") from None

    def put(self, database: D) -> None:
        """Know a database that exists, from now on."""
        with self._lock:
            self._found[database.ref] = database

    def make(self, database: D, create: Callable[[D], None]) -> D:
        """``create`` a new database and know it; one that fails leaves nothing behind."""
        try:
            create(database)
        except LocalCloudError:
            database.delete()
            raise
        self.put(database)
        return database

    def delete(self, ref: Ref) -> None:
        """Delete a database and its data; nothing to do when there is none."""
        with self._lock:
            found = self._found.pop(ref, None)
        if found is not None:
            found.delete()

    def all(self) -> list[D]:
        """Every database, by region and identifier."""
        with self._lock:
            return [database for _, database in sorted(self._found.items())]
