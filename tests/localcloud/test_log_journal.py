"""Logs as events: what belongs together, when it was, and how little is read to find it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localcloud.logs import FORMATS, BadPattern, Journal, Position, pattern
from localcloud.logs.journal import WINDOW

NOON = round(datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp() * 1000)


def told(file: Path, log: str, start: int = 0) -> list[tuple[int, str]]:
    with Journal([file], FORMATS[log]) as journal:
        return [(event.at - NOON, event.text) for event in journal.events(Position(start))]


@pytest.mark.parametrize(
    ("log", "lines", "events"),
    [
        (
            "audit",
            "20261201 12:00:00,vm,admin,127.0.0.1,9,0,CONNECT,,,0\n"
            "20261201 12:00:01,vm,admin,127.0.0.1,9,46,QUERY,app,'CREATE TABLE t (i int)',0\n",
            [
                (0, "20261201 12:00:00,vm,admin,127.0.0.1,9,0,CONNECT,,,0"),
                (
                    1000,
                    "20261201 12:00:01,vm,admin,127.0.0.1,9,46,QUERY,app,"
                    "'CREATE TABLE t (i int)',0",
                ),
            ],
        ),
        (
            "error",
            "of an event that began before\n"
            "2026-12-01 12:00:00 0 [Note] ready for connections.\nVersion: '10.11'\n"
            "261201 12:00:02 server_audit: STARTED.\n",
            [
                (0, "2026-12-01 12:00:00 0 [Note] ready for connections.\nVersion: '10.11'"),
                (2000, "261201 12:00:02 server_audit: STARTED."),
            ],
        ),
        (
            "slowquery",
            "/usr/sbin/mariadbd, Version: 10.11 (Debian). started with:\n"
            "Tcp port: 3306  Unix socket: /run/x\nTime\t\t    Id Command\tArgument\n"
            "# Time: 261201 12:00:00\n# User@Host: a[a] @  [::1]\nSELECT\n 1;\n"
            "# User@Host: b[b] @  [::1]\nSELECT 2;\n",
            [
                (0, "# Time: 261201 12:00:00\n# User@Host: a[a] @  [::1]\nSELECT\n 1;"),
                (0, "# User@Host: b[b] @  [::1]\nSELECT 2;"),
            ],
        ),
        (
            "general",
            "261201 12:00:00\t     4 Connect\tadmin@::1 on  using SSL/TLS\n"
            "\t\t     4 Query\tCREATE TABLE t (\n i int)\n\t\t     4 Init DB\tapp\n"
            "\t\t     4 Quit\t\n",
            [
                (0, "261201 12:00:00\t     4 Connect\tadmin@::1 on  using SSL/TLS"),
                (0, "\t\t     4 Query\tCREATE TABLE t (\n i int)"),
                (0, "\t\t     4 Init DB\tapp"),
                (0, "\t\t     4 Quit\t"),
            ],
        ),
        (
            "postgresql",
            "2026-12-01 12:00:00 UTC:::1(4):a@app:[7]:LOG:  AUDIT: SESSION,1,1,DDL,,,,CREATE\n"
            "\tTABLE t,<not logged>\n2026-12-01 12:00:00 UTC:::1(4):a@app:[7]:LOG:  bye\n",
            [
                (
                    0,
                    "2026-12-01 12:00:00 UTC:::1(4):a@app:[7]:LOG:  AUDIT: SESSION,1,1,DDL,,,,"
                    "CREATE\n\tTABLE t,<not logged>",
                ),
                (0, "2026-12-01 12:00:00 UTC:::1(4):a@app:[7]:LOG:  bye"),
            ],
        ),
    ],
)
def test_events_of(tmp_path: Path, log: str, lines: str, events: list[tuple[int, str]]) -> None:
    file = tmp_path / "x.log"
    # What a server is in the middle of writing is no line yet.
    file.write_text(lines + "20261201 12:0")
    assert told(file, log) == events


def audited(file: Path, count: int, begin: datetime, a_second: int = 10) -> None:
    with file.open("w") as out:
        for number in range(count):
            at = begin + timedelta(seconds=number // a_second)
            out.write(f"{at:%Y%m%d %H:%M:%S},vm,admin,::1,9,{number},QUERY,app,'{'x' * 60}',0\n")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two files of 9 MB, the older one first: 100 000 events each, ten a second."""
    folder = tmp_path_factory.mktemp("large")
    files = [folder / "audit.log.1", folder / "audit.log"]
    for file, begin in zip(files, (0, 10_000), strict=True):
        audited(file, 100_000, datetime(2026, 12, 1, 12, tzinfo=UTC) + timedelta(seconds=begin))
    return files


