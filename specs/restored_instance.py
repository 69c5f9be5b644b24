"""An RDS instance made of the backups of another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator

from specs.backup_copies import BackupCopy
from specs.parts import (
    ApplyChanges,
    Availability,
    Claim,
    Described,
    EnhancedMonitoring,
    Lifetime,
    Part,
)
from specs.problems import Conflict, refuse
from specs.rds_instance import known_class
from specs.rds_mariadb import RdsMariadb
from specs.rds_mysql import RdsMysql

LATEST: Literal["latest"] = "latest"
_SNAPSHOT = re.compile(r"(rds:)?[a-z](?:-?[a-z0-9])*\Z")
_MOST_SNAPSHOT = 255


@dataclass(frozen=True)
class Snapshot:
    """A snapshot in the instance's own region, by its name."""

    name: str


def _moment(value: Any) -> Literal["latest"] | datetime | Snapshot:
    if value == LATEST:
        return LATEST
    if isinstance(value, dict) and list(value) == ["snapshot"]:
        return _snapshot(value["snapshot"])
    # YAML reads a time without quotes as one.
    moment = _parsed(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise refuse(
            f"{value!r} is no moment; write latest, a time such as 2026-11-25T12:00:00Z, or "
            "snapshot: and the name of one"
        )
    if moment.tzinfo is None:
        raise refuse(f"{value!r} says no time zone; write it in UTC, with a Z at its end")
    if moment.microsecond:
        raise refuse(f"{value!r} is finer than a second, which is as fine as RDS restores")
    if moment > datetime.now(UTC):
        raise refuse(f"{value!r} is in the future; write an earlier time, or latest")
    return moment.astimezone(UTC)


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _snapshot(name: Any) -> Snapshot:
    if not isinstance(name, str) or not _SNAPSHOT.match(name) or len(name) > _MOST_SNAPSHOT:
        raise refuse(
            f"{name!r} is no snapshot's name; write one such as myapp-mysql-db-final, in lower case"
        )
    return Snapshot(name)


Moment = Annotated[Literal["latest"] | datetime | Snapshot, PlainValidator(_moment)]


def _class(text: str) -> str:
    return known_class(text, "what RDS still restores")


class RestoredBackups(Part):
    """Automated backups, kept as long as its source's and in the same window."""

    copy_to: BackupCopy


class RestoredInstance(Described):
    """An instance with another one's data as of a moment. Engine, version, storage, users and
    databases are its source's; another moment is another instance.
    """

    kind: Literal["restored-instance"]
    source: str
    """The name of the topology whose backups it is made of."""
    at: Moment
    """``latest``, a time in UTC, or ``snapshot: <name>``. The time must be within the source's
    backups when the instance is made; RDS says when it is not."""
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    availability: Availability = "single-az"
    backups: RestoredBackups | None = None
    enhanced_monitoring: EnhancedMonitoring | None = None
    apply_changes: ApplyChanges = "maintenance-window"
    lifetime: Lifetime = "protected"

    @property
    def claims(self) -> Iterator[Claim]:
        yield "instance", "identifier", self.identifier

    @property
    def references(self) -> Mapping[str, str]:
        return {"source": self.source}

    def conflicts(self) -> Iterator[Conflict]:
        if self.region is not None:
            yield "region", "is its source's, where the backups are; leave it out"

    @property
    def needs_own_password(self) -> Mapping[str, str]:
        return {"source": "has its password as of a moment, which RDS rotates away"}

    def objection(self, key: str, other: Described) -> str | None:
        if not isinstance(other, RdsMysql | RdsMariadb):
            return "is no rds-mysql or rds-mariadb topology; name one"
        if other.backups.retention_days == 0 and not isinstance(self.at, Snapshot):
            return (
                "has no backups to restore; set its backups.retention_days to 1 or more, or "
                "restore a snapshot"
            )
        if other.backups.retention_days == 0 and self.backups is not None:
            return (
                "keeps no backups, nor does what is restored from it; leave backups.copy_to out, "
                "or set its backups.retention_days to 1 or more"
            )
        return None
