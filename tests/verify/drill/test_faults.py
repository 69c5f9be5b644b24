"""The faults that a person hands to a drill: `python -m localcloud fault`."""

from __future__ import annotations

import signal
import socket
import subprocess
import time

import psutil
import pytest

from localcloud.cli import main
from localcloud.faults import FAULTS, _kill
from tests.verify.cloud import TestCloud


@pytest.fixture(autouse=True)
def _of_this_cloud(cloud: TestCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALCLOUD_STATE", str(cloud.site.state_dir))
    monkeypatch.setenv("LOCALCLOUD_PREFIX", cloud.site.prefix)


def status(pid: int, wanted: str) -> bool:
    end = time.monotonic() + 5
    while psutil.Process(pid).status() != wanted:
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def replaced(cloud: TestCloud, pid: int) -> bool:
    try:
        return cloud.pid("source") != pid
    except LookupError:
        return False


def test_a_server_is_stopped_and_let_go_on(
    cloud: TestCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    pid = cloud.pid("reader-2")
    try:
        assert main(["fault", "stop", "reader-2"]) == 0
        assert capsys.readouterr().out == f"SIGSTOP to reader-2, pid {pid}\n"
        assert status(pid, psutil.STATUS_STOPPED)
    finally:
        assert main(["fault", "continue", "reader-2"]) == 0
    assert status(pid, psutil.STATUS_SLEEPING)


def test_a_server_is_cut_off_and_let_go_on(
    cloud: TestCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    host = cloud.host("reader-2")
    with cloud.login(host) as cursor:
        assert main(["fault", "cut", "reader-2"]) == 0
        assert " hears nothing any more at " in capsys.readouterr().out
        # Silence is no refusal, neither for who comes nor for who is there.
        with pytest.raises(TimeoutError):
            socket.create_connection((host, 3306), timeout=0.3)
        assert main(["fault", "continue", "reader-2"]) == 0
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]
    with socket.create_connection((host, 3306), timeout=5):
        pass


def test_a_killed_server_is_replaced(cloud: TestCloud) -> None:
    pid = cloud.pid("source")
    assert main(["fault", "kill", "source", "--region", "us-east-1"]) == 0
    end = time.monotonic() + 10
    while psutil.pid_exists(pid) or not replaced(cloud, pid):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_nothing_of_a_killed_server_goes_on() -> None:
    """A postmaster's children did, and showed commits that nobody had acknowledged."""
    with subprocess.Popen(["/bin/sh", "-c", "sleep 60 & wait"]) as server:
        parent, end = psutil.Process(server.pid), time.monotonic() + 5
        while not (children := parent.children()):
            assert time.monotonic() < end
            time.sleep(0.01)
        _kill(parent)
        assert server.wait(5) == -signal.SIGKILL
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert (len(gone), alive) == (1, [])


@pytest.mark.parametrize(
    "arguments", [["stop", "nobody"], ["stop", "source", "--region", "eu-west-1"]]
)
def test_nobody_is_hit_by_mistake(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fault", *arguments]) == 2
    said = capsys.readouterr().err
    assert f"{arguments[1]!r} has no server; there are " in said
    assert "reader-1" in said


def test_the_command_offers_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fault", "--help"])
    said = capsys.readouterr().out
    assert all(fault in said for fault in FAULTS)