@pytest.mark.parametrize("second", [0, 1, 5_000, 9_999, 10_000, 10_001, 15_123, 19_999])
def test_a_moment_is_found_without_reading_what_is_before(large: list[Path], second: int) -> None:
    with Journal(large, FORMATS["audit"]) as journal:
        event = next(journal.events(Position(NOON + second * 1000)))
        assert (event.at - NOON, event.nth) == (second * 1000, 0)
        assert journal.read < 400_000
        assert journal.size > 16_000_000


def test_a_page_goes_on_where_the_last_one_ended(large: list[Path]) -> None:
    place = Position(NOON + 9_999_000, 7)
    with Journal(large, FORMATS["audit"]) as journal:
        seen = []
        for _ in range(3):
            event = next(journal.events(place))
            seen.append((event.at - NOON, event.nth))
            place = event.after
    assert seen == [(9_999_000, 7), (9_999_000, 8), (9_999_000, 9)]


def test_the_newest_are_read_from_the_end(large: list[Path]) -> None:
    with Journal(large, FORMATS["audit"]) as journal:
        newest = journal.last(3)
        assert [(e.at - NOON, e.nth) for e in newest] == [(19_999_000, n) for n in (7, 8, 9)]
        assert journal.read < 2 * WINDOW
        older = journal.last(3, newest[0].before)
        assert [(e.at - NOON, e.nth) for e in older] == [(19_999_000, n) for n in (4, 5, 6)]
        across = journal.last(2, Position(NOON + 10_000_000, 1))
        assert [(e.at - NOON, e.nth) for e in across] == [(9_999_000, 9), (10_000_000, 0)]


def test_more_than_a_window_is_never_looked_at(large: list[Path]) -> None:
    with Journal(large, FORMATS["audit"]) as journal:
        found = journal.last(10**6)
    sizes = [len(event.text) + 1 for event in found]
    # It begins with the beginning of a second, which has ten events.
    assert 0.9 * WINDOW < sum(sizes) < WINDOW + 10 * max(sizes)


def test_a_file_that_was_put_aside_meanwhile_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "audit.log"
    audited(file, 1, datetime(2026, 12, 1, 12, tzinfo=UTC))
    with Journal([tmp_path / "audit.log.1", file], FORMATS["audit"]) as journal:
        assert [event.at for event in journal.events(Position(0))] == [NOON]


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ("", True),
        ("CREATE TABLE", True),
        ('"CREATE TABLE verify"', True),
        ('"TABLE CREATE"', False),
        ("CREATE -DROP", True),
        ("CREATE -verify", False),
        ("?nothing ?verify", True),
        ("?nothing ?none", False),
        (r'"it\"s"', False),
        ("create", False),
    ],
)
def test_patterns(wanted: str, matches: bool) -> None:
    assert pattern(wanted)("'CREATE TABLE verify'") is matches


@pytest.mark.parametrize("wanted", ['{ $.x = "y" }', "[ip, user]", "%regex%", '"open'])
def test_patterns_that_are_not_known(wanted: str) -> None:
    with pytest.raises(BadPattern):
        pattern(wanted)
