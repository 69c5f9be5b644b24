from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Ref
from localcloud.records import Records
from localcloud.site import Site
from tests.localcloud.front_fixtures import Ground, endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet

__all__ = ["endpoint", "ground", "site"]
NAME = "myapp-memcached"
REF = Ref("us-east-1", NAME)


def memcached(**changes: Any) -> dict[str, Any]:
    arguments = {
        "CacheClusterId": NAME,
        "Engine": "memcached",
        "EngineVersion": "1.6.22",
        "CacheNodeType": "cache.t3.micro",
        "NumCacheNodes": 2,
        "AZMode": "cross-az",
        "TransitEncryptionEnabled": True,
    } | changes
    return {name: value for name, value in arguments.items() if value is not None}


def cluster(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.describe_cache_clusters(
        CacheClusterId=NAME, ShowCacheNodeInfo=True
    )["CacheClusters"][0]
    return found


def placed(client: Any) -> dict[str, str]:
    """The last letter of each node's zone."""
    nodes = cluster(client)["CacheNodes"]
    return {node["CacheNodeId"]: node["CustomerAvailabilityZone"][-1] for node in nodes}


def test_a_cluster_reports_what_was_asked_and_where_its_nodes_are(
    endpoint: Endpoint, ground: Ground
) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_subnet_group(
        CacheSubnetGroupName="s",
        CacheSubnetGroupDescription="d",
        SubnetIds=list(ground.subnets[:3]),
    )
    client.create_cache_cluster(
        **memcached(
            NumCacheNodes=3,
            CacheSubnetGroupName="s",
            SecurityGroupIds=[ground.security_group],
            PreferredAvailabilityZones=["us-east-1c", "us-east-1a", "us-east-1c"],
            PreferredMaintenanceWindow="sun:04:30-sun:05:30",
        )
    )
    shown = cluster(client)
    assert (shown["CacheClusterStatus"], shown["NumCacheNodes"]) == ("available", 3)
    assert (shown["Engine"], shown["EngineVersion"]) == ("memcached", "1.6.22")
    assert shown["TransitEncryptionEnabled"] is True
    assert shown["PreferredAvailabilityZone"] == "Multiple"
    assert shown["PreferredMaintenanceWindow"] == "sun:04:30-sun:05:30"
    assert shown["CacheParameterGroup"]["CacheParameterGroupName"] == "default.memcached1.6"
    assert [g["SecurityGroupId"] for g in shown["SecurityGroups"]] == [ground.security_group]
    assert placed(client) == {"0001": "c", "0002": "a", "0003": "c"}
    ends = [shown["ConfigurationEndpoint"], *(n["Endpoint"] for n in shown["CacheNodes"])]
    assert len({end["Address"] for end in ends}) == 4
    assert {end["Port"] for end in ends} == {11211}
    assert "ReplicationGroupId" not in shown
    nodes = ["0001", "0002", "0003"]
    assert endpoint.fleet.named("create_memcached") == [(REF, nodes, True, {})]
    subnets = {"CacheSubnetGroupName": "s"}
    assert refusal(client.delete_cache_subnet_group, **subnets) == "CacheSubnetGroupInUse"


def test_nodes_are_shown_to_who_asks(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached())
    (shown,) = client.describe_cache_clusters()["CacheClusters"]
    assert "CacheNodes" not in shown
    assert shown["ConfigurationEndpoint"]["Port"] == 11211


def test_a_list_has_the_nodes_of_replication_groups_too(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached())
    client.create_replication_group(
        ReplicationGroupId="group",
        ReplicationGroupDescription="d",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
    )
    pages = client.get_paginator("describe_cache_clusters")

    def listed(**arguments: Any) -> list[str]:
        found = pages.paginate(**arguments)
        return [c["CacheClusterId"] for page in found for c in page["CacheClusters"]]

    everything = ["group-001", "group-002", NAME]
    assert listed() == everything
    assert listed(PaginationConfig={"PageSize": 2}) == everything
    assert listed(ShowCacheClustersNotInReplicationGroups=True) == [NAME]
    assert listed(CacheClusterId="group-002") == ["group-002"]
    code = refusal(client.describe_cache_clusters, CacheClusterId="nobody")
    assert code == "CacheClusterNotFound"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"NumCacheNodes": 0}, "InvalidParameterValue"),
        ({"NumCacheNodes": 41}, "InvalidParameterValue"),
        ({"NumCacheNodes": None}, "InvalidParameterValue"),
        ({"NumCacheNodes": 1}, "InvalidParameterCombination"),
        ({"AZMode": "everywhere"}, "InvalidParameterValue"),
        ({"PreferredAvailabilityZones": ["us-east-1a"]}, "InvalidParameterCombination"),
        ({"PreferredAvailabilityZones": ["us-east-1a", "us-west-2a"]}, "InvalidParameterValue"),
        (
            {"AZMode": None, "PreferredAvailabilityZones": ["us-east-1a", "us-east-1b"]},
            "InvalidParameterCombination",
        ),
        ({"EngineVersion": "1.6.18"}, "InvalidParameterValue"),
        ({"EngineVersion": "1.6.6"}, "InvalidParameterCombination"),
        ({"CacheNodeType": "cache.t2.micro"}, "InvalidParameterCombination"),
        ({"CacheNodeType": "cache.t1.micro"}, "InvalidParameterValue"),
        ({"Engine": "valkey"}, "InvalidParameterValue"),
        ({"Engine": "redis"}, "InvalidParameterValue"),
        ({"Port": 11212}, "InvalidParameterValue"),
        ({"SnapshotRetentionLimit": 1}, "InvalidParameterCombination"),
        ({"SnapshotWindow": "03:00-04:00"}, "InvalidParameterCombination"),
        ({"AuthToken": "a-token-of-20-chars!"}, "InvalidParameterCombination"),
        ({"PreferredMaintenanceWindow": "sun:04:30-sun:05:29"}, "InvalidParameterValue"),
        ({"PreferredMaintenanceWindow": "04:30-05:30"}, "InvalidParameterValue"),
        ({"CacheClusterId": "x" * 51}, "InvalidParameterValue"),
        ({"CacheClusterId": "ends-"}, "InvalidParameterValue"),
        ({"CacheSubnetGroupName": "none"}, "CacheSubnetGroupNotFoundFault"),
        ({"CacheParameterGroupName": "none"}, "CacheParameterGroupNotFound"),
    ],
)
def test_what_elasticache_refuses_is_refused_and_starts_nothing(
    endpoint: Endpoint, change: dict[str, Any], code: str
) -> None:
    client = endpoint.client("elasticache")
    assert refusal(client.create_cache_cluster, **memcached(**change)) == code
    assert endpoint.fleet.calls == []
    assert client.describe_cache_clusters()["CacheClusters"] == []


