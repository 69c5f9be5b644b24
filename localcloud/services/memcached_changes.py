"""ElastiCache memcached clusters in operation: modify, resize, reboot, delete."""

from __future__ import annotations

from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import cache_rules
from localcloud.services import memcached_rules as rules
from localcloud.services.cache_parameters import CacheParameterGroups
from localcloud.services.context import Cloud, changed
from localcloud.services.memcached_clusters import KIND, MemcachedClusters
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import security_groups

_AT_ONCE = ("AutoMinorVersionUpgrade", "NotificationTopicArn", "PreferredMaintenanceWindow")


class MemcachedChanges:
    """What can be done to a memcached cluster that exists."""

    def __init__(
        self,
        cloud: Cloud,
        clusters: MemcachedClusters,
        subnets: SubnetGroups,
        parameters: CacheParameterGroups,
    ) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._clusters = clusters
        self._subnets = subnets
        self._parameters = parameters

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "ModifyCacheCluster", self._modify)
        operations.handle("elasticache", "RebootCacheCluster", self._reboot)
        operations.handle("elasticache", "DeleteCacheCluster", self._delete)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._clusters.need_available(call.region, p["CacheClusterId"])
        rules.check_window(p.get("PreferredMaintenanceWindow"))
        if p.get("CacheNodeType") not in (None, record["CacheNodeType"]):
            raise cache_rules.combination(
                "The local cloud does not change the node type of a memcached cluster."
            )
        values: dict[str, Any] = changed(record, p, _AT_ONCE)
        if p.get("CacheParameterGroupName"):
            values["_parameter_group"] = self._parameters.group_for(
                call.region, p["CacheParameterGroupName"], rules.FAMILY, clustered=False
            )
        if p.get("SecurityGroupIds"):
            vpc = self._subnets.find(call.region, record["_subnet_group"])["VpcId"]
            groups = security_groups(call.region, p["SecurityGroupIds"], vpc)
            values["SecurityGroups"] = [{"SecurityGroupId": g, "Status": "active"} for g in groups]
        if p.get("AZMode"):
            mode, count = p["AZMode"], p.get("NumCacheNodes") or len(record["_zones"])
            rules.check_mode(mode, count, [])
            values["_mode"] = mode
        waiting = self._waiting(record | values, call)
        if p.get("ApplyImmediately"):
            values |= self._applied(record | values, waiting, call)
        else:
            values["PendingModifiedValues"] = waiting
        self._records.update(KIND, call.region, record["CacheClusterId"], **values)
        fresh = self._clusters.need(call.region, record["CacheClusterId"])
        return {"CacheCluster": self._clusters.shown(fresh)}

    def _waiting(self, record: Record, call: Call) -> Record:
        """What waits for the maintenance window, this request included."""
        p, waiting = call.params, dict(record["PendingModifiedValues"])
        if p.get("EngineVersion"):
            version = rules.version(p["EngineVersion"])
            if rules.VERSIONS.index(version) < rules.VERSIONS.index(record["EngineVersion"]):
                raise cache_rules.combination(
                    f"Cannot downgrade memcached from {record['EngineVersion']} to {version}."
                )
            waiting["EngineVersion"] = version
        if p.get("NumCacheNodes") is not None:
            nodes = list(record["_zones"])
            count = rules.check_count(p["NumCacheNodes"])
            leaving = p.get("CacheNodeIdsToRemove") or []
            # The newest wish counts, and the present number takes every wish back.
            for member in ("NumCacheNodes", "CacheNodeIdsToRemove"):
                waiting.pop(member, None)
            if count < len(nodes) or leaving:
                rules.check_removal(leaving, nodes, count)
            if count != len(nodes):
                waiting["NumCacheNodes"] = count
            if leaving:
                waiting["CacheNodeIdsToRemove"] = leaving
        return waiting

    def _applied(self, record: Record, waiting: Record, call: Call) -> Record:
        values: Record = {"PendingModifiedValues": {}}
        if "EngineVersion" in waiting:
            # A new version restarts the nodes, which are empty then; here that is all it does.
            values["EngineVersion"] = waiting["EngineVersion"]
            if waiting["EngineVersion"] != record["EngineVersion"]:
                self._restart(record, list(record["_zones"]))
        if "NumCacheNodes" in waiting:
            zones = self._zones(record, waiting, call)
            values["_zones"] = zones
            ref = Ref(record["_region"], record["CacheClusterId"])
            self._cloud.fleet.memcached.resize(ref, list(zones))
            before, after = len(record["_zones"]), len(zones)
            self._clusters.tell(record, f"Number of cache nodes changed from {before} to {after}")
        return values

    def _zones(self, record: Record, waiting: Record, call: Call) -> dict[str, str]:
        leaving = waiting.get("CacheNodeIdsToRemove", [])
        kept = {node: zone for node, zone in record["_zones"].items() if node not in leaving}
        more = waiting["NumCacheNodes"] - len(kept)
        if more <= 0:
            return kept
        wanted = call.params.get("NewAvailabilityZones") or []
        group, mode = record["_subnet_group"], record["_mode"]
        if wanted:
            fresh = self._clusters.zones_for(call.region, group, wanted, mode, more)
        else:
            count = len(kept) + more
            fresh = self._clusters.zones_for(call.region, group, [], mode, count)[len(kept) :]
        rules.check_mode(mode, len(kept) + more, [*kept.values(), *fresh])
        first = max(map(int, kept)) + 1
        return kept | {f"{n:04d}": zone for n, zone in enumerate(fresh, first)}

    def _restart(self, record: Record, nodes: list[str]) -> None:
        values = self._parameters.values(record["_region"], record["_parameter_group"])
        ref = Ref(record["_region"], record["CacheClusterId"])
        self._cloud.fleet.memcached.reboot(ref, nodes, values)

    def _reboot(self, call: Call) -> Answer:
        p = call.params
        record = self._clusters.need_available(call.region, p["CacheClusterId"])
        nodes = p.get("CacheNodeIdsToReboot") or []
        unknown = [node for node in nodes if node not in record["_zones"]]
        if unknown or not nodes:
            # CacheNodeNotFound is no error of this operation's model, and AWS uses it all the same.
            raise ApiError(
                "CacheNodeNotFound",
                f"Cache node {', '.join(unknown) or '(none given)'} not found; there are "
                f"{', '.join(record['_zones'])}",
                404,
            )
        self._restart(record, nodes)
        with self._records.change():
            for node in nodes:
                self._clusters.tell(record, f"Cache node {node} restarted")
        return {"CacheCluster": self._clusters.shown(record)}

    def _delete(self, call: Call) -> Answer:
        p = call.params
        with self._records.change():
            record = self._clusters.need_available(call.region, p["CacheClusterId"])
            if p.get("FinalSnapshotIdentifier"):
                raise ApiError(
                    "SnapshotFeatureNotSupportedFault",
                    "Snapshots are not supported for memcached clusters.",
                )
            name = record["CacheClusterId"]
            self._records.update(KIND, call.region, name, CacheClusterStatus="deleting")
        self._cloud.fleet.memcached.delete(Ref(call.region, name))
        with self._records.change():
            self._records.drop(KIND, call.region, name)
            self._clusters.tell(record, "Cache cluster deleted")
        deleting = record | {"CacheClusterStatus": "deleting"}
        return {"CacheCluster": self._clusters.shown(deleting)}
