"""smux's frames, however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.sessions.carriers import Bytes, Closed, Multiplexed, Opened, Single
from localcloud.sessions.errors import BadFrame
from localcloud.sessions.frames import FIN, LONGEST, NOP, PSH, SYN, Frame, Frames, data_frames

STREAMS = st.integers(0, 2**32 - 1)
ANY = st.builds(Frame, st.sampled_from([SYN, FIN, NOP]), STREAMS) | st.builds(
    Frame, st.just(PSH), STREAMS, st.binary(max_size=3000)
)


def fed(pieces: list[bytes]) -> list[Frame]:
    frames = Frames()
    return [frame for piece in pieces for frame in frames.feed(piece)]


@given(st.lists(ANY, max_size=8), st.data())
def test_frames_are_whole_however_the_bytes_come(frames: list[Frame], data: st.DataObject) -> None:
    raw = b"".join(each.encode() for each in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=10)))
    edges = [0, *cuts, len(raw)]
    pieces = [raw[a:b] for a, b in pairwise(edges)]
    assert fed(pieces) == frames


def test_every_field_has_its_place() -> None:
    assert Frame(PSH, 0x01020304, b"abc").encode() == b"\x01\x02\x03\x00\x04\x03\x02\x01abc"


@given(STREAMS, st.binary(min_size=1, max_size=3 * LONGEST))
def test_long_data_are_several_frames(stream: int, data: bytes) -> None:
    frames = fed([data_frames(stream, data)])
    assert b"".join(each.data for each in frames) == data
    assert {(each.command, each.stream) for each in frames} == {(PSH, stream)}
    assert max(len(each.data) for each in frames) <= LONGEST


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"\x02\x00\x00\x00\x03\x00\x00\x00", "version 2"),
        (b"\x01\x04\x08\x00\x03\x00\x00\x00", "no command 4"),
        (b"\x01\x00\x01\x00\x03\x00\x00\x00!", "no command 0 with 1 bytes"),
    ],
)
def test_other_versions_and_commands_are_refused(raw: bytes, says: str) -> None:
    with pytest.raises(BadFrame, match=says):
        fed([raw])


def test_what_a_client_does_on_many_connections() -> None:
    carrier = Multiplexed()
    said = [Frame(SYN, 3), Frame(NOP, 0), Frame(PSH, 3, b"one"), Frame(SYN, 5), Frame(FIN, 3)]
    assert list(carrier.read(b"".join(each.encode() for each in said))) == [
        Opened(3),
        Bytes(3, b"one"),
        Opened(5),
        Closed(3),
    ]
    assert list(carrier.begin()) == list(carrier.disconnected()) == []
    assert carrier.closed(3) == Frame(FIN, 3).encode()


def test_what_a_client_does_that_has_one() -> None:
    carrier = Single()
    assert list(carrier.begin()) == [Opened(1)]
    assert list(carrier.read(b"one")) == [Bytes(1, b"one")]
    assert carrier.data(1, b"two") == b"two"
    assert list(carrier.disconnected()) == [Closed(1)]
    # The next byte is for a new one.
    assert list(carrier.read(b"three")) == [Opened(2), Bytes(2, b"three")]
    assert carrier.closed(1) == b""
    assert list(carrier.read(b"four")) == [Bytes(2, b"four")]
    assert carrier.closed(2) == b""
    assert list(carrier.read(b"five")) == [Opened(3), Bytes(3, b"five")]
