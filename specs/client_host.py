"""The client host: an EC2 instance through which a laptop reaches private databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from specs.migration import AccountWide
from specs.parts import Part

HostClass = Literal["t4g.nano", "t4g.micro", "t4g.small", "t3.nano", "t3.micro", "t3.small"]
"""It hands bytes on; a larger one would wait for the same database."""
Architecture = Literal["arm64", "x86_64"]
_ARCHITECTURES: Mapping[str, Architecture] = {"t4g": "arm64", "t3": "x86_64"}


class _Host(Part):
    instance_class: HostClass = Field(alias="class")

    @property
    def architecture(self) -> Architecture:
        """What its image must be made for."""
        return _ARCHITECTURES[self.instance_class.partition(".")[0]]


class PublicHost(_Host):
    """Has a public address, by which it calls Systems Manager. Nobody can call it."""

    address: Literal["public"]


class PrivateHost(_Host):
    """Has a private address only, and calls Systems Manager by interface endpoints of the VPC."""

    address: Literal["private"]
    ssm_endpoints: AccountWide
    """A VPC has one endpoint a service with a private name. ``adopt`` where it has them, or
    another way out such as a NAT gateway."""


ClientHost = Annotated[PublicHost | PrivateHost, Field(discriminator="address")]
ADDRESSES: Mapping[str, type[_Host]] = {"public": PublicHost, "private": PrivateHost}
