"""Reserved instances of RDS: bought when they are made, and for good."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.offers import agreed
from components.tags import tags
from specs import reservation

_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True)
class ReservedInstancesArgs:
    """``at`` is the config path of the reservation, for errors."""

    spec: reservation.ReservedInstances
    region: str
    at: str


class ReservedInstances(pulumi.ComponentResource):
    """A discount on instances of one class, for one or three years.

    Creates: one reservation, protected.
    Costs: the confirmed sum at once, and by the hour for its years what the offer says, whether
    such instances run or not.
    Fails with `ComponentError` when AWS asks for another sum than the confirmed one. It cannot be
    undone: Pulumi can forget it, AWS goes on to bill it.
    """

    region: str
    reservation_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: ReservedInstancesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("aws-databases:index:ReservedInstances", name, None, opts)
        spec, self.region = args.spec, args.region
        offer = aws.rds.get_reserved_instance_offering(
            db_instance_class=spec.instance_class,
            duration=spec.years * _YEAR_SECONDS,
            multi_az=spec.availability == "multi-az",
            offering_type=spec.offering_type,
            product_description=spec.product,
            region=args.region,
            opts=pulumi.InvokeOptions(parent=self),
        )
        bought = aws.rds.ReservedInstance(
            f"{name}-reservation",
            region=args.region,
            offering_id=agreed(offer.offering_id, offer.fixed_price, spec, args.at),
            instance_count=spec.count,
            reservation_id=spec.identifier,
            tags=tags(spec.identifier),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.reservation_id = bought.reservation_id.apply(str)
        self.register_outputs({"region": self.region, "reservationId": self.reservation_id})
