"""What an aurora-serverless topology may say, and what each mistake is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.aurora_serverless import AuroraServerless, Awake, Pausing
from specs.problems import ConfigError
from specs.topologies import Stack, read

COURSE: dict[str, Any] = {
    "kind": "aurora-serverless",
    "identifier": "myapp-aurora-serverless",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "capacity": {"min_acu": 0, "max_acu": 16, "pause_after_seconds": 300},
    "username": "admin",
    "writer": {"zone": "a"},
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
}
OLD = "8.0.mysql_aurora.3.04.6"


def stack(**changes: Any) -> Stack:
    return read("us-east-1", None, {"serverless": COURSE | changes})


def topology(**changes: Any) -> AuroraServerless:
    found = stack(**changes).topologies["serverless"]
    assert isinstance(found, AuroraServerless)
    return found


def capacity(least: float, most: float, **more: Any) -> dict[str, Any]:
    return {"capacity": {"min_acu": least, "max_acu": most} | more}


def reader(zone: str, follows_writer: bool = True, **more: Any) -> dict[str, Any]:
    return {"zone": zone, "follows_writer": follows_writer} | more


def test_the_course_s_cluster_pauses_after_five_minutes() -> None:
    found = topology()
    assert found.capacity == Pausing(min_acu=0, max_acu=16, pause_after_seconds=300)
    assert found.pauses
    assert found.member_class == "db.serverless"


def test_the_course_s_minimum_is_one_edit_away() -> None:
    found = topology(**capacity(2, 16))
    assert found.capacity == Awake(min_acu=2, max_acu=16)
    assert not found.pauses


def test_a_pause_is_five_minutes_unless_said_otherwise() -> None:
    assert topology(**capacity(0, 16)).capacity == Pausing(min_acu=0, max_acu=16)
    longest = topology(**capacity(0, 1, pause_after_seconds=86400)).capacity
    assert longest == Pausing(min_acu=0, max_acu=1, pause_after_seconds=86400)


def test_members_are_called_by_their_zones_and_tiers_follow_from_who_follows() -> None:
    readers = [
        reader("b", follows_writer=False),
        reader("c"),
        reader("d"),
        reader("a", name="a2", follows_writer=False),
    ]
    seats = topology(readers=readers).seats
    assert [(s.key, s.identifier, s.zone, s.tier) for s in seats] == [
        ("writer", "myapp-aurora-serverless-a", "a", 0),
        ("readers.0", "myapp-aurora-serverless-b", "b", 2),
        ("readers.1", "myapp-aurora-serverless-c", "c", 1),
        ("readers.2", "myapp-aurora-serverless-d", "d", 1),
        ("readers.3", "myapp-aurora-serverless-a2", "a", 3),
    ]


@given(st.lists(st.booleans(), max_size=15))
def test_tiers_are_aurora_s_and_tell_who_follows(follows: list[bool]) -> None:
    readers = [reader("b", f, name=f"r{n}") for n, f in enumerate(follows)]
    tiers = [seat.tier for seat in topology(readers=readers, shared_zones=True).seats]
    assert tiers[0] == 0
    assert [tier <= 1 for tier in tiers[1:]] == follows
    assert all(0 <= tier <= 15 for tier in tiers)
    own = [tier for tier in tiers if tier > 1]
    assert own == sorted(own)


@given(st.integers(0, 512), st.integers(2, 512))
def test_every_step_of_a_range_is_taken(least: int, most: int) -> None:
    changes = capacity(least / 2, most / 2)
    if least <= most:
        assert topology(**changes).pauses == (least == 0)
    else:
        with pytest.raises(ConfigError):
            topology(**changes)


@given(st.floats(0.01, 256).filter(lambda acu: acu % 0.5 != 0))
def test_nothing_between_two_steps_is_taken(acu: float) -> None:
    with pytest.raises(ConfigError, match=r"serverless\.capacity\.min_acu: .* is no step of 0\.5"):
        topology(**capacity(acu, 256))


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "pause too short": (
        capacity(0, 16, pause_after_seconds=299),
        "capacity.pause_after_seconds",
        "is 299; the least is 300",
    ),
    "pause too long": (
        capacity(0, 16, pause_after_seconds=86401),
        "capacity.pause_after_seconds",
        "is 86401; the most is 86400",
    ),
    "the course's minimum and pause": (
        capacity(2, 16, pause_after_seconds=300),
        "capacity.pause_after_seconds",
        "is for min_acu 0, which pauses; with min_acu 2 leave it out, or write min_acu 0",
    ),
    "no step": (
        capacity(0.7, 16),
        "capacity.min_acu",
        "0.7 is no step of 0.5 ACU; write 0.5 or 1",
    ),
    "maximum of no step": (
        capacity(0, 15.9),
        "capacity.max_acu",
        "15.9 is no step of 0.5 ACU; write 15.5 or 16",
    ),
    "maximum below 1": (capacity(0, 0.5), "capacity.max_acu", "is 0.5; the least is 1"),
    "maximum above 256": (capacity(0, 256.5), "capacity.max_acu", "is 256.5; the most is 256.0"),
    "negative": (capacity(-0.5, 16), "capacity.min_acu", "is -0.5; the least is 0.5"),
    "upside down": (capacity(8, 4), "capacity.min_acu", "8 is over max_acu 4; swap them"),
    "no minimum": ({"capacity": {"max_acu": 16}}, "capacity.min_acu", "is missing; add it"),
    "no maximum": ({"capacity": {"min_acu": 0}}, "capacity.max_acu", "is missing; add it"),
    "no range": ({"capacity": 16}, "capacity", "is 16; write keys and values here"),
    "an unknown key": (
        capacity(0, 16, pause_after=300),
        "capacity.pause_after",
        "is not a key here; did you mean 'pause_after_seconds'?",
    ),
    "a version that cannot pause": (
        {"engine_version": OLD},
        "capacity.min_acu",
        f"0 pauses, which {OLD} cannot (3.08.0 and newer can); write engine_version "
        "8.0.mysql_aurora.3.10.6, or min_acu 0.5 or more",
    ),
    "more than an old version has": (
        {"engine_version": OLD, **capacity(1, 128.5)},
        "capacity.max_acu",
        f"128.5 is over the 128 ACU of {OLD}; write engine_version 8.0.mysql_aurora.3.10.6, or "
        "less",
    ),
    "Performance Insights and a pause": (
        {"performance_insights": {"retention_days": 7}},
        "performance_insights",
        "needs capacity.min_acu 2 or more, and it is 0: below that it has no memory to run in and "
        "keeps the cluster from pausing; leave it out, or raise min_acu",
    ),
    "a reader that says nothing": (
        {"readers": [{"zone": "b"}]},
        "readers.0.follows_writer",
        "is missing; add it",
    ),
    "a tier": (
        {"readers": [reader("b", promotion_tier=1)]},
        "readers.0.promotion_tier",
        "is not a key here; there are zone, name, follows_writer",
    ),
    "a reader beside the writer": (
        {"readers": [reader("a")]},
        "readers.0",
        "is called 'myapp-aurora-serverless-a' as writer is; choose another zone, which survives "
        "the loss of that one, or give it a name, such as name: a2",
    ),
    "two readers in a zone": (
        {"readers": [reader("b"), reader("b", follows_writer=False)]},
        "readers.1",
        "is called 'myapp-aurora-serverless-b' as readers.0 is; choose another zone, which "
        "survives the loss of that one, or give it a name, such as name: b2",
    ),
    "members' names too long": (
        {"identifier": "s" * 62},
        "writer",
        f"makes '{'s' * 62}-a', over 63 characters; shorten the cluster's identifier",
    ),
    "no backups": (
        {"backups": {"retention_days": 0, "window": "03:00-04:00"}},
        "backups.retention_days",
        "is 0; the least is 1",
    ),
    "windows that meet": (
        {"maintenance_window": "sun:03:30-sun:04:30"},
        "maintenance_window",
        "sun:03:30-sun:04:30 overlaps backups.window 03:00-04:00, which AWS refuses; move one",
    ),
}


@pytest.mark.parametrize(("changes", "path", "text"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_with_its_path_and_remedy(
    changes: dict[str, Any], path: str, text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        stack(**changes)
    assert [str(p) for p in caught.value.problems] == [f"topologies.serverless.{path}: {text}"]


def test_a_class_is_not_a_choice() -> None:
    with pytest.raises(ConfigError, match=r"topologies\.serverless\.class: is not a key here"):
        stack(**{"class": "db.serverless"})


def test_performance_insights_have_room_from_two_acu_on() -> None:
    found = topology(performance_insights={"retention_days": 7}, **capacity(2, 16))
    assert found.performance_insights is not None


def test_a_member_s_identifier_is_claimed() -> None:
    instance = {
        "kind": "rds-mysql",
        "identifier": "myapp-aurora-serverless-a",
        "engine_version": "8.4",
        "class": "db.t3.micro",
        "storage": {"type": "gp2", "size_gb": 20, "autoscale_to_gb": 100},
        "availability": "multi-az",
        "username": "admin",
        "database": "app",
        "backups": {"retention_days": 7, "window": "03:00-04:00"},
        "maintenance_window": "sun:04:30-sun:05:30",
    }
    with pytest.raises(ConfigError, match=r"topologies\.serverless\.writer: .* rename one"):
        read("us-east-1", None, {"mysql": instance, "serverless": COURSE})


def test_a_zone_outside_of_the_network_is_told() -> None:
    with pytest.raises(ConfigError, match=r"serverless\.writer\.zone: 'a' is not one of"):
        read("us-east-1", {"zones": ["b", "c"]}, {"serverless": COURSE})
