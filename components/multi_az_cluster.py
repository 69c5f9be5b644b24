"""What every Multi-AZ DB cluster of RDS consists of, whatever it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import pulumi
import pulumi_aws as aws

from components.credentials import Credentials, CredentialsArgs
from components.errors import ComponentError
from components.facts import Facts, facts
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.monitoring_role import MonitoringRole, enhanced_monitoring
from components.mysql_parameters import mysql_parameters
from components.network import Network
from components.performance_insights import performance_insights
from components.postgres_parameters import postgres_parameters
from components.rds_instance import lifetime
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from components.token_logins import Server, TokenLogins, takes_tokens
from specs.multi_az import MEMBERS
from specs.multi_az import MultiAzCluster as Spec
from specs.multi_az_mysql import MultiAzMysql

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class MultiAzArgs(Generic[S]):
    """``at`` is the topology's path in the config, for errors that only the account can tell.

    ``monitoring_role`` is needed when the spec asks for Enhanced Monitoring.
    """

    spec: S
    network: Network
    key: RegionKey
    at: str
    monitoring_role: MonitoringRole | None = None


class MultiAzCluster(TokenLogins, Generic[S]):
    """A writer and two standbys that read, each in a zone of its own.

    RDS makes, names and places them: there is no resource for a member, and the cluster has what
    an instance would have. Base of the components; each says what it creates, what it costs and
    how it fails.
    """

    spec: S
    region: str
    security_group: DatabaseSecurityGroup
    credentials: Credentials
    cluster_identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(
        self, token: str, name: str, args: MultiAzArgs[S], opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__(token, name, None, opts)
        spec, network, key = args.spec, args.network, args.key
        self._name, self.spec, self.region = name, spec, network.region
        subnet_ids = _subnets(spec, network, args.at)
        child = pulumi.ResourceOptions(parent=self)
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, spec.facts.port), child
        )
        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            region=self.region,
            subnet_ids=subnet_ids,
            description=f"Zones of {spec.identifier}",
            tags=tags(f"{name}-subnets"),
            opts=child,
        )
        parameters = aws.rds.ClusterParameterGroup(
            f"{name}-parameters",
            region=self.region,
            family=spec.family,
            description=f"Parameters of {spec.identifier}",
            parameters=[aws.rds.ClusterParameterGroupParameterArgs(**p) for p in _parameters(spec)],
            tags=tags(f"{name}-parameters"),
            opts=child,
        )
        disposable = spec.lifetime == "disposable"
        self.credentials = Credentials(
            f"{name}-credentials",
            CredentialsArgs(
                key=key,
                description=f"Master user of {spec.identifier}",
                facts={"username": spec.username},
                disposable=disposable,
            ),
            child,
        )
        logs = LogGroups(
            f"{name}-logs",
            LogGroupsArgs(self.region, key, "cluster", spec.identifier, spec.log_exports),
            child,
        )
        cluster = aws.rds.Cluster(
            f"{name}-cluster",
            region=self.region,
            cluster_identifier=spec.identifier,
            engine=spec.engine,
            engine_version=spec.engine_version,
            auto_minor_version_upgrade=spec.moves_by_itself,
            db_cluster_instance_class=spec.instance_class,
            allocated_storage=spec.storage.size_gb,
            storage_type=spec.storage.type,
            iops=spec.storage.provisioned_iops,
            storage_encrypted=True,
            kms_key_id=key.arn,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[self.security_group.id],
            port=spec.facts.port,
            database_name=spec.database,
            master_username=spec.username,
            master_password=self.credentials.password,
            db_cluster_parameter_group_name=parameters.name,
            enabled_cloudwatch_logs_exports=list(spec.log_exports),
            backup_retention_period=spec.backups.retention_days,
            preferred_backup_window=spec.backups.window,
            preferred_maintenance_window=spec.maintenance_window,
            copy_tags_to_snapshot=True,
            apply_immediately=spec.apply_changes == "immediately",
            # CreateDBCluster takes it, and only CloudFormation does not (botocore, cfn-lint 1.58).
            **takes_tokens(spec.iam_auth),
            **enhanced_monitoring(spec.enhanced_monitoring, args.monitoring_role),
            **performance_insights(spec.performance_insights, key),
            **lifetime(spec.identifier, disposable=disposable),
            tags=tags(spec.identifier),
            # The groups must be there before RDS makes them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        self.cluster_identifier = cluster.cluster_identifier
        self.arn = cluster.arn
        self.resource_id = cluster.cluster_resource_id
        self.endpoint = cluster.endpoint
        self.reader_endpoint = cluster.reader_endpoint
        self.version = cluster.engine_version_actual
        self._instances = [_member(cluster, n) for n in range(MEMBERS)]
        self._addresses = [self._address(name) for name in self._instances]
        if spec.iam_auth:
            self._take_tokens([Server(self.arn, self.resource_id)], spec.connect)
        self.register_outputs(
            {
                "region": self.region,
                "clusterIdentifier": self.cluster_identifier,
                "arn": self.arn,
                "resourceId": self.resource_id,
                "endpoint": self.endpoint,
                "readerEndpoint": self.reader_endpoint,
                "version": self.version,
                "members": self._instances,
                "secretArn": self.credentials.secret_arn,
                "securityGroup": self.security_group.id,
            }
        )

    def _address(self, member: pulumi.Output[str]) -> pulumi.Output[str]:
        # The cluster does not say it, and it is no resource of ours.
        found = aws.rds.get_instance_output(
            db_instance_identifier=member,
            region=self.region,
            opts=pulumi.InvokeOptions(parent=self),
        )
        address: pulumi.Output[str] = found.apply(lambda instance: str(instance.address))
        return address

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        port, members = self.spec.facts.port, self._instances
        return facts(
            {
                "kind": self.spec.kind,
                "engine": self.spec.engine,
                "version": self.version,
                "region": self.region,
                "endpoints": [
                    {"role": "writer", "host": self.endpoint, "port": port, "members": members},
                    {
                        "role": "reader",
                        "host": self.reader_endpoint,
                        "port": port,
                        "members": members,
                    },
                    *(
                        {"role": "instance", "name": name, "host": host, "port": port}
                        for name, host in zip(members, self._addresses, strict=True)
                    ),
                ],
                "database": self.spec.database,
                "user": self.spec.username,
                "secret_arn": self.credentials.secret_arn,
                "instances": members,
                "cluster": self.cluster_identifier,
                "security_group": self.security_group.id,
                "iam_auth": self.spec.iam_auth,
            }
        )


def _member(cluster: aws.rds.Cluster, number: int) -> pulumi.Output[str]:
    name: pulumi.Output[str] = cluster.cluster_members.apply(lambda names: sorted(names)[number])
    return name


def _parameters(spec: Spec) -> list[dict[str, str]]:
    if isinstance(spec, MultiAzMysql):
        return mysql_parameters(spec.slow_query_log)
    return postgres_parameters(spec.slow_query_log)


def _subnets(spec: Spec, network: Network, at: str) -> list[str]:
    """Of exactly three zones: RDS refuses fewer, and puts a member into each."""
    if spec.zones is not None:
        for n, zone in enumerate(spec.zones):
            network.zone_name(zone, f"{at}.zones.{n}")
        return [network.subnets[zone] for zone in spec.zones]
    if len(network.subnets) < MEMBERS:
        raise ComponentError(
            f"{at}.kind: needs {MEMBERS} zones, and the network of {network.region} has "
            f"{', '.join(network.subnets)}; add a default subnet, or choose another region"
        )
    return list(network.subnets.values())[:MEMBERS]
