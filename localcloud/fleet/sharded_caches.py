"""ElastiCache replication groups in cluster mode: shards, users, failover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from localcloud.databases.sharded_caches import ShardedCache
from localcloud.databases.sharded_plan import ShardedPlan, plan_sharded
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.servers.facts import Ref, ShardedState
from localcloud.servers.machine import Machine
from localcloud.servers.redis_users import AclUser


class ShardedCaches(Collection[ShardedCache]):
    """Clusters behind configuration endpoints."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("replication group in cluster mode")
        self._machine = machine
        self._plans = Plans(machine.site.state_dir / "databases", "sharded-cache")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(ShardedPlan):
            self.put(ShardedCache(self._machine, self._plans, plan))

    def create(
        self,
        ref: Ref,
        shards: Mapping[str, Sequence[str]],
        users: Sequence[AclUser],
        tls: bool,
        parameters: Mapping[str, str],
        engine: str = "redis",
    ) -> ShardedState:
        """A cluster that serves every slot: node identifiers by shard, the primary first."""
        plan = plan_sharded(self._machine, ref, shards, users, tls, parameters, engine)
        made = self.make(ShardedCache(self._machine, self._plans, plan), lambda c: c.create())
        return made.state

    def reshape(self, ref: Ref, shards: Mapping[str, Sequence[str]]) -> ShardedState:
        """The same cluster with other nodes: more or fewer shards, more or fewer replicas."""
        cache = self.get(ref)
        cache.reshape(shards)
        return cache.state

    def state(self, ref: Ref) -> ShardedState:
        return self.get(ref).state

    def fail_over(self, ref: Ref, shard: str) -> None:
        self.get(ref).fail_over(shard)

    def set_users(self, ref: Ref, users: Sequence[AclUser]) -> None:
        """Let in these users and nobody else."""
        self.get(ref).set_users(users)
