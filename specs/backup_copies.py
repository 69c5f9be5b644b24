"""Copies of backups in a second region: which there can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from specs.parts import Described, Part, RegionName
from specs.problems import conflict

MOST_A_REGION = 20
"""Instances whose backups an account may replicate to one region."""
LONGEST_VAULT = 50


class BackupCopy(Part):
    """Where an instance's backups go as soon as they are taken: RDS replicates them and the logs
    between them, so that the other region restores to any moment, too.
    """

    region: RegionName
    retention_days: int = Field(ge=1, le=35)


class SnapshotCopy(Part):
    """Where a cluster's daily snapshot goes: RDS does not replicate Aurora's backups, AWS Backup
    takes and copies a snapshot.
    """

    region: RegionName
    retention_days: int = Field(ge=1, le=36_500)


class CacheBackups(Part):
    """Base of a cache's snapshots, which AWS keeps in their region."""

    @model_validator(mode="before")
    @classmethod
    def _no_copy(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping) and "copy_to" in raw:
            text = (
                "is nothing AWS does for a cache: ElastiCache copies a snapshot within its region "
                "only, and AWS Backup knows no caches; leave it out"
            )
            raise conflict([("copy_to", text)])
        return raw


def copy_of(topology: Described) -> BackupCopy | SnapshotCopy | None:
    """The copy that a topology's backups have, if they have one."""
    found = getattr(getattr(topology, "backups", None), "copy_to", None)
    return found if isinstance(found, BackupCopy | SnapshotCopy) else None


def vault_names(identifier: str, region: str) -> tuple[str, str]:
    """AWS Backup's vaults of a cluster of ``region``: the one there, the one the copies go to.

    The second has an underscore, which no identifier has: it is nobody's first one.
    """
    return identifier, f"{identifier}_{region}"
