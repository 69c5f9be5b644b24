"""ElastiCache clusters of engine memcached."""

from __future__ import annotations

import time
from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.elasticache import CacheKind
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs

_READY_S = 60.0
_POLL_S = 0.1


class Cluster(CacheKind):
    """aws.elasticache.Cluster"""

    token = "aws:elasticache/cluster:Cluster"
    names = {
        "availabilityZone": "PreferredAvailabilityZone",
        "clusterId": "CacheClusterId",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "nodeType": "CacheNodeType",
        "parameterGroupName": "CacheParameterGroupName",
        "subnetGroupName": "CacheSubnetGroupName",
    }
    ours = frozenset({"applyImmediately"})
    # A change of preferredAvailabilityZones alone moves no node, on AWS as here.
    replaced_by = frozenset(
        {
            "availabilityZone", "clusterId", "engine", "networkType", "nodeType", "port",
            "subnetGroupName", "transitEncryptionEnabled",
        }
    )  # fmt: skip
    auto_named = "clusterId"
    identified_by = ("clusterId",)
    gone = frozenset({"CacheClusterNotFound"})
    taken = frozenset({"CacheClusterAlreadyExists"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).create_cache_cluster(**self.arguments(resource, "CreateCacheCluster"))
        return resource.inputs["clusterId"], _outputs(self._settled(resource))

    def describe(self, resource: Resource) -> Outputs | None:
        return _outputs(self._find(resource))

    def _find(self, resource: Resource) -> Any:
        answer = self.client(resource).describe_cache_clusters(
            CacheClusterId=resource.inputs["clusterId"], ShowCacheNodeInfo=True
        )
        return answer["CacheClusters"][0]

    def _settled(self, resource: Resource) -> Any:
        end = time.monotonic() + _READY_S
        while (found := self._find(resource))["CacheClusterStatus"] != "available":
            if time.monotonic() > end:
                raise DeployFailed(
                    f"{resource.inputs['clusterId']} is {found['CacheClusterStatus']}, not "
                    f"available within {_READY_S:.0f} s"
                )
            time.sleep(_POLL_S)
        return found

    def replaces(self, old: Inputs, new: Inputs) -> frozenset[str]:
        before, after = (_numbers(i.get("engineVersion")) for i in (old, new))
        return frozenset({"engineVersion"}) if before and after and after < before else frozenset()

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        p, client = resource.inputs, self.client(resource)
        chosen = changed - self.ours - {"tags", "region", "preferredAvailabilityZones"}
        count = {}
        if "numCacheNodes" in changed:
            count = _resizing(p, int(p["numCacheNodes"]), self._find(resource))
        arguments = self.some(resource, "ModifyCacheCluster", chosen, **count)
        if arguments:
            client.modify_cache_cluster(
                **arguments,
                CacheClusterId=p["clusterId"],
                ApplyImmediately=bool(p.get("applyImmediately")),
            )
            self._settled(resource)
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_cache_cluster(CacheClusterId=resource.inputs["clusterId"])


def _resizing(inputs: Inputs, count: int, found: Any) -> dict[str, Any]:
    nodes = [node["CacheNodeId"] for node in found["CacheNodes"]]
    if count < len(nodes):
        # The highest numbers go, which the documentation of pulumi_aws promises.
        return {"CacheNodeIdsToRemove": sorted(nodes)[count:]}
    zones = inputs.get("preferredAvailabilityZones") or []
    return {"NewAvailabilityZones": list(zones[len(nodes) :])} if zones[len(nodes) :] else {}


def _outputs(found: Any) -> Outputs:
    # A cluster that is being made has no endpoint yet.
    endpoint = found.get("ConfigurationEndpoint") or {"Address": "", "Port": 0}
    return {
        "arn": found["ARN"],
        "cacheNodes": [
            {
                "id": node["CacheNodeId"],
                "address": node["Endpoint"]["Address"],
                "port": node["Endpoint"]["Port"],
                "availabilityZone": node["CustomerAvailabilityZone"],
                "outpostArn": "",
            }
            for node in found.get("CacheNodes") or []
        ],
        "clusterAddress": endpoint["Address"],
        "configurationEndpoint": f"{endpoint['Address']}:{endpoint['Port']}",
        "engineVersionActual": found["EngineVersion"],
    }


def _numbers(version: str | None) -> list[int]:
    return [int(part) for part in version.split(".")] if version else []
