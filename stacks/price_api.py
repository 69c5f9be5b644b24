"""AWS's own price list, asked over the network. The one module of the program that asks AWS.

A price that the list has in two versions, or not at all, is not known: nobody picks one.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stacks.errors import NoPrices
from stacks.prices import Price

API_REGION = "us-east-1"
"""One of the few regions that answer for all others."""
DEADLINE_S = 60.0
"""For all prices of a stack."""
_ENGINES = {
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "postgres": "PostgreSQL",
    "aurora-mysql": "Aurora MySQL",
    "redis": "Redis",
    "valkey": "Valkey",
    "memcached": "Memcached",
}
_VOLUMES = {"gp2": "General Purpose", "gp3": "General Purpose-GP3"}


@dataclass(frozen=True)
class _Query:
    """Which products to ask for, and which usage type is the one."""

    service: str
    filters: Mapping[str, str]
    usage: str
    unit: str
    reserved: bool = False


class PriceList:
    """Prices of the AWS price list API, each asked once."""

    title = f"AWS price list API in {API_REGION}"

    def __init__(self, client: Any, deadline: float) -> None:
        self._client = client
        self._deadline = deadline
        self._known: dict[tuple[str, str], Price | None] = {}

    @classmethod
    def reached(cls) -> PriceList:
        """The list by the person's own credentials. Raises `NoPrices` when it does not answer."""
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=5, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"}
        )
        client = boto3.client("pricing", region_name=API_REGION, config=config)
        found = cls(client, time.monotonic() + DEADLINE_S)
        found.find("kms/key", API_REGION)
        return found

    def find(self, key: str, region: str) -> Price | None:
        """The price of ``key``; raises `NoPrices` when the list does not answer in time."""
        if (key, region) not in self._known:
            query = _query(key)
            self._known[key, region] = None if query is None else self._ask(query, region)
        return self._known[key, region]

    def _ask(self, query: _Query, region: str) -> Price | None:
        prices = {
            price
            for product in self._products(query, region)
            if re.search(query.usage, product["product"]["attributes"].get("usagetype", ""))
            for price in _prices(product, query)
        }
        # The dates of one price's several products may differ; its dollars must not.
        if len({price.usd for price in prices}) != 1:
            return None
        return max(prices, key=lambda price: price.date)

    def _products(self, query: _Query, region: str) -> Iterator[dict[str, Any]]:
        from botocore.exceptions import BotoCoreError, ClientError

        filters = [
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in {"regionCode": region, **query.filters}.items()
        ]
        token: dict[str, str] = {}
        while True:
            if time.monotonic() > self._deadline:
                raise NoPrices(f"prices: {self.title} took longer than {DEADLINE_S:.0f} s")
            try:
                page = self._client.get_products(
                    ServiceCode=query.service, Filters=filters, FormatVersion="aws_v1", **token
                )
            except (BotoCoreError, ClientError) as error:
                raise NoPrices(
                    f"prices: {self.title} does not answer ({error}); leave --prices out to take "
                    "the project's table"
                ) from error
            yield from map(json.loads, page["PriceList"])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}


