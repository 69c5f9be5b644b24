"""An ElastiCache replication group: of Redis, or of Valkey, which went on where Redis 7.2 left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs import backup_copies
from specs.cache_access import AnyAccess, AuthToken, Users
from specs.parts import (
    ApplyChanges,
    Availability,
    BackupWindow,
    Claim,
    Described,
    Lifetime,
    MaintenanceWindow,
    Part,
    sized,
    window_conflicts,
)
from specs.problems import Conflict, refuse

MOST_REPLICAS = 5
MOST_NODES = 90
"""Of one group; more are a quota that AWS raises on request."""
LONGEST_IDENTIFIER = 40
_REDIS_VERSIONS = ("6.2", "7.0", "7.1")
_VALKEY_VERSIONS = ("7.2", "8.0", "8.1", "8.2", "9.0", "9.1")


class ClusterModeDisabled(Part):
    """One shard: a primary and its replicas, which take over from it."""

    cluster_mode: Literal["disabled"]
    replicas: int = Field(ge=0, le=MOST_REPLICAS)

    @property
    def spares(self) -> tuple[str, int]:
        """The key that says how many replicas a primary has, and how many."""
        return "replicas", self.replicas


class ClusterModeEnabled(Part):
    """Keys spread over shards, each a primary and its replicas."""

    cluster_mode: Literal["enabled"]
    shards: int = Field(ge=1)
    replicas_per_shard: int = Field(ge=0, le=MOST_REPLICAS)

    @property
    def spares(self) -> tuple[str, int]:
        """As of the other shape."""
        return "replicas_per_shard", self.replicas_per_shard

    def conflicts(self) -> Iterator[Conflict]:
        nodes = self.shards * (1 + self.replicas_per_shard)
        if nodes > MOST_NODES:
            yield (
                "shards",
                f"{self.shards} with {self.replicas_per_shard} replicas each are {nodes} nodes; "
                f"ElastiCache allows {MOST_NODES}, so set it to "
                f"{MOST_NODES // (1 + self.replicas_per_shard)} or less",
            )


AnyShape = ClusterModeDisabled | ClusterModeEnabled


class CacheBackups(backup_copies.CacheBackups):
    """Daily snapshots, kept for ``retention_days``."""

    retention_days: int = Field(ge=1, le=35)
    window: BackupWindow


def _node_class(text: str) -> str:
    if text.startswith(("cache.t1.", "cache.m1.", "cache.m2.", "cache.c1.")):
        raise refuse(f"{text!r} has no backups and no failover; write one such as cache.t3.micro")
    if text.startswith("cache.r6gd."):
        raise refuse(f"{text!r} needs data tiering, which is not offered here; write cache.r6g.*")
    family, size = sized("cache.", text)
    if not family or (family[0] == "t" and size.endswith("large")):
        raise refuse(f"{text!r} is no node type; write one such as cache.t3.micro")
    return text


def _description(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise refuse(f"{text!r} is no description; write a line that says what the cache is for")
    return text


def _redis_version(text: str) -> str:
    if text not in _REDIS_VERSIONS:
        raise refuse(
            f"{text!r} is not a Redis version here; choose {', '.join(_REDIS_VERSIONS)}, "
            "or kind valkey for newer ones"
        )
    return text


def _valkey_version(text: str) -> str:
    if text not in _VALKEY_VERSIONS:
        raise refuse(f"{text!r} is not a Valkey version here; choose {', '.join(_VALKEY_VERSIONS)}")
    return text


class CacheLogs(Part):
    """Slow commands, and what the engine says, in CloudWatch Logs for ``keep_days``."""

    keep_days: Literal[7, 14, 30, 60, 90, 180, 365, 400, 731, 1827, 3653] = 30
    """Periods that CloudWatch Logs knows."""


class ReplicationGroup(Described):
    """What both engines have in common. TLS and encryption at rest are not a choice."""

    description: Annotated[str, AfterValidator(_description)]
    node_class: Annotated[str, AfterValidator(_node_class)] = Field(alias="class")
    shape: AnyShape = Field(discriminator="cluster_mode")
    access: AnyAccess = Field(default=AuthToken(auth="token"), discriminator="auth")
    availability: Availability
    backups: CacheBackups
    logs: CacheLogs | None = None
    maintenance_window: MaintenanceWindow
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @property
    def claims(self) -> Iterator[Claim]:
        yield "cache", "identifier", self.identifier

    def conflicts(self) -> Iterator[Conflict]:
        # ElastiCache asks for an hour where RDS is content with half of it.
        yield from window_conflicts(self.backups.window, self.maintenance_window, least_minutes=60)
        if len(self.identifier) > LONGEST_IDENTIFIER:
            yield (
                "identifier",
                f"has {len(self.identifier)} characters; ElastiCache allows {LONGEST_IDENTIFIER}",
            )
        key, replicas = self.shape.spares
        if self.availability == "multi-az" and replicas == 0:
            yield "availability", f"multi-az needs a replica; set shape.{key} to 1 or more"
        if isinstance(self.access, Users):
            yield from self.access.conflicts_of(self.identifier)


class Redis(ReplicationGroup):
    """A cache of Redis OSS; 7.1 is its last version on ElastiCache."""

    kind: Literal["redis"]
    engine_version: Annotated[str, AfterValidator(_redis_version)]


class Valkey(ReplicationGroup):
    """A cache of Valkey."""

    kind: Literal["valkey"]
    engine_version: Annotated[str, AfterValidator(_valkey_version)]


AnyCache = Redis | Valkey
