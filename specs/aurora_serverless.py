"""Aurora MySQL serverless v2: capacity in a range that follows the load, and a pause."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from specs.aurora import MOST_READERS, AuroraMysqlCluster, Seat
from specs.parts import LONGEST_IDENTIFIER, Claim, Identifier, Part, Zone
from specs.problems import Conflict, conflict, refuse

CLASS = "db.serverless"
STEP_ACU = 0.5
MOST_ACU = 256
_MOST_ACU_BEFORE_3_08 = 128
_PERFORMANCE_INSIGHTS_ACU = 2
_LAST_TIER = 15


def _steps(acu: float) -> float:
    if acu % STEP_ACU:
        below = acu // STEP_ACU * STEP_ACU
        raise refuse(
            f"{acu:g} is no step of {STEP_ACU:g} ACU; write {below:g} or {below + STEP_ACU:g}"
        )
    return acu


Acu = Annotated[float, Field(le=MOST_ACU, allow_inf_nan=False), AfterValidator(_steps)]
"""Aurora capacity units: 2 GiB of memory and what belongs to it."""


class _Range(Part):
    min_acu: Acu
    max_acu: Annotated[Acu, Field(ge=1)]

    def conflicts(self) -> Iterator[Conflict]:
        if self.min_acu > self.max_acu:
            yield "min_acu", f"{self.min_acu:g} is over max_acu {self.max_acu:g}; swap them"


class Pausing(_Range):
    """Without user connections for ``pause_after_seconds`` the cluster pauses and costs nothing."""

    min_acu: Annotated[Acu, Field(ge=0, le=0)]
    pause_after_seconds: int = Field(default=300, ge=300, le=86400)


class Awake(_Range):
    """Never less than ``min_acu``, 0.5 or more."""

    min_acu: Annotated[Acu, Field(ge=STEP_ACU)]

    @model_validator(mode="before")
    @classmethod
    def _no_pause(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping) and "pause_after_seconds" in raw and "min_acu" in raw:
            text = (
                f"is for min_acu 0, which pauses; with min_acu {raw['min_acu']} leave it out, or "
                "write min_acu 0"
            )
            raise conflict([("pause_after_seconds", text)])
        return raw


def _pauses_or_not(raw: Any) -> str:
    least = raw.get("min_acu") if isinstance(raw, Mapping) else getattr(raw, "min_acu", None)
    return "pausing" if least == 0 else "awake"


Capacity = Annotated[
    Annotated[Pausing, Tag("pausing")] | Annotated[Awake, Tag("awake")],
    Field(discriminator=Discriminator(_pauses_or_not)),
]


class Member(Part):
    """One instance, called by its ``name``, or by its zone."""

    zone: Zone
    name: Identifier | None = None

    @property
    def key(self) -> str:
        """What sets its identifier apart from the cluster's other members'."""
        return self.name or self.zone


class Reader(Member):
    """``follows_writer``: as large as the writer at any time, so that it can take over at once.

    One that does not has the size of its own load.
    """

    follows_writer: bool


class AuroraServerless(AuroraMysqlCluster):
    """A cluster of serverless members. ``readers`` are in the order in which they take over."""

    kind: Literal["aurora-serverless"]
    capacity: Capacity
    writer: Member
    readers: tuple[Reader, ...] = Field(default=(), max_length=MOST_READERS)

    @property
    def seats(self) -> tuple[Seat, ...]:
        seats = [Seat("writer", self._called(self.writer), self.writer.zone, 0)]
        own_sizes = 0
        for number, reader in enumerate(self.readers):
            # The tier says both who takes over first and who follows: 0 and 1 do, 2 to 15 do not.
            tier = 1 if reader.follows_writer else min(2 + own_sizes, _LAST_TIER)
            own_sizes += not reader.follows_writer
            seats.append(Seat(f"readers.{number}", self._called(reader), reader.zone, tier))
        return tuple(seats)

    @property
    def member_class(self) -> str:
        return CLASS

    @property
    def pauses(self) -> bool:
        """Whether it stops without connections; whatever holds one open keeps it from that."""
        return isinstance(self.capacity, Pausing)

    @property
    def claims(self) -> Iterator[Claim]:
        yield from super().claims
        # Once each: two members of one name are told apart by `conflicts`, with a better remedy.
        for identifier, key in {s.identifier: s.key for s in reversed(self.seats)}.items():
            yield "instance", key, identifier

    def _called(self, member: Member) -> str:
        return f"{self.identifier}-{member.key}"

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        yield from self._names()
        yield from self._version_rules()
        if self.pauses and self.migration == "source":
            yield (
                "migration",
                "source logs rows, which keeps the cluster from pausing; leave it out, or raise "
                "capacity.min_acu",
            )
        least = self.capacity.min_acu
        if self.performance_insights is not None and least < _PERFORMANCE_INSIGHTS_ACU:
            yield (
                "performance_insights",
                f"needs capacity.min_acu {_PERFORMANCE_INSIGHTS_ACU} or more, and it is {least:g}: "
                "below that it has no memory to run in and keeps the cluster from pausing; leave "
                "it out, or raise min_acu",
            )

    def _names(self) -> Iterator[Conflict]:
        first: dict[str, str] = {}
        for seat in self.seats:
            if len(seat.identifier) > LONGEST_IDENTIFIER:
                text = f"makes {seat.identifier!r}, over {LONGEST_IDENTIFIER} characters"
                yield seat.key, f"{text}; shorten the cluster's identifier"
            other = first.setdefault(seat.identifier, seat.key)
            if other != seat.key:
                yield (
                    seat.key,
                    f"is called {seat.identifier!r} as {other} is; choose another zone, which "
                    "survives the loss of that one, or give it a name, such as name: "
                    f"{seat.zone}2",
                )

    def _version_rules(self) -> Iterator[Conflict]:
        minor = re.match(r"8\.0\.mysql_aurora\.3\.(\d+)", self.engine_version)
        if minor is None or int(minor[1]) >= 8:
            return
        remedy = "write engine_version 8.0.mysql_aurora.3.10.6"
        if self.pauses:
            yield (
                "capacity.min_acu",
                f"0 pauses, which {self.engine_version} cannot (3.08.0 and newer can); {remedy}, "
                "or min_acu 0.5 or more",
            )
        if self.capacity.max_acu > _MOST_ACU_BEFORE_3_08:
            yield (
                "capacity.max_acu",
                f"{self.capacity.max_acu:g} is over the {_MOST_ACU_BEFORE_3_08} ACU of "
                f"{self.engine_version}; {remedy}, or less",
            )