def _query(key: str) -> _Query | None:
    """How to ask for a key of the table; nothing for what the list calls too many names."""
    match key.split("/"):
        case ["rds", "storage", type_] if type_ in _VOLUMES:
            # Of its own, gp3's usage type has the name in it, and that of gp2 has none.
            usage = "RDS:GP3-Storage$" if type_ == "gp3" else "RDS:GP2-Storage$"
            filters = {
                "productFamily": "Database Storage",
                "deploymentOption": "Single-AZ",
                "databaseEngine": "Any",
                "volumeType": _VOLUMES[type_],
            }
            return _Query("AmazonRDS", filters, usage, "GB-month")
        case ["rds" | "elasticache" as service, *rest] if rest[-1].count(".") == 2:
            reserved = rest[0].startswith("reserved")
            *_, engine, class_ = rest
            return _classes(service, engine, class_, reserved) if engine in _ENGINES else None
        case ["rds", "backup"]:
            filters = {"productFamily": "Storage Snapshot"}
            return _Query("AmazonRDS", filters, "RDS:ChargedBackupUsage$", "GB-month")
        case ["aurora", what] if what in _AURORA:
            family, usage, unit = _AURORA[what]
            return _Query("AmazonRDS", {"productFamily": family}, usage, unit)
        case ["kms", "key"]:
            filters = {"productFamily": "Encryption Key"}
            return _Query("awskms", filters, "KMS-Keys$", "key-month")
        case ["secrets-manager", "secret"]:
            return _Query("AWSSecretsManager", {"productFamily": "Secret"}, "", "secret-month")
        case ["cloudwatch", "alarm"]:
            filters = {"productFamily": "Alarm", "alarmType": "Standard"}
            return _Query("AmazonCloudWatch", filters, "AlarmMonitorUsage$", "alarm-month")
        case ["vpc", "interface-endpoint"]:
            filters = {"productFamily": "VpcEndpoint"}
            return _Query("AmazonVPC", filters, "VpcEndpoint-Hours$", "hour")
        case ["vpc", "public-ipv4"]:
            filters = {"group": "VPCPublicIPv4Address"}
            return _Query("AmazonVPC", filters, "PublicIPv4:InUseAddress$", "hour")
        case ["ec2", class_]:
            filters = {
                "instanceType": class_,
                "operatingSystem": "Linux",
                "tenancy": "Shared",
                "preInstalledSw": "NA",
                "capacitystatus": "Used",
            }
            return _Query("AmazonEC2", filters, "BoxUsage:", "hour")
        case ["ebs", type_]:
            filters = {"productFamily": "Storage", "volumeApiName": type_}
            return _Query("AmazonEC2", filters, f"EBS:VolumeUsage.{type_}$", "GB-month")
        case ["dms", class_] if class_.startswith("dms."):
            filters = {
                "instanceType": class_.removeprefix("dms."),
                "availabilityZone": "Single",
            }
            return _Query("AWSDatabaseMigrationSvc", filters, "", "hour")
    return None


_AURORA = {
    "backup": ("Storage Snapshot", "Aurora:BackupUsage$", "GB-month"),
    "acu": ("ServerlessV2", "Aurora:ServerlessV2Usage$", "ACU-hour"),
    "acu-io-optimized": ("ServerlessV2", "Aurora:ServerlessV2IOOptimizedUsage$", "ACU-hour"),
    "storage": ("Database Storage", "Aurora:StorageUsage$", "GB-month"),
    "storage-io-optimized": ("Database Storage", "Aurora:IO-OptimizedStorageUsage$", "GB-month"),
}
"""I/O is listed by the single one, at a price with seven zeros: the table has it."""


def _classes(service: str, engine: str, class_: str, reserved: bool) -> _Query:
    if service == "rds":
        filters = {
            "productFamily": "Database Instance",
            "instanceType": class_,
            "databaseEngine": _ENGINES[engine],
            "deploymentOption": "Single-AZ",
        }
        # Members of I/O-Optimized clusters are other products of the same class.
        return _Query("AmazonRDS", filters, "InstanceUsage:", "hour", reserved)
    filters = {
        "productFamily": "Cache Instance",
        "instanceType": class_,
        "cacheEngine": _ENGINES[engine],
        "locationType": "AWS Region",
    }
    return _Query("AmazonElastiCache", filters, "NodeUsage:", "hour", reserved)


def _prices(product: Mapping[str, Any], query: _Query) -> Iterator[Price]:
    terms = product["terms"].get("Reserved" if query.reserved else "OnDemand", {})
    for term in terms.values():
        attributes = term.get("termAttributes", {})
        if query.reserved and (
            attributes.get("LeaseContractLength") != "1yr"
            or attributes.get("PurchaseOption") != "No Upfront"
        ):
            continue
        for dimension in term["priceDimensions"].values():
            usd = float(dimension["pricePerUnit"].get("USD", 0))
            # What is free up to a limit is listed as a price of zero.
            if usd > 0 and float(dimension.get("beginRange", 0) or 0) == 0:
                date = str(term["effectiveDate"])[:10]
                yield Price(usd, query.unit, date, f"AWS price list API, {query.service}")
