"""Stands where the server of an engine would that no free program runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.servers.facts import Address, Credentials
from localcloud.servers.machine import Machine

_PORTS = {"oracle": 1521, "sqlserver": 1433}
ENGINES = (
    "oracle-ee", "oracle-se2", "sqlserver-ee", "sqlserver-ex", "sqlserver-se", "sqlserver-web",
)  # fmt: skip
UNSERVED = {engine: f"no local engine for {engine}" for engine in ENGINES}
"""Why nobody answers at the addresses of such databases, by their engine."""


class NoServer:
    """An address that leads nowhere. Whatever is asked of it is done, because there is nothing."""

    alive = False

    def __init__(
        self,
        machine: Machine,
        name: str,
        identifier: str,
        host: str,
        also_at: Sequence[str] = (),
        *,
        engine: str,
    ) -> None:
        self.name = f"none.{name}"
        self.identifier = identifier
        self.address = Address(host, _PORTS[engine.partition("-")[0]])

    def answers(self) -> bool:
        """Never."""
        return False

    def serve(self, parameters: Mapping[str, str], source: Address | None) -> None:
        return None

    def create_master_user(self, credentials: Credentials, database: str | None) -> None:
        return None

    def catch_up(self, source: Any) -> None:
        return None

    def promote(self, source: Address) -> None:
        return None

    def set_password(self, user: str, password: str) -> None:
        return None

    def set_at_once(self, parameters: Mapping[str, str]) -> None:
        return None

    def name_also(self, hosts: Sequence[str]) -> None:
        return None

    def stop(self) -> None:
        return None

    def kill(self) -> None:
        return None

    def remove(self, source: Address | None = None) -> None:
        return None
