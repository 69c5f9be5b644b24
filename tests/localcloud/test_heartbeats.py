"""How long a server may be silent, on a clock of the test's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.errors import BadSetting
from localcloud.fleet.heartbeats import CUT_OFF_S, MUTE_S, STOPPED_S, Patient
from localcloud.processes import Process
from localcloud.servers.facts import Address
from localcloud.servers.heartbeat import Heartbeat
from localcloud.site import Site

NOBODY = Address("127.0.0.1", 1)
HELLO = b"who is there?"


class Server:
    """A process, and sockets that a test answers by hand."""

    def __init__(self, folder: Path, address: Address = NOBODY) -> None:
        self.path = folder / "socket"
        self.heartbeat = Heartbeat(self.path, address, HELLO)
        self.child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        process = Process.of(self.child.pid)
        assert process is not None
        self.process = process

    def become(self, state: str, number: int) -> None:
        self.child.send_signal(number)
        end = time.monotonic() + 5
        while self.process.stopped != (state == "stopped"):
            assert time.monotonic() < end
            time.sleep(0.005)


@pytest.fixture
def server() -> Iterator[Server]:
    # A socket's path has an end at 107 characters, which pytest's folders may reach.
    with tempfile.TemporaryDirectory() as folder:
        found = Server(Path(folder))
        yield found
        found.child.kill()
        found.child.wait()


@pytest.fixture
def patient(server: Server) -> Iterator[Patient]:
    found = Patient(server.heartbeat, server.process)
    yield found
    found.close()


@pytest.fixture
def listener(server: Server) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(server.path))
        found.listen(1)
        yield found


def answer(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    with peer:
        assert peer.recv(100) == HELLO
        peer.sendall(b"I")


def test_a_stopped_process_is_dead_after_a_second(server: Server, patient: Patient) -> None:
    server.become("stopped", signal.SIGSTOP)
    assert patient.silent(100.0) is None
    assert patient.silent(100.0 + STOPPED_S - 0.01) is None
    assert patient.silent(100.0 + STOPPED_S) == "has been stopped for 1.0 s"


def test_one_that_goes_on_in_time_is_forgiven(server: Server, patient: Patient) -> None:
    for began in (100.0, 200.0):
        server.become("stopped", signal.SIGSTOP)
        assert patient.silent(began) is None
        server.become("running", signal.SIGCONT)
        assert patient.silent(began + STOPPED_S + 1) is None


def test_one_that_runs_may_be_silent_for_longer(patient: Patient, listener: socket.socket) -> None:
    assert patient.silent(100.0) is None
    assert patient.silent(100.0 + MUTE_S - 0.01) is None
    assert patient.silent(100.0 + MUTE_S) == "has not spoken for 20.0 s"


def test_a_late_answer_is_an_answer(patient: Patient, listener: socket.socket) -> None:
    for began in (100.0, 200.0):
        assert patient.silent(began) is None
        answer(listener)
        assert patient.silent(began + MUTE_S + 1) is None


def test_a_full_queue_is_silence(server: Server, patient: Patient, listener: socket.socket) -> None:
    waiting = []
    try:
        while True:
            one = socket.socket(socket.AF_UNIX)
            waiting.append(one)
            one.setblocking(False)
            one.connect(str(server.path))
    except BlockingIOError:
        pass
    assert patient.silent(100.0) is None
    assert patient.silent(100.0 + MUTE_S) == "has not spoken for 20.0 s"
    for one in waiting:
        one.close()


def test_nobody_at_the_socket_is_no_silence(patient: Patient) -> None:
    """It is starting, or ending."""
    assert [patient.silent(100.0 + seconds) for seconds in range(0, 60, 5)] == [None] * 12


def test_a_connection_that_does_not_get_through(server: Server) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = Address(*full.getsockname())
        # The kernel drops who comes when the queue is full, without a word.
        waiting = []
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((address.host, address.port))
            waiting.append(one)
        server.heartbeat = Heartbeat(server.path, address, HELLO)
        patient = Patient(server.heartbeat, server.process)
        assert patient.silent(100.0) is None
        assert patient.silent(100.0 + CUT_OFF_S) == "has not been reached for 3.0 s"
        patient.close()
        for one in waiting:
            one.close()


def test_who_wants_to_look_at_a_silent_server_can(tmp_path: Path) -> None:
    state = {"LOCALCLOUD_STATE": str(tmp_path)}
    assert Site.from_env(state).replaces_silent
    assert not Site.from_env({**state, "LOCALCLOUD_SILENT": "leave"}).replaces_silent
    with pytest.raises(BadSetting, match="LOCALCLOUD_SILENT='no': must be 'replace' or 'leave'"):
        Site.from_env({**state, "LOCALCLOUD_SILENT": "no"})


def test_no_socket_is_left_open(server: Server, listener: socket.socket) -> None:
    before = len(os.listdir("/proc/self/fd"))
    patient = Patient(server.heartbeat, server.process)
    for second in range(10):
        patient.silent(100.0 + 2 * second)
        if second % 2:
            answer(listener)
    patient.close()
    assert len(os.listdir("/proc/self/fd")) == before
