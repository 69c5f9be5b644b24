"""Practice 3 on a real PostgreSQL cluster: it passes, and each of its checks can fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.localcloud.fleet_site import eventually
from tests.verify.cloud import TestCloud
from tests.verify.clusters import MEMBERS, all_silent, lead, perform, verify
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from tests.verify.engines import USER, as_administrator
from tests.verify.test_never_hangs import soon
from verify.audit_log import STATEMENT
from verify.aurora import COUNT, CREATE
from verify.aurora_postgres import AuroraPostgres
from verify.cluster import CONNECT, SETTINGS, WRITER

__all__ = ["verify"]
CUSTOM = "custom endpoint reports reaches only its members"
READERS = "the reader endpoint reaches every reader"
REFUSED = "a write through the reader endpoint is refused"
LEFTOVERS = "no leftovers of an earlier run"


def host_of(verify: Verify, role: str) -> str:
    found: str = verify.endpoint("shop", role)["host"]
    return found


def databases(cloud: TestCloud, host: str) -> set[str]:
    return {row[0] for row in as_administrator(cloud, host, "SELECT datname FROM pg_database")}


def writer_host(verify: Verify) -> str:
    lead(verify, "shop", "writer", "shop-a")
    return host_of(verify, "writer")


def test_it_passes_twice_and_names_the_servers(verify: Verify) -> None:
    for _ in range(2):
        done = verify("aurora_postgres")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step(WRITER)[1] == "shop-a, as RDS reports"
        assert done.step(CREATE)[1] == "3 rows of 1000 characters, written by shop-a"
        assert done.step(COUNT)[1].startswith("COUNT(*) = 3 at shop-")
        assert "shop-a" not in done.step(COUNT)[1]
        assert {"shop-b", "shop-c"} <= set(done.step(READERS)[1].replace("x", "").split())
        assert "(error 25006) at shop-" in done.step(REFUSED)[1]
        assert done.step(CUSTOM)[1] == "reached shop-c"
        assert done.step("TLS in use")[1].startswith("TLSv1.3 TLS_")
        refused = done.step("a connection without TLS is refused")[1]
        assert "no encryption (error 28000)" in refused
        assert done.step("clean up")[1] == "dropped auroratest"


def test_it_follows_a_failover(cloud: TestCloud, verify: Verify) -> None:
    rds = cloud.client("rds")
    for writer in ("shop-b", "shop-a"):
        rds.failover_db_cluster(DBClusterIdentifier="shop", TargetDBInstanceIdentifier=writer)
        done = verify("aurora_postgres")
        assert done.code == 0, done.out + done.err
        assert done.step(WRITER)[1] == f"{writer}, as RDS reports"


def test_a_writer_endpoint_that_leads_to_a_reader_fails(verify: Verify) -> None:
    lead(verify, "shop", "writer", "shop-b")
    done = verify("aurora_postgres")
    assert done.code == 1
    assert done.failed[WRITER] == "it leads to shop-b, RDS reports ['shop-a'] as writer"
    assert "(error 25006)" in done.failed[CREATE]
    assert done.step(COUNT)[0] == "skipped"


def test_a_reader_endpoint_that_leads_to_the_writer_fails(verify: Verify) -> None:
    lead(verify, "shop", "reader", "shop-a")
    assert verify("aurora_postgres").failed == {
        REFUSED: "the write was accepted",
        READERS: "it led to shop-a, which is not one of ['shop-b', 'shop-c']",
    }


def test_a_reader_that_is_never_reached_is_named(verify: Verify) -> None:
    lead(verify, "shop", "reader", "shop-b")
    done = verify("aurora_postgres", "--timeout", "1")
    assert set(done.failed) == {READERS}
    assert "it never led to ['shop-c'], only shop-b 1" in done.failed[READERS]
    assert done.seconds < 12


@contextmanager
def replaying_nothing(cloud: TestCloud, host: str) -> Iterator[None]:
    as_administrator(cloud, host, "SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        as_administrator(cloud, host, "SELECT pg_wal_replay_resume()")


def test_rows_that_do_not_arrive_fail_within_the_deadline(cloud: TestCloud, verify: Verify) -> None:
    lead(verify, "shop", "reader", "shop-b")
    host = host_of(verify, "reader")
    # Those of an earlier run would be counted.
    eventually(lambda: "auroratest" not in databases(cloud, host), "the reader has dropped it", 30)
    with replaying_nothing(cloud, host):
        done = verify("aurora_postgres", "--timeout", "1")
    assert done.failed[COUNT] == "it still counts 0 rows, not 3, at shop-b after 1 s"
    assert done.seconds < 12


def test_a_reader_half_way_through_a_drop_is_waited_for(cloud: TestCloud, verify: Verify) -> None:
    """ "cannot connect to invalid database": the exercise took it for the server's last word."""
    lead(verify, "shop", "reader", "shop-b")
    writer, reader = writer_host(verify), host_of(verify, "reader")
    eventually(lambda: "auroratest" not in databases(cloud, writer), "it is dropped", 30)
    as_administrator(cloud, writer, f"CREATE DATABASE auroratest OWNER {USER}")
    half = "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'auroratest'"
    as_administrator(cloud, writer, half)
    at_reader = "SELECT 1 FROM pg_database WHERE datname = 'auroratest' AND datconnlimit = -2"
    eventually(lambda: as_administrator(cloud, reader, at_reader) == [(1,)], "it arrives", 30)
    with replaying_nothing(cloud, reader):
        done = verify("aurora_postgres", "--timeout", "1")
    assert done.failed[COUNT] == "it still counts 0 rows, not 3, at shop-b after 1 s"
    assert done.step(LEFTOVERS) == ("passed", "dropped auroratest")


