"""The creation of ElastiCache replication groups: from a request to a record and its servers."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from localcloud.api import Answer, ApiError, Call, Operations, Params, given, now
from localcloud.errors import LocalCloudError
from localcloud.fleet import AclUser, Ref
from localcloud.records import Record
from localcloud.services import cache_rules as rules
from localcloud.services.cache_access import CacheAccess
from localcloud.services.cache_groups import KIND, CacheGroups
from localcloud.services.cache_parameters import CacheParameterGroups
from localcloud.services.cache_shapes import shape_in, shape_of, zones_for
from localcloud.services.context import Cloud
from localcloud.services.subnet_groups import SubnetGroups
from localcloud.services.surroundings import arn, key_arn, security_groups

log = logging.getLogger(__name__)

_AS_GIVEN = ("SnapshotWindow", "NotificationTopicArn")


class CacheCreation:
    """Answers CreateReplicationGroup."""

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
        """Answer the operation of this module."""
        operations.handle("elasticache", "CreateReplicationGroup", self._create)

    def _create(self, call: Call) -> Answer:
        p = call.params
        name = rules.check_group_id(p["ReplicationGroupId"])
        record = self._record(call, name)
        with self._records.change():
            if self._records.get(KIND, call.region, name):
                raise ApiError(
                    "ReplicationGroupAlreadyExists", f"Replication group {name} already exists."
                )
            self._records.put(KIND, call.region, name, record)
        users = self._access.users_of(record)
        try:
            self._start(record, users)
        except LocalCloudError as error:
            self._records.drop(KIND, call.region, name)
            log.exception("create of replication group %s failed", name)
            raise ApiError("InternalFailure", f"{name}: {error}", 500) from error
        except BaseException:
            self._records.drop(KIND, call.region, name)
            raise
        with self._records.change():
            self._records.update(KIND, call.region, name, Status="available")
            self._groups.tell(record, "Replication group created")
        if self._access.users_of(record) != users:
            # A user was changed while the servers started.
            self._access.apply(record)
        return {"ReplicationGroup": self._groups.shown(self._groups.need(call.region, name))}

    def _start(self, record: Record, users: Sequence[AclUser]) -> None:
        ref = Ref(record["_region"], record["ReplicationGroupId"])
        shape, tls = shape_in(record), record["TransitEncryptionEnabled"]
        engine = record["Engine"]
        values = self._parameters.values(ref.region, record["_parameter_group"])
        if shape.clustered:
            self._cloud.fleet.sharded_caches.create(ref, shape.groups, users, tls, values, engine)
        else:
            failover = record["AutomaticFailover"] == "enabled"
            self._cloud.fleet.caches.create(ref, shape.nodes, users, tls, failover, values, engine)

    def _record(self, call: Call, name: str) -> Record:
        p, region = call.params, call.region
        if not p.get("ReplicationGroupDescription"):
            raise rules.value("ReplicationGroupDescription must not be empty.")
        failover, multi_az = bool(p.get("AutomaticFailoverEnabled")), bool(p.get("MultiAZEnabled"))
        tls = bool(p.get("TransitEncryptionEnabled"))
        engine = rules.check_engine(p.get("Engine"))
        engine_version = rules.version(engine, p.get("EngineVersion"))
        if engine == "valkey" and p.get("TransitEncryptionEnabled") is None:
            raise rules.combination("TransitEncryptionEnabled is required for engine valkey.")
        family = rules.family(engine, engine_version)
        parameter_group = self._parameters.group_for(
            region, p.get("CacheParameterGroupName"), family, self._clustered(region, p)
        )
        shape = shape_of(name, p, self._parameters.clusters(region, parameter_group))
        rules.check_modes(failover, multi_az)
        rules.check_class(p.get("CacheNodeType"))
        access = self._access.asked(call, engine, tls)
        rules.check_snapshots(p)
        if p.get("Port") not in (None, 6379):
            raise rules.value("The local cloud serves Redis on port 6379 only.")
        if p.get("KmsKeyId") and not p.get("AtRestEncryptionEnabled"):
            raise rules.combination("KmsKeyId needs AtRestEncryptionEnabled.")
        vpc = self._subnets.find(region, p.get("CacheSubnetGroupName"))
        subnet_group = vpc["CacheSubnetGroupName"]
        if multi_az and len(self._subnets.zones(vpc)) < 2:
            raise rules.combination("Multi-AZ needs a subnet group of at least two zones.")
        groups = security_groups(region, p.get("SecurityGroupIds"), vpc["VpcId"])
        wanted = p.get("PreferredCacheClusterAZs") or []
        zones = zones_for(self._subnets, region, subnet_group, wanted, shape)
        record: Record = {
            "ReplicationGroupId": name,
            "Description": p["ReplicationGroupDescription"],
            "ARN": arn("elasticache", region, "replicationgroup", name),
            "_arn": arn("elasticache", region, "replicationgroup", name),
            "_region": region,
            "_subnet_group": subnet_group,
            "_security_groups": [{"SecurityGroupId": g, "Status": "active"} for g in groups],
            "_parameter_group": parameter_group,
            "_zones": zones,
            "_groups": dict(shape.groups),
            "_version": engine_version,
            "_maintenance_window": p.get("PreferredMaintenanceWindow") or "sun:05:00-sun:06:00",
            "Engine": engine,
            "Status": "creating",
            "ReplicationGroupCreateTime": now(),
            "PendingModifiedValues": {},
            "MemberClusters": shape.nodes,
            "AutomaticFailover": "enabled" if failover else "disabled",
            "MultiAZ": "enabled" if multi_az else "disabled",
            "SnapshotRetentionLimit": p.get("SnapshotRetentionLimit") or 0,
            "SnapshotWindow": "03:00-04:00",
            "ClusterEnabled": shape.clustered,
            "ClusterMode": "enabled" if shape.clustered else "disabled",
            "CacheNodeType": p["CacheNodeType"],
            "TransitEncryptionEnabled": tls,
            "AtRestEncryptionEnabled": bool(p.get("AtRestEncryptionEnabled")),
            "AutoMinorVersionUpgrade": p.get("AutoMinorVersionUpgrade", True),
            "DataTiering": "disabled",
            "NetworkType": "ipv4",
            "IpDiscovery": "ipv4",
            "LogDeliveryConfigurations": rules.delivered(
                [], p.get("LogDeliveryConfigurations") or []
            ),
            "TagList": p.get("Tags") or [],
        }
        if tls:
            record["TransitEncryptionMode"] = p.get("TransitEncryptionMode") or "required"
        if p.get("KmsKeyId"):
            record["KmsKeyId"] = key_arn(region, p["KmsKeyId"], "elasticache")
        return record | access | given(p, _AS_GIVEN)

    def _clustered(self, region: str, p: Params) -> bool:
        mode = p.get("ClusterMode")
        if mode == "compatible":
            raise rules.value("The local cloud has cluster mode enabled or disabled only.")
        if mode is not None:
            return bool(mode == "enabled")
        return self._parameters.clusters(region, p.get("CacheParameterGroupName") or "")
