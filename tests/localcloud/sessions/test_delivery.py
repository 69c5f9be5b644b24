"""Once and in order, though messages are repeated, early or lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.sessions import delivery, messages
from localcloud.sessions.delivery import Incoming, Outgoing
from localcloud.sessions.messages import Message


@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=20))
def test_each_message_has_its_turn_once(order: list[int], again: list[int]) -> None:
    incoming = Incoming()
    taken = []
    for number in [*order, *again]:
        acknowledge, ready = incoming.take(Message(messages.INPUT, sequence=number))
        assert acknowledge
        taken += [each.sequence for each in ready]
    assert taken == list(range(12))


def test_what_is_far_too_early_is_not_acknowledged() -> None:
    incoming = Incoming()
    answers = [incoming.take(Message(messages.INPUT, sequence=n))[0] for n in range(1, 1026)]
    assert answers == [True] * 1024 + [False]


def sequences(sent: list[bytes]) -> list[int]:
    return [Message.decode(raw).sequence for raw in sent]


def test_what_is_not_acknowledged_is_sent_again_to_a_client_that_comes_back() -> None:
    sent: list[bytes] = []
    outgoing = Outgoing(sent.append)
    for payload in (b"a", b"b", b"c"):
        outgoing.put(messages.DATA, payload)
    outgoing.acknowledge(1)
    outgoing.acknowledge(99)
    outgoing.again()
    assert sequences(sent) == [0, 1, 2]
    outgoing.again(whatever=True)
    assert sequences(sent) == [0, 1, 2, 0, 2]
    outgoing.acknowledge(0)
    outgoing.acknowledge(2)
    assert outgoing.idle


def test_data_are_sent_again_to_a_client_that_was_not_ready_and_a_handshake_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "AGAIN_S", 0.0)
    sent: list[bytes] = []
    outgoing = Outgoing(sent.append)
    outgoing.put(messages.HANDSHAKE_COMPLETE, b"")
    outgoing.put(messages.DATA, b"")
    outgoing.again()
    assert sequences(sent) == [0, 1, 1]
    outgoing.again(whatever=True)
    assert sequences(sent) == [0, 1, 1, 0, 1]


def test_so_much_is_on_the_way_and_no_more() -> None:
    outgoing = Outgoing(lambda raw: None)
    for _ in range(256):
        assert not outgoing.full
        outgoing.put(messages.DATA, b"")
    assert outgoing.full
    outgoing.acknowledge(200)
    assert not outgoing.full
