"""`python -m verify.failover` on real servers; each promise it looks at can be broken."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from contract import Database, Endpoint
from localcloud.faults import Fault, command, inflict
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD, USER
from verify.audit import History
from verify.aws import Credentials
from verify.deadline import Deadline
from verify.dialects import MYSQL
from verify.drill.cache_client import RedisClient
from verify.drill.clients import PATIENCE_S, Client
from verify.drill.sql_client import SqlClient, create
from verify.errors import DeadlineExceeded, VerifyError
from verify.failover import main
from verify.sql import open_connection

NOTICED_S = 1.5


class Failover:
    """The command in this process, on a record that a test may bend first."""

    def __init__(self, record: Verify, capsys: pytest.CaptureFixture[str]) -> None:
        self.record = record
        self.out = self.err = ""
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        self._capsys.readouterr()
        report = self.record.json
        report.unlink(missing_ok=True)
        code = main(
            ["--outputs", str(self.record.write()), "--json", str(report),
             "--within", "15", *arguments]
        )  # fmt: skip
        self.out, self.err = self._capsys.readouterr()
        written = report.read_text() if report.exists() else ""
        return code, json.loads(written)["drills"] if written else []


@pytest.fixture
def failover(verify: Verify, capsys: pytest.CaptureFixture[str]) -> Failover:
    return Failover(verify, capsys)


def test_aurora_fails_over_to_the_chosen_reader(failover: Failover, tmp_path: Path) -> None:
    code, (drill,) = failover("aurora", "--to", "reader-2", "--logs", str(tmp_path))
    assert code == 0, failover.out + failover.err
    (run,) = drill["runs"]
    writer = run["measured"]["endpoints"][0]
    assert (writer["before"], writer["after"]) == (["writer"], ["reader-2"])
    assert 0 < run["measured"]["write_outage"]["seconds"] < 10
    assert run["audit"]["rows"]["acknowledged"] > 100
    assert run["audit"]["bank"]["reads"] > 5
    messages = [event["message"] for event in run["events"]]
    assert "Completed failover to DB instance: reader-2" in messages
    assert all(-1 <= e["at"] - run["measured"]["triggered_at"] < 10 for e in run["events"])
    # The log holds what was acknowledged, one line a write.
    (log,) = tmp_path.glob("*.jsonl")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    adds = [x for x in lines if x["op"]["f"] == "add" and x["outcome"] == "ok"]
    assert len(adds) == run["audit"]["rows"]["acknowledged"]
    assert History.model_validate(run["history"]).records
    assert "promised: Aurora: less than 30 s" in failover.out
    # Back to where the other tests expect it.
    code, _ = failover("aurora", "--to", "writer")
    assert code == 0, failover.out + failover.err


def test_an_instance_with_a_standby(failover: Failover) -> None:
    code, (drill,) = failover("mysql")
    assert code == 0, failover.out + failover.err
    (run,) = drill["runs"]
    assert run["asked"] == "RebootDBInstance of source with ForceFailover"
    assert run["measured"]["detected_after_s"] is not None
    assert "DB instance restarted" in [event["message"] for event in run["events"]]


def test_a_cache_is_drilled_without_and_with_wait(failover: Failover) -> None:
    code, drills = failover("redis", "--runs", "2")
    assert code == 0, failover.out + failover.err
    without, with_wait = drills
    assert without["may_lose"] is not None
    assert with_wait["may_lose"] is None
    assert [len(run["audit"]["rows"]["lost"]) for run in with_wait["runs"]] == [0, 0]
    assert failover.out.count("2 runs: write outage min ") == 2


def test_a_trigger_is_told_the_writer(failover: Failover, tmp_path: Path) -> None:
    told = tmp_path / "told"
    code, _ = failover(
        "aurora", "--within", "0.3", "--trigger",
        f'echo "$DATABASE_MEMBER $DATABASE_REGION" > {told}', "--afterwards", f"touch {told}-2",
    )  # fmt: skip
    assert told.read_text() == "writer us-east-1\n"
    assert Path(f"{told}-2").exists()
    # It triggered nothing, which is no failover that went well.
    assert code == 1
    assert "BROKEN: nobody wrote again in time, or nothing was interrupted" in failover.out


def test_a_fault_is_done_where_the_cloud_can(cloud: TestCloud, failover: Failover) -> None:
    code, _ = failover("aurora", "--by", "kill")
    assert code == 2
    assert failover.err.startswith("verify: --by kill: this cloud has no command for faults; ")
    failover.record.record["access"]["faults"] = command(cloud.site)
    code, (drill,) = failover("aurora", "--by", "kill")
    assert code == 0, failover.out + failover.err
    (run,) = drill["runs"]
    assert run["asked"] == "kill of writer"
    assert run["measured"]["endpoints"][0]["after"] != ["writer"]
    # Back to where the other tests expect it.
    assert failover("aurora", "--to", "writer")[0] == 0, failover.out + failover.err


def test_a_trigger_that_fails_is_no_drill(failover: Failover) -> None:
    code, _ = failover("aurora", "--trigger", "echo nothing like it >&2; exit 3")
    assert code == 2
    assert failover.err == (
        "verify: `echo nothing like it >&2; exit 3` ended with exit code 3: nothing like it\n"
    )


def test_production_is_refused(cloud: TestCloud, failover: Failover) -> None:
    rds = cloud.client("rds")
    rds.modify_db_cluster(DBClusterIdentifier="cluster", DeletionProtection=True)
    try:
        code, drills = failover("redis")
        assert (code, drills) == (2, [])
        assert failover.err == (
            "verify: stack 'dev' is marked production: RDS reports deletion protection on aurora; "
            "--yes-fail-over-production fails it over all the same\n"
        )
        assert failover("redis", "--yes-fail-over-production")[0] == 0
    finally:
        rds.modify_db_cluster(DBClusterIdentifier="cluster", DeletionProtection=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "'nothing' is no database of the stack"),
        (("copy",), "there is no drill for copy, which is read-replica"),
        (("aurora", "--to", "source"), "'source' is not a reader of cluster"),
        (("mysql", "--to", "source"), "mysql fails over to whom AWS chooses"),
    ],
)
def test_what_cannot_be_drilled(failover: Failover, arguments: tuple[str, ...], said: str) -> None:
    code, _ = failover(*arguments)
    assert code == 2
    assert said in failover.err
    assert failover.err.count("\n") == 1


def test_an_instance_without_a_standby(cloud: TestCloud, failover: Failover) -> None:
    rds = cloud.client("rds")
    change = {"DBInstanceIdentifier": "source", "ApplyImmediately": True}
    rds.modify_db_instance(**change, MultiAZ=False)
    try:
        code, _ = failover("mysql")
        assert code == 2
        assert "mysql has no standby: RDS reports MultiAZ false" in failover.err
    finally:
        rds.modify_db_instance(**change, MultiAZ=True)


def test_a_write_that_comes_late_is_in_no_other_drill(verify: Verify) -> None:
    """A cut held two rows back; after its end they were in the next drill's table: "twice"."""
    ca = verify.record["access"]["ca_file"]
    endpoint = Endpoint.model_validate(verify.endpoint("mysql", "writer"))
    database = Database.model_validate(verify.databases["mysql"])
    credentials = _drill_database(endpoint, ca)
    late = SqlClient.open(database, endpoint, credentials, ca)
    late.add(1)
    _drill_database(endpoint, ca)
    with pytest.raises(VerifyError):
        late.add(2)
    assert SqlClient.open(database, endpoint, credentials, ca).elements() == ()


