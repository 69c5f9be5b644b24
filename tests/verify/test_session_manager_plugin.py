"""AWS's own session-manager-plugin, where there is one, between verify and the real servers.

`make session-plugin` builds it. Everywhere else a stand-in is in its place.
"""

from __future__ import annotations

import glob
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import mysql.connector
import pytest

from contract import Access, ClientHost, read_databases
from localcloud import daemon
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.databases import PASSWORD, REGION, USER
from tests.verify.sessions import create_host
from verify import sql
from verify.aws import Cloud
from verify.client_host import through_client_hosts
from verify.deadline import Deadline
from verify.errors import NoWay
from verify.session_plugin import LOOPBACK, NAME, Plugin

_BESIDE = Path(__file__).resolve().parents[2] / ".venv" / "bin" / NAME
PLUGIN = shutil.which(NAME) or (str(_BESIDE) if _BESIDE.exists() else None)
PATIENCE_S = 60.0
"""Not a measure of anything: how long a busy machine may take."""
VIA = ("--via", "client-host")

pytestmark = pytest.mark.skipif(
    PLUGIN is None, reason=f"{NAME} is not installed; `make session-plugin` builds it"
)


@pytest.fixture(scope="module")
def host(cloud: TestCloud) -> str:
    return create_host(cloud)


