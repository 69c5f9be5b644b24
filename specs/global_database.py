"""An Aurora Global Database: a cluster that writes, and clusters in other regions that follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.aurora import MOST_READERS, AuroraMysqlCluster, Seat
from specs.aurora_mysql import MEMORY_OPTIMISED
from specs.aurora_provisioned import Member
from specs.members import member_conflicts
from specs.parts import Claim, Described, Identifier, Part, RegionName, sized
from specs.problems import Conflict, refuse

MOST_SECONDARIES = 10
_MOST_IN_A_SECONDARY = MOST_READERS + 1
"""There is no writer among them."""
_LAST_TIER = 15


def _class(text: str) -> str:
    family, size = sized("db.", text)
    if family in MEMORY_OPTIMISED and size.endswith("large"):
        return text
    # "The requested instance class is not supported by global databases"
    raise refuse(
        f"a global database takes memory-optimised classes only, and {text!r} is none; write one "
        "such as db.r6g.large"
    )


GlobalClass = Annotated[str, AfterValidator(_class)]


def _in_order(key: str, members: tuple[Member, ...], first_tier: int) -> Iterator[Seat]:
    for n, member in enumerate(members):
        tier = min(first_tier + n, _LAST_TIER)
        yield Seat(f"{key}.{n}", member.identifier, member.zone, tier)


class Primary(Part):
    """The cluster that takes the writes. ``readers`` are in the order in which they take over."""

    identifier: Identifier
    instance_class: GlobalClass = Field(alias="class")
    writer: Member
    readers: tuple[Member, ...] = Field(default=(), max_length=MOST_READERS)

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The writer first, then the readers, by their place in the primary's config."""
        writer = Seat("writer", self.writer.identifier, self.writer.zone, 0)
        return (writer, *_in_order("readers", self.readers, 1))


class Secondary(Described):
    """A cluster that follows; without ``readers`` it is headless: a copy of the volume, no more.

    User, password and database are the primary's: RDS refuses them here, and so there are none.
    """

    region: RegionName
    instance_class: GlobalClass = Field(alias="class")
    readers: tuple[Member, ...] = Field(max_length=_MOST_IN_A_SECONDARY)
    write_forwarding: bool = False
    """Hand writes on to the primary, for sessions that ask for it."""

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Its members, in the order in which they would take over."""
        return tuple(_in_order("readers", self.readers, 0))

    @property
    def placed(self) -> Mapping[str, str]:
        return {f"{seat.key}.zone": seat.zone for seat in self.seats}

    @property
    def claims(self) -> Iterator[Claim]:
        yield "cluster", "identifier", self.identifier
        for seat in self.seats:
            yield "instance", f"{seat.key}.identifier", seat.identifier

    def conflicts(self) -> Iterator[Conflict]:
        if self.write_forwarding and not self.readers:
            yield (
                "write_forwarding",
                "needs a reader that hands the writes on, and readers is empty; add one, or leave "
                "write_forwarding out",
            )


class GlobalDatabase(AuroraMysqlCluster):
    """``identifier`` is the global cluster's, ``region`` the primary's, the rest both's.

    The version is the global cluster's, too: its members ignore what they are told.
    """

    kind: Literal["global-database"]
    primary: Primary
    secondaries: tuple[Secondary, ...] = Field(max_length=MOST_SECONDARIES)

    @property
    def own_password(self) -> str | None:
        return "RDS makes no password for clusters of a global database"

    @property
    def cluster_identifier(self) -> str:
        return self.primary.identifier

    @property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(
            Seat(f"primary.{seat.key}", seat.identifier, seat.zone, seat.tier)
            for seat in self.primary.seats
        )

    @property
    def member_class(self) -> str:
        return self.primary.instance_class

    @property
    def elsewhere(self) -> Mapping[str, Described]:
        return {f"secondaries.{n}": each for n, each in enumerate(self.secondaries)}

    @property
    def claims(self) -> Iterator[Claim]:
        yield "global cluster", "identifier", self.identifier
        yield "cluster", "primary.identifier", self.primary.identifier
        for seat in self.seats:
            yield "instance", f"{seat.key}.identifier", seat.identifier

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        if self.migration is not None:
            yield "migration", "leads nowhere: no migration ends at a global database; leave it out"
        first: dict[str, int] = {}
        for n, secondary in enumerate(self.secondaries):
            for key, text in member_conflicts(secondary.seats, shared_zones=self.shared_zones):
                yield f"secondaries.{n}.{key}", text
            other = first.setdefault(secondary.region, n)
            if other != n:
                yield (
                    f"secondaries.{n}.region",
                    f"{secondary.region} has secondaries.{other} already, and a region has one "
                    "cluster of a global database; choose another region",
                )
