"""RDS PostgreSQL instances as real servers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psutil
import psycopg
import pytest

from localcloud.errors import ServerFailed
from localcloud.fleet import Address, Fleet
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

PARAMETERS = {"log_min_duration_statement": "500", "rds.force_ssl": "1"}
PLAIN = {"sslmode": "disable"}


def rows(site: Site, address: Address, statement: str) -> list[tuple[object, ...]]:
    return postgres_rows(site, address, statement, dbname="app")


@pytest.fixture(scope="module")
def primary(fleet: Fleet) -> Address:
    return fleet.instances.create(ref("pg"), ADMIN, "app", PARAMETERS, engine="postgres")


@pytest.fixture(scope="module")
def replica(fleet: Fleet, primary: Address) -> Address:
    return fleet.instances.create_replica(ref("pg-replica", "us-west-2"), ref("pg"), {})


@pytest.fixture
def table(site: Site, primary: Address) -> Iterator[str]:
    rows(site, primary, "CREATE TABLE t (id INT PRIMARY KEY)")
    yield "t"
    eventually(lambda: rows(site, primary, "DROP TABLE IF EXISTS t") == [], "drop")


def test_it_has_what_the_create_call_asked_for(site: Site, primary: Address) -> None:
    owners = "SELECT datname, pg_get_userbyid(datdba) FROM pg_database ORDER BY 1"
    assert rows(site, primary, owners) == [
        ("app", "admin"),
        ("postgres", "admin"),
        ("template0", "rdsadmin"),
        ("template1", "admin"),
    ]
    assert primary.port == 5432


def test_the_master_user_is_no_superuser(site: Site, primary: Address) -> None:
    assert rows(site, primary, "SELECT rolname FROM pg_roles WHERE rolsuper") == [("rdsadmin",)]
    assert rows(
        site,
        primary,
        "SELECT pg_has_role('rds_superuser', 'MEMBER'), rolcreatedb, rolcreaterole "
        "FROM pg_roles WHERE rolname = current_user",
    ) == [(True, True, True)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(site, primary, "ALTER SYSTEM SET work_mem = '1MB'")


@pytest.mark.parametrize("user", ["rdsadmin", "rdsrepladmin"])
@pytest.mark.parametrize("password", ["", ADMIN.password])
def test_nobody_else_gets_in(site: Site, primary: Address, user: str, password: str) -> None:
    with (
        pytest.raises(psycopg.OperationalError),
        postgres_at(site, primary, user=user, password=password),
    ):
        pass


def test_parameters_hold_and_what_only_rds_has_stops_nobody(fleet: Fleet, site: Site) -> None:
    strange = {
        "rds.logical_replication": "0",
        "pg_tle.enable_clientauth": "off",
        "a_name_of_version_17": "1",
        "shared_buffers": "{DBInstanceClassMemory/32768}",
        "max_connections": "42",
    }
    found = fleet.instances.create(ref("strange"), ADMIN, None, strange, engine="postgres")
    assert postgres_rows(site, found, "SHOW max_connections") == [("42",)]
    fleet.instances.delete(ref("strange"))


def test_plain_text_is_refused_where_the_group_says_so(
    fleet: Fleet, site: Site, primary: Address
) -> None:
    with (
        pytest.raises(psycopg.OperationalError, match="no encryption"),
        postgres_at(site, primary, **PLAIN),
    ):
        pass
    fleet.set_parameters(ref("pg"), {**PARAMETERS, "rds.force_ssl": "0"})
    try:
        with postgres_at(site, primary, **PLAIN):
            pass
    finally:
        fleet.set_parameters(ref("pg"), PARAMETERS)
    with pytest.raises(psycopg.OperationalError), postgres_at(site, primary, **PLAIN):
        pass


def test_rows_arrive_in_another_region_and_writes_are_refused(
    site: Site, primary: Address, replica: Address, table: str
) -> None:
    rows(site, primary, f"INSERT INTO {table} VALUES (1)")
    eventually(lambda: rows(site, replica, f"SELECT id FROM {table}") == [(1,)], "the row")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        rows(site, replica, f"INSERT INTO {table} VALUES (2)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(site, replica, "SELECT pg_promote()")


def test_a_replica_brings_the_rows_from_before_it_was_made_and_can_be_promoted(
    fleet: Fleet, site: Site, primary: Address, table: str
) -> None:
    rows(site, primary, f"INSERT INTO {table} VALUES (1), (2)")
    late = fleet.instances.create_replica(ref("late"), ref("pg"), {})
    assert rows(site, late, f"SELECT COUNT(*) FROM {table}") == [(2,)]
    fleet.instances.promote(ref("late"))
    rows(site, late, f"INSERT INTO {table} VALUES (3)")
    assert rows(site, primary, f"SELECT COUNT(*) FROM {table}") == [(2,)]
    fleet.reboot(ref("late"))
    rows(site, late, f"INSERT INTO {table} VALUES (4)")
    kill(pid_of(fleet, "late"))
    eventually(lambda: rows(site, late, f"SELECT COUNT(*) FROM {table}") == [(4,)], "its rows")
    rows(site, late, f"INSERT INTO {table} VALUES (5)")
    fleet.instances.delete(ref("late"))


def test_a_replica_follows_a_replica(
    fleet: Fleet, site: Site, primary: Address, replica: Address, table: str
) -> None:
    below = fleet.instances.create_replica(ref("below"), ref("pg-replica", "us-west-2"), {})
    rows(site, primary, f"INSERT INTO {table} VALUES (1)")
    eventually(lambda: rows(site, below, f"SELECT id FROM {table}") == [(1,)], "the row")
    fleet.instances.delete(ref("below"))


def test_a_replica_that_goes_leaves_nothing_behind_at_its_source(
    fleet: Fleet, site: Site, primary: Address, replica: Address
) -> None:
    """A slot that nobody reads any more would keep the source's log for ever."""
    slots = "SELECT count(*) FROM pg_replication_slots"
    assert rows(site, primary, slots) == [(1,)]
    fleet.instances.create_replica(ref("brief"), ref("pg"), {})
    assert rows(site, primary, slots) == [(2,)]
    fleet.instances.delete(ref("brief"))
    assert rows(site, primary, slots) == [(1,)]


