"""Two standbys that read, on real servers: it passes, and each of its checks can fail."""

from __future__ import annotations

import json

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.clusters import STANDBYS, all_silent, lead, perform, verify
from tests.verify.command import Verify
from tests.verify.engines import USER, as_administrator
from tests.verify.test_never_hangs import soon
from verify.audit_log import STATEMENT
from verify.cluster import SETTINGS, WRITER
from verify.multi_az import COUNT, CREATE, EVERYWHERE, MEMBERS, MultiAz

__all__ = ["verify"]
BOTH = "the reader endpoint reaches both standbys"
REFUSED = "a write through the reader endpoint is refused"
PLAIN = "a connection without TLS is refused"
CODES = {"bookings": "25006", "stock": "1290"}
CLUSTERS = pytest.mark.parametrize("name", ["bookings", "stock"])


@CLUSTERS
def test_it_passes_twice_and_names_the_members(verify: Verify, name: str) -> None:
    first, *others = STANDBYS[name]
    for _ in range(2):
        done = perform(verify, "multi_az", name)
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step(MEMBERS)[1] == ", ".join(STANDBYS[name])
        assert done.step(WRITER)[1] == f"{first}, as RDS reports"
        assert "3 members, EngineVersion" in done.step(SETTINGS)[1]
        assert "MultiAZ True, DBClusterInstanceClass db.m6gd.large" in done.step(SETTINGS)[1]
        assert done.step(COUNT)[1].startswith(f"COUNT(*) = 3 at {name}-instance-")
        assert f"(error {CODES[name]}) at {name}-instance-" in done.step(REFUSED)[1]
        assert set(others) <= set(done.step(BOTH)[1].replace(",", "").split())
        assert done.step(EVERYWHERE)[1].count("3 rows: bob_wilson, jane_smith, john_doe") == 3
        zones = done.step("members in different zones")[1]
        assert {f"us-east-1{zone}" in zones for zone in "abc"} == {True}
        assert done.step("clean up")[1] == "dropped testdb"


@CLUSTERS
def test_security_on_it(verify: Verify, name: str) -> None:
    done = perform(verify, "security", name)
    assert done.code == 0, done.out + done.err
    (found,) = done.exercises
    # Its kind cannot audit.
    assert [s["name"] for s in found["steps"] if s["status"] != "passed"] == [STATEMENT]


@CLUSTERS
def test_it_follows_a_failover(cloud: TestCloud, verify: Verify, name: str) -> None:
    rds = cloud.client("rds")
    for writer in (STANDBYS[name][1], STANDBYS[name][0]):
        rds.failover_db_cluster(DBClusterIdentifier=name, TargetDBInstanceIdentifier=writer)
        done = perform(verify, "multi_az", name)
        assert done.code == 0, done.out + done.err
        assert done.step(WRITER)[1] == f"{writer}, as RDS reports"


@CLUSTERS
def test_a_writer_endpoint_that_leads_to_a_standby_fails(verify: Verify, name: str) -> None:
    first, second, _ = STANDBYS[name]
    lead(verify, name, "writer", second)
    done = perform(verify, "multi_az", name)
    assert done.failed[WRITER] == f"it leads to {second}, RDS reports ['{first}'] as writer"
    assert f"(error {CODES[name]})" in done.failed[CREATE]
    assert done.step(COUNT)[0] == "skipped"


@CLUSTERS
def test_a_standby_that_takes_writes_and_one_never_reached_fail(verify: Verify, name: str) -> None:
    first, second, third = STANDBYS[name]
    lead(verify, name, "reader", first)
    assert perform(verify, "multi_az", name).failed == {
        REFUSED: "the write was accepted",
        BOTH: f"it led to {first}, which is not one of ['{second}', '{third}']",
    }
    lead(verify, name, "reader", third)
    done = perform(verify, "multi_az", name, "--timeout", "1")
    assert set(done.failed) == {BOTH}
    assert f"it never led to ['{second}'], only {third} 1" in done.failed[BOTH]


