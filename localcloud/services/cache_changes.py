"""ElastiCache replication groups in operation: modify, resize, fail over, delete."""

from __future__ import annotations

from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, now
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.cache_groups import KIND, CacheGroups
from localcloud.services.cache_parameters import CacheParameterGroups
from localcloud.services.context import Cloud, changed
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import security_groups

_AT_ONCE = ("SnapshotRetentionLimit", "SnapshotWindow", "AutoMinorVersionUpgrade")


class CacheChanges:
    """What can be done to a replication group that exists."""

    def __init__(
        self,
        cloud: Cloud,
        groups: CacheGroups,
        subnets: SubnetGroups,
        parameters: CacheParameterGroups,
    ) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._groups = groups
        self._subnets = subnets
        self._parameters = parameters

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "ModifyReplicationGroup", self._modify)
        operations.handle("elasticache", "IncreaseReplicaCount", self._resize)
        operations.handle("elasticache", "DecreaseReplicaCount", self._resize)
        operations.handle("elasticache", "TestFailover", self._fail_over)
        operations.handle("elasticache", "DeleteReplicationGroup", self._delete)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._groups.need_available(call.region, p["ReplicationGroupId"])
        name = record["ReplicationGroupId"]
        values: dict[str, Any] = changed(record, p, _AT_ONCE)
        rules.check_snapshots(p)
        if p.get("ReplicationGroupDescription"):
            values["Description"] = p["ReplicationGroupDescription"]
        for member, shown in (("AutomaticFailoverEnabled", "AutomaticFailover"),
                              ("MultiAZEnabled", "MultiAZ")):  # fmt: skip
            if p.get(member) is not None:
                values[shown] = "enabled" if p[member] else "disabled"
        merged = record | values
        failover = merged["AutomaticFailover"] == "enabled"
        rules.check_modes(failover, merged["MultiAZ"] == "enabled")
        rules.check_count(len(record["MemberClusters"]), failover)
        if p.get("CacheNodeType"):
            rules.check_class(p["CacheNodeType"])
            values["CacheNodeType"] = p["CacheNodeType"]
        if p.get("EngineVersion"):
            version = rules.version(p["EngineVersion"])
            if rules.VERSIONS.index(version) < rules.VERSIONS.index(record["_version"]):
                raise rules.combination(
                    f"Cannot downgrade redis from {record['_version']} to {version}."
                )
            values["_version"] = version
        if p.get("CacheParameterGroupName"):
            family = rules.family(str(values.get("_version") or record["_version"]))
            wanted = p["CacheParameterGroupName"]
            values["_parameter_group"] = self._parameters.group_for(call.region, wanted, family)
        if p.get("SecurityGroupIds"):
            vpc = self._subnets.find(call.region, record["_subnet_group"])["VpcId"]
            groups = security_groups(call.region, p["SecurityGroupIds"], vpc)
            values["_security_groups"] = [
                {"SecurityGroupId": g, "Status": "active"} for g in groups
            ]
        if p.get("PreferredMaintenanceWindow"):
            values["_maintenance_window"] = p["PreferredMaintenanceWindow"]
        if p.get("TransitEncryptionEnabled") not in (None, record["TransitEncryptionEnabled"]):
            raise rules.combination(
                "The local cloud does not change encryption in transit of an existing group."
            )
        self._token(call, record, values)
        self._records.update(KIND, call.region, name, **values)
        return {"ReplicationGroup": self._groups.shown(self._groups.need(call.region, name))}

    def _token(self, call: Call, record: Record, values: dict[str, Any]) -> None:
        p = call.params
        strategy = p.get("AuthTokenUpdateStrategy")
        ref = Ref(call.region, record["ReplicationGroupId"])
        if p.get("AuthToken"):
            rules.check_token(p["AuthToken"], record["TransitEncryptionEnabled"])
            self._cloud.fleet.caches.set_token(ref, p["AuthToken"])
            values |= {"AuthTokenEnabled": True, "AuthTokenLastModifiedDate": now()}
        elif strategy == "DELETE":
            self._cloud.fleet.caches.set_token(ref, None)
            values |= {"AuthTokenEnabled": False}

    def _resize(self, call: Call) -> Answer:
        p = call.params
        record = self._groups.need_available(call.region, p["ReplicationGroupId"])
        name, old = record["ReplicationGroupId"], list(record["MemberClusters"])
        if p.get("NewReplicaCount") is None:
            raise rules.combination("NewReplicaCount is required.")
        count = p["NewReplicaCount"] + 1
        grows = call.operation == "IncreaseReplicaCount"
        if (count <= len(old)) if grows else (count >= len(old)):
            raise rules.value(f"NewReplicaCount {count - 1} is no change in that direction.")
        rules.check_count(count, record["AutomaticFailover"] == "enabled")
        ref = Ref(call.region, name)
        if grows:
            free = (n for n in (f"{name}-{i:03d}" for i in range(1, 100)) if n not in old)
            nodes = old + [next(free) for _ in range(count - len(old))]
        else:
            primary = self._cloud.fleet.caches.state(ref).primary
            # The primary stays, whatever its number.
            leaving = [n for n in reversed(old) if n != primary][: len(old) - count]
            nodes = [n for n in old if n not in leaving]
        zones = self._groups.zones_for(call.region, record["_subnet_group"], [], len(nodes))
        by_node = dict(zip(nodes, zones, strict=True)) | {
            n: z for n, z in record["_zones"].items() if n in nodes
        }
        self._cloud.fleet.caches.resize(ref, nodes)
        self._records.update(KIND, call.region, name, MemberClusters=nodes, _zones=by_node)
        return {"ReplicationGroup": self._groups.shown(self._groups.need(call.region, name))}

    def _fail_over(self, call: Call) -> Answer:
        p = call.params
        record = self._groups.need_available(call.region, p["ReplicationGroupId"])
        name = record["ReplicationGroupId"]
        if p.get("NodeGroupId") != "0001":
            raise ApiError("NodeGroupNotFoundFault", f"NodeGroup {p.get('NodeGroupId')} not found.")
        if record["AutomaticFailover"] != "enabled":
            raise ApiError(
                "InvalidReplicationGroupState",
                f"Automatic failover is not enabled for replication group {name}.",
            )
        self._groups.shown(record)
        self._groups.tell(record, "Test Failover API called for node group 0001")
        self._cloud.fleet.caches.fail_over(Ref(call.region, name))
        return {"ReplicationGroup": self._groups.shown(self._groups.need(call.region, name))}

    def _delete(self, call: Call) -> Answer:
        p = call.params
        with self._records.change():
            record = self._groups.need_available(call.region, p["ReplicationGroupId"])
            name = record["ReplicationGroupId"]
            if p.get("RetainPrimaryCluster"):
                raise rules.value("The local cloud keeps no primary without its group.")
            self._records.update(KIND, call.region, name, Status="deleting")
        self._cloud.fleet.caches.delete(Ref(call.region, name))
        with self._records.change():
            self._records.drop(KIND, call.region, name)
            self._groups.tell(record, "Replication group deleted")
        return {"ReplicationGroup": record | {"Status": "deleting"}}
