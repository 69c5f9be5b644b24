"""Outliving a zone, a mistake, a `destroy`: Multi-AZ, backups, deletion protection."""

from __future__ import annotations

from collections.abc import Iterator

from policy.findings import Found
from policy.resources import (
    CACHE,
    CACHE_CLUSTER,
    CLUSTER,
    GLOBAL_CLUSTER,
    INSTANCE,
    REPLICATOR,
    SERVERLESS_CACHE,
    Registered,
    Resource,
    copies,
    three_zones,
)

LEAST_BACKUP_DAYS = 7
"""The course's own retention."""


def one_zone(stack: Registered) -> Iterator[Found]:
    """Databases that are gone while a zone is. A copy's source is its standby."""
    for each in stack.of(INSTANCE, REPLICATOR):
        if not each.has("multiAz") and not copies(each):
            yield each, "has no standby in another zone", "set availability: multi-az"
    for each in stack.of(CLUSTER):
        members = stack.members(each)
        if not (copies(each) or three_zones(each)) and len(_zones(members)) < 2:
            yield (
                each,
                f"has {len(members)} instance(s) in {len(_zones(members))} zone(s)",
                "add a reader in another zone",
            )
    for each in stack.of(CACHE):
        if not (each.has("multiAzEnabled") and each.has("automaticFailoverEnabled")):
            yield (
                each,
                "does not fail over to another zone",
                "give it a replica and set availability: multi-az",
            )
    for each in stack.of(CACHE_CLUSTER):
        if each.props.get("engine") == "memcached" and each.props.get("azMode") != "cross-az":
            yield each, "has its nodes in one zone", "set placement: { az_mode: cross-az }"


def _zones(members: list[Resource]) -> set[object]:
    # A member without a zone is placed by AWS, which spreads them.
    return {each.props.get("availabilityZone", each.name) for each in members}


def no_backups(stack: Registered) -> Iterator[Found]:
    """What cannot be restored. A copy can be made anew, memcached has no backups."""
    for each in stack.of(INSTANCE, CLUSTER):
        days = each.number("backupRetentionPeriod")
        if not copies(each) and days < LEAST_BACKUP_DAYS:
            yield (
                each,
                f"keeps its backups for {days:g} days",
                f"set backups.retention_days to {LEAST_BACKUP_DAYS} or more",
            )
        if not copies(each) and each.has("skipFinalSnapshot"):
            yield each, "is deleted without a final snapshot", "set lifetime: protected"
    for each in stack.of(CACHE, SERVERLESS_CACHE):
        if not each.number("snapshotRetentionLimit"):
            yield each, "takes no snapshots", "set backups.retention_days to 1 or more"


def unprotected(stack: Registered) -> Iterator[Found]:
    """What one call deletes. A copy can be made anew."""
    for each in stack.of(INSTANCE, CLUSTER, GLOBAL_CLUSTER):
        if not each.has("deletionProtection") and not copies(each):
            yield each, "is deleted by one call", "set lifetime: protected"
    for each in stack.of(CACHE):
        if not each.has("finalSnapshotIdentifier"):
            yield each, "is deleted without a final snapshot", "set lifetime: protected"
