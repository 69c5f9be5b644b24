from __future__ import annotations

import pickle
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from localcloud.errors import StateUnreadable
from localcloud.front import _changes
from localcloud.site import Site
from tests.localcloud.front_fixtures import endpoint, ground, mysql, refusal, site
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet

__all__ = ["endpoint", "ground", "site"]


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1"])
def test_each_region_has_a_default_vpc_with_subnets_in_named_zones(
    endpoint: Endpoint, region: str
) -> None:
    ec2 = endpoint.client("ec2", region)
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    subnets = ec2.describe_subnets()["Subnets"]
    listed = ec2.describe_availability_zones()["AvailabilityZones"]
    zones = {z["ZoneName"]: z["ZoneId"] for z in listed}
    assert len(vpcs) == 1
    assert {s["VpcId"] for s in subnets} == {vpcs[0]["VpcId"]}
    assert len(subnets) >= 3
    assert all(zones[s["AvailabilityZone"]] == s["AvailabilityZoneId"] for s in subnets)


def test_ingress_rules_have_identifiers_and_are_found_by_them(endpoint: Endpoint) -> None:
    ec2 = endpoint.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 3306,
        "ToPort": 3306,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
    }
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    assert [(r["FromPort"], r["CidrIpv4"], r["IsEgress"]) for r in found] == [
        (3306, "10.0.0.0/8", False)
    ]
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])[
        "SecurityGroupRules"
    ]
    assert [r["SecurityGroupRuleId"] for r in rules if not r["IsEgress"]] == []


def test_secrets_keys_roles_and_logs_pass_through(endpoint: Endpoint) -> None:
    secrets = endpoint.client("secretsmanager", "us-west-2")
    arn = secrets.create_secret(Name="db", SecretString="s3cret")["ARN"]
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "s3cret"
    assert refusal(endpoint.client("secretsmanager").get_secret_value, SecretId="db") == (
        "ResourceNotFoundException"
    )
    endpoint.client("iam").create_role(RoleName="monitor", AssumeRolePolicyDocument="{}")
    assert endpoint.client("iam").get_role(RoleName="monitor")["Role"]["RoleName"] == "monitor"
    endpoint.client("logs").create_log_group(logGroupName="/aws/rds/x")
    groups = endpoint.client("logs").describe_log_groups()["logGroups"]
    assert [g["logGroupName"] for g in groups] == ["/aws/rds/x"]
    assert endpoint.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_an_operation_without_a_server_behind_it_is_named_and_refused(endpoint: Endpoint) -> None:
    with pytest.raises(ClientError) as caught:
        endpoint.client("rds").create_blue_green_deployment(
            BlueGreenDeploymentName="b", Source="arn:aws:rds:us-east-1:1:db:x"
        )
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidAction"
    assert "rds:CreateBlueGreenDeployment" in error["Message"]


def test_an_operation_moto_has_not_is_named_and_refused(endpoint: Endpoint) -> None:
    with pytest.raises(ClientError) as caught:
        endpoint.client("iam").generate_organizations_access_report(
            EntityPath="o-1234567890/r-1234"
        )
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidAction"
    assert "iam:GenerateOrganizationsAccessReport" in error["Message"]


def test_an_unsigned_request_is_told_what_this_is(endpoint: Endpoint) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(endpoint.url, timeout=5)
    with caught.value as answer:
        assert answer.code == 403
        assert b"sign the request" in answer.read()


def test_everything_said_survives_the_process(site: Site) -> None:
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        # Only looked at: moto makes a default VPC with random identifiers on the way.
        looked_at = first.client("ec2", "eu-west-1").describe_vpcs()["Vpcs"][0]["VpcId"]
        key = first.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
        secret = first.client("secretsmanager").create_secret(Name="s", SecretString="v")["ARN"]
        before = first.client("rds").create_db_instance(**mysql())["DBInstance"]
    with served(site, fleet) as second:
        vpc = second.client("ec2", "eu-west-1").describe_vpcs()["Vpcs"][0]["VpcId"]
        assert vpc == looked_at
        arn = key["KeyMetadata"]["Arn"]
        assert second.client("kms").describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn
        value = second.client("secretsmanager").get_secret_value(SecretId=secret)
        assert value["SecretString"] == "v"
        (after,) = second.client("rds").describe_db_instances()["DBInstances"]
    # It moves on with the clock.
    before.pop("LatestRestorableTime", None)
    after.pop("LatestRestorableTime", None)
    assert after == before


def test_saved_state_is_private_and_holds_no_master_password(site: Site) -> None:
    with served(site, RecordingFleet()) as first:
        first.client("rds").create_db_instance(**mysql())
        first.client("secretsmanager").create_secret(Name="s", SecretString="v")
    modes = {path.name: path.stat().st_mode & 0o777 for path in site.state_dir.iterdir()}
    assert modes == {"moto.pickle": 0o600, "records.json": 0o600, "trail.jsonl": 0o600}
    for kept in ("records.json", "trail.jsonl"):
        assert "correct-horse" not in (site.state_dir / kept).read_text()


def _start(site: Site) -> None:
    with served(site, RecordingFleet()):
        pass


def test_state_of_another_moto_is_refused_in_words(site: Site) -> None:
    (site.state_dir / "moto.pickle").write_bytes(pickle.dumps("moto 1.0, Python 3.11"))
    with pytest.raises(StateUnreadable, match=r"moto 1\.0.*down --wipe"):
        _start(site)


def test_damaged_records_are_refused_in_words(site: Site) -> None:
    (site.state_dir / "records.json").write_text('{"format": 1, "rec')
    with pytest.raises(StateUnreadable, match=r"records\.json.*down --wipe"):
        _start(site)


def test_reads_are_not_saved_and_writes_are() -> None:
    assert [_changes("ec2", n) for n in ("DescribeVpcs", "GetSecretValue", "CreateVpc")] == [
        False,
        False,
        True,
    ]
    assert _changes("kms", "DescribeKey")
