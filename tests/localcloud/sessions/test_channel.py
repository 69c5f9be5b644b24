"""The data channel by a client that speaks its protocol, to a server that answers with an echo."""

from __future__ import annotations

import queue
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from localcloud.errors import PortBusy
from localcloud.servers.facts import Address
from localcloud.sessions import PATH, Listener, Sessions, Target, channel, messages
from localcloud.sessions.connections import MOST
from localcloud.sessions.delivery import AGAIN_S
from localcloud.sessions.messages import Message
from tests.addresses import prefix
from tests.localcloud.sessions.client import DOES_NOT, WAIT_S, Client, Connection, open_socket

HOST = f"{prefix(87)}.0.1"
CHANNELS = Address(HOST, 4568)
REGION = "us-east-1"


class Echo(socketserver.BaseRequestHandler):
    """Says who it is, as MySQL does, and then what it is told; goes when told to."""

    def handle(self) -> None:
        self.request.sendall(b"echo.")
        with suppress(OSError):
            while chunk := self.request.recv(65536):
                if chunk.endswith(b"go away"):
                    return
                self.request.sendall(chunk)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512


@pytest.fixture
def server() -> Iterator[Server]:
    with Server((f"{prefix(87)}.1.1", 0), Echo) as found:
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    made = Sessions(lambda target: target.region == REGION)
    listener = Listener(CHANNELS, made)
    listener.open()
    yield made
    listener.close()
    assert [t.name for t in threading.enumerate() if t.name.startswith("session")] == []


Start = Callable[..., Client]


@pytest.fixture
def start(server: Server, sessions: Sessions) -> Iterator[Start]:
    made: list[Client] = []

    def start(version: str = "1.2.707.0", region: str = REGION, port: int = 0) -> Client:
        name = f"somebody-{len(made)}"
        host, free = server.server_address[:2]
        target = Target(region, str(host), port or int(free))
        properties = {"type": "LocalPortForwarding", "portNumber": str(target.port)}
        token = sessions.start(region, name, {"SessionId": name}, target, properties)
        assert token is not None
        made.append(Client(url(name), token, version))
        return made[-1]

    yield start
    for each in made:
        each.close()


def url(session: str) -> str:
    return f"ws://{CHANNELS}{PATH}{session}?role=publish_subscribe"


def active(sessions: Sessions) -> int:
    return len(sessions.facts_in(REGION))


def greeted(connection: Connection) -> Connection:
    assert connection.read(5) == b"echo."
    return connection


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def test_the_handshake_says_what_is_forwarded_and_by_which_agent(start: Start) -> None:
    client = start()
    assert client.shaken.wait(WAIT_S)
    assert client.request["AgentVersion"] > "3.1.1511.0"
    (action,) = client.request["RequestedClientActions"]
    assert action["ActionType"] == "SessionType"
    asked = action["ActionParameters"]
    assert (asked["SessionType"], asked["Properties"]["type"]) == ("Port", "LocalPortForwarding")


def test_nothing_comes_between_the_handshake_and_the_first_connection(start: Start) -> None:
    # AWS's plugin would never hear again: it is not ready, and fails at what it hears.
    client = start()
    assert client.shaken.wait(WAIT_S)
    client.send(Message(messages.INPUT, client.said, messages.HANDSHAKE_RESPONSE, 0).encode())
    with pytest.raises(queue.Empty):
        client.flags.get(timeout=2 * AGAIN_S)
    assert client.order == [
        (messages.OUTPUT, messages.HANDSHAKE_REQUEST),
        (messages.ACKNOWLEDGE, 0),
        (messages.OUTPUT, messages.HANDSHAKE_COMPLETE),
    ]
    greeted(client.open())


def test_many_connections_have_their_own_bytes(start: Start) -> None:
    client = start()
    open_ = [greeted(client.open()) for _ in range(20)]
    for number, each in enumerate(open_):
        each.send(f"I am {number:02}".encode())
    assert [each.read(7) for each in open_] == [f"I am {n:02}".encode() for n in range(20)]


def test_a_megabyte_goes_there_and_back(start: Start) -> None:
    client = start()
    connection = greeted(client.open())
    sent = bytes(range(256)) * 4096
    connection.send(sent)
    assert connection.read(len(sent)) == sent
    until(lambda: set(client.acknowledged) == set(range(client._sequence)), "all acknowledged")


