"""What stands at a proxy's address: a pooler for PostgreSQL, a plain way through for MySQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from localcloud.endpoints import Endpoint, Endpoints
from localcloud.servers import mariadb, mariadb_session, postgres, postgres_session
from localcloud.servers.facts import Address, Credentials
from localcloud.servers.machine import Machine
from localcloud.servers.pgbouncer import Pgbouncer

_TARGET = "target"


class Front(Protocol):
    """One address of a proxy."""

    @property
    def name(self) -> str:
        """What the supervisor calls its process."""

    @property
    def address(self) -> Address: ...

    def route(self, target: str | None, most: int, queue_s: float) -> None:
        """Lead to a host, starting the process when there is none."""

    def admit(self, credentials: Credentials) -> bool:
        """Let the secret's user in; whether the process is to start anew for it."""

    def stop(self) -> None:
        """End the process; its address stays."""

    def remove(self) -> None:
        """End the process and delete what it has on disk."""


class Passing:
    """Hands connections through and does not share them: no package of Debian's pools MySQL.

    Who may log in is the server's business.
    """

    def __init__(self, machine: Machine, name: str, host: str) -> None:
        self._endpoints = Endpoints(machine, name, host)
        self.name = self._endpoints.name
        self.address = Address(host, mariadb.PORT)

    def route(self, target: str | None, most: int, queue_s: float) -> None:
        nodes = {_TARGET: Address(target, mariadb.PORT)} if target else {}
        # The name is the backend's in HAProxy's own words.
        wanted = Endpoint("proxy", self.address, frozenset(nodes), most=most, queue_s=queue_s)
        self._endpoints.apply(nodes, [wanted])

    def admit(self, credentials: Credentials) -> bool:
        return False

    def stop(self) -> None:
        self._endpoints.stop()

    def remove(self) -> None:
        # Its files hold addresses only; they are written anew at a start.
        self._endpoints.stop()


class Pooling:
    """Shares the server's connections among the clients, transaction by transaction."""

    def __init__(self, machine: Machine, name: str, host: str) -> None:
        self._pooler = Pgbouncer(machine, name, host)
        self.name = self._pooler.name
        self.address = self._pooler.address

    def route(self, target: str | None, most: int, queue_s: float) -> None:
        if not self._pooler.alive:
            self._pooler.serve(target, most, queue_s)

    def admit(self, credentials: Credentials) -> bool:
        return self._pooler.admit(credentials)

    def stop(self) -> None:
        self._pooler.stop()

    def remove(self) -> None:
        # A file of its has the secret's password.
        self._pooler.remove()


FRONTS: Mapping[str, Callable[[Machine, str, str], Front]] = {
    "MYSQL": Passing,
    "POSTGRESQL": Pooling,
}
"""By the engine family, as the API calls it; so are the following."""
PORTS: Mapping[str, int] = {"MYSQL": mariadb.PORT, "POSTGRESQL": postgres.PORT}
ADMITS: Mapping[str, Callable[[Address, Credentials, Path], bool]] = {
    "MYSQL": mariadb_session.admits,
    "POSTGRESQL": postgres_session.admits,
}
"""Whether a user can log in at an address, as a client with a certificate check would."""
