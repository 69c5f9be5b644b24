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
NAME = "edge"
REF = Ref("us-east-1", NAME)
LIMITS = {
    "DataStorage": {"Maximum": 50, "Minimum": 1, "Unit": "GB"},
    "ECPUPerSecond": {"Maximum": 5000, "Minimum": 1000},
}


def edge(**changes: Any) -> dict[str, Any]:
    arguments = {"ServerlessCacheName": NAME, "Engine": "valkey", "MajorEngineVersion": "8"}
    return {name: value for name, value in (arguments | changes).items() if value is not None}


def shown(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.describe_serverless_caches(ServerlessCacheName=NAME)[
        "ServerlessCaches"
    ][0]
    return found


def test_a_cache_reports_what_was_asked_and_its_two_ports(
    endpoint: Endpoint, ground: Ground
) -> None:
    client = endpoint.client("elasticache")
    client.create_serverless_cache(
        **edge(
            Description="d",
            CacheUsageLimits=LIMITS,
            KmsKeyId=ground.key,
            SecurityGroupIds=[ground.security_group],
            SubnetIds=list(ground.subnets[:2]),
            SnapshotRetentionLimit=7,
            DailySnapshotTime="04:00",
        )
    )
    found = shown(client)
    assert (found["Status"], found["Engine"], found["MajorEngineVersion"]) == (
        "available", "valkey", "8",
    )  # fmt: skip
    assert found["CacheUsageLimits"] == LIMITS
    assert (found["KmsKeyId"], found["SecurityGroupIds"]) == (ground.key, [ground.security_group])
    assert found["SubnetIds"] == list(ground.subnets[:2])
    assert (found["SnapshotRetentionLimit"], found["DailySnapshotTime"]) == (7, "04:00")
    ends = (found["Endpoint"], found["ReaderEndpoint"])
    assert len({end["Address"] for end in ends}) == 1
    assert [end["Port"] for end in ends] == [6379, 6380]
    assert endpoint.fleet.named("create_serverless") == [(REF,)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ServerlessCacheName": "x" * 41}, "InvalidParameterValue"),
        ({"ServerlessCacheName": "ends-"}, "InvalidParameterValue"),
        ({"Engine": "memcached", "MajorEngineVersion": None}, "InvalidParameterValue"),
        ({"MajorEngineVersion": "8.1"}, "InvalidParameterValue"),
        ({"Engine": "redis"}, "InvalidParameterValue"),
        ({"SnapshotRetentionLimit": 36}, "InvalidParameterValue"),
        ({"DailySnapshotTime": "24:00"}, "InvalidParameterValue"),
        ({"UserGroupId": "users"}, "InvalidParameterValue"),
        ({"SubnetIds": ["subnet-1"]}, "InvalidSubnet"),
        (
            {"CacheUsageLimits": {"DataStorage": {"Maximum": 5001, "Unit": "GB"}}},
            "InvalidParameterValue",
        ),
        ({"CacheUsageLimits": {"ECPUPerSecond": {"Maximum": 999}}}, "InvalidParameterValue"),
        (
            {"CacheUsageLimits": {"ECPUPerSecond": {"Minimum": 3000, "Maximum": 2000}}},
            "InvalidParameterCombination",
        ),
        ({"KmsKeyId": "nobody-s"}, "KMSKeyNotAccessibleFault"),
    ],
)
def test_what_elasticache_refuses_is_refused_and_starts_nothing(
    endpoint: Endpoint, change: dict[str, Any], code: str
) -> None:
    client = endpoint.client("elasticache")
    assert refusal(client.create_serverless_cache, **edge(**change)) == code
    assert endpoint.fleet.calls == []
    assert client.describe_serverless_caches()["ServerlessCaches"] == []


def test_two_or_three_subnets_in_zones_of_their_own(endpoint: Endpoint, ground: Ground) -> None:
    client = endpoint.client("elasticache")
    for count in (1, 4):
        wanted = edge(SubnetIds=list(ground.subnets[:count]))
        assert refusal(client.create_serverless_cache, **wanted) == "InvalidParameterValue"
    same = [ground.subnets[0], ground.subnets[0]]
    code = refusal(client.create_serverless_cache, **edge(SubnetIds=same))
    assert code == "InvalidParameterCombination"


def test_a_cache_whose_server_does_not_start_leaves_no_record(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    endpoint.fleet.failing.add("create_serverless")
    assert refusal(client.create_serverless_cache, **edge()) == "InternalFailure"
    code = refusal(client.describe_serverless_caches, ServerlessCacheName=NAME)
    assert code == "ServerlessCacheNotFoundFault"


def test_it_is_modified_upgraded_and_deleted(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_serverless_cache(**edge(Engine="redis", MajorEngineVersion="7"))
    assert refusal(client.create_serverless_cache, **edge()) == "ServerlessCacheAlreadyExistsFault"
    change = {"ServerlessCacheName": NAME}
    client.modify_serverless_cache(**change, Description="new", CacheUsageLimits=LIMITS)
    client.modify_serverless_cache(**change, Engine="valkey", MajorEngineVersion="8")
    found = shown(client)
    assert (found["Description"], found["CacheUsageLimits"]) == ("new", LIMITS)
    assert (found["Engine"], found["MajorEngineVersion"]) == ("valkey", "8")
    back = change | {"Engine": "redis", "MajorEngineVersion": "7"}
    assert refusal(client.modify_serverless_cache, **back) == "InvalidParameterCombination"
    wrong = change | {"SnapshotRetentionLimit": 36}
    assert refusal(client.modify_serverless_cache, **wrong) == "InvalidParameterValue"
    client.delete_serverless_cache(**change)
    assert endpoint.fleet.named("delete_serverless") == [(REF,)]
    assert refusal(client.delete_serverless_cache, **change) == "ServerlessCacheNotFoundFault"
    messages = [e["Message"] for e in client.describe_events(SourceIdentifier=NAME)["Events"]]
    assert messages == ["Serverless cache created", "Serverless cache deleted"]


def test_caches_are_listed_in_pages(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    for name in ("a", "b", "c"):
        client.create_serverless_cache(**edge(ServerlessCacheName=name))
    pages = client.get_paginator("describe_serverless_caches").paginate(
        PaginationConfig={"PageSize": 2}
    )
    listed = [[c["ServerlessCacheName"] for c in page["ServerlessCaches"]] for page in pages]
    assert listed == [["a", "b"], ["c"]]


def test_tags_are_listed_and_changed(endpoint: Endpoint) -> None:
    client = endpoint.client("elasticache")
    client.create_serverless_cache(**edge(Tags=[{"Key": "a", "Value": "1"}]))
    arn = {"ResourceName": shown(client)["ARN"]}
    client.add_tags_to_resource(**arn, Tags=[{"Key": "b", "Value": "2"}])
    client.remove_tags_from_resource(**arn, TagKeys=["a"])
    assert client.list_tags_for_resource(**arn)["TagList"] == [{"Key": "b", "Value": "2"}]


@pytest.mark.parametrize("status", ["creating", "deleting"])
def test_what_a_kill_cut_short_is_cleared_away(site: Site, status: str) -> None:
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        first.client("elasticache").create_serverless_cache(**edge())
    Records(site.state_dir / "records.json").update(
        "serverless-cache", REF.region, NAME, Status=status
    )
    with served(site, fleet) as second:
        assert fleet.named("delete_serverless") == [(REF,)]
        second.client("elasticache").create_serverless_cache(**edge())
