"""An ElastiCache serverless cache: one Redis that speaks the cluster protocol, behind two ports."""

from __future__ import annotations

import logging
import threading
import time

from localcloud.databases.revival import Revival
from localcloud.databases.store import Plan, Plans
from localcloud.endpoints import Endpoint, Endpoints
from localcloud.errors import ServerFailed
from localcloud.listing import status_of
from localcloud.servers.facts import Address, Ref, ServerlessAddresses, ServerStatus
from localcloud.servers.machine import Machine
from localcloud.servers.redis import PORT, Redis, Settings
from localcloud.servers.redis_users import everybody

log = logging.getLogger(__name__)

READER_PORT = 6380
_LAST_SLOT = 16383
_READY_S = 15.0
_POLL_S = 0.02


class ServerlessPlan(Plan):
    """A cache at ``host``, and the server at ``node_host`` that is all of it."""

    host: str
    node_host: str


class ServerlessCache:
    """A running cache. One thing at a time happens to it."""

    def __init__(self, machine: Machine, plans: Plans, plan: ServerlessPlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        self._lock = threading.RLock()
        name = f"{self.ref.region}.serverless.{self.ref.identifier}"
        self.server = Redis(machine, name, plan.identifier, plan.node_host, [plan.host])
        self._endpoints = Endpoints(machine, f"serverless.{self.ref.region}.{name}", plan.host)
        self._revival = Revival()

    @property
    def addresses(self) -> ServerlessAddresses:
        host = self.plan.host
        return ServerlessAddresses(Address(host, PORT), Address(host, READER_PORT))

    @property
    def after(self) -> Ref | None:
        return None

    def processes(self) -> set[str]:
        return {self._endpoints.name, self.server.name}

    def statuses(self) -> list[ServerStatus]:
        """Its server, then its endpoints."""
        supervisor, server, ends = self._machine.supervisor, self.server, self._endpoints.name
        address = self.addresses.cache
        return [
            status_of(supervisor, "redis", self.ref, "serverless", server.name, server.address),
            status_of(supervisor, "endpoint", self.ref, "endpoints", ends, address),
        ]

    def create(self) -> None:
        with self._lock:
            self.server.remove()
            self._plans.save(self.plan)
            self._ensure()

    def recover(self) -> None:
        """Adopt the server if it runs, else start it with its data."""
        with self._lock:
            self._ensure()

    def delete(self) -> None:
        with self._lock:
            self._plans.forget(self.plan)
            self._endpoints.stop()
            self.server.remove()
            self._machine.addresses.release(*host_names(self.ref))

    def _ensure(self) -> None:
        server, supervisor = self.server, self._machine.supervisor
        if not server.adopt():
            server.kill()
            server.start(Settings("redis", everybody(), tls=True, clustered=True))
        supervisor.unwatch(server.name)
        supervisor.watch(server.name, self._died)
        self._serve_all_slots()
        self._route()

    def _serve_all_slots(self) -> None:
        # Its own file of the cluster says which slots it has; a new server has none.
        if b"cluster_slots_assigned:0\r" in self.server.command("CLUSTER", "INFO"):
            self.server.command("CLUSTER", "ADDSLOTSRANGE", 0, _LAST_SLOT)
        end = time.monotonic() + _READY_S
        # A primary takes no command in its first two seconds: the cluster might know better.
        while b"cluster_state:ok" not in self.server.command("CLUSTER", "INFO"):
            if time.monotonic() > end:
                raise ServerFailed(f"{self.ref} does not serve its slots after {_READY_S:.0f} s")
            time.sleep(_POLL_S)

    def _route(self) -> None:
        nodes = {self.ref.identifier: self.server.address}
        ready, addresses = frozenset(nodes), self.addresses
        self._endpoints.apply(
            nodes,
            [
                Endpoint("cache", addresses.cache, ready),
                Endpoint("reader", addresses.reader, ready),
            ],
        )
        self._machine.supervisor.unwatch(self._endpoints.name)
        self._machine.supervisor.watch(self._endpoints.name, self._endpoints_died)

    def _died(self) -> None:
        with self._lock:
            if self.server.alive or not self._plans.has(self.plan):
                return
            log.warning("the server of %s died", self.ref)
            if self._revival.worth_it():
                self._ensure()
            else:
                log.error("%s dies too often and is left as it is", self.ref)

    def _endpoints_died(self) -> None:
        with self._lock:
            if not self._endpoints.alive and self._plans.has(self.plan):
                log.warning("the endpoints of %s died", self.ref)
                self._route()


def host_names(ref: Ref) -> list[str]:
    """The names under which a cache's two addresses are held: the cache's, the server's."""
    return [f"serverless.{ref.region}.{ref.identifier}.{part}" for part in ("cache", "node")]
