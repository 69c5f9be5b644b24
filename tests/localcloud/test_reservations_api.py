"""Reserved instances and cache nodes: records that nothing takes back."""

from __future__ import annotations

from typing import Any

from tests.localcloud.front_fixtures import endpoint, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
PREFIX = "127.96"
YEAR = 31_536_000


def offers(endpoint: Endpoint, **changes: Any) -> list[dict[str, Any]]:
    asked = {
        "DBInstanceClass": "db.t3.micro",
        "ProductDescription": "mysql",
        "OfferingType": "No Upfront",
        "Duration": "1",
        "MultiAZ": True,
    }
    answer = endpoint.client("rds").describe_reserved_db_instances_offerings(**{**asked, **changes})
    found: list[dict[str, Any]] = answer["ReservedDBInstancesOfferings"]
    return found


def test_an_offer_is_what_was_asked_for(endpoint: Endpoint) -> None:
    (offer,) = offers(endpoint)
    assert offer["DBInstanceClass"] == "db.t3.micro"
    assert (offer["Duration"], offer["MultiAZ"], offer["FixedPrice"]) == (YEAR, True, 0.0)
    assert offers(endpoint, Duration=str(3 * YEAR))[0]["Duration"] == 3 * YEAR


def test_no_price_is_made_up(endpoint: Endpoint) -> None:
    assert offers(endpoint, OfferingType="All Upfront") == []
    assert offers(endpoint, ProductDescription="db2") == []


def test_instances_are_bought_once_and_stay(endpoint: Endpoint) -> None:
    rds = endpoint.client("rds")
    (offer,) = offers(endpoint)
    wanted = {
        "ReservedDBInstancesOfferingId": offer["ReservedDBInstancesOfferingId"],
        "ReservedDBInstanceId": "ours",
        "DBInstanceCount": 2,
        "Tags": [{"Key": "Project", "Value": "course"}],
    }
    bought = rds.purchase_reserved_db_instances_offering(**wanted)["ReservedDBInstance"]
    assert (bought["State"], bought["DBInstanceCount"]) == ("active", 2)
    (found,) = rds.describe_reserved_db_instances(ReservedDBInstanceId="ours")[
        "ReservedDBInstances"
    ]
    assert found == bought
    tags = rds.list_tags_for_resource(ResourceName=bought["ReservedDBInstanceArn"])["TagList"]
    assert tags == wanted["Tags"]
    again = refusal(rds.purchase_reserved_db_instances_offering, **wanted)
    assert again.startswith("ReservedDBInstanceAlreadyExists")


def test_cache_nodes_are_bought_once_and_stay(endpoint: Endpoint) -> None:
    cache = endpoint.client("elasticache")
    (offer,) = cache.describe_reserved_cache_nodes_offerings(
        CacheNodeType="cache.t3.micro", ProductDescription="redis", Duration="3"
    )["ReservedCacheNodesOfferings"]
    assert (offer["Duration"], offer["OfferingType"]) == (3 * YEAR, "No Upfront")
    wanted = {
        "ReservedCacheNodesOfferingId": offer["ReservedCacheNodesOfferingId"],
        "ReservedCacheNodeId": "ours",
        "CacheNodeCount": 3,
    }
    bought = cache.purchase_reserved_cache_nodes_offering(**wanted)["ReservedCacheNode"]
    assert bought["CacheNodeCount"] == 3
    assert cache.describe_reserved_cache_nodes()["ReservedCacheNodes"] == [bought]
    again = refusal(cache.purchase_reserved_cache_nodes_offering, **wanted)
    assert again.startswith("ReservedCacheNodeAlreadyExists")


def test_what_is_not_there(endpoint: Endpoint) -> None:
    rds, cache = endpoint.client("rds"), endpoint.client("elasticache")
    missing = refusal(rds.describe_reserved_db_instances, ReservedDBInstanceId="nobody-s")
    assert missing.startswith("ReservedDBInstanceNotFound")
    missing = refusal(
        cache.purchase_reserved_cache_nodes_offering, ReservedCacheNodesOfferingId="cheap"
    )
    assert missing.startswith("ReservedCacheNodesOfferingNotFound")
