"""An ElastiCache replication group, cluster mode disabled: Redis servers behind two endpoints."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager

from localcloud.databases.cache_nodes import CacheNodes, node_name
from localcloud.databases.revival import Revival
from localcloud.databases.store import Plan, Plans
from localcloud.endpoints import Endpoint, Endpoints
from localcloud.errors import LocalCloudError, ServerFailed
from localcloud.failover import reader_targets
from localcloud.listing import status_of
from localcloud.servers.facts import Address, RedisAddresses, RedisState, Ref, ServerStatus
from localcloud.servers.machine import Machine
from localcloud.servers.redis import PORT, RedisFailed, Settings
from localcloud.servers.redis_users import AclUser

log = logging.getLogger(__name__)

_SYNC_S = 20.0
_POLL_S = 0.005
_HELD_S = 10.0
_CATCH_UP_S = 3.0


class CachePlan(Plan):
    """A replication group; ``nodes`` are hosts by identifier."""

    engine: str
    users: tuple[AclUser, ...]
    tls: bool
    failover: bool
    parameters: Mapping[str, str]
    primary_host: str
    reader_host: str
    nodes: Mapping[str, str]
    primary: str


class Cache:
    """A running replication group. One thing at a time happens to it."""

    def __init__(self, machine: Machine, plans: Plans, plan: CachePlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        self._lock = threading.RLock()
        ends = (plan.primary_host, plan.reader_host)
        self.nodes = CacheNodes(machine, self.ref, ends, self._died)
        for name, host in plan.nodes.items():
            self.nodes.add(name, host)
        self.endpoints = Endpoints(
            machine, f"cache.{self.ref.region}.{self.ref.identifier}", plan.primary_host
        )
        self._joined: set[str] = set()
        self._revival = Revival()

    @property
    def state(self) -> RedisState:
        nodes = self.nodes.addresses
        addresses = RedisAddresses(
            Address(self.plan.primary_host, PORT), Address(self.plan.reader_host, PORT), nodes
        )
        return RedisState(self.plan.primary, tuple(nodes), addresses)

    @property
    def after(self) -> Ref | None:
        return None

    def processes(self) -> set[str]:
        return {self.endpoints.name, *self.nodes.processes}

    def statuses(self) -> list[ServerStatus]:
        """Its nodes, then its endpoints."""
        supervisor, address = self._machine.supervisor, self.state.addresses.primary
        ends = self.endpoints.name
        rows = self.nodes.statuses({self.plan.primary})
        return [*rows, status_of(supervisor, "endpoint", self.ref, "endpoints", ends, address)]

    def create(self) -> None:
        with self._lock:
            for name in self.plan.nodes:
                self.nodes[name].remove()
            self._plans.save(self.plan)
            self._heal()
            missing = set(self.plan.nodes) - self._joined
            if missing:
                raise ServerFailed(f"{', '.join(sorted(missing))} of {self.ref} did not start")

    def recover(self) -> None:
        """Adopt what runs, start what does not, agree on one primary."""
        with self._lock:
            self._heal()

    def delete(self) -> None:
        with self._lock:
            self._plans.forget(self.plan)
            self.endpoints.stop()
            for name in self.nodes.names:
                self._remove(name)
            self._machine.addresses.release(*cache_endpoint_names(self.ref))

    def resize(self, nodes: Sequence[str]) -> None:
        """Start the nodes that are new and stop those that are gone; the primary moves first."""
        with self._lock:
            if self.plan.primary not in nodes:
                self.fail_over()
            hosts = {
                name: self.plan.nodes.get(name)
                or self._machine.addresses.claim(node_name(self.ref, name))
                for name in nodes
            }
            for name in hosts.keys() - self.nodes.names:
                self.nodes.add(name, hosts[name])
                self.nodes[name].remove()
            gone = self.nodes.names - hosts.keys()
            self._save(nodes=hosts)
            self._heal()
            for name in gone:
                self._remove(name)

    def fail_over(self) -> None:
        """Promote the most advanced replica; the primary becomes a replica."""
        with self._lock:
            old = self.plan.primary
            replicas = self._joined - {old}
            if not replicas:
                raise LocalCloudError(f"{self.ref} has no live replica to fail over to")
            with self._held(old) as has:
                best = self._caught_up(replicas, has)
                self._promote(best)
            self._heal()

    @contextmanager
    def _held(self, primary: str) -> Iterator[int]:
        """No write to ``primary`` is answered; gives how much it has.

        Else it goes on, with a replica that is not chosen to confirm its rows, and nobody has
        them afterwards.
        """
        server = self.nodes[primary]
        server.command("CLIENT", "PAUSE", int(1000 * _HELD_S), "WRITE")
        try:
            yield int(server.replication()["master_repl_offset"])
        finally:
            try:
                server.command("CLIENT", "UNPAUSE")
            except RedisFailed as error:
                log.warning("%s is gone, and with it what held it: %s", primary, error)

    def _caught_up(self, replicas: Set[str], offset: int) -> str:
        """The replica to promote, which has everything."""
        end = time.monotonic() + _CATCH_UP_S
        while True:
            best = self.nodes.most_advanced(replicas)
            if int(self.nodes[best].replication()["slave_repl_offset"]) >= offset:
                return best
            if time.monotonic() > end:
                raise LocalCloudError(
                    f"no replica of {self.ref} has what its primary has within "
                    f"{_CATCH_UP_S:g} s; it stays the primary"
                )
            time.sleep(_POLL_S)

    def set_users(self, users: Sequence[AclUser]) -> None:
        with self._lock:
            self._save(users=tuple(users))
            self.nodes.set_users(users)

    def _heal(self) -> None:
        self._joined = {n for n in self._joined if self.nodes[n].alive and n in self.plan.nodes}
        if self.plan.primary not in self._joined:
            self._ensure_primary()
        for name in sorted(set(self.plan.nodes) - self._joined):
            try:
                self._join(name)
            except ServerFailed as error:
                log.warning("%s of %s is not back yet: %s", name, self.ref, error)
        self._route()

    def _ensure_primary(self) -> None:
        name = self.plan.primary
        server = self.nodes[name]
        if server.adopt():
            self.nodes.watch(name)
            self._joined.add(name)
            return
        alive = {n for n in self.plan.nodes if n != name and self.nodes[n].adopt()}
        if self.plan.failover and alive:
            best = self.nodes.most_advanced(alive)
            log.warning("%s: primary %s is dead, %s takes over", self.ref, name, best)
            self._promote(best)
            return
        self._start(name, None)
        self._joined.add(name)

    def _promote(self, name: str) -> None:
        # On disk first: should we be killed now, recovery finishes with the same node.
        self._save(primary=name)
        self.nodes[name].lead()
        if name not in self._joined:
            self.nodes.watch(name)
        self._joined.add(name)
        for other in self._joined - {name}:
            try:
                self.nodes[other].follow(self.nodes[name].address)
            except RedisFailed as error:
                log.warning("%s does not follow %s yet: %s", other, name, error)
                self._joined.discard(other)
        self._route()

    def _join(self, name: str) -> None:
        server = self.nodes[name]
        primary = self.nodes[self.plan.primary].address
        if server.adopt():
            self.nodes.watch(name)
            server.follow(primary)
        else:
            self._start(name, primary)
        end = time.monotonic() + _SYNC_S
        while server.replication().get("master_link_status") != "up":
            if not self.nodes[self.plan.primary].alive:
                raise ServerFailed(f"{self.plan.primary} died before {name} had all it has")
            if time.monotonic() > end:
                raise ServerFailed(f"{name} did not synchronise within {_SYNC_S:.0f} s")
            time.sleep(_POLL_S)
        self._joined.add(name)

    def _start(self, name: str, source: Address | None) -> None:
        plan = self.plan
        self.nodes.start(name, Settings(plan.engine, plan.users, plan.tls, source, plan.parameters))

    def _route(self) -> None:
        primary = self.plan.primary
        nodes = {name: self.nodes[name].address for name in self.plan.nodes}
        replicas = reader_targets(set(nodes), primary, self._joined)
        addresses = self.state.addresses
        self.endpoints.apply(
            nodes,
            [
                Endpoint("primary", addresses.primary, frozenset({primary})),
                Endpoint("reader", addresses.reader, replicas, checked=True),
            ],
        )
        self._machine.supervisor.unwatch(self.endpoints.name)
        self._machine.supervisor.watch(self.endpoints.name, self._endpoints_died)

    def _endpoints_died(self) -> None:
        with self._lock:
            if not self.endpoints.alive and self._plans.has(self.plan):
                log.warning("the endpoints of %s died", self.ref)
                self._route()

    def _died(self, name: str) -> None:
        with self._lock:
            if name not in self.plan.nodes or self.nodes[name].alive:
                return
            log.warning("%s of %s died", name, self.ref)
            if self._revival.worth_it():
                self._heal()
            else:
                log.error("%s dies too often and is left as it is", self.ref)

    def _remove(self, name: str) -> None:
        self._joined.discard(name)
        self.nodes.remove(name)

    def _save(self, **changes: object) -> None:
        plan = self.plan.having(**changes)
        self._plans.save(plan)
        self.plan = plan


def cache_endpoint_names(ref: Ref) -> list[str]:
    """The names under which a group's endpoints hold their addresses."""
    return [f"cache.{ref.region}.{ref.identifier}.{role}" for role in ("primary", "reader")]
