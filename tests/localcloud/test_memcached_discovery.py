"""The configuration endpoint's process by itself: what clients may send, and what nodes do."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.servers import memcached_discovery
from localcloud.servers.memcached_discovery import LONGEST_LINE, MOST_CLIENTS
from tests.addresses import prefix

HOST, NODE, GONE = (f"{prefix(81)}.200.{n}" for n in (1, 2, 3))
PORT = 11211


@pytest.fixture(scope="module")
def node() -> Iterator[subprocess.Popen[bytes]]:
    user = ["-u", "nobody"]
    process = subprocess.Popen(["memcached", "-l", NODE, "-p", str(PORT), "-U", "0", *user])
    try:
        _await(NODE)
        yield process
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("discovery") / "cluster.json"


@pytest.fixture(scope="module")
def endpoint(node: object, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    describe(file, NODE)
    script = str(memcached_discovery.__file__)
    process = subprocess.Popen([sys.executable, "-IS", script, str(file)])
    try:
        _await(HOST)
        yield process
    finally:
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM


@pytest.fixture(autouse=True)
def _one_node(file: Path, endpoint: object) -> None:
    describe(file, NODE)


def describe(file: Path, *nodes: str, version: int = 1) -> None:
    facts = {"host": HOST, "port": PORT, "tls": None, "version": version, "nodes": nodes}
    fresh = file.with_suffix(".fresh")
    fresh.write_text(json.dumps(facts))
    fresh.replace(file)


def listed(*nodes: str, version: int = 1) -> bytes:
    said = f"{version}\n" + " ".join(f"{n}|{n}|{PORT}" for n in nodes) + "\n"
    return f"CONFIG cluster 0 {len(said)}\r\n{said}\r\nEND\r\n".encode()


def _await(host: str) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((host, PORT), 1).close()
            return
        except OSError:
            assert time.monotonic() < end, f"nobody at {host}"
            time.sleep(0.01)


@contextmanager
def connected(host: str = HOST) -> Iterator[socket.socket]:
    with socket.create_connection((host, PORT), 5) as found:
        yield found


def said(connection: socket.socket) -> bytes:
    """Everything until the peer closes."""
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
    return answer


def conversation(words: bytes, host: str = HOST) -> bytes:
    with connected(host) as connection:
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        return said(connection)


def test_the_answer_is_what_elasticache_s_clients_read() -> None:
    example = (
        b"CONFIG cluster 0 42\r\n7\n10.0.0.1|10.0.0.1|11211 10.0.0.2|10.0.0.2|11211\n\r\nEND\r\n"
    )
    assert listed("10.0.0.1", "10.0.0.2", version=7) == example.replace(b" 42", b" 50")
    assert conversation(b"config get cluster\r\n") == listed(NODE)
    assert conversation(b"config get cluster\n") == listed(NODE)


def test_it_reads_the_nodes_anew_for_each_question(file: Path) -> None:
    with connected() as connection:
        for version, nodes in ((1, [NODE]), (2, [NODE, GONE])):
            describe(file, *nodes, version=version)
            connection.sendall(b"config get cluster\r\n")
            wanted = listed(*nodes, version=version)
            got = b""
            while len(got) < len(wanted):
                got += connection.recv(65536)
            assert got == wanted


def test_answers_come_in_the_order_of_the_questions() -> None:
    words = (
        b"set a 0 0 1\r\nx\r\nget a\r\nconfig get cluster\r\nget a\r\n"
        b"config get cluster\r\nconfig get cluster\r\ndelete a\r\nquit\r\nget a\r\n"
    )
    found = b"VALUE a 0 1\r\nx\r\nEND\r\n"
    ours = listed(NODE)
    assert conversation(words) == b"STORED\r\n" + found + ours + found + ours * 2 + b"DELETED\r\n"


def test_data_that_looks_like_a_command_is_data() -> None:
    data = b"config get cluster\r\nquit\r\n"
    for command in (b"set a 0 0 %d", b"ms b %d", b"set a 0 0 %d noreply"):
        words = command % len(data) + b"\r\n" + data + b"\r\nget a\r\n"
        assert conversation(words) == conversation(words, NODE)


COMMANDS = st.lists(
    st.one_of(
        st.binary(max_size=30).map(lambda d: b"set k 0 0 %d\r\n%s\r\n" % (len(d), d)),
        st.binary(max_size=30).map(lambda d: b"append k 0 0 %d\r\n%s\r\n" % (len(d), d)),
        st.binary(max_size=30).map(lambda d: b"ms k %d\r\n%s\r\n" % (len(d), d)),
        st.sampled_from(
            [
                b"get k\r\n", b"delete k\r\n", b"incr k 1\r\n", b"touch k 0\r\n", b"version\r\n",
                b"get\r\n", b"set k\r\n", b"nonsense\r\n", b"\r\n", b"mn\r\n", b"mg k v\r\n",
                b"set k 0 0 x\r\n", b"verbosity 0\r\n", b"config set cluster\r\n",
            ]
        ),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(COMMANDS)
def test_whatever_is_said_is_answered_as_the_node_would(commands: list[bytes]) -> None:
    words = b"".join(commands)
    forget = b"flush_all\r\n"
    assert conversation(forget + words + b"quit\r\n") == conversation(
        forget + words + b"quit\r\n", NODE
    )


def test_a_large_value_passes_through() -> None:
    data = b"x" * 900_000
    words = b"set large 0 0 %d\r\n%s\r\nget large\r\nquit\r\n" % (len(data), data)
    assert conversation(words) == b"STORED\r\nVALUE large 0 900000\r\n" + data + b"\r\nEND\r\n"


def test_a_line_without_an_end_is_refused() -> None:
    try:
        answer = conversation(b"get " + b"k" * (3 * LONGEST_LINE) + b"\r\n")
    except OSError:
        # Closed with the rest of the line unread: the answer is lost with it.
        answer = b""
    assert answer in (b"CLIENT_ERROR line too long\r\n", b"")
    assert conversation(b"config get cluster\r\n") == listed(NODE)


def test_the_binary_protocol_is_sent_away_at_once() -> None:
    with connected() as connection:
        connection.sendall(b"\x80\x0b" + b"\0" * 22)
        started = time.monotonic()
        assert said(connection) == b""
        assert time.monotonic() - started < 2


def test_without_a_node_it_says_so_and_still_answers_for_the_cluster(file: Path) -> None:
    describe(file, GONE)
    words = b"config get cluster\r\nget a\r\n"
    nobody = b"SERVER_ERROR no node of the cluster can be reached\r\n"
    assert conversation(words) == listed(GONE) + nobody


def test_a_node_that_dies_with_a_question_open_closes_the_connection(file: Path) -> None:
    describe(file, GONE)
    with socket.create_server((GONE, PORT)) as listening, connected() as connection:
        connection.sendall(b"get a\r\n")
        peer, _ = listening.accept()
        with peer:
            assert peer.recv(100) == b"get a\r\n"
        assert said(connection) == b""


def test_a_client_that_leaves_in_the_middle_harms_nobody() -> None:
    for words in (b"set a 0 0 100\r\nhalf", b"get", b"get a\r\n", b""):
        with connected() as connection:
            connection.sendall(words)
    assert conversation(b"config get cluster\r\n") == listed(NODE)


def test_too_many_clients_are_told() -> None:
    open_: list[socket.socket] = []
    refused = b"SERVER_ERROR too many connections\r\n"
    try:
        for _ in range(MOST_CLIENTS + 1):
            open_.append(socket.create_connection((HOST, PORT), 5))
        assert said(open_[-1]) == refused
        open_.pop(0).close()
        _until(lambda: conversation(b"config get cluster\r\n") == listed(NODE))
    finally:
        for connection in open_:
            connection.close()
    _until(lambda: conversation(b"config get cluster\r\n") == listed(NODE))


def test_clients_at_once_do_not_mix() -> None:
    answers: dict[int, bytes] = {}

    def talk(n: int) -> None:
        data = b"%d" % n * 1000
        words = b"set k%d 0 0 %d\r\n%s\r\nget k%d\r\nconfig get cluster\r\n" % (
            n, len(data), data, n,
        )  # fmt: skip
        answers[n] = conversation(words)

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for n in range(20):
        data = b"%d" % n * 1000
        value = b"VALUE k%d 0 %d\r\n%s\r\nEND\r\n" % (n, len(data), data)
        assert answers[n] == b"STORED\r\n" + value + listed(NODE)


def _until(condition: object) -> None:
    end = time.monotonic() + 10
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
