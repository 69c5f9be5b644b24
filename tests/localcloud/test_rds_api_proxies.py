"""RDS proxies as the API has them, over a fleet that records what it was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import PASSWORD, Ground, endpoint, ground, mysql, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]
NAME = "myapp-proxy"
ROLE = "arn:aws:iam::123456789012:role/proxy"


@pytest.fixture
def asked(endpoint: Endpoint, ground: Ground) -> dict[str, Any]:
    """The arguments of a proxy, its secret made."""
    secret = endpoint.client("secretsmanager").create_secret(
        Name="db", SecretString=json.dumps({"username": "admin", "password": PASSWORD})
    )["ARN"]
    return {
        "DBProxyName": NAME,
        "EngineFamily": "MYSQL",
        "Auth": [{"AuthScheme": "SECRETS", "SecretArn": secret}],
        "RoleArn": ROLE,
        "VpcSubnetIds": list(ground.subnets[:2]),
        "VpcSecurityGroupIds": [ground.security_group],
        "RequireTLS": True,
    }


@pytest.fixture
def rds(endpoint: Endpoint, asked: dict[str, Any]) -> Any:
    client = endpoint.client("rds")
    client.create_db_instance(**mysql())
    client.create_db_proxy(**asked)
    return client


def attach(rds: Any, **target: Any) -> Any:
    return rds.register_db_proxy_targets(DBProxyName=NAME, TargetGroupName="default", **target)


def test_a_proxy_is_described_as_it_was_made(rds: Any, asked: dict[str, Any]) -> None:
    (found,) = rds.describe_db_proxies(DBProxyName=NAME)["DBProxies"]
    assert found["Status"] == "available"
    assert found["RequireTLS"] is True
    assert found["Endpoint"].startswith("127.82.")
    assert found["VpcSubnetIds"] == asked["VpcSubnetIds"]
    (group,) = rds.describe_db_proxy_target_groups(DBProxyName=NAME)["TargetGroups"]
    assert (group["TargetGroupName"], group["IsDefault"]) == ("default", True)
    assert group["ConnectionPoolConfig"]["MaxConnectionsPercent"] == 100


def test_a_target_is_led_to_and_named_by_the_certificate(endpoint: Endpoint, rds: Any) -> None:
    attach(rds, DBInstanceIdentifiers=["myapp-mysql-db"])
    address = rds.describe_db_instances()["DBInstances"][0]["Endpoint"]["Address"]
    mine = rds.describe_db_proxies()["DBProxies"][0]["Endpoint"]
    assert endpoint.fleet.named("lead")[-1] == (Ref("us-east-1", NAME), {"default": address})
    assert endpoint.fleet.named("name_also")[-1] == (Ref("us-east-1", "myapp-mysql-db"), [mine])
    (target,) = rds.describe_db_proxy_targets(DBProxyName=NAME)["Targets"]
    assert target["RdsResourceId"] == "myapp-mysql-db"
    assert target["TargetHealth"]["State"] == "AVAILABLE"


def test_a_secret_that_does_not_open_the_database_is_an_auth_failure(
    endpoint: Endpoint, rds: Any
) -> None:
    attach(rds, DBInstanceIdentifiers=["myapp-mysql-db"])
    endpoint.fleet.locked = True
    (target,) = rds.describe_db_proxy_targets(DBProxyName=NAME)["Targets"]
    assert target["TargetHealth"]["State"] == "UNAVAILABLE"
    assert target["TargetHealth"]["Reason"] == "AUTH_FAILURE"


def test_the_limits_follow_the_target_group(endpoint: Endpoint, rds: Any) -> None:
    rds.modify_db_proxy_target_group(
        DBProxyName=NAME,
        TargetGroupName="default",
        ConnectionPoolConfig={
            "MaxConnectionsPercent": 10,
            "MaxIdleConnectionsPercent": 5,
            "ConnectionBorrowTimeout": 3,
        },
    )
    assert endpoint.fleet.named("limit") == [(Ref("us-east-1", NAME), 30, 3.0)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"EngineFamily": "SQLSERVER"}, "InvalidParameterValue"),
        ({"Auth": []}, "InvalidParameterCombination"),
        ({"Auth": [{"AuthScheme": "SECRETS"}]}, "InvalidParameterCombination"),
        ({"DBProxyName": "double--hyphen"}, "InvalidParameterValue"),
        ({"VpcSubnetIds": ["subnet-nobody"]}, "InvalidSubnet"),
        ({"VpcSecurityGroupIds": ["sg-nobody"]}, "InvalidParameterValue"),
        ({"DBProxyName": NAME}, "DBProxyAlreadyExistsFault"),
    ],
)
def test_what_rds_refuses(
    rds: Any, asked: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    assert refusal(rds.create_db_proxy, **(asked | {"DBProxyName": "other"} | change)) == code


def test_one_zone_is_too_few(rds: Any, asked: dict[str, Any]) -> None:
    one = asked | {"DBProxyName": "other", "VpcSubnetIds": asked["VpcSubnetIds"][:1]}
    assert refusal(rds.create_db_proxy, **one) == "InvalidSubnet"


def test_iam_that_nobody_would_check_is_refused(rds: Any, asked: dict[str, Any]) -> None:
    auth = [asked["Auth"][0] | {"IAMAuth": "REQUIRED"}]
    wanted = asked | {"DBProxyName": "other", "Auth": auth}
    assert refusal(rds.create_db_proxy, **wanted) == "InvalidParameterCombination"


def test_a_target_is_of_the_proxys_family(
    endpoint: Endpoint, rds: Any, asked: dict[str, Any]
) -> None:
    auth = [asked["Auth"][0] | {"ClientPasswordAuthType": "POSTGRES_SCRAM_SHA_256"}]
    wanted = asked | {"DBProxyName": "pool", "EngineFamily": "POSTGRESQL"}
    assert refusal(
        rds.create_db_proxy, **wanted | {"Auth": [auth[0] | {"ClientPasswordAuthType": "X"}]}
    )
    made = rds.create_db_proxy(**wanted | {"Auth": auth})["DBProxy"]
    assert made["Auth"][0]["ClientPasswordAuthType"] == "POSTGRES_SCRAM_SHA_256"
    assert endpoint.fleet.named("create_proxy")[-1] == (
        Ref("us-east-1", "pool"), "default", 300, 120.0, "POSTGRESQL",
    )  # fmt: skip
    names = {"DBProxyName": "pool", "TargetGroupName": "default"}
    code = refusal(rds.register_db_proxy_targets, **names, DBInstanceIdentifiers=["myapp-mysql-db"])
    assert code == "InvalidParameterValue"


def test_targets_that_cannot_be(rds: Any) -> None:
    rds.create_db_instance_read_replica(
        DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="myapp-mysql-db"
    )
    names = {"DBProxyName": NAME, "TargetGroupName": "default"}
    add = rds.register_db_proxy_targets
    assert refusal(add, **names, DBInstanceIdentifiers=["copy"]) == "InvalidDBInstanceState"
    assert refusal(add, **names, DBInstanceIdentifiers=["nobody"]) == "DBInstanceNotFound"
    attach(rds, DBInstanceIdentifiers=["myapp-mysql-db"])
    again = refusal(add, **names, DBInstanceIdentifiers=["myapp-mysql-db"])
    assert again == "DBProxyTargetAlreadyRegisteredFault"


def test_a_reader_endpoint_is_for_clusters(rds: Any, asked: dict[str, Any]) -> None:
    attach(rds, DBInstanceIdentifiers=["myapp-mysql-db"])
    wanted = {
        "DBProxyName": NAME,
        "DBProxyEndpointName": "readers",
        "VpcSubnetIds": asked["VpcSubnetIds"],
        "TargetRole": "READ_ONLY",
    }
    assert refusal(rds.create_db_proxy_endpoint, **wanted) == "InvalidDBProxyStateFault"


def test_a_deleted_proxy_is_gone(endpoint: Endpoint, rds: Any) -> None:
    attach(rds, DBInstanceIdentifiers=["myapp-mysql-db"])
    rds.delete_db_proxy(DBProxyName=NAME)
    assert refusal(rds.describe_db_proxies, DBProxyName=NAME) == "DBProxyNotFoundFault"
    assert endpoint.fleet.named("name_also")[-1] == (Ref("us-east-1", "myapp-mysql-db"), [])
