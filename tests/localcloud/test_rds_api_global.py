"""Global clusters through plain boto3: what AWS answers, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.fleet import Credentials, Ref
from tests.localcloud.front_fixtures import PASSWORD, Ground, endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "ground", "site"]
EAST, WEST = Ref("us-east-1", "store-east"), Ref("us-west-2", "store-west")
EAST_ARN = "arn:aws:rds:us-east-1:123456789012:cluster:store-east"
WEST_ARN = "arn:aws:rds:us-west-2:123456789012:cluster:store-west"
VERSION = "8.0.mysql_aurora.3.10.6"


@dataclass(frozen=True)
class World:
    """The two regions' clients, and what a secondary needs."""

    east: Any
    west: Any
    ground: Ground
    endpoint: Endpoint

    def primary(self, **changes: Any) -> dict[str, Any]:
        return {
            "DBClusterIdentifier": "store-east",
            "Engine": "aurora-mysql",
            "GlobalClusterIdentifier": "store",
            "MasterUsername": "admin",
            "MasterUserPassword": PASSWORD,
            "DatabaseName": "store",
            "StorageEncrypted": True,
            "KmsKeyId": self.ground.key,
        } | changes

    def secondary(self, **changes: Any) -> dict[str, Any]:
        arguments = {
            "DBClusterIdentifier": "store-west",
            "Engine": "aurora-mysql",
            "GlobalClusterIdentifier": "store",
            "StorageEncrypted": True,
            "KmsKeyId": self.ground.west_key,
        } | changes
        return {name: value for name, value in arguments.items() if value is not None}

    def member(self, name: str, **changes: Any) -> dict[str, Any]:
        return {
            "DBInstanceIdentifier": name,
            "DBClusterIdentifier": name.rpartition("-")[0],
            "Engine": "aurora-mysql",
            "DBInstanceClass": "db.r6g.large",
        } | changes


@pytest.fixture
def alone(endpoint: Endpoint, ground: Ground) -> World:
    """A global cluster with its primary."""
    world = World(endpoint.client("rds"), endpoint.client("rds", "us-west-2"), ground, endpoint)
    world.east.create_global_cluster(
        GlobalClusterIdentifier="store",
        Engine="aurora-mysql",
        EngineVersion=VERSION,
        StorageEncrypted=True,
        Tags=[{"Key": "Name", "Value": "store"}],
    )
    world.east.create_db_cluster(**world.primary())
    world.east.create_db_instance(**world.member("store-east-a"))
    return world


@pytest.fixture
def world(alone: World) -> World:
    """And a secondary with a member."""
    alone.west.create_db_cluster(**alone.secondary())
    alone.west.create_db_instance(**alone.member("store-west-a"))
    return alone


def store(world: World) -> dict[str, Any]:
    found = world.west.describe_global_clusters(GlobalClusterIdentifier="store")["GlobalClusters"]
    return dict(found[0])


def cluster(client: Any, name: str) -> dict[str, Any]:
    return dict(client.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0])


def test_it_is_the_same_from_every_region(world: World) -> None:
    found = store(world)
    assert found["GlobalClusterArn"] == "arn:aws:rds::123456789012:global-cluster:store"
    assert (found["Engine"], found["EngineVersion"]) == ("aurora-mysql", VERSION)
    assert (found["Status"], found["StorageEncrypted"]) == ("available", True)
    assert [
        (m["DBClusterArn"], m["IsWriter"], m["Readers"]) for m in found["GlobalClusterMembers"]
    ] == [(EAST_ARN, True, [WEST_ARN]), (WEST_ARN, False, [])]
    tags = world.east.list_tags_for_resource(ResourceName=found["GlobalClusterArn"])["TagList"]
    assert tags == [{"Key": "Name", "Value": "store"}]


