"""The lag on real servers: it passes twice, and each of its steps can fail."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Finished, Verify
from verify.lag.exercise import ALARMS, CONNECT
from verify.lag.sql_source import SqlSource
from verify.lag.watch import observe

COPIES = {
    "aurora": {"reader-1", "reader-2"},
    "mysql": {"copy"},
    "redis": {"cache-002", "cache-003"},
}
FACTS = r"\d+ heartbeats, p50 [\d.]+ ms, p95 [\d.]+ ms, max [\d.]+ ms"
SHORT = ("--seconds", "1")


def lag(verify: Verify, *words: str) -> Finished:
    return verify(*words, exercises=("lag",))


@contextmanager
def alarm(cloud: TestCloud, threshold: float, **more: Any) -> Iterator[None]:
    watch = cloud.client("cloudwatch")
    facts = {
        "AlarmName": "copy-lag",
        "Namespace": "AWS/RDS",
        "MetricName": "ReplicaLag",
        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "copy"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": threshold,
    }
    watch.put_metric_alarm(**(facts | more))
    try:
        yield
    finally:
        watch.delete_alarms(AlarmNames=[(facts | more)["AlarmName"]])


def test_it_passes_twice_and_measures_every_copy_at_rest_and_under_load(verify: Verify) -> None:
    for _ in range(2):
        done = lag(verify, *SHORT, "--rate", "50")
        assert done.code == 0, done.out + done.err
        assert {
            e["database"]: {c["copy_name"] for c in e["lags"]} for e in done.exercises
        } == COPIES
        for found in (each for e in done.exercises for each in e["lags"]):
            assert [phase["name"] for phase in found["phases"]] == ["at rest", "under load"]
            assert all(phase["beats"] >= 10 for phase in found["phases"])
            assert all(p["p50_ms"] <= p["p95_ms"] <= p["max_ms"] for p in found["phases"])
            assert len(found["points"]) == sum(phase["beats"] for phase in found["phases"])
            assert found["reported"]
            for phase in ("at rest", "under load"):
                said = done.step(f"{found['copy_name']} {phase}")
                assert said[0] == "passed"
                assert re.fullmatch(FACTS, said[1])
            assert found["metric"] in done.step(f"{found['copy_name']} in CloudWatch")[1]


def test_it_leaves_nothing_and_keeps_what_it_is_told_to(cloud: TestCloud, verify: Verify) -> None:
    host = verify.endpoint("mysql", "writer")["host"]

    def there() -> bool:
        with cloud.login(host) as cursor:
            cursor.execute("SHOW DATABASES LIKE 'lagtest'")
            return bool(cursor.fetchall())

    assert lag(verify, "mysql", *SHORT, "--keep").code == 0
    assert there()
    done = lag(verify, "mysql", *SHORT)
    assert done.step("no leftovers of an earlier run")[1] == "dropped lagtest"
    assert done.step("clean up")[1] == "dropped lagtest"
    assert not there()


def test_somebody_elses_rows_are_left_alone(cloud: TestCloud, verify: Verify) -> None:
    host = verify.endpoint("mysql", "writer")["host"]
    with cloud.login(host) as cursor:
        cursor.execute("CREATE DATABASE lagtest")
        cursor.execute("CREATE TABLE lagtest.mine (id INT PRIMARY KEY)")
        try:
            done = lag(verify, "mysql", *SHORT)
        finally:
            cursor.execute("DROP DATABASE lagtest")
    assert set(done.failed) == {"no leftovers of an earlier run"}
    assert "the table mine" in done.failed["no leftovers of an earlier run"]


def test_without_an_alarm_nothing_is_beyond_it(verify: Verify) -> None:
    said = lag(verify, "mysql", *SHORT).step(ALARMS)
    assert said == ("skipped", "none watches one; the config's monitoring makes them")


def test_the_lowest_alarm_on_the_lag_is_the_threshold(cloud: TestCloud, verify: Verify) -> None:
    stopped = {"ComparisonOperator": "LessThanThreshold", "AlarmName": "copy-stopped"}
    with (
        alarm(cloud, 3600),
        alarm(cloud, 0, **stopped),
        alarm(cloud, 1, Dimensions=[{"Name": "DBInstanceIdentifier", "Value": "x"}], AlarmName="x"),
        alarm(cloud, 7200, AlarmName="late"),
    ):
        done = lag(verify, "mysql", *SHORT)
    assert done.code == 0
    assert done.step(ALARMS)[1] == "copy beyond 3600 s"
    (found,) = done.exercises[0]["lags"]
    assert (found["alarm"], found["threshold_ms"]) == ("copy-lag", 3_600_000)


def test_a_lag_beyond_the_alarm_fails(cloud: TestCloud, verify: Verify) -> None:
    with alarm(cloud, 0.0001):
        done = lag(verify, "mysql", *SHORT)
    assert done.code == 1
    assert set(done.failed) == {"copy at rest", "copy under load"}
    assert re.fullmatch(
        FACTS + r": beyond 0\.1 ms, where copy-lag goes off", done.failed["copy at rest"]
    )


def test_a_replica_that_does_not_replicate_fails_alone(cloud: TestCloud, verify: Verify) -> None:
    endpoints = verify.databases["aurora"]["endpoints"]
    reader = next(e["host"] for e in endpoints if e.get("name") == "reader-1")
    cloud.as_administrator(reader, "STOP SLAVE SQL_THREAD")
    try:
        done = lag(verify, "aurora", *SHORT, "--timeout", "3")
    finally:
        cloud.as_administrator(reader, "START SLAVE SQL_THREAD")
    assert done.code == 1
    assert done.failed["reader-1 at rest"] == (
        "a heartbeat did not reach reader-1 within 3 s: it does not replicate, or lags behind"
    )
    assert done.step("reader-1 under load") == ("skipped", "it was given up before")
    assert done.step("reader-2 at rest")[0] == done.step("reader-2 under load")[0] == "passed"
    assert done.step("clean up")[0] == "passed"
    assert done.seconds < 60


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_replica_that_ends_half_way_fails_in_the_phase_that_it_ends_in(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    with half_way(cloud, monkeypatch, "cache-002", how):
        done = lag(verify, "redis", *SHORT, "--timeout", "3")
    assert done.code == 1, done.out
    assert done.step("cache-002 at rest")[0] == "passed"
    assert "cache-002 under load" in done.failed
    assert "cache-003 under load" not in done.failed
    (found,) = (c for c in done.exercises[0]["lags"] if c["copy_name"] == "cache-002")
    assert found["phases"][0]["name"] == "at rest"
    assert done.seconds < 60


@pytest.mark.parametrize(("server", "database"), [("source", "mysql"), ("writer", "aurora")])
def test_a_source_that_falls_silent_half_way_is_a_failed_step(
    cloud: TestCloud,
    verify: Verify,
    monkeypatch: pytest.MonkeyPatch,
    server: str,
    database: str,
) -> None:
    with half_way(cloud, monkeypatch, server, signal.SIGSTOP):
        done = lag(verify, database, *SHORT, "--timeout", "3")
    assert done.code == 1, done.out
    assert "within 3 s" in done.failed["heartbeats under load"]
    assert "Traceback" not in done.out + done.err
    assert done.seconds < 60
    assert lag(verify, database, *SHORT).code == 0


@contextmanager
def half_way(
    cloud: TestCloud, monkeypatch: pytest.MonkeyPatch, server: str, how: signal.Signals
) -> Iterator[None]:
    """A server gets a signal when the load has begun, and is well again afterwards."""
    pids: list[int] = []

    def disturbed(write: Callable[[int], None], copies: Any, first: int, *rest: Any) -> Any:
        def then(beat: int) -> None:
            write(beat)
            if first > 1 and beat == first + 3:
                pids.append(cloud.pid(server))
                os.kill(pids[0], how)

        return observe(then, copies, first, *rest)

    monkeypatch.setattr("verify.lag.exercise.observe", disturbed)
    try:
        yield
    finally:
        for pid in pids if how == signal.SIGSTOP else ():
            os.kill(pid, signal.SIGCONT)
    monkeypatch.setattr("verify.lag.exercise.observe", observe)


def test_an_interrupt_cleans_up(
    cloud: TestCloud, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = SqlSource.write

    def interrupted(source: SqlSource, beat: int) -> None:
        if beat == 5:
            raise KeyboardInterrupt
        write(source, beat)

    monkeypatch.setattr(SqlSource, "write", interrupted)
    done = lag(verify, "mysql", *SHORT)
    assert (done.code, done.err) == (130, "verify: interrupted\n")
    assert "clean up" in done.out
    with cloud.login(verify.endpoint("mysql", "writer")["host"]) as cursor:
        cursor.execute("SHOW DATABASES LIKE 'lagtest'")
        assert cursor.fetchall() == []


def test_a_copy_that_nobody_serves_fails_and_the_others_are_measured(
    cloud: TestCloud, verify: Verify
) -> None:
    with cloud.silent("cache-003"):
        done = lag(verify, "redis", *SHORT, "--timeout", "3")
    assert done.code == 1
    assert "connect to cache-003" in done.failed
    assert done.step("cache-003 at rest")[0] == "skipped"
    assert done.step("cache-002 under load")[0] == "passed"


def test_a_wrong_secret_is_a_failed_step(cloud: TestCloud, verify: Verify) -> None:
    for name in ("mysql", "redis"):
        verify.databases[name]["secret_arn"] = cloud.arns["wrong" if name == "mysql" else "mysql"]
        done = lag(verify, name, *SHORT)
        assert done.code == 1
        assert set(done.failed) == {CONNECT}
        assert "Traceback" not in done.out + done.err


def test_a_source_that_is_not_there_could_not_be_examined(verify: Verify) -> None:
    verify.endpoint("mysql", "writer")["host"] = "127.77.250.250"
    done = lag(verify, "mysql", *SHORT)
    assert done.code == 2
    assert "cannot be reached" in done.err


def test_keys_of_an_earlier_run_are_deleted(verify: Verify) -> None:
    made = lag(verify, "redis", *SHORT, "--keep")
    assert made.code == 0
    assert (
        lag(verify, "redis", *SHORT).step("no leftovers of an earlier run")[1] == "deleted 2 keys"
    )


def test_the_page_of_a_run_has_its_numbers(verify: Verify) -> None:
    assert lag(verify, "mysql", *SHORT, "--junit", str(verify.file.parent / "j.xml")).code == 0
    raw = json.loads(verify.json.read_text())
    assert raw["exercises"][0]["lags"][0]["unit"] == "s"
    assert 'name="copy under load"' in (verify.file.parent / "j.xml").read_text()


@pytest.mark.parametrize(
    "words", [("--seconds", "0"), ("--seconds", "x"), ("--rate", "0"), ("--rate", "1e9")]
)
def test_flags_that_make_no_sense_are_refused(
    verify: Verify, words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        lag(verify, "mysql", *words)
    assert "is not a number" in capsys.readouterr().err
