"""Migrations of DMS: start, stop, how far."""

from __future__ import annotations

from localcloud.databases.migrations import Migration, MigrationPlan
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.migration.orders import Orders
from localcloud.migration.progress import Progress
from localcloud.servers.facts import Ref
from localcloud.servers.machine import Machine


class Migrations(Collection[Migration]):
    """Workers that move rows from one database to another."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("migration")
        self._machine = machine
        self._plans = Plans(machine.site.state_dir / "databases", "migration")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(MigrationPlan):
            self.put(Migration(self._machine, self._plans, plan))

    def create(self, ref: Ref) -> None:
        """A migration whose worker does not run yet."""
        plan = MigrationPlan(region=ref.region, identifier=ref.identifier)
        self.make(Migration(self._machine, self._plans, plan), lambda m: m.create())

    def start(self, ref: Ref, orders: Orders) -> None:
        """Begin a run; with the orders of the last one, go on with it."""
        self.get(ref).start(orders)

    def stop(self, ref: Ref) -> None:
        self.get(ref).stop()

    def progress(self, ref: Ref) -> Progress | None:
        """How far the last run is; ``None`` before the first one."""
        return self.get(ref).progress
