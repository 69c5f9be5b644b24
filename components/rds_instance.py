"""What every engine of RDS has as a single instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from components.credentials import SPECIALS, Credentials, CredentialsArgs
from components.facts import Facts, facts
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.managed_credentials import ManagedCredentials, ManagedCredentialsArgs, managed
from components.monitoring_role import MonitoringRole, enhanced_monitoring
from components.network import Network
from components.option_group import AUDIT, option_group
from components.performance_insights import performance_insights
from components.rds_parameters import instance_parameters
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from components.token_logins import Server, TokenLogins, takes_tokens
from specs.passwords import ByRds
from specs.rds_instance import Audited
from specs.rds_instance import RdsInstance as Spec
from specs.rds_postgres import RdsPostgres
from specs.rds_storage import Gp3Storage, Provisioned, Storage
from specs.token_logins import TokenLogins as LoginSpec


@dataclass(frozen=True)
class RdsInstanceArgs:
    """``monitoring_role`` is needed when the spec asks for Enhanced Monitoring."""

    spec: Spec
    network: Network
    key: RegionKey
    monitoring_role: MonitoringRole | None = None


class RdsInstance(TokenLogins):
    """A private instance: encrypted, TLS only, backed up, its logs exported.

    Base of one component an engine. Creates: a security group, a subnet group over the network's
    zones, a parameter group, credentials, log groups, the instance, and what the engine adds.
    """

    token: ClassVar[str]
    password_length: ClassVar[int] = 32
    password_specials: ClassVar[str] = SPECIALS

    spec: Spec
    region: str
    network: Network
    key: RegionKey
    security_group: DatabaseSecurityGroup
    credentials: Credentials | ManagedCredentials
    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    address: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(
        self, name: str, args: RdsInstanceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(self.token, name, None, opts)
        spec, network, key = args.spec, args.network, args.key
        self._name, self.spec, self.network, self.key = name, spec, network, key
        self.region = network.region
        child = pulumi.ResourceOptions(parent=self)
        disposable = spec.lifetime == "disposable"
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, spec.facts.port), child
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
                aws.rds.ParameterGroupParameterArgs(**p) for p in instance_parameters(spec)
            ],
            tags=tags(f"{name}-parameters"),
            opts=child,
        )
        login = self._login(name, child)
        audited = spec.audit_log if isinstance(spec, Audited | RdsPostgres) else None
        logs = LogGroups(
            f"{name}-logs",
            LogGroupsArgs(
                self.region,
                args.key,
                "instance",
                spec.identifier,
                spec.log_exports,
                audit_days=audited.keep_days if audited else 365,
                # PostgreSQL has one log.
                audit="postgresql" if audited and isinstance(spec, RdsPostgres) else "audit",
            ),
            child,
        )
        self._audit_log = logs.audit if audited else None
        instance = aws.rds.Instance(
            f"{name}-instance",
            region=self.region,
            identifier=spec.identifier,
            engine=spec.engine,
            engine_version=spec.engine_version,
            auto_minor_version_upgrade=spec.moves_by_itself,
            instance_class=spec.instance_class,
            allocated_storage=spec.storage.size_gb,
            **growth(spec.storage),
            storage_encrypted=True,
            kms_key_id=key.arn,
            multi_az=spec.availability == "multi-az",
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[self.security_group.id],
            publicly_accessible=False,
            port=spec.facts.port,
            db_name=spec.database_name,
            username=spec.username,
            **login,
            **takes_tokens(self.iam_auth),
            parameter_group_name=parameters.name,
            enabled_cloudwatch_logs_exports=list(spec.log_exports),
            backup_retention_period=spec.backups.retention_days,
            backup_window=spec.backups.window,
            maintenance_window=spec.maintenance_window,
            copy_tags_to_snapshot=True,
            apply_immediately=spec.apply_changes == "immediately",
            **enhanced_monitoring(spec.enhanced_monitoring, args.monitoring_role),
            **performance_insights(spec.performance_insights, key),
            **self._more(name, spec, child),
            **lifetime(spec.identifier, disposable=disposable),
            tags=tags(spec.identifier),
            # The groups must be there before RDS makes them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        if isinstance(spec.password, ByRds):
            managed_args = ManagedCredentialsArgs(
                self.region, instance.master_user_secrets, spec.password.rotation
            )
            self.credentials = ManagedCredentials(f"{name}-credentials", managed_args, child)
        self.identifier = instance.identifier
        self.arn = instance.arn
        self.address = instance.address
        self.resource_id = instance.resource_id
        self.version = instance.engine_version_actual
        if isinstance(spec, LoginSpec) and spec.iam_auth:
            self._take_tokens([Server(self.arn, self.resource_id)], spec.connect)
        self.register_outputs(
            {
                "region": self.region,
                "identifier": self.identifier,
                "arn": self.arn,
                "address": self.address,
                "resourceId": self.resource_id,
                "version": self.version,
                "secretArn": self.credentials.secret_arn,
                "securityGroup": self.security_group.id,
            }
        )

    def _login(self, name: str, child: pulumi.ResourceOptions) -> dict[str, Any]:
        spec = self.spec
        if isinstance(spec.password, ByRds):
            return managed(self.key)
        made = Credentials(
            f"{name}-credentials",
            CredentialsArgs(
                key=self.key,
                description=f"Master user of {spec.identifier}",
                facts={"username": spec.username},
                disposable=spec.lifetime == "disposable",
                length=self.password_length,
                specials=self.password_specials,
                rotated=spec.password.rotated if spec.password else None,
            ),
            child,
        )
        self.credentials = made
        return {"password": made.password}

    def _more(self, name: str, spec: Spec, child: pulumi.ResourceOptions) -> dict[str, Any]:
        """Arguments of the instance that only its engine has; what they need is made here."""
        if not isinstance(spec, Audited) or spec.audit_log is None:
            return {}
        options = {AUDIT: {"SERVER_AUDIT_EVENTS": spec.audit_log.events}}
        group = option_group(name, self.region, spec, options, child)
        return {"option_group_name": group.name}

    @property
    def iam_auth(self) -> bool:
        """Whether it takes tokens of IAM."""
        return isinstance(self.spec, LoginSpec) and self.spec.iam_auth

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract."""
        here = {"host": self.address, "port": self.spec.facts.port}
        return facts(
            {
                "kind": self.spec.kind,
                "engine": self.spec.engine,
                "version": self.version,
                "region": self.region,
                "endpoints": [
                    {"role": "writer", **here},
                    {"role": "instance", "name": self.spec.identifier, **here},
                ],
                "database": self.spec.database_name,
                "user": self.spec.username,
                "secret_arn": self.credentials.secret_arn,
                "instances": [self.identifier],
                "security_group": self.security_group.id,
                "iam_auth": self.iam_auth,
                "audit_log": self._audit_log,
            }
        )


def growth(storage: Storage) -> dict[str, Any]:
    """Type, speed and limit of an instance's storage, which its replicas have too."""
    found = {"storage_type": storage.type, "max_allocated_storage": storage.autoscale_to_gb}
    match storage:
        case Gp3Storage(provisioned=Provisioned(iops=iops, throughput_mb=throughput)):
            return {**found, "iops": iops, "storage_throughput": throughput}
    return found


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
