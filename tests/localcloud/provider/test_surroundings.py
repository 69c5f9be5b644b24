"""Keys, roles, log groups, secrets, passwords and security groups through the provider."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.provider.life import Cloud, Life


def key_tags(cloud: Cloud, key: str) -> dict[str, str]:
    found = cloud.endpoint.client("kms").list_resource_tags(KeyId=key)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in found}


def test_a_key(cloud: Cloud) -> None:
    kms = cloud.endpoint.client("kms")
    inputs = {"description": "d", "enableKeyRotation": True, "tags": {"Name": "key"}}
    life = Life(cloud, "aws:kms/key:Key", inputs).create()
    assert kms.get_key_rotation_status(KeyId=life.id)["KeyRotationEnabled"] is True
    assert key_tags(cloud, life.id) == {"Name": "key"}
    life.change(enableKeyRotation=None)
    assert kms.get_key_rotation_status(KeyId=life.id)["KeyRotationEnabled"] is False
    life.change(description=None)
    assert kms.describe_key(KeyId=life.id)["KeyMetadata"]["Description"] == ""
    life.change(tags={"Team": "data"})
    assert key_tags(cloud, life.id) == {"Team": "data"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    life.change(policy=policy)
    assert kms.get_key_policy(KeyId=life.id, PolicyName="default")["Policy"] == policy
    life.change(deletionWindowInDays=7)
    life.delete()
    assert kms.describe_key(KeyId=life.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_an_alias_moves_to_another_key(cloud: Cloud) -> None:
    def target() -> str:
        aliases = cloud.endpoint.client("kms").list_aliases()["Aliases"]
        return str(next(a["TargetKeyId"] for a in aliases if a["AliasName"] == "alias/mine"))

    one, two = (cloud.key().rpartition("/")[2] for _ in range(2))
    inputs = {"name": "alias/mine", "targetKeyId": one}
    life = Life(cloud, "aws:kms/alias:Alias", inputs).create()
    assert target() == one
    life.change(targetKeyId=two)
    assert target() == two
    life.delete()


def test_an_alias_without_a_name_is_refused(cloud: Cloud) -> None:
    with pytest.raises(DeployFailed, match="aws:kms/alias:Alias needs the property 'name'"):
        Life(cloud, "aws:kms/alias:Alias", {"targetKeyId": "k"}).create()


def trust(service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_and_its_attachment(cloud: Cloud) -> None:
    iam = cloud.endpoint.client("iam")
    inputs = {
        "assumeRolePolicy": trust("monitoring.rds"),
        "description": "d",
        "tags": {"Name": "role"},
    }
    role = Life(cloud, "aws:iam/role:Role", inputs, "monitoring").create()
    name = role.inputs["name"]
    found = iam.get_role(RoleName=name)["Role"]
    assert role.outputs["arn"] == found["Arn"]
    assert found["Tags"] == [{"Key": "Name", "Value": "role"}]

    policy = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    attachment = Life(cloud, token, {"role": name, "policyArn": policy}).create()
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [p["PolicyArn"] for p in attached] == [policy]
    attachment.delete()

    role.change(assumeRolePolicy=trust("rds"))
    service = {"Service": "rds.amazonaws.com"}
    document = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert document["Statement"][0]["Principal"] == service
    role.change(description="another", maxSessionDuration=7200)
    found = iam.get_role(RoleName=name)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("another", 7200)
    role.change(tags={"Team": "data"})
    assert iam.get_role(RoleName=name)["Role"]["Tags"] == [{"Key": "Team", "Value": "data"}]
    role.delete()
    assert attachment.read() is None


def test_a_log_group(cloud: Cloud) -> None:
    logs = cloud.endpoint.client("logs")
    name = "/aws/rds/instance/mine/error"

    def retention() -> int | None:
        found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        return found[0].get("retentionInDays")  # type: ignore[no-any-return]

    inputs = {"name": name, "retentionInDays": 7, "tags": {"Name": "log"}}
    life = Life(cloud, "aws:cloudwatch/logGroup:LogGroup", inputs).create()
    # A longer name that begins alike is another group.
    logs.create_log_group(logGroupName=f"{name}-2")
    assert retention() == 7
    life.change(retentionInDays=30)
    assert retention() == 30
    life.change(retentionInDays=None)
    assert retention() is None
    life.change(tags={"Team": "data"})
    tags = logs.list_tags_for_resource(resourceArn=life.outputs["arn"])["tags"]
    assert tags == {"Team": "data"}
    life.delete()


def test_a_log_group_that_is_to_stay_stays(cloud: Cloud) -> None:
    inputs = {"name": "kept", "skipDestroy": True}
    life = Life(cloud, "aws:cloudwatch/logGroup:LogGroup", inputs).create()
    cloud.provider.delete(life.token, life.name, life.id, life.inputs, life.outputs)
    assert life.read() is not None


def test_a_secret_and_its_version(cloud: Cloud) -> None:
    manager = cloud.endpoint.client("secretsmanager")
    inputs = {"description": "d", "recoveryWindowInDays": 0, "tags": {"Name": "secret"}}
    secret = Life(cloud, "aws:secretsmanager/secret:Secret", inputs, "credentials").create()
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    version = Life(cloud, token, {"secretId": secret.id, "secretString": "one"}).create()
    assert manager.get_secret_value(SecretId=secret.id)["SecretString"] == "one"
    version.change(secretString="two")
    assert manager.get_secret_value(SecretId=secret.id)["SecretString"] == "two"

    key = cloud.key()
    secret.change(description="another", kmsKeyId=key)
    found = manager.describe_secret(SecretId=secret.id)
    assert (found["Description"], found["KmsKeyId"]) == ("another", key)
    secret.change(tags={"Team": "data"})
    found = manager.describe_secret(SecretId=secret.id)
    assert found["Tags"] == [{"Key": "Team", "Value": "data"}]
    secret.delete()
    assert version.read() is None
    # Without a recovery window the name is free at once.
    secret.create()
    secret.delete()


def test_a_secret_with_a_recovery_window_counts_as_gone(cloud: Cloud) -> None:
    life = Life(cloud, "aws:secretsmanager/secret:Secret", {"recoveryWindowInDays": 7}).create()
    life.delete()
    manager = cloud.endpoint.client("secretsmanager")
    assert manager.describe_secret(SecretId=life.id)["DeletedDate"]


PASSWORD = "random:index/randomPassword:RandomPassword"


def test_a_password_has_what_was_asked_of_it(cloud: Cloud) -> None:
    inputs = {
        "length": 24, "minLower": 2, "minUpper": 2, "minNumeric": 2, "overrideSpecial": "!#",
    }  # fmt: skip
    found = {str(cloud.provider.create(PASSWORD, "p", inputs)[1]["result"]) for _ in range(20)}
    assert len(found) == 20
    for password in found:
        assert len(password) == 24
        assert set(password) <= set(string.ascii_letters + string.digits + "!#")
        for alphabet in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
            assert sum(c in alphabet for c in password) >= 2


def test_a_password_lives_in_the_state_alone(cloud: Cloud) -> None:
    life = Life(cloud, PASSWORD, {"length": 12, "special": False}).create()
    assert life.outputs["result"].isalnum()
    assert cloud.provider.diff(PASSWORD, life.inputs, {"length": 13}).replaces == {
        "length", "special",
    }  # fmt: skip
    cloud.provider.delete(PASSWORD, life.name, life.id, life.inputs, life.outputs)


@pytest.mark.parametrize(
    "inputs",
    [
        {"length": 3, "minLower": 2, "minUpper": 2},
        {"length": 9, "lower": False, "upper": False, "numeric": False, "special": False},
    ],
)
def test_an_impossible_password_is_refused(cloud: Cloud, inputs: dict[str, Any]) -> None:
    with pytest.raises(DeployFailed, match="cannot have what is asked of it"):
        Life(cloud, PASSWORD, inputs).create()


GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def ec2_tags(cloud: Cloud, resource: str) -> dict[str, str]:
    wanted = [{"Name": "resource-id", "Values": [resource]}]
    found = cloud.endpoint.client("ec2").describe_tags(Filters=wanted)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def rules(cloud: Cloud, group: str) -> list[dict[str, Any]]:
    wanted = [{"Name": "group-id", "Values": [group]}]
    answer = cloud.endpoint.client("ec2").describe_security_group_rules(Filters=wanted)
    return list(answer["SecurityGroupRules"])


def test_a_security_group_is_closed_in_both_directions(cloud: Cloud) -> None:
    inputs = {"description": "d", "vpcId": cloud.vpc, "tags": {"Name": "db"}}
    life = Life(cloud, GROUP, inputs, "closed").create()
    assert rules(cloud, life.id) == []
    assert ec2_tags(cloud, life.id) == {"Name": "db"}
    life.change(tags={"Team": "data"})
    assert ec2_tags(cloud, life.id) == {"Team": "data"}
    life.delete()


def test_rules_come_and_go_one_by_one(cloud: Cloud) -> None:
    group, other = cloud.security_group("db"), cloud.security_group("clients")
    base = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 3306, "toPort": 3306}
    by_group = Life(cloud, INGRESS, {**base, "referencedSecurityGroupId": other}).create()
    by_range = Life(
        cloud, INGRESS, {**base, "cidrIpv4": "10.0.0.0/8", "description": "office"}
    ).create()
    out = Life(
        cloud, EGRESS, {"securityGroupId": group, "ipProtocol": "-1", "cidrIpv6": "fd00::/8"}
    ).create()
    found = {rule["SecurityGroupRuleId"]: rule for rule in rules(cloud, group)}
    assert found[by_group.id]["ReferencedGroupInfo"]["GroupId"] == other
    assert found[by_range.id]["CidrIpv4"] == "10.0.0.0/8"
    assert found[by_range.id]["Description"] == "office"
    assert found[out.id]["IsEgress"] is True
    by_range.change(tags={"Name": "office"})
    assert ec2_tags(cloud, by_range.id) == {"Name": "office"}
    for life in (by_group, by_range, out):
        life.delete()
    left = [r for r in rules(cloud, group) if r.get("CidrIpv4") != "0.0.0.0/0"]
    assert left == []


def test_another_range_is_another_rule_and_the_old_one_goes_first(cloud: Cloud) -> None:
    old = {"securityGroupId": "sg-1", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/8"}
    difference = cloud.provider.diff(INGRESS, old, {**old, "cidrIpv4": "10.1.0.0/16"})
    assert difference.replaces == {"cidrIpv4"}
    assert difference.delete_first
