"""The lag within clusters: readers of Aurora PostgreSQL, standbys that read."""

from __future__ import annotations

import pytest

from tests.verify.clusters import verify
from tests.verify.command import Verify

__all__ = ["verify"]


@pytest.mark.parametrize(
    ("name", "metric", "members"),
    [
        ("shop", "AuroraReplicaLag", "shop-{}"),
        ("bookings", "ReplicaLag", "bookings-instance-{}"),
        ("stock", "ReplicaLag", "stock-instance-{}"),
    ],
)
def test_every_member_but_the_writer_is_measured(
    verify: Verify, name: str, metric: str, members: str
) -> None:
    done = verify(name, "--seconds", "1", exercises=("lag",))
    assert done.code == 0, done.out + done.err
    readers = "bc" if name == "shop" else "23"
    found = {(copy["copy_name"], copy["metric"]) for copy in done.exercises[0]["lags"]}
    assert found == {(members.format(one), metric) for one in readers}
    assert done.step("clean up")[1] == "dropped lagtest"
