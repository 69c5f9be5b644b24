"""The groups of an instance that is made of another one, where it cannot have that one's."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.network import Network
from components.rds_parameters import instance_parameters
from components.tags import tags
from specs.rds_instance import RdsInstance


def instance_groups(
    name: str,
    identifier: str,
    network: Network,
    source: RdsInstance,
    opts: pulumi.ResourceOptions,
) -> dict[str, pulumi.Output[str]]:
    """Arguments of an RDS instance: a new subnet group over ``network``'s zones, and a new
    parameter group with the values of ``source``. ``name`` is the component's.
    """
    subnets = aws.rds.SubnetGroup(
        f"{name}-subnets",
        region=network.region,
        subnet_ids=list(network.subnets.values()),
        description=f"Zones of {identifier}",
        tags=tags(f"{name}-subnets"),
        opts=opts,
    )
    parameters = aws.rds.ParameterGroup(
        f"{name}-parameters",
        region=network.region,
        family=source.family,
        description=f"Parameters of {identifier}",
        parameters=[aws.rds.ParameterGroupParameterArgs(**p) for p in instance_parameters(source)],
        tags=tags(f"{name}-parameters"),
        opts=opts,
    )
    return {"db_subnet_group_name": subnets.name, "parameter_group_name": parameters.name}
