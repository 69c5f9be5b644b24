"""Subnet groups and parameter groups of RDS and ElastiCache through the provider."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.provider.life import Cloud, Life


@pytest.mark.parametrize(
    ("token", "describe", "named", "key"),
    [
        ("aws:rds/subnetGroup:SubnetGroup", "describe_db_subnet_groups", "DBSubnetGroup", "rds"),
        (
            "aws:elasticache/subnetGroup:SubnetGroup",
            "describe_cache_subnet_groups",
            "CacheSubnetGroup",
            "elasticache",
        ),
    ],
)
def test_a_subnet_group(cloud: Cloud, token: str, describe: str, named: str, key: str) -> None:
    def found() -> dict[str, Any]:
        operation = getattr(cloud.endpoint.client(key), describe)
        return dict(operation(**{f"{named}Name": life.inputs["name"]})[f"{named}s"][0])

    inputs = {"subnetIds": cloud.subnets[:2], "description": "two", "tags": {"Name": "subnets"}}
    life = Life(cloud, token, inputs, f"{key}-subnets").create()
    assert {s["SubnetIdentifier"] for s in found()["Subnets"]} == set(cloud.subnets[:2])
    assert life.outputs["vpcId"] == cloud.vpc
    assert life.tags() == {"Name": "subnets"}
    life.change(subnetIds=cloud.subnets[:3])
    assert {s["SubnetIdentifier"] for s in found()["Subnets"]} == set(cloud.subnets[:3])
    life.change(description="three")
    assert found()[f"{named}Description"] == "three"
    life.change(tags={"Team": "data"})
    assert life.tags() == {"Team": "data"}
    life.delete()


def parameter(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value, "applyMethod": "immediate"}


@pytest.mark.parametrize(
    ("token", "family", "describe", "named"),
    [
        (
            "aws:rds/parameterGroup:ParameterGroup",
            "mysql8.4",
            "describe_db_parameters",
            "DBParameterGroupName",
        ),
        (
            "aws:rds/clusterParameterGroup:ClusterParameterGroup",
            "aurora-mysql8.0",
            "describe_db_cluster_parameters",
            "DBClusterParameterGroupName",
        ),
    ],
)
def test_a_parameter_group_of_rds(
    cloud: Cloud, token: str, family: str, describe: str, named: str
) -> None:
    def values() -> dict[str, str]:
        operation = getattr(cloud.endpoint.client("rds"), describe)
        answer = operation(**{named: life.inputs["name"], "Source": "user"})
        return {p["ParameterName"]: p["ParameterValue"] for p in answer["Parameters"]}

    one, two = parameter("long_query_time", "1"), parameter("slow_query_log", "1")
    inputs = {"family": family, "description": "d", "parameters": [one], "tags": {"Name": "p"}}
    life = Life(cloud, token, inputs, "parameters").create()
    assert values() == {"long_query_time": "1"}
    life.change(parameters=[parameter("long_query_time", "2"), two])
    assert values() == {"long_query_time": "2", "slow_query_log": "1"}
    life.change(parameters=[two])
    assert values() == {"slow_query_log": "1"}
    life.change(tags={"Name": "q"})
    assert life.tags() == {"Name": "q"}
    assert values() == {"slow_query_log": "1"}
    life.delete()


def test_more_parameters_than_one_call_takes(cloud: Cloud) -> None:
    names = [f"max_connections_{n}" for n in range(45)]
    inputs = {
        "family": "mysql8.4",
        "description": "d",
        "parameters": [parameter(name, "1") for name in names],
    }
    life = Life(cloud, "aws:rds/parameterGroup:ParameterGroup", inputs, "many").create()
    rds = cloud.endpoint.client("rds")
    answer = rds.describe_db_parameters(DBParameterGroupName=life.inputs["name"])
    assert {p["ParameterName"] for p in answer["Parameters"]} == set(names)
    life.delete()


def test_a_group_whose_parameters_are_refused_is_not_left_behind(cloud: Cloud) -> None:
    wrong = parameter("log_slave_updates", "1")
    inputs = {"family": "mysql8.4", "description": "d", "parameters": [wrong]}
    life = Life(cloud, "aws:rds/parameterGroup:ParameterGroup", inputs, "wrong")
    for _ in range(2):
        with pytest.raises(DeployFailed, match="Could not find parameter with name"):
            life.create()
        assert life.read() is None


def test_a_parameter_group_of_elasticache(cloud: Cloud) -> None:
    def values() -> dict[str, str]:
        answer = cloud.endpoint.client("elasticache").describe_cache_parameters(
            CacheParameterGroupName=life.inputs["name"], Source="user"
        )
        return {p["ParameterName"]: p["ParameterValue"] for p in answer["Parameters"]}

    lru = {"name": "maxmemory-policy", "value": "allkeys-lru"}
    timeout = {"name": "timeout", "value": "60"}
    inputs = {"family": "redis7", "description": "d", "parameters": [lru], "tags": {"Name": "p"}}
    token = "aws:elasticache/parameterGroup:ParameterGroup"
    life = Life(cloud, token, inputs, "parameters").create()
    assert values() == {"maxmemory-policy": "allkeys-lru"}
    life.change(parameters=[lru, timeout])
    assert values() == {"maxmemory-policy": "allkeys-lru", "timeout": "60"}
    life.change(parameters=[timeout])
    assert values() == {"timeout": "60"}
    life.change(tags={"Name": "q"})
    assert life.tags() == {"Name": "q"}
    life.delete()
