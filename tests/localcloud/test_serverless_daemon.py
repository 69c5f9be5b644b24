"""A paused cluster and the daemon as a process: SIGKILL, another daemon, the API in between."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud import daemon
from localcloud.fleet import Address
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, eventually, rows, site
from tests.localcloud.front_site import client_of

__all__ = ["site"]
NAME = "myapp-aurora-serverless"
SCALING = {"MinCapacity": 0, "MaxCapacity": 16, "SecondsUntilAutoPause": 1}


@pytest.fixture(scope="module")
def endpoint(site: Site) -> Iterator[Address]:
    """The writer endpoint of a serverless cluster, made by plain boto3."""
    daemon.ensure_running(site)
    rds = client_of(site.endpoint_url, "rds")
    made = rds.create_db_cluster(
        DBClusterIdentifier=NAME,
        Engine="aurora-mysql",
        MasterUsername=ADMIN.user,
        MasterUserPassword=ADMIN.password,
        DatabaseName="app",
        ServerlessV2ScalingConfiguration=SCALING,
    )["DBCluster"]
    rds.create_db_instance(
        DBInstanceIdentifier=f"{NAME}-a",
        DBClusterIdentifier=NAME,
        Engine="aurora-mysql",
        DBInstanceClass="db.serverless",
    )
    found = Address(made["Endpoint"], made["Port"])
    rows(site, found, "CREATE TABLE app.t (id INT PRIMARY KEY)")
    rows(site, found, "INSERT INTO app.t VALUES (1), (2), (3)")
    yield found
    daemon.stop(site)


def server(site: Site) -> dict[str, Any]:
    with urllib.request.urlopen(site.endpoint_url + daemon.SERVERS, timeout=5) as answer:
        listed = json.load(answer)["servers"]
    found: dict[str, Any] = next(row for row in listed if row["identifier"] == f"{NAME}-a")
    return found


def capacity(site: Site) -> float | None:
    """The newest reading that CloudWatch has."""
    now = datetime.now(UTC)
    points = client_of(site.endpoint_url, "cloudwatch").get_metric_statistics(
        Namespace="AWS/RDS",
        MetricName="ServerlessDatabaseCapacity",
        Dimensions=[{"Name": "DBInstanceIdentifier", "Value": f"{NAME}-a"}],
        StartTime=now - timedelta(seconds=10),
        EndTime=now + timedelta(seconds=10),
        Period=1,
        Statistics=["Average"],
    )["Datapoints"]
    newest = max(points, key=lambda point: point["Timestamp"], default=None)
    return newest["Average"] if newest else None


def kill_daemon(site: Site) -> None:
    pid = daemon.ensure_running(site)
    handle = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        assert daemon._ended(handle, 5)
    finally:
        os.close(handle)


def is_paused(site: Site) -> bool:
    found = server(site)
    return found["paused"] and not found["alive"] and capacity(site) == 0


def test_a_paused_cluster_is_available_and_costs_no_process(site: Site, endpoint: Address) -> None:
    eventually(lambda: is_paused(site), "the pause")
    rds = client_of(site.endpoint_url, "rds")
    cluster = rds.describe_db_clusters(DBClusterIdentifier=NAME)["DBClusters"][0]
    member = rds.describe_db_instances(DBInstanceIdentifier=f"{NAME}-a")["DBInstances"][0]
    assert (cluster["Status"], member["DBInstanceStatus"]) == ("available", "available")
    assert cluster["DBClusterMembers"][0]["IsClusterWriter"]
    assert cluster["ServerlessV2ScalingConfiguration"] == SCALING
    assert server(site)["pid"] is None


def test_it_stays_paused_over_a_sigkill_of_the_daemon(site: Site, endpoint: Address) -> None:
    eventually(lambda: is_paused(site), "the pause")
    kill_daemon(site)
    daemon.ensure_running(site)
    eventually(lambda: capacity(site) is not None, "a reading of the new daemon")
    assert is_paused(site)
    assert rows(site, endpoint, "SELECT id FROM app.t") == [(1,), (2,), (3,)]
    assert server(site)["alive"]


def test_who_connects_while_the_daemon_is_dead_is_served_by_the_next(
    site: Site, endpoint: Address
) -> None:
    eventually(lambda: is_paused(site), "the pause")
    kill_daemon(site)
    with ThreadPoolExecutor(5) as pool:
        clients = [pool.submit(rows, site, endpoint, "SELECT id FROM app.t") for _ in range(5)]
        daemon.ensure_running(site)
        assert all(client.result() == [(1,), (2,), (3,)] for client in clients)


def test_rows_written_before_the_pause_are_there_after_everything_died(
    site: Site, endpoint: Address
) -> None:
    rows(site, endpoint, "INSERT INTO app.t VALUES (4)")
    eventually(lambda: is_paused(site), "the pause")
    kill_daemon(site)
    for entry in site.run_dir.glob("*.process"):
        os.kill(json.loads(entry.read_text())["pid"], signal.SIGKILL)
    daemon.ensure_running(site)
    assert server(site)["paused"]
    assert rows(site, endpoint, "SELECT COUNT(*) FROM app.t") == [(4,)]
