"""What a config may say of a global database, and what AWS would refuse of it."""

from __future__ import annotations

from typing import Any

import pytest

from specs.global_database import GlobalDatabase
from tests.specs.configs import (
    AURORA,
    NETWORK,
    REGION,
    Wrong,
    assert_only,
    changed,
    problems,
    stack,
)

STORE: dict[str, Any] = {
    "kind": "global-database",
    "identifier": "store",
    "engine_version": "8.0.mysql_aurora.3.10.6",
    "username": "admin",
    "database": "store",
    "primary": {
        "identifier": "store-east",
        "class": "db.r6g.large",
        "writer": {"identifier": "store-east-a", "zone": "a"},
        "readers": [{"identifier": "store-east-b", "zone": "b"}],
    },
    "secondaries": [
        {
            "region": "us-west-2",
            "identifier": "store-west",
            "class": "db.r6g.large",
            "readers": [{"identifier": "store-west-a", "zone": "a"}],
        },
        {"region": "eu-west-1", "identifier": "store-eu", "class": "db.r5.large", "readers": []},
    ],
    "backups": {"retention_days": 7, "window": "03:00-04:00"},
    "maintenance_window": "sun:04:30-sun:05:30",
    "performance_insights": {"retention_days": 7},
    "slow_query_log": {"threshold_seconds": 1},
    "lifetime": "disposable",
}
ELEVEN = [
    {"region": f"eu-west-{n}", "identifier": f"store-{n}", "class": "db.r5.large", "readers": []}
    for n in range(1, 10)
] + [
    {"region": f"ap-east-{n}", "identifier": f"store-1{n}", "class": "db.r5.large", "readers": []}
    for n in range(1, 3)
]
READERS = [{"identifier": f"store-west-{n}", "zone": "abc"[n % 3]} for n in range(17)]

RIGHT: list[dict[str, Any]] = [
    {},
    {"secondaries": []},
    {"secondaries": ELEVEN[:10]},
    {"secondaries/0/readers": READERS[:16]},
    {"secondaries/0/write_forwarding": True},
    {"primary/class": "db.x2g.xlarge", "secondaries/0/class": "db.r8g.large"},
    {"primary/readers": ...},
    {"region": "ap-southeast-2"},
    {"database": ..., "performance_insights": ..., "lifetime": "protected"},
]

TOO = "is the primary's, too, and a region has one cluster"
ONE = "and a region has one cluster of a global database; choose another region"
WRONG = [
    Wrong({"primary/class": "db.t4g.medium"}, "primary.class", "one such as db.r6g.large"),
    Wrong({"primary/class": "db.t3.large"}, "primary.class", "memory-optimised classes only"),
    Wrong({"primary/class": "db.m6g.large"}, "primary.class", "memory-optimised classes only"),
    Wrong({"secondaries/1/class": "db.t4g.large"}, "secondaries.1.class", "such as db.r6g.large"),
    Wrong({"secondaries/0/class": "db.serverless"}, "secondaries.0.class", "such as db.r6g.large"),
    Wrong({"secondaries": ELEVEN}, "secondaries", "has 11 entries; the most is 10"),
    Wrong({"secondaries": ...}, "secondaries", "is missing; add it"),
    Wrong({"secondaries/1/region": "us-west-2"}, "secondaries.1.region", ONE),
    Wrong({"secondaries/0/region": REGION}, "secondaries.0.region", TOO),
    Wrong({"region": "eu-west-1"}, "secondaries.1.region", TOO),
    Wrong({"secondaries/0/region": ...}, "secondaries.0.region", "is missing; add it"),
    Wrong({"secondaries/0/region": "west"}, "secondaries.0.region", "such as us-east-1"),
    Wrong(
        {"secondaries/1/identifier": "store-west"},
        "secondaries.1.identifier",
        "'store-west' is topologies.store.secondaries.0.identifier in us-west-2, too, and a "
        "cluster of a global database needs a name that no region has; rename one of them",
    ),
    Wrong(
        {"secondaries/0/identifier": "store-east"},
        "secondaries.0.identifier",
        "is topologies.store.primary.identifier in us-east-1, too",
    ),
    Wrong(
        {"primary/readers/0/identifier": "store-east-a"},
        "primary.readers.0.identifier",
        "rename one of them",
    ),
    Wrong({"primary/writer/zone": "e"}, "primary.writer.zone", "choose a, b, c"),
    Wrong({"secondaries/0/readers/0/zone": "e"}, "secondaries.0.readers.0.zone", "choose a, b, c"),
    Wrong({"secondaries/0/readers": READERS}, "secondaries.0.readers", "the most is 16"),
    Wrong({"secondaries/0/readers": ...}, "secondaries.0.readers", "is missing; add it"),
    Wrong(
        {"secondaries/1/write_forwarding": True},
        "secondaries.1.write_forwarding",
        "needs a reader that hands the writes on",
    ),
    # The primary's, as RDS has it: a secondary cannot even be told.
    Wrong({"secondaries/0/username": "admin"}, "secondaries.0.username", "is not a key here"),
    Wrong({"secondaries/0/database": "store"}, "secondaries.0.database", "is not a key here"),
    Wrong({"secondaries/0/engine_version": "8.0.mysql_aurora.3.10.6"},
          "secondaries.0.engine_version", "is not a key here"),
    Wrong({"primary/region": "us-east-1"}, "primary.region", "is not a key here"),
    # Not with a global database.
    Wrong({"backtrack_hours": 24}, "backtrack_hours", "is not a key here"),
    Wrong({"managed_password": True}, "managed_password", "is not a key here"),
    Wrong({"migration": "source"}, "migration", "no migration ends at a global database"),
    Wrong({"engine_version": "8.0"}, "engine_version", "such as 8.0.mysql_aurora.3.10.6"),
    Wrong({"engine_version": "8.0.mysql_aurora.3.05.2"}, "engine_version", "is withdrawn"),
    Wrong({"maintenance_window": "sun:03:30-sun:04:30"}, "maintenance_window", "move one"),
    Wrong({"identifier": "Store"}, "identifier", "lower-case letters"),
]  # fmt: skip


