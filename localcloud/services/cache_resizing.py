"""ElastiCache replication groups that grow and shrink: replicas, and in cluster mode shards."""

from __future__ import annotations

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.errors import LocalCloudError
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.cache_groups import KIND, CacheGroups
from localcloud.services.cache_shapes import Shape, with_groups, with_replicas, zones_for
from localcloud.services.context import Cloud
from localcloud.services.subnet_groups import SubnetGroups


class CacheResizing:
    """From one shape to another; what stays keeps its names and zones."""

    def __init__(self, cloud: Cloud, groups: CacheGroups, subnets: SubnetGroups) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._groups = groups
        self._subnets = subnets

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "IncreaseReplicaCount", self._replicas)
        operations.handle("elasticache", "DecreaseReplicaCount", self._replicas)
        operations.handle(
            "elasticache", "ModifyReplicationGroupShardConfiguration", self._node_groups
        )

    def _replicas(self, call: Call) -> Answer:
        p = call.params
        record = self._groups.need_available(call.region, p["ReplicationGroupId"])
        count = p.get("NewReplicaCount")
        if count is None:
            raise rules.combination("NewReplicaCount is required.")
        old = len(next(iter(record["_groups"].values()))) - 1
        grows = call.operation == "IncreaseReplicaCount"
        if (count <= old) if grows else (count >= old):
            raise rules.value(f"NewReplicaCount {count} is no change in that direction.")
        if record["ClusterEnabled"]:
            rules.check_clustered(len(record["_groups"]), count, record["MultiAZ"] == "enabled")
        else:
            rules.check_count(count + 1, record["AutomaticFailover"] == "enabled")
        shape = with_replicas(record, count, self._groups.primaries(record))
        return self._become(record, shape)

    def _node_groups(self, call: Call) -> Answer:
        p = call.params
        record = self._groups.need_available(call.region, p["ReplicationGroupId"])
        if not record["ClusterEnabled"]:
            raise rules.combination(
                "Only replication groups with cluster mode on have a shard configuration."
            )
        groups, count = list(record["_groups"]), p["NodeGroupCount"]
        leaving = list(p.get("NodeGroupsToRemove") or [])
        if p.get("NodeGroupsToRetain"):
            leaving = [group for group in groups if group not in p["NodeGroupsToRetain"]]
        strange = sorted(set(leaving) - set(groups))
        if strange:
            raise ApiError("NodeGroupNotFoundFault", f"NodeGroup {strange[0]} not found.")
        if count == len(groups):
            raise rules.value(f"NodeGroupCount {count} is no change.")
        if len(leaving) != max(0, len(groups) - count):
            raise rules.combination(
                f"From {len(groups)} node groups to {count}: name exactly those to remove."
            )
        replicas = len(record["_groups"][groups[0]]) - 1
        rules.check_clustered(count, replicas, record["MultiAZ"] == "enabled")
        return self._become(record, with_groups(record, count, leaving))

    def _become(self, record: Record, shape: Shape) -> Answer:
        region, name = record["_region"], record["ReplicationGroupId"]
        fresh = zones_for(self._subnets, region, record["_subnet_group"], [], shape)
        zones = fresh | record["_zones"]
        # Both shapes, until the servers have the new one: a kill leaves no node without a record.
        everyone = list(dict.fromkeys([*record["MemberClusters"], *shape.nodes]))
        self._records.update(
            KIND, region, name, Status="modifying", MemberClusters=everyone, _zones=zones
        )
        ref = Ref(region, name)
        try:
            if shape.clustered:
                self._cloud.fleet.sharded_caches.reshape(ref, shape.groups)
            else:
                self._cloud.fleet.caches.resize(ref, shape.nodes)
        except LocalCloudError as error:
            raise ApiError("InternalFailure", f"{name}: {error}", 500) from error
        finally:
            self._groups.settle(region, name)
        return {"ReplicationGroup": self._groups.shown(self._groups.need(region, name))}
