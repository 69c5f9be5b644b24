"""ElastiCache serverless caches."""

from __future__ import annotations

import time
from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.elasticache import CacheKind
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs

_READY_S = 60.0
_POLL_S = 0.1


class ServerlessCache(CacheKind):
    """aws.elasticache.ServerlessCache"""

    token = "aws:elasticache/serverlessCache:ServerlessCache"
    names = {"name": "ServerlessCacheName"}
    ours = frozenset({"cacheUsageLimits"})
    replaced_by = frozenset({"kmsKeyId", "name", "networkType", "subnetIds"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"ServerlessCacheNotFoundFault"})
    taken = frozenset({"ServerlessCacheAlreadyExistsFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        self.client(resource).create_serverless_cache(
            **self.arguments(resource, "CreateServerlessCache", **_limits(resource.inputs))
        )
        return resource.inputs["name"], _outputs(self._settled(resource))

    def describe(self, resource: Resource) -> Outputs | None:
        return _outputs(self._find(resource))

    def _find(self, resource: Resource) -> Any:
        answer = self.client(resource).describe_serverless_caches(
            ServerlessCacheName=resource.inputs["name"]
        )
        return answer["ServerlessCaches"][0]

    def _settled(self, resource: Resource) -> Any:
        end = time.monotonic() + _READY_S
        while (found := self._find(resource))["Status"] != "available":
            if time.monotonic() > end:
                raise DeployFailed(
                    f"{resource.inputs['name']} is {found['Status']}, not available within "
                    f"{_READY_S:.0f} s"
                )
            time.sleep(_POLL_S)
        return found

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        chosen = changed - self.ours - {"tags", "region"}
        limits = _limits(resource.inputs) if "cacheUsageLimits" in changed else {}
        if "engine" in changed or "majorEngineVersion" in changed:
            # Only together do they say what is wanted: valkey 8 is no version of redis.
            chosen |= {"engine", "majorEngineVersion"}
        arguments = self.some(resource, "ModifyServerlessCache", chosen, **limits)
        if arguments:
            self.client(resource).modify_serverless_cache(
                **arguments, ServerlessCacheName=resource.inputs["name"]
            )
            self._settled(resource)
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_serverless_cache(ServerlessCacheName=resource.inputs["name"])


def _limits(inputs: Inputs) -> dict[str, Any]:
    limits = inputs.get("cacheUsageLimits") or {}
    found: dict[str, Any] = {}
    if storage := limits.get("dataStorage"):
        found["DataStorage"] = {"Unit": storage["unit"]} | _bounds(storage)
    # A list of one: the provider's schema has it so.
    for processing in limits.get("ecpuPerSeconds") or []:
        found["ECPUPerSecond"] = _bounds(processing)
    return {"CacheUsageLimits": found} if found else {}


def _bounds(limit: Inputs) -> dict[str, int]:
    return {
        name.capitalize(): int(limit[name])
        for name in ("minimum", "maximum")
        if limit.get(name) is not None
    }


def _outputs(found: Any) -> Outputs:
    return {
        "arn": found["ARN"],
        "createTime": found["CreateTime"].isoformat(),
        "endpoints": _endpoint(found.get("Endpoint")),
        "fullEngineVersion": found["FullEngineVersion"],
        "majorEngineVersion": found["MajorEngineVersion"],
        "readerEndpoints": _endpoint(found.get("ReaderEndpoint")),
        "status": found["Status"],
    }


def _endpoint(endpoint: Any) -> list[dict[str, Any]]:
    return [{"address": endpoint["Address"], "port": endpoint["Port"]}] if endpoint else []
