"""The rules between topologies, and whole stacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specs.problems import Problem
from specs.topologies import KINDS
from stacks.config import from_file
from tests.specs.configs import (
    AURORA,
    MYSQL,
    NETWORK,
    REDIS,
    REPLICA,
    TOPOLOGIES,
    assert_only,
    changed,
    problems,
    stack,
)
from tests.specs.valid_configs import REGIONS, networks, topologies

PROJECT = Path(__file__).parents[2]


def test_the_good_configs_are_good() -> None:
    assert list(stack(TOPOLOGIES, NETWORK).topologies) == list(TOPOLOGIES)
    assert {config["kind"] for config in TOPOLOGIES.values()} <= set(KINDS)


@pytest.mark.parametrize("file", sorted(PROJECT.glob("Pulumi.*.yaml")), ids=lambda file: file.name)
def test_the_project_s_own_stacks_are_good(file: Path) -> None:
    assert from_file(PROJECT, file.name.split(".")[1]).topologies


@settings(max_examples=40)
@given(topologies=topologies(), network=networks(), region=REGIONS)
def test_what_is_written_is_what_is_read(
    topologies: dict[str, Any], network: dict[str, Any] | None, region: str
) -> None:
    found = stack(topologies, network, region)

    def dumped(part: Any) -> Any:
        return part.model_dump(mode="json", by_alias=True, exclude_unset=True)

    assert found.region == region
    assert dumped(found.network) == (network or {})
    read = {name: dumped(spec) for name, spec in found.topologies.items()}
    for name, written in topologies.items():
        if "password" not in written:
            # Who makes it is decided when the whole stack is known.
            read[name].pop("password", None)
    assert read == topologies
    assert list(found.topologies) == list(topologies)
    # By way of JSON, as Pulumi hands it over; and whole, defaults and all.
    assert stack(json.loads(json.dumps(topologies)), network, region) == found
    whole = {n: s.model_dump(mode="json", by_alias=True) for n, s in found.topologies.items()}
    assert stack(whole, found.network.model_dump(mode="json"), region) == found


@settings(max_examples=40)
@given(topologies=topologies(), region=REGIONS)
def test_a_topology_stands_where_it_says_or_with_its_source(
    topologies: dict[str, Any], region: str
) -> None:
    found = stack(topologies, None, region)
    for name, config in topologies.items():
        source = topologies.get(config.get("source"), {})
        assert found.region_of(name) == config.get("region", source.get("region", region))
    secondaries = {s["region"] for c in topologies.values() for s in c.get("secondaries", ())}
    assert set(found.regions) == {found.region_of(name) for name in topologies} | secondaries
    assert len(set(found.regions)) == len(found.regions)


@pytest.mark.parametrize("empty", [None, {}, [], ""], ids=str)
def test_a_stack_without_a_database_says_so(empty: object) -> None:
    assert problems(empty) == [Problem("topologies", "is empty; add a database, such as mysql")]


@pytest.mark.parametrize("wrong", ["mysql", 3, True, [MYSQL]], ids=str)
def test_topologies_are_names_and_databases(wrong: object) -> None:
    assert_only(problems(wrong), "topologies", "write a name and, below it, its keys")


@pytest.mark.parametrize(
    ("region", "says"),
    [
        (None, "is missing; add it, such as us-east-1"),
        ("", "write one such as us-east-1"),
        ("us-east-1a", "write one such as us-east-1"),
        ("N. Virginia", "write one such as us-east-1"),
        (1, "write text here"),
        (["us-east-1"], "write text here"),
    ],
)
def test_a_stack_stands_in_a_region(region: object, says: str) -> None:
    assert_only(problems(TOPOLOGIES, NETWORK, region), "aws:region", says)


@pytest.mark.parametrize(
    "name",
    [
        "MySQL",
        "my_sql",
        "my sql",
        "my.sql",
        "1st",
        "-mysql",
        "mysql-",
        "my--sql",
        "",
        "mysql\n",
        "größe",
        "m" * 31,
    ],
)
def test_names_are_such_as_aws_takes_at_a_name_s_beginning(name: str) -> None:
    assert_only(problems({name: MYSQL}), f"topologies.{name}", "use up to 30 lower-case letters")


@pytest.mark.parametrize("name", ["m", "m" * 30, "mysql-2", "a-b-c"])
def test_good_names(name: str) -> None:
    assert problems({name: MYSQL}) == []


@pytest.mark.parametrize(
    ("config", "path", "says"),
    [
        (None, "", "is empty; write keys and values here"),
        ("rds-mysql", "", "write keys and values here"),
        ([], "", "write keys and values here"),
        ({}, ".kind", "is missing; choose rds-mysql, rds-mariadb, rds-postgres"),
        ({"kind": "mysql"}, ".kind", "did you mean 'rds-mysql'?"),
        ({"kind": None}, ".kind", "is not known; there are rds-mysql, "),
        ({"kind": ["redis"]}, ".kind", "is not known"),
        ({"kind": "cassandra"}, ".kind", "'cassandra' is not known; there are rds-mysql, "),
    ],
    ids=str,
)
def test_a_database_has_a_kind(config: object, path: str, says: str) -> None:
    assert_only(problems({"mine": config}), f"topologies.mine{path}", says)


def test_identifiers_are_told_apart_by_region_and_by_what_they_are_of() -> None:
    # A cluster, an instance, a cache may have the same name.
    same = {
        "mysql": MYSQL | {"identifier": "same"},
        "aurora": AURORA | {"identifier": "same"},
        "redis": REDIS | {"identifier": "same"},
        "mysql-west": MYSQL | {"identifier": "same", "region": "us-west-2"},
    }
    assert problems(same) == []
    assert problems(same | {"again": MYSQL | {"identifier": "same"}}) == [
        Problem(
            "topologies.again.identifier",
            "'same' is topologies.mysql.identifier in us-east-1, too; rename one of them",
        )
    ]


def test_a_replica_claims_its_name_where_its_source_stands() -> None:
    west = MYSQL | {"region": "us-west-2"}
    replica = changed(REPLICA, {"region": ..., "identifier": "taken"})
    other = MYSQL | {"identifier": "taken"}
    assert problems({"mysql": west, "mysql-replica": replica, "other": other}) == []
    found = problems(
        {"mysql": west, "mysql-replica": replica, "other": other | {"region": "us-west-2"}}
    )
    assert [problem.path for problem in found] == ["topologies.other.identifier"]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from([None, "us-west-2"]))))
def test_a_name_is_taken_once_a_region(wanted: list[tuple[str, str | None]]) -> None:
    configs = {
        f"db-{n}": MYSQL | {"identifier": identifier, "region": region}
        for n, (identifier, region) in enumerate(wanted)
    }
    repeated = [n for n, claim in enumerate(wanted) if claim in wanted[:n]]
    found = problems({"first": MYSQL, **configs})
    assert {p.path for p in found} == {f"topologies.db-{n}.identifier" for n in repeated}
