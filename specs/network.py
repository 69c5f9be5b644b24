"""Where databases stand and who may reach them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from specs.parts import Part, Zone
from specs.problems import Conflict, refuse

_WIDEST = {4: 8, 6: 32}
"""Prefix lengths: 10.0.0.0/8 is the widest private range, a provider's IPv6 is a /32."""


def _cidr(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise refuse(f"{text!r} is no CIDR ({error}); write one such as 10.0.0.0/16") from None
    if "%" in text:
        raise refuse(f"{text!r} is an address of one machine's interface; leave the % part out")
    if network.prefixlen < _WIDEST[network.version]:
        what = "the whole internet" if network.prefixlen == 0 else "a large part of the internet"
        raise refuse(f"{text!r} is {what}; name the addresses that need the databases")
    return str(network)


class Network(Part):
    """The default VPC of each region. ``zones`` are letters; ``None`` takes every suitable one."""

    allowed_cidrs: tuple[Annotated[str, AfterValidator(_cidr)], ...] = ()
    zones: tuple[Zone, ...] | None = None

    def conflicts(self) -> Iterator[Conflict]:
        for number, cidr in enumerate(self.allowed_cidrs):
            if cidr in self.allowed_cidrs[:number]:
                # One rule a range; AWS refuses the second (InvalidPermission.Duplicate).
                yield f"allowed_cidrs.{number}", f"{cidr} is there twice; leave one out"
        count = 2 if self.zones is None else len(set(self.zones))
        if count < 2:
            yield (
                "zones",
                f"has {count} zone{'' if count else 's'}; Multi-AZ, and every subnet group of RDS, "
                "needs two (DBSubnetGroupDoesNotCoverEnoughAZs): add one, or leave zones out",
            )
