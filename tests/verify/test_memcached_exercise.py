"""The memcached exercise on a real cluster: it passes, and each of its checks can fail."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymemcache.client.base import Client
from pymemcache.client.rendezvous import RendezvousHash

from tests.verify.cloud import PREFIX, TestCloud
from tests.verify.command import Verify
from tests.verify.databases import REGION
from tests.verify.silence import silent_server
from verify.discovery import Cluster, Trust
from verify.memcached import CONNECT, NODES, VALUE, Memcached
from verify.shell import main as shell
from verify.trust import stranger

NAME = "tested-memcached"
OPEN, OPEN_TOO, NOBODY = (f"{PREFIX}.10.{n}" for n in (1, 2, 3))
SPREAD = "keys are spread over all nodes"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def facts(cloud: TestCloud) -> Iterator[dict[str, Any]]:
    """What a program would output of a cluster with two nodes."""
    client = cloud.client("elasticache")
    client.create_cache_cluster(
        CacheClusterId=NAME,
        Engine="memcached",
        EngineVersion="1.6.22",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=2,
        AZMode="cross-az",
        TransitEncryptionEnabled=True,
    )
    (shown,) = client.describe_cache_clusters(CacheClusterId=NAME, ShowCacheNodeInfo=True)[
        "CacheClusters"
    ]
    nodes = [(node["Endpoint"]["Address"], node["CacheNodeId"]) for node in shown["CacheNodes"]]
    yield {
        "kind": "memcached",
        "engine": "memcached",
        "version": "1.6.22",
        "region": REGION,
        "cluster": NAME,
        "instances": [node for _, node in nodes],
        "endpoints": [
            endpoint("configuration", shown["ConfigurationEndpoint"]["Address"]),
            *(endpoint("node", host, node) for host, node in nodes),
        ],
    }
    client.delete_cache_cluster(CacheClusterId=NAME)


def endpoint(role: str, host: str, name: str | None = None) -> dict[str, Any]:
    return {"role": role, "host": host, "port": 11211, "name": name}


@pytest.fixture
def memcached(verify: Verify, facts: dict[str, Any]) -> Verify:
    verify.databases["memcached"] = {**facts, "endpoints": [dict(e) for e in facts["endpoints"]]}
    return verify


@pytest.fixture
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests about other steps than the one that waits two seconds for a value to expire."""
    monkeypatch.setattr(Memcached, "_expiry", lambda self: "not looked at in this test")


quick = pytest.mark.usefixtures("_without_waiting")


