"""Who connects to a database asks where it is reached."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from verify import reach
from verify.errors import NoWay

VERIFY = Path(reach.__file__).parent
OPENS = re.compile(
    r"create_connection\(|connector\.connect\(|psycopg\.connect\(|HashClient\(|Connection\.connect\("
    r"|^class \w+\((?:MySQLConnection|SSLConnection|Connection)\)",
    re.MULTILINE,
)
DIRECTLY = {
    # What it measures a session would falsify: the command refuses it there.
    "performance/worker.py",
    # The connections that sql.py and cache.py lead.
    "contexts.py",
    # Drivers as a beginner writes them, beside a drill, which knows no session either.
    "drill/reading.py",
}


def test_whoever_opens_a_connection_asks_for_the_address() -> None:
    found = {
        str(path.relative_to(VERIFY)): path.read_text()
        for path in VERIFY.rglob("*.py")
        if OPENS.search(path.read_text())
    }
    assert found.keys() >= {"cache.py", "discovery.py", "trust.py", "relay.py", "wire.py"}
    direct = {name for name, text in found.items() if "from verify.reach import" not in text}
    assert direct == DIRECTLY


def test_without_a_way_everything_is_where_it_says() -> None:
    assert reach.address("db.example", 3306) == ("db.example", 3306)


class Nowhere:
    home = ""

    def address(self, host: str, port: int) -> reach.Address:
        raise NoWay("nothing leads there")


def test_a_way_is_left_as_it_was_entered_also_after_an_error() -> None:
    with pytest.raises(NoWay), reach.by(Nowhere()):
        reach.address("db.example", 3306)
    assert reach.address("db.example", 3306) == ("db.example", 3306)


def test_sockets_of_a_driver_resolve_the_near_end_and_are_sockets_else() -> None:
    class Here(Nowhere):
        def address(self, host: str, port: int) -> reach.Address:
            return "127.0.0.1", port + 1

    sockets = reach.Sockets(socket)
    with reach.by(Here()):
        found = sockets.getaddrinfo("db.example", 9, socket.AF_INET, socket.SOCK_STREAM)
    assert {each[4] for each in found} == {("127.0.0.1", 10)}
    assert sockets.SOCK_STREAM is socket.SOCK_STREAM
