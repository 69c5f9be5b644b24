"""ElastiCache: subnet groups and parameter groups."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs


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
    names = {"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"}
    replaced_by = frozenset({"name"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"CacheSubnetGroupNotFoundFault"})
    taken = frozenset({"CacheSubnetGroupAlreadyExists"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        answer = self.client(resource).create_cache_subnet_group(
            **self.arguments(resource, "CreateCacheSubnetGroup")
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
                **self.some(resource, "ModifyCacheSubnetGroup", chosen)
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
    names = {"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"}
    ours = frozenset({"parameters"})
    replaced_by = frozenset({"name", "family", "description"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"CacheParameterGroupNotFound"})
    taken = frozenset({"CacheParameterGroupAlreadyExists"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).create_cache_parameter_group(
            **self.arguments(resource, "CreateCacheParameterGroup")
        )
        self._modify(resource, resource.inputs.get("parameters") or [])
        return resource.inputs["name"], {"arn": made["CacheParameterGroup"].get("ARN")}

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
