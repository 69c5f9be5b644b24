"""Passwords that RDS makes, and their rotation, through the provider."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.fleet import Ref
from tests.localcloud.front_fixtures import PASSWORD
from tests.localcloud.provider.life import Cloud, Life
from tests.localcloud.provider.test_rds_instances import TOKEN, mysql

ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
CLUSTER = {
    "clusterIdentifier": "managed",
    "engine": "aurora-mysql",
    "masterUsername": "admin",
    "skipFinalSnapshot": True,
}
NAME = "managed"


@pytest.fixture(params=["instance", "cluster"])
def managed(request: pytest.FixtureRequest, cloud: Cloud) -> Any:
    if request.param == "instance":
        asked = mysql(identifier=NAME, password=None, manageMasterUserPassword=True)
        life = Life(cloud, TOKEN, asked)
    else:
        asked = CLUSTER | {"manageMasterUserPassword": True}
        life = Life(cloud, "aws:rds/cluster:Cluster", asked)
    yield life.create()
    life.delete()


def described(cloud: Cloud, secret: str) -> dict[str, Any]:
    return dict(cloud.endpoint.client("secretsmanager").describe_secret(SecretId=secret))


def password(cloud: Cloud, secret: str) -> str:
    answer = cloud.endpoint.client("secretsmanager").get_secret_value(SecretId=secret)
    return str(json.loads(answer["SecretString"])["password"])


def test_the_secret_is_an_output(cloud: Cloud, managed: Life) -> None:
    (secret,) = managed.outputs["masterUserSecrets"]
    assert secret["secretStatus"] == "active"
    assert secret["kmsKeyId"].startswith("arn:aws:kms:")
    assert described(cloud, secret["secretArn"])["OwningService"] == "rds"


def test_a_rotation_is_scheduled_changed_and_ended(cloud: Cloud, managed: Life) -> None:
    secret = managed.outputs["masterUserSecrets"][0]["secretArn"]
    before = password(cloud, secret)
    asked = {
        "secretId": secret,
        "rotationRules": {"automaticallyAfterDays": 30.0},
        "rotateImmediately": False,
    }
    rotation = Life(cloud, ROTATION, asked).create()
    assert described(cloud, secret)["RotationRules"] == {"AutomaticallyAfterDays": 30}
    rotation.change(rotationRules={"automaticallyAfterDays": 60.0})
    assert described(cloud, secret)["RotationRules"] == {"AutomaticallyAfterDays": 60}
    assert password(cloud, secret) == before
    rotation.delete()
    assert described(cloud, secret)["RotationEnabled"] is False


def test_it_rotates_at_once_unless_it_is_told_not_to(cloud: Cloud, managed: Life) -> None:
    secret = managed.outputs["masterUserSecrets"][0]["secretArn"]
    before = password(cloud, secret)
    rules = {"rotationRules": {"automaticallyAfterDays": 30.0}}
    rotation = Life(cloud, ROTATION, {"secretId": secret, **rules}).create()
    assert password(cloud, secret) != before
    rotation.delete()


def test_none_at_all(cloud: Cloud, managed: Life) -> None:
    secret = managed.outputs["masterUserSecrets"][0]["secretArn"]
    rotation = Life(cloud, ROTATION, {"secretId": secret, "rotationEnabled": False}).create()
    assert described(cloud, secret)["RotationEnabled"] is False
    assert rotation.read() is not None


def test_a_password_of_one_s_own_becomes_rds_s_and_back(cloud: Cloud) -> None:
    life = Life(cloud, TOKEN, mysql(identifier=NAME)).create()
    assert life.outputs["masterUserSecrets"] == []
    life.change(password=None, manageMasterUserPassword=True)
    (secret,) = life.outputs["masterUserSecrets"]
    said = cloud.endpoint.fleet.named("set_password")[-1]
    assert said == (Ref("us-east-1", NAME), password(cloud, secret["secretArn"]))
    life.change(password=PASSWORD, manageMasterUserPassword=None)
    assert life.outputs["masterUserSecrets"] == []
    assert cloud.endpoint.fleet.named("set_password")[-1] == (Ref("us-east-1", NAME), PASSWORD)
    life.delete()