def test_a_second_cluster_of_the_name_is_refused(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached())
    assert refusal(client.create_cache_cluster, **memcached()) == "CacheClusterAlreadyExists"
    assert len(endpoint.fleet.named("create_memcached")) == 1


def test_a_cluster_whose_servers_do_not_start_leaves_no_record(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    endpoint.fleet.failing.add("create_memcached")
    assert refusal(client.create_cache_cluster, **memcached()) == "InternalFailure"
    assert refusal(client.describe_cache_clusters, CacheClusterId=NAME) == "CacheClusterNotFound"


def test_nodes_come_and_those_that_are_named_go(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached())
    change = {"CacheClusterId": NAME, "ApplyImmediately": True}
    client.modify_cache_cluster(
        **change, NumCacheNodes=4, NewAvailabilityZones=["us-east-1f", "us-east-1a"]
    )
    assert placed(client) == {"0001": "a", "0002": "b", "0003": "f", "0004": "a"}
    client.modify_cache_cluster(**change, NumCacheNodes=2, CacheNodeIdsToRemove=["0001", "0003"])
    assert placed(client) == {"0002": "b", "0004": "a"}
    client.modify_cache_cluster(**change, NumCacheNodes=3)
    assert list(placed(client)) == ["0002", "0004", "0005"]
    assert [nodes for _, nodes in endpoint.fleet.named("resize_memcached")] == [
        ["0001", "0002", "0003", "0004"],
        ["0002", "0004"],
        ["0002", "0004", "0005"],
    ]
    messages = [e["Message"] for e in client.describe_events(SourceIdentifier=NAME)["Events"]]
    assert messages == [
        "Cache cluster created",
        "Number of cache nodes changed from 2 to 4",
        "Number of cache nodes changed from 4 to 2",
        "Number of cache nodes changed from 2 to 3",
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"NumCacheNodes": 1}, "InvalidParameterCombination"),
        ({"NumCacheNodes": 1, "CacheNodeIdsToRemove": ["0009"]}, "InvalidParameterValue"),
        (
            {"NumCacheNodes": 1, "CacheNodeIdsToRemove": ["0001", "0002"]},
            "InvalidParameterCombination",
        ),
        ({"NumCacheNodes": 0, "CacheNodeIdsToRemove": ["0001", "0002"]}, "InvalidParameterValue"),
        ({"NumCacheNodes": 3, "NewAvailabilityZones": ["us-west-2a"]}, "InvalidParameterValue"),
        ({"EngineVersion": "1.6.17"}, "InvalidParameterCombination"),
        ({"CacheNodeType": "cache.t3.small"}, "InvalidParameterCombination"),
        ({"PreferredMaintenanceWindow": "sun:04:30-sun:04:40"}, "InvalidParameterValue"),
        ({"CacheParameterGroupName": "none"}, "CacheParameterGroupNotFound"),
        ({"CacheClusterId": "nobody"}, "CacheClusterNotFound"),
    ],
)
def test_a_change_that_elasticache_refuses_changes_nothing(
    endpoint: Endpoint, change: dict[str, Any], code: str
) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached())
    before = cluster(client)
    arguments = {"CacheClusterId": NAME, "ApplyImmediately": True} | change
    assert refusal(client.modify_cache_cluster, **arguments) == code
    assert cluster(client) == before
    assert [call[0] for call in endpoint.fleet.calls] == ["create_memcached"]


