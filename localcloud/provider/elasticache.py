"""ElastiCache: subnet groups, parameter groups, replication groups."""

from __future__ import annotations

import time
from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.cache_logs import logs_of
from localcloud.provider.kind import DESCRIBED, Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs

_READY_S = 60.0
_POLL_S = 0.1
_RESIZING = frozenset({"numCacheClusters", "numNodeGroups", "replicasPerNodeGroup"})
_LOGS = "logDeliveryConfigurations"
_ACCESS = frozenset({"authToken", "authTokenUpdateStrategy", "userGroupIds"})


class CacheKind(Kind):
    """What every resource type of this service has in common."""

    service = "elasticache"

    def retag(self, resource: Resource, old: Inputs) -> None:
        arn = (resource.outputs or {})["arn"]
        client = self.client(resource)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.add_tags_to_resource(ResourceName=arn, Tags=fresh),
            lambda stale: client.remove_tags_from_resource(ResourceName=arn, TagKeys=stale),
        )


class SubnetGroup(CacheKind):
    """aws.elasticache.SubnetGroup"""

    token = "aws:elasticache/subnetGroup:SubnetGroup"
    creates, modifies = "CreateCacheSubnetGroup", "ModifyCacheSubnetGroup"
    names = {"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"}
    replaced_by = frozenset({"name"})
    defaults = DESCRIBED
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"CacheSubnetGroupNotFoundFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        answer = self.client(resource).create_cache_subnet_group(
            **self.arguments(resource, self.creates)
        )
        return resource.inputs["name"], _subnet_group(answer["CacheSubnetGroup"])

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_cache_subnet_groups(
            CacheSubnetGroupName=resource.inputs["name"]
        )
        return _subnet_group(answer["CacheSubnetGroups"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if changed & {"subnetIds", "description"}:
            chosen = frozenset({"name", "subnetIds", "description"})
            self.client(resource).modify_cache_subnet_group(
                **self.some(resource, self.modifies, chosen)
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_cache_subnet_group(
            CacheSubnetGroupName=resource.inputs["name"]
        )


def _subnet_group(found: Any) -> Outputs:
    return {"arn": found.get("ARN"), "vpcId": found["VpcId"]}


class ParameterGroup(CacheKind):
    """aws.elasticache.ParameterGroup"""

    token = "aws:elasticache/parameterGroup:ParameterGroup"
    creates = "CreateCacheParameterGroup"
    names = {"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"}
    ours = frozenset({"parameters"})
    replaced_by = frozenset({"name", "family", "description"})
    defaults = DESCRIBED
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"CacheParameterGroupNotFound"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_cache_parameter_group(
            **self.arguments(resource, self.creates)
        )
        return resource.inputs["name"], {"arn": made["CacheParameterGroup"].get("ARN")}

    def complete(self, resource: Resource) -> Outputs:
        self._modify(resource, resource.inputs.get("parameters") or [])
        return super().complete(resource)

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_cache_parameter_groups(
            CacheParameterGroupName=resource.inputs["name"]
        )
        return {"arn": answer["CacheParameterGroups"][0].get("ARN")}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        before = {p["name"]: p for p in old.get("parameters") or []}
        after = {p["name"]: p for p in resource.inputs.get("parameters") or []}
        self._modify(resource, [p for name, p in after.items() if before.get(name) != p])
        stale = [{"ParameterName": n, "ParameterValue": ""} for n in before.keys() - after.keys()]
        if stale:
            self.client(resource).reset_cache_parameter_group(
                CacheParameterGroupName=resource.inputs["name"], ParameterNameValues=stale
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_cache_parameter_group(
            CacheParameterGroupName=resource.inputs["name"]
        )

    def _modify(self, resource: Resource, parameters: list[Any]) -> None:
        if parameters:
            self.client(resource).modify_cache_parameter_group(
                CacheParameterGroupName=resource.inputs["name"],
                ParameterNameValues=[
                    {"ParameterName": p["name"], "ParameterValue": str(p["value"])}
                    for p in parameters
                ],
            )


class ReplicationGroup(CacheKind):
    """aws.elasticache.ReplicationGroup"""

    token = "aws:elasticache/replicationGroup:ReplicationGroup"
    creates, modifies = "CreateReplicationGroup", "ModifyReplicationGroup"
    names = {
        "description": "ReplicationGroupDescription",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "multiAzEnabled": "MultiAZEnabled",
        "nodeType": "CacheNodeType",
        "parameterGroupName": "CacheParameterGroupName",
        "subnetGroupName": "CacheSubnetGroupName",
    }
    ours = frozenset(
        {"applyImmediately", "finalSnapshotIdentifier", "authTokenUpdateStrategy", _LOGS}
    )
    # AWS's provider, too, takes the zones for new groups only and ignores a change.
    also_changes = _RESIZING | _ACCESS | {"tags", "preferredCacheClusterAzs", _LOGS}
    absent = {
        "automaticFailoverEnabled": False, "multiAzEnabled": False, "snapshotRetentionLimit": 0,
    }  # fmt: skip
    replaced_by = frozenset(
        {
            "atRestEncryptionEnabled", "dataTieringEnabled", "globalReplicationGroupId", "kmsKeyId",
            "networkType", "port", "replicationGroupId", "snapshotArns", "snapshotName",
            "subnetGroupName", "transitEncryptionEnabled",
        }
    )  # fmt: skip
    auto_named = "replicationGroupId"
    identified_by = ("replicationGroupId",)
    gone = frozenset({"ReplicationGroupNotFoundFault"})

    def replaces(self, old: Inputs, new: Inputs) -> frozenset[str]:
        found = set()
        if (old.get("engine"), new.get("engine")) == ("valkey", "redis"):
            found.add("engine")
        if _version(new) < _version(old) and old.get("engine") == new.get("engine"):
            found.add("engineVersion")
        return frozenset(found)

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).create_replication_group(
            **self.arguments(resource, self.creates), **logs_of({}, resource.inputs)
        )
        return resource.inputs["replicationGroupId"], {}

    def complete(self, resource: Resource) -> Outputs:
        return self._outputs(resource, self._settled(resource))

    def describe(self, resource: Resource) -> Outputs | None:
        return self._outputs(resource, self._find(resource))

    def _find(self, resource: Resource) -> Any:
        answer = self.client(resource).describe_replication_groups(
            ReplicationGroupId=resource.inputs["replicationGroupId"]
        )
        return answer["ReplicationGroups"][0]

    def _settled(self, resource: Resource) -> Any:
        end = time.monotonic() + _READY_S
        while (found := self._find(resource))["Status"] != "available":
            if time.monotonic() > end:
                raise DeployFailed(
                    f"{resource.inputs['replicationGroupId']} is {found['Status']}, not available "
                    f"within {_READY_S:.0f} s"
                )
            time.sleep(_POLL_S)
        return found

    def _outputs(self, resource: Resource, found: Any) -> Outputs:
        if not found.get("NodeGroups"):
            return {"arn": found["ARN"]}  # not there yet, or not any more
        first = self.client(resource).describe_cache_clusters(
            CacheClusterId=found["MemberClusters"][0]
        )["CacheClusters"][0]
        outputs: Outputs = {
            "arn": found["ARN"],
            "clusterEnabled": bool(found.get("ClusterEnabled")),
            "engineVersionActual": first["EngineVersion"],
            "memberClusters": found["MemberClusters"],
        }
        if found.get("ClusterEnabled"):
            end = found["ConfigurationEndpoint"]
            return outputs | {"port": end["Port"], "configurationEndpointAddress": end["Address"]}
        group = found["NodeGroups"][0]
        return outputs | {
            "port": group["PrimaryEndpoint"]["Port"],
            "primaryEndpointAddress": group["PrimaryEndpoint"]["Address"],
            "readerEndpointAddress": group["ReaderEndpoint"]["Address"],
        }

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        p, client = resource.inputs, self.client(resource)
        group = p["replicationGroupId"]
        if "clusterMode" not in changed:
            self._reshape(resource, old, changed)
        chosen = changed - self.ours - _RESIZING - _ACCESS - {"tags", "region"}
        arguments = self.some(resource, "ModifyReplicationGroup", chosen)
        if changed & _ACCESS:
            arguments |= _access(old, p)
        if _LOGS in changed:
            arguments |= logs_of(old, p)
        if arguments:
            client.modify_replication_group(
                **arguments,
                ReplicationGroupId=group,
                ApplyImmediately=bool(p.get("applyImmediately")),
            )
        self.retag(resource, old)

    def _reshape(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        p, client = resource.inputs, self.client(resource)
        # ElastiCache knows no other time for this.
        common = {"ReplicationGroupId": p["replicationGroupId"], "ApplyImmediately": True}
        if "numNodeGroups" in changed:
            count = int(p["numNodeGroups"])
            names = sorted(g["NodeGroupId"] for g in self._find(resource)["NodeGroups"])
            client.modify_replication_group_shard_configuration(
                **common,
                NodeGroupCount=count,
                **({"NodeGroupsToRemove": names[count:]} if names[count:] else {}),
            )
            self._settled(resource)
        replicas = _replicas(p)
        if changed & {"numCacheClusters", "replicasPerNodeGroup"} and replicas != _replicas(old):
            resize = (
                client.increase_replica_count
                if replicas > _replicas(old)
                else client.decrease_replica_count
            )
            resize(**common, NewReplicaCount=replicas)
            self._settled(resource)

    def delete(self, resource: Resource) -> None:
        p = resource.inputs
        final = p.get("finalSnapshotIdentifier")
        self.client(resource).delete_replication_group(
            ReplicationGroupId=p["replicationGroupId"],
            **({"FinalSnapshotIdentifier": final} if final else {}),
        )


def _replicas(inputs: Inputs) -> int:
    """How many replicas a primary has, in either cluster mode."""
    nodes = inputs.get("numCacheClusters")
    return int(nodes) - 1 if nodes is not None else int(inputs.get("replicasPerNodeGroup") or 0)


def _access(old: Inputs, new: Inputs) -> dict[str, Any]:
    """The members that change who may enter, in one call as ElastiCache wants it."""
    before, after = (set(inputs.get("userGroupIds") or []) for inputs in (old, new))
    found: dict[str, Any] = {}
    if after - before:
        found["UserGroupIdsToAdd"] = sorted(after - before)
    if before - after:
        found["UserGroupIdsToRemove"] = sorted(before - after)
    strategy = new.get("authTokenUpdateStrategy")
    if new.get("authToken") and new["authToken"] != old.get("authToken"):
        found |= {"AuthToken": new["authToken"], "AuthTokenUpdateStrategy": strategy or "ROTATE"}
    elif old.get("authToken") and after - before and strategy == "DELETE":
        found["AuthTokenUpdateStrategy"] = "DELETE"
    return found


def _version(inputs: Inputs) -> tuple[int, ...]:
    text = str(inputs.get("engineVersion") or "")
    return tuple(int(part) for part in text.split(".") if part.isdigit())
