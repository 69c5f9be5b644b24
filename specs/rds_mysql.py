"""RDS for MySQL: one instance, with a standby in another zone or without."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from specs.parts import (
    ApplyChanges,
    Availability,
    BackupWindow,
    DatabaseName,
    EnhancedMonitoring,
    Identifier,
    Lifetime,
    MaintenanceWindow,
    Part,
    RegionName,
    SlowQueryLog,
    Username,
    check_windows,
)
from specs.problems import refuse

FAMILIES = {"8.4": "mysql8.4"}
"""Parameter group family by the major version that RDS supports as standard."""
_GP_LEAST_GB = 20
_GP_MOST_GB = 65536


class Storage(Part):
    """General-purpose storage that grows by itself.

    There is nothing to say about IOPS: below 400 GB RDS refuses them for gp3.
    """

    type: Literal["gp2", "gp3"]
    size_gb: int = Field(ge=_GP_LEAST_GB, le=_GP_MOST_GB)
    autoscale_to_gb: int = Field(le=_GP_MOST_GB)

    @model_validator(mode="after")
    def _room_to_grow(self) -> Storage:
        if self.autoscale_to_gb * 10 < self.size_gb * 11:
            raise refuse(
                f"autoscale_to_gb {self.autoscale_to_gb} is not 10 % above size_gb "
                f"{self.size_gb}, which RDS asks for; write {-(-self.size_gb * 11 // 10)} or more"
            )
        return self


class InstanceBackups(Part):
    """Automated backups. An instance without any can have no replica."""

    retention_days: int = Field(ge=0, le=35)
    window: BackupWindow


def _version(text: str) -> str:
    major = ".".join(text.split(".")[:2])
    if major in ("5.7", "8.0"):
        raise refuse(
            f"{text!r} is past RDS's standard support and billed as extended support; write 8.4"
        )
    if major not in FAMILIES or not re.match(r"\d+\.\d+(\.\d+)?\Z", text):
        raise refuse(f"{text!r} is not a version that RDS offers; write 8.4")
    return text


def known_class(text: str) -> str:
    """A class of RDS instances that we know nothing against."""
    if not re.match(r"db\.[a-z0-9]+\.[a-z0-9]+\Z", text):
        raise refuse(f"{text!r} is no instance class; write one such as db.t3.micro")
    if text.startswith(("db.m1.", "db.m2.", "db.t1.", "db.t2.", "db.m3.", "db.r3.")):
        raise refuse(f"{text!r} cannot run MySQL 8.4; write a newer one such as db.t3.micro")
    return text


class RdsMysql(Part):
    """An instance of RDS for MySQL."""

    kind: Literal["rds-mysql"]
    identifier: Identifier
    region: RegionName | None = None
    engine_version: Annotated[str, AfterValidator(_version)]
    instance_class: Annotated[str, AfterValidator(known_class)] = Field(alias="class")
    storage: Storage
    availability: Availability
    username: Username
    database: DatabaseName
    backups: InstanceBackups
    maintenance_window: MaintenanceWindow
    enhanced_monitoring: EnhancedMonitoring | None = None
    slow_query_log: SlowQueryLog | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @property
    def family(self) -> str:
        """The parameter group family of the version."""
        return FAMILIES[".".join(self.engine_version.split(".")[:2])]

    @model_validator(mode="after")
    def _windows(self) -> RdsMysql:
        check_windows(self.backups.window, self.maintenance_window, least_minutes=30)
        return self

    @property
    def instance_identifiers(self) -> tuple[str, ...]:
        return (self.identifier,)
