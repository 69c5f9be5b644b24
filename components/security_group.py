"""The door of one database."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network import Network
from components.tags import tags


@dataclass(frozen=True)
class DatabaseSecurityGroupArgs:
    """``port`` to ``last_port`` are let in from the network's clients and its allowed ranges."""

    network: Network
    port: int
    last_port: int | None = None
    """``None`` for one port only."""


class DatabaseSecurityGroup(pulumi.ComponentResource):
    """A security group made new for one database.

    Creates: the group, an ingress rule for the network's client security group, and one for each
    allowed range. No egress: a database answers, it does not call. Costs nothing. The group's
    description is fixed, because a change would replace a group that is in use.
    """

    id: pulumi.Output[str]
    port: int
    last_port: int

    def __init__(
        self,
        name: str,
        args: DatabaseSecurityGroupArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("aws-databases:index:DatabaseSecurityGroup", name, None, opts)
        network = args.network
        self.port, self.last_port = args.port, args.last_port or args.port
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            region=network.region,
            vpc_id=network.vpc_id,
            description="Database access",
            tags=tags(name),
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-clients",
            region=network.region,
            security_group_id=group.id,
            referenced_security_group_id=network.client_security_group,
            ip_protocol="tcp",
            from_port=self.port,
            to_port=self.last_port,
            description="Clients of this stack",
            tags=tags(f"{name}-from-clients"),
            opts=child,
        )
        # Twice the same range would be twice the same resource.
        for cidr in dict.fromkeys(network.allowed_cidrs):
            field = "cidr_ipv6" if ":" in cidr else "cidr_ipv4"
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{cidr.replace('/', '-').replace(':', '-')}",
                region=network.region,
                security_group_id=group.id,
                ip_protocol="tcp",
                from_port=self.port,
                to_port=self.last_port,
                description="Allowed by the stack's config",
                tags=tags(f"{name}-from-{cidr}"),
                opts=child,
                **{field: cidr},
            )
        self.id = group.id
        self.register_outputs({"id": self.id})
