"""A reservation is bought once; forgetting it gives nothing back."""

from __future__ import annotations

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.engine.stage import Stage

PROGRAM = """
offer = aws.rds.get_reserved_instance_offering(
    db_instance_class="db.t3.micro", duration=31536000, multi_az=False,
    offering_type="{payment}", product_description="mysql")
aws.rds.ReservedInstance(
    "instances", offering_id=offer.offering_id, reservation_id="{name}", instance_count=2)
node = aws.elasticache.get_reserved_cache_node_offering(
    cache_node_type="cache.t3.micro", duration="P1Y", offering_type="No Upfront",
    product_description="redis")
aws.elasticache.ReservedCacheNode(
    "nodes", reserved_cache_nodes_offering_id=node.offering_id,
    elasticache_reserved_cache_node_id="{name}", cache_node_count=3)
pulumi.export("price", offer.fixed_price)
"""


def bought(stage: Stage) -> set[str]:
    instances = stage.client("rds").describe_reserved_db_instances()["ReservedDBInstances"]
    return {each["ReservedDBInstanceId"] for each in instances}


def test_it_is_bought_once(stage: Stage) -> None:
    program = PROGRAM.format(name="once", payment="No Upfront")
    assert stage.up(program) == {"price": 0}
    assert stage.done() == {("create", "instances"), ("create", "nodes")}
    stage.up()
    assert stage.done() == set()
    assert "once" in bought(stage)


def test_it_stays_when_it_is_forgotten(stage: Stage) -> None:
    program = PROGRAM.format(name="stays", payment="No Upfront")
    stage.up(program)
    stage.destroy()
    assert "stays" in bought(stage)
    with pytest.raises(DeployFailed, match="AlreadyExists"):
        stage.up(program)


def test_no_price_is_made_up(stage: Stage) -> None:
    with pytest.raises(DeployFailed, match="the local cloud knows no prices"):
        stage.up(PROGRAM.format(name="dear", payment="All Upfront"))
    assert "dear" not in bought(stage)
