"""An Aurora cluster whose members are of a class, and endpoints that lead to some of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from specs.aurora import MOST_READERS, AuroraCluster, Seat
from specs.parts import LONGEST_IDENTIFIER, Claim, Identifier, Part, Zone
from specs.problems import Conflict, did_you_mean

MOST_CUSTOM_ENDPOINTS = 5


class Member(Part):
    """One instance of the cluster."""

    identifier: Identifier
    zone: Zone


class ProvisionedCluster(AuroraCluster):
    """A provisioned cluster. ``readers`` are in the order in which they take over."""

    instance_class: str = Field(alias="class")
    writer: Member
    readers: tuple[Member, ...] = Field(max_length=MOST_READERS)
    custom_endpoints: Mapping[Identifier, tuple[str, ...]] = Field(default_factory=dict)
    activity_stream: str | None = None
    """Every statement, encrypted, to a Kinesis stream that not even the master user can stop.
    Serverless members and class T have none."""

    @property
    def seats(self) -> tuple[Seat, ...]:
        readers = (
            Seat(f"readers.{n}", reader.identifier, reader.zone, n + 1)
            for n, reader in enumerate(self.readers)
        )
        return (Seat("writer", self.writer.identifier, self.writer.zone, 0), *readers)

    @property
    def member_class(self) -> str:
        return self.instance_class

    @property
    def claims(self) -> Iterator[Claim]:
        yield from super().claims
        for seat in self.seats:
            yield "instance", f"{seat.key}.identifier", seat.identifier
        for endpoint in self.custom_endpoints:
            yield "endpoint", f"custom_endpoints.{endpoint}", self.endpoint_identifier(endpoint)

    def endpoint_identifier(self, endpoint: str) -> str:
        """What AWS calls a custom endpoint: unique in its region, as the short name need not be."""
        return f"{self.identifier}-{endpoint}"

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        if len(self.custom_endpoints) > MOST_CUSTOM_ENDPOINTS:
            yield (
                "custom_endpoints",
                f"has {len(self.custom_endpoints)} entries; Aurora allows {MOST_CUSTOM_ENDPOINTS}",
            )
        if self.activity_stream is not None and self.instance_class.startswith("db.t"):
            yield (
                "activity_stream",
                f"is refused on {self.instance_class}; leave it out, or take db.r6g.large or more",
            )
        names = tuple(seat.identifier for seat in self.seats)
        for endpoint, members in self.custom_endpoints.items():
            key, identifier = f"custom_endpoints.{endpoint}", self.endpoint_identifier(endpoint)
            if len(identifier) > LONGEST_IDENTIFIER:
                yield key, f"becomes {identifier!r}, over {LONGEST_IDENTIFIER} characters"
            if not members:
                yield key, f"has no member; name one of {', '.join(names)}"
            for number, member in enumerate(members):
                if member not in names:
                    yield key, f"{member!r} is no member{did_you_mean(member, names)}"
                elif member in members[:number]:
                    yield key, f"{member!r} is there twice; leave one out"
