"""Systems Manager inside a VPC, for a host without a public address."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.interface_endpoints import https_from_vpc, interface_endpoint
from components.network import Network

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
        group = https_from_vpc(name, network, "Systems Manager for the VPC", self)
        for service in SERVICES:
            endpoint = f"{name}-{service}"
            interface_endpoint(
                endpoint, network, service, [args.subnet], group, child, tagged=endpoint
            )
        self.security_group = group.id
        self.register_outputs({"securityGroup": self.security_group})
