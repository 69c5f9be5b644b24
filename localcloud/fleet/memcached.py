"""ElastiCache memcached clusters: nodes come and go, restart, and are told to clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localcloud.databases.memcached import MemcachedCluster, MemcachedPlan
from localcloud.databases.planning import plan_memcached
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.servers.facts import MemcachedAddresses, Ref
from localcloud.servers.machine import Machine


class MemcachedClusters(Collection[MemcachedCluster]):
    """Nodes by id, each at an address of its own, and a configuration endpoint."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("memcached cluster")
        self._machine = machine
        self._plans = Plans(machine.site.state_dir / "databases", "memcached")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(MemcachedPlan):
            self.put(MemcachedCluster(self._machine, self._plans, plan))

    def create(
        self, ref: Ref, nodes: Sequence[str], tls: bool, parameters: Mapping[str, str]
    ) -> MemcachedAddresses:
        """Nodes that answer, and the endpoint that lists them; raises `ServerFailed`."""
        plan = plan_memcached(self._machine, ref, nodes, tls, parameters)
        made = self.make(MemcachedCluster(self._machine, self._plans, plan), lambda c: c.create())
        return made.addresses

    def addresses(self, ref: Ref) -> MemcachedAddresses:
        return self.get(ref).addresses

    def resize(self, ref: Ref, nodes: Sequence[str]) -> None:
        self.get(ref).resize(nodes)

    def reboot(self, ref: Ref, nodes: Sequence[str], parameters: Mapping[str, str]) -> None:
        """Restart nodes, empty, with ``parameters``."""
        self.get(ref).reboot(nodes, parameters)
