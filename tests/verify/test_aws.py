from __future__ import annotations

import json

import pytest

from contract import Access
from tests.verify.cloud import TestCloud
from tests.verify.databases import PASSWORD, USER
from verify.aws import Cloud, Credentials, read_credentials, region_of
from verify.errors import NoCredentials, StepFailed

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf"


def test_the_region_is_the_arn_s_own() -> None:
    assert region_of(ARN) == "eu-west-1"


@pytest.mark.parametrize("arn", ["", "name", "arn:aws:s3:::bucket", "urn:a:b:c:d:e"])
def test_what_is_no_arn_of_a_secret(arn: str) -> None:
    with pytest.raises(NoCredentials, match="is not the ARN of a secret"):
        region_of(arn)


@pytest.mark.parametrize(
    ("facts", "credentials"),
    [
        ({"username": "admin", "password": "p"}, Credentials("admin", "p")),
        ({"password": "p"}, Credentials(None, "p")),
        ({"auth_token": "t", "password": "p"}, Credentials(None, "t")),
        ({"username": 3, "password": "p"}, Credentials(None, "p")),
    ],
)
def test_what_a_secret_holds(facts: dict[str, object], credentials: Credentials) -> None:
    assert read_credentials(json.dumps(facts), ARN) == credentials


@pytest.mark.parametrize("secret", ["hunter2", '["hunter2"]', '{"key": "hunter2"}', '"hunter2"'])
def test_a_secret_of_another_make_is_not_shown(secret: str) -> None:
    with pytest.raises(NoCredentials) as refused:
        read_credentials(secret, ARN)
    assert "hunter2" not in str(refused.value)
    assert ARN in str(refused.value)


def test_credentials_do_not_show_their_password() -> None:
    assert "hunter2" not in repr(Credentials("admin", "hunter2"))


@pytest.fixture
def asked(cloud: TestCloud) -> Cloud:
    record = cloud.record()
    return Cloud(Access.model_validate(record["access"]), 5)


def test_a_secret_is_read(cloud: TestCloud, asked: Cloud) -> None:
    assert asked.credentials(cloud.arns["mysql"]) == Credentials(USER, PASSWORD)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda c: c.instance("us-east-1", "gone"), "RDS answered DBInstanceNotFound"),
        (lambda c: c.cluster("us-east-1", "gone"), "RDS answered DBClusterNotFoundFault"),
        (
            lambda c: c.replication_group("us-east-1", "gone"),
            "ElastiCache answered ReplicationGroupNotFoundFault",
        ),
    ],
)
def test_a_database_that_aws_does_not_know_is_a_failure(
    asked: Cloud, ask: object, says: str
) -> None:
    assert callable(ask)
    with pytest.raises(StepFailed, match=says):
        ask(asked)


def test_a_client_is_made_once(asked: Cloud) -> None:
    assert asked.client("rds", "us-east-1") is asked.client("rds", "us-east-1")
    assert asked.client("rds", "us-east-1") is not asked.client("rds", "us-west-2")
