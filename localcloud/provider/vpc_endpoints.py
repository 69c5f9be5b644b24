"""EC2 interface endpoints: records, for every service answers at the one endpoint."""

from __future__ import annotations

from typing import Any

from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs

_GONE = frozenset({"deleting", "deleted"})


class VpcEndpoint(Kind):
    """aws.ec2.VpcEndpoint"""

    token, service = "aws:ec2/vpcEndpoint:VpcEndpoint", "ec2"
    ours = frozenset({"tags"})
    replaced_by = frozenset({"serviceName", "vpcId", "vpcEndpointType"})
    identified_by = ("serviceName", "vpcId")
    gone = frozenset({"InvalidVpcEndpointId.NotFound"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        client = self.client(resource)
        made = client.create_vpc_endpoint(**self.arguments(resource, "CreateVpcEndpoint"))
        endpoint = made["VpcEndpoint"]
        self._tag(resource, endpoint["VpcEndpointId"], {})
        return endpoint["VpcEndpointId"], _outputs(endpoint)

    def describe(self, resource: Resource) -> Outputs | None:
        client, p = self.client(resource), resource.inputs
        filters = [
            {"Name": "service-name", "Values": [p["serviceName"]]},
            {"Name": "vpc-id", "Values": [p["vpcId"]]},
        ]
        found = client.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
        here = [e for e in found if e["State"] not in _GONE]
        return _outputs(here[0]) if here else None

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["_id"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        arguments: dict[str, Any] = {}
        for prop, member in (("subnetIds", "Subnet"), ("securityGroupIds", "SecurityGroup")):
            before, after = set(old.get(prop) or []), set(resource.inputs.get(prop) or [])
            if after - before:
                arguments[f"Add{member}Ids"] = sorted(after - before)
            if before - after:
                arguments[f"Remove{member}Ids"] = sorted(before - after)
        if arguments:
            self.client(resource).modify_vpc_endpoint(VpcEndpointId=resource.id, **arguments)
        self._tag(resource, resource.id, old)

    def delete(self, resource: Resource) -> None:
        self.client(resource).delete_vpc_endpoints(VpcEndpointIds=[resource.id])

    def _tag(self, resource: Resource, endpoint: str, old: Inputs) -> None:
        client = self.client(resource)
        retag(
            old,
            resource.inputs,
            lambda fresh: client.create_tags(Resources=[endpoint], Tags=fresh),
            lambda stale: client.delete_tags(
                Resources=[endpoint], Tags=[{"Key": key} for key in stale]
            ),
        )


def _outputs(found: Any) -> Outputs:
    return {"_id": found["VpcEndpointId"], "state": found["State"]}
