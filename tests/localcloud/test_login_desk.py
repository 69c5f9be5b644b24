"""The desk: servers ask by an LDAP bind, and whatever else comes is let go."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import PortBusy
from localcloud.logins.binds import Bind, NoBind, answer, read_bind
from localcloud.logins.desk import Desk
from localcloud.servers.facts import Address
from tests.addresses import prefix

SUCCESS = bytes.fromhex("300c02010161070a010004000400")
"""As a directory of OpenLDAP answers the first message."""


def element(tag: int, value: bytes) -> bytes:
    size = len(value).to_bytes(2, "big")
    return (
        bytes([tag, 0x82]) + size + value if len(value) > 127 else bytes([tag, len(value)]) + value
    )


def bind(name: str, secret: str, number: bytes = b"\x01") -> bytes:
    request = element(2, b"\x03") + element(4, name.encode()) + element(0x80, secret.encode())
    return element(0x30, element(2, number) + element(0x60, request))


@pytest.fixture
def address() -> Iterator[Address]:
    """Of a desk that lets in whoever says the server's name."""
    where = Address(f"{prefix(86)}.0.1", 4567)
    desk = Desk(where, lambda server, user, secret: None if secret == server else f"{user} is not")
    desk.open()
    yield where
    desk.close()


def said(address: Address, *messages: bytes) -> bytes:
    with socket.create_connection((address.host, address.port), 5) as connection:
        connection.settimeout(5)
        connection.sendall(b"".join(messages))
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while more := connection.recv(4096):
            found += more
    return found


def test_who_is_let_in_and_who_is_not(address: Address) -> None:
    assert said(address, bind("postgres.us-east-1.db/app", "postgres.us-east-1.db")) == SUCCESS
    refused = said(address, bind("postgres.us-east-1.db/app", "nonsense"))
    # 49 is invalidCredentials; the reason is for the asking server's log.
    assert refused[7:10] == bytes([0x0A, 1, 49])
    assert b"app is not" in refused


def test_a_user_s_name_may_have_a_slash(address: Address) -> None:
    assert b"a/b is not" in said(address, bind("db/a/b", "x"))


def test_a_connection_may_ask_twice(address: Address) -> None:
    found = said(address, bind("db/app", "db"), bind("db/app", "db", b"\x02"))
    assert found == SUCCESS + SUCCESS[:4] + b"\x02" + SUCCESS[5:]


def test_what_is_no_bind_is_let_go_and_the_next_one_served(address: Address) -> None:
    for nonsense in (
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x03\x02\x01\x01",
    ):
        assert said(address, nonsense) == b""
    assert said(address, bind("db/app", "db")) == SUCCESS


def test_an_address_in_use_is_told(address: Address) -> None:
    with pytest.raises(PortBusy, match="in use by another program"):
        Desk(address, lambda *_: None).open()


@given(name=st.text(max_size=300), secret=st.text(max_size=3000))
def test_every_name_and_secret_arrives_whole(name: str, secret: str) -> None:
    assert read_bind(io.BytesIO(bind(name, secret))) == Bind(b"\x01", name, secret)


@given(content=st.binary(max_size=200))
def test_no_message_breaks_it(content: bytes) -> None:
    for message in (content, element(0x30, content), element(0x30, b"\x02\x01\x01" + content)):
        try:
            read_bind(io.BytesIO(message))
        except NoBind:
            continue


def test_a_secret_is_in_no_text() -> None:
    assert "secret" not in repr(Bind(b"\x01", "app", "my-secret"))
    assert len(answer(Bind(b"\x01", "app", "x"), "reason" * 40)) > 240
