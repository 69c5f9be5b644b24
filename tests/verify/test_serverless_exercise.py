"""Practice 4 on a real cluster: capacity rises, falls, pauses; and each of its checks can fail."""

from __future__ import annotations

import copy
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from contract import Access, Endpoint
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD, REGION, USER, create_serverless
from verify.aws import Cloud, Credentials
from verify.deadline import Deadline
from verify.serverless import BASELINE, CONNECT, CREATE, FALL, PAUSE, RESUME, RISE, SETTINGS
from verify.sql import connect

NOBODY = "127.84.9.201"
FIXED = {"MinCapacity": 1, "MaxCapacity": 1}
"""Nothing to rise to, and no pause: an exercise of a second."""
COURSE = {"MinCapacity": 0, "MaxCapacity": 16, "SecondsUntilAutoPause": 300}


@pytest.fixture(scope="module")
def deployed(cloud: TestCloud) -> dict[str, Any]:
    return create_serverless(cloud.client, cloud.arns["mysql"])


@pytest.fixture
def serverless(cloud: TestCloud, verify: Verify, deployed: dict[str, Any]) -> Verify:
    """`verify` of a stack that has the serverless cluster only."""
    verify.record["outputs"]["databases"] = copy.deepcopy(deployed)
    scale(cloud, FIXED)
    return verify


def scale(cloud: TestCloud, scaling: dict[str, Any]) -> None:
    cloud.client("rds").modify_db_cluster(
        DBClusterIdentifier="serverless", ServerlessV2ScalingConfiguration=scaling
    )


def test_it_passes_twice_and_tells_the_curve(cloud: TestCloud, serverless: Verify) -> None:
    scale(cloud, COURSE | {"SecondsUntilAutoPause": 1})
    for _ in range(2):
        done = serverless(exercises=("serverless",))
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step(SETTINGS)[1].startswith("0 to 16 ACU, pauses after 1 s, EngineVersion 8.0")
        assert done.step(CREATE)[1] == "64 rows"
        risen = re.match(r"([\d.]+) to ([\d.]+) ACU under up to 8 clients", done.step(RISE)[1])
        fallen = re.match(r"([\d.]+) to ([\d.]+) ACU within", done.step(FALL)[1])
        assert risen is not None
        assert fallen is not None
        assert float(risen[1]) < float(risen[2]) <= float(fallen[1])
        assert float(fallen[2]) < float(fallen[1])
        assert done.step(PAUSE)[1].endswith("RDS reports it available")
        assert re.match(r"64 rows, \d\.\d\d s after connecting", done.step(RESUME)[1])
        assert done.step("clean up")[1] == "dropped loadtest"


def test_a_cluster_that_neither_grows_nor_pauses_says_so(serverless: Verify) -> None:
    done = serverless("serverless", exercises=("serverless",))
    assert done.code == 0, done.out + done.err
    assert done.step(RISE) == ("skipped", "1 to 1 ACU need not grow for 8 clients")
    assert done.step(PAUSE) == ("skipped", "its minimum is above 0 ACU, so it never pauses")
    assert done.seconds < 5


