"""A read replica of an RDS instance (practice 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.facts import Facts, facts
from components.instance_groups import instance_groups
from components.keys import RegionKey
from components.log_groups import LogGroups, LogGroupsArgs
from components.monitoring_role import MonitoringRole, enhanced_monitoring
from components.network import Network
from components.performance_insights import performance_insights
from components.rds_instance import RdsInstance, growth, lifetime
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from components.token_logins import Server, TokenLogins, takes_tokens
from specs.read_replica import ReadReplica as Spec


@dataclass(frozen=True)
class ReadReplicaArgs:
    """``network`` and ``key`` are those of the replica's region."""

    spec: Spec
    source: RdsInstance | ReadReplica
    source_name: str
    """The source's name in the stack."""
    network: Network
    key: RegionKey
    monitoring_role: MonitoringRole | None = None


class ReadReplica(TokenLogins):
    """A replica that reads what its source wrote a moment ago, and refuses writes.

    MySQL and MariaDB refuse them with error 1290, PostgreSQL with 25006.

    Its source is an instance or another replica. Of role ``standalone`` it is promoted where it
    stands: an instance with its own history, and with the user and password of its source.

    Creates: a security group, log groups, the instance, a policy for each entry of ``connect``; in
    another region than the source's also a subnet group and a parameter group, which an in-region
    replica has from its source.
    Costs: hours x the class's price, GB x the storage's price; between regions also the
    transferred GB.
    Fails: a replica whose replication has stopped for 30 days is ended by RDS; when the source
    is deleted a replica becomes an instance of its own. Pulumi deletes the replica first. A
    promotion restarts the instance. The AWS provider refuses to take one back ("cannot elect new
    source database for replication"), and to create one that was never a replica ("engine":
    required field is not set).
    """

    spec: Spec
    origin: RdsInstance
    """The instance at the beginning of its chain: engine, users and databases are that one's."""
    region: str
    security_group: DatabaseSecurityGroup
    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    address: pulumi.Output[str]
    version: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReadReplicaArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ReadReplica", name, None, opts)
        spec, source, network = args.spec, args.source, args.network
        self._name, self.spec, self._source_name = name, spec, args.source_name
        self.origin = source if isinstance(source, RdsInstance) else source.origin
        first = self.origin.spec
        self.region = network.region
        child = pulumi.ResourceOptions(parent=self)
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, first.facts.port), child
        )
        # In its source's region RDS takes subnet group, parameter group and key from the source,
        # and refuses ours.
        here = self.region == source.region
        where: dict[str, Any] = {}
        if not here:
            groups = instance_groups(name, spec.identifier, network, first, child)
            where = {"kms_key_id": args.key.arn, **groups}
        # The audit plugin is its source's: an option group of a replica is no argument of RDS's.
        exports = tuple(log for log in first.log_exports if log != "audit")
        logs = LogGroups(
            f"{name}-logs",
            LogGroupsArgs(self.region, args.key, "instance", spec.identifier, exports),
            child,
        )
        if spec.follows is not None:
            where["replicate_source_db"] = source.identifier if here else source.arn
        if spec.backups is not None:
            # Both windows, since the one that RDS would choose may overlap.
            where["backup_retention_period"] = spec.backups.retention_days
            where["backup_window"] = first.backups.window
            where["maintenance_window"] = first.maintenance_window
        instance = aws.rds.Instance(
            f"{name}-instance",
            region=self.region,
            identifier=spec.identifier,
            instance_class=spec.instance_class,
            multi_az=spec.availability == "multi-az",
            # No argument of RDS's call, which encrypts what its source encrypts; but the provider
            # compares it with what it finds, and would replace the replica at every deployment
            # (terraform-aws-modules/terraform-aws-rds#432).
            storage_encrypted=True,
            **growth(first.storage),
            vpc_security_group_ids=[self.security_group.id],
            publicly_accessible=False,
            auto_minor_version_upgrade=first.moves_by_itself,
            enabled_cloudwatch_logs_exports=list(exports),
            copy_tags_to_snapshot=True,
            apply_immediately=spec.apply_changes == "immediately",
            # RDS would switch it off, and the users are the source's.
            **takes_tokens(self.origin.iam_auth),
            **self._end(),
            **enhanced_monitoring(spec.enhanced_monitoring, args.monitoring_role),
            **performance_insights(spec.performance_insights, args.key),
            **where,
            tags=tags(spec.identifier),
            # The groups must be there before RDS makes them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        self.identifier = instance.identifier
        self.arn = instance.arn
        self.address = instance.address
        self.version = instance.engine_version_actual
        if self.origin.iam_auth:
            self._take_tokens([Server(self.arn, instance.resource_id)], spec.connect)
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

    def _end(self) -> dict[str, bool | str]:
        end = lifetime(self.spec.identifier, disposable=self.spec.lifetime == "disposable")
        if self.spec.follows is None:
            return end
        # RDS takes no final snapshot of a replica, and says so by refusing the deletion.
        protected = end["deletion_protection"]
        return {"deletion_protection": protected, "skip_final_snapshot": True}

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract. User and secret are those of its chain's origin."""
        first = self.origin.spec
        here = {"host": self.address, "port": first.facts.port}
        follows = self.spec.follows is not None
        return facts(
            {
                "kind": self.spec.kind,
                "engine": first.engine,
                "version": self.version,
                "region": self.region,
                "endpoints": [
                    {"role": "reader" if follows else "writer", **here},
                    {"role": "instance", "name": self.spec.identifier, **here},
                ],
                "database": first.database_name,
                "user": first.username,
                "secret_arn": self.origin.credentials.secret_arn,
                "source" if follows else "origin": self._source_name,
                "instances": [self.identifier],
                "security_group": self.security_group.id,
                "iam_auth": self.origin.iam_auth,
            }
        )
