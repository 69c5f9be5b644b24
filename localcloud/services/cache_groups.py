"""ElastiCache replication groups and their nodes, as the servers are now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.fleet import Address, Ref
from localcloud.records import Record
from localcloud.services.cache_shapes import ONLY_GROUP, settled
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn, name_of

KIND = "replication-group"


def missing(name: str) -> ApiError:
    """There is no such replication group."""
    return ApiError("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.", 404)


class CacheGroups:
    """Replication groups and the cache clusters (nodes) they consist of."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._records = cloud.records

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "DescribeReplicationGroups", self._describe)
        operations.handle("elasticache", "DescribeCacheClusters", self._clusters)

    def need(self, region: str, name: str) -> Record:
        """One group by identifier or ARN. Raises ``ReplicationGroupNotFoundFault``."""
        return self._cloud.need(KIND, region, name_of(name), missing(name))

    def need_available(self, region: str, name: str) -> Record:
        """A group that is not in the middle of something."""
        record = self.need(region, name)
        if record["Status"] != "available":
            raise ApiError(
                "InvalidReplicationGroupState",
                f"Replication group {name} is {record['Status']}, not available.",
            )
        return record

    def tell(self, record: Record, message: str) -> None:
        """Leave an event of a group."""
        source = ("replication-group", record["ReplicationGroupId"], record["_arn"])
        self._cloud.event("elasticache", record["_region"], source, message)

    def shown(self, record: Record) -> Record:
        """The record with addresses and roles as the servers have them now."""
        if record["Status"] in ("creating", "deleting"):
            return record
        groups, ends = self._sharded(record) if record["ClusterEnabled"] else self._single(record)
        self._note_primaries(record, {g["NodeGroupId"]: g.pop("_primary") for g in groups})
        return record | ends | {"NodeGroups": groups}

    def settle(self, region: str, name: str) -> None:
        """End a change of shape, whole or cut short: the record has the nodes that there are."""
        members = settled(self.need(region, name), self._cloud.fleet)
        self._records.update(KIND, region, name, **members)

    def primaries(self, record: Record) -> dict[str, str | None]:
        """Who leads each node group now."""
        ref = Ref(record["_region"], record["ReplicationGroupId"])
        if record["ClusterEnabled"]:
            state = self._cloud.fleet.sharded_caches.state(ref)
            return {shard.name: shard.primary for shard in state.shards}
        return {ONLY_GROUP: self._cloud.fleet.caches.state(ref).primary}

    def _note_primaries(self, record: Record, primaries: Mapping[str, str | None]) -> None:
        region, name = record["_region"], record["ReplicationGroupId"]
        before = record.get("_primaries") or {}
        if primaries == before:
            return
        with self._records.change():
            fresh = self.need(region, name)
            for group, primary in primaries.items():
                if (fresh.get("_primaries") or {}).get(group) not in (None, primary):
                    self.tell(fresh, f"Failover to replica node {primary} completed")
            self._records.update(KIND, region, name, _primaries=dict(primaries))

    def _single(self, record: Record) -> tuple[list[Record], Record]:
        ref = Ref(record["_region"], record["ReplicationGroupId"])
        state = self._cloud.fleet.caches.state(ref)
        members = [
            {
                **_member(record, node),
                "ReadEndpoint": _endpoint(state.addresses.nodes[node]),
                "CurrentRole": "primary" if node == state.primary else "replica",
            }
            for node in record["MemberClusters"]
            if node in state.addresses.nodes
        ]
        group = {
            "NodeGroupId": ONLY_GROUP,
            "Status": "available",
            "PrimaryEndpoint": _endpoint(state.addresses.primary),
            "ReaderEndpoint": _endpoint(state.addresses.reader),
            "NodeGroupMembers": members,
            "_primary": state.primary,
        }
        return [group], {}

    def _sharded(self, record: Record) -> tuple[list[Record], Record]:
        # In cluster mode ElastiCache tells neither roles nor addresses: the cluster does.
        ref = Ref(record["_region"], record["ReplicationGroupId"])
        state = self._cloud.fleet.sharded_caches.state(ref)
        groups = [
            {
                "NodeGroupId": shard.name,
                "Status": "available",
                "Slots": shard.slots,
                "NodeGroupMembers": [_member(record, node) for node in shard.nodes],
                "_primary": shard.primary,
            }
            for shard in state.shards
        ]
        return groups, {"ConfigurationEndpoint": _endpoint(state.configuration)}

    def _addresses(self, record: Record) -> Mapping[str, Address]:
        if record["Status"] in ("creating", "deleting"):
            return {}
        ref = Ref(record["_region"], record["ReplicationGroupId"])
        if record["ClusterEnabled"]:
            state = self._cloud.fleet.sharded_caches.state(ref)
            return {name: at for shard in state.shards for name, at in shard.nodes.items()}
        return self._cloud.fleet.caches.state(ref).addresses.nodes

    def _describe(self, call: Call) -> Answer:
        wanted = call.params.get("ReplicationGroupId")
        everything = self._records.all(KIND, call.region)
        found = [self.need(call.region, wanted)] if wanted else everything
        return page(call, "ReplicationGroups", [self.shown(record) for record in found])

    def _clusters(self, call: Call) -> Answer:
        p = call.params
        rows: list[dict[str, Any]] = []
        if not p.get("ShowCacheClustersNotInReplicationGroups"):
            for record in self._records.all(KIND, call.region):
                rows += self._nodes(record, bool(p.get("ShowCacheNodeInfo")))
        wanted = p.get("CacheClusterId")
        if wanted:
            rows = [row for row in rows if row["CacheClusterId"] == wanted.lower()]
            if not rows:
                raise ApiError("CacheClusterNotFound", f"CacheCluster not found: {wanted}", 404)
        return page(call, "CacheClusters", rows)

    def _nodes(self, record: Record, with_nodes: bool) -> list[dict[str, Any]]:
        addresses = self._addresses(record)
        rows = []
        for node in record["MemberClusters"]:
            row: dict[str, Any] = {
                "CacheClusterId": node,
                "ReplicationGroupId": record["ReplicationGroupId"],
                "ARN": arn("elasticache", record["_region"], "cluster", node),
                "CacheNodeType": record["CacheNodeType"],
                "Engine": record["Engine"],
                # Redis 7 has no patch in what is asked for, but in what runs it has.
                "EngineVersion": f"{record['_version']}.0",
                "CacheClusterStatus": record["Status"],
                "NumCacheNodes": 1,
                "PreferredAvailabilityZone": record["_zones"][node],
                "CacheClusterCreateTime": record["ReplicationGroupCreateTime"],
                "PreferredMaintenanceWindow": record["_maintenance_window"],
                "PendingModifiedValues": {},
                "CacheSecurityGroups": [],
                "CacheParameterGroup": {
                    "CacheParameterGroupName": record["_parameter_group"],
                    "ParameterApplyStatus": "in-sync",
                    "CacheNodeIdsToReboot": [],
                },
                "CacheSubnetGroupName": record["_subnet_group"],
                "SecurityGroups": record["_security_groups"],
                "AuthTokenEnabled": record["AuthTokenEnabled"],
                "TransitEncryptionEnabled": record["TransitEncryptionEnabled"],
                "AtRestEncryptionEnabled": record["AtRestEncryptionEnabled"],
                "AutoMinorVersionUpgrade": record["AutoMinorVersionUpgrade"],
                "SnapshotRetentionLimit": record["SnapshotRetentionLimit"],
                "SnapshotWindow": record["SnapshotWindow"],
                "NetworkType": "ipv4",
                "IpDiscovery": "ipv4",
            }
            if with_nodes and node in addresses:
                row["CacheNodes"] = [
                    {
                        "CacheNodeId": "0001",
                        "CacheNodeStatus": "available",
                        "CacheNodeCreateTime": record["ReplicationGroupCreateTime"],
                        "Endpoint": _endpoint(addresses[node]),
                        "ParameterGroupStatus": "in-sync",
                        "CustomerAvailabilityZone": record["_zones"][node],
                    }
                ]
            rows.append(row)
        return rows


def _member(record: Record, node: str) -> dict[str, Any]:
    return {
        "CacheClusterId": node,
        "CacheNodeId": "0001",
        "PreferredAvailabilityZone": record["_zones"][node],
    }


def _endpoint(address: Address) -> dict[str, Any]:
    return {"Address": address.host, "Port": address.port}
