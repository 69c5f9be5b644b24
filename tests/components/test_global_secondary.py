"""A secondary as its global database makes it; what both have is in test_global_database."""

from __future__ import annotations

from typing import Any

import pytest

from components.errors import ComponentError
from tests.components.ground import inputs
from tests.components.test_global_database import CLUSTERS, IN_EVERY_CLUSTER, made
from tests.recorder import Recording


@pytest.fixture(scope="module")
def store() -> Recording:
    return made()


def test_a_secondary_comes_after_the_primarys_members_and_goes_before_them(
    store: Recording,
) -> None:
    # Deletion is the reverse: RDS keeps a primary's last member while there is a secondary.
    for secondary in ("db-us-west-2-cluster", "db-eu-west-1-cluster"):
        after = set(store.named(secondary).depends_on)
        assert {"db-member-store-east-a", "db-member-store-east-b", "db-global"} <= after
    assert "db-global" in store.named("db-cluster").depends_on


def test_its_log_groups_are_there_before_rds_would_make_them(store: Recording) -> None:
    there = set(store.named("db-us-west-2-cluster").depends_on)
    assert {"db-us-west-2-logs-error", "db-us-west-2-logs-slowquery"} <= there
    group = inputs(store, "db-us-west-2-logs-error")
    assert (group["region"], group["name"]) == ("us-west-2", "/aws/rds/cluster/store-west/error")


CHANGES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "write forwarding",
        {"secondaries/0/write_forwarding": True},
        "db-us-west-2-cluster",
        {"enableGlobalWriteForwarding": True},
    ),
    (
        "a protected secondary",
        {"lifetime": "protected"},
        "db-us-west-2-cluster",
        {
            "deletionProtection": True,
            "skipFinalSnapshot": False,
            "finalSnapshotIdentifier": "store-west-final",
        },
    ),
]


@pytest.mark.parametrize(
    ("changes", "cluster", "more"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_what_a_change_of_the_config_changes(
    changes: dict[str, Any], cluster: str, more: dict[str, Any]
) -> None:
    assert inputs(made(**changes), cluster) == IN_EVERY_CLUSTER | CLUSTERS[cluster] | more


def test_a_zone_that_the_account_does_not_have() -> None:
    path = r"topologies\.store\.secondaries\.0\.readers\.0\.zone"
    with pytest.raises(ComponentError, match=rf"^{path}: zone us-west-2e has no default subnet"):
        made(**{"secondaries/0/readers/0/zone": "e"})
