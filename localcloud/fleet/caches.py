"""ElastiCache replication groups: nodes, users, failover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localcloud.databases.caches import Cache, CachePlan
from localcloud.databases.planning import plan_cache
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.servers.facts import RedisAddresses, RedisState, Ref
from localcloud.servers.machine import Machine
from localcloud.servers.redis_users import AclUser


class Caches(Collection[Cache]):
    """Primaries and replicas behind endpoints of their own."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("replication group")
        self._machine = machine
        self._plans = Plans(machine.site.state_dir / "databases", "cache")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(CachePlan):
            self.put(Cache(self._machine, self._plans, plan))

    def create(
        self,
        ref: Ref,
        nodes: Sequence[str],
        users: Sequence[AclUser],
        tls: bool,
        failover: bool,
        parameters: Mapping[str, str],
        engine: str = "redis",
    ) -> RedisAddresses:
        """A primary, the first of ``nodes``, and replicas that have synchronised with it."""
        plan = plan_cache(self._machine, ref, nodes, users, parameters, tls, failover, engine)
        made = self.make(Cache(self._machine, self._plans, plan), lambda c: c.create())
        return made.state.addresses

    def resize(self, ref: Ref, nodes: Sequence[str]) -> RedisAddresses:
        cache = self.get(ref)
        cache.resize(nodes)
        return cache.state.addresses

    def state(self, ref: Ref) -> RedisState:
        return self.get(ref).state

    def fail_over(self, ref: Ref) -> None:
        self.get(ref).fail_over()

    def set_users(self, ref: Ref, users: Sequence[AclUser]) -> None:
        """Let in these users and nobody else."""
        self.get(ref).set_users(users)