def test_silence_is_noticed_in_time(cloud: TestCloud, verify: Verify) -> None:
    ca = verify.record["access"]["ca_file"]
    redis = Database.model_validate(verify.databases["redis"])
    mysql = Endpoint.model_validate(verify.endpoint("mysql", "writer"))
    primary = redis.endpoint("primary")
    login = Credentials(None, PASSWORD)
    cache, cache_again = (
        RedisClient.open(redis, primary, login, ca, confirmed=True) for _ in range(2)
    )
    credentials = _drill_database(mysql, ca)
    database = Database.model_validate(verify.databases["mysql"])
    sql, sql_again = (SqlClient.open(database, mysql, credentials, ca) for _ in range(2))
    silences: tuple[tuple[Client, str, Fault], ...] = (
        (cache, "cache-001", "stop"), (cache_again, "cache-001", "cut"),
        (sql, "source", "stop"), (sql_again, "source", "cut"),
    )  # fmt: skip
    for client, identifier, fault in silences:
        inflict(cloud.site, fault, identifier)
        try:
            time.sleep(0.1)
            started = time.monotonic()
            with pytest.raises(DeadlineExceeded):
                client.look()
            assert PATIENCE_S / 2 < time.monotonic() - started < NOTICED_S
        finally:
            inflict(cloud.site, "continue", identifier)
            client.close()


def _drill_database(endpoint: Endpoint, ca: str) -> Credentials:
    """The place that a drill makes, and who may use it."""
    credentials = Credentials(USER, PASSWORD)
    session = open_connection(endpoint, credentials, Deadline(5), ca=ca)
    create(session, MYSQL)
    session.close()
    return credentials
