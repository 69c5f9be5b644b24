"""RDS MySQL instances as real servers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import mysql.connector
import pytest

from localcloud.errors import ServerFailed
from localcloud.fleet import Address, Credentials, Fleet
from localcloud.servers.machine import Machine
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

PARAMETERS = {"slow_query_log": "1", "long_query_time": "0.5", "require_secure_transport": "1"}


@pytest.fixture(scope="module")
def primary(fleet: Fleet) -> Address:
    return fleet.instances.create(ref("mysql"), ADMIN, "myappdb", PARAMETERS)


@pytest.fixture(scope="module")
def replica(fleet: Fleet, primary: Address) -> Address:
    return fleet.instances.create_replica(ref("replica", "us-west-2"), ref("mysql"), {})


@pytest.fixture
def table(site: Site, primary: Address) -> Iterator[str]:
    rows(site, primary, "CREATE OR REPLACE TABLE myappdb.t (id INT PRIMARY KEY)")
    yield "myappdb.t"
    eventually(lambda: rows(site, primary, "DROP TABLE IF EXISTS myappdb.t") == [], "drop")


def test_it_has_what_the_create_call_asked_for(site: Site, primary: Address) -> None:
    assert rows(site, primary, "SELECT DATABASE()") == [(None,)]
    assert ("myappdb",) in rows(site, primary, "SHOW DATABASES")
    assert rows(site, primary, "SELECT @@report_host, @@port") == [("mysql", 3306)]


def test_parameters_hold_and_formulas_and_our_own_do_not(site: Site, primary: Address) -> None:
    assert rows(site, primary, "SELECT @@slow_query_log, @@long_query_time") == [(1, 0.5)]


def test_a_parameter_only_mysql_knows_stops_nobody(fleet: Fleet) -> None:
    strange = {
        "authentication_policy": "*",
        "innodb_buffer_pool_size": "{DBInstanceClassMemory*3/4}",
    }
    fleet.instances.create(ref("strange"), ADMIN, None, strange)
    fleet.instances.delete(ref("strange"))


def test_mariadb_is_mariadb(fleet: Fleet, site: Site) -> None:
    found = fleet.instances.create(ref("wiki"), ADMIN, "wiki", PARAMETERS, engine="mariadb")
    ((version,),) = rows(site, found, "SELECT VERSION()")
    assert "MariaDB" in version
    copy = fleet.instances.create_replica(ref("wiki-copy"), ref("wiki"), {})
    rows(site, found, "CREATE TABLE wiki.t (id INT PRIMARY KEY)")
    eventually(lambda: rows(site, copy, "SELECT id FROM wiki.t") == [], "the table")
    kinds = {row.identifier: row.kind for row in fleet.listing()}
    assert (kinds["wiki"], kinds["wiki-copy"]) == ("mariadb", "mariadb")
    for name in ("wiki-copy", "wiki"):
        fleet.instances.delete(ref(name))


PLAIN = {
    "ssl_disabled": True,
    "ssl_ca": None,
    "ssl_verify_cert": False,
    "ssl_verify_identity": False,
}


def test_plain_text_is_refused_where_the_group_says_so(
    fleet: Fleet, site: Site, primary: Address
) -> None:
    with pytest.raises(mysql.connector.Error), mysql_at(site, primary, **PLAIN):
        pass
    fleet.set_parameters(ref("mysql"), {**PARAMETERS, "require_secure_transport": "0"})
    try:
        with mysql_at(site, primary, **PLAIN):
            pass
    finally:
        fleet.set_parameters(ref("mysql"), PARAMETERS)


def test_there_is_no_user_without_a_password(site: Site, primary: Address) -> None:
    users = set(rows(site, primary, "SELECT user, host FROM mysql.user"))
    inside = {user for user, host in users if host == "localhost"}
    assert users == {("admin", "%"), ("rdsrepladmin", "%"), *((u, "localhost") for u in inside)}
    for user in ("", "rdsrepladmin", *inside):
        with (
            pytest.raises(mysql.connector.Error) as caught,
            mysql_at(site, primary, user=user, password=""),
        ):
            pass
        assert caught.value.errno in (1045, 1698, 4151), user


def test_rows_arrive_in_another_region_and_writes_are_refused(
    site: Site, primary: Address, replica: Address, table: str
) -> None:
    rows(site, primary, f"INSERT INTO {table} VALUES (1)")
    eventually(lambda: rows(site, replica, f"SELECT id FROM {table}") == [(1,)], "the row")
    with pytest.raises(mysql.connector.Error) as caught:
        rows(site, replica, f"INSERT INTO {table} VALUES (2)")
    assert caught.value.errno == 1290
    with pytest.raises(mysql.connector.Error) as caught:
        rows(site, replica, "SET GLOBAL read_only = 0")
    assert caught.value.errno == 1227


def test_a_replica_brings_the_rows_from_before_it_was_made(
    fleet: Fleet, site: Site, primary: Address, table: str
) -> None:
    rows(site, primary, f"INSERT INTO {table} VALUES (1), (2)")
    late = fleet.instances.create_replica(ref("late"), ref("mysql"), {})
    assert rows(site, late, f"SELECT COUNT(*) FROM {table}") == [(2,)]
    fleet.instances.promote(ref("late"))
    rows(site, late, f"INSERT INTO {table} VALUES (3)")
    assert rows(site, primary, f"SELECT COUNT(*) FROM {table}") == [(2,)]
    fleet.reboot(ref("late"))
    rows(site, late, f"INSERT INTO {table} VALUES (4)")
    fleet.instances.delete(ref("late"))


def test_a_killed_source_comes_back_and_its_replica_goes_on(
    fleet: Fleet, site: Site, primary: Address, replica: Address, table: str
) -> None:
    rows(site, primary, f"INSERT INTO {table} VALUES (1)")
    killed = pid_of(fleet, "mysql")
    kill(killed)
    eventually(lambda: rows(site, primary, f"SELECT id FROM {table}") == [(1,)], "the source")
    assert pid_of(fleet, "mysql") != killed
    rows(site, primary, f"INSERT INTO {table} VALUES (2)")
    eventually(lambda: len(rows(site, replica, f"SELECT id FROM {table}")) == 2, "the replica")


def test_a_killed_replica_comes_back_as_a_replica(
    fleet: Fleet, site: Site, primary: Address, replica: Address, table: str
) -> None:
    kill(pid_of(fleet, "replica"))
    rows(site, primary, f"INSERT INTO {table} VALUES (7)")
    eventually(lambda: rows(site, replica, f"SELECT id FROM {table}") == [(7,)], "the row")
    with pytest.raises(mysql.connector.Error, match="read-only"):
        rows(site, replica, f"INSERT INTO {table} VALUES (8)")


def test_a_new_password_replaces_the_old_one_on_the_replica_too(
    fleet: Fleet, site: Site, primary: Address, replica: Address
) -> None:
    fleet.instances.set_password(ref("mysql"), "new'pass\\word")
    try:
        for address in (primary, replica):
            eventually(lambda a=address: _opens(site, a, "new'pass\\word"), "the new password")  # type: ignore[misc]
            assert not _opens(site, address, ADMIN.password)
    finally:
        fleet.instances.set_password(ref("mysql"), ADMIN.password)
        eventually(lambda: _opens(site, replica, ADMIN.password), "the old password")


def _opens(site: Site, address: Address, password: str) -> bool:
    try:
        with mysql_at(site, address, password=password):
            return True
    except mysql.connector.errors.ProgrammingError:
        return False


def test_a_parameter_that_can_be_set_is_set_at_once(
    fleet: Fleet, site: Site, primary: Address
) -> None:
    pid = pid_of(fleet, "mysql")
    fleet.set_parameters(ref("mysql"), {**PARAMETERS, "long_query_time": "2"})
    assert rows(site, primary, "SELECT @@long_query_time") == [(2.0,)]
    assert pid_of(fleet, "mysql") == pid
    fleet.reboot(ref("mysql"))
    assert pid_of(fleet, "mysql") != pid
    assert rows(site, primary, "SELECT @@long_query_time") == [(2.0,)]


def test_a_stopped_instance_stays_stopped_until_it_is_started(
    fleet: Fleet, site: Site, primary: Address
) -> None:
    fleet.instances.stop(ref("mysql"))
    with pytest.raises(mysql.connector.Error):
        rows(site, primary, "SELECT 1")
    assert "mysql" not in {row.identifier for row in fleet.listing()}
    fleet.instances.start(ref("mysql"))
    assert rows(site, primary, "SELECT 1") == [(1,)]


def test_a_value_the_server_cannot_take_is_said_with_its_log(fleet: Fleet, site: Site) -> None:
    with pytest.raises(ServerFailed, match="Character set 'no-such-charset'"):
        fleet.instances.create(
            ref("broken"), ADMIN, None, {"character_set_server": "no-such-charset"}
        )
    assert not list(site.servers_dir.glob("*broken*"))
    assert "broken" not in {row.identifier for row in fleet.listing()}


def test_deleting_leaves_neither_process_nor_file(fleet: Fleet, site: Site) -> None:
    address = fleet.instances.create(ref("gone"), Credentials("app", "another-one"), None, {})
    folder = site.run_dir / address.host
    assert folder.exists()
    fleet.instances.delete(ref("gone"))
    fleet.instances.delete(ref("gone"))
    assert not list(site.servers_dir.glob("*gone*"))
    assert not folder.exists()
    with pytest.raises(mysql.connector.Error):
        rows(site, address, "SELECT 1")


def test_servers_that_start_at_once_agree_on_the_replication_password(site: Site) -> None:
    """Two threads each made one, and every later replica of one of them was refused."""
    for number in range(20):
        other = Site(site.state_dir / f"race-{number}", site.prefix)
        machine = Machine(other)
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: machine.replication_password(), range(8)))  # noqa: B023
        machine.supervisor.close()
        assert len(found) == 1
