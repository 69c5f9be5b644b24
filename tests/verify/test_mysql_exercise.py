"""Practice 1 on a real server: it passes, and each of its checks can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from verify.course import statements
from verify.errors import StepFailed
from verify.sql import Sql
from verify.sql_checks import tls_in_use

COURSE_TABLE = "CREATE TABLE testdb.users (id INT, username VARCHAR(50), email VARCHAR(100))"


@pytest.fixture
def host(verify: Verify) -> str:
    found: str = verify.endpoint("mysql", "writer")["host"]
    return found


def databases(cloud: TestCloud, host: str) -> set[str]:
    with cloud.administrator(host) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW DATABASES")
        return {row[0] for row in cursor.fetchall()}


def test_it_passes_twice_and_leaves_nothing(cloud: TestCloud, verify: Verify, host: str) -> None:
    for _ in range(2):
        done = verify("mysql")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step("select the three rows")[1] == "3 rows: bob_wilson, jane_smith, john_doe"
        assert done.step("clean up")[1] == "dropped testdb"
        assert "testdb" not in databases(cloud, host)


def test_keep_keeps_and_the_next_run_takes_it_over(
    cloud: TestCloud, verify: Verify, host: str
) -> None:
    assert verify("mysql", "--keep").code == 0
    assert "testdb" in databases(cloud, host)
    done = verify("mysql")
    assert done.code == 0
    assert done.step("no leftovers of an earlier run") == ("passed", "dropped testdb")
    assert "testdb" not in databases(cloud, host)


@pytest.mark.parametrize(
    ("foreign", "named"),
    [
        ("CREATE TABLE testdb.orders (id INT)", "the table orders"),
        (f"{COURSE_TABLE}; INSERT INTO testdb.users VALUES (1, 'me', 'my@own')", "1 rows of users"),
    ],
)
def test_what_somebody_else_made_is_left_alone(
    cloud: TestCloud, verify: Verify, host: str, foreign: str, named: str
) -> None:
    cloud.as_administrator(host, "CREATE DATABASE testdb", *statements(foreign))
    try:
        done = verify("mysql")
        assert done.code == 1
        assert set(done.failed) == {"no leftovers of an earlier run"}
        assert named in done.failed["no leftovers of an earlier run"]
        assert "testdb" in databases(cloud, host)
    finally:
        cloud.as_administrator(host, "DROP DATABASE testdb")


def test_settings_of_another_instance_fail_each_by_name(verify: Verify) -> None:
    verify.databases["mysql"]["instances"] = ["copy"]
    said = verify("mysql").failed["settings as RDS reports them"]
    assert "MultiAZ is False, not True" in said
    assert "BackupRetentionPeriod is 0, not at least 1" in said
    assert "MonitoringInterval" in said


def test_another_version_than_the_stack_says_fails(verify: Verify) -> None:
    verify.databases["mysql"] |= {"version": "8.0.36", "database": "another"}
    said = verify("mysql").failed["settings as RDS reports them"]
    assert "not '8.0.36'" in said
    assert "DBName is 'myappdb', not 'another'" in said


def test_a_server_that_takes_plain_text_fails(cloud: TestCloud, verify: Verify, host: str) -> None:
    cloud.as_administrator(host, "SET GLOBAL require_secure_transport = OFF")
    try:
        done = verify("mysql")
    finally:
        cloud.as_administrator(host, "SET GLOBAL require_secure_transport = ON")
    assert done.failed == {
        "a connection without TLS is refused": "a connection without TLS was accepted"
    }


def test_a_connection_without_tls_is_noticed(cloud: TestCloud, host: str) -> None:
    with (
        cloud.administrator(host) as connection,
        pytest.raises(StepFailed, match="no TLS cipher"),
    ):
        tls_in_use(Sql(connection, host, 5))


def test_a_client_that_believes_the_certificate_fails_the_wrong_ca(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Path(verify.record["access"]["ca_file"]).read_text()
    monkeypatch.setattr("verify.sql_checks.stranger", lambda: right)
    said = verify("mysql").failed["a wrong CA is refused"]
    assert said == "a client that trusts another CA accepted the server's certificate"


def test_a_user_without_rights_fails_where_it_writes(
    cloud: TestCloud, verify: Verify, host: str
) -> None:
    cloud.as_administrator(host, f"CREATE USER narrow@'%' IDENTIFIED BY '{PASSWORD}'")
    verify.databases["mysql"]["secret_arn"] = cloud.arns["narrow"]
    try:
        done = verify("mysql")
    finally:
        cloud.as_administrator(host, "DROP USER narrow@'%'")
    assert done.code == 1
    assert "(error 1044)" in done.failed["create testdb.users and insert three rows"]
    assert done.step("select the three rows")[0] == "skipped"


def test_rows_of_another_make_fail_the_select(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.course.SELECT_USERS", "SELECT * FROM users LIMIT 2")
    assert verify("mysql").failed["select the three rows"].startswith("SELECT returned [(")
