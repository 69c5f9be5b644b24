from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Ref, everybody, hash_of
from tests.localcloud.front_fixtures import Ground, endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]
NAME = "myapp-redis-cache"
REF = Ref("us-east-1", NAME)
TOKEN = "a-token-of-20-chars!"


def cache(**changes: Any) -> dict[str, Any]:
    return {
        "ReplicationGroupId": NAME,
        "ReplicationGroupDescription": "Application caching layer",
        "CacheNodeType": "cache.t3.micro",
        "NumCacheClusters": 3,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
        "TransitEncryptionEnabled": True,
        "AuthToken": TOKEN,
        "SnapshotRetentionLimit": 5,
    } | changes


def group(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.describe_replication_groups(ReplicationGroupId=NAME)[
        "ReplicationGroups"
    ][0]
    return found


def roles(client: Any) -> dict[str, str]:
    members = group(client)["NodeGroups"][0]["NodeGroupMembers"]
    return {m["CacheClusterId"]: m["CurrentRole"] for m in members}


def test_a_group_reports_what_was_asked_and_where_its_nodes_are(
    endpoint: Endpoint, ground: Ground
) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_subnet_group(
        CacheSubnetGroupName="s",
        CacheSubnetGroupDescription="d",
        SubnetIds=list(ground.subnets[:3]),
    )
    zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
    client.create_replication_group(
        **cache(
            AtRestEncryptionEnabled=True,
            KmsKeyId=ground.key,
            CacheSubnetGroupName="s",
            SecurityGroupIds=[ground.security_group],
            PreferredCacheClusterAZs=zones,
        )
    )
    shown = group(client)
    assert shown["Status"] == "available"
    assert shown["Description"] == "Application caching layer"
    assert (shown["MultiAZ"], shown["AutomaticFailover"]) == ("enabled", "enabled")
    assert (shown["AuthTokenEnabled"], shown["TransitEncryptionEnabled"]) == (True, True)
    assert (shown["AtRestEncryptionEnabled"], shown["KmsKeyId"]) == (True, ground.key)
    assert (shown["ClusterEnabled"], shown["SnapshotRetentionLimit"]) == (False, 5)
    assert TOKEN not in str(shown)
    nodes = [f"{NAME}-00{n}" for n in (1, 2, 3)]
    assert shown["MemberClusters"] == nodes
    node_group = shown["NodeGroups"][0]
    ends = [node_group["PrimaryEndpoint"], node_group["ReaderEndpoint"]]
    ends += [m["ReadEndpoint"] for m in node_group["NodeGroupMembers"]]
    assert len({end["Address"] for end in ends}) == 5
    assert {end["Port"] for end in ends} == {6379}
    placed = [m["PreferredAvailabilityZone"] for m in node_group["NodeGroupMembers"]]
    assert placed == zones
    clusters = client.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
    addresses = [c["CacheNodes"][0]["Endpoint"]["Address"] for c in clusters]
    assert addresses == [end["Address"] for end in ends[2:]]
    assert endpoint.fleet.named("create_redis") == [
        (REF, nodes, everybody(hash_of(TOKEN)), True, True, {}, "redis")
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AutomaticFailoverEnabled": False}, "InvalidParameterCombination"),
        ({"NumCacheClusters": 1}, "InvalidParameterCombination"),
        ({"NumCacheClusters": 7}, "InvalidParameterValue"),
        ({"CacheNodeType": "cache.nonsense"}, "InvalidParameterValue"),
        ({"TransitEncryptionEnabled": False}, "InvalidParameterCombination"),
        ({"AuthToken": "short"}, "InvalidParameterValue"),
        ({"AuthToken": "with@character-refused"}, "InvalidParameterValue"),
        ({"PreferredCacheClusterAZs": ["us-east-1a"]}, "InvalidParameterCombination"),
        ({"EngineVersion": "7.1.5"}, "InvalidParameterValue"),
        ({"ReplicationGroupDescription": ""}, "InvalidParameterValue"),
        ({"SnapshotRetentionLimit": 36}, "InvalidParameterValue"),
        ({"CacheSubnetGroupName": "none"}, "CacheSubnetGroupNotFoundFault"),
        ({"CacheParameterGroupName": "none"}, "CacheParameterGroupNotFound"),
        ({"ReplicationGroupId": "x" * 41}, "InvalidParameterValue"),
        ({"Engine": "memcached"}, "InvalidParameterValue"),
    ],
)
def test_what_elasticache_refuses_is_refused_and_starts_nothing(
    endpoint: Endpoint, change: dict[str, Any], code: str
) -> None:
    client = endpoint.client("elasticache")
    assert refusal(client.create_replication_group, **cache(**change)) == code
    assert endpoint.fleet.calls == []
    assert client.describe_replication_groups()["ReplicationGroups"] == []


