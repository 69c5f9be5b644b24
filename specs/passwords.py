"""Who makes the password of a master user, and when it is another one."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, field_validator

from specs.parts import Described, Part
from specs.problems import Conflict, Problem, refuse

T = TypeVar("T", bound=Described)
DAY_HOURS = 24
_FIRST = datetime.date(2000, 1, 1)


def _day(value: Any) -> datetime.date:
    # YAML reads a day without quotes as one.
    try:
        day = datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        raise refuse(f"{value!r} is no day; write the day of the rotation, such as 2026-11-28")
    if not _FIRST <= day <= datetime.date.today():
        raise refuse(f"{day} is not a day of the past; write that of the rotation, at most today")
    return day


Rotated = Annotated[datetime.date, BeforeValidator(_day)]
"""The day of the last rotation: another day is another password."""


class EveryDays(Part):
    """So many days after the last rotation."""

    type: Literal["every"]
    days: int = Field(ge=1, le=1000)

    @property
    def rules(self) -> Mapping[str, Any]:
        """As Secrets Manager takes it."""
        return {"automatically_after_days": self.days}


class OnSchedule(Part):
    """In a window that opens by ``cron``, in UTC."""

    type: Literal["schedule"]
    cron: str
    window_hours: int = Field(default=4, ge=1, le=DAY_HOURS - 1)

    @field_validator("cron")
    @classmethod
    def _whole_hours(cls, text: str) -> str:
        fields = text.split(" ")
        such = "write one such as 0 4 ? * SUN *"
        if len(fields) != 6 or not all(re.match(r"[0-9A-Z*?/,#L-]+\Z", field) for field in fields):
            raise refuse(
                f"{text!r} is no schedule of six fields (minute, hour, day of the month, month, "
                f"day of the week, year); {such}"
            )
        if fields[0] != "0" or fields[5] != "*":
            raise refuse(f"{text!r}: windows open on the hour and in every year; {such}")
        if (fields[2] == "?") == (fields[4] == "?"):
            raise refuse(f"{text!r}: one of the two days is a question mark; {such}")
        return text

    @property
    def rules(self) -> Mapping[str, Any]:
        """As Secrets Manager takes it."""
        return {
            "schedule_expression": f"cron({self.cron})",
            "duration": f"{self.window_hours}h",
        }

    def conflicts(self) -> Iterator[Conflict]:
        hour = self.cron.split(" ")[1]
        if hour.isdecimal() and int(hour) + self.window_hours > DAY_HOURS:
            yield (
                "window_hours",
                f"{self.window_hours} from {hour}:00 reach into the next day, which Secrets "
                f"Manager refuses; write {max(1, DAY_HOURS - int(hour))} or less",
            )


class Never(Part):
    """Not by itself."""

    type: Literal["never"]


Rotation = EveryDays | OnSchedule | Never
RDS_S_OWN = EveryDays(type="every", days=7)
"""What RDS does unless it is told otherwise."""


class ByRds(Part):
    """RDS makes it, keeps it in a secret of its own, and rotates it."""

    made_by: Literal["rds"]
    rotation: Rotation = Field(default=RDS_S_OWN, discriminator="type")


class ByStack(Part):
    """The stack makes it, and another one when ``rotated`` is another day."""

    made_by: Literal["stack"]
    rotated: Rotated | None = None


AnyPassword = ByRds | ByStack


class WithMaster(Described):
    """A database with a master user.

    ``password`` is ``None`` until the whole stack is known: RDS makes it where it may.
    """

    password: AnyPassword | None = Field(default=None, discriminator="made_by")

    @field_validator("password", mode="before")
    @classmethod
    def _nothing_secret(cls, value: Any) -> Any:
        # What is written here is not to be repeated by any error.
        if value is not None and not isinstance(value, Mapping | Part):
            raise refuse(
                "is no place for a password: none is kept in a config; write who makes it, such "
                "as made_by: rds"
            )
        return value

    @property
    def own_password(self) -> str | None:
        """What keeps RDS from making its password, whatever else there is in the stack."""
        return None


def decided(found: Mapping[str, T]) -> dict[str, T]:
    """The topologies with a password each: by RDS where nothing stands against it."""
    return {
        name: topology.model_copy(update={"password": _default(name, found)})
        if isinstance(topology, WithMaster) and topology.password is None
        else topology
        for name, topology in found.items()
    }


def check_passwords(found: Mapping[str, Described]) -> list[Problem]:
    """Passwords that RDS would have to make, and may not."""
    return [
        Problem(
            f"topologies.{name}.password.made_by",
            f"is rds, and {reason}; write made_by: stack",
        )
        for name, topology in found.items()
        if isinstance(topology, WithMaster) and isinstance(topology.password, ByRds)
        for reason in [_against(name, found)]
        if reason is not None
    ]


def _default(name: str, found: Mapping[str, Described]) -> AnyPassword:
    if _against(name, found) is None:
        return ByRds(made_by="rds")
    return ByStack(made_by="stack")


def _against(name: str, found: Mapping[str, Described]) -> str | None:
    topology = found[name]
    if isinstance(topology, WithMaster) and topology.own_password is not None:
        return topology.own_password
    for other, built_on in found.items():
        for key, source in built_on.references.items():
            reason = built_on.needs_own_password.get(key)
            if source == name and reason is not None:
                return f"{other!r} {reason}"
    return None
