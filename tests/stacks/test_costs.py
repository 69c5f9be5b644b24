"""What is billed, at a table of prices that stands here; AWS's list with pages that stand here."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from specs.topologies import read
from stacks.costs import Line, priced
from stacks.dry_run import dry_run, registrations
from stacks.errors import NoPrices
from stacks.price_api import PriceList
from stacks.prices import TABLE, Price, Table
from stacks.savings import savings
from tests.specs.configs import MULTI_AZ_MYSQL
from tests.stacks.run_program import PROJECT


def row(key: str, usd: float, unit: str = "hour", *, two: bool = True) -> dict[str, Any]:
    return {"key": key, "usd": usd, "unit": unit, "date": "2026-01-02", "source": "a test",
            "checked_by_two": two}  # fmt: skip


FIXED = Table(
    {
        "region": "us-east-1",
        "prices": [
            row("rds/mysql/db.t3.micro", 1.0),
            row("rds/mysql/db.t4g.micro", 0.75),
            row("rds/reserved-1y-no-upfront/mysql/db.t3.micro", 0.6),
            row("rds/mysql/db.m6gd.large", 7.0),
            row("rds/storage/gp3-iops", 0.02, "IOPS-month"),
            row("rds/storage/gp2", 2.0, "GB-month"),
            row("rds/storage/gp3", 1.5, "GB-month"),
            row("rds/aurora-mysql/db.r5.large", 4.0),
            row("rds/aurora-mysql/db.r6g.large", 3.0),
            row("elasticache/redis/cache.t3.micro", 5.0),
            row("aurora/acu", 1.0, "ACU-hour"),
            row("aurora/acu-io-optimized", 1.5, "ACU-hour"),
            row("aurora/storage", 1.0, "GB-month"),
            row("aurora/storage-io-optimized", 3.0, "GB-month"),
            row("aurora/io", 0.5, "million I/O"),
        ],
    }
)


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return priced(dry_run(PROJECT, "dev"), FIXED)


def of(lines: list[Line], topology: str) -> set[tuple[str, float | None]]:
    return {(line.item.what, line.monthly) for line in lines if line.item.topology == topology}


def test_multi_az_is_billed_twice(lines: list[Line]) -> None:
    assert of(lines, "mysql") == {
        ("alarm", None),
        ("secret", None),
        ("db.t3.micro mysql and its standby", 2 * 730 * 1.0),
        ("20 GB gp2 and its standby", 2 * 20 * 2.0),
    }


def test_a_replica_has_its_source_s_engine_and_storage(lines: list[Line]) -> None:
    assert of(lines, "mysql-replica") == {
        ("alarm", None),
        ("db.t3.micro mysql", 730.0),
        ("20 GB gp2", 40.0),
    }


def test_what_stands_in_a_region_without_prices_has_none(lines: list[Line]) -> None:
    assert of(lines, "mysql-replica-west") == {
        ("alarm", None),
        ("db.t3.micro mysql", None),
        ("20 GB gp2", None),
    }
    assert all(line.price is None for line in lines if line.item.region == "us-west-2")


def test_each_member_and_each_node_is_billed(lines: list[Line]) -> None:
    members = [line for line in lines if line.item.what == "db.r5.large aurora-mysql member"]
    assert [line.monthly for line in members] == [2920.0] * 3
    assert ("3 x cache.t3.micro redis", 3 * 730 * 5.0) in of(lines, "redis")


MULTI_AZ_COSTS: list[tuple[dict[str, object], set[tuple[str, float | None]]]] = [
    (
        {"storage": {"type": "gp3", "size_gb": 100}},
        {("3 x 100 GB gp3", 3 * 100 * 1.5)},
    ),
    (
        # What such a volume has anyway costs nothing.
        {"storage": {"type": "gp3", "size_gb": 400}},
        {("3 x 400 GB gp3", 3 * 400 * 1.5)},
    ),
    (
        {"storage": {"type": "gp3", "size_gb": 400, "iops": 13_000}},
        {("3 x 400 GB gp3", 3 * 400 * 1.5), ("3 x 1000 IOPS of gp3", 3 * 1000 * 0.02)},
    ),
    (
        {"storage": {"type": "io1", "size_gb": 100, "iops": 1000}},
        {("3 x 100 GB io1", None), ("3 x 1000 IOPS of io1", None)},
    ),
]


@pytest.mark.parametrize(
    ("changes", "wanted"), MULTI_AZ_COSTS, ids=["gp3", "large gp3", "more IOPS", "io1"]
)
def test_a_cluster_of_three_is_billed_thrice(
    changes: dict[str, object], wanted: set[tuple[str, float | None]]
) -> None:
    config = read("us-east-1", None, {"db": MULTI_AZ_MYSQL | changes})
    found = of(priced(registrations(config, "test"), FIXED), "db")
    assert found == wanted | {("secret", None), ("3 x db.m6gd.large mysql", 3 * 730 * 7.0)}


def test_use_has_a_price_and_no_sum(lines: list[Line]) -> None:
    (capacity,) = (line for line in lines if line.item.key == "aurora/acu")
    assert capacity.price == Price(1.0, "ACU-hour", "2026-01-02", "a test")
    assert capacity.monthly is None


def test_nothing_is_guessed(lines: list[Line]) -> None:
    known = {line.item.what for line in lines if line.item.topology == "memcached" and line.price}
    assert known == set()


def test_what_a_change_would_save(lines: list[Line]) -> None:
    found = {(each.topology, each.change): each for each in savings(lines, FIXED)}
    assert found["mysql", "storage gp2 to gp3"].monthly == 2 * 20 * 0.5
    assert found["mysql", "class db.t3.micro to db.t4g.micro"].monthly == 2 * 730 * 0.25
    reserved = found["mysql", "reserve db.t3.micro"].monthly
    assert reserved is not None
    assert math.isclose(reserved, 2 * 730 * 0.4)
    # All three members.
    assert found["aurora", "class db.r5.large to db.r6g.large"].monthly == 3 * 730 * 1.0
    assert found["aurora", "reserve db.r5.large"].monthly is None
    assert found["aurora", "reserve db.r5.large"].note.startswith("no price known")
    # (3 - 1) / 0.5 and 730 * (1.5 - 1) / 0.5
    assert "above 4.0 million I/O a month for each GB and 730 million for each ACU" in (
        found["aurora", "volume to I/O-Optimized"].note
    )
    assert found["mysql", "storage gp2 to gp3"].dates == ("2026-01-02",)


def test_the_projects_table_says_when_and_whence() -> None:
    rows = json.loads(TABLE.read_text())["prices"]
    assert len(rows) > 30
    assert len({(each["key"], each.get("region")) for each in rows}) == len(rows)
    for each in rows:
        assert "2024-01-01" < each["date"] < "2027-01-01", each
        assert each["usd"] > 0, each
        assert each["source"], each
    assert Table.shipped().find("rds/mysql/db.t3.micro", "us-east-1") == Price(
        0.017, "hour", "2026-05-03", rows[0]["source"]
    )
    assert Table.shipped().find("rds/mysql/db.t3.micro", "eu-west-1") is None


def test_a_copy_of_backups_is_billed_where_it_lies() -> None:
    lines = priced(dry_run(PROJECT, "prod"), Table.shipped())
    copied = [
        (line.item.topology, line.item.what, line.item.region, line.price.usd)
        for line in lines
        if line.price is not None and line.item.key.endswith("/backup")
    ]
    clusters, instances = "snapshots of a cluster, a GB", "copied backups, a GB"
    assert sorted(copied) == [
        ("catalog", clusters, "us-east-1", 0.021),
        ("catalog", clusters, "us-west-2", 0.021),
        ("invoices", clusters, "us-east-1", 0.021),
        ("invoices", clusters, "us-west-2", 0.021),
        ("ledger", instances, "us-west-2", 0.095),
        ("orders", instances, "us-west-2", 0.095),
        ("store", clusters, "us-east-1", 0.021),
        ("store", clusters, "us-west-2", 0.021),
        ("wiki", instances, "us-west-2", 0.095),
    ]
    # How much there will be, nobody knows.
    assert all(line.monthly is None for line in lines if line.item.key.endswith("/backup"))


def product(usage: str, usd: str, *, term: str = "OnDemand", **attributes: str) -> str:
    dimension = {"pricePerUnit": {"USD": usd}, "beginRange": "0", "unit": "Hrs"}
    offer = {
        "effectiveDate": "2026-10-01T00:00:00Z",
        "termAttributes": attributes,
        "priceDimensions": {"d": dimension},
    }
    return json.dumps(
        {"product": {"attributes": {"usagetype": usage}}, "terms": {term: {"o": offer}}}
    )


class Pages:
    """A client of the price list with the pages it is given."""

    def __init__(self, *pages: list[str]) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def get_products(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        page = self.pages.pop(0)
        return {"PriceList": page, **({"NextToken": "next"} if self.pages else {})}


def price_of(key: str, *pages: list[str]) -> Price | None:
    return PriceList(Pages(*pages), math.inf).find(key, "eu-west-1")


def test_a_class_in_aws_s_list() -> None:
    client = Pages(
        [product("EU-InstanceUsageIOOptimized:db.r6g.large", "0.4")],
        [product("EU-InstanceUsage:db.r6g.large", "0.3")],
    )
    prices = PriceList(client, math.inf)
    price = prices.find("rds/aurora-mysql/db.r6g.large", "eu-west-1")
    assert price == Price(0.3, "hour", "2026-10-01", "AWS price list API, AmazonRDS")
    assert prices.find("rds/aurora-mysql/db.r6g.large", "eu-west-1") == price
    assert [asked["ServiceCode"] for asked in client.asked] == ["AmazonRDS", "AmazonRDS"]
    assert client.asked[1]["NextToken"] == "next"
    fields = {each["Field"]: each["Value"] for each in client.asked[0]["Filters"]}
    assert fields["regionCode"] == "eu-west-1"
    assert fields["databaseEngine"] == "Aurora MySQL"


def test_a_price_in_two_versions_is_not_known() -> None:
    usage = "EU-InstanceUsage:db.t3.micro"
    key = "rds/mysql/db.t3.micro"
    assert price_of(key, [product(usage, "0.1"), product(usage, "0.2")]) is None
    assert price_of(key, []) is None


def test_only_a_year_by_the_month_is_what_reserved_means() -> None:
    usage, year = "EU-NodeUsage:cache.t3.micro", {"LeaseContractLength": "1yr"}
    key = "elasticache/reserved-1y-no-upfront/redis/cache.t3.micro"
    page = [
        product(usage, "0.1", term="Reserved", PurchaseOption="No Upfront", **year),
        product(usage, "0.01", term="Reserved", PurchaseOption="Partial Upfront", **year),
        product(usage, "0.2"),
    ]
    price = price_of(key, page)
    assert price is not None
    assert price.usd == 0.1


def test_what_aws_lists_under_no_name_of_ours_is_not_asked() -> None:
    client = Pages()
    assert PriceList(client, math.inf).find("rds/oracle-se2/db.m5.large", "us-east-1") is None
    assert client.asked == []


def test_a_list_that_does_not_answer() -> None:
    class Silent:
        def get_products(self, **_: Any) -> dict[str, Any]:
            raise EndpointConnectionError(endpoint_url="https://pricing")

    with pytest.raises(NoPrices, match="leave --prices out"):
        PriceList(Silent(), math.inf).find("kms/key", "us-east-1")


def test_a_list_that_takes_too_long() -> None:
    with pytest.raises(NoPrices, match="took longer than 60 s"):
        PriceList(Pages([]), -math.inf).find("kms/key", "us-east-1")


def test_a_client_host_is_billed_by_its_hours_its_disk_and_its_address() -> None:
    table = Table(
        {
            "region": "us-east-1",
            "prices": [
                row("ec2/t4g.nano", 0.5),
                row("ebs/gp3", 2.0, "GB-month"),
                row("vpc/public-ipv4", 0.25),
                row("vpc/interface-endpoint", 1.0),
            ],
        }
    )
    lines = priced(dry_run(PROJECT, "dev"), table)
    assert of(lines, "client-host-us-east-1") == {
        ("t4g.nano of EC2", 365.0),
        ("8 GB gp3 of EBS", 16.0),
        ("public address", 182.5),
    }


@pytest.mark.parametrize(
    ("key", "service", "usage"),
    [
        ("ec2/t4g.nano", "AmazonEC2", "EU-BoxUsage:t4g.nano"),
        ("ebs/gp3", "AmazonEC2", "EU-EBS:VolumeUsage.gp3"),
        ("vpc/public-ipv4", "AmazonVPC", "EU-PublicIPv4:InUseAddress"),
    ],
)
def test_a_host_in_aws_s_list(key: str, service: str, usage: str) -> None:
    price = price_of(key, [product(usage, "0.7"), product("EU-SomethingElse", "0.1")])
    assert price is not None
    assert (price.usd, price.source) == (0.7, f"AWS price list API, {service}")
