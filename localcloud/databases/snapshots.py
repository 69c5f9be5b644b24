"""Snapshots: the history of an instance up to a moment, in a folder that outlives it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from localcloud.databases.instances import Fill, Instance, server_name
from localcloud.errors import LocalCloudError
from localcloud.servers.facts import Ref
from localcloud.servers.mariadb import MariaDB
from localcloud.servers.mariadb_history import keep, repeat
from localcloud.servers.server import Server


class Snapshots:
    """One folder a snapshot. Whoever calls sees to it that a name is used once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, snapshot: Ref, instance: Instance) -> None:
        """Keep what ``instance`` has committed until now; it may be stopped."""
        self.delete(snapshot)
        _keep(instance, self.folder(snapshot))

    def copy(self, source: Ref, target: Ref) -> None:
        """The same data under another name or in another region."""
        self.delete(target)
        shutil.copytree(self.folder(source), self.folder(target), copy_function=os.link)

    def delete(self, snapshot: Ref) -> None:
        """Forget a snapshot; one that is not there is no error."""
        shutil.rmtree(self.folder(snapshot), ignore_errors=True)

    def names(self) -> set[Ref]:
        """Every snapshot there is."""
        found = (f.name.partition(".") for f in self._folder.glob("[!.]*"))
        return {Ref(region, identifier) for region, _, identifier in found}

    def clear(self) -> None:
        """Remove what a kill has left half done."""
        for unfinished in self._folder.glob(".*"):
            shutil.rmtree(unfinished, ignore_errors=True)

    @contextmanager
    def passing(self, target: Ref, instance: Instance) -> Iterator[Path]:
        """The history of ``instance`` until now, for as long as ``target`` is made of it."""
        folder = self._folder / f".for.{server_name(target)}"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _keep(instance, folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def folder(self, snapshot: Ref) -> Path:
        return self._folder / server_name(snapshot)


def filling(folder: Path, until: datetime | None) -> Fill:
    """Gives an empty server what is kept in ``folder``, as `mariadb_history.repeat`."""
    return lambda server: repeat(folder, _with_history(server), until)


def _keep(instance: Instance, folder: Path) -> None:
    with instance.undisturbed:
        keep(_with_history(instance.server), folder)


def _with_history(server: Server) -> MariaDB:
    if not isinstance(server, MariaDB):
        raise LocalCloudError(f"{server.identifier}: only MySQL and MariaDB have snapshots here")
    return server
