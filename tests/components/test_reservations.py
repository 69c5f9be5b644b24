from __future__ import annotations

from typing import Any

import pytest

from components.errors import ComponentError
from components.reserved_cache_nodes import ReservedCacheNodes, ReservedCacheNodesArgs
from components.reserved_instances import ReservedInstances, ReservedInstancesArgs
from specs import reservation
from tests.components.ground import inputs
from tests.recorder import Recording, record
from tests.specs.test_reservation import INSTANCES, NODES


def instances(**changes: Any) -> Recording:
    spec = reservation.ReservedInstances.model_validate({**INSTANCES, **changes})

    def program() -> None:
        ReservedInstances(
            "reserved", ReservedInstancesArgs(spec, "us-west-2", "reservations.reserved")
        )

    return record(program)


def nodes(**changes: Any) -> Recording:
    spec = reservation.ReservedCacheNodes.model_validate({**NODES, **changes})

    def program() -> None:
        ReservedCacheNodes(
            "reserved", ReservedCacheNodesArgs(spec, "us-west-2", "reservations.reserved")
        )

    return record(program)


def test_reserved_instances() -> None:
    # The recorder's offer is of 60.25 USD for each instance with a standby.
    recording = instances()
    assert recording.below("reserved") == {
        "reserved-reservation": "aws:rds/reservedInstance:ReservedInstance"
    }
    assert inputs(recording, "reserved-reservation") == {
        "region": "us-west-2",
        "offeringId": "us-west-2/db.t3.micro/31536000/True/All Upfront/mysql",
        "instanceCount": 2,
        "reservationId": "course-mysql",
    }
    assert recording.registered["reserved"]["reservationId"] == "course-mysql"


def test_reserved_cache_nodes() -> None:
    recording = nodes()
    assert recording.below("reserved") == {
        "reserved-reservation": "aws:elasticache/reservedCacheNode:ReservedCacheNode"
    }
    assert inputs(recording, "reserved-reservation") == {
        "region": "us-west-2",
        "reservedCacheNodesOfferingId": "us-west-2/cache.t3.micro/P3Y/No Upfront/redis",
        "cacheNodeCount": 3,
        "elasticacheReservedCacheNodeId": "course-redis",
    }


def test_the_engine_has_aws_s_name() -> None:
    offer = inputs(instances(engine="postgres"), "reserved-reservation")["offeringId"]
    assert offer.endswith("/postgresql")


@pytest.mark.parametrize("usd", ["120.49", "120.51", "60.25", "1205"])
def test_another_price_than_the_confirmed_one_buys_nothing(usd: str) -> None:
    recording = Recording()
    spec = reservation.ReservedInstances.model_validate(
        {**INSTANCES, "confirm": f"I pay {usd} USD upfront on 2026-11-20, for good"}
    )

    def program() -> None:
        ReservedInstances("reserved", ReservedInstancesArgs(spec, "us-west-2", "reservations.r"))

    with pytest.raises(ComponentError) as caught:
        record(program, into=recording)
    assert str(caught.value).startswith(
        f"reservations.r.confirm: AWS asks 120.50 USD upfront for 2 and {float(usd):.2f} is "
    )
    assert not [each for each in recording.resources if each.custom]
