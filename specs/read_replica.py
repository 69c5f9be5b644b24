"""A read replica of an RDS instance, in its region or in another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.parts import (
    ApplyChanges,
    Availability,
    Claim,
    Described,
    EnhancedMonitoring,
    Lifetime,
)
from specs.rds_instance import OpenSourceInstance, known_class

MOST_REPLICAS = 15
"""Of one source."""


def _class(text: str) -> str:
    return known_class(text, "what RDS still replicates")


class ReadReplica(Described):
    """A replica. Engine, version, storage, users and databases are its source's."""

    kind: Literal["read-replica"]
    source: str
    """The name of the topology it copies."""
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    availability: Availability = "single-az"
    enhanced_monitoring: EnhancedMonitoring | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"
    """``protected`` is deletion protection only: RDS takes no final snapshot of a replica."""

    @property
    def claims(self) -> Iterator[Claim]:
        yield "instance", "identifier", self.identifier

    @property
    def references(self) -> Mapping[str, str]:
        return {"source": self.source}

    def objection(self, key: str, other: Described) -> str | None:
        if not isinstance(other, OpenSourceInstance):
            return "is no rds-mysql, rds-mariadb or rds-postgres topology; name one"
        if other.backups.retention_days == 0:
            return (
                "has no backups, which a replica needs; set its backups.retention_days to 1 or more"
            )
        return None