def test_a_killed_source_comes_back_and_its_replica_goes_on(
    fleet: Fleet, site: Site, primary: Address, replica: Address, table: str
) -> None:
    rows(site, primary, f"INSERT INTO {table} VALUES (1)")
    killed = pid_of(fleet, "pg")
    kill(killed)
    eventually(lambda: rows(site, primary, f"SELECT id FROM {table}") == [(1,)], "the source")
    assert pid_of(fleet, "pg") != killed
    rows(site, primary, f"INSERT INTO {table} VALUES (2)")
    eventually(lambda: len(rows(site, replica, f"SELECT id FROM {table}")) == 2, "the replica")


def test_a_backend_that_is_busy_does_not_keep_a_killed_server_down(
    fleet: Fleet, site: Site, primary: Address
) -> None:
    """A backend in the middle of a statement outlives its postmaster and holds its memory."""
    with postgres_at(site, primary) as connection:
        (busy,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        os.kill(busy, signal.SIGSTOP)
        kill(pid_of(fleet, "pg"))
        eventually(lambda: postgres_rows(site, primary, "SELECT 1") == [(1,)], "the server")
        assert not psutil.pid_exists(busy) or psutil.Process(busy).status() == "zombie"


def test_a_killed_replica_comes_back_as_a_replica(
    fleet: Fleet, site: Site, primary: Address, replica: Address, table: str
) -> None:
    kill(pid_of(fleet, "pg-replica"))
    rows(site, primary, f"INSERT INTO {table} VALUES (7)")
    eventually(lambda: rows(site, replica, f"SELECT id FROM {table}") == [(7,)], "the row")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        rows(site, replica, f"INSERT INTO {table} VALUES (8)")


def test_a_new_password_replaces_the_old_one_on_the_replica_too(
    fleet: Fleet, site: Site, primary: Address, replica: Address
) -> None:
    fleet.instances.set_password(ref("pg"), "new'pass\\word")
    try:
        for address in (primary, replica):
            eventually(lambda a=address: _opens(site, a, "new'pass\\word"), "the new password")  # type: ignore[misc]
            assert not _opens(site, address, ADMIN.password)
    finally:
        fleet.instances.set_password(ref("pg"), ADMIN.password)
        eventually(lambda: _opens(site, replica, ADMIN.password), "the old password")


def _opens(site: Site, address: Address, password: str) -> bool:
    try:
        with postgres_at(site, address, password=password):
            return True
    except psycopg.OperationalError:
        return False


def test_passwords_are_in_no_log_and_no_command_line(
    fleet: Fleet, site: Site, primary: Address, replica: Address
) -> None:
    passwords = (ADMIN.password, (site.ca_dir / "replication.password").read_text())
    shown = "".join(log.read_text() for log in site.logs_dir.glob("*/postgresql.log"))
    for row in fleet.listing():
        if row.pid:
            server = psutil.Process(row.pid)
            for process in (server, *server.children()):
                shown += " ".join(process.cmdline())
    assert shown
    assert not [password for password in passwords if password in shown]


def test_a_parameter_that_can_be_set_is_set_at_once_and_others_wait(
    fleet: Fleet, site: Site, primary: Address
) -> None:
    pid = pid_of(fleet, "pg")
    more = {**PARAMETERS, "log_min_duration_statement": "2000", "max_connections": "77"}
    fleet.set_parameters(ref("pg"), more)
    both = (
        "SELECT current_setting('log_min_duration_statement'), current_setting('max_connections')"
    )
    assert rows(site, primary, both) == [("2s", "100")]
    assert pid_of(fleet, "pg") == pid
    fleet.reboot(ref("pg"))
    assert pid_of(fleet, "pg") != pid
    assert rows(site, primary, both) == [("2s", "77")]
    fleet.set_parameters(ref("pg"), PARAMETERS)
    fleet.reboot(ref("pg"))


def test_a_stopped_instance_stays_stopped_until_it_is_started(
    fleet: Fleet, site: Site, primary: Address
) -> None:
    with postgres_at(site, primary):
        # A client that stays connected does not keep it from stopping.
        started = time.monotonic()
        fleet.instances.stop(ref("pg"))
        assert time.monotonic() - started < 5
    with pytest.raises(psycopg.OperationalError):
        rows(site, primary, "SELECT 1")
    assert "pg" not in {row.identifier for row in fleet.listing()}
    fleet.instances.start(ref("pg"))
    assert rows(site, primary, "SELECT 1") == [(1,)]


def test_a_value_the_server_cannot_take_is_said_with_its_log(fleet: Fleet, site: Site) -> None:
    with pytest.raises(ServerFailed, match='invalid value for parameter "max_connections"'):
        fleet.instances.create(
            ref("broken"), ADMIN, None, {"max_connections": "many"}, engine="postgres"
        )
    assert not list(site.servers_dir.glob("*broken*"))
    assert "broken" not in {row.identifier for row in fleet.listing()}


def test_a_source_that_is_silent_fails_its_new_replica_in_time(
    fleet: Fleet, site: Site, primary: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.servers.postgres_replication._COPY_S", 1)
    monkeypatch.setattr("localcloud.servers.postgres_session._CONNECT_S", 2)
    pid = pid_of(fleet, "pg")
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(ServerFailed, match="could not be copied within 1 s"):
            fleet.instances.create_replica(ref("never"), ref("pg"), {})
    finally:
        os.kill(pid, signal.SIGCONT)
    assert not list(site.servers_dir.glob("*never*"))


def test_deleting_leaves_neither_process_nor_file(fleet: Fleet, site: Site) -> None:
    address = fleet.instances.create(ref("gone"), ADMIN, None, {}, engine="postgres")
    folder = site.run_dir / address.host
    assert folder.exists()
    fleet.instances.delete(ref("gone"))
    fleet.instances.delete(ref("gone"))
    assert not list(site.servers_dir.glob("*gone*"))
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        postgres_rows(site, address, "SELECT 1")