def test_a_custom_endpoint_that_reaches_others_fails(verify: Verify) -> None:
    lead(verify, "shop", "custom", "shop-b")
    assert verify("aurora_postgres").failed == {
        CUSTOM: "it reached ['shop-b'], its members are ['shop-c']"
    }


def test_members_and_versions_that_rds_does_not_report_fail(verify: Verify) -> None:
    verify.databases["shop"]["instances"] = ["shop-a", "shop-b"]
    done = verify("aurora_postgres", "--timeout", "1")
    assert done.failed[SETTINGS] == (
        "members are ['shop-a', 'shop-b', 'shop-c'], not ['shop-a', 'shop-b']"
    )
    verify.databases["shop"] |= {"instances": list(MEMBERS), "version": "16.8"}
    assert verify("aurora_postgres").failed == {SETTINGS: "EngineVersion is '17.7', not '16.8'"}


def test_members_in_one_zone_fail(cloud: TestCloud, verify: Verify) -> None:
    verify.databases["shop"]["instances"] = ["shop-a", "shop-a"]
    said = verify("aurora_postgres", "--timeout", "1").failed["members in different zones"]
    assert said == "all members are in zone us-east-1a"


def test_a_cluster_that_takes_plain_text_fails(cloud: TestCloud, verify: Verify) -> None:
    rds, group = cloud.client("rds"), {"DBClusterParameterGroupName": "shop"}
    parameter = {"ParameterName": "rds.force_ssl", "ApplyMethod": "immediate"}
    rds.modify_db_cluster_parameter_group(**group, Parameters=[parameter | {"ParameterValue": "0"}])
    try:
        done = verify("aurora_postgres")
    finally:
        back = [parameter | {"ParameterValue": "1"}]
        rds.modify_db_cluster_parameter_group(**group, Parameters=back)
    assert done.failed == {
        "a connection without TLS is refused": "a connection without TLS was accepted"
    }


def test_what_somebody_else_made_is_left_alone(cloud: TestCloud, verify: Verify) -> None:
    host = writer_host(verify)
    as_administrator(cloud, host, f"CREATE DATABASE auroratest OWNER {USER}")
    with psycopg.connect(
        host=host, user=USER, password=PASSWORD, dbname="auroratest", autocommit=True
    ) as connection:
        connection.execute("CREATE TABLE mine (id INT)")
    try:
        done = verify("aurora_postgres")
        assert "the table mine" in done.failed[LEFTOVERS]
        assert done.step(CREATE)[0] == "skipped"
        assert "auroratest" in databases(cloud, host)
    finally:
        as_administrator(cloud, host, "DROP DATABASE auroratest")


def test_a_wrong_secret_is_said_and_nothing_is_made(cloud: TestCloud, verify: Verify) -> None:
    verify.databases["shop"]["secret_arn"] = cloud.client("secretsmanager").create_secret(
        Name="not-of-the-shop", SecretString=json.dumps({"username": USER, "password": "wrong-one"})
    )["ARN"]
    done = verify("aurora_postgres")
    assert done.code == 1
    (said,) = done.failed.values()
    assert said.endswith("does not accept the user and password of the secret (error 28P01)")
    assert "wrong-one" not in done.out + done.err


def test_a_stopped_cluster_could_not_be_examined(cloud: TestCloud, verify: Verify) -> None:
    host = writer_host(verify)
    with all_silent(cloud, ["shop-a"]), soon():
        done = verify("aurora_postgres", "--timeout", "1")
    assert done.code == 2, done.out
    assert f"{host}:5432 does not answer within 2 s" in done.err


def test_a_writer_that_falls_silent_half_way_fails_the_rest_in_time(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead(verify, "shop", "writer", "shop-a")
    silence = all_silent(cloud, ["shop-a"])

    def stop(_: AuroraPostgres) -> str:
        silence.__enter__()
        return "stopped"

    monkeypatch.setattr(AuroraPostgres, "_settings", stop)
    try:
        done = verify("aurora_postgres", "--timeout", "1")
    finally:
        silence.__exit__(None, None, None)
    assert done.code == 1
    assert done.step(CONNECT)[0] == "passed"
    assert done.failed["TLS in use"].endswith("gave no answer within 2 s")
    assert done.step(COUNT)[0] == "skipped"
    assert "Traceback" not in done.err


def test_security_on_it(verify: Verify) -> None:
    done = perform(verify, "security", "shop")
    assert done.code == 0, done.out + done.err
    (found,) = done.exercises
    # Its kind cannot audit.
    assert [s["name"] for s in found["steps"] if s["status"] != "passed"] == [STATEMENT]
