"""What counts as acknowledged, and how long nothing was."""

from __future__ import annotations

import threading
import time
from typing import Any

import mysql.connector
import pytest

from bench.failover import Outcome, _Load, _outage, _writer_pid
from bench.workspace import BenchFailed


def load() -> _Load:
    return _Load("127.0.0.1", 3306, "admin", "secret", "ca.pem")


def acknowledged(*times: float) -> _Load:
    """A load whose writes were acknowledged at these times."""
    found = load()
    found.acknowledged = [(at, number) for number, at in enumerate(times, 1)]
    return found


def steady(start: float, count: int, gap: float = 0.001) -> list[float]:
    return [start + gap * n for n in range(count)]


def test_the_outage_is_the_pause_around_the_kill() -> None:
    killed = time.monotonic()
    times = [*steady(killed - 0.5, 100), *steady(killed + 0.2, 100)]
    assert _outage(acknowledged(*times), killed) == pytest.approx(0.2 + 0.5 - 0.099, abs=1e-6)


def test_an_answer_on_its_way_does_not_end_it() -> None:
    """Of a commit before the kill: the pause comes after it."""
    killed = time.monotonic()
    times = [*steady(killed - 0.1, 100), killed + 0.001, *steady(killed + 0.3, 100)]
    assert _outage(acknowledged(*times), killed) == pytest.approx(0.299, abs=1e-6)


def test_an_earlier_pause_is_not_counted() -> None:
    killed = time.monotonic()
    times = [
        *steady(killed - 9, 30), *steady(killed - 0.02, 20), *steady(killed + 0.05, 100),
    ]  # fmt: skip
    assert _outage(acknowledged(*times), killed) == pytest.approx(0.051, abs=1e-6)


def test_a_stutter_after_the_first_answer_is_counted() -> None:
    killed = time.monotonic()
    times = [*steady(killed - 0.05, 50), *steady(killed + 0.01, 5), *steady(killed + 0.5, 60)]
    assert _outage(acknowledged(*times), killed) == pytest.approx(0.486, abs=1e-6)


def test_writes_that_never_come_back_are_no_figure() -> None:
    killed = time.monotonic()
    with pytest.raises(BenchFailed, match="no write was acknowledged within 0 s of the kill"):
        _outage(acknowledged(*steady(killed - 0.1, 100)), killed, deadline_s=0.05)


def test_the_median_is_of_the_outages() -> None:
    assert Outcome((0.1, 0.9, 0.2), acknowledged=9, lost=0, duplicated=0).median == 0.2


class _Server:
    """Answers writes; the third's answer is lost, and then it refuses three connections."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.open = 0
        self.refuse = 0
        self.done = threading.Event()

    def execute(self, statement: str, values: tuple[int]) -> None:
        self.asked += values
        if values == (3,):
            self.refuse = 3
            raise mysql.connector.OperationalError("lost")
        if len(self.asked) >= 10:
            self.done.set()

    def close(self) -> None:
        """As a cursor."""


class _Connection:
    def __init__(self, server: _Server) -> None:
        if server.refuse:
            server.refuse -= 1
            raise mysql.connector.OperationalError("refused")
        self._server = server
        server.open += 1

    def cursor(self) -> _Server:
        return self._server

    def close(self) -> None:
        self._server.open -= 1


def test_a_number_whose_answer_is_lost_is_neither_counted_nor_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = _Server()

    def connect(**settings: Any) -> _Connection:
        assert settings["ssl_verify_identity"] is True
        return _Connection(server)

    monkeypatch.setattr(mysql.connector, "connect", connect)
    writes = load()
    thread = threading.Thread(target=writes.run)
    thread.start()
    assert server.done.wait(5)
    writes.stop.set()
    thread.join(5)
    assert server.asked == list(range(1, len(server.asked) + 1))
    assert [number for _, number in writes.acknowledged] == [n for n in server.asked if n != 3]
    assert server.refuse == 0
    assert server.open == 0, "every connection was closed"


class _Api:
    def describe_db_clusters(self, **_: str) -> dict[str, Any]:
        members = [
            {"DBInstanceIdentifier": "reader", "IsClusterWriter": False},
            {"DBInstanceIdentifier": "writer", "IsClusterWriter": True},
        ]
        return {"DBClusters": [{"DBClusterMembers": members}]}

    def describe_db_instances(self, DBInstanceIdentifier: str) -> dict[str, Any]:  # noqa: N803
        assert DBInstanceIdentifier == "writer"
        return {"DBInstances": [{"Endpoint": {"Address": "127.83.250.250"}}]}


def test_a_writer_without_a_process_is_named() -> None:
    with pytest.raises(BenchFailed, match=r"no server process .* writer on 127\.83\.250\.250"):
        _writer_pid(_Api(), "cluster")
