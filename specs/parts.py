"""What several topologies have in common: windows, backups, identifiers, lifetimes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.fields import FieldInfo

from specs.problems import Conflict, refuse

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
LONGEST_IDENTIFIER = 63
LONGEST_TOPOLOGY = 30
"""A name in the config: those of parameter groups and subnet groups begin with it."""
"""Of RDS: instances, clusters, endpoints."""
_CLOCK = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_IDENTIFIER = re.compile(r"[a-z](?:-?[a-z0-9])*\Z")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]\Z")
_USER = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
_RESERVED_USERS = frozenset({"rdsadmin", "rdsrepladmin", "mysql", "root"})
_RESERVED_DATABASES = frozenset({"mysql", "sys"})
"""MySQL's own whose names are letters only."""
_SIZED = re.compile(r"([a-z]+[0-9]+[a-z]*)\.(micro|small|medium|(?:[0-9]*x)?large)\Z")


class Part(BaseModel):
    """Base of everything in a config: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)

    def conflicts(self) -> Iterator[Conflict]:
        """What does not fit together. Asked once every value of a topology is right by itself."""
        yield from ()

    @property
    def all_conflicts(self) -> Iterator[Conflict]:
        """Those of the parts it consists of, too."""
        yield from self.conflicts()
        for name, field in type(self).model_fields.items():
            for path, part in _parts_in(field.alias or name, getattr(self, name)):
                yield from ((f"{path}.{key}", text) for key, text in part.all_conflicts)

    @model_validator(mode="before")
    @classmethod
    def _true_is_no_number(cls, raw: Any) -> Any:
        # YAML's yes and on are true, and that is 1 to pydantic; as text it is what it is.
        if not isinstance(raw, Mapping) or not any(isinstance(v, bool) for v in raw.values()):
            return raw
        fields = cls.model_fields.items()
        numbers = {field.alias or name for name, field in fields if _is_number(field)}
        return {
            k: str(v).lower() if isinstance(v, bool) and k in numbers else v for k, v in raw.items()
        }


def _is_number(field: FieldInfo) -> bool:
    kinds = (field.annotation, *get_args(field.annotation))
    return any(kind in (int, float) or type(kind) is int for kind in kinds)


def _parts_in(path: str, value: object) -> Iterator[tuple[str, Part]]:
    match value:
        case Part():
            yield path, value
        case tuple():
            for number, inner in enumerate(value):
                yield from _parts_in(f"{path}.{number}", inner)
        case Mapping():
            for key, inner in value.items():
                yield from _parts_in(f"{path}.{key}", inner)


def is_name(text: str) -> bool:
    """Whether ``text`` is what AWS takes for a name wherever it is strictest."""
    return _IDENTIFIER.match(text) is not None


def sized(prefix: str, text: str) -> tuple[str, str]:
    """Family and size of a class such as ``db.t3.micro``; two empty ones if there is none."""
    match = _SIZED.match(text.removeprefix(prefix)) if text.startswith(prefix) else None
    family, size = match.groups() if match else ("", "")
    # Only the burstable families have sizes below medium.
    return ("", "") if size in ("micro", "small") and family[0] != "t" else (family, size)


def _identifier(text: str) -> str:
    # RDS stores identifiers in lower case, so that another spelling is an eternal difference.
    if not is_name(text) or len(text) > LONGEST_IDENTIFIER:
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
    if text.lower() in _RESERVED_DATABASES:
        raise refuse(f"{text!r} is MySQL's own; the course uses myappdb")
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
    match = re.match(rf"{_CLOCK}-{_CLOCK}\Z", text)
    if match is None:
        return None
    start, end = (60 * int(match[i]) + int(match[i + 1]) for i in (1, 3))
    return start, end if end > start else end + DAY_MINUTES


def week_minutes(text: str) -> tuple[int, int] | None:
    """Start and end of ``ddd:hh:mm-ddd:hh:mm`` in minutes of the week; ``None`` if not one."""
    match = re.match(r"([a-z]{3}):([0-9:]{5})-([a-z]{3}):([0-9:]{5})\Z", text)
    if match is None or match[1] not in _DAYS or match[3] not in _DAYS:
        return None
    clock = minutes(f"{match[2]}-{match[4]}")
    if clock is None:
        return None
    start = _DAYS.index(match[1]) * DAY_MINUTES + clock[0]
    end = _DAYS.index(match[3]) * DAY_MINUTES + clock[1] % DAY_MINUTES
    return start, end if end > start else end + WEEK_MINUTES


def _backup_window(text: str) -> str:
    window = minutes(text)
    if window is None or window[1] - window[0] == DAY_MINUTES:
        raise refuse(f"{text!r} is no window; write it in UTC, such as 03:00-04:00")
    return text


def _maintenance_window(text: str) -> str:
    window = week_minutes(text)
    if window is None or window[1] - window[0] == WEEK_MINUTES:
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


Space = Literal[
    "instance",
    "cluster",
    "endpoint",
    "cache",
    "serverless-cache",
    "proxy",
    "proxy endpoint",
    "migration",
    "global cluster",
]
"""Where AWS keeps identifiers apart from each other."""

Claim = tuple[Space, str, str]
"""A name space, the key that holds an identifier, the identifier."""


class SlowQueryLog(Part):
    """Statements that take longer are logged to CloudWatch Logs."""

    threshold_seconds: float = Field(ge=0, le=3600)


class AuditLog(Part):
    """Who connected and what was asked, in a log of its own, kept for ``keep_days``.

    ``queries`` also has every statement; without it only changes of tables and of rights.
    """

    keep_days: Literal[30, 60, 90, 180, 365, 400, 731, 1827, 3653] = 365
    """Periods that CloudWatch Logs knows."""
    queries: bool = False

    @property
    def events(self) -> str:
        """What MariaDB's and Aurora's audit plugin calls it."""
        return "CONNECT,QUERY" if self.queries else "CONNECT,QUERY_DDL,QUERY_DCL"


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
        """Every identifier of it that must be unique in its region; a global cluster's in all."""
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

    @property
    def needs_own_password(self) -> Mapping[str, str]:
        """The references whose passwords RDS must not make, each with the reason."""
        return {}

    @property
    def elsewhere(self) -> Mapping[str, Described]:
        """What of it stands in another region, which it names, by the key that describes it."""
        return {}

    def objection(self, key: str, other: Described) -> str | None:
        """What keeps ``other`` from being the reference under ``key``: a sentence, or nothing."""
        return None
