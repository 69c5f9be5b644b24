"""A read replica of an RDS MySQL instance, in its region or in another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.parts import (
    ApplyChanges,
    Availability,
    EnhancedMonitoring,
    Identifier,
    Lifetime,
    Part,
    RegionName,
)
from specs.rds_mysql import known_class

MOST_REPLICAS = 15
"""Of one MySQL source."""


class ReadReplica(Part):
    """A replica. Engine, version, storage, users and databases are its source's."""

    kind: Literal["read-replica"]
    source: str
    """The name of the topology it copies."""
    identifier: Identifier
    region: RegionName | None = None
    """``None``: the source's region."""
    instance_class: Annotated[str, AfterValidator(known_class)] = Field(alias="class")
    availability: Availability = "single-az"
    enhanced_monitoring: EnhancedMonitoring | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"
    """``protected`` is deletion protection only: RDS takes no final snapshot of a replica."""

    @property
    def instance_identifiers(self) -> Mapping[str, str]:
        """Identifiers of instances by the key that holds them."""
        return {"identifier": self.identifier}