@CLUSTERS
def test_two_addresses_of_one_server_fail(verify: Verify, name: str) -> None:
    _, second, third = STANDBYS[name]
    endpoints = verify.databases[name]["endpoints"]
    host = next(e["host"] for e in endpoints if e.get("name") == second)
    next(e for e in endpoints if e.get("name") == third)["host"] = host
    said = perform(verify, "multi_az", name).failed[MEMBERS]
    assert said.startswith(f"the addresses of {second} and {third} lead to one server ")


def test_a_standby_that_shows_nothing_fails_within_the_deadline(
    cloud: TestCloud, verify: Verify
) -> None:
    second = STANDBYS["bookings"][1]
    lead(verify, "bookings", "reader", second)
    host = verify.endpoint("bookings", "reader")["host"]
    as_administrator(cloud, host, "SELECT pg_wal_replay_pause()")
    try:
        done = perform(verify, "multi_az", "bookings", "--timeout", "1")
    finally:
        as_administrator(cloud, host, "SELECT pg_wal_replay_resume()")
    assert done.failed[COUNT] == f"it still counts 0 rows, not 3, at {second} after 1 s"
    assert done.step(EVERYWHERE)[0] == "skipped"


@CLUSTERS
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": "5.7"}, "not '5.7'"),
        ({"instances": ["one", "two", "three"]}, "not ['one', 'three', 'two']"),
    ],
)
def test_what_rds_does_not_report_fails(
    verify: Verify, name: str, changes: dict[str, object], says: str
) -> None:
    verify.databases[name] |= changes
    assert says in perform(verify, "multi_az", name, "--timeout", "1").failed[SETTINGS]


PARAMETERS = {"bookings": "rds.force_ssl", "stock": "require_secure_transport"}


@CLUSTERS
def test_a_cluster_that_takes_plain_text_fails(cloud: TestCloud, verify: Verify, name: str) -> None:
    rds, group = cloud.client("rds"), {"DBClusterParameterGroupName": name}
    parameter = {"ParameterName": PARAMETERS[name], "ApplyMethod": "immediate"}
    rds.modify_db_cluster_parameter_group(**group, Parameters=[parameter | {"ParameterValue": "0"}])
    try:
        done = perform(verify, "multi_az", name)
    finally:
        back = [parameter | {"ParameterValue": "1"}]
        rds.modify_db_cluster_parameter_group(**group, Parameters=back)
    assert done.failed == {PLAIN: "a connection without TLS was accepted"}


@CLUSTERS
def test_a_wrong_secret_is_said_and_nothing_is_made(
    cloud: TestCloud, verify: Verify, name: str
) -> None:
    verify.databases[name]["secret_arn"] = cloud.client("secretsmanager").create_secret(
        Name=f"not-of-{name}", SecretString=json.dumps({"username": USER, "password": "wrong-one"})
    )["ARN"]
    done = perform(verify, "multi_az", name)
    assert done.code == 1
    (said,) = done.failed.values()
    assert "does not accept the user and password of the secret" in said
    assert "wrong-one" not in done.out + done.err


@CLUSTERS
def test_a_stopped_cluster_could_not_be_examined(
    cloud: TestCloud, verify: Verify, name: str
) -> None:
    lead(verify, name, "writer", STANDBYS[name][0])
    with all_silent(cloud, STANDBYS[name][:1]), soon():
        done = perform(verify, "multi_az", name, "--timeout", "1")
    assert done.code == 2, done.out
    assert "does not answer within" in done.err


@CLUSTERS
def test_a_cluster_that_falls_silent_half_way_fails_the_rest_in_time(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    lead(verify, name, "writer", STANDBYS[name][0])
    silence = all_silent(cloud, STANDBYS[name])

    def stop(_: MultiAz) -> str:
        silence.__enter__()
        return "stopped"

    monkeypatch.setattr(MultiAz, "_settings", stop)
    try:
        done = perform(verify, "multi_az", name, "--timeout", "1")
    finally:
        silence.__exit__(None, None, None)
    assert done.code == 1
    assert "gave no answer within" in done.failed["TLS in use"]
    assert done.step(COUNT)[0] == "skipped"
    assert "Traceback" not in done.err
