"""What every Aurora cluster has, whatever it speaks and runs on: a volume, a writer, readers."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from specs.backup_copies import SnapshotCopy
from specs.members import member_conflicts
from specs.parts import (
    ApplyChanges,
    AuditLog,
    BackupWindow,
    Claim,
    DatabaseName,
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
from specs.passwords import WithMaster
from specs.problems import Conflict, refuse
from specs.rds_engines import MYSQL
from specs.token_logins import TokenLogins, login_conflicts

MOST_READERS = 15
_NO_POSTGRES = re.compile(r"1[0-9](\.[0-9]+)?\Z")
_ENDED = re.compile(r"8\.0\.mysql_aurora\.3\.(0[0-35-7]\..*|04\.5|11\.0)\Z")


def _version(text: str) -> str:
    if _NO_POSTGRES.match(text):
        # The one place where somebody would ask for it.
        raise refuse(
            f"{text!r} is Aurora PostgreSQL, which has kind aurora-postgresql: its members have "
            "classes, and it stands in one region. Serverless and global databases are Aurora "
            "MySQL here; write a version such as 8.0.mysql_aurora.3.10.6"
        )
    if not re.match(r"8\.0\.mysql_aurora\.3\.[0-9]{2}\.[0-9]+\Z", text):
        raise refuse(
            f"{text!r} is no Aurora MySQL version 3; write one such as 8.0.mysql_aurora.3.10.6"
        )
    if _ENDED.match(text):
        raise refuse(f"{text!r} is withdrawn; write 8.0.mysql_aurora.3.10.6, of the LTS line")
    return text


AuroraVersion = Annotated[str, AfterValidator(_version)]


@dataclass(frozen=True)
class Seat:
    """One instance of a cluster. ``key`` is its place in the topology's config.

    ``tier`` is the promotion tier, 0 to 15: who takes over first.
    """

    key: str
    identifier: str
    zone: str
    tier: int


class ClusterBackups(Part):
    """Continuous backup; Aurora cannot do without."""

    retention_days: int = Field(ge=1, le=35)
    window: BackupWindow
    copy_to: SnapshotCopy | None = None


class AuroraCluster(TokenLogins, WithMaster):
    """A cluster; who its members are is said by each kind of it, what it speaks by its engine."""

    engine: ClassVar[str]
    """What RDS calls its engine."""
    port: ClassVar[int]

    kind: str
    engine_version: str
    username: Username
    database: DatabaseName | None = None
    backups: ClusterBackups
    maintenance_window: MaintenanceWindow
    performance_insights: PerformanceInsights | None = None
    enhanced_monitoring: EnhancedMonitoring | None = None
    slow_query_log: SlowQueryLog | None = None
    shared_zones: bool = False
    """Whether members may stand in one zone while fewer than three are used."""
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @property
    def cluster_identifier(self) -> str:
        """What RDS calls the cluster."""
        return self.identifier

    @property
    @abstractmethod
    def family(self) -> str:
        """The parameter group family of the version."""

    @property
    @abstractmethod
    def log_exports(self) -> tuple[str, ...]:
        """The logs that RDS delivers to CloudWatch Logs."""

    @property
    def audit_days(self) -> int:
        """How long its audit log is kept, where it has one."""
        return 365

    @property
    @abstractmethod
    def seats(self) -> tuple[Seat, ...]:
        """The writer first, then the readers."""

    @property
    @abstractmethod
    def member_class(self) -> str:
        """The instance class of every member."""

    @property
    def placed(self) -> Mapping[str, str]:
        return {f"{seat.key}.zone": seat.zone for seat in self.seats}

    @property
    def claims(self) -> Iterator[Claim]:
        yield "cluster", "identifier", self.cluster_identifier

    def conflicts(self) -> Iterator[Conflict]:
        yield from window_conflicts(self.backups.window, self.maintenance_window, least_minutes=30)
        yield from member_conflicts(self.seats, shared_zones=self.shared_zones)
        yield from login_conflicts(self, self.username)


class AuroraMysqlCluster(AuroraCluster):
    """A cluster that speaks MySQL."""

    engine: ClassVar[str] = "aurora-mysql"
    port: ClassVar[int] = MYSQL.port

    engine_version: AuroraVersion
    audit_log: AuditLog | None = None
    migration: MigrationRole | None = None

    @property
    def family(self) -> str:
        return "aurora-mysql8.0"

    @property
    def log_exports(self) -> tuple[str, ...]:
        found = ("error", "slowquery") if self.slow_query_log else ("error",)
        return ("audit", *found) if self.audit_log else found

    @property
    def audit_days(self) -> int:
        return self.audit_log.keep_days if self.audit_log else super().audit_days
