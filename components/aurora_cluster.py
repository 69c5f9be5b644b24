"""What every Aurora MySQL cluster consists of, whatever runs its members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pulumi
import pulumi_aws as aws

from components.credentials import Credentials, CredentialsArgs
from components.facts import Facts, facts
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.mysql_parameters import mysql_parameters
from components.network import Network
from components.performance_insights import performance_insights
from components.rds_instance import lifetime
from components.rds_mysql import PORT
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.aurora import FAMILY
from specs.aurora import AuroraCluster as Spec

ENGINE = "aurora-mysql"
STATIC = frozenset({"binlog_format"})
"""Cluster parameters that a running cluster keeps until its writer reboots."""
S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class AuroraArgs(Generic[S]):
    """``at`` is the topology's path in the config, for errors that only the account can tell."""

    spec: S
    network: Network
    key: RegionKey
    at: str


class AuroraCluster(pulumi.ComponentResource, Generic[S]):
    """A writer and readers on one volume, each in the zone the config says.

    Base of the components; each says what it creates, what it costs and how it fails.
    """

    spec: S
    region: str
    security_group: DatabaseSecurityGroup
    credentials: Credentials
    cluster_identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    version: pulumi.Output[str]
    members: Mapping[str, aws.rds.ClusterInstance]
    """By identifier, the writer first."""

    def __init__(
        self,
        token: str,
        name: str,
        args: AuroraArgs[S],
        opts: pulumi.ResourceOptions | None,
        **of_the_cluster: Any,
    ) -> None:
        super().__init__(token, name, None, opts)
        spec = args.spec
        self.spec, self.region = spec, args.network.region
        self._child = pulumi.ResourceOptions(parent=self)
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(args.network, PORT), self._child
        )
        self.credentials = Credentials(
            f"{name}-credentials",
            CredentialsArgs(
                key=args.key,
                description=f"Master user of {spec.identifier}",
                facts={"username": spec.username},
                disposable=spec.lifetime == "disposable",
            ),
            self._child,
        )
        cluster = self._cluster(name, args, of_the_cluster)
        self.cluster_identifier = cluster.cluster_identifier
        self.arn = cluster.arn
        self.endpoint = cluster.endpoint
        self.reader_endpoint = cluster.reader_endpoint
        self.version = cluster.engine_version_actual
        self.members = self._members(name, args, cluster)

    def _cluster(
        self, name: str, args: AuroraArgs[S], of_the_cluster: Mapping[str, Any]
    ) -> aws.rds.Cluster:
        spec = args.spec
        self._subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            region=self.region,
            subnet_ids=list(args.network.subnets.values()),
            description=f"Zones of {spec.identifier}",
            tags=tags(f"{name}-subnets"),
            opts=self._child,
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
            opts=self._child,
        )
        exports = ("error", "slowquery") if spec.slow_query_log else ("error",)
        logs = LogGroups(
            f"{name}-logs",
            LogGroupsArgs(self.region, "cluster", spec.identifier, exports),
            self._child,
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
            **of_the_cluster,
            tags=tags(spec.identifier),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )

    def _members(
        self, name: str, args: AuroraArgs[S], cluster: aws.rds.Cluster
    ) -> dict[str, aws.rds.ClusterInstance]:
        found: dict[str, aws.rds.ClusterInstance] = {}
        for seat in args.spec.seats:
            # Aurora makes the member that is there first the writer.
            after = list(found.values())[:1]
            found[seat.identifier] = aws.rds.ClusterInstance(
                f"{name}-member-{seat.identifier}",
                region=self.region,
                identifier=seat.identifier,
                cluster_identifier=cluster.cluster_identifier,
                # The version and the tags of snapshots are the cluster's.
                engine=ENGINE,
                instance_class=args.spec.member_class,
                availability_zone=args.network.zone_name(seat.zone, f"{args.at}.{seat.key}.zone"),
                db_subnet_group_name=self._subnets.name,
                promotion_tier=seat.tier,
                publicly_accessible=False,
                # An LTS line stays one only without this.
                auto_minor_version_upgrade=False,
                **performance_insights(args.spec.performance_insights, args.key),
                apply_immediately=args.spec.apply_changes == "immediately",
                tags=tags(seat.identifier),
                opts=pulumi.ResourceOptions.merge(
                    self._child, pulumi.ResourceOptions(depends_on=after)
                ),
            )
        return found

    @property
    def _outputs(self) -> dict[str, Any]:
        return {
            "region": self.region,
            "clusterIdentifier": self.cluster_identifier,
            "arn": self.arn,
            "endpoint": self.endpoint,
            "readerEndpoint": self.reader_endpoint,
            "version": self.version,
            "members": {name: each.endpoint for name, each in self.members.items()},
            "secretArn": self.credentials.secret_arn,
            "securityGroup": self.security_group.id,
        }

    @property
    def _endpoints(self) -> list[dict[str, Any]]:
        names = list(self.members)
        return [
            {"role": "writer", "host": self.endpoint, "port": PORT, "members": names},
            {"role": "reader", "host": self.reader_endpoint, "port": PORT, "members": names},
            *(
                {"role": "instance", "name": name, "host": member.endpoint, "port": PORT}
                for name, member in self.members.items()
            ),
        ]

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        return facts(
            {
                "kind": self.spec.kind,
                "engine": ENGINE,
                "version": self.version,
                "region": self.region,
                "endpoints": self._endpoints,
                "database": self.spec.database,
                "user": self.spec.username,
                "secret_arn": self.credentials.secret_arn,
                "instances": [member.identifier for member in self.members.values()],
                "cluster": self.cluster_identifier,
                "security_group": self.security_group.id,
            }
        )
