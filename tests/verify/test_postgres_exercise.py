"""Practice 1 and 2 on real PostgreSQL servers: they pass, and each of their checks can fail."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psycopg
import pytest

from contract import Endpoint
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from tests.verify.engines import USER, as_administrator, silent, verify
from tests.verify.test_never_hangs import soon
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.errors import DeadlineExceeded, NotTrusted, StepFailed, Unreachable
from verify.instance import Instance
from verify.postgres_sql import open_connection

__all__ = ["verify"]
LAG = "rows arrive at the replica"
LEFTOVERS = "no leftovers of an earlier run"
COURSE_TABLE = "CREATE TABLE users (id INT, username VARCHAR(50), email VARCHAR(100))"


@pytest.fixture
def host(verify: Verify) -> str:
    found: str = verify.endpoint("ledger", "writer")["host"]
    return found


@pytest.fixture
def copy(verify: Verify) -> str:
    found: str = verify.endpoint("ledger-copy", "reader")["host"]
    return found


def databases(cloud: TestCloud, host: str) -> set[str]:
    return {row[0] for row in as_administrator(cloud, host, "SELECT datname FROM pg_database")}


def in_testdb(verify: Verify, *statements: str) -> None:
    endpoint = verify.endpoint("ledger", "writer")
    with psycopg.connect(
        host=endpoint["host"],
        user=USER,
        password=PASSWORD,
        dbname="testdb",
        sslmode="require",
        autocommit=True,
    ) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_it_passes_twice_and_leaves_nothing(cloud: TestCloud, verify: Verify, host: str) -> None:
    for _ in range(2):
        done = verify("postgres")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step("select the three rows")[1] == "3 rows: bob_wilson, jane_smith, john_doe"
        assert done.step("TLS in use")[1].startswith("TLSv1.3 TLS_")
        refused = done.step("a connection without TLS is refused")[1]
        assert "no encryption (error 28000)" in refused
        assert done.step("clean up")[1] == "dropped testdb"
        assert "testdb" not in databases(cloud, host)


def test_keep_keeps_and_the_next_run_takes_it_over(
    cloud: TestCloud, verify: Verify, host: str
) -> None:
    assert verify("postgres", "--keep").code == 0
    assert "testdb" in databases(cloud, host)
    done = verify("postgres")
    assert done.code == 0
    assert done.step(LEFTOVERS) == ("passed", "dropped testdb")
    assert "testdb" not in databases(cloud, host)


@pytest.mark.parametrize(
    ("foreign", "named"),
    [
        (("CREATE TABLE orders (id INT)",), "the table orders"),
        (("CREATE VIEW mine AS SELECT 1",), "the table mine"),
        (("CREATE SCHEMA own", "CREATE TABLE own.orders (id INT)"), "the table orders"),
        ((COURSE_TABLE, "INSERT INTO users VALUES (1, 'me', 'my@own')"), "1 rows of users"),
    ],
)
def test_what_somebody_else_made_is_left_alone(
    cloud: TestCloud, verify: Verify, host: str, foreign: tuple[str, ...], named: str
) -> None:
    as_administrator(cloud, host, f"CREATE DATABASE testdb OWNER {USER}")
    in_testdb(verify, *foreign)
    try:
        done = verify("postgres")
        assert done.code == 1
        assert set(done.failed) == {LEFTOVERS}
        assert named in done.failed[LEFTOVERS]
        assert "testdb" in databases(cloud, host)
    finally:
        as_administrator(cloud, host, "DROP DATABASE testdb")


def test_a_server_that_takes_plain_text_fails(cloud: TestCloud, verify: Verify) -> None:
    rds = cloud.client("rds")
    parameter = {"ParameterName": "rds.force_ssl", "ApplyMethod": "immediate"}
    group = {"DBParameterGroupName": "ledger"}
    rds.modify_db_parameter_group(**group, Parameters=[parameter | {"ParameterValue": "0"}])
    try:
        done = verify("postgres")
    finally:
        rds.modify_db_parameter_group(**group, Parameters=[parameter | {"ParameterValue": "1"}])
    assert done.failed == {
        "a connection without TLS is refused": "a connection without TLS was accepted"
    }
    assert verify("postgres").code == 0


def test_a_client_that_believes_the_certificate_fails_the_wrong_ca(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Path(verify.record["access"]["ca_file"]).read_text()
    monkeypatch.setattr("verify.sql_checks.stranger", lambda: right)
    said = verify("postgres").failed["a wrong CA is refused"]
    assert said == "a client that trusts another CA accepted the server's certificate"


def test_a_certificate_of_another_address_is_not_trusted(verify: Verify, copy: str) -> None:
    ca = verify.record["access"]["ca_file"]
    endpoint = Endpoint(role="writer", host="localhost", port=5432)
    with pytest.raises((NotTrusted, Unreachable)):
        open_connection(endpoint, Credentials(USER, PASSWORD), Deadline(2), ca=ca)


def test_a_wrong_secret_is_said_and_nothing_is_made(cloud: TestCloud, verify: Verify) -> None:
    secret = cloud.client("secretsmanager").create_secret(
        Name="not-of-the-app", SecretString=json.dumps({"username": USER, "password": "wrong-one"})
    )["ARN"]
    verify.databases["ledger"]["secret_arn"] = secret
    done = verify("postgres")
    assert done.code == 1
    (said,) = done.failed.values()
    assert said.endswith("does not accept the user and password of the secret (error 28P01)")
    assert "wrong-one" not in done.out + done.err


def test_a_user_without_rights_fails_where_it_writes(
    cloud: TestCloud, verify: Verify, host: str
) -> None:
    as_administrator(cloud, host, f"ALTER ROLE {USER} NOCREATEDB")
    try:
        done = verify("postgres")
    finally:
        as_administrator(cloud, host, f"ALTER ROLE {USER} CREATEDB")
    assert "(error 42501)" in done.failed["create testdb.users and insert three rows"]
    assert done.step("select the three rows")[0] == "skipped"


def test_a_stopped_server_could_not_be_examined(cloud: TestCloud, verify: Verify) -> None:
    with silent(cloud, "ledger"), soon():
        done = verify("postgres", "--timeout", "1")
    assert done.code == 2, done.out
    assert "does not answer within 2 s" in done.err
    assert verify("postgres").code == 0


def test_a_server_that_falls_silent_half_way_fails_the_rest_in_time(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = silent(cloud, "ledger")

    def stop(_: Instance) -> str:
        silence.__enter__()
        return "stopped"

    monkeypatch.setattr(Instance, "_settings", stop)
    try:
        done = verify("postgres", "--timeout", "1")
    finally:
        silence.__exit__(None, None, None)
    assert done.code == 1
    assert done.failed["TLS in use"].endswith("gave no answer within 2 s")
    assert done.step("select the three rows")[0] == "skipped"
    assert "Traceback" not in done.err
    assert done.seconds < 12


def test_a_server_that_falls_silent_fails_the_statement_and_closes_at_once(
    cloud: TestCloud, verify: Verify
) -> None:
    endpoint = Endpoint.model_validate(verify.endpoint("ledger", "writer"))
    ca = verify.record["access"]["ca_file"]
    sql = open_connection(endpoint, Credentials(USER, PASSWORD), Deadline(1), ca=ca)
    with silent(cloud, "ledger"), soon():
        with pytest.raises(DeadlineExceeded, match="gave no answer within 2 s"):
            sql.run("SELECT 1")
        sql.close()
    with pytest.raises(StepFailed, match="the connection is closed"):
        sql.run("SELECT 1")


def test_a_statement_that_takes_too_long_is_ended_on_the_server_too(
    cloud: TestCloud, verify: Verify, host: str
) -> None:
    endpoint = Endpoint.model_validate(verify.endpoint("ledger", "writer"))
    ca = verify.record["access"]["ca_file"]
    sql = open_connection(endpoint, Credentials(USER, PASSWORD), Deadline(1), ca=ca)
    with soon(), pytest.raises(DeadlineExceeded):
        sql.run("SELECT pg_sleep(60)")
    sql.close()
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
    with soon():
        while as_administrator(cloud, host, asleep) != [(0,)]:
            pass


def test_the_replica_passes_twice_and_measures_the_lag(verify: Verify) -> None:
    for _ in range(2):
        done = verify("replica", "--keep")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert re.fullmatch(
            r"20 heartbeats, from commit to visible: "
            r"min [\d.]+ ms, median [\d.]+ ms, max [\d.]+ ms",
            done.step(LAG)[1],
        )
        assert "(error 25006)" in done.step("insert on the replica is refused")[1]
    assert verify("replica").step("clean up")[1] == "dropped testdb"


def test_a_replica_that_does_not_replicate_fails_within_the_deadline(
    cloud: TestCloud, verify: Verify, copy: str
) -> None:
    as_administrator(cloud, copy, "SELECT pg_wal_replay_pause()")
    try:
        done = verify("replica", "--timeout", "1")
    finally:
        as_administrator(cloud, copy, "SELECT pg_wal_replay_resume()")
    assert done.code == 1
    assert done.failed == {
        LAG: "heartbeat 1 did not reach the replica within 1 s: it does not replicate, "
        "or lags behind"
    }
    assert done.seconds < 5
    assert verify("replica").code == 0


def test_a_replica_that_takes_writes_fails(verify: Verify, host: str) -> None:
    verify.endpoint("ledger-copy", "reader")["host"] = host
    assert verify("replica").failed == {
        "insert on the replica is refused": "the write was accepted"
    }


def test_mariadb_takes_the_course_s_statements_as_they_are(verify: Verify) -> None:
    for _ in range(2):
        done = verify("mariadb")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert "MariaDB" in done.step("connect with a verified certificate")[1]


def test_mariadb_of_another_version_than_the_stack_says_fails(verify: Verify) -> None:
    verify.databases["wiki"] |= {"version": "10.11.19"}
    said = verify("mariadb").failed["settings as RDS reports them"]
    assert said == "EngineVersion is '11.4.13', not '10.11.19'"


def test_an_engine_whose_sql_no_exercise_speaks_stops_only_itself(verify: Verify) -> None:
    verify.databases["ledger"]["engine"] = "db2"
    done = verify("postgres", "mariadb")
    assert done.code == 2
    assert "no exercise speaks the SQL of db2" in done.err
    assert [e["status"] for e in done.exercises] == ["passed", "not-run"]
