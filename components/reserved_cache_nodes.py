"""Reserved nodes of ElastiCache: bought when they are made, and for good."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.offers import agreed
from components.tags import tags
from specs import reservation


@dataclass(frozen=True)
class ReservedCacheNodesArgs:
    """``at`` is the config path of the reservation, for errors."""

    spec: reservation.ReservedCacheNodes
    region: str
    at: str


class ReservedCacheNodes(pulumi.ComponentResource):
    """A discount on cache nodes of one type, for one or three years.

    Creates: one reservation, protected.
    Costs: the confirmed sum at once, and by the hour for its years what the offer says, whether
    such nodes run or not.
    Fails with `ComponentError` when AWS asks for another sum than the confirmed one. It cannot be
    undone: Pulumi can forget it, AWS goes on to bill it.
    """

    region: str
    reservation_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReservedCacheNodesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ReservedCacheNodes", name, None, opts)
        spec, self.region = args.spec, args.region
        offer = aws.elasticache.get_reserved_cache_node_offering(
            cache_node_type=spec.node_type,
            duration=f"P{spec.years}Y",
            offering_type=spec.offering_type,
            product_description=spec.engine,
            region=args.region,
            opts=pulumi.InvokeOptions(parent=self),
        )
        bought = aws.elasticache.ReservedCacheNode(
            f"{name}-reservation",
            region=args.region,
            reserved_cache_nodes_offering_id=agreed(
                offer.offering_id, offer.fixed_price, spec, args.at
            ),
            cache_node_count=spec.count,
            elasticache_reserved_cache_node_id=spec.identifier,
            tags=tags(spec.identifier),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.reservation_id = bought.elasticache_reserved_cache_node_id
        self.register_outputs({"region": self.region, "reservationId": self.reservation_id})
