"""A reservation is bought only by who writes down what it costs and when."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from specs.problems import ConfigError
from specs.reservation import AnyReservation
from specs.topologies import read
from tests.stacks.run_program import dev_config

INSTANCES: dict[str, Any] = {
    "kind": "reserved-instances",
    "identifier": "course-mysql",
    "engine": "mysql",
    "class": "db.t3.micro",
    "availability": "multi-az",
    "count": 2,
    "years": 1,
    "payment": "all-upfront",
    "confirm": "I pay 120.50 USD upfront on 2026-11-20, for good",
}
NODES: dict[str, Any] = {
    "kind": "reserved-cache-nodes",
    "identifier": "course-redis",
    "engine": "redis",
    "class": "cache.t3.micro",
    "count": 3,
    "years": 3,
    "payment": "no-upfront",
    "confirm": "I pay 0 USD upfront on 2026-11-20, for good",
}
TOMORROW = (datetime.date.today() + datetime.timedelta(days=1)).isoformat()


def reserved(base: dict[str, Any], name: str = "reserved", **changes: Any) -> AnyReservation:
    config = dev_config()
    wanted = {key: value for key, value in {**base, **changes}.items() if value is not None}
    topologies = config["aws-databases:topologies"]
    return read(config["aws:region"], None, topologies, reservations={name: wanted}).reservations[
        name
    ]


def problem(base: dict[str, Any], name: str = "reserved", **changes: Any) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        reserved(base, name, **changes)
    (found,) = caught.value.problems
    return found.path, found.text


def test_what_was_confirmed() -> None:
    assert reserved(INSTANCES).upfront_usd == 120.5
    assert reserved(NODES).upfront_usd == 0


@pytest.mark.parametrize("base", [INSTANCES, NODES])
def test_nothing_is_bought_without_the_words(base: dict[str, Any]) -> None:
    path, text = problem(base, confirm=None)
    assert path == "reservations.reserved.confirm"
    assert f"spends real money for {base['years']} year(s) and cannot be undone" in text
    assert "such as: I pay 0 USD upfront on 2026-11-25, for good" in text


@pytest.mark.parametrize(
    "words",
    [
        "yes",
        "true",
        "I pay 120.50 USD upfront on 2026-11-20",
        "I pay 120.5 USD upfront on 2026-11-20, for good",
        "I pay -120 USD upfront on 2026-11-20, for good",
        "I pay 120.50 EUR upfront on 2026-11-20, for good",
        "I pay 120.50 USD upfront on 2026-11-20, for good\n",
    ],
)
def test_other_words_confirm_nothing(words: str) -> None:
    path, text = problem(INSTANCES, confirm=words)
    assert path == "reservations.reserved.confirm"
    assert "confirms nothing" in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"confirm": "I pay 1 USD upfront on 2026-13-01, for good"}, "2026-13-01 is no day"),
        ({"confirm": f"I pay 1 USD upfront on {TOMORROW}, for good"}, "is yet to come"),
        ({"confirm": "I pay 0 USD upfront on 2026-11-20, for good"}, "payment is all-upfront"),
        ({"payment": "no-upfront"}, "write 0 USD"),
    ],
)
def test_words_that_do_not_fit(changes: dict[str, Any], says: str) -> None:
    path, text = problem(INSTANCES, **changes)
    assert path == "reservations.reserved.confirm"
    assert says in text


@pytest.mark.parametrize(
    ("base", "changes", "path"),
    [
        (INSTANCES, {"class": "cache.t3.micro"}, "class"),
        (INSTANCES, {"class": "db.serverless"}, "class"),
        (NODES, {"class": "db.t3.micro"}, "class"),
        (INSTANCES, {"years": 2}, "years"),
        (INSTANCES, {"count": 0}, "count"),
        (INSTANCES, {"count": 21}, "count"),
        (NODES, {"engine": "mysql"}, "engine"),
        (INSTANCES, {"engine": "aurora-mysql"}, "availability"),
        (INSTANCES, {"years": 3, "payment": "no-upfront", "confirm": NODES["confirm"]}, "years"),
    ],
)
def test_what_nobody_can_reserve(base: dict[str, Any], changes: dict[str, Any], path: str) -> None:
    assert problem(base, **changes)[0] == f"reservations.reserved.{path}"


@pytest.mark.parametrize("name", ["mysql", "Reserved", "a-name-that-is-much-too-long-here"])
def test_a_name_that_is_none_or_taken(name: str) -> None:
    assert problem(INSTANCES, name)[0] == f"reservations.{name}"


def test_no_map() -> None:
    config = dev_config()
    with pytest.raises(ConfigError, match="reservations: is no map"):
        read(config["aws:region"], None, config["aws-databases:topologies"], reservations=["mysql"])
