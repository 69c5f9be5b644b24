"""Reserved instances and cache nodes: records, bought for nothing, and for good.

The local cloud knows no prices. It sells what costs nothing upfront, and refuses to make up a
price for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.api import Answer, ApiError, Call, Operations, now, page
from localcloud.records import Record
from localcloud.services.context import Cloud
from localcloud.services.surroundings import arn

_YEARS = {"1": 31_536_000, "31536000": 31_536_000, "3": 94_608_000, "94608000": 94_608_000}
_OFFERED = "No Upfront"


@dataclass(frozen=True)
class Market:
    """What RDS and ElastiCache call the same things."""

    service: str
    kind: str
    thing: str
    """``DBInstance`` or ``CacheNode``."""
    offers: str
    class_: str
    count: str
    arn: str
    arn_kind: str
    engines: frozenset[str]
    members: frozenset[str]
    """What an offer says beside the class, the years and the way to pay."""

    @property
    def id(self) -> str:
        """The member with a reservation's name."""
        return f"Reserved{self.thing}Id"

    @property
    def offer_id(self) -> str:
        """The member with an offer's name."""
        return f"{self.offers}Id"


RDS = Market(
    service="rds",
    kind="reserved-instance",
    thing="DBInstance",
    offers="ReservedDBInstancesOffering",
    class_="DBInstanceClass",
    count="DBInstanceCount",
    arn="ReservedDBInstanceArn",
    arn_kind="ri",
    engines=frozenset({"mysql", "mariadb", "postgresql", "aurora-mysql", "aurora-postgresql"}),
    members=frozenset({"MultiAZ", "CurrencyCode"}),
)
CACHE = Market(
    service="elasticache",
    kind="reserved-cache-node",
    thing="CacheNode",
    offers="ReservedCacheNodesOffering",
    class_="CacheNodeType",
    count="CacheNodeCount",
    arn="ReservationARN",
    arn_kind="reserved-instance",
    engines=frozenset({"redis", "valkey", "memcached"}),
    members=frozenset(),
)


class Reservations:
    """Offers, purchases and what was bought. Nothing deletes a reservation, as on AWS."""

    def __init__(self, cloud: Cloud, market: Market) -> None:
        self._records = cloud.records
        self._cloud = cloud
        self._market = market

    def register(self, operations: Operations) -> None:
        """Answer the service's three operations."""
        m = self._market
        operations.handle(m.service, f"Describe{m.offers}s", self._offers)
        operations.handle(m.service, f"Purchase{m.offers}", self._purchase)
        operations.handle(m.service, f"DescribeReserved{m.thing}s", self._describe)

    def _offers(self, call: Call) -> Answer:
        p, m = call.params, self._market
        wanted = p.get(m.offer_id)
        if wanted is not None:
            return page(call, f"{m.offers}s", [self._offer(wanted)])
        class_, engine = p.get(m.class_), p.get("ProductDescription")
        if not class_ or not engine or engine not in m.engines:
            # AWS would list hundreds; here an offer is made for who names what he wants.
            return page(call, f"{m.offers}s", [])
        if p.get("OfferingType") not in (None, _OFFERED):
            return page(call, f"{m.offers}s", [])
        asked = str(p.get("Duration") or "31536000")
        if asked not in _YEARS:
            raise ApiError("InvalidParameterValue", f"Invalid duration: {asked}")
        zones = "multi-az" if p.get("MultiAZ") else "single-az"
        return page(
            call, f"{m.offers}s", [self._offer(f"{class_}/{_YEARS[asked]}/{engine}/{zones}")]
        )

    def _offer(self, name: str) -> Record:
        m = self._market
        parts = name.split("/")
        if len(parts) != 4 or parts[1] not in _YEARS or parts[2] not in m.engines:
            raise ApiError(f"{m.offers}NotFound", f"Offering {name} not found.", 404)
        class_, seconds, engine, zones = parts
        offer = {
            m.offer_id: name,
            m.class_: class_,
            "Duration": int(seconds),
            "FixedPrice": 0.0,
            "UsagePrice": 0.0,
            "ProductDescription": engine,
            "OfferingType": _OFFERED,
            "RecurringCharges": [],
        }
        more: Mapping[str, Any] = {"MultiAZ": zones == "multi-az", "CurrencyCode": "USD"}
        return offer | {member: more[member] for member in m.members}

    def _purchase(self, call: Call) -> Answer:
        p, m = call.params, self._market
        offer = self._offer(p[m.offer_id])
        with self._records.change():
            number = len(self._records.all(m.kind, call.region)) + 1
            name = (p.get(m.id) or f"reservation-{number}").lower()
            if self._records.get(m.kind, call.region, name) is not None:
                raise ApiError(f"Reserved{m.thing}AlreadyExists", f"{name} already exists.", 404)
            own = arn(m.service, call.region, m.arn_kind, name)
            record = offer | {
                m.id: name,
                m.count: p.get(m.count) or 1,
                "StartTime": now(),
                "State": "active",
                m.arn: own,
                "_arn": own,
                "TagList": p.get("Tags") or [],
            }
            self._records.put(m.kind, call.region, name, record)
        return {f"Reserved{m.thing}": record}

    def _describe(self, call: Call) -> Answer:
        m = self._market
        name = call.params.get(m.id)
        if name is None:
            return page(call, f"Reserved{m.thing}s", self._records.all(m.kind, call.region))
        missing = ApiError(f"Reserved{m.thing}NotFound", f"{name} not found.", 404)
        record = self._cloud.need(m.kind, call.region, name.lower(), missing)
        return page(call, f"Reserved{m.thing}s", [record])
