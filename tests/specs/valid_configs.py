"""Configs that AWS takes, drawn at random and written by rules of their own."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

_LETTERS, _DIGITS = string.ascii_lowercase, string.digits
_LIFETIMES = st.sampled_from(["disposable", "protected"])
_CHANGES = st.sampled_from(["immediately", "maintenance-window"])
_AVAILABILITIES = st.sampled_from(["multi-az", "single-az"])
_PERIODS = st.sampled_from([7, *range(31, 714, 31), 731])
_INTERVALS = st.sampled_from([1, 5, 10, 15, 30, 60])
_ZONES = st.sampled_from("abc")
REGIONS = st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1"])


def _word(longest: int) -> st.SearchStrategy[str]:
    rest = st.text(_LETTERS + _DIGITS, max_size=longest - 1)
    return st.builds("".join, st.tuples(st.sampled_from(_LETTERS), rest))


@st.composite
def names(draw: st.DrawFn, longest: int, number: int) -> str:
    """A name of two words and a number, which no name of another number equals."""
    words = draw(st.lists(_word((longest - 4) // 2), min_size=1, max_size=2))
    return "-".join([*words, f"{number:02}"])


@st.composite
def windows(draw: st.DrawFn, least: int) -> dict[str, Any]:
    """A daily and a weekly window, the second at rest while the first is open."""
    start, length = draw(st.integers(0, 1439)), draw(st.integers(least, 720))
    gap = draw(st.integers(0, 1440 - length - least))
    weekly_length = draw(st.integers(least, 1440 - length - gap))
    weekly = draw(st.integers(0, 6)) * 1440 + start + length + gap
    return {
        "backups": {
            "retention_days": draw(st.integers(1, 35)),
            "window": f"{clock(start)}-{clock(start + length)}",
        },
        "maintenance_window": f"{day_and_clock(weekly)}-{day_and_clock(weekly + weekly_length)}",
    }


def clock(minute: int) -> str:
    """``hh:mm`` of a minute of any day."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def day_and_clock(minute: int) -> str:
    """``ddd:hh:mm`` of a minute of any week."""
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[minute // 1440 % 7]
    return f"{day}:{clock(minute)}"


@st.composite
def _with(draw: st.DrawFn, /, **choices: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of the keys that may be left out."""
    return {key: draw(choice) for key, choice in choices.items() if draw(st.booleans())}


def _insights() -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"retention_days": _PERIODS})


def _slow_queries() -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"threshold_seconds": st.integers(0, 3600) | st.floats(0, 3600)})


def _monitoring() -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"interval_seconds": _INTERVALS})


@st.composite
def _storages(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["gp2", "gp3"]))
    size = draw(st.integers(20, 50_000))
    storage: dict[str, Any] = {"type": kind, "size_gb": size}
    storage["autoscale_to_gb"] = draw(st.integers(size * 2 if size < 30_000 else 60_000, 65_536))
    if kind == "gp3" and size >= 400 and draw(st.booleans()):
        iops = draw(st.integers(12_000, 64_000))
        throughput = draw(st.integers(500, min(4_000, iops // 4)))
        storage["provisioned"] = {"iops": iops, "throughput_mb": throughput}
    return storage


@st.composite
def rds_mysql(draw: st.DrawFn, number: int) -> dict[str, Any]:
    return {
        "kind": "rds-mysql",
        "identifier": draw(names(63, number)),
        "engine_version": draw(st.sampled_from(["8.4", "8.4.5", "8.4.11"])),
        "class": draw(st.sampled_from(["db.t3.medium", "db.m7g.xlarge", "db.r6i.32xlarge"])),
        "storage": draw(_storages()),
        "availability": draw(_AVAILABILITIES),
        "username": draw(st.sampled_from(["admin", "App1", "z"])),
        "database": draw(st.text(string.ascii_letters, min_size=6, max_size=64)),
        **draw(windows(30)),
        **draw(
            _with(
                region=REGIONS,
                enhanced_monitoring=_monitoring(),
                performance_insights=_insights(),
                slow_query_log=_slow_queries(),
                apply_changes=_CHANGES,
                lifetime=_LIFETIMES,
            )
        ),
    }


@st.composite
def read_replica(draw: st.DrawFn, number: int, source: str) -> dict[str, Any]:
    return {
        "kind": "read-replica",
        "source": source,
        "identifier": draw(names(63, number)),
        "class": draw(st.sampled_from(["db.t3.micro", "db.m7g.large"])),
        **draw(
            _with(
                region=REGIONS,
                availability=_AVAILABILITIES,
                enhanced_monitoring=_monitoring(),
                apply_changes=_CHANGES,
                lifetime=_LIFETIMES,
            )
        ),
    }


@st.composite
def aurora_mysql(draw: st.DrawFn, number: int) -> dict[str, Any]:
    members = [
        {"identifier": f"member-{number}-{n}", "zone": draw(_ZONES)}
        for n in range(1 + draw(st.integers(0, 15)))
    ]
    called = st.lists(st.sampled_from([m["identifier"] for m in members]), min_size=1, unique=True)
    return {
        "kind": "aurora-mysql",
        "identifier": draw(names(30, number)),
        "engine_version": draw(
            st.sampled_from(["8.0.mysql_aurora.3.04.4", "8.0.mysql_aurora.3.10.6"])
        ),
        "class": draw(st.sampled_from(["db.t4g.medium", "db.r5.large", "db.r8g.24xlarge"])),
        "username": draw(st.sampled_from(["admin", "App1", "z"])),
        "writer": members[0],
        "readers": members[1:],
        "shared_zones": True,
        **draw(windows(30)),
        **draw(
            _with(
                region=REGIONS,
                database=st.text(string.ascii_letters, min_size=6, max_size=64),
                custom_endpoints=st.dictionaries(_word(30), called, max_size=5),
                performance_insights=_insights(),
                slow_query_log=_slow_queries(),
                apply_changes=_CHANGES,
                lifetime=_LIFETIMES,
            )
        ),
    }


@st.composite
def global_database(draw: st.DrawFn, number: int) -> dict[str, Any]:
    def members(cluster: str, least: int, most: int) -> list[dict[str, Any]]:
        count = draw(st.integers(least, most))
        return [{"identifier": f"{cluster}-{n}", "zone": draw(_ZONES)} for n in range(count)]

    classes = st.sampled_from(["db.r5.large", "db.r8g.24xlarge", "db.x2g.xlarge"])
    first, *readers = members(f"global-{number}", 1, 16)
    others = draw(
        st.lists(st.sampled_from(["eu-west-1", "eu-west-2", "sa-east-1"]), unique=True, max_size=3)
    )
    return {
        "kind": "global-database",
        "identifier": draw(names(30, number)),
        # No region of the others, nor of any stack.
        "region": "eu-north-1",
        "engine_version": "8.0.mysql_aurora.3.10.6",
        "username": draw(st.sampled_from(["admin", "App1", "z"])),
        "shared_zones": True,
        "primary": {
            "identifier": f"primary-{number}",
            "class": draw(classes),
            "writer": first,
            "readers": readers,
        },
        "secondaries": [
            {
                "region": region,
                "identifier": f"secondary-{number}-{region}",
                "class": draw(classes),
                "readers": members(f"{region}-{number}", 0, 16),
            }
            for region in others
        ],
        **draw(windows(30)),
        **draw(
            _with(
                database=st.text(string.ascii_letters, min_size=6, max_size=64),
                performance_insights=_insights(),
                slow_query_log=_slow_queries(),
                apply_changes=_CHANGES,
                lifetime=_LIFETIMES,
            )
        ),
    }


@st.composite
def redis(draw: st.DrawFn, number: int) -> dict[str, Any]:
    replicas = draw(st.integers(0, 5))
    return {
        "kind": "redis",
        "identifier": draw(names(40, number)),
        "description": draw(st.text(string.ascii_letters + "äß ,.", min_size=1)) + ".",
        "engine_version": draw(st.sampled_from(["6.2", "7.0", "7.1"])),
        "class": draw(st.sampled_from(["cache.t3.micro", "cache.r7g.large"])),
        "shape": {"cluster_mode": "disabled", "replicas": replicas},
        "availability": draw(_AVAILABILITIES) if replicas else "single-az",
        **draw(windows(60)),
        **draw(_with(region=REGIONS, apply_changes=_CHANGES, lifetime=_LIFETIMES)),
    }


@st.composite
def topologies(draw: st.DrawFn) -> dict[str, Any]:
    """One to six databases, replicas before or after their source."""
    found: dict[str, Any] = {}
    sources: list[str] = []
    for number in range(draw(st.integers(1, 6))):
        name = draw(names(30, number))
        kinds = ["aurora-mysql", "global-database", "redis", "rds-mysql", "read-replica"]
        match draw(st.sampled_from(kinds)):
            case "global-database":
                found[name] = draw(global_database(number))
            case "aurora-mysql":
                found[name] = draw(aurora_mysql(number))
            case "redis":
                found[name] = draw(redis(number))
            case "read-replica" if sources:
                found[name] = draw(read_replica(number, draw(st.sampled_from(sources))))
            case _:
                found[name] = draw(rds_mysql(number))
                sources.append(name)
    return {name: found[name] for name in draw(st.permutations(list(found)))}


def networks() -> st.SearchStrategy[dict[str, Any] | None]:
    """Networks that have the zones a, b and c."""
    ranges = st.sampled_from(["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"])
    zones = st.sampled_from([["a", "b", "c"], ["c", "a", "b", "f"]])
    return st.none() | _with(allowed_cidrs=st.lists(ranges, unique=True), zones=zones)
