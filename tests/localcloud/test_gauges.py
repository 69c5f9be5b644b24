"""Metrics of real servers: what they publish follows what they do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from localcloud.fleet import Address, Fleet, everybody, hash_of
from localcloud.site import Site
from tests.localcloud.fleet_site import ADMIN, TOKEN, fleet, mysql_at, ref, site

__all__ = ["fleet", "site"]
WAIT_S = 15.0


@pytest.fixture(scope="module")
def mysql(fleet: Fleet) -> Iterator[Address]:
    address = fleet.instances.create(ref("db"), ADMIN, "shop", {})
    fleet.instances.create_replica(ref("copy"), ref("db"), {})
    users = everybody(hash_of(TOKEN))
    fleet.caches.create(ref("cache"), ("cache-001", "cache-002"), users, True, True, {})
    gauges = fleet.gauges
    gauges.open()
    yield address
    gauges.close()


def newest(fleet: Fleet, name: str, of: str) -> float | None:
    for metric, reading in fleet.metrics.newest("us-east-1"):
        if metric.name == name and of in [value for _, value in metric.dimensions]:
            return reading.value
    return None


def becomes(fleet: Fleet, name: str, of: str, wanted: float) -> bool:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if newest(fleet, name, of) == wanted:
            return True
        time.sleep(0.2)
    return False


def test_connections_come_and_go(site: Site, fleet: Fleet, mysql: Address) -> None:
    # The replica's is one of them, as it is on AWS.
    assert becomes(fleet, "DatabaseConnections", "db", 1)
    with mysql_at(site, mysql), mysql_at(site, mysql):
        assert becomes(fleet, "DatabaseConnections", "db", 3)
    assert becomes(fleet, "DatabaseConnections", "db", 1)


@pytest.mark.usefixtures("mysql")
def test_a_replica_has_a_lag_and_its_source_has_none(fleet: Fleet) -> None:
    assert becomes(fleet, "ReplicaLag", "copy", 0)
    assert newest(fleet, "ReplicaLag", "db") is None
    fleet.instances.get(ref("copy")).server.run("STOP SLAVE")  # type: ignore[attr-defined]
    assert becomes(fleet, "ReplicaLag", "copy", -1)
    fleet.instances.get(ref("copy")).server.run("START SLAVE")  # type: ignore[attr-defined]
    assert becomes(fleet, "ReplicaLag", "copy", 0)


@pytest.mark.usefixtures("mysql")
@pytest.mark.parametrize(
    ("engine", "lag"),
    [
        ("aurora-postgresql", "AuroraReplicaLag"),
        ("postgres", "ReplicaLag"),
        ("mysql", "ReplicaLag"),
    ],
)
def test_a_clusters_reader_has_the_lag_of_its_kind(fleet: Fleet, engine: str, lag: str) -> None:
    fleet.clusters.create(ref(engine), ADMIN, None, {}, engine=engine)
    for number in (1, 2):
        fleet.clusters.add_member(ref(engine), f"{engine}-{number}", 1, {})
    assert becomes(fleet, lag, f"{engine}-2", 0)
    assert newest(fleet, lag, f"{engine}-1") is None
    assert becomes(fleet, "DatabaseConnections", f"{engine}-2", 0)
    fleet.clusters.delete(ref(engine))


@pytest.mark.usefixtures("mysql")
def test_a_cache_tells_what_its_replica_hears(fleet: Fleet) -> None:
    assert becomes(fleet, "MasterLinkHealthStatus", "cache-002", 1)
    assert newest(fleet, "MasterLinkHealthStatus", "cache-001") is None
    lag = newest(fleet, "ReplicationLag", "cache-002")
    assert lag is not None
    assert lag < 5


@pytest.mark.usefixtures("mysql")
def test_a_node_that_is_stopped_keeps_no_other_from_telling(fleet: Fleet) -> None:
    assert becomes(fleet, "MasterLinkHealthStatus", "cache-002", 1)
    (pid,) = (
        status.pid
        for status in fleet.caches.get(ref("cache")).statuses()
        if status.identifier == "cache-001" and status.kind != "endpoint"
    )
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        stopped = time.time()
        end = time.monotonic() + WAIT_S
        while told_at(fleet, "ReplicationLag", "cache-002") < stopped + 3:
            assert time.monotonic() < end, "cache-002 tells nothing any more"
            time.sleep(0.2)
        assert told_at(fleet, "CurrConnections", "cache-001") < stopped + 3
    finally:
        os.kill(pid, signal.SIGCONT)


def told_at(fleet: Fleet, name: str, of: str) -> float:
    """When a server told something last."""
    return max(
        reading.at.timestamp()
        for metric, reading in fleet.metrics.newest("us-east-1")
        if metric.name == name and of in [value for _, value in metric.dimensions]
    )


@pytest.mark.usefixtures("mysql")
def test_cpu_is_a_part_of_the_machine(fleet: Fleet) -> None:
    for of in ("db", "copy", "cache-001"):
        found = newest(fleet, "CPUUtilization", of)
        assert found is not None
        assert 0 <= found <= 100


@pytest.mark.usefixtures("mysql")
def test_what_is_deleted_says_nothing_more(fleet: Fleet) -> None:
    fleet.instances.delete(ref("copy"))
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        before = time.time()
        time.sleep(2.5)
        readings = fleet.metrics.readings("us-east-1", frozenset({"CPUUtilization"}))
        own = (r for m, r in readings.items() if "copy" in dict(m.dimensions).values())
        last = [reading[-1].at.timestamp() for reading in own]
        if max(last, default=0.0) < before:
            return
    raise AssertionError("copy is still read")