@contextmanager
def plain_node(host: str, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """A memcached without TLS."""
    command = ["memcached", "-l", host, "-p", "11211", "-U", "0", "-u", "nobody", *flags]
    process = subprocess.Popen(command)
    try:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((host, 11211), 1).close()
                break
            except OSError:
                assert time.monotonic() < end, f"no memcached at {host}"
                time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def answering(host: str, answer: bytes) -> Iterator[None]:
    """An endpoint that says the same to everybody and everything."""
    with socket.create_server((host, 11211)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    while connection.recv(4096):
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def configuration_of(*hosts: str) -> bytes:
    said = "1\n" + " ".join(f"{host}|{host}|11211" for host in hosts) + "\n"
    return f"CONFIG cluster 0 {len(said)}\r\n{said}\r\nEND\r\n".encode()


@contextmanager
def at_node(verify: Verify, number: int) -> Iterator[Client]:
    host = verify.databases["memcached"]["endpoints"][number]["host"]
    context = ssl.create_default_context(cafile=verify.record["access"]["ca_file"])
    client = Client((host, 11211), connect_timeout=5, timeout=5, tls_context=context)
    try:
        yield client
    finally:
        client.close()


def items(verify: Verify) -> list[int]:
    counts = []
    for number in (1, 2):
        with at_node(verify, number) as client:
            counts.append(client.stats()[b"curr_items"])
    return counts


def pid_of(cloud: TestCloud, role: str) -> int:
    for server in json.loads(cloud._servers())["servers"]:
        if (server["identifier"], server["role"]) == (NAME, role):
            return int(server["pid"])
    raise LookupError(role)


@contextmanager
def silent(cloud: TestCloud, role: str) -> Iterator[None]:
    pid = pid_of(cloud, role)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_it_passes_twice_and_leaves_nothing(memcached: Verify) -> None:
    for _ in range(2):
        done = memcached("memcached")
        assert done.code == 0, done.out + done.err
        assert done.statuses == {"passed"}
        assert done.step(VALUE)[1] == "aws-databases:verify:user: 'John Doe'"
        assert "2 nodes of cache.t3.micro in us-east-1a, us-east-1b" in done.out
        assert re.match(
            r"64 keys, each on one node: \S+ \d+ of \d+ items, \S+ \d+ of \d+ items",
            done.step(SPREAD)[1],
        )
        assert items(memcached) == [0, 0]


@quick
def test_keep_keeps_and_the_next_run_begins_without(memcached: Verify) -> None:
    assert memcached("memcached", "--keep").code == 0
    assert sum(items(memcached)) >= 64
    done = memcached("memcached")
    assert done.code == 0
    assert re.match(r"deleted 6\d keys", done.step("no leftovers of an earlier run")[1])
    assert items(memcached) == [0, 0]


@quick
def test_keys_of_somebody_else_are_left_alone(memcached: Verify) -> None:
    with at_node(memcached, 1) as client:
        client.set("mine", "v", noreply=False)
        try:
            assert memcached("memcached").code == 0
            assert client.get("mine") == b"v"
        finally:
            client.delete("mine", noreply=False)


@quick
@pytest.mark.parametrize("role", ["node 0001", "node 0002"])
def test_a_stopped_node_is_a_failed_step(cloud: TestCloud, memcached: Verify, role: str) -> None:
    with silent(cloud, role):
        done = memcached("memcached", "--timeout", "0.5")
    assert done.code == 1
    assert list(done.failed) == [NODES]
    assert "gives no answer within 0.5 s" in done.failed[NODES]
    assert done.seconds < 5
    assert memcached("memcached").code == 0


@quick
def test_a_node_that_stops_half_way_fails_and_so_does_the_clean_up(
    cloud: TestCloud, memcached: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Memcached._counter

    def stop_then_count(self: Memcached) -> str:
        for number in (1, 2):
            os.kill(pid_of(cloud, f"node {number:04d}"), signal.SIGSTOP)
        return real(self)

    monkeypatch.setattr(Memcached, "_counter", stop_then_count)
    try:
        done = memcached("memcached", "--timeout", "0.5")
    finally:
        for number in (1, 2):
            os.kill(pid_of(cloud, f"node {number:04d}"), signal.SIGCONT)
    assert done.code == 1
    assert done.step(VALUE)[0] == "passed"
    assert "gives no answer within 0.5 s" in done.failed["incr and decr"]
    assert "gives no answer within 0.5 s" in done.failed["clean up"]
    assert "Traceback" not in done.err
    assert done.seconds < 12
    monkeypatch.undo()
    assert memcached("memcached").code == 0


def test_a_silent_configuration_endpoint_could_not_be_asked(memcached: Verify) -> None:
    memcached.endpoint("memcached", "configuration")["host"] = NOBODY
    with silent_server(NOBODY, 11211):
        done = memcached("memcached", "--timeout", "0.5")
    assert done.code == 2, done.out
    assert f"{NOBODY}:11211" in done.err
    assert "within 0.5 s" in done.err


def test_nobody_at_the_configuration_endpoint_could_not_be_asked(memcached: Verify) -> None:
    memcached.endpoint("memcached", "configuration")["host"] = NOBODY
    done = memcached("memcached")
    assert done.code == 2
    assert f"{NOBODY}:11211 cannot be reached: [Errno 111] Connection refused" in done.err


def test_a_cluster_of_another_size_fails(memcached: Verify) -> None:
    facts = memcached.databases["memcached"]
    facts["endpoints"].pop()
    facts["instances"] = ["0001"]
    failed = memcached("memcached").failed
    assert re.match(r"it lists \S+, \S+, not \S+\Z", failed[CONNECT])


@quick
def test_another_s_cluster_fails(memcached: Verify) -> None:
    memcached.databases["memcached"]["instances"] = ["0001", "0003"]
    failed = memcached("memcached").failed
    assert failed == {
        "settings as ElastiCache reports them": ("nodes are ['0001', '0002'], not ['0001', '0003']")
    }
    memcached.databases["memcached"]["cluster"] = "nobody-s"
    assert "CacheClusterNotFound" in "".join(memcached("memcached").failed.values())


@pytest.fixture
def open_cluster(memcached: Verify) -> Iterator[Verify]:
    """Two nodes that speak plain text, and an endpoint that lists them."""
    facts = memcached.databases["memcached"]
    facts["tls"] = False
    facts["endpoints"] = [
        endpoint("configuration", NOBODY),
        endpoint("node", OPEN, "0001"),
        endpoint("node", OPEN_TOO, "0002"),
    ]
    with answering(NOBODY, configuration_of(OPEN, OPEN_TOO)), plain_node(OPEN):
        yield memcached


@quick
def test_what_a_cluster_without_tls_does_not_claim_is_skipped(open_cluster: Verify) -> None:
    with plain_node(OPEN_TOO):
        done = open_cluster("memcached")
    # The API knows of another cluster than this one, whose nodes have TLS.
    assert list(done.failed) == ["settings as ElastiCache reports them"]
    assert done.step("a connection without TLS is refused")[0] == "skipped"
    assert done.step("a wrong CA is refused")[0] == "skipped"
    assert done.step(SPREAD)[0] == "passed"


def test_a_node_that_is_no_memcached_fails(open_cluster: Verify) -> None:
    with answering(OPEN_TOO, b"+PONG\r\n"):
        done = open_cluster("memcached", "--timeout", "0.5")
    assert done.code == 1
    assert done.failed[NODES].startswith(f"{OPEN_TOO}:11211 answered: ")


def test_a_value_that_does_not_expire_fails(
    memcached: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Cluster.set
    monkeypatch.setattr(
        Cluster, "set", lambda self, key, value, *, seconds=0: real(self, key, value)
    )
    monkeypatch.setattr("verify.memcached.TTL_S", 0.2)
    monkeypatch.setattr("verify.memcached._LATE_S", 0.1)
    assert memcached("memcached").failed == {
        "a value expires": "it still has a value that should live for 0.2 s"
    }


@quick
def test_a_node_without_cas_fails(open_cluster: Verify) -> None:
    # -C: a cas with any token is accepted.
    open_cluster.databases["memcached"]["endpoints"].pop(1)
    open_cluster.databases["memcached"]["instances"] = ["0002"]
    hosts = (OPEN_TOO,)
    open_cluster.endpoint("memcached", "configuration")["host"] = f"{PREFIX}.10.4"
    with answering(f"{PREFIX}.10.4", configuration_of(*hosts)), plain_node(OPEN_TOO, "-C"):
        failed = open_cluster("memcached").failed
    assert "a cas with a stale token is refused" in failed


@quick
def test_a_node_outside_of_the_list_leaves_keys_unfound(
    memcached: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Cluster.set

    def set_one_less(self: Cluster, key: str, value: str, *, seconds: int = 0) -> None:
        if not key.endswith(":spread:7"):
            real(self, key, value, seconds=seconds)

    monkeypatch.setattr(Cluster, "set", set_one_less)
    assert memcached("memcached").failed == {
        SPREAD: "64 keys were set, and the nodes have 63, 63 of them different"
    }


@quick
def test_keys_that_all_land_on_one_node_fail(
    memcached: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RendezvousHash, "get_node", lambda self, key: min(self.nodes))
    failed = memcached("memcached").failed
    assert re.match(r"none of 64 keys is on \S+\Z", failed[SPREAD])


@pytest.mark.parametrize(
    "answer",
    [
        b"ERROR\r\n",
        b"CONFIG cluster 0 9\r\n1\nnonsense\n\r\nEND\r\n",
        b"CONFIG cluster 0 9\r\nx\nh|h|1\n\r\nEND\r\n",
        b"VALUE cluster 0 9\r\n1\nh|h|1\n\r\nEND\r\n",
    ],
)
def test_an_endpoint_that_does_not_know_auto_discovery_fails(
    memcached: Verify, answer: bytes
) -> None:
    facts = memcached.databases["memcached"]
    facts["tls"] = False
    memcached.endpoint("memcached", "configuration")["host"] = NOBODY
    with answering(NOBODY, answer):
        done = memcached("memcached", "--timeout", "0.5")
    assert done.code == 1
    assert list(done.failed) == [CONNECT]


def test_a_plain_memcached_at_the_configuration_endpoint_fails(open_cluster: Verify) -> None:
    open_cluster.endpoint("memcached", "configuration")["host"] = OPEN
    assert open_cluster("memcached", "--timeout", "0.5").failed == {
        CONNECT: "memcached 1.6.18 is there, but knows no 'config get cluster'"
    }


@quick
def test_a_node_that_takes_plain_text_fails(
    memcached: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Everything speaks TLS, also what is to be plain text.
    real = Trust.context
    ca = memcached.record["access"]["ca_file"]
    monkeypatch.setattr(Trust, "context", lambda self: real(Trust(True, ca)))
    failed = memcached("memcached").failed
    assert list(failed) == ["a connection without TLS is refused"]
    assert "told a client without TLS: 1.6.18" in failed["a connection without TLS is refused"]


@quick
def test_a_client_that_believes_the_certificate_fails_the_wrong_ca(
    memcached: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Path(memcached.record["access"]["ca_file"]).read_text()
    monkeypatch.setattr("verify.trust.stranger", lambda: right)
    assert list(memcached("memcached").failed) == ["a wrong CA is refused"]


def test_a_certificate_of_a_stranger_is_not_trusted(memcached: Verify, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text(stranger())
    done = memcached("memcached", "--ca", str(wrong))
    assert done.code == 1
    assert "is not trusted" in done.failed[CONNECT]


def test_a_shell_is_a_line_to_the_protocol(memcached: Verify) -> None:
    host = memcached.databases["memcached"]["endpoints"][2]["host"]
    for words, says in (((), f"{host}|{host}|11211"), (("0002",), "ERROR")):
        done = subprocess.run(
            [sys.executable, "-m", "verify.shell", "--outputs", str(memcached.write()),
             "memcached", *words],
            cwd=ROOT, capture_output=True, text=True, input="config get cluster\nquit\n",
            timeout=30, check=False,
        )  # fmt: skip
        assert says in done.stdout, done.stderr


def test_a_shell_without_its_program_says_what_to_install(
    memcached: Verify, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for tls, package in ((True, "openssl"), (False, "telnet")):
        memcached.databases["memcached"]["tls"] = tls
        assert shell(["--outputs", str(memcached.write()), "memcached"]) == 2
        assert f"run `apt-get install {package}`" in capsys.readouterr().err
