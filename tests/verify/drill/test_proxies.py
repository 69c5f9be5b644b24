"""A database behind a proxy fails over, and its clients know of the proxy only."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.faults import command
from tests.verify.cloud import TestCloud
from tests.verify.command import Verify
from tests.verify.drill.test_command import Failover
from tests.verify.engines import verify
from tests.verify.test_pooling_proxy_exercise import proxied

__all__ = ["proxied", "verify"]


@pytest.fixture
def failover(proxied: Verify, capsys: pytest.CaptureFixture[str]) -> Failover:
    return Failover(proxied, capsys)


def test_a_pooler_of_postgresql(cloud: TestCloud, failover: Failover) -> None:
    """It refuses options, serves each transaction by another connection, and keeps those open."""
    rds = cloud.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier="ledger", MultiAZ=True, ApplyImmediately=True)
    failover.record.record["access"]["faults"] = command(cloud.site)
    for arguments in ((), ("--by", "kill")):
        code, (drill,) = failover("pool", *arguments)
        assert code == 0, failover.out + failover.err
        _kept_its_promises(drill)


def _kept_its_promises(drill: dict[str, Any]) -> None:
    (run,) = drill["runs"]
    assert run["audit"]["rows"]["acknowledged"] > 50
    assert run["audit"]["bank"]["reads"] > 0
    assert run["audit"]["bank"]["found"] == []
    (led,) = run["measured"]["endpoints"]
    assert led["before"] != led["after"], "another process answers"
