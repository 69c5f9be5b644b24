"""Reserved instances and cache nodes: a discount for a promise to pay, which nobody takes back."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator

from specs.parts import Identifier, Part, RegionName, sized
from specs.problems import Conflict, refuse

MOST = 20
"""Of one kind in one region, unless AWS is asked for more."""
_CONFIRMED = re.compile(
    r"I pay (?P<usd>\d+(?:\.\d\d)?) USD upfront on (?P<date>\d{4}-\d\d-\d\d), for good\Z"
)
WORDS = "I pay 0 USD upfront on 2026-11-25, for good"


class _Reservation(Part):
    """``count`` of one class for some years. ``confirm`` says in words what it costs and when."""

    identifier: Identifier
    region: RegionName | None = None
    count: int = Field(ge=1, le=MOST)
    years: Literal[1, 3]
    payment: Literal["no-upfront", "partial-upfront", "all-upfront"]
    confirm: str | None = None

    def conflicts(self) -> Iterator[Conflict]:
        words = (
            f"a reservation spends real money for {self.years} year(s) and cannot be undone, not "
            "even by `destroy`; to buy it write the whole upfront sum and the day, such as: "
            f"{WORDS}"
        )
        match = _CONFIRMED.match(self.confirm) if self.confirm is not None else None
        if self.confirm is None:
            yield "confirm", f"is missing: {words}"
        elif match is None:
            yield "confirm", f"{self.confirm!r} confirms nothing: {words}"
        elif (day := _day(match["date"])) is None:
            yield "confirm", f"{match['date']} is no day; {words}"
        elif day > datetime.date.today():
            yield "confirm", f"{match['date']} is yet to come; confirm on the day you buy"
        elif self.payment == "no-upfront" and float(match["usd"]) != 0:
            yield "confirm", f"says {match['usd']} USD and payment is no-upfront; write 0 USD"
        elif self.payment != "no-upfront" and float(match["usd"]) == 0:
            yield "confirm", f"says 0 USD and payment is {self.payment}; write the whole sum"

    @property
    def upfront_usd(self) -> float:
        """What was confirmed, for all of them together."""
        match = _CONFIRMED.match(self.confirm or "")
        assert match is not None
        return float(match["usd"])

    @property
    def offering_type(self) -> str:
        """What AWS calls the way to pay."""
        return {
            "no-upfront": "No Upfront",
            "partial-upfront": "Partial Upfront",
            "all-upfront": "All Upfront",
        }[self.payment]


class ReservedInstances(_Reservation):
    """Instances of RDS or members of Aurora clusters; those of a serverless one are no class."""

    kind: Literal["reserved-instances"]
    engine: Literal["mysql", "mariadb", "postgres", "aurora-mysql"]
    instance_class: str = Field(alias="class")
    availability: Literal["multi-az", "single-az"] = "single-az"

    @field_validator("instance_class")
    @classmethod
    def _a_class(cls, text: str) -> str:
        if not sized("db.", text)[0]:
            raise refuse(f"{text!r} is no instance class; write one such as db.t3.micro")
        return text

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        if self.engine == "aurora-mysql" and self.availability == "multi-az":
            yield "availability", "is multi-az; Aurora's members are single-az, each its own"
        if self.payment == "no-upfront" and self.years == 3:
            yield "years", "is 3, for which RDS wants money upfront; write 1, or partial-upfront"

    @property
    def product(self) -> str:
        """What AWS calls the engine in its offers."""
        return "postgresql" if self.engine == "postgres" else self.engine


class ReservedCacheNodes(_Reservation):
    """Nodes of ElastiCache clusters."""

    kind: Literal["reserved-cache-nodes"]
    engine: Literal["redis", "valkey", "memcached"]
    node_type: str = Field(alias="class")

    @field_validator("node_type")
    @classmethod
    def _a_class(cls, text: str) -> str:
        if not sized("cache.", text)[0]:
            raise refuse(f"{text!r} is no node type; write one such as cache.t3.micro")
        return text


AnyReservation = ReservedInstances | ReservedCacheNodes
Reservation = Annotated[AnyReservation, Field(discriminator="kind")]


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
