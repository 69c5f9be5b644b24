"""EC2 instances and their profiles through the provider: records of the API, no machine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.provider.life import Cloud, Life

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
            }
        ],
    }
)


def role(cloud: Cloud, name: str) -> str:
    made = Life(cloud, "aws:iam/role:Role", {"assumeRolePolicy": TRUST}, name).create()
    return str(made.inputs["name"])


def profile(cloud: Cloud, name: str, **inputs: Any) -> Life:
    return Life(cloud, "aws:iam/instanceProfile:InstanceProfile", inputs, name).create()


def held(cloud: Cloud, life: Life) -> list[str]:
    iam = cloud.endpoint.client("iam")
    found = iam.get_instance_profile(InstanceProfileName=life.id)["InstanceProfile"]
    return [each["RoleName"] for each in found["Roles"]]


def test_a_profile_holds_one_role(cloud: Cloud) -> None:
    one, two = role(cloud, "one"), role(cloud, "two")
    life = profile(cloud, "holder", role=one, tags={"Name": "holder"})
    assert held(cloud, life) == [one]
    assert life.outputs["arn"].endswith(f":instance-profile/{life.id}")
    life.change(role=two)
    assert held(cloud, life) == [two]
    life.change(tags={"Team": "data"})
    life.delete()


def test_the_newest_amazon_linux_is_known_in_either_region(cloud: Cloud) -> None:
    for region in ("us-east-1", "us-west-2"):
        images = set()
        for architecture in ("arm64", "x86_64"):
            asked = {"name": IMAGE.format(architecture), "region": region}
            found = cloud.provider.invoke("aws:ssm/getParameter:getParameter", asked)
            assert found["insecureValue"].startswith("ami-")
            images.add(found["insecureValue"])
        assert len(images) == 2
    with pytest.raises(DeployFailed, match="ParameterNotFound"):
        cloud.provider.invoke("aws:ssm/getParameter:getParameter", {"name": "/none"})


def host(cloud: Cloud, name: str) -> Life:
    asked = {"name": IMAGE.format("arm64")}
    image = cloud.provider.invoke("aws:ssm/getParameter:getParameter", asked)["insecureValue"]
    given = {
        "region": "us-east-1",
        "ami": image,
        "instanceType": "t4g.nano",
        "creditSpecification": {"cpuCredits": "standard"},
        "subnetId": cloud.subnets[0],
        "associatePublicIpAddress": True,
        "vpcSecurityGroupIds": [cloud.security_group(f"{each}-{name}") for each in ("all", "own")],
        "iamInstanceProfile": profile(cloud, name, role=role(cloud, name)).id,
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1.0,
        },
        "ebsOptimized": True,
        "rootBlockDevice": {
            "volumeType": "gp3",
            "volumeSize": 8.0,
            "encrypted": True,
            "kmsKeyId": cloud.key(),
            "deleteOnTermination": True,
            "tags": {"Name": "host"},
        },
        "tags": {"Name": name},
    }
    return Life(cloud, "aws:ec2/instance:Instance", given, name).create()


def described(cloud: Cloud, life: Life) -> dict[str, Any]:
    answer = cloud.endpoint.client("ec2").describe_instances(InstanceIds=[life.id])
    found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
    return found


def worn(cloud: Cloud, life: Life) -> set[str]:
    (interface,) = described(cloud, life)["NetworkInterfaces"]
    return {each["GroupId"] for each in interface["Groups"]}


def test_an_instance(cloud: Cloud) -> None:
    life = host(cloud, "host")
    found = described(cloud, life)
    assert found["State"]["Name"] == "running"
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert found["IamInstanceProfile"]["Arn"].endswith(life.inputs["iamInstanceProfile"])
    assert worn(cloud, life) == set(life.inputs["vpcSecurityGroupIds"])
    assert life.outputs["publicIp"]
    life.change(instanceType="t4g.micro")
    assert described(cloud, life)["InstanceType"] == "t4g.micro"
    assert described(cloud, life)["State"]["Name"] == "running"
    life.change(tags={"Team": "data"})
    assert described(cloud, life)["Tags"] == [{"Key": "Team", "Value": "data"}]
    other = cloud.security_group("other")
    life.change(vpcSecurityGroupIds=[other])
    assert worn(cloud, life) == {other}
    life.delete()


def test_an_interrupted_create_is_found_again(cloud: Cloud) -> None:
    life = host(cloud, "orphan")
    adopted = cloud.provider.adopt(life.token, life.name, life.inputs)
    assert adopted == (life.id, life.outputs)
    newer = {**life.inputs, "ami": "ami-another"}
    assert cloud.provider.adopt(life.token, life.name, newer) is None
    life.delete()


def test_a_new_release_of_amazon_linux_is_a_new_instance(cloud: Cloud) -> None:
    old = {"ami": "ami-1", "subnetId": "subnet-1", "tags": {}}
    difference = cloud.provider.diff("aws:ec2/instance:Instance", old, {**old, "ami": "ami-2"})
    assert difference.replaces == {"ami"}
    assert not difference.delete_first


def test_what_cannot_be_changed_here_is_said(cloud: Cloud) -> None:
    old = {"rootBlockDevice": {"volumeSize": 8}}
    with pytest.raises(DeployFailed, match="cannot change 'rootBlockDevice' of an existing"):
        cloud.provider.diff("aws:ec2/instance:Instance", old, {"rootBlockDevice": {}})