@pytest.fixture(autouse=True)
def _in_path(cloud: TestCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert PLUGIN is not None
    monkeypatch.setenv("PATH", f"{Path(PLUGIN).parent}:{os.environ['PATH']}")
    before = sockets()
    yield
    assert active(cloud) == []
    assert sockets() == before


def active(cloud: TestCloud) -> list[str]:
    found = cloud.client("ssm", REGION).describe_sessions(State="Active")["Sessions"]
    return [each["SessionId"] for each in found]


def sockets() -> list[str]:
    """What the plugin leaves behind when it is not ended as it wants to be."""
    return sorted(glob.glob(f"{tempfile.gettempdir()}/*session_manager_plugin_mux.sock"))


@pytest.fixture
def through(verify: Verify, host: str) -> Verify:
    verify.record["outputs"]["client_hosts"] = {REGION: {"instance": host, "region": REGION}}
    return verify


def test_every_exercise_that_a_stack_has_passes_through_the_plugin(through: Verify) -> None:
    done = through("mysql", "replica", "aurora", "redis", "security", *VIA)
    assert done.code == 0, done.out + done.err
    assert done.statuses <= {"passed", "skipped"}


def test_what_a_server_refuses_and_what_is_not_there(through: Verify) -> None:
    for endpoint in through.databases["mysql"]["endpoints"]:
        endpoint["host"] = "127.255.255.1"
    done = through("mysql", *VIA, "--timeout", "5")
    assert done.code == 2
    assert "verify: could not run: mysql: 127.255.255.1:3306 " in done.err


@pytest.fixture
def enter(cloud: TestCloud, host: str) -> Callable[[], Any]:
    record = cloud.record()
    databases = read_databases(record["outputs"])
    hosts = {REGION: ClientHost(instance=host, region=REGION)}
    boto = Cloud(Access.model_validate(record["access"]), PATIENCE_S)
    return lambda: through_client_hosts(hosts, databases, ["mysql"], boto, PATIENCE_S)


def test_a_session_that_aws_ends_is_opened_anew(cloud: TestCloud, enter: Callable[[], Any]) -> None:
    database = read_databases(cloud.record()["outputs"])["mysql"]
    where = database.endpoints[0].host, database.endpoints[0].port
    with enter() as way:
        before = way.address(*where)
        (session,) = active(cloud)
        cloud.client("ssm").terminate_session(SessionId=session)
        end = time.monotonic() + PATIENCE_S
        while way.address(*where) == before:
            assert time.monotonic() < end, "the plugin has noticed"
            time.sleep(0.05)
        credentials = Cloud(Access.model_validate(cloud.record()["access"]), PATIENCE_S)
        secret = database.secret_arn
        assert secret is not None
        ca = str(cloud.site.ca_dir / "ca.pem")
        connection = sql.open_connection(
            database.endpoints[0], credentials.credentials(secret), Deadline(PATIENCE_S), ca=ca
        )
        connection.close()


def test_a_data_channel_that_cannot_be_reached_is_named(cloud: TestCloud, host: str) -> None:
    request = {"Target": host, "DocumentName": "AWS-StartPortForwardingSession"}
    given = cloud.client("ssm").start_session(**request)
    boto = Cloud(Access.model_validate(cloud.record()["access"]), PATIENCE_S)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"127.0.0.1:{gone.getsockname()[1]}"
    answer = {
        "SessionId": given["SessionId"],
        "TokenValue": given["TokenValue"],
        "StreamUrl": f"ws://{address}/v1/data-channel/{given['SessionId']}",
    }
    plugin = Plugin.found(Deadline(PATIENCE_S))
    process = plugin.start(request, answer, REGION, cloud.site.endpoint_url, boto.keys)
    try:
        # AWS's own says nothing of it and does not end either.
        with pytest.raises(NoWay, match=f"cannot reach the session's data channel at {address}"):
            process.port(Deadline(3))
    finally:
        process.tell_to_end()
        process.end()
    cloud.client("ssm").terminate_session(SessionId=given["SessionId"])


class Break:
    """A wire to the data channels that can be cut: whoever connects again is connected again."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._open: list[socket.socket] = []
        self.times = 0

    def __enter__(self) -> Break:
        self._door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    @property
    def address(self) -> str:
        host, port = self._door.getsockname()
        return f"{host}:{port}"

    def cut(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                far = socket.create_connection(self._to, PATIENCE_S)
                far.settimeout(None)
                self._open += [near, far]
                self.times += 1
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while chunk := one.recv(65536):
            other.sendall(chunk)
        other.shutdown(socket.SHUT_RDWR)


def openings(cloud: TestCloud, session: str) -> int:
    """How often a client has shown the session's token."""
    return daemon.log_path(cloud.site).read_text().count(f"{session}: a client of version")


def test_it_resumes_a_session_whose_websocket_broke(cloud: TestCloud, host: str) -> None:
    endpoint = cloud.record()["outputs"]["databases"]["mysql"]["endpoints"][0]
    request = {
        "Target": host,
        "DocumentName": "AWS-StartPortForwardingSessionToRemoteHost",
        "Parameters": {"host": [endpoint["host"]], "portNumber": ["3306"]},
    }
    given = cloud.client("ssm").start_session(**request)
    boto = Cloud(Access.model_validate(cloud.record()["access"]), PATIENCE_S)
    with Break((cloud.site.endpoint_host, cloud.site.sessions_port)) as wire:
        where = f"{cloud.site.endpoint_host}:{cloud.site.sessions_port}"
        answer = {key: str(given[key]) for key in ("SessionId", "TokenValue", "StreamUrl")}
        answer["StreamUrl"] = answer["StreamUrl"].replace(where, wire.address)
        deadline = Deadline(PATIENCE_S)
        plugin = Plugin.found(deadline)
        process = plugin.start(request, answer, REGION, cloud.site.endpoint_url, boto.keys)
        try:
            connection = mysql.connector.connect(
                host=LOOPBACK,
                port=process.port(deadline),
                user=USER,
                password=PASSWORD,
                ssl_ca=str(cloud.site.ca_dir / "ca.pem"),
                connection_timeout=int(PATIENCE_S),
                read_timeout=int(PATIENCE_S),
                use_pure=True,
            )
            cursor = connection.cursor()
            cursor.execute("SET @before = 'the break'")
            wire.cut()
            # What is sent meanwhile it would lose, and everything after it.
            end = time.monotonic() + PATIENCE_S
            while openings(cloud, given["SessionId"]) < 2:
                assert time.monotonic() < end, "the plugin has come back"
                time.sleep(0.05)
            cursor.execute("SELECT @before")
            assert cursor.fetchall() == [("the break",)]
            assert wire.times == 2
            connection.close()
        finally:
            process.tell_to_end()
            process.end()
    cloud.client("ssm").terminate_session(SessionId=given["SessionId"])


def test_its_process_ends_by_sigint_and_takes_its_session_along(
    cloud: TestCloud, enter: Callable[[], Any]
) -> None:
    with enter():
        assert len(active(cloud)) == 1
        begin = time.monotonic()
    # A process that had to be killed would have taken longer.
    assert time.monotonic() - begin < 4.5
    assert active(cloud) == []
