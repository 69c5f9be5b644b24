"""An Aurora Global Database: one cluster that writes, others in other regions that follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aurora_cluster import AuroraArgs, AuroraCluster
from components.global_secondary import NOT_OURS_TO_CHANGE, GlobalSecondary, GlobalSecondaryArgs
from components.keys import RegionKey
from components.network import Network
from components.tags import tags
from components.token_logins import Server
from specs.global_database import GlobalDatabase as Spec


@dataclass(frozen=True)
class GlobalDatabaseArgs(AuroraArgs[Spec]):
    """``network`` and ``key`` are those of the primary's region, the others by region."""

    networks: Mapping[str, Network]
    keys: Mapping[str, RegionKey]


class GlobalDatabase(AuroraCluster[Spec]):
    """A global cluster, its primary, and a secondary for each other region of the config.

    Creates: the global cluster; what an Aurora cluster consists of, for the primary; a
    `GlobalSecondary` for each other region; a policy for each entry of ``connect``, which is good
    in all its regions.
    Costs: the primary as an Aurora cluster, each secondary by its own formula. A headless one
    costs its volume and the replicated writes only.
    Fails: within a region as an Aurora cluster. A switchover or failover to another region is
    asked for through the API, not by the config: the roles swap and the next `up` leaves them.
    Before a destroy switch back: what Pulumi deletes first would be the primary. The version is
    changed at the global cluster, which takes its members along. Pulumi deletes in the order that
    RDS wants, the reverse of the creation: the secondaries' members and clusters, the primary's,
    the global cluster. A destroy that ends with "unexpected state 'promoting'" is started again
    (terraform-provider-aws#39909).
    """

    secondaries: Mapping[str, GlobalSecondary]
    """By region."""

    def __init__(
        self, name: str, args: GlobalDatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:GlobalDatabase", name, args, opts)
        self.secondaries = {
            spec.region: GlobalSecondary(
                f"{name}-{spec.region}",
                GlobalSecondaryArgs(
                    spec=spec,
                    shared=args.spec,
                    world=self._world.global_cluster_identifier,
                    network=args.networks[spec.region],
                    key=args.keys[spec.region],
                    monitoring_role=args.monitoring_role,
                    at=f"{args.at}.secondaries.{number}",
                    after=list(self.members.values()),
                ),
                self._child,
            )
            for number, spec in enumerate(args.spec.secondaries)
        }
        self._let_in(*(Server(e.arn, e.resource_id) for e in self.secondaries.values()))
        self.register_outputs(
            {
                **self._outputs,
                "globalClusterIdentifier": self._world.global_cluster_identifier,
                "secondaries": {
                    region: each.cluster_identifier for region, each in self.secondaries.items()
                },
            }
        )

    def _of_the_cluster(self, name: str) -> dict[str, Any]:
        spec = self.spec
        self._world = aws.rds.GlobalCluster(
            f"{name}-global",
            region=self.region,
            global_cluster_identifier=spec.identifier,
            # The provider's own default is Aurora for MySQL 5.6, which is gone.
            engine=spec.engine,
            engine_version=spec.engine_version,
            storage_encrypted=True,
            deletion_protection=spec.lifetime == "protected",
            tags=tags(spec.identifier),
            opts=self._child,
        )
        return {"global_cluster_identifier": self._world.global_cluster_identifier}

    def _cluster_options(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, ignore_changes=NOT_OURS_TO_CHANGE)

    @property
    def _facts(self) -> dict[str, Any]:
        worldwide = {
            "identifier": self._world.global_cluster_identifier,
            "secondaries": [each.facts for each in self.secondaries.values()],
        }
        return {**super()._facts, "worldwide": worldwide}
