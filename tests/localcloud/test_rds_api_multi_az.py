"""The RDS API on Multi-AZ DB clusters: three members that RDS makes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.fleet import Ref
from localcloud.site import Site
from tests.localcloud.front_fixtures import PASSWORD, Ground, endpoint, ground, refusal, site
from tests.localcloud.front_site import Endpoint, served
from tests.localcloud.recording_fleet import RecordingFleet

__all__ = ["endpoint", "ground", "site"]
NAME = "myapp-multi-az"
REF = Ref("us-east-1", NAME)
MEMBERS = [f"{NAME}-instance-{number}" for number in (1, 2, 3)]


def multi_az(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "DBClusterIdentifier": NAME,
        "Engine": "postgres",
        "EngineVersion": "16",
        "DBClusterInstanceClass": "db.m6gd.large",
        "AllocatedStorage": 100,
        "StorageType": "io1",
        "Iops": 1000,
        "MasterUsername": "dbadmin",
        "MasterUserPassword": PASSWORD,
        "DatabaseName": "app",
        "DBSubnetGroupName": "three",
    } | changes
    return {name: value for name, value in arguments.items() if value is not None}


@pytest.fixture
def rds(endpoint: Endpoint, ground: Ground) -> Any:
    """A client in a network with subnet groups over two, three and four zones."""
    client = endpoint.client("rds")
    for name, count in (("two", 2), ("three", 3), ("four", 4)):
        client.create_db_subnet_group(
            DBSubnetGroupName=name,
            DBSubnetGroupDescription=name,
            SubnetIds=list(ground.subnets[:count]),
        )
    return client


def cluster(rds: Any) -> dict[str, Any]:
    return dict(rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0])


def members(rds: Any) -> list[dict[str, Any]]:
    wish = [{"Name": "db-cluster-id", "Values": [NAME]}]
    return list(rds.describe_db_instances(Filters=wish)["DBInstances"])


@pytest.mark.parametrize(("engine", "port"), [("postgres", 5432), ("mysql", 3306)])
def test_rds_makes_three_members_in_three_zones(
    endpoint: Endpoint, rds: Any, engine: str, port: int
) -> None:
    version = {"postgres": "16.15", "mysql": "8.4.11"}[engine]
    rds.create_db_cluster(**multi_az(Engine=engine, EngineVersion=version))
    found = cluster(rds)
    assert found["Status"] == "available"
    assert (found["MultiAZ"], found["Port"]) == (True, port)
    assert found["DBClusterInstanceClass"] == "db.m6gd.large"
    assert (found["AllocatedStorage"], found["StorageType"], found["Iops"]) == (100, "io1", 1000)
    roles = {m["DBInstanceIdentifier"]: m["IsClusterWriter"] for m in found["DBClusterMembers"]}
    assert roles == dict(zip(MEMBERS, (True, False, False), strict=True))
    three = members(rds)
    assert [m["AvailabilityZone"] for m in three] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert {m["DBInstanceClass"] for m in three} == {"db.m6gd.large"}
    assert {m["Engine"] for m in three} == {engine}
    assert {m["DBInstanceStatus"] for m in three} == {"available"}
    assert {m["Endpoint"]["Port"] for m in three} == {port}
    assert endpoint.fleet.engines[REF] == engine
    assert [args[1] for args in endpoint.fleet.named("add_member")] == MEMBERS
    assert rds.describe_db_snapshots()["DBSnapshots"] == []


def test_storage_is_io1_unless_said_otherwise(rds: Any) -> None:
    rds.create_db_cluster(**multi_az(StorageType=None))
    assert cluster(rds)["StorageType"] == "io1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"DBClusterInstanceClass": None}, "MissingParameter"),
        ({"AllocatedStorage": None}, "MissingParameter"),
        ({"DBClusterInstanceClass": "db.m6g.large"}, "InvalidParameterCombination"),
        ({"DBClusterInstanceClass": "db.t3.medium"}, "InvalidParameterCombination"),
        ({"StorageType": "gp2"}, "InvalidParameterValue"),
        ({"StorageType": "aurora"}, "InvalidParameterValue"),
        ({"Iops": None}, "InvalidParameterCombination"),
        ({"AllocatedStorage": 20}, "InvalidParameterValue"),
        ({"Iops": 40}, "InvalidParameterCombination"),
        ({"Iops": 5001}, "InvalidParameterCombination"),
        ({"StorageType": "gp3"}, "InvalidParameterCombination"),
        ({"StorageType": "gp3", "AllocatedStorage": 400, "Iops": None},
         "InvalidParameterCombination"),
        ({"DBSubnetGroupName": "two"}, "DBSubnetGroupDoesNotCoverEnoughAZs"),
        ({"DBSubnetGroupName": "four"}, "InvalidSubnet"),
        ({"BackupRetentionPeriod": 0}, "InvalidParameterValue"),
        ({"DBClusterIdentifier": "m" * 53}, "InvalidParameterValue"),
        ({"BacktrackWindow": 60}, "InvalidParameterCombination"),
        ({"EngineMode": "provisioned"}, "InvalidParameterCombination"),
        ({"AvailabilityZones": ["us-east-1a"]}, "InvalidParameterCombination"),
        ({"EnableHttpEndpoint": True}, "InvalidParameterCombination"),
        ({"ServerlessV2ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 2}},
         "InvalidParameterCombination"),
        ({"GlobalClusterIdentifier": "world"}, "InvalidParameterCombination"),
        ({"Engine": "mariadb"}, "InvalidParameterValue"),
        ({"Engine": "mysql", "EngineVersion": "8.4", "EnableCloudwatchLogsExports": ["audit"]},
         "InvalidParameterCombination"),
        ({"MasterUsername": "admin"}, "InvalidParameterValue"),
        ({"EngineVersion": "16.1"}, "InvalidParameterCombination"),
        ({"MonitoringInterval": 60}, "InvalidParameterCombination"),
    ],
)  # fmt: skip
def test_what_such_a_cluster_may_not_be(
    endpoint: Endpoint, rds: Any, change: dict[str, Any], code: str
) -> None:
    assert refusal(rds.create_db_cluster, **multi_az(**change)) == code
    assert endpoint.fleet.calls == []
    assert rds.describe_db_instances()["DBInstances"] == []


def test_a_members_name_that_is_taken_is_refused_and_nothing_is_left(
    endpoint: Endpoint, rds: Any
) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=MEMBERS[1],
        Engine="postgres",
        DBInstanceClass="db.t3.micro",
        AllocatedStorage=20,
        MasterUsername="dbadmin",
        MasterUserPassword=PASSWORD,
    )
    assert refusal(rds.create_db_cluster, **multi_az()) == "DBInstanceAlreadyExists"
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert [i["DBInstanceIdentifier"] for i in rds.describe_db_instances()["DBInstances"]] == [
        MEMBERS[1]
    ]


def test_a_failed_server_leaves_neither_cluster_nor_members(endpoint: Endpoint, rds: Any) -> None:
    endpoint.fleet.failing.add("add_member")
    refusal(rds.create_db_cluster, **multi_az())
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert rds.describe_db_instances()["DBInstances"] == []
    assert endpoint.fleet.named("delete_cluster") == [(REF,)]


def test_members_are_changed_and_deleted_by_their_cluster_only(
    endpoint: Endpoint, rds: Any
) -> None:
    rds.create_db_cluster(**multi_az())
    one = {"DBInstanceIdentifier": MEMBERS[0]}
    delete = rds.delete_db_instance
    assert refusal(delete, **one, SkipFinalSnapshot=True) == "InvalidDBInstanceState"
    modify = rds.modify_db_instance
    assert refusal(modify, **one, DBInstanceClass="db.m6gd.xlarge") == "InvalidDBInstanceState"
    joins = {"Engine": "postgres", "DBInstanceClass": "db.m6gd.large", "DBClusterIdentifier": NAME}
    create = rds.create_db_instance
    assert refusal(create, DBInstanceIdentifier="x", **joins) == "InvalidParameterCombination"
    rds.reboot_db_instance(**one)
    assert endpoint.fleet.named("reboot") == [(Ref("us-east-1", MEMBERS[0]),)]


def test_a_change_of_class_and_storage_reaches_every_member(rds: Any) -> None:
    rds.create_db_cluster(**multi_az())
    change = {"DBClusterInstanceClass": "db.m6gd.xlarge", "AllocatedStorage": 200, "Iops": 2000}
    rds.modify_db_cluster(DBClusterIdentifier=NAME, **change)
    assert cluster(rds)["AllocatedStorage"] == 100
    assert cluster(rds)["PendingModifiedValues"]["AllocatedStorage"] == 200
    pending = [m["PendingModifiedValues"] for m in members(rds)]
    assert {p["DBInstanceClass"] for p in pending} == {"db.m6gd.xlarge"}
    rds.modify_db_cluster(DBClusterIdentifier=NAME, **change, ApplyImmediately=True)
    found = cluster(rds)
    assert {name: found[name] for name in change} == change
    assert not found.get("PendingModifiedValues")
    for member in members(rds):
        assert (member["DBInstanceClass"], member["Iops"]) == ("db.m6gd.xlarge", 2000)
        assert not member["PendingModifiedValues"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AllocatedStorage": 50}, "InvalidParameterValue"),
        ({"Iops": 10}, "InvalidParameterCombination"),
        ({"DBClusterInstanceClass": "db.r5.large"}, "InvalidParameterCombination"),
        ({"StorageType": "aurora-iopt1"}, "InvalidParameterValue"),
    ],
)
def test_what_such_a_cluster_may_not_become(rds: Any, change: dict[str, Any], code: str) -> None:
    rds.create_db_cluster(**multi_az())
    modify = rds.modify_db_cluster
    assert refusal(modify, DBClusterIdentifier=NAME, **change, ApplyImmediately=True) == code


def test_a_failover_goes_to_the_standby_that_was_named(endpoint: Endpoint, rds: Any) -> None:
    rds.create_db_cluster(**multi_az())
    rds.failover_db_cluster(DBClusterIdentifier=NAME, TargetDBInstanceIdentifier=MEMBERS[2])
    assert endpoint.fleet.named("fail_over") == [(REF, MEMBERS[2])]
    writers = [m for m in cluster(rds)["DBClusterMembers"] if m["IsClusterWriter"]]
    assert [m["DBInstanceIdentifier"] for m in writers] == [MEMBERS[2]]


def test_the_members_go_with_their_cluster(endpoint: Endpoint, rds: Any) -> None:
    rds.create_db_cluster(**multi_az(DeletionProtection=True))
    delete = {"DBClusterIdentifier": NAME, "SkipFinalSnapshot": True}
    assert refusal(rds.delete_db_cluster, **delete) == "InvalidParameterCombination"
    rds.modify_db_cluster(DBClusterIdentifier=NAME, DeletionProtection=False)
    rds.delete_db_cluster(**delete)
    assert endpoint.fleet.named("delete_cluster") == [(REF,)]
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert rds.describe_db_instances()["DBInstances"] == []


def test_its_parameter_group_is_of_the_engines_family(endpoint: Endpoint, rds: Any) -> None:
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="c", DBParameterGroupFamily="postgres16", Description="d"
    )
    rds.create_db_cluster(**multi_az(DBClusterParameterGroupName="c"))
    assert cluster(rds)["DBClusterParameterGroup"] == "c"
    create = rds.create_db_cluster_parameter_group
    group = {"DBClusterParameterGroupName": "m", "Description": "d"}
    code = refusal(create, **group, DBParameterGroupFamily="mariadb11.4")
    assert code == "InvalidParameterValue"


def test_a_creation_that_a_kill_cut_short_is_cleared_away(site: Site) -> None:
    """Its members were recorded, and no server knew them: the next daemon did not start."""
    fleet = RecordingFleet()
    with served(site, fleet) as first:
        rds = first.client("rds")
        subnets = first.client("ec2").describe_subnets()["Subnets"]
        zones = {s["AvailabilityZone"]: s["SubnetId"] for s in subnets}
        rds.create_db_subnet_group(
            DBSubnetGroupName="three",
            DBSubnetGroupDescription="d",
            SubnetIds=[zones[f"us-east-1{z}"] for z in "abc"],
        )
        rds.create_db_cluster(**multi_az())
    text = (site.state_dir / "records.json").read_text()
    (site.state_dir / "records.json").write_text(text.replace('"available"', '"creating"'))
    fleet.members.clear()
    with served(site, fleet) as second:
        rds = second.client("rds")
        assert rds.describe_db_clusters()["DBClusters"] == []
        assert rds.describe_db_instances()["DBInstances"] == []


def test_the_logs_of_all_three_go_to_the_clusters_groups(
    endpoint: Endpoint, rds: Any, site: Site
) -> None:
    rds.create_db_cluster(**multi_az(EnableCloudwatchLogsExports=["postgresql"]))
    logs = endpoint.client("logs")
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["logGroupName"] == f"/aws/rds/cluster/{NAME}/postgresql"
    for name in MEMBERS:
        folder = site.logs_dir / f"us-east-1.{name}"
        folder.mkdir(parents=True)
        (folder / "postgresql.log").write_text("2099-12-01 12:00:00 UTC::@:[1]:LOG:  hello\n")
    streams = logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == [f"{name}.0" for name in MEMBERS]
