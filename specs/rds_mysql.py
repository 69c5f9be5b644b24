"""RDS for MySQL: one instance, with a standby in another zone or without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.parts import (
    ApplyChanges,
    Availability,
    BackupWindow,
    Claim,
    DatabaseName,
    Described,
    EnhancedMonitoring,
    Lifetime,
    MaintenanceWindow,
    MigrationRole,
    Part,
    PerformanceInsights,
    SlowQueryLog,
    Username,
    window_conflicts,
)
from specs.problems import Conflict, refuse

FAMILIES = {"8.4": "mysql8.4"}
"""Parameter group family by the major version that RDS supports as standard."""
_TOO_SMALL_FOR_INSIGHTS = re.compile(r"db\.t\w+\.(micro|small)\Z")
_GP_LEAST_GB = 20
_GP_MOST_GB = 65536
_GP3_PROVISIONED_GB = 400


class _GrowingStorage(Part):
    size_gb: int = Field(ge=_GP_LEAST_GB, le=_GP_MOST_GB)
    autoscale_to_gb: int = Field(le=_GP_MOST_GB)

    def conflicts(self) -> Iterator[Conflict]:
        if self.autoscale_to_gb * 10 < self.size_gb * 11:
            yield (
                "autoscale_to_gb",
                f"{self.autoscale_to_gb} is not 10 % above size_gb {self.size_gb}, which RDS asks "
                f"for; write {-(-self.size_gb * 11 // 10)} or more",
            )


class Gp2Storage(_GrowingStorage):
    """General-purpose storage whose speed comes with its size."""

    type: Literal["gp2"]


class Provisioned(Part):
    """Speed beyond what gp3 has anyway: I/O operations a second, and MB a second."""

    iops: int = Field(ge=12_000, le=64_000)
    throughput_mb: int = Field(ge=500, le=4_000)


class Gp3Storage(_GrowingStorage):
    """General-purpose storage of 3,000 IOPS and 125 MB/s, from 400 GB of 12,000 and 500."""

    type: Literal["gp3"]
    provisioned: Provisioned | None = None

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        if self.provisioned is None:
            return
        if self.size_gb < _GP3_PROVISIONED_GB:
            # Even the values it has by itself are refused on a smaller volume.
            yield (
                "provisioned",
                f"needs {_GP3_PROVISIONED_GB} GB or more and size_gb is {self.size_gb}; "
                "leave provisioned out",
            )
        iops, throughput = self.provisioned.iops, self.provisioned.throughput_mb
        if throughput * 4 > iops:
            yield (
                "provisioned.throughput_mb",
                f"{throughput} needs 4 IOPS for each MB/s; write iops {4 * throughput} or more",
            )


Storage = Annotated[Gp2Storage | Gp3Storage, Field(discriminator="type")]


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


class RdsMysql(Described):
    """An instance of RDS for MySQL."""

    kind: Literal["rds-mysql"]
    engine_version: Annotated[str, AfterValidator(_version)]
    instance_class: Annotated[str, AfterValidator(known_class)] = Field(alias="class")
    storage: Storage
    availability: Availability
    username: Username
    database: DatabaseName
    backups: InstanceBackups
    maintenance_window: MaintenanceWindow
    enhanced_monitoring: EnhancedMonitoring | None = None
    performance_insights: PerformanceInsights | None = None
    slow_query_log: SlowQueryLog | None = None
    migration: MigrationRole | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @property
    def family(self) -> str:
        """The parameter group family of the version."""
        return FAMILIES[".".join(self.engine_version.split(".")[:2])]

    def conflicts(self) -> Iterator[Conflict]:
        yield from window_conflicts(self.backups.window, self.maintenance_window, least_minutes=30)
        small = _TOO_SMALL_FOR_INSIGHTS.match(self.instance_class)
        if self.performance_insights is not None and small:
            yield (
                "performance_insights",
                f"is refused on {self.instance_class}; leave it out, or take db.t3.medium or more",
            )

    @property
    def claims(self) -> Iterator[Claim]:
        yield "instance", "identifier", self.identifier
