"""A provisioned Aurora PostgreSQL cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator

from specs.aurora_provisioned import ProvisionedCluster
from specs.parts import sized
from specs.problems import Conflict, refuse
from specs.rds_engines import POSTGRES

EXAMPLE = "17.7"
# Those that can be created in 2026 (CloudFormation's lists in cfn-lint 1.58): from a minor version
# of each major one on, and of two earlier ones the long-term-support lines.
_OLDEST: Mapping[str, int] = {"14": 17, "15": 12, "16": 8, "17": 4, "18": 3}
_LONG_TERM = frozenset({"14.6", "15.10"})
_OLDER = re.compile(r"(9\.6|1[0-3])(\.|\Z)")
_T_SIZES = ("medium", "large")
MEMORY_OPTIMISED = ("r5", "r6g", "r6i", "r7g", "r7i", "r8g", "r8a", "x2g")
# With a disk of their own for reads, which the small sizes do not have (cfn-lint 1.58, us-east-1).
_OPTIMISED_READS: Mapping[str, frozenset[str]] = {
    "r6gd": frozenset({"xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"}),
    "r6id": frozenset({"24xlarge", "32xlarge"}),
    "r8gd": frozenset(
        {"xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge"}
    ),
}


def _version(text: str) -> str:
    if _OLDER.match(text):
        raise refuse(
            f"{text!r} is past RDS's standard support and billed as extended support; write "
            f"{EXAMPLE}"
        )
    match = re.match(r"([0-9]+)\.([0-9]+)\Z", text)
    if match is None or match[1] not in _OLDEST:
        # Members would be upgraded by themselves if it left the minor version to RDS.
        raise refuse(f"{text!r} is no version of Aurora PostgreSQL; write one such as {EXAMPLE}")
    if int(match[2]) < _OLDEST[match[1]] and text not in _LONG_TERM:
        raise refuse(f"{text!r} is withdrawn; write {EXAMPLE}, or {match[1]} from a newer minor on")
    return text


def _class(text: str) -> str:
    if text == "db.serverless":
        raise refuse(
            "'db.serverless' is a member of a serverless cluster, and those are Aurora MySQL here; "
            "write a class such as db.r6g.large, or kind aurora-serverless"
        )
    family, size = sized("db.", text)
    if family in ("t3", "t4g") and size in _T_SIZES:
        return text
    if family in MEMORY_OPTIMISED and size.endswith("large"):
        return text
    if size in _OPTIMISED_READS.get(family, ()):
        return text
    raise refuse(
        f"Aurora PostgreSQL refuses {text!r}; the smallest it takes are db.t3.medium and "
        "db.t4g.medium, one for production is db.r6g.large"
    )


class AuroraPostgresql(ProvisionedCluster):
    """A provisioned cluster that speaks PostgreSQL. Slow statements go to its one log."""

    engine: ClassVar[str] = "aurora-postgresql"
    port: ClassVar[int] = POSTGRES.port
    not_here: ClassVar[Mapping[str, str]] = {
        "capacity": "is for kind aurora-serverless, which is Aurora MySQL; write class instead",
        "secondaries": "are for kind global-database, which is Aurora MySQL; leave them out",
        "primary": "is for kind global-database, which is Aurora MySQL; write writer and readers",
        "audit_log": "is Aurora MySQL's; PostgreSQL audits by its extension pgaudit, which "
        "somebody must create by SQL, or by activity_stream",
        "migration": "is for MySQL; a migration ends at kind rds-postgres",
    }

    kind: Literal["aurora-postgresql"]
    engine_version: Annotated[str, AfterValidator(_version)]
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    activity_stream: Literal["sync", "async"] | None = None
    """``sync``: a statement that cannot be told to the stream is not done."""

    @field_validator("username", "database")
    @classmethod
    def _free(cls, text: str | None) -> str | None:
        return POSTGRES.check_name(text)

    @property
    def family(self) -> str:
        return f"{self.engine}{self.engine_version.partition('.')[0]}"

    @property
    def log_exports(self) -> tuple[str, ...]:
        return ("postgresql",)

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        yield from POSTGRES.database_conflicts(self.database)
