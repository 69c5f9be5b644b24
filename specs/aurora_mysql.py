"""An Aurora MySQL cluster: a writer, readers, and endpoints that lead to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from specs.parts import (
    ApplyChanges,
    BackupWindow,
    DatabaseName,
    Identifier,
    Lifetime,
    MaintenanceWindow,
    Part,
    RegionName,
    SlowQueryLog,
    Username,
    Zone,
    check_windows,
)
from specs.problems import did_you_mean, refuse

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


class AuroraMysql(Part):
    """A provisioned cluster. ``readers`` are in the order in which they take over."""

    kind: Literal["aurora-mysql"]
    identifier: Identifier
    region: RegionName | None = None
    engine_version: Annotated[str, AfterValidator(_version)]
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    username: Username
    database: DatabaseName | None = None
    writer: Member
    readers: tuple[Member, ...] = Field(max_length=MOST_READERS)
    custom_endpoints: Mapping[Identifier, tuple[str, ...]] = Field(default_factory=dict)
    backups: ClusterBackups
    maintenance_window: MaintenanceWindow
    slow_query_log: SlowQueryLog | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @property
    def members(self) -> tuple[Member, ...]:
        """The writer first, then the readers."""
        return (self.writer, *self.readers)

    @property
    def instance_identifiers(self) -> tuple[str, ...]:
        return tuple(member.identifier for member in self.members)

    @model_validator(mode="after")
    def _consistent(self) -> AuroraMysql:
        check_windows(self.backups.window, self.maintenance_window, least_minutes=30)
        names = self.instance_identifiers
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise refuse(f"two members are called {twice[0]!r}; rename one")
        if len(self.custom_endpoints) > MOST_CUSTOM_ENDPOINTS:
            raise refuse(
                f"custom_endpoints has {len(self.custom_endpoints)} entries; Aurora allows "
                f"{MOST_CUSTOM_ENDPOINTS}"
            )
        for endpoint, members in self.custom_endpoints.items():
            if not members:
                raise refuse(f"custom_endpoints.{endpoint} has no member; name one of {names}")
            for member in members:
                if member not in names:
                    raise refuse(
                        f"custom_endpoints.{endpoint} names {member!r}, which is no member"
                        f"{did_you_mean(member, names)}"
                    )
        return self
