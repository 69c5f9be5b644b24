"""An RDS instance made of the backups of another one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pulumi
import pulumi_aws as aws

from components.facts import Facts, facts
from components.instance_groups import instance_groups
from components.monitoring_role import MonitoringRole, enhanced_monitoring
from components.network import Network
from components.rds_instance import RdsInstance, growth, lifetime
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from components.token_logins import takes_tokens
from specs.restored_instance import Moment, Snapshot
from specs.restored_instance import RestoredInstance as Spec


@dataclass(frozen=True)
class RestoredInstanceArgs:
    """``network`` is that of the source's region."""

    spec: Spec
    source: RdsInstance
    source_name: str
    """The source's name in the stack."""
    network: Network
    monitoring_role: MonitoringRole | None = None


class RestoredInstance(pulumi.ComponentResource):
    """An instance with another one's data as of a moment; the other one is untouched.

    Creates: a security group, a subnet group, a parameter group with the source's values, the
    instance. Its user and password are those the source had at that moment, so its secret is the
    source's: after a restore to before a change of the password, change it here by hand.
    Costs: as its source does: hours x the class's price, GB x the storage's price. The restore
    itself is free.
    Fails: RDS refuses a moment outside of the source's backups, and a snapshot it does not have.
    Another moment, source or snapshot is another instance: the old one goes first. The AWS
    provider's restore call to a moment leaves out periods and windows of backup and maintenance;
    what is not as the source's is shown as a change by the next deployment.
    """

    spec: Spec
    region: str
    security_group: DatabaseSecurityGroup
    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    address: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(
        self, name: str, args: RestoredInstanceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:RestoredInstance", name, None, opts)
        spec, source, network = args.spec, args.source, args.network
        self.spec, self._source, self._source_name = spec, source, args.source_name
        self.region = network.region
        child = pulumi.ResourceOptions(parent=self)
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, source.spec.facts.port), child
        )
        groups = instance_groups(name, spec.identifier, network, source.spec, child)
        instance = aws.rds.Instance(
            f"{name}-instance",
            region=self.region,
            identifier=spec.identifier,
            **_made_of(spec.at, source.spec.identifier),
            instance_class=spec.instance_class,
            multi_az=spec.availability == "multi-az",
            # What the backups bring: engine, version, user, password, databases, the key. Named,
            # some of them are refused and others would replace the instance. This one is compared
            # with what is found, so it is said.
            storage_encrypted=True,
            **growth(source.spec.storage),
            **groups,
            vpc_security_group_ids=[self.security_group.id],
            publicly_accessible=False,
            auto_minor_version_upgrade=source.spec.moves_by_itself,
            backup_retention_period=source.spec.backups.retention_days,
            backup_window=source.spec.backups.window,
            maintenance_window=source.spec.maintenance_window,
            copy_tags_to_snapshot=True,
            # RDS would switch it off, and the users are the source's.
            **takes_tokens(source.iam_auth),
            apply_immediately=spec.apply_changes == "immediately",
            **enhanced_monitoring(spec.enhanced_monitoring, args.monitoring_role),
            **lifetime(spec.identifier, disposable=spec.lifetime == "disposable"),
            tags=tags(spec.identifier),
            # Not by its identifier: unknown while the source is replaced, it would replace this.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[source]),
        )
        self.identifier = instance.identifier
        self.arn = instance.arn
        self.address = instance.address
        self.version = instance.engine_version_actual
        self.register_outputs(
            {
                "region": self.region,
                "identifier": self.identifier,
                "arn": self.arn,
                "address": self.address,
                "version": self.version,
                "securityGroup": self.security_group.id,
            }
        )

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract. User and secret are its source's."""
        source = self._source.spec
        here = {"host": self.address, "port": source.facts.port}
        return facts(
            {
                "kind": self.spec.kind,
                "engine": source.engine,
                "version": self.version,
                "region": self.region,
                "endpoints": [
                    {"role": "writer", **here},
                    {"role": "instance", "name": self.spec.identifier, **here},
                ],
                "database": source.database_name,
                "user": source.username,
                "secret_arn": self._source.credentials.secret_arn,
                "origin": self._source_name,
                "instances": [self.identifier],
                "security_group": self.security_group.id,
                "iam_auth": self._source.iam_auth,
            }
        )


def _made_of(at: Moment, source: str) -> dict[str, Any]:
    match at:
        case Snapshot(name):
            return {"snapshot_identifier": name}
        case datetime():
            moment: dict[str, Any] = {"restore_time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        case _:
            moment = {"use_latest_restorable_time": True}
    return {
        "restore_to_point_in_time": aws.rds.InstanceRestoreToPointInTimeArgs(
            source_db_instance_identifier=source, **moment
        )
    }
