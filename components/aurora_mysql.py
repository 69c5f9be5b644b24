"""An Aurora MySQL cluster (practice 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.credentials import Credentials, CredentialsArgs
from components.facts import Facts, facts
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.mysql_parameters import mysql_parameters
from components.network import Network
from components.rds_mysql import PORT, lifetime
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.aurora_mysql import FAMILY
from specs.aurora_mysql import AuroraMysql as Spec

ENGINE = "aurora-mysql"
STATIC = frozenset({"binlog_format"})
"""Cluster parameters that a running cluster keeps until its writer reboots."""


@dataclass(frozen=True)
class AuroraMysqlArgs:
    """``at`` is the topology's path in the config, for errors that only the account can tell."""

    spec: Spec
    network: Network
    key: RegionKey
    at: str


class AuroraMysql(pulumi.ComponentResource):
    """A writer and readers on one volume, each in the zone the config says.

    Creates: a security group, a subnet group, a cluster parameter group, credentials, log groups,
    the cluster, its writer, its readers, its custom endpoints.
    Costs: hours x the class's price for every member, GB and month of the volume once, and
    requests to it by the million.
    Fails: a dead writer is replaced by the reader with the lowest promotion tier, which Aurora
    promises in under 30 s; connections to it break. The promotion tier follows the readers'
    order in the config.
    """

    spec: Spec
    region: str
    security_group: DatabaseSecurityGroup
    credentials: Credentials
    cluster_identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    members: Mapping[str, aws.rds.ClusterInstance]
    """By identifier, the writer first."""
    custom_endpoints: Mapping[str, aws.rds.ClusterEndpoint]

    def __init__(
        self, name: str, args: AuroraMysqlArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:AuroraMysql", name, None, opts)
        spec = args.spec
        self.spec, self.region = spec, args.network.region
        child = pulumi.ResourceOptions(parent=self)
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(args.network, PORT), child
        )
        self.credentials = Credentials(
            f"{name}-credentials",
            CredentialsArgs(
                key=args.key,
                description=f"Master user of {spec.identifier}",
                facts={"username": spec.username},
                disposable=spec.lifetime == "disposable",
            ),
            child,
        )
        cluster = self._cluster(name, args, child)
        self.cluster_identifier = cluster.cluster_identifier
        self.arn = cluster.arn
        self.endpoint = cluster.endpoint
        self.reader_endpoint = cluster.reader_endpoint
        self.version = cluster.engine_version_actual
        self.members = self._members(name, args, cluster, child)
        self.custom_endpoints = {
            endpoint: aws.rds.ClusterEndpoint(
                f"{name}-endpoint-{endpoint}",
                region=self.region,
                cluster_identifier=cluster.cluster_identifier,
                # Unique in its region, which the config's short name need not be.
                cluster_endpoint_identifier=f"{spec.identifier}-{endpoint}",
                custom_endpoint_type="ANY",
                static_members=[self.members[member].identifier for member in members],
                tags=tags(f"{name}-{endpoint}"),
                opts=child,
            )
            for endpoint, members in spec.custom_endpoints.items()
        }
        self.register_outputs(
            {
                "region": self.region,
                "clusterIdentifier": self.cluster_identifier,
                "arn": self.arn,
                "endpoint": self.endpoint,
                "readerEndpoint": self.reader_endpoint,
                "secretArn": self.credentials.secret_arn,
                "securityGroup": self.security_group.id,
            }
        )

    def _cluster(
        self, name: str, args: AuroraMysqlArgs, child: pulumi.ResourceOptions
    ) -> aws.rds.Cluster:
        spec = args.spec
        self._subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            region=self.region,
            subnet_ids=list(args.network.subnets.values()),
            description=f"Zones of {spec.identifier}",
            tags=tags(f"{name}-subnets"),
            opts=child,
        )
        parameters = aws.rds.ClusterParameterGroup(
            f"{name}-parameters",
            region=self.region,
            family=FAMILY,
            description=f"Parameters of {spec.identifier}",
            parameters=[
                aws.rds.ClusterParameterGroupParameterArgs(**p)
                for p in mysql_parameters(spec.slow_query_log, spec.migration, STATIC)
            ],
            tags=tags(f"{name}-parameters"),
            opts=child,
        )
        exports = ("error", "slowquery") if spec.slow_query_log else ("error",)
        logs = LogGroups(
            f"{name}-logs",
            LogGroupsArgs(self.region, "cluster", spec.identifier, exports),
            child,
        )
        # No availability_zones: RDS always fills in three, and fewer would replace the cluster.
        return aws.rds.Cluster(
            f"{name}-cluster",
            region=self.region,
            cluster_identifier=spec.identifier,
            engine=ENGINE,
            engine_version=spec.engine_version,
            database_name=spec.database,
            master_username=spec.username,
            master_password=self.credentials.password,
            port=PORT,
            db_subnet_group_name=self._subnets.name,
            vpc_security_group_ids=[self.security_group.id],
            db_cluster_parameter_group_name=parameters.name,
            storage_encrypted=True,
            kms_key_id=args.key.arn,
            backup_retention_period=spec.backups.retention_days,
            preferred_backup_window=spec.backups.window,
            preferred_maintenance_window=spec.maintenance_window,
            enabled_cloudwatch_logs_exports=list(exports),
            copy_tags_to_snapshot=True,
            apply_immediately=spec.apply_changes == "immediately",
            **lifetime(spec.identifier, disposable=spec.lifetime == "disposable"),
            tags=tags(spec.identifier),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )

    def _members(
        self,
        name: str,
        args: AuroraMysqlArgs,
        cluster: aws.rds.Cluster,
        child: pulumi.ResourceOptions,
    ) -> dict[str, aws.rds.ClusterInstance]:
        found: dict[str, aws.rds.ClusterInstance] = {}
        for tier, member in enumerate(args.spec.members):
            path = f"{args.at}.writer" if tier == 0 else f"{args.at}.readers.{tier - 1}"
            # Aurora makes the member that is there first the writer.
            after = [found[args.spec.writer.identifier]] if tier else []
            found[member.identifier] = aws.rds.ClusterInstance(
                f"{name}-member-{member.identifier}",
                region=self.region,
                identifier=member.identifier,
                cluster_identifier=cluster.cluster_identifier,
                engine=ENGINE,
                engine_version=cluster.engine_version,
                instance_class=args.spec.instance_class,
                availability_zone=args.network.zone_name(member.zone, f"{path}.zone"),
                db_subnet_group_name=self._subnets.name,
                promotion_tier=tier,
                publicly_accessible=False,
                # An LTS line stays one only without this.
                auto_minor_version_upgrade=False,
                copy_tags_to_snapshot=True,
                apply_immediately=args.spec.apply_changes == "immediately",
                tags=tags(member.identifier),
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=after)),
            )
        return found

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        names = list(self.members)
        endpoints: list[dict[str, object]] = [
            {"role": "writer", "host": self.endpoint, "port": PORT, "members": names},
            {"role": "reader", "host": self.reader_endpoint, "port": PORT, "members": names},
        ]
        endpoints += [
            {
                "role": "custom",
                "name": name,
                "host": endpoint.endpoint,
                "port": PORT,
                "members": endpoint.static_members,
            }
            for name, endpoint in self.custom_endpoints.items()
        ]
        endpoints += [
            {"role": "instance", "name": name, "host": member.endpoint, "port": PORT}
            for name, member in self.members.items()
        ]
        return facts(
            {
                "kind": self.spec.kind,
                "engine": ENGINE,
                "version": self.version,
                "region": self.region,
                "endpoints": endpoints,
                "database": self.spec.database,
                "user": self.spec.username,
                "secret_arn": self.credentials.secret_arn,
                "instances": [member.identifier for member in self.members.values()],
                "cluster": self.cluster_identifier,
                "security_group": self.security_group.id,
            }
        )
