"""An Aurora PostgreSQL cluster as real servers: endpoints, failover, no acknowledged row lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import psycopg
import pytest

from localcloud.errors import LocalCloudError
from localcloud.fleet import Address, ClusterAddresses, Fleet
from localcloud.site import Site
from tests.localcloud.fleet_site import (
    ADMIN,
    eventually,
    fleet,
    kill,
    pid_of,
    postgres_at,
    postgres_rows,
    ref,
    site,
)

__all__ = ["fleet", "site"]

CLUSTER = ref("aurora-pg")
MEMBERS = ("one", "two", "three")
READ_ONLY = "25006"


def rows(site: Site, address: Address, statement: str) -> list[Any]:
    return postgres_rows(site, address, statement, dbname="app")


@pytest.fixture(scope="module")
def endpoints(fleet: Fleet, site: Site) -> ClusterAddresses:
    found = fleet.clusters.create(CLUSTER, ADMIN, "app", {}, engine="aurora-postgresql")
    for tier, name in enumerate(MEMBERS):
        fleet.clusters.add_member(CLUSTER, name, tier, {})
    rows(site, found.writer, "CREATE TABLE t (id INT PRIMARY KEY)")
    return found


@pytest.fixture(autouse=True)
def whole(fleet: Fleet, endpoints: ClusterAddresses, site: Site) -> None:
    """Each test starts with three members that agree."""
    writer = str(fleet.clusters.state(CLUSTER).writer)
    eventually(lambda: len(_behind(site, endpoints.reader)) == 2, "two readers", 30)
    eventually(lambda: _behind(site, endpoints.writer) == {writer}, "the writer", 30)
    rows(site, endpoints.writer, "DELETE FROM t")


def _who(site: Site, address: Address) -> str:
    return str(rows(site, address, "SELECT aurora_db_instance_identifier()")[0][0])


def _behind(site: Site, address: Address) -> set[str]:
    return {_who(site, address) for _ in range(6)}


class Load:
    """A writer on its own thread: an id counts only when the commit was acknowledged."""

    def __init__(self, site: Site, endpoint: Address) -> None:
        self._site, self._endpoint = site, endpoint
        self.acknowledged: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Load:
        self._thread.start()
        try:
            self.goes_on()
        except AssertionError:
            # Or it would write into the next tests.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                with postgres_at(self._site, self._endpoint, dbname="app") as connection:
                    while not self._stop.is_set():
                        number += 1
                        connection.execute("INSERT INTO t VALUES (%s)", (number,))
                        self.acknowledged.append(number)
            except psycopg.Error:
                # Unknown: the row may be there. It was not acknowledged, so it is not counted.
                time.sleep(0.005)

    def goes_on(self) -> None:
        before = len(self.acknowledged)
        eventually(lambda: len(self.acknowledged) > before + 50, "writes go on", 30)


def _missing(site: Site, address: Address, load: Load) -> set[int]:
    return set(load.acknowledged) - {row[0] for row in rows(site, address, "SELECT id FROM t")}


def test_the_writer_endpoint_writes_and_the_reader_endpoint_reads(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    writer = fleet.clusters.state(CLUSTER).writer
    assert _behind(site, endpoints.writer) == {writer}
    assert _behind(site, endpoints.reader) == set(MEMBERS) - {writer}
    rows(site, endpoints.writer, "INSERT INTO t VALUES (1)")
    eventually(lambda: rows(site, endpoints.reader, "SELECT id FROM t") == [(1,)], "the row", 30)
    with pytest.raises(psycopg.Error) as caught:
        rows(site, endpoints.reader, "INSERT INTO t VALUES (2)")
    assert caught.value.sqlstate == READ_ONLY


def test_a_custom_endpoint_leads_to_its_members_only(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    address = fleet.clusters.set_custom_endpoint(CLUSTER, "analytics", ["three"])
    assert address.port == 5432
    assert _behind(site, address) == {"three"}
    assert fleet.clusters.set_custom_endpoint(CLUSTER, "analytics", ["one", "two"]) == address
    assert _behind(site, address) == {"one", "two"}
    fleet.clusters.delete_custom_endpoint(CLUSTER, "analytics")
    with pytest.raises(psycopg.Error):
        _who(site, address)


def test_a_commit_waits_for_a_reader_to_have_the_row(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    """The control behind every "nothing lost": without an acknowledgement nothing is committed."""
    writer = fleet.clusters.state(CLUSTER).writer
    stopped = [pid for n in MEMBERS if n != writer for pid in _receivers(fleet, n)]
    assert len(stopped) == 2
    done = threading.Event()

    def write() -> None:
        rows(site, endpoints.writer, "INSERT INTO t VALUES (1)")
        done.set()

    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        writing = threading.Thread(target=write)
        writing.start()
        assert not done.wait(0.5)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert done.wait(10)
    writing.join()


def _receivers(fleet: Fleet, name: str) -> list[int]:
    server = fleet.clusters.get(CLUSTER).servers[name]
    return [int(row["pid"]) for row in server.run("SELECT pid FROM pg_stat_wal_receiver")]


def test_a_killed_writer_is_replaced_and_no_acknowledged_row_is_lost(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    for _ in range(3):
        old = str(fleet.clusters.state(CLUSTER).writer)
        with Load(site, endpoints.writer) as load:
            kill(pid_of(fleet, old))
            load.goes_on()
        assert fleet.clusters.state(CLUSTER).writer != old
        assert not _missing(site, endpoints.writer, load)
        eventually(
            lambda: old in _behind(site, endpoints.reader),  # noqa: B023
            "the old writer reads",
            30,
        )
        eventually(lambda: not _missing(site, endpoints.reader, load), "it has every row", 30)
        rows(site, endpoints.writer, "DELETE FROM t")


def test_a_killed_reader_comes_back_and_writes_go_on(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    writer = fleet.clusters.state(CLUSTER).writer
    reader = next(n for n in MEMBERS if n != writer)
    with Load(site, endpoints.writer) as load:
        kill(pid_of(fleet, reader))
        load.goes_on()
    assert fleet.clusters.state(CLUSTER).writer == writer
    eventually(lambda: reader in _behind(site, endpoints.reader), "the reader", 30)


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
        load.goes_on()
    assert not _missing(site, endpoints.writer, load)
    eventually(lambda: len(_behind(site, endpoints.reader)) == 2, "two readers", 30)


def test_a_planned_failover_goes_to_the_reader_that_was_named(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    old = str(fleet.clusters.state(CLUSTER).writer)
    target = next(n for n in reversed(MEMBERS) if n != old)
    with Load(site, endpoints.writer) as load:
        fleet.clusters.fail_over(CLUSTER, target)
        load.goes_on()
    assert fleet.clusters.state(CLUSTER).writer == target
    assert not _missing(site, endpoints.writer, load)
    assert old in _behind(site, endpoints.reader)
    with pytest.raises(LocalCloudError, match="no live reader"):
        fleet.clusters.fail_over(CLUSTER, target)


def test_a_query_that_blocks_replay_on_a_reader_blocks_no_failover(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    old = str(fleet.clusters.state(CLUSTER).writer)
    servers = fleet.clusters.get(CLUSTER).servers
    rows(site, endpoints.writer, "INSERT INTO t SELECT generate_series(-100, -1)")
    readers = [n for n in MEMBERS if n != old]
    with postgres_at(site, servers[readers[0]].address, dbname="app") as held:
        held.execute("BEGIN")
        held.execute("SELECT count(*) FROM t")
        # Its lock is what replay has to wait for.
        rows(site, endpoints.writer, "ALTER TABLE t ADD COLUMN IF NOT EXISTS note TEXT")
        with Load(site, endpoints.writer) as load:
            kill(pid_of(fleet, old))
            load.goes_on()
    assert not _missing(site, endpoints.writer, load)


def test_endpoints_come_back_when_haproxy_dies(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    kill(pid_of(fleet, CLUSTER.identifier, "endpoint"))
    eventually(
        lambda: rows(site, endpoints.writer, "SELECT 1") == [(1,)], "the writer endpoint", 30
    )


def test_a_rebooted_member_stays_what_it_is(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    writer = str(fleet.clusters.state(CLUSTER).writer)
    for name in MEMBERS:
        pid = pid_of(fleet, name)
        fleet.reboot(ref(name))
        assert pid_of(fleet, name) != pid
    assert fleet.clusters.state(CLUSTER).writer == writer
    rows(site, endpoints.writer, "INSERT INTO t VALUES (1)")


def test_a_member_that_joins_late_has_every_row_and_one_that_leaves_is_gone(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    rows(site, endpoints.writer, "INSERT INTO t VALUES (1), (2)")
    late = fleet.clusters.add_member(CLUSTER, "late", 3, {})
    assert rows(site, late, "SELECT COUNT(*) FROM t") == [(2,)]
    eventually(lambda: "late" in _behind(site, endpoints.reader), "the late reader", 30)
    fleet.clusters.remove_member(CLUSTER, "late")
    assert "late" not in fleet.clusters.state(CLUSTER).members
    assert "late" not in _behind(site, endpoints.reader)
    writer = fleet.clusters.get(CLUSTER).servers[str(fleet.clusters.state(CLUSTER).writer)]
    assert writer.run("SELECT count(*) AS n FROM pg_replication_slots") == [{"n": 2}]


def test_a_new_password_and_parameters_hold_on_every_member(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses
) -> None:
    fleet.clusters.set_password(CLUSTER, "another-horse-2")
    try:
        for name in MEMBERS:
            fleet.set_parameters(ref(name), {"work_mem": "2048"})
            address = fleet.clusters.get(CLUSTER).servers[name].address

            def shown(address: Address = address) -> list[Any]:
                return postgres_rows(site, address, "SHOW work_mem", password="another-horse-2")

            eventually(lambda: shown() == [("2MB",)], "both")
    finally:
        fleet.clusters.set_password(CLUSTER, ADMIN.password)


@pytest.mark.parametrize("most", ["150", "90"])
def test_a_limit_that_the_writer_has_first_stopped_the_readers_replay(
    fleet: Fleet, site: Site, endpoints: ClusterAddresses, most: str
) -> None:
    """And one that a reader had first, a smaller one, kept it from starting."""
    writer = str(fleet.clusters.state(CLUSTER).writer)
    reader = next(n for n in MEMBERS if n != writer)
    for name in MEMBERS:
        fleet.set_parameters(ref(name), {"max_connections": most})
    fleet.reboot(ref(writer if most == "150" else reader))
    servers = fleet.clusters.get(CLUSTER).servers
    rows(site, endpoints.writer, "INSERT INTO t VALUES (1)")
    for name in MEMBERS:
        at = servers[name].address
        eventually(lambda: rows(site, at, "SELECT id FROM t") == [(1,)], "the row", 30)  # noqa: B023
    for name in (writer, *(n for n in MEMBERS if n != writer)):
        fleet.reboot(ref(name))
        assert rows(site, servers[name].address, "SHOW max_connections") == [(most,)]
        fleet.set_parameters(ref(name), {})


def test_a_lone_writer_needs_no_acknowledgement(fleet: Fleet, site: Site) -> None:
    lone = fleet.clusters.create(ref("lone"), ADMIN, "app", {}, engine="aurora-postgresql")
    fleet.clusters.add_member(ref("lone"), "only", 0, {})
    rows(site, lone.writer, "CREATE TABLE t (id INT PRIMARY KEY)")
    assert _who(site, lone.reader) == "only"
    kill(pid_of(fleet, "only"))
    eventually(lambda: rows(site, lone.writer, "INSERT INTO t VALUES (1)") == [], "a write", 30)
    fleet.clusters.add_member(ref("lone"), "second", 1, {})
    assert _who(site, lone.reader) == "second"
    assert rows(site, lone.reader, "SELECT COUNT(*) FROM t") == [(1,)]
    fleet.clusters.remove_member(ref("lone"), "only")
    assert fleet.clusters.state(ref("lone")).writer == "second"
    rows(site, lone.writer, "INSERT INTO t VALUES (2)")
    fleet.clusters.delete(ref("lone"))
    assert not [row for row in fleet.listing() if row.identifier in ("only", "second", "lone")]
