"""Activity streams over the API: refused where Aurora refuses them, reported, stopped."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.front_fixtures import PASSWORD, endpoint, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]


def cluster(endpoint: Endpoint, member: str | None) -> str:
    rds = endpoint.client("rds")
    made = rds.create_db_cluster(
        DBClusterIdentifier="shop", Engine="aurora-mysql", MasterUsername="admin",
        MasterUserPassword=PASSWORD,
    )["DBCluster"]  # fmt: skip
    if member is not None:
        rds.create_db_instance(
            DBInstanceIdentifier="shop-a", DBClusterIdentifier="shop", Engine="aurora-mysql",
            DBInstanceClass=member,
        )  # fmt: skip
    arn: str = made["DBClusterArn"]
    return arn


def start(endpoint: Endpoint, arn: str, mode: str = "async") -> Any:
    key = endpoint.client("kms").create_key()["KeyMetadata"]["Arn"]
    return endpoint.client("rds").start_activity_stream(ResourceArn=arn, Mode=mode, KmsKeyId=key)


def shown(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = endpoint.client("rds").describe_db_clusters()["DBClusters"][0]
    return found


def test_it_is_reported_until_it_is_stopped(endpoint: Endpoint) -> None:
    arn = cluster(endpoint, "db.r6g.large")
    stream = start(endpoint, arn)["KinesisStreamName"]
    assert stream.startswith("aws-rds-das-cluster-")
    found = shown(endpoint)
    assert (found["ActivityStreamStatus"], found["ActivityStreamMode"]) == ("started", "async")
    assert found["ActivityStreamKinesisStreamName"] == stream
    endpoint.client("rds").stop_activity_stream(ResourceArn=arn)
    assert shown(endpoint)["ActivityStreamStatus"] == "stopped"


@pytest.mark.parametrize(
    ("member", "mode", "text"),
    [
        (None, "async", "has no instance to stream from"),
        ("db.t3.medium", "async", "not supported on db.t3.medium"),
        ("db.r6g.large", "sync", "asynchronously only"),
    ],
)
def test_what_aurora_refuses(endpoint: Endpoint, member: str | None, mode: str, text: str) -> None:
    arn = cluster(endpoint, member)
    with pytest.raises(ClientError, match=text):
        start(endpoint, arn, mode)
    assert shown(endpoint).get("ActivityStreamStatus", "stopped") == "stopped"
