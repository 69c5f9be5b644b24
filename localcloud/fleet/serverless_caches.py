"""ElastiCache serverless caches: an endpoint, a reader endpoint, nothing to choose."""

from __future__ import annotations

from localcloud.databases.planning import plan_serverless_cache
from localcloud.databases.serverless_caches import ServerlessCache, ServerlessPlan
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.servers.facts import Ref, ServerlessAddresses
from localcloud.servers.machine import Machine


class ServerlessCaches(Collection[ServerlessCache]):
    """Caches without nodes that anybody sees."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("serverless cache")
        self._machine = machine
        self._plans = Plans(machine.site.state_dir / "databases", "serverless-cache")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(ServerlessPlan):
            self.put(ServerlessCache(self._machine, self._plans, plan))

    def create(self, ref: Ref) -> ServerlessAddresses:
        """A cache that serves every slot; raises `ServerFailed`."""
        plan = plan_serverless_cache(self._machine, ref)
        made = self.make(ServerlessCache(self._machine, self._plans, plan), lambda c: c.create())
        return made.addresses

    def addresses(self, ref: Ref) -> ServerlessAddresses:
        return self.get(ref).addresses