def test_a_secondary_has_the_primarys_user_and_no_writer(world: World) -> None:
    found = cluster(world.west, "store-west")
    assert (found["MasterUsername"], found["DatabaseName"]) == ("admin", "store")
    assert (found["EngineVersion"], found["KmsKeyId"]) == (VERSION, world.ground.west_key)
    assert found["ReplicationSourceIdentifier"] == EAST_ARN
    assert found["GlobalClusterIdentifier"] == "store"
    assert "ReplicationSourceIdentifier" not in cluster(world.east, "store-east")
    fleet = world.endpoint.fleet
    assert fleet.named("join") == [("store", EAST), ("store", WEST)]
    made = {args[0]: args[1] for args in fleet.named("create_cluster")}
    assert made == {EAST: Credentials("admin", PASSWORD), WEST: Credentials("admin", "")}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"MasterUsername": "admin"}, "InvalidParameterCombination"),
    ({"MasterUserPassword": PASSWORD}, "InvalidParameterCombination"),
    ({"DatabaseName": "store"}, "InvalidParameterCombination"),
    ({"KmsKeyId": None}, "InvalidParameterCombination"),
    ({"StorageEncrypted": False, "KmsKeyId": None}, "InvalidParameterCombination"),
    ({"EngineVersion": "8.0.mysql_aurora.3.08.2"}, "InvalidParameterCombination"),
    ({"BacktrackWindow": 60}, "InvalidParameterCombination"),
    ({"ManageMasterUserPassword": True}, "InvalidParameterCombination"),
    ({"DBClusterIdentifier": "store-east"}, "DBClusterAlreadyExistsFault"),
    ({"GlobalClusterIdentifier": "nobody"}, "GlobalClusterNotFoundFault"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED, ids=str)
def test_a_secondary_that_aws_refuses_is_nowhere(
    alone: World, changes: dict[str, Any], code: str
) -> None:
    assert refusal(alone.west.create_db_cluster, **alone.secondary(**changes)) == code
    assert alone.west.describe_db_clusters()["DBClusters"] == []
    assert [m["DBClusterArn"] for m in store(alone)["GlobalClusterMembers"]] == [EAST_ARN]


def test_a_region_has_one_cluster_of_it(world: World) -> None:
    another = world.secondary(DBClusterIdentifier="another")
    assert refusal(world.west.create_db_cluster, **another) == "InvalidParameterCombination"


def test_a_secondary_needs_a_primary_with_a_member(endpoint: Endpoint, ground: Ground) -> None:
    world = World(endpoint.client("rds"), endpoint.client("rds", "us-west-2"), ground, endpoint)
    world.east.create_global_cluster(
        GlobalClusterIdentifier="store", Engine="aurora-mysql", StorageEncrypted=True
    )
    world.east.create_db_cluster(**world.primary())
    code = refusal(world.west.create_db_cluster, **world.secondary())
    assert code == "InvalidGlobalClusterStateFault"


def test_members_are_memory_optimised(world: World) -> None:
    for client, name in ((world.east, "store-east-b"), (world.west, "store-west-b")):
        burstable = world.member(name, DBInstanceClass="db.t4g.medium")
        assert refusal(client.create_db_instance, **burstable) == "InvalidParameterCombination"


@pytest.mark.parametrize(
    "arguments",
    [
        {"Engine": "aurora"},
        {"Engine": "mysql"},
        {"Engine": "aurora-mysql", "GlobalClusterIdentifier": "not--good"},
        {"Engine": "aurora-mysql", "DatabaseName": "1st"},
    ],
    ids=str,
)
def test_global_clusters_that_aws_refuses(endpoint: Endpoint, arguments: dict[str, Any]) -> None:
    wanted = {"GlobalClusterIdentifier": "other"} | arguments
    code = refusal(endpoint.client("rds").create_global_cluster, **wanted)
    assert code == "InvalidParameterValue"


def test_two_of_one_name(alone: World) -> None:
    wanted = {"GlobalClusterIdentifier": "store", "Engine": "aurora-mysql"}
    assert refusal(alone.west.create_global_cluster, **wanted) == "GlobalClusterAlreadyExistsFault"


