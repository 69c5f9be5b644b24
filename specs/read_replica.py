"""A read replica of an RDS instance, in its region or in another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.backup_copies import BackupCopy
from specs.multi_az import MultiAzCluster
from specs.parts import (
    ApplyChanges,
    Availability,
    Claim,
    Described,
    EnhancedMonitoring,
    Lifetime,
    Part,
    PerformanceInsights,
)
from specs.problems import Conflict
from specs.rds_instance import OpenSourceInstance, known_class
from specs.token_logins import Connect, connect_conflicts

MOST_REPLICAS = 15
"""Of one source."""
LONGEST_CHAIN = 3
"""Replicas one behind the other."""


def _class(text: str) -> str:
    return known_class(text, "what RDS still replicates")


class CopiedBackups(Part):
    """Automated backups in the window of the instance that is copied."""

    retention_days: int = Field(ge=1, le=35)
    copy_to: BackupCopy | None = None


class ReadReplica(Described):
    """A replica. Engine, version, storage, users and databases are its source's."""

    kind: Literal["read-replica"]
    source: str
    """The name of the topology it copies: an instance or another replica that has backups."""
    role: Literal["replica", "standalone"] = "replica"
    """``standalone`` promotes a deployed replica in place: from then on it takes writes and copies
    nobody. There is no way back, and no way to begin so: RDS refuses both, as only it knows what
    was deployed before."""
    backups: CopiedBackups | None = None
    """A replica needs them when it has replicas of its own."""
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    availability: Availability = "single-az"
    enhanced_monitoring: EnhancedMonitoring | None = None
    performance_insights: PerformanceInsights | None = None
    connect: tuple[Connect, ...] = ()
    """Who logs in by a token, here alone. It takes tokens if its source does."""
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"
    """``protected`` is deletion protection only as long as it is a replica: RDS takes no final
    snapshot of one."""

    @property
    def follows(self) -> str | None:
        """The name of the topology it replicates from, now."""
        return self.source if self.role == "replica" else None

    def conflicts(self) -> Iterator[Conflict]:
        yield from connect_conflicts(self.connect)
        if self.role == "standalone" and self.backups is None:
            yield "backups", "is missing, which an instance of its own needs; add retention_days"
        copied = self.backups is not None and self.backups.copy_to is not None
        if self.role == "replica" and copied:
            yield (
                "backups.copy_to",
                "would copy what its source has: a replica's rows are the source's; write it there",
            )

    @property
    def claims(self) -> Iterator[Claim]:
        yield "instance", "identifier", self.identifier

    @property
    def references(self) -> Mapping[str, str]:
        return {"source": self.source}

    @property
    def needs_own_password(self) -> Mapping[str, str]:
        return {
            "source": "copies it, and RDS makes no replica of an instance whose password it makes"
        }

    def objection(self, key: str, other: Described) -> str | None:
        if isinstance(other, ReadReplica):
            if other.backups is None:
                return (
                    "has no backups, which a replica of it needs; set its backups.retention_days, "
                    "or name one that has some"
                )
            return None
        if isinstance(other, MultiAzCluster):
            return (
                "has two standbys that read, and replicas of it are not offered here; name an "
                "rds-mysql, rds-mariadb or rds-postgres topology"
            )
        if not isinstance(other, OpenSourceInstance):
            return "is no rds-mysql, rds-mariadb or rds-postgres topology; name one"
        if self.performance_insights is not None and other.facts.too_small(self.instance_class):
            return (
                f"runs {other.facts.title}, whose performance_insights are refused on "
                f"{self.instance_class}; leave them out here, or take db.t3.medium or more"
            )
        if other.backups.retention_days == 0:
            return (
                "has no backups, which a replica needs; set its backups.retention_days to 1 or more"
            )
        return None