def test_a_group_whose_servers_do_not_start_leaves_no_record(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    endpoint.fleet.failing.add("create_redis")
    assert refusal(client.create_replication_group, **cache()) == "InternalFailure"
    code = refusal(client.describe_replication_groups, ReplicationGroupId=NAME)
    assert code == "ReplicationGroupNotFoundFault"


def test_failover_swaps_the_roles_and_leaves_events(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_replication_group(**cache())
    assert list(roles(client).values()) == ["primary", "replica", "replica"]
    client.test_failover(ReplicationGroupId=NAME, NodeGroupId="0001")
    assert list(roles(client).values()) == ["replica", "primary", "replica"]
    events = client.describe_events(SourceIdentifier=NAME)["Events"]
    assert events[-1]["Message"] == f"Failover to replica node {NAME}-002 completed"
    wrong = {"ReplicationGroupId": NAME, "NodeGroupId": "0002"}
    assert refusal(client.test_failover, **wrong) == "NodeGroupNotFoundFault"


def test_replicas_come_and_go_but_the_primary_stays(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_replication_group(**cache())
    change = {"ReplicationGroupId": NAME, "ApplyImmediately": True}
    client.increase_replica_count(**change, NewReplicaCount=3)
    assert [n[-3:] for n in roles(client)] == ["001", "002", "003", "004"]
    endpoint.fleet.primaries[REF] = f"{NAME}-004"
    client.decrease_replica_count(**change, NewReplicaCount=1)
    assert [n[-3:] for n in roles(client)] == ["001", "004"]
    code = refusal(client.decrease_replica_count, **change, NewReplicaCount=0)
    assert code == "InvalidParameterCombination"
    code = refusal(client.increase_replica_count, **change, NewReplicaCount=1)
    assert code == "InvalidParameterValue"


def test_modify_changes_what_it_says_and_hands_on_the_token(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_replication_group(**cache())
    client.modify_replication_group(
        ReplicationGroupId=NAME,
        SnapshotRetentionLimit=7,
        ReplicationGroupDescription="new",
        AuthToken="another-token-of-24-char",
        AuthTokenUpdateStrategy="SET",
        ApplyImmediately=True,
    )
    shown = group(client)
    assert (shown["SnapshotRetentionLimit"], shown["Description"]) == (7, "new")
    token = everybody(hash_of("another-token-of-24-char"))
    assert endpoint.fleet.named("set_users") == [(REF, token)]
    change = {"ReplicationGroupId": NAME, "AutomaticFailoverEnabled": False}
    code = refusal(client.modify_replication_group, **change)
    assert code == "InvalidParameterCombination"


def test_parameter_groups_are_made_used_and_kept_while_used(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    name = {"CacheParameterGroupName": "p"}
    client.create_cache_parameter_group(**name, CacheParameterGroupFamily="redis7", Description="d")
    value = {"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}
    client.modify_cache_parameter_group(**name, ParameterNameValues=[value])
    client.create_replication_group(**cache(**name))
    assert endpoint.fleet.named("create_redis")[0][-2] == {"maxmemory-policy": "allkeys-lru"}
    shown = client.describe_cache_parameters(**name)["Parameters"]
    assert [(p["ParameterName"], p["ParameterValue"]) for p in shown] == [tuple(value.values())]
    code = refusal(client.delete_cache_parameter_group, **name)
    assert code == "InvalidCacheParameterGroupState"
    client.delete_replication_group(ReplicationGroupId=NAME)
    client.delete_cache_parameter_group(**name)
    assert endpoint.fleet.named("delete_redis") == [(REF,)]


def test_tags_are_listed_and_changed(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_replication_group(**cache(Tags=[{"Key": "a", "Value": "1"}]))
    arn = {"ResourceName": group(client)["ARN"]}
    client.add_tags_to_resource(**arn, Tags=[{"Key": "b", "Value": "2"}])
    client.remove_tags_from_resource(**arn, TagKeys=["a"])
    assert client.list_tags_for_resource(**arn)["TagList"] == [{"Key": "b", "Value": "2"}]
