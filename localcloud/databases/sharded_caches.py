"""An ElastiCache replication group in cluster mode: shards of Redis servers, one endpoint."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from localcloud.databases.cache_nodes import CacheNodes
from localcloud.databases.revival import Revival
from localcloud.databases.sharded_plan import Shard, ShardedPlan, configuration_name, reshaped
from localcloud.databases.sharding import Interrupted, Sharding
from localcloud.databases.store import Plans
from localcloud.endpoints import Endpoint, Endpoints
from localcloud.errors import LocalCloudError, ServerFailed
from localcloud.listing import status_of
from localcloud.servers import redis_cluster as cluster
from localcloud.servers.facts import Address, Ref, ServerStatus, ShardedState, ShardState
from localcloud.servers.machine import Machine
from localcloud.servers.redis import PORT, Settings
from localcloud.servers.redis_users import AclUser

log = logging.getLogger(__name__)

_AT_ONCE = 8
_ATTEMPTS = 20
_HAND_OVER_S = 3.0


class ShardedCache:
    """A running cluster. One thing at a time happens to it.

    What it should be is its plan, and every change is: save another plan, then `_heal`, which
    leads from whatever there is to what is planned. So a kill at any moment is made good by
    the next start.
    """

    def __init__(self, machine: Machine, plans: Plans, plan: ShardedPlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        self._lock = threading.RLock()
        self.nodes = CacheNodes(machine, self.ref, [plan.configuration_host], self._died)
        for name, host in plan.hosts.items():
            self.nodes.add(name, host)
        self.endpoints = Endpoints(
            machine, f"cache.{self.ref.region}.{self.ref.identifier}", plan.configuration_host
        )
        self._sharding = Sharding(self.nodes)
        self._revivals: dict[str, Revival] = defaultdict(Revival)
        self._left: set[str] = set()

    @property
    def state(self) -> ShardedState:
        return ShardedState(
            Address(self.plan.configuration_host, PORT),
            tuple(
                ShardState(
                    shard.name,
                    shard.primary,
                    shard.slots,
                    {name: Address(host, PORT) for name, host in shard.nodes.items()},
                )
                for shard in self.plan.shards
            ),
        )

    @property
    def after(self) -> Ref | None:
        return None

    def processes(self) -> set[str]:
        return {self.endpoints.name, *self.nodes.processes}

    def statuses(self) -> list[ServerStatus]:
        """Its nodes, then its endpoint."""
        supervisor, address = self._machine.supervisor, self.state.configuration
        ends = self.endpoints.name
        rows = self.nodes.statuses(self.plan.primaries)
        return [*rows, status_of(supervisor, "endpoint", self.ref, "endpoints", ends, address)]

    def create(self) -> None:
        with self._lock:
            for name in self.plan.hosts:
                self.nodes[name].remove()
            self._plans.save(self.plan)
            self._heal()
            self._expect_all()

    def recover(self) -> None:
        """Adopt what runs, start what does not, finish what was begun."""
        with self._lock:
            self._heal()

    def delete(self) -> None:
        with self._lock:
            self._plans.forget(self.plan)
            self.endpoints.stop()
            for name in self.nodes.names:
                self.nodes.remove(name)
            self._machine.addresses.release(configuration_name(self.ref))

    def reshape(self, shards: Mapping[str, Sequence[str]]) -> None:
        """Other nodes (identifiers by shard): replicas come and go, slots move with their keys."""
        with self._lock:
            for shard in self.plan.shards:
                stay = shards.get(shard.name)
                if stay is not None and shard.primary not in stay:
                    self._hand_over(shard, set(stay) & shard.nodes.keys())
            self._save(reshaped(self._machine, self.plan, shards))
            for name in self.nodes.names - self.plan.hosts.keys():
                self.nodes.remove(name)
            for name in self.plan.hosts.keys() - self.nodes.names:
                self.nodes.add(name, self.plan.hosts[name])
                self.nodes[name].remove()
            self._heal()
            self._expect_all()

    def fail_over(self, name: str) -> None:
        """Promote the most advanced replica of a shard; its primary becomes a replica."""
        with self._lock:
            shard = next(shard for shard in self.plan.shards if shard.name == name)
            self._hand_over(shard, shard.nodes.keys() - {shard.primary})
            self._heal()

    def set_users(self, users: Sequence[AclUser]) -> None:
        with self._lock:
            self._save(self.plan.shards, users=tuple(users))
            self.nodes.set_users(users)

    def _heal(self) -> None:
        """Lead to the plan; again when nodes die on the way, as long as they are worth it."""
        for _ in range(_ATTEMPTS):
            self._sharding.begin()
            try:
                self._lead_to_plan()
            except Interrupted as error:
                log.warning("%s: begun anew: %s", self.ref, error)
            except ServerFailed as error:
                if all(self.nodes[n].alive for n in self.plan.hosts.keys() - self._left):
                    raise
                log.warning("%s: begun anew: %s", self.ref, error)
            else:
                return
        raise ServerFailed(f"{self.ref} is not whole after {_ATTEMPTS} attempts")

    def _lead_to_plan(self) -> None:
        plan, alive = self.plan, {name for name in self.plan.hosts if self._adopted(name)}
        try:
            for shard in plan.shards:
                self._lead(shard, alive & shard.nodes.keys())
            alive |= self._start(plan.hosts.keys() - alive - self._left)
            self._unite(alive)
        finally:
            self._route(alive & self.plan.hosts.keys())

    def _unite(self, alive: set[str]) -> None:
        sharding, shards = self._sharding, self.plan.shards
        hosts = self.plan.hosts
        whole = alive >= hosts.keys()
        if whole and not any(map(sharding.slots_of, shards)):
            sharding.share_out(shards)
        ids = sharding.acquaint(alive, set(hosts.values()))
        for shard in shards:
            if shard.primary in alive:
                sharding.enlist(shard, ids)
        if whole:
            self._level(ids)
        alive &= self.plan.hosts.keys()
        sharding.agree(alive)
        sharding.serving(alive)

    def _adopted(self, name: str) -> bool:
        if not self.nodes[name].adopt():
            return False
        self.nodes.watch(name)
        return True

    def _lead(self, shard: Shard, alive: Set[str]) -> None:
        """Somebody leads the shard, if anybody of it is alive."""
        if not alive:
            return
        found = self._sharding.leader(alive)
        if found is None and shard.primary in alive:
            # Not yet with a slot, or chosen just before a kill and not promoted yet.
            found = shard.primary
        if found is None:
            try:
                found = self.nodes.most_advanced(alive)
            except ServerFailed as error:
                log.warning("%s: %s is started where it was: %s", self.ref, shard.primary, error)
                return
            log.warning("%s: primary %s is dead, %s takes over", self.ref, shard.primary, found)
        # On disk first: should we be killed now, recovery finishes with the same node.
        if found != shard.primary:
            self._save(self.plan.with_shard(replace(shard, primary=found)))
        if not cluster.myself(self.nodes[found]).primary:
            cluster.take_over(self.nodes[found])

    def _hand_over(self, shard: Shard, replicas: Set[str]) -> None:
        alive = {name for name in replicas if self.nodes[name].adopt()}
        if not alive:
            raise LocalCloudError(
                f"shard {shard.name} of {self.ref} has no live replica to fail over to"
            )
        best = self.nodes.most_advanced(alive)
        self._sharding.begin()
        self._save(self.plan.with_shard(replace(shard, primary=best)))
        server = self.nodes[best]
        try:
            cluster.hand_over(server)
            self._sharding.until(
                lambda: cluster.myself(server).primary, "the failover", _HAND_OVER_S
            )
        except ServerFailed as error:
            log.warning("%s takes over without consent: %s", best, error)
            cluster.take_over(server)

    def _start(self, names: Set[str]) -> set[str]:
        """Start servers and return those that came up."""
        plan = self.plan
        settings = Settings(plan.engine, plan.users, plan.tls, None, plan.parameters, True)

        def one(name: str) -> str | None:
            try:
                self.nodes.start(name, settings)
            except ServerFailed as error:
                log.warning("%s of %s is not back yet: %s", name, self.ref, error)
                return None
            return name

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return {name for name in pool.map(one, sorted(names)) if name is not None}

    def _level(self, ids: Mapping[str, str]) -> None:
        """Shards have equal shares of the slots; those that leave have none, and go."""
        plan, sharding = self.plan, self._sharding
        if sharding.uneven(plan.shards):
            sharding.serving(plan.primaries)
            sharding.level(plan.shards, ids, self._machine.replication_password())
        shards = tuple(replace(shard, slots=sharding.slots_of(shard)) for shard in plan.shards)
        staying = tuple(shard for shard in shards if not shard.leaving)
        if staying != plan.shards:
            self._save(staying)
        for name in self.nodes.names - self.plan.hosts.keys():
            self.nodes.remove(name)
        if len(staying) < len(shards):
            sharding.acquaint(self.nodes.names, set(self.plan.hosts.values()))

    def _expect_all(self) -> None:
        missing = [name for name in self.plan.hosts if not self.nodes[name].alive]
        if missing:
            raise ServerFailed(f"{', '.join(missing)} of {self.ref} did not start")

    def _route(self, alive: Set[str]) -> None:
        nodes = {name: address for name, address in self.nodes.addresses.items() if name in alive}
        address = self.state.configuration
        ready = frozenset(nodes)
        self.endpoints.apply(nodes, [Endpoint("configuration", address, ready, checked=True)])
        self._machine.supervisor.unwatch(self.endpoints.name)
        self._machine.supervisor.watch(self.endpoints.name, self._endpoints_died)

    def _endpoints_died(self) -> None:
        with self._lock:
            if not self.endpoints.alive and self._plans.has(self.plan):
                log.warning("the endpoint of %s died", self.ref)
                self._route(self.plan.hosts.keys())

    def _died(self, name: str) -> None:
        if not self._revivals[name].worth_it():
            log.error("%s of %s dies too often and is left as it is", name, self.ref)
            self._left.add(name)
        # Whoever waits for the cluster now begins anew, with this death in mind.
        self._sharding.interrupt()
        with self._lock:
            if name in self.plan.hosts and not self.nodes[name].alive:
                log.warning("%s of %s died", name, self.ref)
                self._heal()

    def _save(self, shards: tuple[Shard, ...], **changes: object) -> None:
        plan = self.plan.having(shards=shards, **changes)
        self._plans.save(plan)
        self.plan = plan
