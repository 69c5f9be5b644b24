"""What topologies have in common, against rules and oracles written another way."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from specs.parts import (
    BackupWindow,
    DatabaseName,
    Identifier,
    MaintenanceWindow,
    PerformanceInsights,
    RegionName,
    Username,
    Zone,
    window_conflicts,
)
from tests.specs.configs import MYSQL, problems
from tests.specs.valid_configs import clock, day_and_clock

_LOWER = string.ascii_lowercase + string.digits
_ALNUM = string.ascii_letters + string.digits
# Letters, digits and cases of other scripts, which Python's own notions let in.
_STRANGE = (
    "\N{KELVIN SIGN}\N{LATIN SMALL LETTER LONG S}\N{SUPERSCRIPT TWO}"
    "\N{ARABIC-INDIC DIGIT THREE}\N{LATIN SMALL LETTER A WITH DIAERESIS}\n"
)


def accepts(kind: Any) -> Callable[[str], bool]:
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def accepted(text: str) -> bool:
        try:
            return adapter.validate_python(text) == text
        except ValidationError:
            return False

    return accepted


def texts(alphabet: str, longest: int) -> st.SearchStrategy[str]:
    """Mostly right ones: of the alphabet, near the longest, with something strange in it."""
    right = st.text(alphabet, max_size=longest + 2)
    strange = st.text(_STRANGE + "-_. A", max_size=1)
    return right | st.tuples(right, strange, st.text(alphabet, max_size=3)).map("".join)


IDENTIFIER, USERNAME, DATABASE = accepts(Identifier), accepts(Username), accepts(DatabaseName)
BACKUP, MAINTENANCE = accepts(BackupWindow), accepts(MaintenanceWindow)


@given(texts(_LOWER + "-", 63))
def test_identifiers(text: str) -> None:
    parts = text.split("-")
    assert IDENTIFIER(text) == (
        len(text) <= 63
        and text[:1] in set(string.ascii_lowercase)
        and all(part and set(part) <= set(_LOWER) for part in parts)
    )


@given(texts(_ALNUM, 16) | st.sampled_from(["root", "Mysql", "RDSADMIN", "rdsrepladmin", "admin"]))
def test_usernames(text: str) -> None:
    reserved = text.lower() in ("root", "mysql", "rdsadmin", "rdsrepladmin")
    written = set(text) <= set(_ALNUM) and text[:1] in set(string.ascii_letters)
    assert USERNAME(text) == (written and len(text) <= 16 and not reserved)


@given(texts(_ALNUM, 64) | st.sampled_from(["mysql", "SYS", "system"]))
def test_database_names(text: str) -> None:
    written = set(text) <= set(_ALNUM) and text[:1] in set(string.ascii_letters)
    assert DATABASE(text) == (written and len(text) <= 64 and text.lower() not in ("mysql", "sys"))


@pytest.mark.parametrize(
    "region", ["us-east-1", "ap-southeast-5", "us-gov-west-1", "mx-central-1", "us-isob-east-1"]
)
def test_regions(region: str) -> None:
    accepted = accepts(RegionName)
    assert accepted(region)
    for wrong in (
        "",
        region.upper(),
        f"{region}a",
        f" {region}",
        region[:-1],
        f"{region[:-1]}\N{SUPERSCRIPT TWO}",
    ):
        assert not accepted(wrong)


def test_zones_are_letters() -> None:
    accepted = accepts(Zone)
    assert [chr(code) for code in range(0x3000) if accepted(chr(code))] == list(
        string.ascii_lowercase
    )
    assert not any(map(accepted, ("", "ab", "a\n", "us-east-1a")))


@given(
    start=st.integers(0, 1439),
    length=st.integers(1, 1439),
    weekly=st.integers(0, 10_079),
    weekly_length=st.integers(1, 180) | st.integers(1, 10_079),
    least=st.sampled_from([30, 60]),
)
def test_windows_meet_where_they_share_a_minute_of_the_week(
    start: int, length: int, weekly: int, weekly_length: int, least: int
) -> None:
    daily = {(day * 1440 + start + n) % 10_080 for day in range(7) for n in range(length)}
    maintained = {(weekly + n) % 10_080 for n in range(weekly_length)}
    backup = f"{clock(start)}-{clock(start + length)}"
    maintenance = f"{day_and_clock(weekly)}-{day_and_clock(weekly + weekly_length)}"
    wanted = [("backups.window", "shorter")] * (length < least)
    wanted += [("maintenance_window", "shorter")] * (weekly_length < least)
    wanted += [("maintenance_window", "overlaps")] * bool(daily & maintained)

    assert BACKUP(backup)
    assert MAINTENANCE(maintenance)
    found = list(window_conflicts(backup, maintenance, least_minutes=least))
    assert [key for key, _ in found] == [key for key, _ in wanted]
    assert all(word in text for (_, text), (_, word) in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    ("backup", "maintenance"),
    [
        ("03:00-04:00", "sun:04:00-sun:05:00"),
        ("03:00-04:00", "sun:02:00-sun:03:00"),
        ("23:30-00:00", "mon:00:00-mon:01:00"),
        ("00:00-00:30", "sun:23:00-mon:00:00"),
        ("23:00-01:00", "sun:01:00-sun:23:00"),
    ],
)
def test_windows_that_only_touch_are_apart(backup: str, maintenance: str) -> None:
    assert not list(window_conflicts(backup, maintenance, least_minutes=30))


@given(st.text("0123456789:- mondtuesw", max_size=20) | st.text(max_size=20))
def test_what_is_no_window_is_refused_and_nothing_worse(text: str) -> None:
    days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
    halves = text.split("-")

    def is_clock(part: str) -> bool:
        digits = part[:2] + part[3:]
        right = len(part) == 5 and part[2] == ":" and set(digits) <= set(string.digits)
        return right and int(part[:2]) < 24 and int(part[3:]) < 60

    def is_day_and_clock(part: str) -> bool:
        return part[:3] in days and part[3:4] == ":" and is_clock(part[4:])

    two = len(halves) == 2 and halves[0] != halves[1]
    assert BACKUP(text) == (two and all(map(is_clock, halves)))
    assert MAINTENANCE(text) == (two and all(map(is_day_and_clock, halves)))


def test_performance_insights_keeps_data_for_these_periods_only() -> None:
    def kept(days: int) -> bool:
        try:
            return bool(PerformanceInsights(retention_days=days))
        except ValidationError:
            return False

    wanted = [7] + [31 * months for months in range(1, 24)] + [731]
    assert [days for days in range(-40, 1000) if kept(days)] == wanted


@pytest.mark.parametrize("path", ["size_gb", "autoscale_to_gb"])
def test_yes_is_no_number(path: str) -> None:
    config = MYSQL | {"storage": MYSQL["storage"] | {path: True}}
    (problem,) = problems({"mysql": config})
    assert str(problem) == f"topologies.mysql.storage.{path}: is 'true'; write a number"
