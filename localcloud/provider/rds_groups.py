"""RDS subnet groups and parameter groups."""

from __future__ import annotations

from typing import Any, ClassVar

from localcloud.provider.kind import DESCRIBED, Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs

_MOST_PARAMETERS = 20
"""In one Modify call."""


class RdsKind(Kind):
    """Whatever has an ARN and tags in RDS."""

    service = "rds"

    def retag(self, resource: Resource, old: Inputs) -> None:
        arn = (resource.outputs or {})["arn"]
        client = self.client(resource)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.add_tags_to_resource(ResourceName=arn, Tags=fresh),
            lambda stale: client.remove_tags_from_resource(ResourceName=arn, TagKeys=stale),
        )


class SubnetGroup(RdsKind):
    """aws.rds.SubnetGroup"""

    token = "aws:rds/subnetGroup:SubnetGroup"
    creates, modifies = "CreateDBSubnetGroup", "ModifyDBSubnetGroup"
    names = {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"}
    replaced_by = frozenset({"name", "namePrefix"})
    defaults = DESCRIBED
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"DBSubnetGroupNotFoundFault"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        answer = self.client(resource).create_db_subnet_group(
            **self.arguments(resource, self.creates)
        )
        return resource.inputs["name"], _subnet_group(answer["DBSubnetGroup"])

    def describe(self, resource: Resource) -> Outputs | None:
        answer = self.client(resource).describe_db_subnet_groups(
            DBSubnetGroupName=resource.inputs["name"]
        )
        return _subnet_group(answer["DBSubnetGroups"][0])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if changed & {"subnetIds", "description"}:
            chosen = frozenset({"name", "subnetIds", "description"})
            self.client(resource).modify_db_subnet_group(
                **self.some(resource, self.modifies, chosen)
            )
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_db_subnet_group(DBSubnetGroupName=resource.inputs["name"])


def _subnet_group(found: Any) -> Outputs:
    return {"arn": found["DBSubnetGroupArn"], "vpcId": found["VpcId"]}


class ParameterGroup(RdsKind):
    """aws.rds.ParameterGroup"""

    token = "aws:rds/parameterGroup:ParameterGroup"
    creates = "CreateDBParameterGroup"
    names = {"name": "DBParameterGroupName", "family": "DBParameterGroupFamily"}
    ours = frozenset({"parameters", "skipDestroy"})
    replaced_by = frozenset({"name", "namePrefix", "family", "description"})
    defaults = DESCRIBED
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"})
    noun: ClassVar[str] = "DBParameterGroup"
    method: ClassVar[str] = "db_parameter_group"

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        client = self.client(resource)
        create = getattr(client, f"create_{self.method}")
        made = create(**self.arguments(resource, self.creates))[self.noun]
        return resource.inputs["name"], {"arn": made[f"{self.noun}Arn"]}

    def complete(self, resource: Resource) -> Outputs:
        self._modify(resource, resource.inputs.get("parameters") or [])
        return super().complete(resource)

    def describe(self, resource: Resource) -> Outputs | None:
        describe = getattr(self.client(resource), f"describe_{self.method}s")
        answer = describe(**self._id(resource))
        return {"arn": answer[f"{self.noun}s"][0][f"{self.noun}Arn"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if "parameters" in changed:
            before = {p["name"]: p for p in old.get("parameters") or []}
            after = {p["name"]: p for p in resource.inputs.get("parameters") or []}
            self._modify(resource, [p for n, p in after.items() if before.get(n) != p])
            stale = [p for n, p in before.items() if n not in after]
            if stale:
                reset = getattr(self.client(resource), f"reset_{self.method}")
                reset(**self._id(resource), Parameters=[_parameter(p, reset=True) for p in stale])
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        getattr(self.client(resource), f"delete_{self.method}")(**self._id(resource))

    def _modify(self, resource: Resource, parameters: list[Any]) -> None:
        modify = getattr(self.client(resource), f"modify_{self.method}")
        for start in range(0, len(parameters), _MOST_PARAMETERS):
            part = parameters[start : start + _MOST_PARAMETERS]
            modify(**self._id(resource), Parameters=[_parameter(p) for p in part])

    def _id(self, resource: Resource) -> dict[str, str]:
        return {f"{self.noun}Name": resource.inputs["name"]}


class ClusterParameterGroup(ParameterGroup):
    """aws.rds.ClusterParameterGroup"""

    token = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
    creates = "CreateDBClusterParameterGroup"
    names = {"name": "DBClusterParameterGroupName", "family": "DBParameterGroupFamily"}
    gone = ParameterGroup.gone | {"DBClusterParameterGroupNotFound"}
    noun = "DBClusterParameterGroup"
    method = "db_cluster_parameter_group"


def _parameter(p: Any, *, reset: bool = False) -> dict[str, str]:
    found = {"ParameterName": p["name"], "ApplyMethod": p.get("applyMethod") or "immediate"}
    return found if reset else found | {"ParameterValue": str(p["value"])}
