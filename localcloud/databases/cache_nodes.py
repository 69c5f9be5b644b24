"""The Redis servers of one replication group, whatever its shape: made, watched, ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence, Set

from localcloud.errors import ServerFailed
from localcloud.failover import Candidate, successor
from localcloud.listing import status_of
from localcloud.servers.facts import Address, Ref, ServerStatus
from localcloud.servers.machine import Machine
from localcloud.servers.redis import Redis, RedisFailed, Settings
from localcloud.servers.redis_users import AclUser

log = logging.getLogger(__name__)


class CacheNodes:
    """Servers by identifier. ``died`` is called with one's identifier when it ends by itself.

    Their certificates name the endpoints at ``also_at``, too: a client sees no other address.
    """

    def __init__(
        self, machine: Machine, ref: Ref, also_at: Sequence[str], died: Callable[[str], None]
    ) -> None:
        self._machine = machine
        self._ref = ref
        self._also_at = tuple(also_at)
        self._died = died
        self._servers: dict[str, Redis] = {}

    def __getitem__(self, name: str) -> Redis:
        return self._servers[name]

    def __contains__(self, name: str) -> bool:
        return name in self._servers

    @property
    def names(self) -> set[str]:
        return set(self._servers)

    def add(self, name: str, host: str) -> None:
        """Know a server; it is neither started nor looked for."""
        label = f"{self._ref.region}.{name}"
        self._servers[name] = Redis(self._machine, label, name, host, self._also_at)

    def start(self, name: str, settings: Settings) -> None:
        """Start a server in place of what may be left of it; raises `ServerFailed`."""
        self._servers[name].kill()
        self._servers[name].start(settings)
        self.watch(name)

    def watch(self, name: str) -> None:
        """Tell of its death from now on, which may have happened already."""
        label = self._servers[name].name
        self._machine.supervisor.unwatch(label)
        self._machine.supervisor.watch(label, lambda: self._died(name))

    def most_advanced(self, names: Set[str]) -> str:
        """The replica that has most of what its primary had; `ServerFailed` if none answers."""
        candidates = []
        for name in names:
            try:
                offset = int(self._servers[name].replication()["slave_repl_offset"])
            except (RedisFailed, KeyError) as error:
                log.warning("%s cannot take over: %s", name, error)
            else:
                candidates.append(Candidate(name, offset))
        best = successor(candidates)
        if best is None:
            raise ServerFailed(f"none of {', '.join(sorted(names))} can take over")
        return best

    def remove(self, name: str) -> None:
        """End a server, delete its data, give back its address."""
        self._servers.pop(name).remove()
        self._machine.addresses.release(node_name(self._ref, name))

    def set_users(self, users: Iterable[AclUser]) -> None:
        """Set the users of every server that runs; the others find them when they start."""
        wanted = tuple(users)
        for server in self._servers.values():
            if server.alive:
                server.set_users(wanted)

    @property
    def servers(self) -> list[Redis]:
        return list(self._servers.values())

    @property
    def processes(self) -> set[str]:
        """The supervisor's names."""
        return {server.name for server in self._servers.values()}

    @property
    def addresses(self) -> dict[str, Address]:
        return {name: server.address for name, server in self._servers.items()}

    def statuses(self, primaries: Set[str]) -> list[ServerStatus]:
        """One row a server."""
        return [
            status_of(
                self._machine.supervisor,
                "redis",
                Ref(self._ref.region, name),
                "primary" if name in primaries else "replica",
                server.name,
                server.address,
            )
            for name, server in list(self._servers.items())
        ]


def node_name(ref: Ref, node: str) -> str:
    """The name under which a node holds its address."""
    return f"redis.{ref.region}.{node}"
