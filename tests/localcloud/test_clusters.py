"""An Aurora cluster as real servers: endpoints, failover, and no acknowledged row lost."""

from __future__ import annotations

import os
import signal
import threading
import time

import mysql.connector
import pytest

from localcloud.errors import LocalCloudError
from localcloud.fleet import Address, ClusterAddresses, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    eventually,
    fleet,
    kill,
    mysql_at,
    pid_of,
    ref,
    rows,
    site,
)

__all__ = ["fleet", "site"]

CLUSTER = ref("aurora")
MEMBERS = ("one", "two", "three")


@pytest.fixture(scope="module")
def endpoints(fleet: Fleet, site: Site) -> ClusterAddresses:
    found = fleet.clusters.create(CLUSTER, ADMIN, "app", {"require_secure_transport": "1"})
    for tier, name in enumerate(MEMBERS):
        fleet.clusters.add_member(CLUSTER, name, tier, {})
    rows(site, found.writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")
    return found


@pytest.fixture(autouse=True)
def whole(fleet: Fleet, endpoints: ClusterAddresses, site: Site) -> None:
    """Each test starts with three members that agree."""
    writer = str(fleet.clusters.state(CLUSTER).writer)
    eventually(lambda: len(_behind(fleet, site, endpoints, "reader")) == 2, "two readers")
    eventually(lambda: _behind(fleet, site, endpoints, "writer") == {writer}, "the writer")
    rows(site, endpoints.writer, "DELETE FROM app.t")


def _who(site: Site, address: Address) -> str:
    return str(rows(site, address, "SELECT @@report_host")[0][0])


def _behind(fleet: Fleet, site: Site, endpoints: ClusterAddresses, role: str) -> set[str]:
    return {_who(site, getattr(endpoints, role)) for _ in range(6)}


def test_the_writer_endpoint_writes_and_the_reader_endpoint_reads(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    writer = fleet.clusters.state(CLUSTER).writer
    assert _behind(fleet, site, endpoints, "writer") == {writer}
    assert _behind(fleet, site, endpoints, "reader") == set(MEMBERS) - {writer}
    rows(site, endpoints.writer, "INSERT INTO app.t VALUES (1)")
    eventually(lambda: rows(site, endpoints.reader, "SELECT id FROM app.t") == [(1,)], "the row")
    with pytest.raises(mysql.connector.Error) as caught:
        rows(site, endpoints.reader, "INSERT INTO app.t VALUES (2)")
    assert caught.value.errno == 1290


def test_a_custom_endpoint_leads_to_its_members_only(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    address = fleet.clusters.set_custom_endpoint(CLUSTER, "analytics", ["three"])
    assert {_who(site, address) for _ in range(5)} == {"three"}
    assert fleet.clusters.set_custom_endpoint(CLUSTER, "analytics", ["one", "two"]) == address
    assert {_who(site, address) for _ in range(6)} == {"one", "two"}
    fleet.clusters.delete_custom_endpoint(CLUSTER, "analytics")
    with pytest.raises(mysql.connector.Error):
        _who(site, address)


def test_a_sixth_custom_endpoint_is_refused(fleet: Fleet) -> None:
    for number in range(5):
        fleet.clusters.set_custom_endpoint(CLUSTER, f"e{number}", ["one"])
    with pytest.raises(LocalCloudError, match="limit"):
        fleet.clusters.set_custom_endpoint(CLUSTER, "e5", ["one"])
    for number in range(5):
        fleet.clusters.delete_custom_endpoint(CLUSTER, f"e{number}")


def test_a_commit_waits_for_a_reader_to_have_the_row(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    """The control behind every "nothing lost": without an acknowledgement nothing is committed."""
    readers = [pid_of(fleet, n) for n in MEMBERS if n != fleet.clusters.state(CLUSTER).writer]
    done = threading.Event()

    def write() -> None:
        rows(site, endpoints.writer, "INSERT INTO app.t VALUES (1)")
        done.set()

    for pid in readers:
        os.kill(pid, signal.SIGSTOP)
    try:
        writing = threading.Thread(target=write)
        writing.start()
        assert not done.wait(0.5)
    finally:
        for pid in readers:
            os.kill(pid, signal.SIGCONT)
    assert done.wait(5)
    writing.join()


class Load:
    """A writer on its own thread: an id counts only when the commit was acknowledged."""

    def __init__(self, site: Site, endpoint: Address) -> None:
        self._site, self._endpoint = site, endpoint
        self.acknowledged: list[int] = []
        self.longest_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Load:
        self._thread.start()
        eventually(lambda: len(self.acknowledged) > 20, "load")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def _write(self) -> None:
        number, last = 0, time.monotonic()
        while not self._stop.is_set():
            try:
                with mysql_at(self._site, self._endpoint) as cursor:
                    while not self._stop.is_set():
                        number += 1
                        cursor.execute("INSERT INTO app.t VALUES (%s)", (number,))
                        now = time.monotonic()
                        self.longest_s = max(self.longest_s, now - last)
                        last = now
                        self.acknowledged.append(number)
            except (mysql.connector.Error, OSError):
                # Unknown: the row may be there. It was not acknowledged, so it is not counted.
                time.sleep(0.005)


def _missing(site: Site, address: Address, load: Load) -> set[int]:
    return set(load.acknowledged) - {row[0] for row in rows(site, address, "SELECT id FROM app.t")}


def test_a_killed_writer_is_replaced_and_no_acknowledged_row_is_lost(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    for _ in range(3):
        old = str(fleet.clusters.state(CLUSTER).writer)
        with Load(site, endpoints.writer) as load:
            before = len(load.acknowledged)
            kill(pid_of(fleet, old))
            eventually(lambda: len(load.acknowledged) > before + 50, "writes go on")  # noqa: B023
        assert fleet.clusters.state(CLUSTER).writer != old
        assert not _missing(site, endpoints.writer, load)
        eventually(
            lambda: old in _behind(fleet, site, endpoints, "reader"),  # noqa: B023
            "the old writer reads",
        )
        eventually(lambda: not _missing(site, endpoints.reader, load), "it has every row")
        rows(site, endpoints.writer, "DELETE FROM app.t")


def test_a_killed_reader_comes_back_and_writes_go_on(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    writer = fleet.clusters.state(CLUSTER).writer
    reader = next(n for n in MEMBERS if n != writer)
    with Load(site, endpoints.writer) as load:
        kill(pid_of(fleet, reader))
        before = len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > before + 50, "writes go on")
    assert fleet.clusters.state(CLUSTER).writer == writer
    eventually(lambda: reader in _behind(fleet, site, endpoints, "reader"), "the reader")


@pytest.mark.parametrize("survivors", [0, 1])
def test_when_most_die_at_once_the_writer_keeps_its_rows(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses, survivors: int
) -> None:
    writer = str(fleet.clusters.state(CLUSTER).writer)
    victims = [writer, *[n for n in MEMBERS if n != writer][survivors:]]
    pids = [pid_of(fleet, name) for name in victims]
    with Load(site, endpoints.writer) as load:
        for pid in pids:
            kill(pid)
        before = len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > before + 20, "writes go on")
    assert not _missing(site, endpoints.writer, load)
    eventually(lambda: len(_behind(fleet, site, endpoints, "reader")) == 2, "two readers")


def test_a_planned_failover_goes_to_the_reader_that_was_named(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    old = str(fleet.clusters.state(CLUSTER).writer)
    target = next(n for n in reversed(MEMBERS) if n != old)
    with Load(site, endpoints.writer) as load:
        fleet.clusters.fail_over(CLUSTER, target)
        before = len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > before + 20, "writes go on")
    assert fleet.clusters.state(CLUSTER).writer == target
    assert not _missing(site, endpoints.writer, load)
    assert old in _behind(fleet, site, endpoints, "reader")
    with pytest.raises(LocalCloudError, match="no live reader"):
        fleet.clusters.fail_over(CLUSTER, target)


def test_endpoints_come_back_when_haproxy_dies(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    kill(pid_of(fleet, "aurora", "endpoint"))
    eventually(lambda: rows(site, endpoints.writer, "SELECT 1") == [(1,)], "the writer endpoint")


def test_a_rebooted_writer_stays_the_writer(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    writer = str(fleet.clusters.state(CLUSTER).writer)
    pid = pid_of(fleet, writer)
    fleet.reboot(ref(writer))
    assert fleet.clusters.state(CLUSTER).writer == writer
    assert pid_of(fleet, writer) != pid
    rows(site, endpoints.writer, "INSERT INTO app.t VALUES (1)")


def test_a_member_that_joins_late_has_every_row_and_one_that_leaves_is_gone(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    rows(site, endpoints.writer, "INSERT INTO app.t VALUES (1), (2)")
    late = fleet.clusters.add_member(CLUSTER, "late", 3, {})
    assert rows(site, late, "SELECT COUNT(*) FROM app.t") == [(2,)]
    eventually(lambda: "late" in _behind(fleet, site, endpoints, "reader"), "the late reader")
    fleet.clusters.remove_member(CLUSTER, "late")
    assert "late" not in fleet.clusters.state(CLUSTER).members
    assert "late" not in _behind(fleet, site, endpoints, "reader")


def test_a_lone_writer_needs_no_acknowledgement(fleet: Fleet, site: Site) -> None:
    lone = fleet.clusters.create(ref("lone"), ADMIN, "app", {})
    fleet.clusters.add_member(ref("lone"), "only", 0, {})
    rows(site, lone.writer, "CREATE TABLE app.t (id INT PRIMARY KEY)")
    assert _who(site, lone.reader) == "only"
    kill(pid_of(fleet, "only"))
    eventually(lambda: rows(site, lone.writer, "INSERT INTO app.t VALUES (1)") == [], "a write")
    fleet.clusters.add_member(ref("lone"), "second", 1, {})
    assert rows(site, lone.reader, "SELECT @@report_host, COUNT(*) FROM app.t") == [("second", 1)]
    fleet.clusters.remove_member(ref("lone"), "only")
    assert fleet.clusters.state(ref("lone")).writer == "second"
    rows(site, lone.writer, "INSERT INTO app.t VALUES (2)")
    fleet.clusters.delete(ref("lone"))
    assert not [row for row in fleet.listing() if row.identifier in ("only", "second", "lone")]
