"""Snapshots of instances, and new instances made of a snapshot or of another one's history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from localcloud.databases.snapshots import Snapshots, filling
from localcloud.fleet.instances import Instances
from localcloud.servers.facts import Address, Ref
from localcloud.servers.machine import Machine


class Backups:
    """What a site's instances can be restored from."""

    def __init__(self, machine: Machine, instances: Instances) -> None:
        self._instances = instances
        self._snapshots = Snapshots(machine.site.state_dir / "snapshots")

    def load(self) -> None:
        """Clear away what a kill has left half done."""
        self._snapshots.clear()

    def names(self) -> set[Ref]:
        """Every snapshot that has data."""
        return self._snapshots.names()

    def take(self, snapshot: Ref, instance: Ref) -> None:
        """Keep what an instance has committed until now; raises `ServerFailed`."""
        self._snapshots.take(snapshot, self._instances.get(instance))

    def copy(self, source: Ref, target: Ref) -> None:
        self._snapshots.copy(source, target)

    def delete(self, snapshot: Ref) -> None:
        self._snapshots.delete(snapshot)

    def restore(
        self, ref: Ref, snapshot: Ref, engine: str, user: str, parameters: Mapping[str, str]
    ) -> Address:
        """A new server with a snapshot's data and users; raises `ServerFailed`."""
        fill = filling(self._snapshots.folder(snapshot), None)
        return self._instances.create_by(ref, engine, user, parameters, fill)

    def restore_to(
        self, ref: Ref, source: Ref, until: datetime, parameters: Mapping[str, str]
    ) -> Address:
        """A new server with what ``source`` had committed when the second ``until`` began."""
        origin = self._instances.get(source)
        with self._snapshots.passing(ref, origin) as folder:
            plan, fill = origin.plan, filling(folder, until)
            return self._instances.create_by(ref, plan.engine, plan.user, parameters, fill)
