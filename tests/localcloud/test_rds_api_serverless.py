"""Aurora serverless through plain boto3: its range, its members, its metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.fleet import Ref, Scaling
from localcloud.metrics import KEPT, Metric
from tests.localcloud.front_fixtures import PASSWORD, endpoint, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
NAME = "myapp-aurora-serverless"
REF = Ref("us-east-1", NAME)
COURSE = {"MinCapacity": 0.0, "MaxCapacity": 16.0, "SecondsUntilAutoPause": 300}
OLD = "8.0.mysql_aurora.3.04.6"


def cluster(scaling: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    arguments = {
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-mysql",
        "MasterUsername": "admin",
        "MasterUserPassword": PASSWORD,
    } | changes
    return arguments | ({"ServerlessV2ScalingConfiguration": scaling} if scaling else {})


def member(**changes: Any) -> dict[str, Any]:
    return {
        "DBInstanceIdentifier": "member",
        "DBClusterIdentifier": NAME,
        "Engine": "aurora-mysql",
        "DBInstanceClass": "db.serverless",
    } | changes


@pytest.fixture
def rds(endpoint: Endpoint) -> Any:
    client = endpoint.client("rds")
    client.create_db_cluster(**cluster({"MinCapacity": 0, "MaxCapacity": 16}))
    client.create_db_instance(**member())
    return client


def reported(rds: Any) -> dict[str, Any]:
    found = rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]
    return dict(found["ServerlessV2ScalingConfiguration"])


def modify(rds: Any, **scaling: Any) -> dict[str, Any]:
    rds.modify_db_cluster(DBClusterIdentifier=NAME, ServerlessV2ScalingConfiguration=scaling)
    return reported(rds)


def test_a_cluster_reports_its_range_and_the_pause_it_did_not_name(
    endpoint: Endpoint, rds: Any
) -> None:
    assert reported(rds) == COURSE
    assert endpoint.fleet.named("set_scaling") == [(REF, Scaling(0, 16, 300))]
    assert endpoint.fleet.named("add_member") == [(REF, "member", 1, {}, True)]
    shown = rds.describe_db_instances(DBInstanceIdentifier="member")["DBInstances"][0]
    assert shown["DBInstanceClass"] == "db.serverless"


def test_a_range_is_changed_in_part_and_told_to_the_servers(endpoint: Endpoint, rds: Any) -> None:
    assert modify(rds, MaxCapacity=32) == COURSE | {"MaxCapacity": 32.0}
    assert modify(rds, SecondsUntilAutoPause=600)["SecondsUntilAutoPause"] == 600
    assert modify(rds, MinCapacity=2) == {"MinCapacity": 2.0, "MaxCapacity": 32.0}
    assert modify(rds, MinCapacity=0, MaxCapacity=16) == COURSE
    assert [scaling for _, scaling in endpoint.fleet.named("set_scaling")][1:] == [
        Scaling(0, 32, 300),
        Scaling(0, 32, 600),
        Scaling(2, 32),
        Scaling(0, 16, 300),
    ]


def test_another_change_leaves_the_range_alone(endpoint: Endpoint, rds: Any) -> None:
    rds.modify_db_cluster(DBClusterIdentifier=NAME, BackupRetentionPeriod=9)
    assert reported(rds) == COURSE
    assert len(endpoint.fleet.named("set_scaling")) == 1


BAD = [
    ({"MinCapacity": 0.25, "MaxCapacity": 16}, "InvalidParameterValue"),
    ({"MinCapacity": 0.5, "MaxCapacity": 0.5}, "InvalidParameterValue"),
    ({"MinCapacity": 0, "MaxCapacity": 256.5}, "InvalidParameterValue"),
    ({"MinCapacity": -1, "MaxCapacity": 16}, "InvalidParameterValue"),
    ({"MinCapacity": 8, "MaxCapacity": 4}, "InvalidParameterCombination"),
    ({"MinCapacity": 8}, "InvalidParameterCombination"),
    ({"MaxCapacity": 8}, "InvalidParameterCombination"),
    (
        {"MinCapacity": 1, "MaxCapacity": 8, "SecondsUntilAutoPause": 300},
        "InvalidParameterCombination",
    ),
    ({"MinCapacity": 0, "MaxCapacity": 8, "SecondsUntilAutoPause": 86401}, "InvalidParameterValue"),
    ({"MinCapacity": 0, "MaxCapacity": 8, "SecondsUntilAutoPause": 0}, "InvalidParameterValue"),
]


@pytest.mark.parametrize(("scaling", "code"), BAD)
def test_what_a_range_may_not_be(endpoint: Endpoint, scaling: dict[str, Any], code: str) -> None:
    assert refusal(endpoint.client("rds").create_db_cluster, **cluster(scaling)) == code
    assert endpoint.fleet.calls == []


@pytest.mark.parametrize(
    "scaling",
    [{"MinCapacity": 0, "MaxCapacity": 16}, {"MinCapacity": 1, "MaxCapacity": 128.5}],
)
def test_what_an_old_version_cannot(endpoint: Endpoint, scaling: dict[str, Any]) -> None:
    create = endpoint.client("rds").create_db_cluster
    assert refusal(create, **cluster(scaling, EngineVersion=OLD)).startswith("InvalidParameter")
    create(**cluster({"MinCapacity": 1, "MaxCapacity": 128}, EngineVersion=OLD))


def test_a_wrong_change_changes_nothing(endpoint: Endpoint, rds: Any) -> None:
    change = {"DBClusterIdentifier": NAME, "BackupRetentionPeriod": 9}
    wrong = {"ServerlessV2ScalingConfiguration": {"MaxCapacity": 0.5}}
    assert refusal(rds.modify_db_cluster, **change, **wrong) == "InvalidParameterValue"
    assert reported(rds) == COURSE
    found = rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]
    assert found["BackupRetentionPeriod"] == 1


def test_a_serverless_member_needs_its_cluster_s_range_first(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    rds.create_db_cluster(**cluster(None))
    assert refusal(rds.create_db_instance, **member()) == "InvalidParameterCombination"
    rds.create_db_instance(**member(DBInstanceClass="db.r5.large"))
    change = {"DBInstanceIdentifier": "member", "ApplyImmediately": True}
    to_serverless = change | {"DBInstanceClass": "db.serverless"}
    assert refusal(rds.modify_db_instance, **to_serverless) == "InvalidParameterCombination"
    modify(rds, MinCapacity=1, MaxCapacity=2)
    rds.modify_db_instance(**to_serverless)
    rds.modify_db_instance(**change, DBInstanceClass="db.r5.large")
    assert endpoint.fleet.named("set_serverless") == [(REF, "member", True), (REF, "member", False)]


NOW = datetime.now(UTC).replace(microsecond=0)
DIMENSION = ("DBClusterIdentifier", NAME)
CAPACITY = Metric("us-east-1", "AWS/RDS", "ServerlessDatabaseCapacity", (DIMENSION,), "Count")
WIRE = [{"Name": DIMENSION[0], "Value": DIMENSION[1]}]


def test_metrics_of_the_servers_are_cloudwatch_s(endpoint: Endpoint) -> None:
    for ago, acu in ((4, 0.5), (3, 1.0), (2, 8.0), (1, 0.0)):
        endpoint.fleet.metrics.publish(CAPACITY, acu, NOW - timedelta(seconds=ago))
    cloudwatch = endpoint.client("cloudwatch")
    ends = {"StartTime": NOW - timedelta(seconds=10), "EndTime": NOW + timedelta(seconds=10)}
    about = {"Namespace": "AWS/RDS", "MetricName": CAPACITY.name, "Dimensions": WIRE}

    def statistics(period: int) -> list[tuple[float, float]]:
        found = cloudwatch.get_metric_statistics(
            **about, **ends, Period=period, Statistics=["Average", "Maximum"]
        )["Datapoints"]
        points = sorted(found, key=lambda point: point["Timestamp"])
        assert {p["Unit"] for p in points} == {"Count"}
        return [(p["Average"], p["Maximum"]) for p in points]

    assert statistics(1) == [(0.5, 0.5), (1, 1), (8, 8), (0, 0)]
    assert statistics(60) == [(2.375, 8)]
    query = {
        "Id": "acu",
        "MetricStat": {"Metric": about, "Period": 1, "Stat": "Average"},
    }
    found = cloudwatch.get_metric_data(
        MetricDataQueries=[query], ScanBy="TimestampAscending", **ends
    )
    assert found["MetricDataResults"][0]["Values"] == [0.5, 1, 8, 0]
    listed = cloudwatch.list_metrics(Namespace="AWS/RDS")["Metrics"]
    assert [(m["MetricName"], m["Dimensions"]) for m in listed] == [(CAPACITY.name, WIRE)]
    assert endpoint.client("cloudwatch", "us-west-2").list_metrics()["Metrics"] == []


def test_other_metrics_pass_through(endpoint: Endpoint) -> None:
    cloudwatch = endpoint.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="own", MetricData=[{"MetricName": "m", "Value": 1}])
    assert [m["MetricName"] for m in cloudwatch.list_metrics()["Metrics"]] == ["m"]


def test_old_readings_are_forgotten(endpoint: Endpoint) -> None:
    metrics = endpoint.fleet.metrics
    metrics.publish(CAPACITY, 1, NOW - KEPT - timedelta(seconds=5))
    assert metrics.readings("us-east-1") == {}
    metrics.publish(CAPACITY, 1, NOW - KEPT - timedelta(seconds=5))
    metrics.publish(CAPACITY, 2, NOW)
    assert [r.value for r in metrics.readings("us-east-1")[CAPACITY]] == [2]


def test_reading_a_metric_saves_nothing(endpoint: Endpoint, site: Any) -> None:
    cloudwatch = endpoint.client("cloudwatch")
    for _ in range(2):
        # moto makes the backends that it asks.
        cloudwatch.list_metrics()
    saved = (site.state_dir / "moto.pickle").stat().st_mtime_ns
    for _ in range(3):
        cloudwatch.list_metrics()
    assert (site.state_dir / "moto.pickle").stat().st_mtime_ns == saved
