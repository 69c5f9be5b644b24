"""The parts of an Aurora cluster: what it stands in, itself, its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aurora_parameters import cluster_parameters
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.monitoring_role import MonitoringRole, enhanced_monitoring
from components.network import Network
from components.performance_insights import performance_insights
from components.rds_instance import lifetime
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from components.token_logins import takes_tokens
from specs.aurora import AuroraCluster, Seat


@dataclass(frozen=True)
class Place:
    """A cluster's name, region and members; what it is like otherwise says its spec.

    ``at`` is its path in the config, for errors that only the account can tell.
    """

    identifier: str
    seats: tuple[Seat, ...]
    member_class: str
    network: Network
    key: RegionKey
    at: str
    monitoring_role: MonitoringRole | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a cluster stands in."""

    security_group: DatabaseSecurityGroup
    subnets: aws.rds.SubnetGroup
    parameters: aws.rds.ClusterParameterGroup
    logs: LogGroups


def surroundings(
    name: str, place: Place, spec: AuroraCluster, child: pulumi.ResourceOptions
) -> Surroundings:
    """A security group, a subnet group, a cluster parameter group and log groups."""
    region = place.network.region
    return Surroundings(
        security_group=DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(place.network, spec.port), child
        ),
        subnets=aws.rds.SubnetGroup(
            f"{name}-subnets",
            region=region,
            subnet_ids=list(place.network.subnets.values()),
            description=f"Zones of {place.identifier}",
            tags=tags(f"{name}-subnets"),
            opts=child,
        ),
        parameters=aws.rds.ClusterParameterGroup(
            f"{name}-parameters",
            region=region,
            family=spec.family,
            description=f"Parameters of {place.identifier}",
            parameters=[
                aws.rds.ClusterParameterGroupParameterArgs(**p) for p in cluster_parameters(spec)
            ],
            tags=tags(f"{name}-parameters"),
            opts=child,
        ),
        logs=LogGroups(
            f"{name}-logs",
            LogGroupsArgs(
                region,
                place.key,
                "cluster",
                place.identifier,
                spec.log_exports,
                audit_days=spec.audit_days,
            ),
            child,
        ),
    )


def cluster(
    name: str,
    place: Place,
    spec: AuroraCluster,
    around: Surroundings,
    opts: pulumi.ResourceOptions,
    **own: Any,
) -> aws.rds.Cluster:
    """The cluster; ``own`` are the arguments that not every cluster has, ``opts`` its options."""
    # No availability_zones: RDS always fills in three, and fewer would replace the cluster.
    return aws.rds.Cluster(
        f"{name}-cluster",
        region=place.network.region,
        cluster_identifier=place.identifier,
        engine=spec.engine,
        engine_version=spec.engine_version,
        port=spec.port,
        db_subnet_group_name=around.subnets.name,
        vpc_security_group_ids=[around.security_group.id],
        db_cluster_parameter_group_name=around.parameters.name,
        storage_encrypted=True,
        kms_key_id=place.key.arn,
        backup_retention_period=spec.backups.retention_days,
        preferred_backup_window=spec.backups.window,
        preferred_maintenance_window=spec.maintenance_window,
        enabled_cloudwatch_logs_exports=list(spec.log_exports),
        copy_tags_to_snapshot=True,
        **takes_tokens(spec.iam_auth),
        apply_immediately=spec.apply_changes == "immediately",
        **lifetime(place.identifier, disposable=spec.lifetime == "disposable"),
        **own,
        tags=tags(place.identifier),
        # The groups must be there before RDS makes them.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[around.logs])),
    )


def members(
    name: str,
    place: Place,
    spec: AuroraCluster,
    around: Surroundings,
    cluster: aws.rds.Cluster,
    child: pulumi.ResourceOptions,
) -> dict[str, aws.rds.ClusterInstance]:
    """The cluster's members by identifier, in the order of their seats."""
    found: dict[str, aws.rds.ClusterInstance] = {}
    for seat in place.seats:
        # Aurora makes the member that is there first the writer.
        after = list(found.values())[:1]
        found[seat.identifier] = aws.rds.ClusterInstance(
            f"{name}-member-{seat.identifier}",
            region=place.network.region,
            identifier=seat.identifier,
            cluster_identifier=cluster.cluster_identifier,
            # The version and the tags of snapshots are the cluster's.
            engine=spec.engine,
            instance_class=place.member_class,
            availability_zone=place.network.zone_name(seat.zone, f"{place.at}.{seat.key}.zone"),
            db_subnet_group_name=around.subnets.name,
            promotion_tier=seat.tier,
            publicly_accessible=False,
            # An LTS line stays one only without this.
            auto_minor_version_upgrade=False,
            **performance_insights(spec.performance_insights, place.key),
            **enhanced_monitoring(spec.enhanced_monitoring, place.monitoring_role),
            apply_immediately=spec.apply_changes == "immediately",
            tags=tags(seat.identifier),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=after)),
        )
    return found


def instance_endpoints(found: Sequence[aws.rds.ClusterInstance], port: int) -> list[dict[str, Any]]:
    """The members' own addresses, as the output contract has them."""
    return [
        {"role": "instance", "name": each.identifier, "host": each.endpoint, "port": port}
        for each in found
    ]
