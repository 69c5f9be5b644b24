"""A read replica of an RDS instance (practice 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.facts import Facts, facts
from components.keys import RegionKey
from components.monitoring_role import MonitoringRole, enhanced_monitoring
from components.network import Network
from components.rds_instance import RdsInstance, growth
from components.rds_parameters import instance_parameters
from components.security_group import DatabaseSecurityGroup, DatabaseSecurityGroupArgs
from components.tags import tags
from specs.read_replica import ReadReplica as Spec


@dataclass(frozen=True)
class ReadReplicaArgs:
    """``network`` and ``key`` are those of the replica's region."""

    spec: Spec
    source: RdsInstance
    source_name: str
    """The source's name in the stack."""
    network: Network
    key: RegionKey
    monitoring_role: MonitoringRole | None = None


class ReadReplica(pulumi.ComponentResource):
    """A replica that reads what its source wrote a moment ago, and refuses writes.

    MySQL and MariaDB refuse them with error 1290, PostgreSQL with 25006.

    Creates: a security group and the instance; in another region than the source's also a subnet
    group and a parameter group, which an in-region replica has from its source.
    Costs: hours x the class's price, GB x the storage's price; between regions also the
    transferred GB.
    Fails: a replica whose replication has stopped for 30 days is ended by RDS; when the source
    is deleted a replica becomes an instance of its own. Pulumi deletes the replica first.
    """

    spec: Spec
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
        self.spec, self._source, self._source_name = spec, source, args.source_name
        self.region = network.region
        child = pulumi.ResourceOptions(parent=self)
        self.security_group = DatabaseSecurityGroup(
            f"{name}-access", DatabaseSecurityGroupArgs(network, source.spec.facts.port), child
        )
        if self.region == source.region:
            # RDS takes subnet group, parameter group and key from the source and refuses ours.
            where: dict[str, Any] = {"replicate_source_db": source.identifier}
        else:
            where = {
                "replicate_source_db": source.arn,
                "kms_key_id": args.key.arn,
                **self._elsewhere(name, args, child),
            }
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
            **growth(source.spec.storage),
            vpc_security_group_ids=[self.security_group.id],
            publicly_accessible=False,
            auto_minor_version_upgrade=source.spec.moves_by_itself,
            copy_tags_to_snapshot=True,
            apply_immediately=spec.apply_changes == "immediately",
            deletion_protection=spec.lifetime == "protected",
            # RDS takes no final snapshot of a replica, and says so by refusing the deletion.
            skip_final_snapshot=True,
            **enhanced_monitoring(spec.enhanced_monitoring, args.monitoring_role),
            **where,
            tags=tags(spec.identifier),
            opts=child,
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

    def _elsewhere(
        self, name: str, args: ReadReplicaArgs, child: pulumi.ResourceOptions
    ) -> dict[str, pulumi.Output[str]]:
        source = args.source.spec
        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            region=self.region,
            subnet_ids=list(args.network.subnets.values()),
            description=f"Zones of {args.spec.identifier}",
            tags=tags(f"{name}-subnets"),
            opts=child,
        )
        parameters = aws.rds.ParameterGroup(
            f"{name}-parameters",
            region=self.region,
            family=source.family,
            description=f"Parameters of {args.spec.identifier}",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(**p) for p in instance_parameters(source)
            ],
            tags=tags(f"{name}-parameters"),
            opts=child,
        )
        return {"db_subnet_group_name": subnets.name, "parameter_group_name": parameters.name}

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
                    {"role": "reader", **here},
                    {"role": "instance", "name": self.spec.identifier, **here},
                ],
                "database": source.database_name,
                "user": source.username,
                "secret_arn": self._source.credentials.secret_arn,
                "source": self._source_name,
                "instances": [self.identifier],
                "security_group": self.security_group.id,
            }
        )
