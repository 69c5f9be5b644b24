"""Systems Manager inside a VPC, for a host without a public address."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network import Network
from components.tags import tags

_HTTPS = 443
SERVICES = ("ssm", "ssmmessages")
"""Agents since 3.3 do without ec2messages."""


@dataclass(frozen=True)
class SsmEndpointsArgs:
    """``subnet``: that of the host, whose zone is the only one that pays for them."""

    network: Network
    subnet: str


class SsmEndpoints(pulumi.ComponentResource):
    """The interface endpoints by which Session Manager's agent calls home.

    Creates: a security group that lets HTTPS in from the VPC, because the services' names lead
    every machine in it here from now on; an endpoint for each of `SERVICES`.
    Costs 0.01 USD an endpoint and hour, and 0.01 USD a GB (us-east-1).
    Fails where the VPC has one with a private name already (conflicting DNS domain).
    """

    security_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: SsmEndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:SsmEndpoints", name, None, opts)
        network, child = args.network, pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.get_vpc(
            id=network.vpc_id, region=network.region, opts=pulumi.InvokeOptions(parent=self)
        )
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            region=network.region,
            vpc_id=network.vpc_id,
            description="Systems Manager for the VPC",
            tags=tags(name),
            opts=child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-vpc",
            region=network.region,
            security_group_id=group.id,
            cidr_ipv4=vpc.cidr_block,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="HTTPS from the VPC",
            tags=tags(f"{name}-from-vpc"),
            opts=child,
        )
        for service in SERVICES:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                region=network.region,
                vpc_id=network.vpc_id,
                service_name=f"com.amazonaws.{network.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[args.subnet],
                security_group_ids=[group.id],
                tags=tags(f"{name}-{service}"),
                opts=child,
            )
        self.security_group = group.id
        self.register_outputs({"securityGroup": self.security_group})
