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
class MemcachedAddresses:
    """A memcached cluster's configuration endpoint and its nodes by id."""

    configuration: Address
    nodes: Mapping[str, Address]


@dataclass(frozen=True)
class ShardState:
    """One shard of a replication group in cluster mode; ``slots`` as ranges: ``0-99,200``."""

    name: str
    primary: str
    slots: str
    nodes: Mapping[str, Address]


@dataclass(frozen=True)
class ServerlessAddresses:
    """A serverless cache's endpoint and its reader endpoint: one host, two ports."""

    cache: Address
    reader: Address


@dataclass(frozen=True)
class ShardedState:
    """A replication group in cluster mode: where clients begin, and its shards."""

    configuration: Address
    shards: tuple[ShardState, ...]


@dataclass(frozen=True)
class ServerStatus:
    """One process: ``rss`` in bytes, 0 when dead. One that is ``paused`` is not there on purpose.

    ``kind`` is an engine, aurora, proxy or endpoint. A database that the API only answers for has
    a row, too: all is well, and there is no pid.
    """

    kind: str
    region: str
    identifier: str
    role: str
    address: str
    pid: int | None
    alive: bool
    rss: int
    paused: bool = False
