"""Practice 6 on real servers: the numbers are the server's own, and a stall cannot hide."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from verify.performance.__main__ import main
from verify.performance.measured import Latency, Performance, Test, Variant

QUICK = ("--iterations", "20", "--pause", "0.005", "--rows", "0")
LONG = ("--iterations", "200", "--pause", "0.02", "--rows", "0")
"""Some seconds, in which also a slow machine finds the time to interfere."""
Run = Callable[..., tuple[int, Performance]]


@pytest.fixture
def run(verify: Verify, tmp_path: Path) -> Run:
    def run(*words: str) -> tuple[int, Performance]:
        file = tmp_path / "performance.json"
        code = main(["--outputs", str(verify.write()), "--json", str(file), *words])
        return code, Performance.model_validate_json(file.read_text())

    return run


def only(found: Performance) -> Test:
    (test,) = found.tests
    assert test.not_run is None
    return test


def variant(test: Test, name: str) -> Variant:
    return next(v for v in test.variants if v.name == name)


def latency(found: Variant, statement: str) -> Latency:
    return next(one for one in found.latencies if one.statement == statement)


def databases(cloud: TestCloud, host: str) -> set[str]:
    with cloud.login(host) as cursor:
        cursor.execute("SHOW DATABASES")
        return {row[0] for row in cursor.fetchall()}


def _began(cursor: Any) -> bool:
    cursor.execute("SELECT COUNT(*) FROM perftest.users")
    return bool(cursor.fetchone()[0] > 10)


def _wait_for(cursor: Any, question: str) -> None:
    """Until its one value is true; at most ten seconds."""
    for _ in range(2000):
        cursor.execute(question)
        (row,) = cursor.fetchall()
        if row[0]:
            return
        time.sleep(0.005)
    raise AssertionError(question)


def once_under_way(cloud: TestCloud, host: str, act: Callable[[Any, int], None]) -> Thread:
    """A thread that acts when the test's five workers have begun: on a cursor, one's number."""

    def wait() -> None:
        with cloud.administrator(host) as connection:
            cursor = connection.cursor()
            for _ in range(2000):
                cursor.execute(
                    "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = 'perftest'"
                )
                found = [row[0] for row in cursor.fetchall()]
                if len(found) >= 5 and _began(cursor):
                    act(cursor, found[0])
                    return
                time.sleep(0.005)

    thread = Thread(target=wait)
    thread.start()
    return thread


def test_every_variant_agrees_with_the_servers_counters(
    run: Run, verify: Verify, cloud: TestCloud
) -> None:
    code, found = run("aurora", *QUICK)
    test = only(found)
    assert code == 0
    assert [v.name for v in test.variants] == [
        "writer",
        "reads at the reader endpoint",
        "without pooling",
    ]
    assert test.skipped == {"through the proxy": "no proxy leads to it"}
    for one in test.variants:
        counted = {c.statement: (c.client_count, c.server_count) for c in one.agreement}
        assert counted == dict.fromkeys(counted, (100, 100))
        assert latency(one, "request").count == 100
    assert {c.statement for c in test.variants[0].agreement} == {"select", "insert", "commit"}
    assert {c.statement for c in test.variants[1].agreement} == {"insert", "commit"}
    assert latency(test.variants[0], "connect").count == 5
    assert latency(test.variants[2], "connect").count == 100
    host = verify.endpoint("aurora", "writer")["host"]
    assert "perftest" not in databases(cloud, host)


def test_the_means_are_the_servers_where_statements_take_their_time(run: Run) -> None:
    # One worker and no pause: with five on a machine of two, the clients' queue is in it. And
    # many rows, so that what other tests take of the CPU is little beside the statement.
    _, found = run("mysql", "--users", "60000", "--workers", "1", "--iterations", "25",
                   "--pause", "0", "--rows", "0")  # fmt: skip
    one = variant(only(found), "writer")
    select = next(c for c in one.agreement if c.statement == "select")
    assert select.exact
    assert select.server_mean_us > 10_000
    assert abs(select.apart_percent) <= 10


def test_a_stall_is_in_the_latency_of_every_request_that_was_due(
    run: Run, verify: Verify, cloud: TestCloud
) -> None:
    def stall(cursor: Any, _: int) -> None:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
        time.sleep(1)
        cursor.execute("UNLOCK TABLES")

    thread = once_under_way(cloud, verify.endpoint("mysql", "writer")["host"], stall)
    _, found = run("mysql", "--rate", "100", "--duration", "3", "--rows", "0")
    thread.join()
    one = variant(only(found), "writer")
    request = latency(one, "request")
    assert request.count == 300
    # Of a closed loop, five requests would have seen it; of the schedule, a third.
    assert request.p90_us > 300_000
    assert one.client.late > 50


def test_errors_are_counted_by_code_and_the_rest_goes_on(
    run: Run, verify: Verify, cloud: TestCloud
) -> None:
    def kill(cursor: Any, victim: int) -> None:
        cursor.execute(f"KILL {victim}")

    thread = once_under_way(cloud, verify.endpoint("mysql", "writer")["host"], kill)
    code, found = run("mysql", *LONG)
    thread.join()
    one = only(found).variants[0]
    errors = {code: n for found in one.latencies for code, n in found.errors.items()}
    assert code == 1
    assert sum(errors.values()) == 1
    assert set(errors) & {"2006", "2013", "2055", "1927", "OperationalError", "InterfaceError"}
    assert latency(one, "request").count == 999
    assert latency(one, "connect").count == 6
    assert one.not_counted is not None


def test_a_connection_lost_in_its_commit_ended_the_worker(
    run: Run, verify: Verify, cloud: TestCloud
) -> None:
    def kill_in_commit(cursor: Any, victim: int) -> None:
        cursor.execute("BACKUP STAGE START")
        cursor.execute("BACKUP STAGE BLOCK_COMMIT")
        _wait_for(cursor, f"SELECT INFO = 'COMMIT' FROM information_schema.PROCESSLIST"
                          f" WHERE ID = {victim}")  # fmt: skip
        cursor.execute(f"KILL {victim}")
        cursor.execute("BACKUP STAGE END")

    thread = once_under_way(cloud, verify.endpoint("mysql", "writer")["host"], kill_in_commit)
    _, found = run("mysql", *LONG)
    thread.join()
    one = only(found).variants[0]
    assert sum(latency(one, "commit").errors.values()) == 1
    assert latency(one, "commit").count == 999
    assert latency(one, "request").count == 999


def test_the_fix_is_measured_and_explained(run: Run) -> None:
    _, found = run("mysql", "--iterations", "1", "--pause", "0", "--rows", "60000")
    diagnosis = only(found).diagnosis
    assert diagnosis is not None
    fix = diagnosis.fix
    assert fix is not None
    assert fix.rows == 60_000
    assert fix.times > 3
    assert "Using filesort" in str(fix.before_plan.rows)
    assert "filesort" not in str(fix.after_plan.rows)
    assert "PRIMARY" in str(fix.after_plan.rows)
    texts = [digest.text for digest in diagnosis.top]
    assert any("ORDER BY `RAND`" in text for text in texts)


def test_a_table_of_somebody_elses_is_left_alone(
    run: Run, verify: Verify, cloud: TestCloud
) -> None:
    host = verify.endpoint("mysql", "writer")["host"]
    cloud.as_administrator(
        host, "CREATE DATABASE perftest", "CREATE TABLE perftest.orders (id INT)"
    )
    try:
        code, found = run("mysql", *QUICK)
        assert code == 2
        assert "the table orders" in str(found.tests[0].not_run)
        assert "perftest" in databases(cloud, host)
    finally:
        cloud.as_administrator(host, "DROP DATABASE perftest")


def test_more_processes_share_the_work(run: Run) -> None:
    _, found = run("mysql", *QUICK, "--processes", "2", "--workers", "3")
    one = variant(only(found), "writer")
    assert latency(one, "request").count == 60
    assert all(counted.exact for counted in one.agreement)
    assert one.client.processes == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--workers", "0"), "not a whole number"),
        (("--pause", "-1"), "not a number of at least 0"),
        (("--users", "2"), "less than the course's 3"),
    ],
)
def test_a_wrong_flag_is_refused(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(list(words))
    assert said in capsys.readouterr().err


def test_a_database_it_does_not_run_on_is_named(
    verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--outputs", str(verify.write()), "copy"]) == 2
    assert "does not run on 'copy'" in capsys.readouterr().err
