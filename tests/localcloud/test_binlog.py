"""The heads of a binary log's events, written byte by byte."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.servers.mariadb_binlog import History, Part, history

START, QUERY, XID, ROWS, GTID = 15, 2, 16, 23, 162


def event(second: int, type_: int, body: bytes = b"", server: int = 7) -> bytes:
    length = 19 + len(body)
    return struct.pack("<IBIIIH", second, type_, server, length, 0, 0) + body


def transaction(second: int, number: int, end: int = XID, server: int = 7) -> bytes:
    gtid = event(second, GTID, struct.pack("<QIB", number, 0, 0), server)
    return gtid + event(second, ROWS, b"row", server) + event(second, end, b"end", server)


def log(folder: Path, number: int, *events: bytes) -> Path:
    file = folder / f"binlog.{number:06}"
    file.write_bytes(b"\xfebin" + event(1, START) + b"".join(events))
    return file


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def test_all_of_it_is_every_file_whole_and_the_last_transaction(tmp_path: Path) -> None:
    first = log(tmp_path, 1, transaction(10, 1), transaction(11, 2))
    second = log(tmp_path, 2, transaction(12, 3, end=QUERY, server=9))
    assert history([first, second], None) == History(
        (
            Part(first, first.stat().st_size, whole=True),
            Part(second, second.stat().st_size, whole=True),
        ),
        "0-9-3",
    )


@pytest.mark.parametrize(
    ("until", "transactions", "last"),
    [(10, 0, None), (11, 1, "0-7-1"), (12, 2, "0-7-2"), (13, 3, "0-7-3")],
)
def test_the_cut_is_before_the_first_transaction_of_the_second(
    tmp_path: Path, until: int, transactions: int, last: str | None
) -> None:
    three = [transaction(9 + n, n) for n in (1, 2, 3)]
    file = log(tmp_path, 1, *three)
    size = len(b"\xfebin" + event(1, START) + b"".join(three[:transactions]))
    assert history([file], at(until)) == History((Part(file, size, whole=transactions == 3),), last)


def test_files_after_the_cut_are_left_out(tmp_path: Path) -> None:
    files = [log(tmp_path, n, transaction(10 * n, n)) for n in (1, 2, 3)]
    told = history(files, at(20))
    assert [(part.file, part.whole) for part in told.parts] == [(files[0], True), (files[1], False)]
    assert told.last == "0-7-1"


def test_half_an_event_at_the_end_of_a_killed_servers_file_is_left_out(tmp_path: Path) -> None:
    whole = log(tmp_path, 1, transaction(10, 1))
    size = whole.stat().st_size
    whole.write_bytes(whole.read_bytes() + transaction(11, 2)[:25])
    assert history([whole], None) == History((Part(whole, size, whole=False),), "0-7-1")


def test_a_transaction_without_an_end_is_not_waited_for(tmp_path: Path) -> None:
    begun = event(11, GTID, struct.pack("<QIB", 2, 0, 0)) + event(11, ROWS)
    assert history([log(tmp_path, 1, transaction(10, 1), begun)], None).last == "0-7-1"


def test_a_log_without_transactions_has_no_last_one(tmp_path: Path) -> None:
    assert history([log(tmp_path, 1)], None).last is None
    assert history([], None) == History((), None)


@given(
    seconds=st.lists(st.integers(2, 60), max_size=12).map(sorted),
    until=st.integers(1, 61),
    a_file=st.integers(1, 4),
)
def test_every_transaction_is_on_one_side_of_the_moment(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], until: int, a_file: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    whole = [transaction(second, number) for number, second in enumerate(seconds, start=1)]
    files = [
        log(folder, n, *whole[start : start + a_file])
        for n, start in enumerate(range(0, len(whole), a_file), start=1)
    ]
    told = history(files, at(until))
    kept = b"".join(part.file.read_bytes()[: part.size] for part in told.parts)
    before = sum(second < until for second in seconds)
    assert [each in kept for each in whole] == [n < before for n in range(len(whole))]
    assert told.last == (f"0-7-{before}" if before else None)
