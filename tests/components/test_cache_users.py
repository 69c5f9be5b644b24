from __future__ import annotations

import pulumi
import pytest

from components.cache_users import CacheUsers, CacheUsersArgs
from specs.cache_access import CacheUser
from tests.components.ground import ground, inputs
from tests.recorder import SECRET, Recording, record

APP = CacheUser.model_validate({"name": "app", "may": "read-write", "keys": ["user:*"]})
CHILDREN = {
    "users-app": "aws-databases:index:Credentials",
    "users-app-password": "random:index/randomPassword:RandomPassword",
    "users-app-secret": "aws:secretsmanager/secret:Secret",
    "users-app-version": "aws:secretsmanager/secretVersion:SecretVersion",
    "users-app-user": "aws:elasticache/user:User",
    "users-group": "aws:elasticache/userGroup:UserGroup",
}
DEFAULT = {
    "users-default-password": "random:index/randomPassword:RandomPassword",
    "users-default-user": "aws:elasticache/user:User",
}


def made(engine: str) -> Recording:
    def program() -> None:
        users = CacheUsers("users", CacheUsersArgs("cache", engine, [APP], ground().key))
        pulumi.export("facts", users.facts)

    return record(program)


@pytest.fixture(scope="module")
def redis() -> Recording:
    return made("redis")


def test_the_exact_children(redis: Recording) -> None:
    assert redis.below("users") == CHILDREN | DEFAULT


def test_a_group_of_redis_has_a_default_user_that_is_off(redis: Recording) -> None:
    # DefaultUserRequired; the id "default" is the account's own, which lets everybody in.
    assert inputs(redis, "users-default-user") == {
        "region": "us-east-1",
        "userId": "cache-default",
        "userName": "default",
        "engine": "redis",
        "accessString": "off -@all",
        "passwords": SECRET,
    }
    group = inputs(redis, "users-group")
    assert group["userIds"] == ["cache-app", "cache-default"]


def test_a_group_of_valkey_has_only_its_users() -> None:
    valkey = made("valkey")
    assert valkey.below("users") == CHILDREN
    assert inputs(valkey, "users-group") == {
        "region": "us-east-1",
        "userGroupId": "cache-users",
        "engine": "valkey",
        "userIds": ["cache-app"],
    }


def test_a_user_may_what_the_config_says_with_a_password_of_its_own(redis: Recording) -> None:
    user = inputs(redis, "users-app-user")
    assert user["accessString"].startswith("on ~user:* -@all ")
    assert user["passwords"] == SECRET
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:users-app-secret-AbCdEf"
    assert redis.outputs["facts"] == [
        {"name": "app", "secret_arn": secret, "may": "read-write", "keys": ["user:*"]}
    ]
