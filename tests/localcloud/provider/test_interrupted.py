"""What an interrupted create has left: found, completed, or known to be open."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import DeployFailed, Unfinished
from localcloud.fleet import Ref
from localcloud.provider.provider import Provider
from localcloud.site import Site
from tests.addresses import prefix
from tests.localcloud.provider.life import Cloud, Life
from tests.localcloud.provider.test_rds_clusters import cluster_inputs, member_inputs
from tests.localcloud.provider.test_rds_instances import mysql, replica
from tests.localcloud.provider.test_replication_groups import redis
from tests.localcloud.provider.test_surroundings import rules, trust

HOST = f"{prefix(83)}.0.1"
RDS = "aws:rds/instance:Instance"


def adopted(life: Life) -> None:
    """Made, forgotten, found again by nothing but its inputs, with the same id and outputs."""
    provider = life.cloud.provider
    assert life.id == ""
    inputs = provider.check(life.token, life.name, f"urn:{life.name}", life.asked)
    assert provider.adopt(life.token, life.name, inputs) is None
    life.create()
    found = provider.adopt(life.token, life.name, inputs)
    assert found is not None
    assert found == (life.id, life.outputs)
    assert provider.complete(life.token, life.name, *found[:1], inputs, found[1]) == life.outputs


def test_everything_that_has_a_name_is_found_again(cloud: Cloud) -> None:
    group = {"description": "d", "family": "mysql8.4"}
    lives = [
        Life(cloud, "aws:rds/subnetGroup:SubnetGroup", {"subnetIds": cloud.subnets}, "a"),
        Life(cloud, "aws:rds/parameterGroup:ParameterGroup", group, "a"),
        Life(
            cloud,
            "aws:rds/clusterParameterGroup:ClusterParameterGroup",
            {"description": "d", "family": "aurora-mysql8.0"},
            "a",
        ),
        Life(cloud, "aws:elasticache/subnetGroup:SubnetGroup",
             {"subnetIds": cloud.subnets, "name": "subnets"}, "a"),
        Life(cloud, "aws:elasticache/parameterGroup:ParameterGroup",
             {"description": "d", "family": "redis7"}, "a"),
        Life(cloud, "aws:elasticache/replicationGroup:ReplicationGroup", redis("subnets")),
        Life(cloud, RDS, mysql(identifier="source")),
        Life(cloud, RDS, replica()),
        Life(cloud, "aws:rds/cluster:Cluster", cluster_inputs()),
        Life(cloud, "aws:rds/clusterInstance:ClusterInstance", member_inputs("writer")),
        Life(
            cloud,
            "aws:rds/clusterEndpoint:ClusterEndpoint",
            {
                "clusterEndpointIdentifier": "custom",
                "clusterIdentifier": "myapp-aurora-cluster",
                "customEndpointType": "ANY",
                "staticMembers": ["writer"],
            },
        ),
        Life(cloud, "aws:iam/role:Role", {"assumeRolePolicy": trust("rds"), "name": "role"}),
        Life(
            cloud,
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {
                "role": "role",
                "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
            },
        ),
        Life(cloud, "aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 7}),
        Life(cloud, "aws:kms/alias:Alias", {"name": "alias/a", "targetKeyId": cloud.key()}),
        Life(cloud, "aws:secretsmanager/secret:Secret", {"recoveryWindowInDays": 0}),
        Life(cloud, "aws:ec2/securityGroup:SecurityGroup", {"description": "d",
                                                            "vpcId": cloud.vpc}),
        Life(
            cloud,
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {
                "securityGroupId": cloud.security_group("ruled"),
                "ipProtocol": "tcp",
                "fromPort": 3306,
                "toPort": 3306,
                "cidrIpv4": "10.0.0.0/8",
            },
        ),
    ]  # fmt: skip
    for life in lives:
        adopted(life)
    for life in reversed(lives):
        life.delete()


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:kms/key:Key", {"description": "d"}),
        ("random:index/randomPassword:RandomPassword", {"length": 12}),
        ("aws:secretsmanager/secretVersion:SecretVersion", {"secretId": "s", "secretString": "v"}),
    ],
)
def test_what_has_no_name_is_made_again(cloud: Cloud, token: str, inputs: dict[str, Any]) -> None:
    assert cloud.provider.adopt(token, "n", inputs) is None


def test_a_create_cut_off_between_its_calls_is_completed(cloud: Cloud) -> None:
    rds, ec2 = cloud.endpoint.client("rds"), cloud.endpoint.client("ec2")
    rds.create_db_parameter_group(
        DBParameterGroupName="half", DBParameterGroupFamily="mysql8.4", Description="d"
    )
    slow = {"name": "slow_query_log", "value": "1"}
    inputs: dict[str, Any] = {
        "name": "half",
        "family": "mysql8.4",
        "description": "d",
        "parameters": [slow],
    }
    take_up(cloud, "aws:rds/parameterGroup:ParameterGroup", inputs)
    parameters = rds.describe_db_parameters(DBParameterGroupName="half")["Parameters"]
    assert [p["ParameterName"] for p in parameters] == ["slow_query_log"]

    group = cloud.security_group("half")
    assert rules(cloud, group)
    inputs = {"name": "half", "description": "half", "vpcId": cloud.vpc, "tags": {"Name": "h"}}
    take_up(cloud, "aws:ec2/securityGroup:SecurityGroup", inputs)
    assert rules(cloud, group) == []
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["Tags"] == [{"Key": "Name", "Value": "h"}]


def take_up(cloud: Cloud, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    found = cloud.provider.adopt(token, "n", inputs)
    assert found is not None
    id_, outputs = found
    return cloud.provider.complete(token, "n", id_, inputs, outputs)


def test_a_database_that_is_still_being_made_is_waited_for(cloud: Cloud) -> None:
    """The client was killed, not the local cloud: the server is on its way."""
    begun, go_on = threading.Event(), threading.Event()
    fleet = cloud.endpoint.fleet
    original = fleet._note

    def slow(name: str, *args: Any) -> None:
        original(name, *args)
        if name in ("create_instance", "create_redis"):
            begun.set()
            assert go_on.wait(10)

    inputs = mysql(identifier="slow")
    fleet._note = slow  # type: ignore[method-assign]
    try:
        client = threading.Thread(target=cloud.provider.create, args=(RDS, "slow", inputs))
        client.start()
        assert begun.wait(10)
        found = cloud.provider.adopt(RDS, "slow", inputs)
        assert found is not None
        assert "address" not in found[1]
        go_on.set()
        outputs = cloud.provider.complete(RDS, "slow", found[0], inputs, found[1])
        assert outputs["status"] == "available"
        assert outputs["address"]
        client.join(10)
        assert not client.is_alive()
    finally:
        go_on.set()
        fleet._note = original  # type: ignore[method-assign]
    assert (
        fleet.named("create_instance").count(
            (Ref("us-east-1", "slow"), *fleet.named("create_instance")[-1][1:])
        )
        == 1
    )
    cloud.provider.delete(RDS, "slow", found[0], inputs, found[1])


def test_a_create_whose_answer_never_came_is_unfinished(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as listener:
        site = replace(Site(tmp_path, prefix(83)), endpoint_port=listener.getsockname()[1])

        def hang_up() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)

        server = threading.Thread(target=hang_up)
        server.start()
        with pytest.raises(Unfinished, match="no answer from the local cloud"):
            Provider(site, "us-east-1").create("aws:kms/key:Key", "k", {"description": "d"})
        server.join(5)


def test_nobody_there_is_a_failure_and_nothing_is_open(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
    site = replace(Site(tmp_path, prefix(83)), endpoint_port=port)
    with pytest.raises(DeployFailed, match=f"{HOST}:{port}") as caught:
        Provider(site, "us-east-1").create("aws:kms/key:Key", "k", {"description": "d"})
    assert not isinstance(caught.value, Unfinished)


def test_what_could_not_be_taken_back_is_unfinished(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "aws:rds/parameterGroup:ParameterGroup"
    wrong = {"name": "log_slave_updates", "value": "1"}
    inputs = {"name": "stuck", "family": "mysql8.4", "description": "d", "parameters": [wrong]}
    kind = cloud.provider.kind(token)

    def refuse(resource: object) -> None:
        raise DeployFailed("InvalidDBParameterGroupState: in use")

    with monkeypatch.context() as patch:
        patch.setattr(kind, "remove", refuse)
        with pytest.raises(Unfinished, match=r"Could not find parameter.*could not be deleted"):
            cloud.provider.create(token, "n", inputs)
    cloud.provider.delete(token, "n", "stuck", inputs, {})
