"""Processes of a site: known again after a crash, never mistaken, ended in time, none left over."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from localcloud import supervisor as module
from localcloud.errors import ServerFailed
from localcloud.launch import Launch, tail
from localcloud.processes import Process, boot_id, command_lines, wait_for_end
from localcloud.site import Site
from localcloud.supervisor import Supervisor
from tests.addresses import prefix
from tests.localcloud.fleet_site import eventually

ROOT = Path(__file__).parents[2]


@pytest.fixture
def site() -> Iterator[Site]:
    # A socket's path is short; pytest's own folders are not.
    folder = Path(tempfile.mkdtemp(prefix="sup-", dir="/var/tmp"))
    found = Site(folder, prefix(83))
    yield found
    supervisor = Supervisor(found)
    supervisor.stop_all()
    supervisor.close()
    assert left(found) == []
    shutil.rmtree(folder)


@pytest.fixture
def supervisor(site: Site) -> Iterator[Supervisor]:
    found = Supervisor(site)
    yield found
    found.close()


def redis(site: Site, name: str = "redis") -> Launch:
    """A real server that needs no address and is up in milliseconds."""
    socket = site.run_dir / f"{name}.sock"
    program = shutil.which("redis-server")
    assert program is not None
    where = ("--port", "0", "--unixsocket", str(socket), "--dir", str(site.state_dir))
    # A title would take the place of the arguments by which an orphan is known.
    argv = (program, *where, "--set-proc-title", "no")
    return Launch(name, argv, site.state_dir / f"{name}.log")


def shell(site: Site, script: str, name: str = "shell") -> Launch:
    return Launch(name, ("/bin/sh", "-c", script), site.state_dir / f"{name}.log")


def left(site: Site) -> list[list[str]]:
    """Whatever still runs of a site."""
    return [
        argv for argv in command_lines().values() if any(str(site.state_dir) in a for a in argv)
    ]


def said(launch: Launch, text: str) -> None:
    eventually(lambda: text in launch.log.read_text(), f"{launch.name} says {text}")


def test_a_started_server_is_known_and_stopped(site: Site, supervisor: Supervisor) -> None:
    launch = redis(site)
    process = supervisor.start(launch)
    assert supervisor.running("redis") == process
    assert supervisor.names() == ["redis"]
    said(launch, "ready to accept connections")
    supervisor.stop("redis")
    assert not process.alive
    assert supervisor.running("redis") is None
    assert supervisor.names() == []
    assert "User requested shutdown" in launch.log.read_text()
    supervisor.stop("redis")


_OWNER = """
import os, sys
from pathlib import Path
from localcloud.site import Site
from localcloud.launch import Launch
from localcloud.supervisor import Supervisor
folder, *argv = sys.argv[1:]
supervisor = Supervisor(Site(Path(folder), "127.83"))
process = supervisor.start(Launch("redis", tuple(argv), Path(folder) / "redis.log"))
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_a_server_outlives_its_owner_and_is_adopted(site: Site, supervisor: Supervisor) -> None:
    launch = redis(site)
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(site.state_dir), *launch.argv],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    with owner.stdin, owner.stdout:
        pid = int(owner.stdout.readline())
        owner.kill()
        owner.wait(5)
    process = supervisor.running("redis")
    assert process is not None
    assert process.pid == pid
    died = threading.Event()
    supervisor.watch("redis", died.set)
    os.kill(pid, signal.SIGKILL)
    assert died.wait(5)
    assert supervisor.running("redis") is None


@pytest.mark.parametrize("kind", ["another start time", "another boot"])
def test_a_process_that_has_only_the_pid_is_left_alone(
    site: Site, supervisor: Supervisor, kind: str
) -> None:
    """Pids come round again, after a reboot at the latest."""
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        try:
            now = Process.of(stranger.pid)
            assert now is not None
            before = (
                replace(now, start_time=now.start_time - 1)
                if kind == "another start time"
                else replace(now, boot_id="1-2-3")
            )
            site.run_dir.mkdir()
            entry = site.run_dir / "mysql.process"
            entry.write_text(json.dumps(asdict(before)))
            assert supervisor.running("mysql") is None
            died = threading.Event()
            supervisor.watch("mysql", died.set)
            assert died.wait(5), "a dead server's reaction comes at once"
            supervisor.stop("mysql")
            assert not entry.exists()
            entry.write_text(json.dumps(asdict(before)))
            supervisor.stop_all()
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}', "[]", '{"pid": 1, "x": 2}'])
def test_a_registry_that_makes_no_sense_is_a_dead_server(
    site: Site, supervisor: Supervisor, content: str
) -> None:
    site.run_dir.mkdir()
    (site.run_dir / "mysql.process").write_text(content)
    assert supervisor.names() == ["mysql"]
    assert supervisor.running("mysql") is None
    supervisor.stop_all()
    assert supervisor.names() == []


