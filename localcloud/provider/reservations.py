"""Reserved instances and cache nodes. Like AWS's provider, deleting one only forgets it."""

from __future__ import annotations

from typing import Any

from localcloud.errors import DeployFailed
from localcloud.provider.clients import Clients
from localcloud.provider.elasticache import CacheKind
from localcloud.provider.kind import Outputs, Resource
from localcloud.provider.mapping import Inputs
from localcloud.provider.rds_groups import RdsKind


class ReservedInstance(RdsKind):
    """aws.rds.ReservedInstance"""

    token = "aws:rds/reservedInstance:ReservedInstance"
    creates = "PurchaseReservedDBInstancesOffering"
    names = {
        "offeringId": "ReservedDBInstancesOfferingId",
        "reservationId": "ReservedDBInstanceId",
        "instanceCount": "DBInstanceCount",
    }
    replaced_by = frozenset({"offeringId", "reservationId", "instanceCount"})
    identified_by = ("reservationId",)
    gone = frozenset({"ReservedDBInstanceNotFound"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).purchase_reserved_db_instances_offering(
            **self.arguments(resource, self.creates)
        )["ReservedDBInstance"]
        return made["ReservedDBInstanceId"], {"arn": made["ReservedDBInstanceArn"]}

    def describe(self, resource: Resource) -> Outputs | None:
        (found,) = self.client(resource).describe_reserved_db_instances(
            ReservedDBInstanceId=resource.inputs["reservationId"]
        )["ReservedDBInstances"]
        return {"arn": found["ReservedDBInstanceArn"], "state": found["State"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        """It stays: nobody can give a reservation back."""


class ReservedCacheNode(CacheKind):
    """aws.elasticache.ReservedCacheNode"""

    token = "aws:elasticache/reservedCacheNode:ReservedCacheNode"
    creates = "PurchaseReservedCacheNodesOffering"
    names = {
        "reservedCacheNodesOfferingId": "ReservedCacheNodesOfferingId",
        "elasticacheReservedCacheNodeId": "ReservedCacheNodeId",
    }
    replaced_by = frozenset(
        {"reservedCacheNodesOfferingId", "elasticacheReservedCacheNodeId", "cacheNodeCount"}
    )
    identified_by = ("elasticacheReservedCacheNodeId",)
    gone = frozenset({"ReservedCacheNodeNotFound"})

    def create(self, resource: Resource) -> tuple[str, Outputs]:
        made = self.client(resource).purchase_reserved_cache_nodes_offering(
            **self.arguments(resource, self.creates)
        )["ReservedCacheNode"]
        return made["ReservedCacheNodeId"], {"arn": made["ReservationARN"]}

    def describe(self, resource: Resource) -> Outputs | None:
        (found,) = self.client(resource).describe_reserved_cache_nodes(
            ReservedCacheNodeId=resource.inputs["elasticacheReservedCacheNodeId"]
        )["ReservedCacheNodes"]
        return {"arn": found["ReservationARN"], "state": found["State"]}

    def update(self, resource: Resource, old: Inputs, changed: frozenset[str]) -> None:
        self.retag(resource, old)

    def delete(self, resource: Resource) -> None:
        """It stays: nobody can give a reservation back."""


def instance_offer(clients: Clients, args: Inputs) -> dict[str, Any]:
    """aws.rds.get_reserved_instance_offering"""
    found = clients.get("rds", args.get("region")).describe_reserved_db_instances_offerings(
        DBInstanceClass=args["dbInstanceClass"],
        Duration=str(args["duration"]),
        MultiAZ=args["multiAz"],
        OfferingType=args["offeringType"],
        ProductDescription=args["productDescription"],
    )["ReservedDBInstancesOfferings"]
    offer = _only(found, args)
    return {"offeringId": offer["ReservedDBInstancesOfferingId"], "fixedPrice": offer["FixedPrice"]}


def node_offer(clients: Clients, args: Inputs) -> dict[str, Any]:
    """aws.elasticache.get_reserved_cache_node_offering"""
    client = clients.get("elasticache", args.get("region"))
    found = client.describe_reserved_cache_nodes_offerings(
        CacheNodeType=args["cacheNodeType"],
        Duration=args["duration"].removeprefix("P").removesuffix("Y"),
        OfferingType=args["offeringType"],
        ProductDescription=args["productDescription"],
    )["ReservedCacheNodesOfferings"]
    offer = _only(found, args)
    return {"offeringId": offer["ReservedCacheNodesOfferingId"], "fixedPrice": offer["FixedPrice"]}


def _only(found: list[Any], args: Inputs) -> Any:
    if len(found) != 1:
        raise DeployFailed(
            f"no reservation of {args['productDescription']} is offered with payment "
            f"{args['offeringType']!r}: the local cloud knows no prices, so its only offers are "
            "'No Upfront'"
        )
    return found[0]
