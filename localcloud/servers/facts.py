"""What the API layer and the servers tell each other about databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Ref:
    """An instance, a cluster or a replication group: unique by region, kind and identifier."""

    region: str
    identifier: str

    def __str__(self) -> str:
        return f"{self.region}/{self.identifier}"


@dataclass(frozen=True)
class Address:
    """Where a server or an endpoint listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Credentials:
    """A database's master user."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ClusterAddresses:
    """A cluster's two endpoints; members and custom endpoints have addresses of their own."""

    writer: Address
    reader: Address


@dataclass(frozen=True)
class ClusterState:
    """Who writes (``None`` before the first member) and who belongs to the cluster."""

    writer: str | None
    members: tuple[str, ...]


@dataclass(frozen=True)
class RedisAddresses:
    """A replication group's endpoints and its nodes by identifier."""

    primary: Address
    reader: Address
    nodes: Mapping[str, Address]


@dataclass(frozen=True)
class RedisState:
    """Which node is the primary, and where everything listens."""

    primary: str | None
    nodes: tuple[str, ...]
    addresses: RedisAddresses


@dataclass(frozen=True)
class ServerStatus:
    """One process: ``kind`` is an engine, aurora or endpoint; ``rss`` in bytes, 0 when dead.

    A database that the API only answers for has a row, too: all is well, and there is no pid.
    """

    kind: str
    region: str
    identifier: str
    role: str
    address: str
    pid: int | None
    alive: bool
    rss: int
