"""RDS for MySQL (practice 1)."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.credentials import Credentials, CredentialsArgs
from components.facts import Facts, facts
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.monitoring_role import MonitoringRole
from components.mysql_parameters import mysql_parameters
from components.network import Network
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.rds_mysql import RdsMysql as Spec

PORT = 3306


@dataclass(frozen=True)
class RdsMysqlArgs:
    """``monitoring_role`` is needed when the spec asks for Enhanced Monitoring."""

    spec: Spec
    network: Network
    key: RegionKey
    monitoring_role: MonitoringRole | None = None


class RdsMysql(pulumi.ComponentResource):
    """A private MySQL instance: encrypted, TLS only, backed up, its slow queries logged.

    Creates: a security group, a subnet group over the network's zones, a parameter group,
    credentials, log groups, the instance.
    Costs: hours x the class's price, twice with Multi-AZ; GB x the storage's price, twice with
    Multi-AZ; backups beyond the size of the database; logs and Enhanced Monitoring by the GB.
    Fails: while a change waits for the maintenance window the plan shows it again; a destroy of
    a ``protected`` one is refused until it was deployed as ``disposable``. A dead Multi-AZ
    instance is replaced by its standby behind the same name within 60 to 120 s.
    """

    spec: Spec
    region: str
    network: Network
    key: RegionKey
    security_group: DatabaseSecurityGroup
    credentials: Credentials
    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    address: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(
        self, name: str, args: RdsMysqlArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:RdsMysql", name, None, opts)
        spec, network, key = args.spec, args.network, args.key
        self.spec, self.network, self.key = spec, network, key
        self.region = network.region
        child = pulumi.ResourceOptions(parent=self)
        disposable = spec.lifetime == "disposable"
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, PORT), child
        )
        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            region=self.region,
            subnet_ids=list(network.subnets.values()),
            description=f"Zones of {spec.identifier}",
            tags=tags(f"{name}-subnets"),
            opts=child,
        )
        parameters = aws.rds.ParameterGroup(
            f"{name}-parameters",
            region=self.region,
            family=spec.family,
            description=f"Parameters of {spec.identifier}",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(**p)
                for p in mysql_parameters(spec.slow_query_log, spec.migration)
            ],
            tags=tags(f"{name}-parameters"),
            opts=child,
        )
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
        exports = ("error", "slowquery") if spec.slow_query_log else ("error",)
        logs = LogGroups(
            f"{name}-logs",
            LogGroupsArgs(self.region, "instance", spec.identifier, exports),
            child,
        )
        instance = aws.rds.Instance(
            f"{name}-instance",
            region=self.region,
            identifier=spec.identifier,
            engine="mysql",
            engine_version=spec.engine_version,
            # A version without its patch is a prefix, which RDS takes only with this.
            auto_minor_version_upgrade=True,
            instance_class=spec.instance_class,
            storage_type=spec.storage.type,
            allocated_storage=spec.storage.size_gb,
            max_allocated_storage=spec.storage.autoscale_to_gb,
            storage_encrypted=True,
            kms_key_id=key.arn,
            multi_az=spec.availability == "multi-az",
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[self.security_group.id],
            publicly_accessible=False,
            port=PORT,
            db_name=spec.database,
            username=spec.username,
            password=self.credentials.password,
            parameter_group_name=parameters.name,
            enabled_cloudwatch_logs_exports=list(exports),
            backup_retention_period=spec.backups.retention_days,
            backup_window=spec.backups.window,
            maintenance_window=spec.maintenance_window,
            copy_tags_to_snapshot=True,
            apply_immediately=spec.apply_changes == "immediately",
            **_monitoring(spec, args.monitoring_role),
            **lifetime(spec.identifier, disposable=disposable),
            tags=tags(spec.identifier),
            # The groups must be there before RDS makes them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        self.identifier = instance.identifier
        self.arn = instance.arn
        self.address = instance.address
        self.resource_id = instance.resource_id
        self.version = instance.engine_version_actual
        self.register_outputs(
            {
                "region": self.region,
                "identifier": self.identifier,
                "arn": self.arn,
                "address": self.address,
                "resourceId": self.resource_id,
                "secretArn": self.credentials.secret_arn,
                "securityGroup": self.security_group.id,
            }
        )

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        here = {"host": self.address, "port": PORT}
        return facts(
            {
                "kind": self.spec.kind,
                "engine": "mysql",
                "version": self.version,
                "region": self.region,
                "endpoints": [
                    {"role": "writer", **here},
                    {"role": "instance", "name": self.spec.identifier, **here},
                ],
                "database": self.spec.database,
                "user": self.spec.username,
                "secret_arn": self.credentials.secret_arn,
                "instances": [self.identifier],
                "security_group": self.security_group.id,
            }
        )


def _monitoring(spec: Spec, role: MonitoringRole | None) -> dict[str, pulumi.Input[object]]:
    if spec.enhanced_monitoring is None or role is None:
        return {}
    return {
        "monitoring_interval": spec.enhanced_monitoring.interval_seconds,
        "monitoring_role_arn": role.arn,
    }


def lifetime(identifier: str, *, disposable: bool) -> dict[str, bool | str]:
    """What becomes of an instance or cluster when it is deleted.

    RDS's own default, a final snapshot without a name, makes every destroy fail.
    """
    if disposable:
        return {"deletion_protection": False, "skip_final_snapshot": True}
    return {
        "deletion_protection": True,
        "skip_final_snapshot": False,
        "final_snapshot_identifier": f"{identifier}-final",
    }
