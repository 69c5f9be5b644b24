"""ElastiCache replication groups in operation: modify, fail over, delete."""

from __future__ import annotations

from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, Params
from localcloud.errors import LocalCloudError
from localcloud.fleet import Ref
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.cache_access import CacheAccess, servers_of
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
        access: CacheAccess,
    ) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._groups = groups
        self._subnets = subnets
        self._parameters = parameters
        self._access = access

    def register(self, operations: Operations) -> None:
        """Answer the operations of this module."""
        operations.handle("elasticache", "ModifyReplicationGroup", self._modify)
        operations.handle("elasticache", "TestFailover", self._fail_over)
        operations.handle("elasticache", "DeleteReplicationGroup", self._delete)

    def _modify(self, call: Call) -> Answer:
        p = call.params
        record = self._groups.need_available(call.region, p["ReplicationGroupId"])
        name = record["ReplicationGroupId"]
        values: dict[str, Any] = changed(record, p, _AT_ONCE)
        rules.check_snapshots(p)
        if p.get("LogDeliveryConfigurations"):
            values["LogDeliveryConfigurations"] = rules.delivered(
                record["LogDeliveryConfigurations"], p["LogDeliveryConfigurations"]
            )
        if p.get("ReplicationGroupDescription"):
            values["Description"] = p["ReplicationGroupDescription"]
        for member, shown in (("AutomaticFailoverEnabled", "AutomaticFailover"),
                              ("MultiAZEnabled", "MultiAZ")):  # fmt: skip
            if p.get(member) is not None:
                values[shown] = "enabled" if p[member] else "disabled"
        merged = record | values
        failover = merged["AutomaticFailover"] == "enabled"
        rules.check_modes(failover, merged["MultiAZ"] == "enabled")
        self._check_shape(p, merged, failover)
        if p.get("CacheNodeType"):
            rules.check_class(p["CacheNodeType"])
            values["CacheNodeType"] = p["CacheNodeType"]
        values |= self._engine(call, record)
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
        access = self._access.changes(call, record)
        self._records.update(KIND, call.region, name, **values, **access)
        if access:
            self._access.apply(self._groups.need(call.region, name))
        return {"ReplicationGroup": self._groups.shown(self._groups.need(call.region, name))}

    def _check_shape(self, p: Params, merged: Record, failover: bool) -> None:
        if p.get("ClusterMode") not in (None, merged["ClusterMode"]):
            raise rules.combination(
                "The local cloud does not change the cluster mode of an existing replication "
                "group. ElastiCache does, by way of compatible, from disabled to enabled only."
            )
        if merged["ClusterEnabled"]:
            if not failover:
                raise rules.combination(
                    "Automatic failover must be enabled for replication groups with cluster mode "
                    "on."
                )
            replicas = len(next(iter(merged["_groups"].values()))) - 1
            rules.check_clustered(len(merged["_groups"]), replicas, merged["MultiAZ"] == "enabled")
        else:
            rules.check_count(len(merged["MemberClusters"]), failover)

    def _engine(self, call: Call, record: Record) -> Record:
        """Engine, version and parameter group, which go together."""
        p = call.params
        engine = rules.check_engine(p.get("Engine") or record["Engine"])
        version = rules.version(engine, p.get("EngineVersion") or record["_version"])
        if (record["Engine"], engine) == ("valkey", "redis"):
            raise rules.combination("Cannot change the engine from valkey to redis.")
        versions = rules.VERSIONS[engine]
        if engine == record["Engine"] and versions.index(version) < versions.index(
            record["_version"]
        ):
            raise rules.combination(
                f"Cannot downgrade {engine} from {record['_version']} to {version}."
            )
        if engine != record["Engine"] and record["UserGroupIds"]:
            raise rules.combination("Remove the user group first: its users are of engine redis.")
        wanted = p.get("CacheParameterGroupName") or record["_parameter_group"]
        family = rules.family(engine, version)
        if wanted.startswith("default.") and not p.get("CacheParameterGroupName"):
            wanted = None
        group = self._parameters.group_for(call.region, wanted, family, record["ClusterEnabled"])
        return {"Engine": engine, "_version": version, "_parameter_group": group}

    def _fail_over(self, call: Call) -> Answer:
        p = call.params
        record = self._groups.need_available(call.region, p["ReplicationGroupId"])
        name = record["ReplicationGroupId"]
        group = str(p.get("NodeGroupId"))
        if group not in record["_groups"]:
            raise ApiError("NodeGroupNotFoundFault", f"NodeGroup {group} not found.")
        if record["AutomaticFailover"] != "enabled":
            raise ApiError(
                "InvalidReplicationGroupState",
                f"Automatic failover is not enabled for replication group {name}.",
            )
        self._groups.shown(record)
        self._groups.tell(record, f"Test Failover API called for node group {group}")
        ref = Ref(call.region, name)
        try:
            if record["ClusterEnabled"]:
                self._cloud.fleet.sharded_caches.fail_over(ref, group)
            else:
                self._cloud.fleet.caches.fail_over(ref)
        except LocalCloudError as error:
            raise ApiError("InvalidReplicationGroupState", str(error)) from error
        return {"ReplicationGroup": self._groups.shown(self._groups.need(call.region, name))}

    def _delete(self, call: Call) -> Answer:
        p = call.params
        with self._records.change():
            record = self._groups.need_available(call.region, p["ReplicationGroupId"])
            name = record["ReplicationGroupId"]
            if p.get("RetainPrimaryCluster"):
                raise rules.value("The local cloud keeps no primary without its group.")
            self._records.update(KIND, call.region, name, Status="deleting")
        servers_of(self._cloud, record).delete(Ref(call.region, name))
        with self._records.change():
            self._records.drop(KIND, call.region, name)
            self._groups.tell(record, "Replication group deleted")
        return {"ReplicationGroup": record | {"Status": "deleting"}}