def test_a_long_pause_is_waited_for_only_when_asked(
    cloud: TestCloud, serverless: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale(cloud, COURSE)
    # Nobody needs the load for this.
    monkeypatch.setattr("verify.serverless._CLIENTS", (0,))
    for asked in ((), ("--wait-for-pause", "299")):
        done = serverless(*asked, exercises=("serverless",))
        assert done.code == 0, done.out + done.err
        assert done.step(PAUSE) == (
            "skipped",
            "it pauses after 300 s without connections; --wait-for-pause 300 waits for that",
        )


@contextmanager
def connected(cloud: TestCloud, verify: Verify) -> Iterator[None]:
    endpoint = Endpoint.model_validate(verify.endpoint("serverless", "writer"))
    ca = str(cloud.site.ca_dir / "ca.pem")
    with connect(endpoint, Credentials(USER, PASSWORD), Deadline(5), ca=ca):
        yield


def test_a_cluster_that_does_not_pause_fails(
    cloud: TestCloud, serverless: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale(cloud, COURSE | {"SecondsUntilAutoPause": 1})
    monkeypatch.setattr("verify.serverless._CLIENTS", (0,))
    with connected(cloud, serverless):
        done = serverless("--timeout", "1", exercises=("serverless",))
    assert done.code == 1
    assert done.failed == {PAUSE: "it stays at 0.5 ACU, and the time for that is over"}


def test_a_cluster_that_does_not_grow_fails(cloud: TestCloud, serverless: Verify) -> None:
    scale(cloud, COURSE)
    # The load goes to another server.
    others = cloud.record()["outputs"]["databases"]["mysql"]["endpoints"]
    serverless.endpoint("serverless", "writer")["host"] = others[0]["host"]
    done = serverless("--timeout", "4", exercises=("serverless",))
    assert done.code == 1
    assert done.failed == {
        RISE: "it stays at 0.5 ACU under 8 clients, and the time for that is over"
    }
    assert done.step("clean up")[1] == "dropped loadtest"


def test_members_of_another_class_fail(cloud: TestCloud, serverless: Verify) -> None:
    serverless.databases["serverless"]["cluster"] = "cluster"
    done = serverless(exercises=("serverless",))
    assert done.failed[SETTINGS].startswith("members are ['reader-1', 'reader-2', 'writer'], not")
    serverless.databases["serverless"]["instances"] = ["writer", "reader-1", "reader-2"]
    done = serverless(exercises=("serverless",))
    assert done.failed == {SETTINGS: "reader-1 is of class db.r5.large, not db.serverless"}
    assert done.step(BASELINE)[0] == "skipped"


def test_a_wrong_secret_and_a_server_that_is_down(cloud: TestCloud, serverless: Verify) -> None:
    serverless.databases["serverless"]["secret_arn"] = cloud.arns["wrong"]
    done = serverless(exercises=("serverless",))
    assert done.code == 1
    assert list(done.failed) == [CONNECT]
    assert "does not accept the user and password of the secret" in done.failed[CONNECT]
    serverless.endpoint("serverless", "writer")["host"] = NOBODY
    done = serverless(exercises=("serverless",))
    assert done.code == 2
    assert done.err.startswith(f"verify: could not run: serverless: {NOBODY}:3306")
    assert len(done.err.splitlines()) == 1


def test_a_server_that_falls_silent_under_load_is_a_failed_step(
    cloud: TestCloud, serverless: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    scale(cloud, COURSE)
    pid = cloud.pid("serverless-a")
    watch = Cloud(Access.model_validate(serverless.record["access"]), 5)
    stopped = threading.Event()
    really = Cloud.metric

    def metric(self: Cloud, *arguments: Any) -> Any:
        # The first look at the load's curve: the server stops in the middle of a statement.
        if arguments[1] == "ServerlessDatabaseCapacity" and asked.pop():
            os.kill(pid, signal.SIGSTOP)
            stopped.set()
        return really(self, *arguments)

    asked = [False] * 100 + [True, False]
    monkeypatch.setattr(Cloud, "metric", metric)
    try:
        done = serverless("--timeout", "1", exercises=("serverless",))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert stopped.is_set()
    assert done.code == 1
    assert done.failed[RISE].startswith("a client of the load failed: ")
    assert done.failed["clean up"]
    assert "Traceback" not in done.out + done.err
    assert watch.cluster(REGION, "serverless")["Status"] == "available"
    monkeypatch.undo()
    scale(cloud, FIXED)
    assert serverless(exercises=("serverless",)).code == 0


def test_somebody_s_own_rows_are_left_alone(cloud: TestCloud, serverless: Verify) -> None:
    endpoint = serverless.endpoint("serverless", "writer")
    ca = str(cloud.site.ca_dir / "ca.pem")
    where, who = Endpoint.model_validate(endpoint), Credentials(USER, PASSWORD)
    with connect(where, who, Deadline(5), ca=ca) as sql:
        sql.run("CREATE DATABASE loadtest")
        sql.run("CREATE TABLE loadtest.large_table (id INT AUTO_INCREMENT PRIMARY KEY, data TEXT)")
        sql.run("INSERT INTO loadtest.large_table (data) VALUES ('mine')")
        done = serverless(exercises=("serverless",))
        assert "1 rows of large_table" in done.failed["no leftovers of an earlier run"]
        assert done.step(CREATE)[0] == "skipped"
        assert sql.run("SELECT data FROM loadtest.large_table") == [("mine",)]
        sql.run("DROP DATABASE loadtest")
