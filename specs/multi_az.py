"""The Multi-AZ DB cluster of RDS: a writer and two standbys that read, on disks of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, field_validator

from specs.multi_az_storage import Storage
from specs.parts import (
    ApplyChanges,
    BackupWindow,
    Claim,
    DatabaseName,
    Described,
    EnhancedMonitoring,
    Lifetime,
    MaintenanceWindow,
    Part,
    PerformanceInsights,
    SlowQueryLog,
    Username,
    Zone,
    sized,
    window_conflicts,
)
from specs.problems import Conflict, refuse
from specs.rds_engines import Engine
from specs.token_logins import TokenLogins, login_conflicts

MEMBERS = 3
LONGEST_IDENTIFIER = 52
"""RDS adds to it what tells the members apart (CreateDBCluster, botocore)."""
# "Not available" in AWS's table of regions for Multi-AZ DB clusters.
ABSENT_FROM = frozenset({"us-west-1", "ap-southeast-6", "ap-southeast-7", "ap-east-2"})
_UP_TO_16 = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
# Only classes with a disk of their own: CloudFormation's list of DBClusterInstanceClass, the same
# for both engines (cfn-lint 1.58). The cheapest is db.c6gd.medium (aws-facts, section 1.4).
_CLASSES: Mapping[str, str] = {
    "c6gd": f"medium {_UP_TO_16}",
    **dict.fromkeys(("m6gd", "r6gd"), _UP_TO_16),
    **dict.fromkeys(("m5d", "r5d"), f"{_UP_TO_16} 24xlarge"),
    **dict.fromkeys(("m6id", "m6idn", "r6id", "r6idn"), f"{_UP_TO_16} 24xlarge 32xlarge"),
    **dict.fromkeys(("m8gd", "r8gd"), f"{_UP_TO_16} 24xlarge 48xlarge"),
    "x2idn": "16xlarge 24xlarge 32xlarge",
    "x2iedn": "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge",
}


def _class(text: str) -> str:
    family, size = sized("db.", text)
    if size not in _CLASSES.get(family, "").split():
        raise refuse(
            f"a Multi-AZ DB cluster takes classes with a disk of their own, and {text!r} is none; "
            "write one such as db.m6gd.large, the cheapest is db.c6gd.medium"
        )
    return text


def _three(zones: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(zones)) != MEMBERS or len(zones) != MEMBERS:
        raise refuse(f"names {', '.join(zones) or 'none'}; name {MEMBERS} different zones")
    return zones


class MultiAzBackups(Part):
    """Continuous backup; a Multi-AZ DB cluster cannot do without, and keeps it in its region."""

    # "Multi-AZ DB clusters don't support: cross-Region automated backups, copying a snapshot".
    not_here: ClassVar[Mapping[str, str]] = {
        "copy_to": "is nothing AWS does for a Multi-AZ DB cluster: RDS neither replicates its "
        "backups nor copies its snapshots; leave it out, or write kind rds-mysql or rds-postgres"
    }

    retention_days: int = Field(ge=1, le=35)
    window: BackupWindow


_NO_MEMBERS = "is RDS's choice: it puts a member into each of three zones; write zones, or nothing"


class MultiAzCluster(TokenLogins, Described):
    """A writer and two standbys, which RDS makes, names and places. What decides the engine is
    derived.
    """

    facts: ClassVar[Engine]
    logs: ClassVar[tuple[str, ...]]
    """What is always exported to CloudWatch Logs."""
    not_here: ClassVar[Mapping[str, str]] = {
        "availability": "is what the kind says: three zones; leave it out",
        "writer": _NO_MEMBERS,
        "readers": _NO_MEMBERS,
        "custom_endpoints": "are Aurora's; leave them out",
        "activity_stream": "is Aurora's; leave it out",
        "port": "is the engine's; leave it out",
        "migration": "is for kinds rds-mysql and aurora-mysql; leave it out",
        "audit_log": "needs an option group or an extension, and a Multi-AZ DB cluster has no "
        "option group; leave it out, or write kind rds-mysql",
    }

    kind: str
    engine_version: str
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    storage: Storage
    username: Username
    database: DatabaseName
    zones: Annotated[tuple[Zone, ...], AfterValidator(_three)] | None = None
    """The three of its subnet group; without them the network's first ones."""
    backups: MultiAzBackups
    maintenance_window: MaintenanceWindow
    enhanced_monitoring: EnhancedMonitoring | None = None
    performance_insights: PerformanceInsights | None = None
    slow_query_log: SlowQueryLog | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @field_validator("engine_version")
    @classmethod
    def _offered(cls, text: str) -> str:
        return cls.facts.check_version(text)

    @field_validator("username", "database")
    @classmethod
    def _free(cls, text: str | None) -> str | None:
        return cls.facts.check_name(text)

    @property
    def engine(self) -> str:
        """What RDS calls its engine."""
        return self.facts.name

    @property
    def family(self) -> str:
        """The parameter group family of the version."""
        return f"{self.engine}{self.facts.major(self.engine_version)}"

    @property
    def log_exports(self) -> tuple[str, ...]:
        """The logs that RDS delivers to CloudWatch Logs."""
        slow = self.facts.slow_log if self.slow_query_log else None
        return (*self.logs, slow) if slow else self.logs

    @property
    def moves_by_itself(self) -> bool:
        """Whether RDS may change the patch: as of an instance, if the version leaves it to RDS."""
        return self.facts.is_prefix(self.engine_version)

    @property
    def members(self) -> tuple[str, ...]:
        """What RDS calls its instances. Who of them writes changes with a failover."""
        return tuple(f"{self.identifier}-instance-{n + 1}" for n in range(MEMBERS))

    @property
    def placed(self) -> Mapping[str, str]:
        return {f"zones.{n}": zone for n, zone in enumerate(self.zones or ())}

    @property
    def claims(self) -> Iterator[Claim]:
        yield "cluster", "identifier", self.identifier
        for member in self.members:
            yield "instance", "identifier", member

    def conflicts(self) -> Iterator[Conflict]:
        yield from window_conflicts(self.backups.window, self.maintenance_window, least_minutes=30)
        yield from login_conflicts(self, self.username)
        if len(self.identifier) > LONGEST_IDENTIFIER:
            yield (
                "identifier",
                f"has {len(self.identifier)} characters; a Multi-AZ DB cluster's has at most "
                f"{LONGEST_IDENTIFIER}",
            )
        yield from self.facts.database_conflicts(self.database)
