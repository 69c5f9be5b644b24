"""Replicas of replicas, and promoted ones: what the config allows of them."""

from __future__ import annotations

from typing import Any

import pytest

from specs.problems import ConfigError
from specs.read_replica import LONGEST_CHAIN, MOST_REPLICAS
from specs.topologies import Stack, read
from tests.stacks.run_program import dev_config

BACKED_UP = {"backups": {"retention_days": 1}}


def replica(identifier: str, source: str, **changes: Any) -> dict[str, Any]:
    base = {"kind": "read-replica", "identifier": identifier, "source": source}
    return {**base, "class": "db.t3.micro", **changes}


def stack(**replicas: dict[str, Any]) -> Stack:
    mysql = dev_config()["aws-databases:topologies"]["mysql"]
    return read("us-east-1", None, {"mysql": mysql, **replicas})


def problems(**replicas: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        stack(**replicas)
    return [str(problem) for problem in caught.value.problems]


def chain(length: int, **last: Any) -> dict[str, dict[str, Any]]:
    found = {}
    for number in range(1, length + 1):
        source = "mysql" if number == 1 else f"r{number - 1}"
        found[f"r{number}"] = replica(f"r{number}", source, **BACKED_UP)
    found[f"r{length}"] |= last
    return found


def test_a_replica_of_a_replica_comes_after_it_and_stands_where_it_stands() -> None:
    found = stack(b=replica("b", "a"), a=replica("a", "mysql", region="us-west-2", **BACKED_UP))
    assert found.in_order == ("mysql", "a", "b")
    assert found.region_of("b") == "us-west-2"


def test_as_many_in_a_chain_as_rds_has() -> None:
    assert len(stack(**chain(LONGEST_CHAIN)).topologies) == 1 + LONGEST_CHAIN


def test_a_promoted_one_begins_a_chain_of_its_own() -> None:
    found = chain(LONGEST_CHAIN + 1)
    found["r1"]["role"] = "standalone"
    stack(**found)


def test_a_promoted_one_is_no_longer_counted() -> None:
    many = {f"r{n}": replica(f"r{n}", "mysql") for n in range(MOST_REPLICAS)}
    stack(**many, promoted=replica("promoted", "mysql", role="standalone", **BACKED_UP))
    (problem,) = problems(**many, another=replica("another", "mysql"))
    assert problem.startswith("topologies.another.source: 'mysql' has more than 15 replicas")


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "the one in the middle has no backups",
        {"a": replica("a", "mysql"), "b": replica("b", "a")},
        "b.source",
        "'a' has no backups, which a replica of it needs; set its backups.retention_days",
    ),
    (
        "too long a chain",
        chain(LONGEST_CHAIN + 1),
        "r4.source",
        "makes a chain of 4 replicas, of which RDS allows 3; let it copy an earlier one",
    ),
    (
        "much too long a chain is said once",
        chain(LONGEST_CHAIN + 3),
        "r4.source",
        "makes a chain of 4 replicas",
    ),
    (
        "a replica of itself",
        {"a": replica("a", "a", **BACKED_UP)},
        "a.source",
        "'a' is itself built on 'a'; name another",
    ),
    (
        "promoted without backups",
        {"a": replica("a", "mysql", role="standalone")},
        "a.backups",
        "is missing, which an instance of its own needs; add retention_days",
    ),
    (
        "no such role",
        {"a": replica("a", "mysql", role="writer")},
        "a.role",
        "choose 'replica' or 'standalone'",
    ),
    (
        "promoted by another word",
        {"a": replica("a", "mysql", promoted=True)},
        "a.promoted",
        "is not a key here",
    ),
    (
        "backups of no day",
        {"a": replica("a", "mysql", backups={"retention_days": 0})},
        "a.backups.retention_days",
        "is 0; the least is 1",
    ),
    (
        "backups of too many days",
        {"a": replica("a", "mysql", backups={"retention_days": 36})},
        "a.backups.retention_days",
        "is 36; the most is 35",
    ),
    (
        "a window, which is the source's",
        {"a": replica("a", "mysql", backups={"retention_days": 1, "window": "03:00-04:00"})},
        "a.backups.window",
        "is not a key here",
    ),
    (
        "backups that are no map",
        {"a": replica("a", "mysql", backups=7)},
        "a.backups",
        "write keys and values here",
    ),
]


@pytest.mark.parametrize(
    ("replicas", "path", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_aws_would_refuse(replicas: dict[str, Any], path: str, says: str) -> None:
    (problem,) = problems(**replicas)
    assert problem.startswith(f"topologies.{path}: ")
    assert says in problem


def test_a_circle_is_no_chain() -> None:
    found = problems(a=replica("a", "b", **BACKED_UP), b=replica("b", "a", **BACKED_UP))
    assert [problem.partition(": ")[2] for problem in found] == [
        "'b' is itself built on 'a'; name another",
        "'a' is itself built on 'b'; name another",
    ]
