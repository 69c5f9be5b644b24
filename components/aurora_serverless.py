"""An Aurora MySQL cluster that buys its capacity by the second (practice 4)."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.aurora_cluster import AuroraArgs, AuroraCluster
from specs.aurora_serverless import AuroraServerless as Spec
from specs.aurora_serverless import Pausing

AuroraServerlessArgs = AuroraArgs[Spec]


class AuroraServerless(AuroraCluster[Spec]):
    """A cluster of serverless members whose capacity follows their load.

    Creates: a security group, a subnet group, a cluster parameter group, credentials, log groups,
    the cluster with its range of capacity, its writer, its readers, a policy for each entry of
    ``connect``.
    Costs: hours x average ACU x 0.12 USD (us-east-1) for every member, nothing for a member while
    it is paused; GB and month of the volume once, and requests to it by the million.
    Fails: as a provisioned cluster. A reader with ``follows_writer`` is as large as the writer
    and takes over first, one without has its own size, which may be too small for the writer's
    load, and grows only after it took over. The first connection to a paused cluster waits for
    about 15 s, 30 s and more after a day: a client that gives up earlier does not get in. An RDS
    Proxy, a global database and binary log replication keep a cluster awake.
    """

    def __init__(
        self, name: str, args: AuroraServerlessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:AuroraServerless", name, args, opts)
        self._let_in()
        self.register_outputs(self._outputs)

    def _of_the_cluster(self, name: str) -> dict[str, Any]:
        capacity = self.spec.capacity
        pause = capacity.pause_after_seconds if isinstance(capacity, Pausing) else None
        # Part of the cluster: RDS refuses a serverless member where there is no range yet.
        scaling = aws.rds.ClusterServerlessv2ScalingConfigurationArgs(
            min_capacity=capacity.min_acu,
            max_capacity=capacity.max_acu,
            seconds_until_auto_pause=pause,
        )
        return {"serverlessv2_scaling_configuration": scaling}
