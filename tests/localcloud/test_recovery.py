"""Servers outlive their daemon; a new one adopts, restarts and tidies up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from localcloud.errors import StateUnreadable
from localcloud.fleet import Address, ClusterAddresses, Fleet
from localcloud.processes import Process
from localcloud.servers.redis_users import everybody, hash_of
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    TOKEN,
    eventually,
    kill,
    pid_of,
    redis_at,
    ref,
    rows,
    site,
)

__all__ = ["site"]


@pytest.fixture(scope="module")
def databases(site: Site) -> tuple[Address, Address, ClusterAddresses, Address]:
    fleet = Fleet(site)
    fleet.recover()
    mysql = fleet.instances.create(ref("mysql"), ADMIN, "app", {})
    replica = fleet.instances.create_replica(ref("replica"), ref("mysql"), {})
    cluster = fleet.clusters.create(ref("aurora"), ADMIN, "app", {})
    for tier, name in enumerate(("one", "two", "three")):
        fleet.clusters.add_member(ref("aurora"), name, tier, {})
    cache = fleet.caches.create(
        ref("cache"), ["c-001", "c-002"], everybody(hash_of(TOKEN)), True, True, {}
    )
    for address in (mysql, cluster.writer):
        rows(site, address, "CREATE TABLE app.t (id INT PRIMARY KEY)")
        rows(site, address, "INSERT INTO app.t VALUES (1)")
    redis_at(site, cache.primary).set("k", "v")
    fleet.close()
    return mysql, replica, cluster, cache.primary


Databases = tuple[Address, Address, ClusterAddresses, Address]


def _recovered(site: Site) -> Fleet:
    fleet = Fleet(site)
    fleet.recover()
    return fleet


def _pids(fleet: Fleet) -> set[int | None]:
    return {row.pid for row in fleet.listing()}


def _whole(site: Site, fleet: Fleet, databases: Databases) -> None:
    mysql, replica, cluster, cache = databases
    assert all(row.alive for row in fleet.listing())
    assert len(fleet.listing()) == 9
    for address in (mysql, replica, cluster.writer, cluster.reader):
        eventually(lambda a=address: rows(site, a, "SELECT id FROM app.t") == [(1,)], str(address))  # type: ignore[misc]
    assert redis_at(site, cache).get("k") == "v"


def test_live_servers_are_adopted_as_they_are(site: Site, databases: Databases) -> None:
    first = _recovered(site)
    before = _pids(first)
    first.close()
    second = _recovered(site)
    assert _pids(second) == before
    _whole(site, second, databases)
    # Adopted servers are watched like our own children.
    kill(pid_of(second, "one"))
    eventually(lambda: _pids(second) != before and None not in _pids(second), "the restart")
    second.close()


def test_everything_killed_comes_back_with_its_rows(site: Site, databases: Databases) -> None:
    fleet = _recovered(site)
    pids = [row.pid for row in fleet.listing() if row.pid]
    fleet.close()
    for pid in pids:
        kill(pid)
    again = _recovered(site)
    _whole(site, again, databases)
    again.close()


def test_a_writer_that_died_unwatched_is_replaced(site: Site, databases: Databases) -> None:
    fleet = _recovered(site)
    writer = str(fleet.clusters.state(ref("aurora")).writer)
    pid = pid_of(fleet, writer)
    fleet.close()
    kill(pid)
    again = _recovered(site)
    assert again.clusters.state(ref("aurora")).writer != writer
    _whole(site, again, databases)
    again.close()


def test_down_works_without_the_daemon_and_keeps_the_data(site: Site, databases: Databases) -> None:
    fleet = _recovered(site)
    processes = [Process.of(row.pid) for row in fleet.listing() if row.pid]
    fleet.close()
    stranger = Fleet(site)
    stranger.down()
    stranger.close()
    assert not [p for p in processes if p is not None and p.alive]
    again = _recovered(site)
    _whole(site, again, databases)
    again.close()


def test_a_server_in_no_registry_is_ended_and_a_stranger_is_not(
    site: Site, databases: Databases, tmp_path: Path
) -> None:
    program = tmp_path / "redis-server"
    program.symlink_to(sys.executable)
    sleep = [str(program), "-c", "import time; time.sleep(60)"]
    orphan = subprocess.Popen([*sleep, f"{site.servers_dir}/x"])
    other = subprocess.Popen([*sleep, "/somewhere/else"])
    try:
        fleet = _recovered(site)
        fleet.close()
        assert orphan.wait(5) == -9
        assert other.poll() is None
    finally:
        for child in (orphan, other):
            child.kill()
            child.wait()


def test_an_entry_of_another_process_with_the_same_pid_is_not_believed(
    site: Site, databases: Databases
) -> None:
    own = psutil.Process().pid
    entry = next(site.run_dir.glob("mariadb.*.replica.process"))
    kill(Process(**json.loads(entry.read_text())).pid)
    entry.write_text(f'{{"pid": {own}, "start_time": 1, "boot_id": "x"}}')
    fleet = _recovered(site)
    assert pid_of(fleet, "replica") != own
    _whole(site, fleet, databases)
    fleet.close()


def test_a_plan_of_another_version_is_refused_with_a_remedy(
    site: Site, databases: Databases
) -> None:
    spoilt = site.state_dir / "databases" / "instance.us-east-1.spoilt.json"
    spoilt.write_text('{"region": "us-east-1", "identifier": "spoilt", "colour": "red"}')
    try:
        fleet = Fleet(site)
        with pytest.raises(StateUnreadable, match="down --wipe"):
            fleet.recover()
        fleet.close()
    finally:
        spoilt.unlink()
