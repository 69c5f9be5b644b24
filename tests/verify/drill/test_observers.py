"""Other clients beside a drill on real servers, and that nothing is left of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from contract import Database, Endpoint
from localcloud.faults import command, inflict
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD, USER
from tests.verify.drill.test_command import NOTICED_S, Failover, failover
from verify.aws import Credentials
from verify.deployment import PROJECT
from verify.drill import wrapper
from verify.drill.observer import LINE
from verify.drill.reading import Order

__all__ = ["failover"]
SOON_S = 5.0


@pytest.fixture
def able(cloud: TestCloud, failover: Failover) -> Failover:
    """The command, where the cloud has faults."""
    failover.record.record["access"]["faults"] = command(cloud.site)
    return failover


def observers() -> list[psutil.Process]:
    """Those of this test, and of those that it started."""
    found = []
    for each in psutil.Process().children(recursive=True):
        # Another test's child may have ended, and have no command line any more.
        with suppress(psutil.NoSuchProcess):
            if "verify.drill.observer" in each.cmdline():
                found.append(each)
    return found


def compared(drill: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (run,) = drill["runs"]
    return {each["client"]: each for each in run["compared"]}


def test_a_cut_is_noticed_by_ours_and_hangs_the_plain_one(able: Failover) -> None:
    # Nobody ends a silent server in the cloud of these tests.
    code, drills = able("aurora", "--by", "cut", "--compare", "--within", "4")
    assert code == 1, able.out + able.err
    (drill,) = drills
    found = compared(drill)
    ours, plain = found["verify"], found["plain"]
    assert ours["noticed_by"] == "DeadlineExceeded"
    assert ours["noticed_after_s"] < NOTICED_S
    assert plain["still_silent"]
    assert plain["silence"]["seconds"] > 3
    assert plain["noticed_by"] is None
    assert "mysql-connector-python, with its defaults" in able.out
    assert "noticed nothing at all for " in able.out
    assert observers() == []


@pytest.mark.parametrize("name", ["aurora", "redis"])
def test_a_kill_lets_both_come_back(cloud: TestCloud, able: Failover, name: str) -> None:
    code, drills = able(name, "--by", "kill", "--compare")
    assert code == 0, able.out + able.err
    drill = drills[0]
    found = compared(drill)
    assert set(found) == {"verify", "plain"}
    for each in found.values():
        assert each["absent"] is None
        assert each["silence"]["seconds"] < 5
        assert not each["still_silent"]
        assert not each["ended_on_reader"]
    assert found["verify"]["ended_on"] == found["plain"]["ended_on"]
    assert PASSWORD not in able.record.json.read_text()
    assert observers() == []
    if name == "aurora":
        # Back to where the other tests expect it.
        assert able(name, "--to", "writer")[0] == 0, able.out + able.err


def test_postgresql_is_compared_with_the_wrapper_too(
    cloud: TestCloud, engines: dict[str, Any], able: Failover, monkeypatch: pytest.MonkeyPatch
) -> None:
    rds = cloud.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier="ledger", MultiAZ=True, ApplyImmediately=True)
    able.record.add(engines)
    code, (drill,) = able("ledger", "--by", "kill", "--compare")
    assert code == 0, able.out + able.err
    found = compared(drill)
    assert list(found) == ["verify", "plain", "wrapper"]
    for each in found.values():
        assert each["absent"] is None
        assert not each["still_silent"]
    # The servers of these tests have addresses for names.
    assert "around psycopg, with host_monitoring_v2, told" in found["wrapper"]["how"]
    code, (drill,) = able("ledger", "--by", "cut", "--compare", "--within", "6")
    assert code == 1, able.out + able.err
    found = compared(drill)
    assert found["verify"]["noticed_by"] == "DeadlineExceeded"
    assert found["verify"]["noticed_after_s"] < NOTICED_S
    assert (found["plain"]["still_silent"], found["plain"]["noticed_by"]) == (True, None)
    assert found["wrapper"]["noticed_by"] == "OperationalError"
    assert found["verify"]["noticed_after_s"] < found["wrapper"]["noticed_after_s"] < 6
    monkeypatch.setattr("verify.drill.wrapper._MODULE", "not_installed")
    code, (drill,) = able("ledger", "--compare")
    assert code == 0, able.out + able.err
    assert compared(drill)["wrapper"]["absent"].startswith("it is not installed; `pip install ")
    assert observers() == []


@pytest.mark.parametrize(
    ("host", "cluster", "plugins"),
    [
        ("shop.cluster-x.us-east-1.rds.amazonaws.com", "shop", wrapper.WITH_FAILOVER),
        ("ledger.x.us-east-1.rds.amazonaws.com", None, wrapper.PLUGINS),
        ("127.77.1.6", "shop", wrapper.PLUGINS),
    ],
)
def test_the_wrapper_fails_over_where_it_can_know_the_names(
    host: str, cluster: str | None, plugins: str
) -> None:
    endpoint = Endpoint(role="writer", host=host, port=5432)
    database = Database(
        kind="aurora-postgres", engine="aurora-postgresql", version="17", region="us-east-1",
        endpoints=(endpoint,), cluster=cluster,
    )  # fmt: skip
    assert wrapper.plugins_for(database, endpoint) == plugins
    assert wrapper.how(plugins).endswith(", told to look after 1 s")


def test_one_that_cannot_log_in_is_named_and_the_drill_goes_on(
    failover: Failover, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.drill.observers._login", lambda _: Credentials(None, "another"))
    code, (drill, *_) = failover("redis", "--compare")
    assert code == 0, failover.out + failover.err
    for each in compared(drill).values():
        assert each["absent"].startswith("it never had an answer, but ")
    assert failover.out.count("not compared: it never had an answer, but ") == 4


def order(verify: Verify, **more: Any) -> Order:
    database = Database.model_validate(verify.databases["mysql"])
    facts: dict[str, Any] = {
        "client": "plain",
        "database": database,
        "endpoint": database.endpoint("writer"),
        "user": USER,
        "password": PASSWORD,
        "ca": verify.record["access"]["ca_file"],
        "pooled": False,
        "statement": "SELECT @@server_id, @@read_only",
        "life_s": 60.0,
    }
    return Order(**{**facts, **more})


def start(order: Order) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "verify.drill.observer"], cwd=PROJECT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{order.model_dump_json()}\n")
    process.stdin.flush()
    assert LINE.validate_json(process.stdout.readline())
    return process


def test_one_that_hangs_goes_with_whoever_ordered_it(cloud: TestCloud, verify: Verify) -> None:
    process = start(order(verify))
    with process:
        assert process.stdin is not None
        inflict(cloud.site, "cut", "source")
        try:
            time.sleep(0.5)
            # What the kernel does for one that was killed.
            process.stdin.close()
            assert process.wait(SOON_S) == 0
        finally:
            inflict(cloud.site, "continue", "source")
            process.kill()


def test_one_that_hangs_does_not_outlive_its_life(cloud: TestCloud, verify: Verify) -> None:
    process = start(order(verify, life_s=8.0))
    with process:
        inflict(cloud.site, "cut", "source")
        try:
            assert process.wait(30) == -signal.SIGALRM
        finally:
            inflict(cloud.site, "continue", "source")
            process.kill()


def test_ctrl_c_in_the_middle_leaves_nobody(able: Failover, tmp_path: Path) -> None:
    began = tmp_path / "began"
    process = subprocess.Popen(
        [sys.executable, "-m", "verify.failover", "redis", "--compare", "--outputs",
         str(able.record.write()), "--trigger", f"touch {began}; sleep 30"],
        cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            end = time.monotonic() + 40
            while not began.exists():
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
            started = observers()
            assert len(started) == 2
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            assert not any(each.is_running() for each in started)
        finally:
            process.kill()
