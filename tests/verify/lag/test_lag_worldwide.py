"""The lag of a global database's secondary."""

from __future__ import annotations

from typing import Any

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.global_store import WEST, create_global


def test_readers_at_home_and_a_secondary_are_measured(cloud: TestCloud, verify: Verify) -> None:
    verify.add(cloud.also(create_global, "mysql"))
    store = verify.databases["store"]
    store["endpoints"] += instances(cloud, "us-east-1", "store-east-a", "store-east-b")
    west = store["worldwide"]["secondaries"][0]
    west["nodes"] = instances(cloud, WEST, "store-west-a")
    done = verify("store", "--seconds", "1", exercises=("lag",))
    assert done.code == 0, done.out + done.err
    found = {c["copy_name"]: (c["region"], c["metric"]) for c in done.exercises[0]["lags"]}
    assert found == {
        "store-east-b": ("us-east-1", "AuroraReplicaLag"),
        "store-west-a": (WEST, "AuroraGlobalDBReplicationLag"),
    }


def instances(cloud: TestCloud, region: str, *names: str) -> list[dict[str, Any]]:
    found = []
    for name in names:
        rds = cloud.client("rds", region)
        (made,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        host = made["Endpoint"]["Address"]
        found.append({"role": "instance", "host": host, "port": 3306, "name": name})
    return found
