"""The default VPC of one region: its subnets by zone, and who is let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.errors import ComponentError
from components.tags import tags

UNSUITABLE_ZONE_IDS = frozenset({"use1-az3"})
"""Zones without the instance classes and proxies that databases need (aws-facts, section 9)."""


@dataclass(frozen=True)
class NetworkArgs:
    """``zones`` are letters; ``None`` takes every suitable zone that has a default subnet."""

    region: str
    zones: tuple[str, ...] | None = None
    allowed_cidrs: tuple[str, ...] = ()


class Network(pulumi.ComponentResource):
    """Looks up a default VPC and makes the security group that database clients wear.

    Creates: one security group without any rule of its own, for EC2 instances and functions that
    use the databases. Costs nothing. Fails with `ComponentError` when the region's default VPC
    is gone or covers fewer than two zones, because RDS refuses such a subnet group.
    """

    region: str
    vpc_id: str
    subnets: Mapping[str, str]
    """Subnet ids by zone letter."""
    allowed_cidrs: tuple[str, ...]
    client_security_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Network", name, None, opts)
        self.region = args.region
        self.allowed_cidrs = args.allowed_cidrs
        invoke = pulumi.InvokeOptions(parent=self)
        self.vpc_id, self.subnets = _default_vpc(args, invoke)
        clients = aws.ec2.SecurityGroup(
            f"{name}-clients",
            region=args.region,
            vpc_id=self.vpc_id,
            description="Members may connect to the databases of this stack",
            tags=tags(f"{name}-clients"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # The provider removes AWS's own egress rule; what clients may reach is theirs to say.
        self.client_security_group = clients.id
        self.register_outputs(
            {
                "region": self.region,
                "vpcId": self.vpc_id,
                "subnets": dict(self.subnets),
                "clientSecurityGroup": self.client_security_group,
            }
        )

    def zone_name(self, letter: str, at: str) -> str:
        """``us-east-1a`` for ``a``; `ComponentError` naming the config path ``at``."""
        if letter not in self.subnets:
            raise ComponentError(
                f"{at}: zone {self.region}{letter} has no default subnet that databases can use; "
                f"choose {', '.join(self.subnets)}"
            )
        return f"{self.region}{letter}"

    def spread(self, count: int) -> Sequence[str]:
        """Zone names for ``count`` nodes, as evenly as can be."""
        letters = list(self.subnets)
        return [f"{self.region}{letters[n % len(letters)]}" for n in range(count)]


def _default_vpc(args: NetworkArgs, invoke: pulumi.InvokeOptions) -> tuple[str, dict[str, str]]:
    """The default VPC and its subnets by zone letter.

    Found by its subnets: a look-up of the VPC itself fails with the provider's words where there
    is none, but only a default VPC has default subnets. They are one a zone; several in one zone
    would add nothing to a subnet group.
    """
    ids = aws.ec2.get_subnets(
        filters=[aws.ec2.GetSubnetsFilterArgs(name="default-for-az", values=["true"])],
        region=args.region,
        opts=invoke,
    ).ids
    vpc_id, found = "", dict[str, str]()
    for subnet_id in ids:
        subnet = aws.ec2.get_subnet(id=subnet_id, region=args.region, opts=invoke)
        letter = subnet.availability_zone.removeprefix(args.region)
        wanted = args.zones is None or letter in args.zones
        if wanted and subnet.availability_zone_id not in UNSUITABLE_ZONE_IDS:
            vpc_id, found[letter] = subnet.vpc_id, subnet.id
    if not ids:
        raise ComponentError(
            f"network: {args.region} has no default VPC, or it has no default subnet; make one "
            f"(aws ec2 create-default-vpc --region {args.region}), or choose another region"
        )
    if len(found) < 2:
        raise ComponentError(
            f"network: the default VPC of {args.region} has suitable subnets in "
            f"{len(found)} zone(s){' (' + ', '.join(sorted(found)) + ')' if found else ''}, but "
            "Multi-AZ and every subnet group need two; add zones to network.zones or default "
            "subnets to the VPC"
        )
    return vpc_id, dict(sorted(found.items()))
