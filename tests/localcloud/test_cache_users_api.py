"""Users, user groups and cluster mode through plain boto3; the servers only record."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import AclUser, Ref, everybody, hash_of
from tests.localcloud.front_fixtures import endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]
NAME = "sessions"
REF = Ref("us-east-1", NAME)
PASSWORD = "a-password-of-22-chars"
OFF = "off -@all"


def user(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "UserId": f"{NAME}-{name}",
        "UserName": name,
        "Engine": "redis",
        "AccessString": "on ~user:* +@read",
        "Passwords": [PASSWORD],
    } | changes


def cluster(**changes: Any) -> dict[str, Any]:
    arguments = {
        "ReplicationGroupId": NAME,
        "ReplicationGroupDescription": "Sessions",
        "Engine": "redis",
        "EngineVersion": "7.1",
        "CacheNodeType": "cache.r6g.large",
        "ClusterMode": "enabled",
        "NumNodeGroups": 2,
        "ReplicasPerNodeGroup": 1,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
        "TransitEncryptionEnabled": True,
        "UserGroupIds": ["group"],
    } | changes
    return {name: value for name, value in arguments.items() if value is not None}


@pytest.fixture
def client(endpoint: Endpoint) -> Any:
    """With a user group of Redis, and one of Valkey."""
    found = endpoint.client("elasticache")
    found.create_user(**user("app"))
    found.create_user(**user("default", AccessString=OFF))
    found.create_user(**user("pages", Engine="valkey"))
    ids = [f"{NAME}-app", f"{NAME}-default"]
    found.create_user_group(UserGroupId="group", Engine="redis", UserIds=ids)
    found.create_user_group(UserGroupId="valkeys", Engine="valkey", UserIds=[f"{NAME}-pages"])
    return found


def group(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.describe_replication_groups(ReplicationGroupId=NAME)[
        "ReplicationGroups"
    ][0]
    return found


def test_a_user_is_reported_as_elasticache_writes_it_without_its_password(client: Any) -> None:
    (found,) = client.describe_users(UserId=f"{NAME}-app")["Users"]
    assert found["AccessString"] == "on ~user:* -@all +@read"
    assert found["Authentication"] == {"Type": "password", "PasswordCount": 1}
    assert (found["UserGroupIds"], found["Status"]) == (["group"], "active")
    assert PASSWORD not in str(found)
    assert hash_of(PASSWORD) not in str(found)
    names = {u["UserId"] for u in client.describe_users(Engine="redis")["Users"]}
    assert names == {"default", f"{NAME}-app", f"{NAME}-default"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"UserId": f"{NAME}-app"}, "UserAlreadyExists"),
        ({"UserId": "default"}, "UserAlreadyExists"),
        ({"UserId": "x" * 41}, "InvalidParameterValue"),
        ({"UserName": "with space"}, "InvalidParameterValue"),
        ({"Engine": "memcached"}, "InvalidParameterValue"),
        ({"Passwords": ["short"]}, "InvalidParameterValue"),
        ({"Passwords": [PASSWORD, PASSWORD + "1", PASSWORD + "2"]}, "InvalidParameterCombination"),
        ({"NoPasswordRequired": True}, "InvalidParameterCombination"),
        ({"AuthenticationMode": {"Type": "iam"}}, "InvalidParameterValue"),
        ({"AccessString": "~* +@all"}, "InvalidParameterValue"),
        ({"AccessString": "on ~* +@everything"}, "InvalidParameterValue"),
        ({"AccessString": "on ~* +@all >secret"}, "InvalidParameterValue"),
        ({"AccessString": "on nopass ~* +@all"}, "InvalidParameterValue"),
    ],
)
def test_what_elasticache_refuses_of_a_user(client: Any, change: dict[str, Any], code: str) -> None:
    assert refusal(client.create_user, **user("another", **change)) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"UserIds": [f"{NAME}-app"]}, "DefaultUserRequired"),
        ({"UserIds": [f"{NAME}-default", "default"]}, "DuplicateUserName"),
        ({"UserIds": ["nobody", "default"]}, "UserNotFound"),
        ({"UserIds": [f"{NAME}-pages", "default"]}, "InvalidParameterValue"),
        ({"Engine": "valkey", "UserIds": [f"{NAME}-app"]}, "InvalidParameterValue"),
        ({"UserGroupId": "group"}, "UserGroupAlreadyExists"),
        ({"UserGroupId": "no_group"}, "InvalidParameterValue"),
    ],
)
def test_what_elasticache_refuses_of_a_group(
    client: Any, change: dict[str, Any], code: str
) -> None:
    arguments = {"UserGroupId": "more", "Engine": "redis", "UserIds": ["default"]} | change
    assert refusal(client.create_user_group, **arguments) == code


def test_groups_and_users_say_whom_they_belong_to_and_cannot_be_pulled_away(client: Any) -> None:
    client.create_replication_group(**cluster())
    (found,) = client.describe_user_groups(UserGroupId="group")["UserGroups"]
    assert found["ReplicationGroups"] == [NAME]
    assert group(client)["UserGroupIds"] == ["group"]
    assert refusal(client.delete_user_group, UserGroupId="group") == "InvalidUserGroupState"
    change = {"UserGroupId": "group", "UserIdsToRemove": [f"{NAME}-default"]}
    assert refusal(client.modify_user_group, **change) == "DefaultUserRequired"
    code = refusal(client.delete_user, UserId=f"{NAME}-default")
    assert code == "DefaultUserAssociatedToUserGroup"
    assert refusal(client.delete_user, UserId="default") == "InvalidParameterValue"
    client.delete_replication_group(ReplicationGroupId=NAME)
    client.delete_user_group(UserGroupId="group")
    client.delete_user(UserId=f"{NAME}-default")
    assert refusal(client.describe_users, UserId=f"{NAME}-default") == "UserNotFound"
    assert refusal(client.describe_user_groups, UserGroupId="group") == "UserGroupNotFound"


def test_changed_users_and_groups_reach_the_servers(endpoint: Endpoint, client: Any) -> None:
    client.create_replication_group(**cluster())
    off = AclUser("default", OFF, (hash_of(PASSWORD),))
    client.modify_user(UserId=f"{NAME}-app", AccessString="on ~* -@all +get")
    app = AclUser("app", "on ~* -@all +get", (hash_of(PASSWORD),))
    assert endpoint.fleet.named("set_users")[-1] == (REF, (app, off))
    client.modify_user(UserId=f"{NAME}-app", Passwords=[PASSWORD, "another-password-1"])
    app = AclUser("app", app.rules, (hash_of(PASSWORD), hash_of("another-password-1")))
    assert endpoint.fleet.named("set_users")[-1] == (REF, (app, off))
    client.create_user(**user("report"))
    client.modify_user_group(UserGroupId="group", UserIdsToAdd=[f"{NAME}-report"])
    report = AclUser("report", "on ~user:* -@all +@read", (hash_of(PASSWORD),))
    assert endpoint.fleet.named("set_users")[-1] == (REF, (app, off, report))
    client.delete_user(UserId=f"{NAME}-app")
    assert endpoint.fleet.named("set_users")[-1] == (REF, (off, report))


def test_a_cluster_reports_its_node_groups_and_where_to_begin(
    endpoint: Endpoint, client: Any
) -> None:
    client.create_replication_group(**cluster())
    shown = group(client)
    assert (shown["ClusterEnabled"], shown["ClusterMode"]) == (True, "enabled")
    assert (shown["AuthTokenEnabled"], shown["Engine"]) == (False, "redis")
    assert shown["ConfigurationEndpoint"]["Port"] == 6379
    nodes = {
        g["NodeGroupId"]: [m["CacheClusterId"] for m in g["NodeGroupMembers"]]
        for g in shown["NodeGroups"]
    }
    assert nodes == {
        "0001": [f"{NAME}-0001-001", f"{NAME}-0001-002"],
        "0002": [f"{NAME}-0002-001", f"{NAME}-0002-002"],
    }
    assert shown["MemberClusters"] == nodes["0001"] + nodes["0002"]
    for each in shown["NodeGroups"]:
        assert len({m["PreferredAvailabilityZone"] for m in each["NodeGroupMembers"]}) == 2
        assert "PrimaryEndpoint" not in each
    (made,) = endpoint.fleet.named("create_sharded")
    app = AclUser("app", "on ~user:* -@all +@read", (hash_of(PASSWORD),))
    off = AclUser("default", OFF, (hash_of(PASSWORD),))
    assert made == (REF, nodes, (app, off), True, {}, "redis")
    found = client.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
    assert {c["CacheParameterGroup"]["CacheParameterGroupName"] for c in found} == {
        "default.redis7.cluster.on"
    }
    assert len({c["CacheNodes"][0]["Endpoint"]["Address"] for c in found}) == 4


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AutomaticFailoverEnabled": False}, "InvalidParameterCombination"),
        ({"ReplicasPerNodeGroup": 0}, "InvalidParameterCombination"),
        ({"ReplicasPerNodeGroup": 6}, "InvalidParameterValue"),
        ({"NumNodeGroups": 46}, "NodeQuotaForClusterExceeded"),
        ({"NumCacheClusters": 4}, "InvalidParameterCombination"),
        ({"PreferredCacheClusterAZs": ["us-east-1a"] * 4}, "InvalidParameterCombination"),
        ({"ClusterMode": "disabled"}, "InvalidParameterCombination"),
        ({"ClusterMode": None}, "InvalidParameterCombination"),
        ({"ClusterMode": "compatible"}, "InvalidParameterValue"),
        ({"CacheParameterGroupName": "default.redis7"}, "InvalidParameterCombination"),
        ({"AuthToken": PASSWORD.replace("_", "-")}, "InvalidParameterCombination"),
        ({"UserGroupIds": ["group", "valkeys"]}, "InvalidParameterCombination"),
        ({"UserGroupIds": ["valkeys"]}, "InvalidParameterCombination"),
        ({"UserGroupIds": ["nobody"]}, "UserGroupNotFound"),
        ({"TransitEncryptionEnabled": False}, "InvalidParameterCombination"),
        ({"Engine": "valkey"}, "InvalidParameterValue"),
        (
            {"Engine": "valkey", "EngineVersion": None, "UserGroupIds": ["valkeys"]},
            "InvalidParameterCombination",
        ),
        (
            {"Engine": "valkey", "EngineVersion": "8.0", "TransitEncryptionEnabled": None},
            "InvalidParameterCombination",
        ),
    ],
)
def test_what_elasticache_refuses_of_a_cluster_starts_nothing(
    endpoint: Endpoint, client: Any, change: dict[str, Any], code: str
) -> None:
    assert refusal(client.create_replication_group, **cluster(**change)) == code
    assert endpoint.fleet.calls == []


def test_a_parameter_group_with_cluster_mode_on_makes_a_cluster(client: Any) -> None:
    on = {"CacheParameterGroupName": "default.redis7.cluster.on"}
    client.create_replication_group(**cluster(ClusterMode=None, **on))
    assert group(client)["ClusterEnabled"]


def test_valkey_is_reported_as_asked(client: Any) -> None:
    change = {"Engine": "valkey", "EngineVersion": "8.0", "UserGroupIds": ["valkeys"]}
    client.create_replication_group(**cluster(**change))
    assert group(client)["Engine"] == "valkey"
    (first, *_) = client.describe_cache_clusters()["CacheClusters"]
    assert (first["Engine"], first["EngineVersion"]) == ("valkey", "8.0.0")
    assert first["CacheParameterGroup"]["CacheParameterGroupName"] == "default.valkey8.cluster.on"


def test_shards_and_replicas_come_and_go(endpoint: Endpoint, client: Any) -> None:
    client.create_replication_group(**cluster())
    change = {"ReplicationGroupId": NAME, "ApplyImmediately": True}
    shards = client.modify_replication_group_shard_configuration
    shards(**change, NodeGroupCount=3)
    assert endpoint.fleet.shards[REF]["0003"] == [f"{NAME}-0003-001", f"{NAME}-0003-002"]
    assert refusal(shards, **change, NodeGroupCount=2) == "InvalidParameterCombination"
    assert refusal(shards, **change, NodeGroupCount=3) == "InvalidParameterValue"
    strange = {"NodeGroupCount": 2, "NodeGroupsToRemove": ["0009"]}
    assert refusal(shards, **change, **strange) == "NodeGroupNotFoundFault"
    shards(**change, NodeGroupCount=2, NodeGroupsToRemove=["0001"])
    assert list(endpoint.fleet.shards[REF]) == ["0002", "0003"]
    client.increase_replica_count(**change, NewReplicaCount=2)
    endpoint.fleet.leaders[REF, "0003"] = f"{NAME}-0003-003"
    client.decrease_replica_count(**change, NewReplicaCount=1)
    assert endpoint.fleet.shards[REF] == {
        "0002": [f"{NAME}-0002-001", f"{NAME}-0002-002"],
        "0003": [f"{NAME}-0003-001", f"{NAME}-0003-003"],
    }
    code = refusal(client.decrease_replica_count, **change, NewReplicaCount=0)
    assert code == "InvalidParameterCombination"
    assert len(group(client)["MemberClusters"]) == 4


def test_a_reshaping_that_fails_leaves_the_record_with_what_there_is(
    endpoint: Endpoint, client: Any
) -> None:
    client.create_replication_group(**cluster())
    endpoint.fleet.failing.add("reshape")
    change = {"ReplicationGroupId": NAME, "ApplyImmediately": True, "NodeGroupCount": 3}
    code = refusal(client.modify_replication_group_shard_configuration, **change)
    assert code == "InternalFailure"
    shown = group(client)
    assert (shown["Status"], len(shown["MemberClusters"])) == ("available", 4)


def test_a_failover_of_one_node_group_leaves_an_event(endpoint: Endpoint, client: Any) -> None:
    client.create_replication_group(**cluster())
    group(client)
    client.test_failover(ReplicationGroupId=NAME, NodeGroupId="0002")
    assert endpoint.fleet.named("fail_over_shard") == [(REF, "0002")]
    events = client.describe_events(SourceIdentifier=NAME)["Events"]
    assert events[-1]["Message"] == f"Failover to replica node {NAME}-0002-002 completed"
    wrong = {"ReplicationGroupId": NAME, "NodeGroupId": "0003"}
    assert refusal(client.test_failover, **wrong) == "NodeGroupNotFoundFault"


def test_cluster_mode_cannot_be_changed(client: Any) -> None:
    client.create_replication_group(**cluster())
    change = {"ReplicationGroupId": NAME, "ClusterMode": "disabled"}
    assert refusal(client.modify_replication_group, **change) == "InvalidParameterCombination"


def test_a_token_gives_way_to_users_in_one_call_only(endpoint: Endpoint, client: Any) -> None:
    client.create_replication_group(**cluster(UserGroupIds=None, AuthToken=PASSWORD))
    add = {"ReplicationGroupId": NAME, "UserGroupIdsToAdd": ["group"]}
    assert refusal(client.modify_replication_group, **add) == "InvalidParameterCombination"
    client.modify_replication_group(**add, AuthTokenUpdateStrategy="DELETE")
    (_, users) = endpoint.fleet.named("set_users")[-1]
    assert [u.name for u in users] == ["app", "default"]
    assert not group(client)["AuthTokenEnabled"]


def test_a_rotated_token_lets_the_old_one_in_until_the_next_is_set(
    endpoint: Endpoint, client: Any
) -> None:
    client.create_replication_group(**cluster(UserGroupIds=None, AuthToken=PASSWORD))
    change = {"ReplicationGroupId": NAME, "AuthToken": "another-token-of-24-char"}
    client.modify_replication_group(**change, AuthTokenUpdateStrategy="ROTATE")
    both = everybody(hash_of(PASSWORD), hash_of("another-token-of-24-char"))
    assert endpoint.fleet.named("set_users")[-1] == (REF, both)
    client.modify_replication_group(**change, AuthTokenUpdateStrategy="SET")
    only = everybody(hash_of("another-token-of-24-char"))
    assert endpoint.fleet.named("set_users")[-1] == (REF, only)