def test_who_closes_a_connection_is_told_of_its_end(start: Start, server: Server) -> None:
    client = start()
    other = greeted(client.open())
    for last in ("the client", "the server"):
        connection = greeted(client.open())
        if last == "the client":
            connection.close()
        else:
            connection.send(b"go away")
        assert connection.receive() == b""
    other.send(b"still here")
    assert other.read(10) == b"still here"


def test_a_port_where_nobody_listens_is_reported(start: Start) -> None:
    with socket.create_server((f"{prefix(87)}.1.1", 0)) as gone:
        port = gone.getsockname()[1]
    client = start(port=port)
    connection = client.open()
    assert client.flags.get(timeout=WAIT_S) == messages.CONNECT_TO_PORT_ERROR
    assert connection.receive() == b""


def test_what_no_database_is_cannot_be_reached(start: Start) -> None:
    client = start(region="eu-west-1")
    connection = client.open()
    assert client.flags.get(timeout=WAIT_S) == messages.CONNECT_TO_PORT_ERROR
    assert connection.receive() == b""


def test_so_many_connections_and_no_more(start: Start) -> None:
    client = start()
    open_ = [client.open() for _ in range(MOST + 1)]
    assert client.flags.get(timeout=WAIT_S) == messages.CONNECT_TO_PORT_ERROR
    assert open_[-1].receive() == b""
    greeted(open_[0]).close()
    assert open_[0].receive() == b""
    greeted(client.open())


def test_an_old_client_has_one_connection_after_the_other(start: Start) -> None:
    client = start(version=DOES_NOT)
    # Nobody listens at the client yet: what the server says first is sent until it is heard.
    client.deaf = 2
    only = greeted(client.open())
    only.send(b"one")
    assert only.read(3) == b"one"
    client.flag(messages.DISCONNECT_TO_PORT)
    only.send(b"two")
    assert only.read(8) == b"echo.two"
    only.send(b"go away")
    with pytest.raises(queue.Empty):
        only.receive(0.5)
    only.send(b"three")
    assert only.read(10) == b"echo.three"


def test_an_old_client_whose_server_is_away_is_sent_home(start: Start, sessions: Sessions) -> None:
    client = start(version=DOES_NOT, region="eu-west-1")
    assert client.wait_closed() == "no connection to the port"
    assert sessions.facts_in("eu-west-1") == []


def test_messages_that_are_lost_or_doubled_are_taken_once(start: Start) -> None:
    client = start()
    client.deaf = 3
    connection = greeted(client.open())
    client.times = 3
    connection.send(b"once")
    assert connection.read(4) == b"once"
    with pytest.raises(queue.Empty):
        connection.receive(0.3)
    until(lambda: client.acknowledged.count(client._sequence - 1) == 3, "each is acknowledged")


def test_a_client_that_pauses_hears_nothing_until_it_goes_on(start: Start) -> None:
    client = start()
    connection = greeted(client.open())
    client.send(Message(messages.PAUSE_PUBLICATION).encode())
    connection.send(b"quiet")
    with pytest.raises(queue.Empty):
        connection.receive(0.5)
    client.send(Message(messages.START_PUBLICATION).encode())
    assert connection.read(5) == b"quiet"


def test_a_client_that_comes_back_goes_on(start: Start, sessions: Sessions) -> None:
    client = start()
    connection = greeted(client.open())
    client.break_off()
    old = sessions.resume(REGION, "somebody-0")
    token = sessions.resume(REGION, "somebody-0")
    assert old is not None
    assert token is not None
    with open_socket(client.url, old) as refused, pytest.raises(ConnectionClosedError):
        refused.recv(WAIT_S)
    client.come_back(token)
    connection.send(b"and then")
    assert connection.read(8) == b"and then"


def test_a_client_that_does_not_come_back_is_not_waited_for(
    start: Start, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "_RETURN_S", 0.2)
    client = start()
    greeted(client.open())
    client.break_off()
    until(lambda: active(sessions) == 0, "the session has ended")
    assert sessions.has_ended(REGION, "somebody-0")
    assert sessions.resume(REGION, "somebody-0") is None


def test_who_ends_the_session_by_the_api_ends_the_channel(start: Start, sessions: Sessions) -> None:
    client = start()
    connection = greeted(client.open())
    sessions.end(REGION, "somebody-0")
    assert client.wait_closed() == ""
    assert client.closed is not None
    assert client.closed["SessionId"] == "somebody-0"
    assert connection.receive() == b""
    assert active(sessions) == 0


