"""Where databases stand and who may reach them."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, model_validator

from specs.parts import Part, Zone
from specs.problems import refuse


def _cidr(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise refuse(f"{text!r} is no CIDR ({error}); write one such as 10.0.0.0/16") from None
    if network.prefixlen == 0:
        raise refuse(f"{text!r} is the whole internet; name the addresses that need the databases")
    return str(network)


class Network(Part):
    """The default VPC of each region. ``zones`` are letters; ``None`` takes every suitable one."""

    allowed_cidrs: tuple[Annotated[str, AfterValidator(_cidr)], ...] = ()
    zones: tuple[Zone, ...] | None = None

    @model_validator(mode="after")
    def _enough_zones(self) -> Network:
        if self.zones is not None and len(set(self.zones)) < 2:
            raise refuse(
                f"zones has {len(set(self.zones))} zone; Multi-AZ, and every subnet group of RDS, "
                "needs two (DBSubnetGroupDoesNotCoverEnoughAZs): add one, or leave zones out"
            )
        return self
