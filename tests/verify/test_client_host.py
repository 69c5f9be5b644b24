"""Sessions with a client host by themselves: opened once, opened anew, closed whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import Access, ClientHost, Database, read_databases
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import REGION
from tests.verify.sessions import Sessions, create_host
from verify import reach
from verify.aws import Cloud
from verify.client_host import through_client_hosts
from verify.errors import NoWay

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
"""Not a measure of anything: how long a busy machine may take."""


@pytest.fixture
def sessions(cloud: TestCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sessions:
    found = Sessions(cloud, tmp_path)
    found.install(monkeypatch)
    return found


@pytest.fixture
def host(cloud: TestCloud) -> ClientHost:
    return ClientHost(instance=create_host(cloud), region=REGION)


@pytest.fixture
def databases(cloud: TestCloud) -> dict[str, Database]:
    return read_databases(cloud.record()["outputs"])


@pytest.fixture
def enter(cloud: TestCloud, databases: dict[str, Database], host: ClientHost) -> Callable[[], Any]:
    access = Access.model_validate(cloud.record()["access"])

    def enter() -> Any:
        hosts, boto = {REGION: host}, Cloud(access, PATIENCE_S)
        return through_client_hosts(hosts, databases, ["mysql"], boto, PATIENCE_S)

    return enter


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"{what} within {PATIENCE_S:.0f} s"
        time.sleep(0.02)


def where(databases: dict[str, Database], name: str) -> tuple[str, int]:
    endpoint = databases[name].endpoints[0]
    return endpoint.host, endpoint.port


def test_an_address_has_one_session_for_all_its_connections(
    sessions: Sessions, enter: Callable[[], Any], databases: dict[str, Database]
) -> None:
    mysql, redis = where(databases, "mysql"), where(databases, "redis")
    with enter() as way:
        assert len(sessions.started) == 1
        near = way.address(*mysql)
        assert near[0] == "127.0.0.1"
        assert way.address(*mysql) == near == reach.address(*mysql)
        assert way.address(*redis) != near
        assert len(sessions.started) == len(sessions.running) == len(sessions.active()) == 2
        # A middleman's door, on this very machine.
        assert way.address("127.0.0.1", 9) == ("127.0.0.1", 9)
        for _ in range(3):
            socket.create_connection(near, PATIENCE_S).close()
    assert reach.address(*mysql) == mysql
    assert (sessions.running, sessions.active()) == ([], [])
    assert len(sessions.ended) == 2
    with pytest.raises(NoWay, match="are closed"):
        way.address(*mysql)


def test_a_session_that_has_ended_is_opened_anew(
    sessions: Sessions, enter: Callable[[], Any], databases: dict[str, Database]
) -> None:
    mysql = where(databases, "mysql")
    with enter() as way:
        (pid,) = sessions.running
        os.kill(pid, signal.SIGKILL)
        until(lambda: sessions.running == [], "the killed plugin is gone")
        socket.create_connection(way.address(*mysql), PATIENCE_S).close()
        assert len(sessions.started) == 2
        assert len(sessions.active()) == 1
    assert (sessions.running, sessions.active()) == ([], [])


def test_an_error_inside_closes_them_too(sessions: Sessions, enter: Callable[[], Any]) -> None:
    def fail() -> None:
        with enter():
            assert len(sessions.running) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (sessions.running, sessions.active()) == ([], [])


def test_a_plugin_that_does_not_end_is_ended(
    sessions: Sessions, enter: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_FAULT", "stubborn")
    monkeypatch.setattr("verify.session_plugin._ENDS_WITHIN_S", 0.5)
    with enter():
        assert len(sessions.running) == 1
    assert (sessions.running, sessions.active(), sessions.ended) == ([], [], [])


@pytest.fixture
def command(
    verify: Verify, host: ClientHost, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[str]]:
    """`python -m verify`, as a process, at a moment when its session is not ready yet."""
    monkeypatch.setenv("STAND_IN_FAULT", "silent")
    verify.record["outputs"]["client_hosts"] = {REGION: host.model_dump()}
    words = ["mysql", "--via", "client-host", "--outputs", str(verify.write()), "--timeout", "600"]
    process = subprocess.Popen(
        [sys.executable, "-m", "verify", *words],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: sessions.running != [], "the plugin runs")
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_command_leaves_no_process_and_no_session(
    command: subprocess.Popen[str], sessions: Sessions, number: signal.Signals
) -> None:
    assert len(sessions.active()) == 1
    command.send_signal(number)
    _, said = command.communicate(timeout=PATIENCE_S)
    assert (command.returncode, said.strip()) == (130, "verify: interrupted")
    assert (sessions.running, sessions.active()) == ([], [])
