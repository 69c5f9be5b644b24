"""How problems are told: all at once, in the words of who wrote the config, and nothing worse."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specs.problems import ConfigError, Problem, did_you_mean
from specs.topologies import read
from tests.specs import (
    test_aurora_mysql,
    test_network,
    test_rds_mysql,
    test_read_replica,
    test_redis,
)
from tests.specs.configs import NETWORK, REGION, TOPOLOGIES, Wrong, changed, problems

TABLES: dict[str, list[Wrong]] = {
    "mysql": test_rds_mysql.WRONG,
    "mysql-replica": test_read_replica.WRONG,
    "aurora": test_aurora_mysql.WRONG,
    "redis": test_redis.WRONG,
}
FOREIGN = (
    "input should",
    "validation error",
    "union",
    "tuple",
    "dictionary",
    "discriminator",
    "pydantic",
    "http",
    "for further information",
)
"""Words of the library that reads the config, which its author has never heard of."""


def _with(name: str, wrong: Wrong) -> dict[str, Any]:
    return TOPOLOGIES | {name: changed(TOPOLOGIES[name], wrong.changes)}


def assert_readable(found: list[Problem], config: object = None) -> None:
    """Each is one line in words that its reader knows, or has written in ``config``."""
    foreign = [word for word in FOREIGN if word not in str(config).lower()]
    assert found == sorted(set(found))
    for problem in found:
        line = str(problem)
        assert line.isprintable()
        assert problem.path.split(".")[0] in ("aws:region", "network", "topologies")
        assert problem.text == problem.text.strip() != ""
        assert not any(word in line.lower() for word in foreign), line


@pytest.mark.parametrize("name", TABLES)
def test_no_refusal_speaks_of_the_library_that_reads_the_config(name: str) -> None:
    assert len(TABLES[name]) >= 15
    for wrong in TABLES[name]:
        found = problems(_with(name, wrong), NETWORK)
        assert found, wrong
        assert_readable(found)


def test_no_refusal_of_a_network_does_either() -> None:
    assert len(test_network.WRONG) >= 15
    for wrong in test_network.WRONG:
        found = problems(TOPOLOGIES, changed(NETWORK, wrong.changes))
        assert found, wrong
        assert_readable(found)


@given(
    st.sampled_from(test_rds_mysql.WRONG),
    st.sampled_from(test_aurora_mysql.WRONG),
    st.sampled_from(test_redis.WRONG),
)
def test_problems_of_several_databases_come_at_once(
    mysql: Wrong, aurora: Wrong, redis: Wrong
) -> None:
    wrongs = {"mysql": mysql, "aurora": aurora, "redis": redis}
    alone = {name: TOPOLOGIES[name] for name in wrongs}
    each = [
        problems(alone | {name: changed(TOPOLOGIES[name], wrong.changes)}, NETWORK)
        for name, wrong in wrongs.items()
    ]
    all_wrong = {name: changed(TOPOLOGIES[name], wrong.changes) for name, wrong in wrongs.items()}
    assert problems(all_wrong, NETWORK) == sorted(chain.from_iterable(each))


def test_several_wrong_values_in_one_database_come_at_once() -> None:
    mysql = changed(
        TOPOLOGIES["mysql"],
        {
            "class": "db.t2.micro",
            "storage/size_gb": 10,
            "storage/type": ...,
            "username": "root",
            "backups/retention_days": 99,
            "backups/windows": "x",
            "maintenance_window": ...,
            "lifetime": "short",
            "enhanced_monitoring/interval_seconds": 7,
        },
    )
    assert [problem.path for problem in problems({"mysql": mysql})] == [
        "topologies.mysql.backups.retention_days",
        "topologies.mysql.backups.windows",
        "topologies.mysql.class",
        "topologies.mysql.enhanced_monitoring.interval_seconds",
        "topologies.mysql.lifetime",
        "topologies.mysql.maintenance_window",
        "topologies.mysql.storage.type",
        "topologies.mysql.username",
    ]


def test_contradictions_come_at_once_at_every_depth_and_between_databases() -> None:
    mysql = changed(
        TOPOLOGIES["mysql"],
        {
            "identifier": "myapp-aurora-a",
            "class": "db.t3.micro",
            "storage/autoscale_to_gb": 20,
            "backups/retention_days": 0,
            "maintenance_window": "sun:03:00-sun:03:10",
        },
    )
    assert [problem.path for problem in problems(TOPOLOGIES | {"mysql": mysql}, NETWORK)] == [
        "topologies.aurora.writer.identifier",
        "topologies.mysql-replica.source",
        "topologies.mysql.maintenance_window",
        "topologies.mysql.maintenance_window",
        "topologies.mysql.performance_insights",
        "topologies.mysql.storage.autoscale_to_gb",
    ]


def test_region_network_and_databases_come_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        read("moon", {"zones": ["a"]}, {"mysql": changed(TOPOLOGIES["mysql"], {"class": 3})})
    assert str(refused.value) == (
        "3 problems in the stack's config:\n"
        "  aws:region: 'moon' is no region; write one such as us-east-1\n"
        "  network.zones: has 1 zone; Multi-AZ, and every subnet group of RDS, needs two "
        "(DBSubnetGroupDoesNotCoverEnoughAZs): add one, or leave zones out\n"
        '  topologies.mysql.class: is 3; write text here, in quotes: "3"'
    )


def test_one_problem_is_one() -> None:
    assert str(ConfigError([Problem("a", "is b")] * 2)) == (
        "1 problem in the stack's config:\n  a: is b"
    )


def test_a_long_value_is_not_repeated_whole() -> None:
    (problem,) = problems({"mysql": changed(TOPOLOGIES["mysql"], {"storage": ["x" * 5000] * 50})})
    assert len(str(problem)) < 700


def test_a_number_too_long_to_be_one_is_told() -> None:
    wrong = {"shape/replicas": "1" * 5000}
    (problem,) = problems({"redis": changed(TOPOLOGIES["redis"], wrong)})
    assert problem.path == "topologies.redis.shape.replicas"
    assert problem.text.endswith("; write a number")


@pytest.mark.parametrize(
    ("word", "choices", "says"),
    [
        ("databse", ["database", "backups"], "; did you mean 'database'?"),
        ("xyz", ["database", "backups"], "; there are database, backups"),
        ("xyz", [], ""),
    ],
)
def test_did_you_mean(word: str, choices: list[str], says: str) -> None:
    assert did_you_mean(word, choices) == says


# Anything that JSON can hold, and keys and words of the config among it.
_WORDS = sorted(
    {"kind", "region", "a", "us-east-1", "3:00-4:00", "8.4", "db.t3.micro", "mysql", "gp3", "[key]"}
    | {key for config in TOPOLOGIES.values() for key in config}
)
_TEXT = st.sampled_from(_WORDS) | st.text(st.characters(exclude_categories=()), max_size=8)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 70_000) | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=8,
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*at, key))


_GOOD: Mapping[str, Any] = {"region": REGION, "network": NETWORK, "topologies": TOPOLOGIES}


@st.composite
def _spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """The good config with up to three places replaced, emptied, or joined by another key."""
    config = copy.deepcopy(dict(_GOOD))
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(list(_places(config))))
        here: Any = config
        for key in parents:
            here = here[key]
        what = draw(st.sampled_from(["replace", "empty", "join"]))
        if what == "replace" or not parents:
            here[last] = draw(_ANYTHING)
        elif what == "empty":
            del here[last]
        elif isinstance(here, dict):
            here[draw(_TEXT)] = draw(_ANYTHING)
        else:
            here.insert(0, draw(_ANYTHING))
    return config


def _read_or_refuse(region: object, network: object, topologies: object) -> None:
    found = problems(topologies, network, region)
    assert_readable(found, (region, network, topologies))
    # A terminal can show it, whatever stood in the config.
    assert "\n".join(map(str, found)).encode() or not found
    if not found:
        assert read(region, network, topologies).regions


@settings(max_examples=400)
@given(_spoilt())
def test_whatever_is_put_anywhere_is_read_or_refused(config: dict[str, Any]) -> None:
    _read_or_refuse(config["region"], config["network"], config["topologies"])


@given(_ANYTHING, _ANYTHING, _ANYTHING | st.dictionaries(_TEXT, _ANYTHING, max_size=3))
def test_whatever_a_config_is_it_is_read_or_refused(
    region: object, network: object, topologies: object
) -> None:
    _read_or_refuse(region, network, topologies)


@pytest.mark.parametrize("key", [1, 2.5, None, True, (1, 2)], ids=str)
def test_a_key_that_is_no_text_is_refused(key: object) -> None:
    # YAML has them, where JSON has not.
    mysql = {**TOPOLOGIES["mysql"], key: "x"}
    (problem,) = problems({"mysql": mysql})
    assert problem.text == "is not a key here; keys are text"
    for topologies, network in (({key: TOPOLOGIES["mysql"]}, NETWORK), (TOPOLOGIES, {key: 1})):
        found = problems(topologies, network)
        assert len(found) == 1
        assert_readable(found)
