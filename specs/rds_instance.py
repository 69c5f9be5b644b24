"""What every engine of RDS has as a single instance, with a standby in another zone or without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, field_validator

from specs.backup_copies import BackupCopy
from specs.parts import (
    ApplyChanges,
    AuditLog,
    Availability,
    BackupWindow,
    Claim,
    DatabaseName,
    EnhancedMonitoring,
    Lifetime,
    MaintenanceWindow,
    Part,
    PerformanceInsights,
    SlowQueryLog,
    Username,
    window_conflicts,
)
from specs.passwords import WithMaster
from specs.problems import Conflict, refuse
from specs.rds_engines import Engine
from specs.rds_storage import Storage, storage_conflicts
from specs.token_logins import TokenLogins, login_conflicts

_CLASS = re.compile(
    # Only the burstable families have sizes below medium.
    r"db\.(t[0-9]+[a-z]*\.(micro|small)|[a-z]+[0-9]+[a-z]*\.(medium|([0-9]*x)?large))\Z"
)
_OLD = ("db.m1.", "db.m2.", "db.t1.", "db.t2.", "db.m3.", "db.r3.")


class InstanceBackups(Part):
    """Automated backups. An instance without any can have no replica."""

    retention_days: int = Field(ge=0, le=35)
    window: BackupWindow
    copy_to: BackupCopy | None = None

    def conflicts(self) -> Iterator[Conflict]:
        if self.copy_to is not None and self.retention_days == 0:
            yield "copy_to", "has nothing to copy: set retention_days to 1 or more, or leave it out"


def known_class(text: str, runs: str) -> str:
    """A class that we know nothing against; ``runs`` is what the oldest ones cannot run."""
    if text.startswith(_OLD):
        raise refuse(f"{text!r} cannot run {runs}; write a newer one such as db.t3.micro")
    if not _CLASS.match(text):
        raise refuse(f"{text!r} is no instance class; write one such as db.t3.micro")
    return text


class RdsInstance(WithMaster):
    """An instance of some engine. What the engine decides is derived, not written."""

    facts: ClassVar[Engine]

    kind: str
    engine_version: str
    instance_class: str = Field(alias="class")
    storage: Storage
    availability: Availability
    username: Username
    backups: InstanceBackups
    maintenance_window: MaintenanceWindow
    enhanced_monitoring: EnhancedMonitoring | None = None
    performance_insights: PerformanceInsights | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @field_validator("engine_version")
    @classmethod
    def _offered(cls, text: str) -> str:
        return cls.facts.check_version(text)

    @field_validator("instance_class")
    @classmethod
    def _runs(cls, text: str) -> str:
        return known_class(text, f"{cls.facts.title} {cls.facts.example}")

    @field_validator("username", "database", check_fields=False)
    @classmethod
    def _free(cls, text: str | None) -> str | None:
        return cls.facts.check_name(text)

    @property
    def engine(self) -> str:
        """What RDS calls its engine."""
        return self.facts.name

    @property
    def database_name(self) -> str | None:
        """The database that is made with it, where its engine has such a thing."""
        return getattr(self, "database", None)

    @property
    def family(self) -> str:
        """The parameter group family of the version."""
        return f"{self.engine}{self.facts.major(self.engine_version)}"

    @property
    def log_exports(self) -> tuple[str, ...]:
        """The logs that RDS delivers to CloudWatch Logs."""
        return self.facts.logs

    @property
    def moves_by_itself(self) -> bool:
        """Whether RDS may change the patch: of ``8.4`` it must, or it refuses the version.

        Of ``8.4.8`` it must not, or the next deployment would ask for a downgrade.
        """
        return self.facts.is_prefix(self.engine_version)

    def conflicts(self) -> Iterator[Conflict]:
        yield from window_conflicts(self.backups.window, self.maintenance_window, least_minutes=30)
        yield from storage_conflicts(self.storage, self.facts)
        yield from self.facts.database_conflicts(self.database_name)
        if self.performance_insights is not None and self.facts.too_small(self.instance_class):
            yield (
                "performance_insights",
                f"is refused on {self.instance_class}; leave it out, or take db.t3.medium or more",
            )

    @property
    def claims(self) -> Iterator[Claim]:
        yield "instance", "identifier", self.identifier


class Audited(Part):
    """What can have MariaDB's audit plugin, of which AWS keeps one for MySQL, too."""

    audit_log: AuditLog | None = None


class OpenSourceInstance(TokenLogins, RdsInstance):
    """An instance of MySQL, MariaDB or PostgreSQL: it can be replicated, also between regions."""

    database: DatabaseName
    slow_query_log: SlowQueryLog | None = None

    @property
    def log_exports(self) -> tuple[str, ...]:
        slow = self.facts.slow_log if self.slow_query_log else None
        logs = (*self.facts.logs, slow) if slow else self.facts.logs
        return ("audit", *logs) if isinstance(self, Audited) and self.audit_log else logs

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        yield from login_conflicts(self, self.username)
