"""RDS proxies: endpoints, targets, limits."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.databases.proxies import Proxy, ProxyPlan, endpoint_name
from localcloud.databases.proxy_fronts import ADMITS, PORTS
from localcloud.databases.store import Plans
from localcloud.fleet.collection import Collection
from localcloud.servers.facts import Address, Credentials, Ref
from localcloud.servers.machine import Machine


class Proxies(Collection[Proxy]):
    """Addresses in front of databases."""

    def __init__(self, machine: Machine) -> None:
        super().__init__("proxy")
        self._machine = machine
        self._plans = Plans(machine.site.state_dir / "databases", "proxy")

    def load(self) -> None:
        """Know what was planned; `StateUnreadable` when another version planned it."""
        for plan in self._plans.load(ProxyPlan):
            self.put(Proxy(self._machine, self._plans, plan))

    def create(
        self, ref: Ref, endpoint: str, most: int, queue_s: float, family: str = "MYSQL"
    ) -> Address:
        """A proxy that leads nowhere until `lead`; the address of its first endpoint."""
        plan = ProxyPlan(
            region=ref.region,
            identifier=ref.identifier,
            hosts={endpoint: self._host(ref, endpoint)},
            targets={},
            port=PORTS[family],
            family=family,
            most=most,
            queue_s=queue_s,
        )
        made = self.make(Proxy(self._machine, self._plans, plan), lambda p: p.create())
        return made.address(endpoint)

    def open(self, ref: Ref, endpoint: str) -> Address:
        """One more endpoint."""
        proxy = self.get(ref)
        proxy.open(endpoint, self._host(ref, endpoint))
        return proxy.address(endpoint)

    def close(self, ref: Ref, endpoint: str) -> None:
        """One endpoint less."""
        self.get(ref).close(endpoint)

    def lead(self, ref: Ref, targets: Mapping[str, str]) -> None:
        """Lead each endpoint to a host; those without one lead nowhere."""
        self.get(ref).lead(targets)

    def limit(self, ref: Ref, most: int, queue_s: float) -> None:
        """Connections to the database at a time, seconds a client waits for one."""
        self.get(ref).limit(most, queue_s)

    def admit(self, ref: Ref, host: str, credentials: Credentials) -> bool:
        """Let the secret's user in at the proxy; whether it can log in to ``host``, too."""
        proxy = self.get(ref)
        proxy.admit(credentials)
        log_in = ADMITS[proxy.plan.family]
        address = Address(host, proxy.plan.port)
        return log_in(address, credentials, self._machine.authority.ca)

    def _host(self, ref: Ref, endpoint: str) -> str:
        return self._machine.addresses.claim(endpoint_name(ref, endpoint))
