"""A migration by DMS: the rows of one database, and every change to them, into another one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from specs.aurora_mysql import AuroraMysql
from specs.aurora_serverless import AuroraServerless
from specs.parts import (
    ApplyChanges,
    Availability,
    Claim,
    Described,
    MaintenanceWindow,
    Part,
)
from specs.problems import Conflict, refuse
from specs.rds_mysql import RdsMysql
from specs.rds_postgres import RdsPostgres
from specs.read_replica import ReadReplica

UNITS = (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384)
"""What DMS Serverless scales between; a unit is 2 GB of memory."""
_SIZES = {
    "t3": ("micro", "small", "medium", "large"),
    **dict.fromkeys(
        ("c5", "c6i", "c7i", "r5", "r6i", "r7i"),
        ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "9xlarge", "12xlarge", "16xlarge",
         "18xlarge", "24xlarge"),
    ),
}  # fmt: skip
_RETIRED = ("t2", "c4", "r4")

Mode = Literal["full-load", "cdc", "full-load-and-cdc"]
AccountWide = Literal["create", "adopt"]
"""``create`` what an account or a VPC can have only once, or ``adopt`` what is there already."""


def _class(text: str) -> str:
    match = re.match(r"dms\.([a-z0-9]+)\.([a-z0-9]+)\Z", text)
    family, size = match.groups() if match else ("", "")
    if family in _RETIRED:
        raise refuse(f"{text!r} is retired; write a newer one such as dms.t3.medium")
    if size not in _SIZES.get(family, ()):
        raise refuse(f"{text!r} is no class of DMS; write one such as dms.t3.medium")
    return text


class InstanceCapacity(Part):
    """A replication instance of a fixed size, there as long as the stack is."""

    type: Literal["instance"]
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    storage_gb: int = Field(ge=5, le=6144)
    availability: Availability
    maintenance_window: MaintenanceWindow
    apply_changes: ApplyChanges = "maintenance-window"


class ServerlessCapacity(Part):
    """Capacity that is there while a migration runs, between two numbers of units."""

    type: Literal["serverless"]
    min_units: int
    max_units: int
    availability: Availability
    maintenance_window: MaintenanceWindow

    @field_validator("min_units", "max_units")
    @classmethod
    def _a_step(cls, units: int) -> int:
        if units not in UNITS:
            raise refuse(f"{units} is no step of DMS; choose {', '.join(map(str, UNITS))}")
        return units

    def conflicts(self) -> Iterator[Conflict]:
        if self.min_units > self.max_units:
            yield "min_units", f"{self.min_units} is above max_units {self.max_units}; lower it"


Capacity = Annotated[InstanceCapacity | ServerlessCapacity, Field(discriminator="type")]


def _schema(text: str) -> str:
    # With % the databases of MySQL itself are migrated, too, and DMS says so only when it runs.
    if not text or "%" in text:
        raise refuse(f"{text!r} is no schema; name one, and write a selection for each")
    return text


def _table(text: str) -> str:
    if not text or "." in text:
        raise refuse(f"{text!r} is no table; write its name alone, with % for any characters")
    return text


_LONGEST_TASK = 31
"""Of a resource identifier, with which an ARN ends."""


class Selection(Part):
    """Tables of one schema that are migrated, or that are not. An exclusion wins."""

    schema_name: Annotated[str, AfterValidator(_schema)] = Field(alias="schema")
    table: Annotated[str, AfterValidator(_table)]
    action: Literal["include", "exclude"] = "include"


class Migration(Described):
    """From ``source`` to ``target``, both topologies of the stack."""

    kind: Literal["migration"]
    source: str
    target: str
    capacity: Capacity
    mode: Mode
    tables: tuple[Selection, ...]
    account_roles: AccountWide
    """DMS's two roles have fixed names, so that an account has them once (EntityAlreadyExists)."""
    secrets_endpoint: AccountWide
    """A VPC has one endpoint for Secrets Manager with a private name."""

    @property
    def follows_changes(self) -> bool:
        """Whether it reads the source's binary log."""
        return self.mode != "full-load"

    @property
    def task_identifier(self) -> str:
        """How the ARN of its task ends, and what its metrics are about.

        DMS would make one up that nobody knows before.
        """
        if len(self.identifier) <= _LONGEST_TASK:
            return self.identifier
        told_apart = hashlib.sha256(self.identifier.encode()).hexdigest()[:8]
        return f"{self.identifier[: _LONGEST_TASK - 9].rstrip('-')}-{told_apart}"

    @property
    def claims(self) -> Iterator[Claim]:
        yield "migration", "identifier", self.identifier

    @property
    def references(self) -> Mapping[str, str]:
        return {"source": self.source, "target": self.target}

    @property
    def needs_own_password(self) -> Mapping[str, str]:
        reason = "logs in with a secret of its own, which RDS does not rotate along"
        return dict.fromkeys(self.references, reason)

    @property
    def neighbours(self) -> frozenset[str]:
        # The default VPCs of two regions have the same addresses: no route joins them.
        return frozenset({"source", "target"})

    def objection(self, key: str, other: Described) -> str | None:
        return self._no_source(other) if key == "source" else self._no_target(other)

    def _no_source(self, other: Described) -> str | None:
        if isinstance(other, ReadReplica):
            return "is a replica, whose binary log it does not keep; name its source"
        if not isinstance(other, RdsMysql | AuroraMysql | AuroraServerless):
            return "cannot be a migration's source; name an rds-mysql or aurora-mysql topology"
        if not self.follows_changes:
            return None
        if other.backups.retention_days == 0:
            return "has no binary log without backups; set its backups.retention_days to 1 or more"
        if other.migration != "source":
            return "does not log rows as a migration needs them; set its migration to source"
        return None

    def _no_target(self, other: Described) -> str | None:
        if isinstance(other, RdsPostgres):
            return None
        if not isinstance(other, RdsMysql | AuroraMysql | AuroraServerless):
            return (
                "cannot be a migration's target; name an rds-mysql, aurora-mysql or rds-postgres "
                "topology"
            )
        if other.migration != "target":
            return "does not take files, by which a migration loads; set its migration to target"
        return None

    def conflicts(self) -> Iterator[Conflict]:
        if self.source == self.target:
            yield "target", f"{self.target!r} is the source, too; name another database"
        if not any(selection.action == "include" for selection in self.tables):
            yield "tables", "selects nothing; add one such as { schema: orders, table: '%' }"
        seen: set[tuple[str, str]] = set()
        for number, selection in enumerate(self.tables):
            chosen = (selection.schema_name, selection.table)
            if chosen in seen:
                yield f"tables.{number}", f"{'.'.join(chosen)} is there twice; remove one"
            seen.add(chosen)
