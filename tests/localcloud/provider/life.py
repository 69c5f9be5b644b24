"""A resource's life as the engine would have it: through the provider's methods alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from localcloud.provider.provider import Provider
from tests.localcloud.front_site import Endpoint


@dataclass
class Cloud:
    """The provider and the endpoint it speaks to; `endpoint` shows what has come of it."""

    endpoint: Endpoint
    provider: Provider

    @cached_property
    def vpc(self) -> str:
        vpcs = self.endpoint.client("ec2").describe_vpcs()["Vpcs"]
        return str(vpcs[0]["VpcId"])

    @cached_property
    def subnets(self) -> list[str]:
        found = self.endpoint.client("ec2").describe_subnets()["Subnets"]
        return [s["SubnetId"] for s in sorted(found, key=lambda s: str(s["AvailabilityZone"]))]

    def security_group(self, name: str) -> str:
        ec2 = self.endpoint.client("ec2")
        made = ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        return str(made["GroupId"])

    def key(self, region: str = "us-east-1") -> str:
        return str(self.endpoint.client("kms", region).create_key()["KeyMetadata"]["Arn"])


@dataclass
class Life:
    """One resource; `inputs` and `outputs` are as the engine's state would have them."""

    cloud: Cloud
    token: str
    asked: dict[str, Any]
    name: str = "thing"
    inputs: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)

    def create(self) -> Life:
        provider = self.cloud.provider
        self.inputs = provider.check(self.token, self.name, f"urn:{self.name}", self.asked)
        self.id, self.outputs = provider.create(self.token, self.name, self.inputs)
        assert self.read() == self.outputs
        assert provider.diff(self.token, self.inputs, dict(self.inputs)).none
        return self

    def read(self) -> dict[str, Any] | None:
        read = self.cloud.provider.read
        return read(self.token, self.name, self.id, self.inputs, self.outputs)

    def change(self, **changes: Any) -> None:
        """Change properties in place; None takes one away."""
        provider = self.cloud.provider
        new = {p: v for p, v in (self.inputs | changes).items() if v is not None}
        difference = provider.diff(self.token, self.inputs, new)
        assert difference.changed == changes.keys()
        assert not difference.replaces
        self.outputs = provider.update(
            self.token, self.name, self.id, self.inputs, new, self.outputs, difference.changed
        )
        self.inputs = new
        assert self.read() == self.outputs

    def delete(self) -> None:
        """Delete it twice: the second time there is nothing, which is fine."""
        for _ in range(2):
            self.cloud.provider.delete(self.token, self.name, self.id, self.inputs, self.outputs)
            assert self.read() is None

    def tags(self) -> dict[str, str]:
        """What RDS or ElastiCache says."""
        service = self.token.split(":")[1].split("/")[0]
        client = self.cloud.endpoint.client(service, self.inputs.get("region", "us-east-1"))
        answer = client.list_tags_for_resource(ResourceName=self.outputs["arn"])
        return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}