def test_who_does_not_end_is_killed_in_time(
    site: Site, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_S", 0.3)
    # What is ignored stays ignored over exec.
    launches = [
        shell(site, "trap '' TERM; echo ready; exec sleep 60", name) for name in ("one", "two")
    ]
    processes = [supervisor.start(launch) for launch in launches]
    for launch in launches:
        said(launch, "ready")
    started = time.monotonic()
    supervisor.stop_all()
    # Both share one deadline: many stubborn servers are no longer wait than one.
    assert 0.3 <= time.monotonic() - started < 3
    assert not any(process.alive for process in processes)
    assert supervisor.names() == []


def test_a_stop_that_is_to_be_sudden_is(site: Site, supervisor: Supervisor) -> None:
    launch = redis(site)
    process = supervisor.start(launch)
    said(launch, "ready to accept connections")
    supervisor.stop("redis", kill=True)
    assert not process.alive
    assert "User requested shutdown" not in launch.log.read_text()


def test_a_server_in_no_registry_is_an_orphan_and_goes(site: Site, supervisor: Supervisor) -> None:
    """Of a kill between fork and registry."""
    kept, lost = supervisor.start(redis(site, "kept")), supervisor.start(redis(site, "lost"))
    (site.run_dir / "lost.process").unlink()
    # A program that just begins shows no arguments for a moment; a new daemon comes later.
    eventually(lambda: lost.pid in command_lines(), "its arguments are shown")
    supervisor.stop_orphans()
    assert kept.alive
    assert not lost.alive


def test_a_child_of_a_server_is_no_orphan(site: Site, supervisor: Supervisor) -> None:
    """A session of PostgreSQL's, forked while a daemon started, was killed: its server went down
    with all other sessions, and another member took over.
    """
    program = site.state_dir / "postgres"
    # Parentheses make a child that has its parent's arguments.
    program.write_text("(sleep 10; exit) & wait\n")
    server = supervisor.start(Launch("server", ("/bin/sh", str(program)), site.state_dir / "log"))
    eventually(lambda: len(psutil.Process(server.pid).children()) == 1, "it has a child")
    (child,) = psutil.Process(server.pid).children()
    try:
        assert command_lines()[child.pid] == command_lines()[server.pid]
        supervisor.stop_orphans()
        assert child.status() == psutil.STATUS_SLEEPING
    finally:
        supervisor.stop("server", kill=True)
        supervisor.stop_orphans()
    eventually(lambda: not child.is_running(), "an orphan it is without its server")


def test_a_process_lives_until_its_last_thread_has_ended() -> None:
    """Memcached's first thread ends before the others: it was taken for dead, and stayed."""
    program = (
        "import ctypes, threading, time; "
        "threading.Thread(target=time.sleep, args=(0.5,)).start(); "
        "ctypes.CDLL(None).pthread_exit(None)"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as child:
        process = Process.of(child.pid)
        assert process is not None
        stat = Path(f"/proc/{child.pid}/stat")
        eventually(lambda: ") Z " in stat.read_text(), "its first thread ends")
        assert process.alive
        assert wait_for_end([process], 5) == []
        assert child.poll() == 0


def test_nobody_else_is_taken_for_an_orphan(site: Site, supervisor: Supervisor) -> None:
    """Neither somebody who looks at our files nor a server of a folder with a longer name."""
    log = site.state_dir / "some.log"
    log.touch()
    beside = Site(Path(f"{site.state_dir}-2"), site.prefix)
    beside.run_dir.mkdir(parents=True)
    other = Supervisor(beside)
    try:
        neighbour = other.start(redis(beside))
        with subprocess.Popen(["/usr/bin/tail", "-f", str(log)]) as reader:
            try:
                supervisor.stop_orphans()
                assert reader.poll() is None
                assert neighbour.alive
            finally:
                reader.kill()
    finally:
        other.stop_all()
        other.close()
        shutil.rmtree(beside.state_dir)


def test_a_death_is_told_once_and_only_when_it_is_not_wanted(
    site: Site, supervisor: Supervisor
) -> None:
    deaths: list[str] = []
    told = threading.Event()

    def died(name: str) -> None:
        deaths.append(name)
        told.set()

    for name in ("one", "two"):
        supervisor.start(redis(site, name))
        supervisor.watch(name, lambda name=name: died(name))  # type: ignore[misc]
    supervisor.stop("one")
    two = supervisor.running("two")
    assert two is not None
    two.signal(signal.SIGKILL)
    assert told.wait(5)
    supervisor.close()
    assert deaths == ["two"]


def test_a_reaction_that_fails_does_not_stop_the_watch(
    site: Site, supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise ValueError("the reaction is broken")

    first = supervisor.start(redis(site, "first"))
    supervisor.watch("first", fails)
    first.signal(signal.SIGKILL)
    eventually(lambda: "the death of first could not be dealt with" in caplog.text, "it is logged")
    second, told = supervisor.start(redis(site, "second")), threading.Event()
    supervisor.watch("second", told.set)
    second.signal(signal.SIGKILL)
    assert told.wait(5)


def test_the_watch_ends_and_the_servers_do_not(site: Site) -> None:
    supervisor = Supervisor(site)
    process, told = supervisor.start(redis(site)), threading.Event()
    supervisor.watch("redis", told.set)
    supervisor.close()
    assert process.alive
    process.signal(signal.SIGKILL)
    assert wait_for_end([process], 5) == []
    assert not told.is_set()


def test_a_stop_after_the_end_of_the_watch_writes_to_nobody(site: Site) -> None:
    """The number of a closed descriptor is soon somebody else's."""
    supervisor = Supervisor(site)
    process = supervisor.start(redis(site))
    supervisor.watch("redis", lambda: None)
    supervisor.close()
    with tempfile.TemporaryFile() as file:
        copies = [os.dup(file.fileno()) for _ in range(8)]
        supervisor.stop("redis")
        for copy in copies:
            os.close(copy)
        assert file.seek(0, os.SEEK_END) == 0
    assert not process.alive


def test_a_program_that_ends_at_once_is_dead(site: Site, supervisor: Supervisor) -> None:
    launch = shell(site, "echo no licence; exit 3")
    with contextlib.suppress(ServerFailed):
        supervisor.start(launch)
    said(launch, "no licence")
    eventually(lambda: supervisor.running("shell") is None, "it is dead")


def test_a_program_that_ended_before_we_looked_is_named(
    site: Site, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = shell(site, "exit 3")
    monkeypatch.setattr(Process, "of", classmethod(lambda cls, pid: None))
    with pytest.raises(
        ServerFailed, match=f"shell did not start, it ended at once; see {launch.log}"
    ):
        supervisor.start(launch)
    assert supervisor.names() == []


def test_a_server_runs_in_a_session_of_its_own_with_a_plain_environment(
    site: Site, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the terminal is not for it, and neither are the caller's settings."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-servers")
    launch = replace(shell(site, "env; echo done; exec sleep 60"), environment={"OWN": "yes"})
    process = supervisor.start(launch)
    said(launch, "done")
    assert os.getsid(process.pid) == process.pid
    shown = launch.log.read_text()
    assert "OWN=yes" in shown
    assert "not-for-servers" not in shown
    assert os.readlink(f"/proc/{process.pid}/cwd") == "/"


class TestAProcess:
    def test_is_itself(self) -> None:
        process = Process.of(os.getpid())
        assert process == Process.of(os.getpid())
        assert process is not None
        assert process.alive
        assert process.boot_id == boot_id()

    def test_that_never_was_is_none(self) -> None:
        assert Process.of(2**22 + 1) is None

    def test_that_is_a_zombie_has_ended(self) -> None:
        with subprocess.Popen(["/bin/true"]) as child:
            handle = os.pidfd_open(child.pid)
            try:
                os.waitid(os.P_PIDFD, handle, os.WEXITED | os.WNOWAIT)
            finally:
                os.close(handle)
            assert Process.of(child.pid) is None

    def test_that_has_ended_gets_no_signal(self) -> None:
        with subprocess.Popen(["/bin/sleep", "60"]) as child:
            process = Process.of(child.pid)
            assert process is not None
            assert process.signal(signal.SIGKILL)
            child.wait(5)
            assert not process.signal(signal.SIGKILL)
            assert process.open() is None

    def test_that_does_not_end_is_told_when_the_time_is_over(self) -> None:
        with subprocess.Popen(["/bin/sleep", "60"]) as child:
            try:
                process = Process.of(child.pid)
                assert process is not None
                started = time.monotonic()
                assert wait_for_end([process], 0.2) == [process]
                assert time.monotonic() - started < 2
            finally:
                child.kill()

    def test_with_a_strange_name_is_understood(self, tmp_path: Path) -> None:
        """The kernel puts the name, whatever is in it, before the fields."""
        strange = tmp_path / "a) S 1 ("
        shutil.copy("/bin/sleep", strange)
        with subprocess.Popen([str(strange), "60"]) as child:
            try:
                process = Process.of(child.pid)
                assert process is not None
                assert process.start_time > 1
            finally:
                child.kill()


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log) == "(no log)"
    log.write_bytes(b"\n".join(f"line {n} \xff".encode("latin-1") for n in range(20)))
    assert tail(log, 2).startswith("line 18 ")
    assert len(tail(log).splitlines()) == 8
