"""An Aurora MySQL cluster: a writer, readers, and endpoints that lead to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.parts import (
    LONGEST_IDENTIFIER,
    ApplyChanges,
    BackupWindow,
    Claim,
    DatabaseName,
    Described,
    Identifier,
    Lifetime,
    MaintenanceWindow,
    MigrationRole,
    Part,
    PerformanceInsights,
    SlowQueryLog,
    Username,
    Zone,
    window_conflicts,
)
from specs.problems import Conflict, did_you_mean, refuse

MOST_READERS = 15
MOST_CUSTOM_ENDPOINTS = 5
FAMILY = "aurora-mysql8.0"
_GENERATIONS = ("r5", "r6g", "r6i", "r7g", "r7i", "r8g", "r8a", "x2g")
_T_SIZES = ("medium", "large")
_ENDED = re.compile(r"8\.0\.mysql_aurora\.3\.(0[567]\..*|11\.0)\Z")


def _version(text: str) -> str:
    if not re.match(r"8\.0\.mysql_aurora\.3\.\d+\.\d+\Z", text):
        raise refuse(
            f"{text!r} is no Aurora MySQL version 3; write one such as 8.0.mysql_aurora.3.10.6"
        )
    if _ENDED.match(text):
        raise refuse(f"{text!r} is withdrawn; write 8.0.mysql_aurora.3.10.6, of the LTS line")
    return text


def _class(text: str) -> str:
    match = re.match(r"db\.([a-z0-9]+)\.([a-z0-9]+)\Z", text)
    family, size = match.groups() if match else ("", "")
    if family in ("t3", "t4g") and size in _T_SIZES:
        return text
    if family in _GENERATIONS:
        return text
    raise refuse(
        f"Aurora MySQL refuses {text!r}; the smallest it takes are db.t3.medium and "
        "db.t4g.medium, the course's is db.r5.large"
    )


class Member(Part):
    """One instance of the cluster."""

    identifier: Identifier
    zone: Zone


class ClusterBackups(Part):
    """Continuous backup; Aurora cannot do without."""

    retention_days: int = Field(ge=1, le=35)
    window: BackupWindow


class AuroraMysql(Described):
    """A provisioned cluster. ``readers`` are in the order in which they take over."""

    kind: Literal["aurora-mysql"]
    engine_version: Annotated[str, AfterValidator(_version)]
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    username: Username
    database: DatabaseName | None = None
    writer: Member
    readers: tuple[Member, ...] = Field(max_length=MOST_READERS)
    custom_endpoints: Mapping[Identifier, tuple[str, ...]] = Field(default_factory=dict)
    backups: ClusterBackups
    maintenance_window: MaintenanceWindow
    performance_insights: PerformanceInsights | None = None
    slow_query_log: SlowQueryLog | None = None
    migration: MigrationRole | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @property
    def members(self) -> tuple[Member, ...]:
        """The writer first, then the readers."""
        return (self.writer, *self.readers)

    @property
    def _by_key(self) -> Mapping[str, Member]:
        readers = {f"readers.{n}": reader for n, reader in enumerate(self.readers)}
        return {"writer": self.writer, **readers}

    @property
    def placed(self) -> Mapping[str, str]:
        return {f"{key}.zone": member.zone for key, member in self._by_key.items()}

    @property
    def claims(self) -> Iterator[Claim]:
        yield "cluster", "identifier", self.identifier
        for key, member in self._by_key.items():
            yield "instance", f"{key}.identifier", member.identifier
        for endpoint in self.custom_endpoints:
            yield "endpoint", f"custom_endpoints.{endpoint}", self.endpoint_identifier(endpoint)

    def endpoint_identifier(self, endpoint: str) -> str:
        """What AWS calls a custom endpoint: unique in its region, as the short name need not be."""
        return f"{self.identifier}-{endpoint}"

    def conflicts(self) -> Iterator[Conflict]:
        yield from window_conflicts(self.backups.window, self.maintenance_window, least_minutes=30)
        if len(self.custom_endpoints) > MOST_CUSTOM_ENDPOINTS:
            yield (
                "custom_endpoints",
                f"has {len(self.custom_endpoints)} entries; Aurora allows {MOST_CUSTOM_ENDPOINTS}",
            )
        names = tuple(member.identifier for member in self.members)
        for endpoint, members in self.custom_endpoints.items():
            key, identifier = f"custom_endpoints.{endpoint}", self.endpoint_identifier(endpoint)
            if len(identifier) > LONGEST_IDENTIFIER:
                yield key, f"becomes {identifier!r}, over {LONGEST_IDENTIFIER} characters"
            if not members:
                yield key, f"has no member; name one of {', '.join(names)}"
            for member in members:
                if member not in names:
                    yield key, f"{member!r} is no member{did_you_mean(member, names)}"
        if self.performance_insights is not None and self.instance_class.startswith("db.t3."):
            yield (
                "performance_insights",
                f"is refused on {self.instance_class}; leave it out, or take db.t4g.medium or "
                "db.r5.large",
            )
