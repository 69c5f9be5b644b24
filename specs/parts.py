"""What several topologies have in common: windows, backups, identifiers, lifetimes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from specs.problems import Conflict, conflict, refuse

DAY_MINUTES = 24 * 60
LONGEST_IDENTIFIER = 63
"""Of RDS: instances, clusters, endpoints."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*\Z")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d\Z")
_USER = re.compile(r"[a-z][a-z0-9]*\Z", re.IGNORECASE)
_RESERVED_USERS = frozenset({"rdsadmin", "rdsrepladmin", "mysql", "root"})


class Part(BaseModel):
    """Base of everything in a config: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)

    def conflicts(self) -> Iterator[Conflict]:
        """What does not fit together, though each value by itself is right."""
        yield from ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        found = list(self.conflicts())
        if found:
            raise conflict(found)
        return self


def _identifier(text: str) -> str:
    # RDS stores identifiers in lower case, so that another spelling is an eternal difference.
    if not _IDENTIFIER.match(text) or len(text) > LONGEST_IDENTIFIER:
        raise refuse(
            f"{text!r} is no identifier: use 1 to 63 lower-case letters, digits and single "
            "hyphens, starting with a letter and not ending with a hyphen"
        )
    return text


def _region(text: str) -> str:
    if not _REGION.match(text):
        raise refuse(f"{text!r} is no region; write one such as us-east-1")
    return text


def _username(text: str) -> str:
    if not _USER.match(text) or len(text) > 16:
        raise refuse(f"{text!r} is no user name: 1 to 16 letters and digits, a letter first")
    if text.lower() in _RESERVED_USERS:
        raise refuse(f"{text!r} is reserved; the course uses admin")
    return text


def _database(text: str) -> str:
    if not re.match(r"[A-Za-z][A-Za-z0-9]{0,63}\Z", text):
        raise refuse(f"{text!r} is no database name: 1 to 64 letters and digits, a letter first")
    return text


def _zone(text: str) -> str:
    if not re.match(r"[a-z]\Z", text):
        raise refuse(f"{text!r} is no zone; write its letter, such as a for us-east-1a")
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]
RegionName = Annotated[str, AfterValidator(_region)]
Username = Annotated[str, AfterValidator(_username)]
DatabaseName = Annotated[str, AfterValidator(_database)]
Zone = Annotated[str, AfterValidator(_zone)]

Availability = Literal["multi-az", "single-az"]
ApplyChanges = Literal["immediately", "maintenance-window"]
Lifetime = Literal["disposable", "protected"]
"""``protected``: deletion protection and a final snapshot; ``disposable``: neither."""


def minutes(text: str) -> tuple[int, int] | None:
    """Start and end of ``hh:mm-hh:mm`` in minutes, the end after the start; ``None`` if not one."""
    match = re.match(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)\Z", text)
    if match is None:
        return None
    start, end = (60 * int(match[i]) + int(match[i + 1]) for i in (1, 3))
    return start, end if end > start else end + DAY_MINUTES


def week_minutes(text: str) -> tuple[int, int] | None:
    """Start and end of ``ddd:hh:mm-ddd:hh:mm`` in minutes of the week; ``None`` if not one."""
    match = re.match(r"(\w{3}):(\d\d:\d\d)-(\w{3}):(\d\d:\d\d)\Z", text)
    if match is None or match[1] not in _DAYS or match[3] not in _DAYS:
        return None
    clock = minutes(f"{match[2]}-{match[4]}")
    if clock is None:
        return None
    start = _DAYS.index(match[1]) * DAY_MINUTES + clock[0]
    end = _DAYS.index(match[3]) * DAY_MINUTES + clock[1] % DAY_MINUTES
    return start, end if end > start else end + 7 * DAY_MINUTES


def _backup_window(text: str) -> str:
    if minutes(text) is None:
        raise refuse(f"{text!r} is no window; write it in UTC, such as 03:00-04:00")
    return text


def _maintenance_window(text: str) -> str:
    if week_minutes(text) is None:
        raise refuse(f"{text!r} is no window; write it in UTC, such as sun:04:30-sun:05:30")
    return text


BackupWindow = Annotated[str, AfterValidator(_backup_window)]
MaintenanceWindow = Annotated[str, AfterValidator(_maintenance_window)]


def window_conflicts(backup: str, maintenance: str, least_minutes: int) -> Iterator[Conflict]:
    """Both windows last ``least_minutes`` and never meet; AWS refuses anything else."""
    daily, weekly = minutes(backup), week_minutes(maintenance)
    assert daily is not None
    assert weekly is not None
    for name, text, (start, end) in (
        ("backups.window", backup, daily),
        ("maintenance_window", maintenance, weekly),
    ):
        if end - start < least_minutes:
            yield name, f"{text} is shorter than {least_minutes} minutes; make it longer"
    for day in range(-1, 8):
        start, end = (day * DAY_MINUTES + minute for minute in daily)
        if start < weekly[1] and weekly[0] < end:
            yield (
                "maintenance_window",
                f"{maintenance} overlaps backups.window {backup}, which AWS refuses; move one",
            )
            return


Space = Literal["instance", "cluster", "endpoint", "cache", "migration"]
"""Where AWS keeps identifiers apart from each other."""

Claim = tuple[Space, str, str]
"""A name space, the key that holds an identifier, the identifier."""


class SlowQueryLog(Part):
    """Statements that take longer are logged to CloudWatch Logs."""

    threshold_seconds: float = Field(ge=0, le=3600)


class PerformanceInsights(Part):
    """Load of the database by wait and statement. 7 days are free."""

    retention_days: int

    @field_validator("retention_days")
    @classmethod
    def _a_period(cls, days: int) -> int:
        if days not in (7, 731) and (days % 31 or not 31 <= days <= 23 * 31):
            raise refuse(f"{days} is no period; write 7, 731, or a multiple of 31 below that")
        return days


MigrationRole = Literal["source", "target"]
"""What a database is in a migration: it logs its rows for one, or takes files from one."""


class EnhancedMonitoring(Part):
    """Metrics of the operating system."""

    interval_seconds: Literal[1, 5, 10, 15, 30, 60]


class Described(Part):
    """Base of every topology: what it is called, where it stands, what it builds on."""

    identifier: Identifier
    region: RegionName | None = None

    @property
    def claims(self) -> Iterator[Claim]:
        """Every identifier of it that must be unique in its region."""
        yield from ()

    @property
    def placed(self) -> Mapping[str, str]:
        """Zone letters by the key that holds them."""
        return {}

    @property
    def references(self) -> Mapping[str, str]:
        """Names of the topologies it is built on, by the key that holds them.

        It stands in the region of the first one unless it says otherwise.
        """
        return {}

    @property
    def neighbours(self) -> frozenset[str]:
        """The references that must stand in its own region."""
        return frozenset()

    def objection(self, key: str, other: Described) -> str | None:
        """What keeps ``other`` from being the reference under ``key``: a sentence, or nothing."""
        return None
