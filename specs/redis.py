"""An ElastiCache replication group of Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

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
LONGEST_IDENTIFIER = 40
_VERSIONS = ("6.2", "7.0", "7.1")


class ClusterModeDisabled(Part):
    """One shard: a primary and its replicas, which take over from it."""

    cluster_mode: Literal["disabled"]
    replicas: int = Field(ge=0, le=MOST_REPLICAS)


class CacheBackups(Part):
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


def _version(text: str) -> str:
    if text not in _VERSIONS:
        raise refuse(f"{text!r} is not a Redis version here; choose {', '.join(_VERSIONS)}")
    return text


class Redis(Described):
    """A cache. TLS, an auth token and encryption at rest are not a choice."""

    kind: Literal["redis"]
    description: Annotated[str, AfterValidator(_description)]
    engine_version: Annotated[str, AfterValidator(_version)]
    node_class: Annotated[str, AfterValidator(_node_class)] = Field(alias="class")
    shape: ClusterModeDisabled
    availability: Availability
    backups: CacheBackups
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
        if self.availability == "multi-az" and self.shape.replicas == 0:
            yield "availability", "multi-az needs a replica; set shape.replicas to 1 or more"