@pytest.mark.parametrize("changes", RIGHT, ids=str)
def test_what_aws_takes(changes: dict[str, Any]) -> None:
    assert problems({"store": changed(STORE, changes)}, NETWORK) == []


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_aws_refuses(wrong: Wrong) -> None:
    found = problems({"store": changed(STORE, wrong.changes)}, NETWORK)
    assert_only(found, f"topologies.store.{wrong.path}", wrong.says)


def test_a_cluster_of_it_is_called_as_no_cluster_of_any_region() -> None:
    aurora = changed(AURORA, {"identifier": "store-west", "custom_endpoints": {}})
    assert_only(
        problems({"aurora": aurora, "store": STORE}),
        "topologies.store.secondaries.0.identifier",
        "'store-west' is topologies.aurora.identifier in us-east-1, too",
    )
    assert_only(
        problems({"store": STORE, "aurora": aurora}),
        "topologies.aurora.identifier",
        "'store-west' is topologies.store.secondaries.0.identifier in us-west-2, too",
    )


def test_an_instance_is_one_of_its_region() -> None:
    member = {"identifier": "store-west-a", "zone": "a"}
    aurora = changed(AURORA, {"writer": member, "readers": [], "custom_endpoints": {}})
    assert problems({"aurora": aurora, "store": STORE}) == []
    assert_only(
        problems({"aurora": aurora | {"region": "us-west-2"}, "store": STORE}),
        "topologies.store.secondaries.0.readers.0.identifier",
        "is topologies.aurora.writer.identifier in us-west-2, too",
    )


def test_two_global_clusters_of_one_name() -> None:
    other = changed(
        STORE,
        {"region": "ap-southeast-2", "secondaries": [], "primary/identifier": "other"},
    )
    assert_only(
        problems({"store": STORE, "other": other}),
        "topologies.other.identifier",
        "'store' is topologies.store.identifier in the account, too",
    )


def test_its_regions_are_the_stacks() -> None:
    found = stack({"store": STORE})
    assert found.regions == ("us-east-1", "us-west-2", "eu-west-1")
    assert found.region_of("store") == "us-east-1"


def test_who_takes_over() -> None:
    spec = stack({"store": STORE}).topologies["store"]
    assert isinstance(spec, GlobalDatabase)
    assert [(s.key, s.identifier, s.tier) for s in spec.seats] == [
        ("primary.writer", "store-east-a", 0),
        ("primary.readers.0", "store-east-b", 1),
    ]
    many = stack({"store": changed(STORE, {"secondaries/0/readers": READERS[:16]})})
    spec = many.topologies["store"]
    assert isinstance(spec, GlobalDatabase)
    assert [s.tier for s in spec.secondaries[0].seats] == list(range(16))
