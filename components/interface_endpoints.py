"""Services of AWS inside a VPC, by interface endpoints with private names."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.network import Network
from components.tags import tags

HTTPS = 443


def vpc_range(network: Network, parent: pulumi.Resource) -> str:
    """The addresses of a network's VPC, among them those of its interface endpoints."""
    vpc = aws.ec2.get_vpc(
        id=network.vpc_id, region=network.region, opts=pulumi.InvokeOptions(parent=parent)
    )
    return str(vpc.cidr_block)


def https_from_vpc(
    name: str, network: Network, description: str, parent: pulumi.Resource
) -> aws.ec2.SecurityGroup:
    """The group of such endpoints: the services' names lead every machine of the VPC to them."""
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(
        f"{name}-group",
        region=network.region,
        vpc_id=network.vpc_id,
        description=description,
        tags=tags(name),
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-vpc",
        region=network.region,
        security_group_id=group.id,
        cidr_ipv4=vpc_range(network, parent),
        ip_protocol="tcp",
        from_port=HTTPS,
        to_port=HTTPS,
        description="HTTPS from the VPC",
        tags=tags(f"{name}-from-vpc"),
        opts=child,
    )
    return group


def interface_endpoint(
    name: str,
    network: Network,
    service: str,
    subnets: Sequence[str],
    group: aws.ec2.SecurityGroup,
    opts: pulumi.ResourceOptions,
    *,
    tagged: str,
) -> aws.ec2.VpcEndpoint:
    """``service`` is its last word, such as ``secretsmanager``; ``tagged`` its Name."""
    return aws.ec2.VpcEndpoint(
        name,
        region=network.region,
        vpc_id=network.vpc_id,
        service_name=f"com.amazonaws.{network.region}.{service}",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=list(subnets),
        security_group_ids=[group.id],
        tags=tags(tagged),
        opts=opts,
    )