@pytest.mark.parametrize("how", ["flag", "closes"])
def test_a_client_that_leaves_ends_the_session(start: Start, sessions: Sessions, how: str) -> None:
    client = start()
    greeted(client.open())
    if how == "flag":
        client.flag(messages.TERMINATE_SESSION)
        assert client.wait_closed() == ""
    else:
        client.close()
    until(lambda: active(sessions) == 0, "the session has ended")


def test_a_client_that_does_not_answer_the_handshake(
    start: Start, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "answer", lambda self: None)
    monkeypatch.setattr(channel, "_HANDSHAKE_S", 0.2)
    assert start().wait_closed() == "the client did not answer the handshake in time"
    assert active(sessions) == 0


def test_an_idle_session_ends(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start()
    greeted(client.open())
    monkeypatch.setattr(channel, "IDLE_S", 0.2)
    assert client.wait_closed() == "nothing was sent for 20 minutes"


BROKEN = [
    (Message(messages.INPUT, b"x", messages.DATA, 1).encode()[:-1] + b"y", "digest is another"),
    (b"\x00" * 200, "a header of 0 bytes"),
    (Message(messages.OUTPUT, b"x").encode(), "no message of a client: output_stream_data"),
    (Message(messages.INPUT, b"\x02" * 8, messages.DATA, 1).encode(), "smux of version 2"),
    (Message(messages.INPUT, b"\x02", messages.FLAG, 1).encode(), "a flag of 1 bytes"),
]


@pytest.mark.parametrize(("raw", "says"), BROKEN)
def test_what_is_no_message_ends_the_session_in_words(
    start: Start, sessions: Sessions, raw: bytes, says: str
) -> None:
    client = start()
    assert client.shaken.wait(WAIT_S)
    client.send(raw)
    assert says in client.wait_closed()
    assert active(sessions) == 0


def test_a_wrong_token_opens_nothing(start: Start, sessions: Sessions) -> None:
    sessions.start(REGION, "mine", {}, Target(REGION, HOST, 1), {})
    refused = pytest.raises(ConnectionClosedError, match="the token is not this session's")
    with open_socket(url("mine"), "guessed") as client, refused:
        client.recv(WAIT_S)
    with connect(url("mine"), proxy=None) as client:
        client.send("hello")
        with pytest.raises(ConnectionClosedError, match="not JSON"):
            client.recv(WAIT_S)
    assert active(sessions) == 1


def test_there_is_no_channel_of_another_session_and_none_for_a_web_page(sessions: Sessions) -> None:
    sessions.start(REGION, "shell", {}, None, {})
    sessions.start(REGION, "mine", {}, Target(REGION, HOST, 1), {})
    web_page = {"Origin": "http://example.com"}
    for path in (url("nobody"), url("shell"), f"ws://{CHANNELS}/"):
        with pytest.raises(InvalidStatus, match="404"):
            connect(path, proxy=None)
    with pytest.raises(InvalidStatus, match="403"):
        connect(url("mine"), proxy=None, additional_headers=web_page)


def test_so_many_sessions_and_no_more() -> None:
    sessions = Sessions(lambda target: True)
    for number in range(200):
        assert sessions.start(REGION, str(number), {}, None, {}) is not None
    assert sessions.start(REGION, "one more", {}, None, {}) is None
    sessions.end(REGION, "7")
    assert sessions.start(REGION, "one more", {}, None, {}) is not None


def test_the_end_of_the_endpoint_ends_every_channel(server: Server) -> None:
    sessions = Sessions(lambda target: True)
    listener = Listener(CHANNELS, sessions)
    listener.open()
    host, port = server.server_address[:2]
    token = sessions.start(REGION, "one", {}, Target(REGION, str(host), int(port)), {})
    assert token is not None
    client = Client(url("one"), token)
    connection = greeted(client.open())
    begin = time.monotonic()
    listener.close()
    assert time.monotonic() - begin < WAIT_S
    assert client.wait_closed() == ""
    assert connection.receive() == b""
    client.close()


def test_a_busy_port_is_said_so() -> None:
    listener = Listener(CHANNELS, Sessions(lambda target: True))
    refused = pytest.raises(PortBusy, match=str(CHANNELS))
    with socket.create_server((HOST, CHANNELS.port)), refused:
        listener.open()
