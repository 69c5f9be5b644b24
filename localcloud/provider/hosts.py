"""EC2 instances and their IAM profiles: records, no machine runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.provider.kind import Kind, Outputs, Resource, retag
from localcloud.provider.mapping import Inputs

_GONE = frozenset({"shutting-down", "terminated"})
_ROOT_DEVICE = "/dev/xvda"
"""Of Amazon Linux."""


class InstanceProfile(Kind):
    """aws.iam.InstanceProfile, which holds one role"""

    token, service = "aws:iam/instanceProfile:InstanceProfile", "iam"
    replaced_by = frozenset({"name", "namePrefix", "path"})
    auto_named = "name"
    identified_by = ("name",)
    gone = frozenset({"NoSuchEntity"})

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        return frozenset(inputs) - {"name", "path", "role", "tags", "region"}

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        p = resource.inputs
        path = {"Path": p["path"]} if p.get("path") else {}
        made = self.client(resource).create_instance_profile(
            InstanceProfileName=p["name"], Tags=_tags(p), **path
        )
        return p["name"], _profile(made["InstanceProfile"])

    def complete(self, resource: Resource) -> Outputs:
        self._hold(resource)
        return super().complete(resource)

    def describe(self, resource: Resource) -> Outputs | None:
        return _profile(self._found(resource))

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        if "role" in changed:
            self._hold(resource)
        client, name = self.client(resource), resource.inputs["name"]
        retag(
            old,
            resource.inputs,
            lambda fresh: client.tag_instance_profile(InstanceProfileName=name, Tags=fresh),
            lambda stale: client.untag_instance_profile(InstanceProfileName=name, TagKeys=stale),
        )

    def delete(self, resource: Resource) -> None:
        self._release(resource, keep=None)
        self.client(resource).delete_instance_profile(InstanceProfileName=resource.inputs["name"])

    def _found(self, resource: Resource) -> Any:
        name = resource.inputs["name"]
        return self.client(resource).get_instance_profile(InstanceProfileName=name)[
            "InstanceProfile"
        ]

    def _hold(self, resource: Resource) -> None:
        wanted = resource.inputs.get("role")
        held = self._release(resource, keep=wanted)
        if wanted and wanted not in held:
            self.client(resource).add_role_to_instance_profile(
                InstanceProfileName=resource.inputs["name"], RoleName=wanted
            )

    def _release(self, resource: Resource, keep: str | None) -> list[str]:
        held = [role["RoleName"] for role in self._found(resource)["Roles"]]
        for role in held:
            if role != keep:
                self.client(resource).remove_role_from_instance_profile(
                    InstanceProfileName=resource.inputs["name"], RoleName=role
                )
        return held


def _profile(found: Any) -> Outputs:
    return {"arn": found["Arn"], "uniqueId": found["InstanceProfileId"]}


class Instance(Kind):
    """aws.ec2.Instance with a root volume only"""

    token, service = "aws:ec2/instance:Instance", "ec2"
    replaced_by = frozenset({"ami", "subnetId", "associatePublicIpAddress", "ebsOptimized"})
    also_changes = frozenset({"tags", "instanceType", "vpcSecurityGroupIds"})
    gone = frozenset({"InvalidInstanceID.NotFound"})

    def unknown(self, inputs: Inputs) -> frozenset[str]:
        return frozenset(inputs) - self.replaced_by - self.also_changes - {
            "region", "iamInstanceProfile", "metadataOptions", "rootBlockDevice",
            "creditSpecification",
        }  # fmt: skip

    def fixed(self, properties: frozenset[str]) -> frozenset[str]:
        return properties - self.replaced_by - self.also_changes - {"region"}

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        p = resource.inputs
        made = self.client(resource).run_instances(
            MinCount=1,
            MaxCount=1,
            ImageId=p["ami"],
            InstanceType=p["instanceType"],
            EbsOptimized=bool(p.get("ebsOptimized")),
            IamInstanceProfile={"Name": p["iamInstanceProfile"]},
            MetadataOptions=_metadata(p),
            CreditSpecification={"CpuCredits": p["creditSpecification"]["cpuCredits"]},
            BlockDeviceMappings=[{"DeviceName": _ROOT_DEVICE, "Ebs": _volume(p)}],
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "SubnetId": p["subnetId"],
                    "Groups": list(p["vpcSecurityGroupIds"]),
                    "AssociatePublicIpAddress": bool(p.get("associatePublicIpAddress")),
                }
            ],
            TagSpecifications=[{"ResourceType": "instance", "Tags": _tags(p)}],
        )["Instances"][0]
        return made["InstanceId"], _outputs(made)

    def complete(self, resource: Resource) -> Outputs:
        return self.describe(resource) or {}

    def describe(self, resource: Resource) -> Outputs | None:
        client, p = self.client(resource), resource.inputs
        if resource.id:
            answer = client.describe_instances(InstanceIds=[resource.id])
        else:
            # What an interrupted run has made; an older one has another image.
            filters = [{"Name": "image-id", "Values": [p["ami"]]}] + [
                {"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in _tags(p)
            ]
            answer = client.describe_instances(Filters=filters)
        found = [i for r in answer["Reservations"] for i in r["Instances"]]
        here = [i for i in found if i["State"]["Name"] not in _GONE]
        return _outputs(here[0]) if here else None

    def id_of(self, resource: Resource, outputs: Any) -> str:
        return str(outputs["_id"])

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        client, p, ids = self.client(resource), resource.inputs, [resource.id]
        if "vpcSecurityGroupIds" in changed:
            answer = client.describe_instances(InstanceIds=ids)
            (interface,) = answer["Reservations"][0]["Instances"][0]["NetworkInterfaces"]
            client.modify_network_interface_attribute(
                NetworkInterfaceId=interface["NetworkInterfaceId"],
                Groups=list(p["vpcSecurityGroupIds"]),
            )
        if "instanceType" in changed:
            client.stop_instances(InstanceIds=ids)
            client.modify_instance_attribute(
                InstanceId=resource.id, InstanceType={"Value": p["instanceType"]}
            )
            client.start_instances(InstanceIds=ids)
        retag(
            old,
            p,
            lambda fresh: client.create_tags(Resources=ids, Tags=fresh),
            lambda stale: client.delete_tags(Resources=ids, Tags=[{"Key": k} for k in stale]),
        )

    def delete(self, resource: Resource) -> None:
        self.client(resource).terminate_instances(InstanceIds=[resource.id])


def _tags(p: Inputs) -> list[dict[str, str]]:
    return [{"Key": k, "Value": v} for k, v in (p.get("tags") or {}).items()]


def _metadata(p: Inputs) -> dict[str, Any]:
    given: Mapping[str, Any] = p["metadataOptions"]
    return {
        "HttpEndpoint": given["httpEndpoint"],
        "HttpTokens": given["httpTokens"],
        "HttpPutResponseHopLimit": int(given["httpPutResponseHopLimit"]),
    }


def _volume(p: Inputs) -> dict[str, Any]:
    given: Mapping[str, Any] = p["rootBlockDevice"]
    return {
        "VolumeType": given["volumeType"],
        "VolumeSize": int(given["volumeSize"]),
        "Encrypted": bool(given["encrypted"]),
        "KmsKeyId": given["kmsKeyId"],
        "DeleteOnTermination": bool(given["deleteOnTermination"]),
    }


def _outputs(found: Any) -> Outputs:
    return {
        "_id": found["InstanceId"],
        "instanceState": found["State"]["Name"],
        "availabilityZone": found["Placement"]["AvailabilityZone"],
        "privateIp": found["PrivateIpAddress"],
        "publicIp": found.get("PublicIpAddress", ""),
    }
