"""A migration by DMS: full load, changes, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.facts import Facts, facts
from components.keys import RegionKey
from components.migration_endpoints import (
    End,
    EndFacts,
    EndpointArgs,
    EndpointSecret,
    EndpointSecretArgs,
    Role,
    end_facts,
    endpoint,
)
from components.migration_network import MigrationAccess, MigrationAccessArgs, SecretsEndpoint
from components.migration_roles import DmsAccountRoles, SecretsAccess, SecretsAccessArgs
from components.migration_task import table_mappings, task_settings
from components.network import Network
from components.tags import tags
from specs.migration import InstanceCapacity, ServerlessCapacity
from specs.migration import Migration as Spec

_LOG_DAYS = 30


@dataclass(frozen=True)
class MigrationArgs:
    """``ca_pem`` is the bundle of the CAs that sign the databases' certificates."""

    spec: Spec
    source: End
    target: End
    network: Network
    key: RegionKey
    account_roles: DmsAccountRoles
    secrets_endpoint: SecretsEndpoint
    ca_pem: str


class Migration(pulumi.ComponentResource):
    """DMS between two databases of the stack. Deploying it starts nothing: `StartReplicationTask`
    or `StartReplication` does. What runs is stopped before it is changed or deleted, and after a
    change it is resumed by the same call.

    Creates: a secret for each database, the role that reads them, a security group and the
    databases' rules for it, a certificate, a subnet group, two endpoints; for an instance the
    replication instance, its task and their log group, for serverless a replication config.
    Costs: for an instance hours x the class's price and GB x the storage's price, both twice with
    Multi-AZ; for serverless, hours x units while it runs; 0.40 USD a secret and month.
    Fails: the source must keep its binary log until DMS has read it, which is SQL and not part of
    a deployment: `call mysql.rds_set_configuration('binlog retention hours', 24)`. An Aurora
    cluster that becomes a source logs rows only after its writer has rebooted. A new password
    reaches the endpoints' secrets by the next deployment. DMS brings tables, rows and primary
    keys, and no other index, foreign key, default or AUTO_INCREMENT.
    """

    spec: Spec
    region: str
    subnet_group_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    ends: Mapping[Role, EndpointArgs]
    """How DMS logs in to either database."""
    arn: pulumi.Output[str]
    """Of the task, or of the replication config."""
    version: pulumi.Output[str]
    """Of DMS, as the instance reports it; serverless has none to choose or to see."""

    def __init__(
        self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:Migration", name, None, opts)
        self.spec, self.region = args.spec, args.network.region
        ends: dict[Role, EndFacts] = {
            "source": end_facts(args.source),
            "target": end_facts(args.target),
        }
        self._subnets = self._subnet_group(name, args)
        self._access = MigrationAccess(
            f"{name}-access",
            MigrationAccessArgs(
                args.network,
                args.secrets_endpoint,
                {what: (end.security_group, end.port) for what, end in ends.items()},
            ),
            self._child(),
        )
        self.subnet_group_id = self._subnets.replication_subnet_group_id
        self.security_group_id = self._access.id
        self.ends = self._ends(name, args, ends)
        endpoints = {
            role: endpoint(f"{name}-{role}", end, self._child()) for role, end in self.ends.items()
        }
        capacity = args.spec.capacity
        match capacity:
            case InstanceCapacity():
                self.arn, self.version = self._on_an_instance(name, args, capacity, endpoints)
            case ServerlessCapacity():
                self.arn = self._serverless(name, args, capacity, endpoints)
                self.version = pulumi.Output.from_input("serverless")
        self.register_outputs({"region": self.region, "arn": self.arn})

    def _child(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _subnet_group(self, name: str, args: MigrationArgs) -> aws.dms.ReplicationSubnetGroup:
        identifier = f"{args.spec.identifier}-subnets"
        return aws.dms.ReplicationSubnetGroup(
            f"{name}-subnets",
            region=self.region,
            replication_subnet_group_id=identifier,
            replication_subnet_group_description=f"Zones of {args.spec.identifier}",
            subnet_ids=list(args.network.subnets.values()),
            tags=tags(identifier),
            # DMS looks into the VPC by its role, and needs the role's policy for it.
            opts=self._child(args.account_roles),
        )

    def _ends(
        self, name: str, args: MigrationArgs, ends: dict[Role, EndFacts]
    ) -> dict[Role, EndpointArgs]:
        identifiers = {role: f"{args.spec.identifier}-{role}" for role in ends}
        secrets = {
            role: EndpointSecret(
                f"{name}-{role}-login",
                EndpointSecretArgs(identifiers[role], end, args.key),
                self._child(),
            )
            for role, end in ends.items()
        }
        reader = SecretsAccess(
            f"{name}-secrets",
            SecretsAccessArgs(
                self.region, [secret.arn for secret in secrets.values()], [args.key.arn]
            ),
            self._child(),
        )
        certificate = aws.dms.Certificate(
            f"{name}-authorities",
            region=self.region,
            certificate_id=f"{args.spec.identifier}-authorities",
            certificate_pem=args.ca_pem,
            tags=tags(f"{args.spec.identifier}-authorities"),
            opts=self._child(),
        )
        return {
            role: EndpointArgs(
                role=role,
                identifier=identifiers[role],
                end=end,
                key=args.key,
                secret_arn=secrets[role].arn,
                access_role_arn=reader.arn,
                certificate_arn=certificate.certificate_arn,
            )
            for role, end in ends.items()
        }

    def _on_an_instance(
        self,
        name: str,
        args: MigrationArgs,
        capacity: InstanceCapacity,
        endpoints: dict[Role, aws.dms.Endpoint],
    ) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        spec = args.spec
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            region=self.region,
            # The one that DMS writes to; it would make it without an end.
            name=f"dms-tasks-{spec.identifier}",
            kms_key_id=args.key.logs_arn,
            retention_in_days=_LOG_DAYS,
            tags=tags(f"dms-tasks-{spec.identifier}"),
            opts=self._child(),
        )
        instance = aws.dms.ReplicationInstance(
            f"{name}-instance",
            region=self.region,
            replication_instance_id=spec.identifier,
            replication_instance_class=capacity.instance_class,
            # No engine_version: DMS takes the newest one, and old ones are withdrawn.
            auto_minor_version_upgrade=True,
            allocated_storage=capacity.storage_gb,
            multi_az=capacity.availability == "multi-az",
            publicly_accessible=False,
            kms_key_arn=args.key.arn,
            replication_subnet_group_id=self._subnets.replication_subnet_group_id,
            vpc_security_group_ids=[self._access.id],
            preferred_maintenance_window=capacity.maintenance_window,
            apply_immediately=capacity.apply_changes == "immediately",
            tags=tags(spec.identifier),
            opts=self._child(args.account_roles, args.secrets_endpoint),
        )
        task = aws.dms.ReplicationTask(
            f"{name}-task",
            region=self.region,
            replication_task_id=spec.identifier,
            # Alarms name it before it is there.
            resource_identifier=spec.task_identifier,
            replication_instance_arn=instance.replication_instance_arn,
            source_endpoint_arn=endpoints["source"].endpoint_arn,
            target_endpoint_arn=endpoints["target"].endpoint_arn,
            migration_type=spec.mode,
            table_mappings=table_mappings(spec.tables),
            replication_task_settings=task_settings(),
            start_replication_task=False,
            tags=tags(spec.identifier),
            # DMS answers with a hundred settings more than it was given.
            opts=pulumi.ResourceOptions.merge(
                self._child(logs),
                pulumi.ResourceOptions(ignore_changes=["replicationTaskSettings"]),
            ),
        )
        return task.replication_task_arn, instance.engine_version

    def _serverless(
        self,
        name: str,
        args: MigrationArgs,
        capacity: ServerlessCapacity,
        endpoints: dict[Role, aws.dms.Endpoint],
    ) -> pulumi.Output[str]:
        spec = args.spec
        config = aws.dms.ReplicationConfig(
            f"{name}-config",
            region=self.region,
            replication_config_identifier=spec.identifier,
            replication_type=spec.mode,
            source_endpoint_arn=endpoints["source"].endpoint_arn,
            target_endpoint_arn=endpoints["target"].endpoint_arn,
            table_mappings=table_mappings(spec.tables),
            replication_settings=task_settings(),
            start_replication=False,
            compute_config=aws.dms.ReplicationConfigComputeConfigArgs(
                replication_subnet_group_id=self._subnets.replication_subnet_group_id,
                min_capacity_units=capacity.min_units,
                max_capacity_units=capacity.max_units,
                multi_az=capacity.availability == "multi-az",
                kms_key_id=args.key.arn,
                vpc_security_group_ids=[self._access.id],
                preferred_maintenance_window=capacity.maintenance_window,
            ),
            tags=tags(spec.identifier),
            opts=pulumi.ResourceOptions.merge(
                self._child(args.account_roles, args.secrets_endpoint),
                pulumi.ResourceOptions(ignore_changes=["replicationSettings"]),
            ),
        )
        arn: pulumi.Output[str] = config.arn
        return arn

    @property
    def facts(self) -> Facts:
        """Its entry in the output contract: no endpoint, but what it is between."""
        spec = self.spec
        return facts(
            {
                "kind": spec.kind,
                "engine": "dms",
                "version": self.version,
                "region": self.region,
                "endpoints": [],
                "migration": {
                    "runs_on": spec.capacity.type,
                    "arn": self.arn,
                    "source": spec.source,
                    "target": spec.target,
                },
            }
        )
