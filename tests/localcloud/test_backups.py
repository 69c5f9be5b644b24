"""Snapshots and restores of real servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from localcloud.errors import LocalCloudError, ServerFailed
from localcloud.fleet import Address, Fleet
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
SNAPSHOT = ref("before")


@pytest.fixture(scope="module")
def source(fleet: Fleet) -> Address:
    # Without it RDS lets nobody make a trigger while there are backups.
    parameters = {"long_query_time": "3", "log_bin_trust_function_creators": "1"}
    return fleet.instances.create(ref("source"), ADMIN, "shop", parameters)


@pytest.fixture
def table(site: Site, source: Address) -> str:
    rows(site, source, "CREATE OR REPLACE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT)")
    rows(site, source, "INSERT INTO shop.t VALUES (1), (2)")
    return "shop.t"


@pytest.fixture
def restored(fleet: Fleet) -> Iterator[str]:
    yield "restored"
    fleet.instances.delete(ref("restored"))


def count(site: Site, address: Address, table: str = "shop.t") -> int:
    return int(rows(site, address, f"SELECT COUNT(*) FROM {table}")[0][0])


def next_second() -> datetime:
    """The beginning of a second that has just begun."""
    now = datetime.now(UTC)
    moment = now.replace(microsecond=0) + timedelta(seconds=1)
    eventually(lambda: datetime.now(UTC) >= moment, "the next second", 2)
    return moment


def test_a_snapshot_has_what_was_committed_and_the_users(
    fleet: Fleet, site: Site, source: Address, table: str, restored: str
) -> None:
    fleet.backups.take(SNAPSHOT, ref("source"))
    rows(site, source, f"DELETE FROM {table}")
    made = fleet.backups.restore(
        ref(restored), SNAPSHOT, "mysql", ADMIN.user, {"long_query_time": "7"}
    )
    assert made != source
    # The master user of the source, by its password; the parameters are the new one's own.
    assert rows(site, made, "SELECT @@report_host, @@long_query_time") == [("restored", 7.0)]
    assert count(site, made) == 2
    rows(site, made, f"INSERT INTO {table} VALUES (3)")
    assert count(site, source) == 0
    fleet.backups.delete(SNAPSHOT)
    assert SNAPSHOT not in fleet.backups.names()


def test_a_snapshot_outlives_its_instance(fleet: Fleet, site: Site, restored: str) -> None:
    address = fleet.instances.create(ref("short-lived"), ADMIN, "d", {})
    rows(site, address, "CREATE TABLE d.t (id INT PRIMARY KEY)")
    rows(site, address, "INSERT INTO d.t VALUES (7)")
    fleet.backups.take(SNAPSHOT, ref("short-lived"))
    fleet.instances.delete(ref("short-lived"))
    fleet.backups.copy(SNAPSHOT, ref("copy", "us-west-2"))
    fleet.backups.delete(SNAPSHOT)
    made = fleet.backups.restore(ref(restored), ref("copy", "us-west-2"), "mysql", ADMIN.user, {})
    assert rows(site, made, "SELECT id FROM d.t") == [(7,)]
    fleet.backups.delete(ref("copy", "us-west-2"))


def test_a_stopped_instance_has_a_snapshot_of_its_last_row(
    fleet: Fleet, site: Site, source: Address, table: str, restored: str
) -> None:
    fleet.instances.stop(ref("source"))
    try:
        fleet.backups.take(SNAPSHOT, ref("source"))
    finally:
        fleet.instances.start(ref("source"))
    made = fleet.backups.restore(ref(restored), SNAPSHOT, "mysql", ADMIN.user, {})
    assert count(site, made) == 2
    fleet.backups.delete(SNAPSHOT)


def test_a_moment_parts_what_was_before_from_what_came_after(
    fleet: Fleet, site: Site, source: Address, restored: str
) -> None:
    rows(site, source, "CREATE OR REPLACE TABLE shop.beats (n INT PRIMARY KEY, at DOUBLE)")
    with mysql_at(site, source) as cursor:
        for n in range(1, 10_000):
            now = time.time()
            cursor.execute("INSERT INTO shop.beats VALUES (%s, %s)", (n, now))
            if n == 1:
                end = now + 2.2
            if now > end:
                break
    moment = datetime.fromtimestamp(int(end), UTC)
    made = fleet.backups.restore_to(ref(restored), ref("source"), moment, {})
    split = moment.timestamp()
    last = rows(site, made, "SELECT MAX(n), MAX(at) FROM shop.beats")[0]
    following = f"SELECT at FROM shop.beats WHERE n = {last[0] + 1}"
    # The server reads its clock a moment after the client has; never the other way round.
    assert last[1] < split
    assert rows(site, source, following)[0][0] > split - 0.05
    assert count(site, made, "shop.beats") == last[0]


def test_rows_that_were_deleted_are_back_and_the_source_is_untouched(
    fleet: Fleet, site: Site, source: Address, table: str, restored: str
) -> None:
    moment = next_second()
    eventually(lambda: datetime.now(UTC) > moment + timedelta(seconds=1), "its end", 3)
    rows(site, source, f"DELETE FROM {table}")
    rows(site, source, f"INSERT INTO {table} VALUES (100)")
    made = fleet.backups.restore_to(ref(restored), ref("source"), moment, {})
    assert rows(site, made, f"SELECT id FROM {table}") == [(1,), (2,)]
    assert rows(site, source, f"SELECT id FROM {table}") == [(100,)]


def test_an_open_transaction_is_not_restored(
    fleet: Fleet, site: Site, source: Address, table: str, restored: str
) -> None:
    with mysql_at(site, source, autocommit=False) as cursor:
        cursor.execute(f"INSERT INTO {table} VALUES (50)")
        moment = next_second()
        eventually(lambda: datetime.now(UTC) > moment + timedelta(seconds=1), "its end", 3)
        cursor.execute("COMMIT")
    made = fleet.backups.restore_to(ref(restored), ref("source"), moment, {})
    assert count(site, made) == 2
    assert count(site, source) == 3


def test_what_was_restored_can_be_a_source_and_be_restored_again(
    fleet: Fleet, site: Site, source: Address, table: str, restored: str
) -> None:
    fleet.backups.take(SNAPSHOT, ref("source"))
    made = fleet.backups.restore(ref(restored), SNAPSHOT, "mysql", ADMIN.user, {})
    rows(site, made, f"INSERT INTO {table} VALUES (3)")
    replica = fleet.instances.create_replica(ref("its-replica"), ref(restored), {})
    assert count(site, replica) == 3
    fleet.backups.take(ref("second"), ref("its-replica"))
    again = fleet.backups.restore(ref("again"), ref("second"), "mysql", ADMIN.user, {})
    assert count(site, again) == 3
    for name in ("its-replica", "again"):
        fleet.instances.delete(ref(name))
    for name in ("before", "second"):
        fleet.backups.delete(ref(name))


def test_a_replica_is_unmoved_by_a_snapshot_of_it(
    fleet: Fleet, site: Site, source: Address, table: str
) -> None:
    replica = fleet.instances.create_replica(ref("reader"), ref("source"), {})
    fleet.backups.take(SNAPSHOT, ref("reader"))
    rows(site, source, f"INSERT INTO {table} VALUES (9)")
    eventually(lambda: count(site, replica) == 3, "the row")
    fleet.instances.delete(ref("reader"))
    fleet.backups.delete(SNAPSHOT)


def test_a_restored_instance_survives_kills(
    fleet: Fleet, site: Site, source: Address, table: str, restored: str
) -> None:
    fleet.backups.take(SNAPSHOT, ref("source"))
    made = fleet.backups.restore(ref(restored), SNAPSHOT, "mysql", ADMIN.user, {})
    rows(site, made, f"INSERT INTO {table} VALUES (3)")
    kill(pid_of(fleet, restored))
    eventually(lambda: count(site, made) == 3, "the server is back")
    # Its history, too: what was repeated and what came later.
    fleet.backups.take(ref("later"), ref(restored))
    again = fleet.backups.restore(ref("again"), ref("later"), "mysql", ADMIN.user, {})
    assert count(site, again) == 3
    fleet.instances.delete(ref("again"))
    for name in ("before", "later"):
        fleet.backups.delete(ref(name))


def test_a_killed_source_has_its_whole_history(
    fleet: Fleet, site: Site, source: Address, table: str, restored: str
) -> None:
    for n in (10, 11):
        rows(site, source, f"INSERT INTO {table} VALUES ({n})")
        kill(pid_of(fleet, "source"))
        eventually(lambda: rows(site, source, "SELECT 1") == [(1,)], "the source")
    fleet.backups.take(SNAPSHOT, ref("source"))
    made = fleet.backups.restore(ref(restored), SNAPSHOT, "mysql", ADMIN.user, {})
    assert count(site, made) == 4
    fleet.backups.delete(SNAPSHOT)


def test_a_large_row_and_every_kind_of_statement_come_back(
    fleet: Fleet, site: Site, source: Address, restored: str
) -> None:
    for statement in (
        "CREATE OR REPLACE TABLE shop.big (id INT PRIMARY KEY, b LONGBLOB)",
        "INSERT INTO shop.big VALUES (1, REPEAT('x', 12000000))",
        "CREATE OR REPLACE VIEW shop.ids AS SELECT id FROM shop.big",
        "CREATE OR REPLACE PROCEDURE shop.p() SELECT 1",
        "CREATE OR REPLACE TRIGGER shop.tr BEFORE INSERT ON shop.big FOR EACH ROW SET @x = 1",
        "CREATE OR REPLACE USER app@'%' IDENTIFIED BY 'app-password-1'",
        "CREATE OR REPLACE TABLE shop.plain (id INT) ENGINE = MyISAM",
        "INSERT INTO shop.plain VALUES (1)",
    ):
        rows(site, source, statement)
    fleet.backups.take(SNAPSHOT, ref("source"))
    made = fleet.backups.restore(ref(restored), SNAPSHOT, "mysql", ADMIN.user, {})
    assert rows(site, made, "SELECT LENGTH(b) FROM shop.big") == [(12_000_000,)]
    assert count(site, made, "shop.ids") == count(site, made, "shop.plain") == 1
    assert rows(site, made, "SHOW TRIGGERS FROM shop")[0][0] == "tr"
    with mysql_at(site, made, user="app", password="app-password-1"):
        pass
    fleet.backups.delete(SNAPSHOT)


def test_a_history_that_cannot_be_repeated_is_said_and_leaves_nothing(
    fleet: Fleet, site: Site, source: Address, table: str
) -> None:
    fleet.backups.take(SNAPSHOT, ref("source"))
    # Its beginning is lost: what made the tables.
    first = min((site.state_dir / "snapshots" / "us-east-1.before").iterdir())
    first.unlink()
    with pytest.raises(ServerFailed, match="does not catch up with its history: "):
        fleet.backups.restore(ref("broken"), SNAPSHOT, "mysql", ADMIN.user, {})
    assert "broken" not in {row.identifier for row in fleet.listing()}
    assert not list(site.servers_dir.glob("*broken*"))
    fleet.backups.delete(SNAPSHOT)


def test_what_a_kill_leaves_half_kept_is_cleared_away(fleet: Fleet, site: Site) -> None:
    half = site.state_dir / "snapshots" / ".us-east-1.half.new"
    half.mkdir(parents=True)
    fleet.backups.load()
    assert not half.exists()
    assert fleet.backups.names() == set()


def test_a_restore_that_a_kill_cut_short_can_be_deleted_with_its_files(site: Site) -> None:
    class Killed(BaseException):
        pass

    def fill(server: object) -> None:
        raise Killed

    earlier = Fleet(site)
    with pytest.raises(Killed):
        earlier.instances.create_by(ref("half"), "mysql", ADMIN.user, {}, fill)
    earlier.close()
    later = Fleet(site)
    later.recover()
    assert "half" in {row.identifier for row in later.listing()}
    later.instances.delete(ref("half"))
    later.close()
    assert not list(site.servers_dir.glob("*half*"))


def test_a_new_server_repeats_what_one_at_its_address_wrote(fleet: Fleet, site: Site) -> None:
    """A server's number was its address's, and it left out whatever carried that number."""
    first = fleet.instances.create(ref("first"), ADMIN, "d", {})
    rows(site, first, "CREATE TABLE d.t (id INT PRIMARY KEY)")
    second = fleet.instances.create_replica(ref("second-one"), ref("first"), {})
    fleet.instances.promote(ref("second-one"))
    fleet.instances.delete(ref("first"))
    rows(site, second, "INSERT INTO d.t VALUES (1)")
    third = fleet.instances.create_replica(ref("third"), ref("second-one"), {})
    assert third == first
    assert rows(site, third, "SELECT id FROM d.t") == [(1,)]
    for name in ("second-one", "third"):
        fleet.instances.delete(ref(name))


def test_there_is_no_snapshot_of_a_server_that_does_not_answer(fleet: Fleet) -> None:
    with pytest.raises(LocalCloudError, match="there are no servers of instance"):
        fleet.backups.take(ref("x"), ref("nobody"))
    assert ref("x") not in fleet.backups.names()