def test_an_existing_cluster_becomes_a_primary(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    made = rds.create_db_cluster(
        DBClusterIdentifier="store-east",
        Engine="aurora-mysql",
        MasterUsername="admin",
        MasterUserPassword=PASSWORD,
    )["DBCluster"]
    wanted = {"GlobalClusterIdentifier": "store", "SourceDBClusterIdentifier": EAST_ARN}
    more = wanted | {"Engine": "aurora-mysql"}
    assert refusal(rds.create_global_cluster, **more) == "InvalidParameterCombination"
    found = rds.create_global_cluster(**wanted)["GlobalCluster"]
    assert found["EngineVersion"] == made["EngineVersion"]
    assert [m["IsWriter"] for m in found["GlobalClusterMembers"]] == [True]
    again = wanted | {"GlobalClusterIdentifier": "second"}
    assert refusal(rds.create_global_cluster, **again) == "InvalidDBClusterStateFault"


def test_the_only_order_in_which_it_is_deleted(world: World) -> None:
    """terraform-provider-aws#26236, #26234, #8186"""
    skip = {"SkipFinalSnapshot": True}
    east, west = world.east, world.west
    last = {"DBInstanceIdentifier": "store-east-a"}
    assert refusal(east.delete_db_instance, **last) == "InvalidDBClusterStateFault"
    assert (
        refusal(east.delete_db_cluster, DBClusterIdentifier="store-east", **skip)
        == "InvalidDBClusterStateFault"
    )
    leaving = {"GlobalClusterIdentifier": "store", "DbClusterIdentifier": EAST_ARN}
    assert refusal(east.remove_from_global_cluster, **leaving) == "InvalidGlobalClusterStateFault"
    assert (
        refusal(east.delete_global_cluster, GlobalClusterIdentifier="store")
        == "InvalidGlobalClusterStateFault"
    )
    west.delete_db_instance(DBInstanceIdentifier="store-west-a")
    west.remove_from_global_cluster(GlobalClusterIdentifier="store", DbClusterIdentifier=WEST_ARN)
    west.delete_db_cluster(DBClusterIdentifier="store-west", **skip)
    east.delete_db_instance(**last)
    east.remove_from_global_cluster(**leaving)
    east.delete_db_cluster(DBClusterIdentifier="store-east", **skip)
    east.delete_global_cluster(GlobalClusterIdentifier="store")
    assert east.describe_global_clusters()["GlobalClusters"] == []


def test_a_protected_one_stays(world: World) -> None:
    world.east.modify_global_cluster(GlobalClusterIdentifier="store", DeletionProtection=True)
    code = refusal(world.east.delete_global_cluster, GlobalClusterIdentifier="store")
    assert code == "InvalidParameterCombination"


def test_the_version_is_changed_for_all_at_once(world: World) -> None:
    newer = "8.0.mysql_aurora.3.13.0"
    alone = {"DBClusterIdentifier": "store-east", "EngineVersion": newer}
    assert refusal(world.east.modify_db_cluster, **alone) == "InvalidParameterCombination"
    world.east.modify_global_cluster(GlobalClusterIdentifier="store", EngineVersion=newer)
    assert store(world)["EngineVersion"] == newer
    for client, name in ((world.east, "store-east"), (world.west, "store-west")):
        assert cluster(client, name)["EngineVersion"] == newer
        wish = {"DBInstanceIdentifier": f"{name}-a"}
        found = client.describe_db_instances(**wish)["DBInstances"][0]
        assert found["EngineVersion"] == newer


def test_the_password_is_changed_in_the_primary(world: World) -> None:
    change = {"MasterUserPassword": "another-horse-2"}
    assert (
        refusal(world.west.modify_db_cluster, DBClusterIdentifier="store-west", **change)
        == "InvalidParameterCombination"
    )
    world.east.modify_db_cluster(DBClusterIdentifier="store-east", **change)
    assert world.endpoint.fleet.named("set_cluster_password") == [(EAST, "another-horse-2")]


def test_forwarding_is_asked_for_and_not_pretended(world: World) -> None:
    wish = {"DBClusterIdentifier": "store-west", "EnableGlobalWriteForwarding": True}
    world.west.modify_db_cluster(**wish)
    found = cluster(world.west, "store-west")
    assert found["GlobalWriteForwardingRequested"] is True
    assert found["GlobalWriteForwardingStatus"] == "disabled"


@pytest.mark.parametrize(
    ("operation", "how", "done"),
    [
        ("switchover_global_cluster", {}, "switch_over"),
        ("failover_global_cluster", {"AllowDataLoss": True}, "global_fail_over"),
        ("failover_global_cluster", {"Switchover": True}, "switch_over"),
        ("failover_global_cluster", {}, "switch_over"),
    ],
)
def test_roles_are_swapped(world: World, operation: str, how: dict[str, Any], done: str) -> None:
    target = {"GlobalClusterIdentifier": "store", "TargetDbClusterIdentifier": WEST_ARN}
    found = getattr(world.east, operation)(**target, **how)["GlobalCluster"]
    roles = [(m["DBClusterArn"], m["IsWriter"]) for m in found["GlobalClusterMembers"]]
    assert roles == [(WEST_ARN, True), (EAST_ARN, False)]
    assert world.endpoint.fleet.named(done) == [(WEST,)]
    assert cluster(world.east, "store-east")["ReplicationSourceIdentifier"] == WEST_ARN
    assert "ReplicationSourceIdentifier" not in cluster(world.west, "store-west")
    events = world.west.describe_events(EventCategories=["global-failover"])["Events"]
    assert [e["SourceIdentifier"] for e in events] == ["store-west"]


@pytest.mark.parametrize(
    ("target", "how", "code"),
    [
        (EAST_ARN, {}, "InvalidGlobalClusterStateFault"),
        # Of another region: only its ARN says which.
        ("store-west", {}, "DBClusterNotFoundFault"),
        (WEST_ARN, {"AllowDataLoss": True, "Switchover": True}, "InvalidParameterCombination"),
    ],
)
def test_roles_that_cannot_be_swapped(
    world: World, target: str, how: dict[str, Any], code: str
) -> None:
    wanted = {"GlobalClusterIdentifier": "store", "TargetDbClusterIdentifier": target}
    assert refusal(world.east.failover_global_cluster, **wanted, **how) == code


def test_a_headless_secondary_cannot_take_over(alone: World) -> None:
    alone.west.create_db_cluster(**alone.secondary())
    wanted = {"GlobalClusterIdentifier": "store", "TargetDbClusterIdentifier": WEST_ARN}
    code = refusal(alone.east.switchover_global_cluster, **wanted)
    assert code == "InvalidDBClusterStateFault"


def test_a_switchover_that_fails_says_why(world: World) -> None:
    world.endpoint.fleet.failing.add("switch_over")
    wanted = {"GlobalClusterIdentifier": "store", "TargetDbClusterIdentifier": WEST_ARN}
    code = refusal(world.east.switchover_global_cluster, **wanted)
    assert code == "InvalidGlobalClusterStateFault"
    assert store(world)["GlobalClusterMembers"][0]["DBClusterArn"] == EAST_ARN
    failed = world.east.describe_events(EventCategories=["global-failover"])["Events"]
    assert failed[-1]["Message"] == "Global switchover to DB cluster store-west failed."


def test_a_secondary_does_not_fail_over(world: World) -> None:
    world.west.create_db_instance(**world.member("store-west-b"))
    code = refusal(world.west.failover_db_cluster, DBClusterIdentifier="store-west")
    assert code == "InvalidDBClusterStateFault"


def test_versions_say_that_they_support_it(endpoint: Endpoint) -> None:
    found = endpoint.client("rds").describe_db_engine_versions(Engine="aurora-mysql")
    assert all(version["SupportsGlobalDatabases"] for version in found["DBEngineVersions"])