def test_without_apply_immediately_it_waits_and_can_be_taken_back(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached(EngineVersion="1.6.12"))
    client.modify_cache_cluster(CacheClusterId=NAME, NumCacheNodes=3, EngineVersion="1.6.22")
    waiting = {"NumCacheNodes": 3, "EngineVersion": "1.6.22"}
    assert cluster(client)["PendingModifiedValues"] == waiting
    assert cluster(client)["NumCacheNodes"] == 2
    client.modify_cache_cluster(CacheClusterId=NAME, NumCacheNodes=2)
    assert cluster(client)["PendingModifiedValues"] == {"EngineVersion": "1.6.22"}
    assert [call[0] for call in endpoint.fleet.calls] == ["create_memcached"]
    client.modify_cache_cluster(CacheClusterId=NAME, ApplyImmediately=True)
    shown = cluster(client)
    assert (shown["EngineVersion"], shown["PendingModifiedValues"]) == ("1.6.22", {})
    assert endpoint.fleet.named("reboot_memcached") == [(REF, ["0001", "0002"], {})]


def test_a_parameter_group_is_used_at_a_reboot_and_kept_while_used(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    name = {"CacheParameterGroupName": "p"}
    client.create_cache_parameter_group(
        **name, CacheParameterGroupFamily="memcached1.6", Description="d"
    )
    client.create_cache_cluster(**memcached(**name))
    value = {"ParameterName": "max_item_size", "ParameterValue": "2097152"}
    client.modify_cache_parameter_group(**name, ParameterNameValues=[value])
    client.reboot_cache_cluster(CacheClusterId=NAME, CacheNodeIdsToReboot=["0002"])
    wanted = (REF, ["0002"], {"max_item_size": "2097152"})
    assert endpoint.fleet.named("reboot_memcached") == [wanted]
    code = refusal(
        client.reboot_cache_cluster, CacheClusterId=NAME, CacheNodeIdsToReboot=["0002", "0003"]
    )
    assert code == "CacheNodeNotFound"
    in_use = refusal(client.delete_cache_parameter_group, **name)
    assert in_use == "InvalidCacheParameterGroupState"
    client.delete_cache_cluster(CacheClusterId=NAME)
    client.delete_cache_parameter_group(**name)
    assert endpoint.fleet.named("delete_memcached") == [(REF,)]


def test_it_has_no_final_snapshot(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached())
    wanted = {"CacheClusterId": NAME, "FinalSnapshotIdentifier": "final"}
    assert refusal(client.delete_cache_cluster, **wanted) == "SnapshotFeatureNotSupportedFault"
    assert cluster(client)["CacheClusterStatus"] == "available"


def test_tags_are_listed_and_changed(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_cache_cluster(**memcached(Tags=[{"Key": "a", "Value": "1"}]))
    arn = {"ResourceName": cluster(client)["ARN"]}
    client.add_tags_to_resource(**arn, Tags=[{"Key": "b", "Value": "2"}])
    client.remove_tags_from_resource(**arn, TagKeys=["a"])
    assert client.list_tags_for_resource(**arn)["TagList"] == [{"Key": "b", "Value": "2"}]


def test_its_versions_are_listed(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")

    def versions(**arguments: Any) -> list[str]:
        found = client.describe_cache_engine_versions(Engine="memcached", **arguments)
        return [row["EngineVersion"] for row in found["CacheEngineVersions"]]

    assert versions() == ["1.6.6", "1.6.12", "1.6.17", "1.6.22"]
    assert versions(DefaultOnly=True) == ["1.6.22"]
    assert versions(EngineVersion="1.6.17") == ["1.6.17"]


@pytest.mark.parametrize("status", ["creating", "deleting"])
def test_what_a_kill_cut_short_is_cleared_away(site: Site, status: str) -> None:
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        first.client("elasticache").create_cache_cluster(**memcached())
    Records(site.state_dir / "records.json").update(
        "cache-cluster", REF.region, NAME, CacheClusterStatus=status
    )
    with served(site, fleet) as second:
        assert fleet.named("delete_memcached") == [(REF,)]
        client = second.client("elasticache")
        assert client.describe_cache_clusters()["CacheClusters"] == []
        client.create_cache_cluster(**memcached())
