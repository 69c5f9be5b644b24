"""Sessions of a client host at a local cloud, by a client of their protocol: to the real servers.

What AWS's own client does with them is in test_session_manager_plugin.py.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mysql.connector
import pytest
import redis

from localcloud.sessions import messages
from tests.localcloud.sessions.client import DOES_NOT, MULTIPLEXES, WAIT_S, Client, forwarded
from tests.verify.cloud import TestCloud
from tests.verify.databases import PASSWORD, REGION, USER
from tests.verify.sessions import Sessions, create_host

Start = Callable[..., Client]
DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"


@pytest.fixture(scope="module")
def host(cloud: TestCloud) -> str:
    return create_host(cloud)


@pytest.fixture
def start(cloud: TestCloud, host: str) -> Iterator[Start]:
    ssm, made = cloud.client("ssm"), []

    def start(to: dict[str, Any] | None, version: str = MULTIPLEXES) -> Client:
        where = {} if to is None else {"host": [to["host"]], "portNumber": [str(to["port"])]}
        document = "AWS-StartPortForwardingSession" if to is None else DOCUMENT
        given = ssm.start_session(Target=host, DocumentName=document, Parameters=where)
        made.append((given["SessionId"], Client(given["StreamUrl"], given["TokenValue"], version)))
        return made[-1][1]

    yield start
    for session, client in made:
        ssm.terminate_session(SessionId=session)
        client.close()
    assert ssm.describe_sessions(State="Active")["Sessions"] == []


def endpoint(cloud: TestCloud, database: str, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = cloud.record()["outputs"]["databases"][database]["endpoints"][number]
    return found


@contextmanager
def mysql_at(cloud: TestCloud, where: tuple[str, int]) -> Iterator[Any]:
    connection = mysql.connector.connect(
        host=where[0],
        port=where[1],
        user=USER,
        password=PASSWORD,
        ssl_ca=str(cloud.site.ca_dir / "ca.pem"),
        connection_timeout=int(WAIT_S),
        use_pure=True,
        autocommit=True,
    )
    try:
        yield connection.cursor()
    finally:
        connection.close()


def running(cloud: TestCloud) -> set[int]:
    """The connections that MySQL has."""
    with cloud.login(endpoint(cloud, "mysql")["host"]) as cursor:
        cursor.execute("SHOW PROCESSLIST")
        return {int(row[0]) for row in cursor.fetchall()}


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def one(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    ((value,),) = cursor.fetchall()
    return value


def test_mysql_by_many_connections_of_one_session(cloud: TestCloud, start: Start) -> None:
    with forwarded(start(endpoint(cloud, "mysql"))) as where:
        with mysql_at(cloud, where) as first, mysql_at(cloud, where) as second:
            ids = {one(each, "SELECT CONNECTION_ID()") for each in (first, second)}
            assert len(ids) == 2
            assert len(one(first, "SELECT REPEAT('x', 1000000)")) == 1_000_000
            text = "y" * 300_000
            assert one(second, f"SELECT SHA1('{text}')") == hashlib.sha1(text.encode()).hexdigest()
        # The server is told of their end.
        until(lambda: not ids & running(cloud), "both connections have ended")


def test_redis_by_pipelines(cloud: TestCloud, start: Start) -> None:
    with forwarded(start(endpoint(cloud, "redis"))) as where:
        client = redis.Redis(
            where[0],
            where[1],
            password=PASSWORD,
            ssl_check_hostname=False,
            ssl_cert_reqs="required",
            ssl_min_version=ssl.TLSVersion.TLSv1_2,
            socket_timeout=WAIT_S,
            ssl=True,
            ssl_ca_certs=str(cloud.site.ca_dir / "ca.pem"),
        )
        pipe = client.pipeline(transaction=False)
        for number in range(300):
            pipe.set(f"session:{number}", "z" * 1000, ex=60)
        assert all(pipe.execute())
        assert client.get("session:299") == b"z" * 1000
        client.close()


def test_a_client_of_one_connection_meets_a_server_that_speaks_first(
    cloud: TestCloud, start: Start
) -> None:
    client = start(endpoint(cloud, "mysql"), DOES_NOT)
    with forwarded(client) as where, mysql_at(cloud, where) as cursor:
        assert one(cursor, "SELECT 1") == 1


def test_a_connection_outlives_a_websocket(cloud: TestCloud, start: Start) -> None:
    client = start(endpoint(cloud, "aurora"))
    session = client.url.rpartition("/")[2].partition("?")[0]
    with forwarded(client) as where, mysql_at(cloud, where) as cursor:
        cursor.execute("SET @before = 'the break'")
        client.break_off()
        given = cloud.client("ssm").resume_session(SessionId=session)
        assert given["StreamUrl"] == client.url
        client.come_back(given["TokenValue"])
        assert one(cursor, "SELECT @before") == "the break"


def test_terminate_session_ends_the_connections(cloud: TestCloud, start: Start) -> None:
    client = start(endpoint(cloud, "mysql"))
    session = client.url.rpartition("/")[2].partition("?")[0]
    with forwarded(client) as where, mysql_at(cloud, where) as cursor:
        mine = one(cursor, "SELECT CONNECTION_ID()")
        cloud.client("ssm").terminate_session(SessionId=session)
        assert client.wait_closed() == ""
        with pytest.raises(mysql.connector.Error):
            cursor.execute("SELECT 1")
    until(lambda: mine not in running(cloud), "the connection has ended")


def test_only_databases_of_the_host_s_region_are_reached(
    cloud: TestCloud, start: Start, host: str
) -> None:
    mysql_there = endpoint(cloud, "mysql")
    elsewhere = [
        {"host": cloud.site.endpoint_host, "port": cloud.site.endpoint_port},
        {"host": "127.0.0.1", "port": cloud.site.endpoint_port},
        {"host": mysql_there["host"], "port": 22},
        {"host": "db.nowhere.invalid", "port": 3306},
        None,
    ]
    for each in elsewhere:
        client = start(each)
        connection = client.open()
        assert client.flags.get(timeout=WAIT_S) == messages.CONNECT_TO_PORT_ERROR, each
        assert connection.receive() == b""
    west = create_host(cloud, "us-west-2")
    ssm = cloud.client("ssm", "us-west-2")
    given = ssm.start_session(
        Target=west,
        DocumentName=DOCUMENT,
        Parameters={"host": [mysql_there["host"]], "portNumber": ["3306"]},
    )
    client = Client(given["StreamUrl"], given["TokenValue"])
    assert client.open().receive() == b""
    ssm.terminate_session(SessionId=given["SessionId"])
    client.close()


def test_another_program_of_this_machine_is_not_reached(cloud: TestCloud, start: Start) -> None:
    # It listens at every address, and so at that of the database, too.
    with socket.create_server(("0.0.0.0", 0)) as door:
        to = {"host": endpoint(cloud, "mysql")["host"], "port": door.getsockname()[1]}
        client = start(to)
        assert client.open().receive() == b""
        assert client.flags.get(timeout=WAIT_S) == messages.CONNECT_TO_PORT_ERROR


def test_no_session_is_left(cloud: TestCloud, host: str, start: Start) -> None:
    client = start(endpoint(cloud, "redis"))
    assert client.shaken.wait(WAIT_S)
    assert len(Sessions(cloud, cloud.site.state_dir).active(REGION)) == 1
    client.flag(messages.TERMINATE_SESSION)
    assert client.wait_closed() == ""
    assert Sessions(cloud, cloud.site.state_dir).active(REGION) == []
