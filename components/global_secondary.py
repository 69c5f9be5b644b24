"""A cluster of a global database in another region than the primary's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aurora_parts import Place, cluster, instance_endpoints, members, surroundings
from components.keys import RegionKey
from components.monitoring_role import MonitoringRole
from components.network import Network
from components.security_group import DatabaseSecurityGroup
from specs.global_database import GlobalDatabase, Secondary

NOT_OURS_TO_CHANGE = ["engineVersion", "replicationSourceIdentifier"]
"""Of every cluster of a global database: the version is the global cluster's, and a version that
a member has on its own account would replace it (terraform-provider-aws#18214); whom it copies
changes with every switchover."""


@dataclass(frozen=True)
class GlobalSecondaryArgs:
    """``network`` and ``key`` are those of the secondary's region.

    ``shared`` is what all clusters of the global database have in common. ``after`` are the
    primary's members: RDS makes a secondary only of a primary that has one, and deletes a
    primary's last one only when there is no secondary.
    """

    spec: Secondary
    shared: GlobalDatabase
    world: pulumi.Output[str]
    """Identifier of the global cluster."""
    network: Network
    key: RegionKey
    at: str
    after: Sequence[aws.rds.ClusterInstance]
    monitoring_role: MonitoringRole | None = None


class GlobalSecondary(pulumi.ComponentResource):
    """A cluster that copies the primary's volume and takes no writes.

    Creates: a security group, a subnet group, a cluster parameter group, log groups, the cluster,
    its members; without members it is headless. No credentials: they are the primary's.
    Costs: hours x the class's price for every member, GB and month of a volume of its own, each
    replicated write by the million, and the transferred GB.
    Fails: when the primary's region is lost it can be made the primary by hand, and what was not
    replicated by then (typically less than a second) is lost; a planned switchover loses nothing.
    """

    spec: Secondary
    region: str
    security_group: DatabaseSecurityGroup
    cluster_identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    resource_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    reader_endpoint: pulumi.Output[str]
    members: Mapping[str, aws.rds.ClusterInstance]

    def __init__(
        self, name: str, args: GlobalSecondaryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:GlobalSecondary", name, None, opts)
        spec, shared = args.spec, args.shared
        self.spec, self.region, self._port = spec, args.network.region, shared.port
        child = pulumi.ResourceOptions(parent=self)
        place = Place(
            spec.identifier,
            spec.seats,
            spec.instance_class,
            args.network,
            args.key,
            args.at,
            args.monitoring_role,
        )
        around = surroundings(name, place, shared, child)
        self.security_group = around.security_group
        made = cluster(
            name,
            place,
            shared,
            around,
            pulumi.ResourceOptions(
                parent=self, depends_on=list(args.after), ignore_changes=NOT_OURS_TO_CHANGE
            ),
            global_cluster_identifier=args.world,
            enable_global_write_forwarding=spec.write_forwarding,
        )
        self.cluster_identifier = made.cluster_identifier
        self.arn = made.arn
        self.resource_id = made.cluster_resource_id
        self.endpoint = made.endpoint
        self.reader_endpoint = made.reader_endpoint
        self.members = members(name, place, shared, around, made, child)
        self.register_outputs(
            {
                "region": self.region,
                "clusterIdentifier": self.cluster_identifier,
                "arn": self.arn,
                "resourceId": self.resource_id,
                "endpoint": self.endpoint,
                "readerEndpoint": self.reader_endpoint,
                "members": {key: each.endpoint for key, each in self.members.items()},
                "securityGroup": self.security_group.id,
            }
        )

    @property
    def facts(self) -> dict[str, Any]:
        """Its place in the entry of its global database, as the output contract has it."""
        names, port = list(self.members), self._port
        return {
            "region": self.region,
            "cluster": self.cluster_identifier,
            "writer": {"role": "writer", "host": self.endpoint, "port": port, "members": names},
            "reader": {
                "role": "reader",
                "host": self.reader_endpoint,
                "port": port,
                "members": names,
            },
            "nodes": instance_endpoints(list(self.members.values()), port),
            "instances": [member.identifier for member in self.members.values()],
            "write_forwarding": self.spec.write_forwarding,
            "security_group": self.security_group.id,
        }
