"""An RDS Proxy: addresses that lead to a database, with a limit on its connections."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping

from localcloud.databases.proxy_fronts import FRONTS, Front
from localcloud.databases.store import Plan, Plans
from localcloud.listing import status_of
from localcloud.servers.facts import Address, Credentials, Ref, ServerStatus
from localcloud.servers.machine import Machine

log = logging.getLogger(__name__)


class ProxyPlan(Plan):
    """A proxy; ``hosts`` are its own addresses by endpoint, ``targets`` where they lead."""

    family: str = "MYSQL"
    """The engine family, as the API calls it."""
    hosts: Mapping[str, str]
    targets: Mapping[str, str]
    port: int
    most: int
    """Connections to the database at a time."""
    queue_s: float
    """How long a client waits for one of them."""


class Proxy:
    """A running proxy, one process an endpoint. One thing at a time happens to it."""

    def __init__(self, machine: Machine, plans: Plans, plan: ProxyPlan) -> None:
        self._machine = machine
        self._plans = plans
        self.plan = plan
        self.ref = Ref(plan.region, plan.identifier)
        self._lock = threading.RLock()
        self._fronts: dict[str, Front] = {
            name: self._front(name, host) for name, host in plan.hosts.items()
        }

    @property
    def after(self) -> Ref | None:
        return None

    def processes(self) -> set[str]:
        return {front.name for front in self._fronts.values()}

    def statuses(self) -> list[ServerStatus]:
        """One row an endpoint."""
        supervisor = self._machine.supervisor
        return [
            status_of(supervisor, "proxy", self.ref, name, front.name, front.address)
            for name, front in sorted(self._fronts.items())
        ]

    def address(self, endpoint: str) -> Address:
        """Where clients connect."""
        return Address(self.plan.hosts[endpoint], self.plan.port)

    def create(self) -> None:
        with self._lock:
            self._plans.save(self.plan)
            self._route()

    def recover(self) -> None:
        with self._lock:
            self._route()

    def delete(self) -> None:
        with self._lock:
            self._plans.forget(self.plan)
            for name in list(self._fronts):
                self._close(name)

    def open(self, endpoint: str, host: str) -> None:
        """One more address of the proxy."""
        with self._lock:
            self._fronts[endpoint] = self._front(endpoint, host)
            self._save(hosts={**self.plan.hosts, endpoint: host})
            self._route()

    def close(self, endpoint: str) -> None:
        """One address less."""
        with self._lock:
            for field in ("hosts", "targets"):
                kept = {k: v for k, v in getattr(self.plan, field).items() if k != endpoint}
                self._save(**{field: kept})
            self._close(endpoint)

    def lead(self, targets: Mapping[str, str]) -> None:
        """Lead each endpoint to a host; those without one lead nowhere."""
        with self._lock:
            self._save(targets=dict(targets))
            self._restart()

    def limit(self, most: int, queue_s: float) -> None:
        """So many connections to the database at a time, and so long a wait for one."""
        with self._lock:
            if (most, queue_s) != (self.plan.most, self.plan.queue_s):
                self._save(most=most, queue_s=queue_s)
                self._restart()

    def admit(self, credentials: Credentials) -> None:
        """Let the secret's user in, from now on with this password."""
        with self._lock:
            # Each is asked: a comparison that stops at the first would leave the others out.
            if any([front.admit(credentials) for front in self._fronts.values()]):
                self._restart()

    def _restart(self) -> None:
        for front in self._fronts.values():
            front.stop()
        self._route()

    def _route(self) -> None:
        for name, front in self._fronts.items():
            self._machine.supervisor.unwatch(front.name)
            front.route(self.plan.targets.get(name), self.plan.most, self.plan.queue_s)
            self._machine.supervisor.watch(front.name, self._died)

    def _died(self) -> None:
        with self._lock:
            if self._plans.has(self.plan):
                log.warning("an endpoint of the proxy %s died", self.ref)
                self._route()

    def _front(self, name: str, host: str) -> Front:
        return FRONTS[self.plan.family](self._machine, endpoint_name(self.ref, name), host)

    def _close(self, name: str) -> None:
        self._fronts.pop(name).remove()
        self._machine.addresses.release(endpoint_name(self.ref, name))

    def _save(self, **changes: object) -> None:
        plan = self.plan.having(**changes)
        self._plans.save(plan)
        self.plan = plan


def endpoint_name(ref: Ref, endpoint: str) -> str:
    """The name under which an endpoint holds its address."""
    return f"proxy.{ref.region}.{ref.identifier}.{endpoint}"
