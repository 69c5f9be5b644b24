"""How a migration reaches its two databases and its secrets, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.interface_endpoints import (
    HTTPS,
    https_from_vpc,
    interface_endpoint,
    vpc_range,
)
from components.network import Network
from components.security_group import DatabaseSecurityGroup
from components.tags import tags
from specs.migration import AccountWide


class SecretsEndpoint(pulumi.ComponentResource):
    """Secrets Manager inside a VPC: a replication instance without a public address needs it.

    Creates: with ``create`` a security group that lets HTTPS in from the VPC and the interface
    endpoint in every zone of the network, with ``adopt`` nothing: then the VPC has one already,
    or another way to Secrets Manager.
    Costs 0.01 USD a zone and hour, and 0.01 USD a GB (us-east-1).
    Fails: ``create`` where the VPC has one with a private name (conflicting DNS domain).
    """

    security_group: pulumi.Output[str] | None = None
    """Of the endpoint, if it is this stack's: who has it needs no way out of the VPC."""
    parts: tuple[pulumi.Resource, ...] = ()
    """What must stand before Secrets Manager can be reached by it."""

    def __init__(
        self,
        name: str,
        network: Network,
        how: AccountWide,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("aws-databases:index:SecretsEndpoint", name, None, opts)
        if how == "create":
            self._create(name, network)
        self.register_outputs({})

    def _create(self, name: str, network: Network) -> None:
        description = "Secrets Manager for replication instances"
        group = https_from_vpc(name, network, description, self)
        endpoint = interface_endpoint(
            f"{name}-endpoint",
            network,
            "secretsmanager",
            list(network.subnets.values()),
            group,
            pulumi.ResourceOptions(parent=self),
            tagged=name,
        )
        self.security_group, self.parts = group.id, (endpoint,)


@dataclass(frozen=True)
class MigrationAccessArgs:
    """``databases`` are the doors of source and target by what they are, with their ports."""

    network: Network
    secrets_endpoint: SecretsEndpoint
    databases: Mapping[str, tuple[DatabaseSecurityGroup, int]]


class MigrationAccess(pulumi.ComponentResource):
    """The security group of a replication instance, and the two doors that open to it.

    Creates: the group, for each database an egress rule here and an ingress rule there, and an
    egress rule for HTTPS. Costs nothing. Nothing may connect to a replication instance.
    """

    id: pulumi.Output[str]

    def __init__(
        self, name: str, args: MigrationAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:MigrationAccess", name, None, opts)
        region = args.network.region
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            region=region,
            vpc_id=args.network.vpc_id,
            description="Replication instance",
            tags=tags(name),
            opts=child,
        )
        for what, (database, port) in args.databases.items():
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-to-{what}",
                region=region,
                security_group_id=group.id,
                referenced_security_group_id=database.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=f"The migration's {what}",
                tags=tags(f"{name}-to-{what}"),
                opts=child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-into-{what}",
                region=region,
                security_group_id=database.id,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description="Replication instance",
                tags=tags(f"{name}-into-{what}"),
                opts=child,
            )
        # The provider removes AWS's own egress rule; secrets and logs are behind HTTPS. Where
        # Secrets Manager is in the VPC for want of a way out, anything else can only be there.
        inside = args.secrets_endpoint.security_group is not None
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-to-services",
            region=region,
            security_group_id=group.id,
            cidr_ipv4=vpc_range(args.network, self) if inside else "0.0.0.0/0",
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="Secrets Manager and CloudWatch Logs",
            tags=tags(f"{name}-to-services"),
            opts=child,
        )
        self.id = group.id
        self.register_outputs({"id": self.id})
