"""What a change of a stack's config would save a month, where prices of both are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from stacks.costs import HOURS, Line
from stacks.prices import Price, Prices

GRAVITON = {
    "db.t3": "db.t4g",
    "db.m5": "db.m6g",
    "db.r5": "db.r6g",
    "cache.t3": "cache.t4g",
    "cache.m5": "cache.m6g",
    "cache.r5": "cache.r6g",
}
"""Families and those of AWS's own processors, of the same sizes."""
RESERVED = "reserved-1y-no-upfront"


@dataclass(frozen=True)
class Saving:
    """A change and what it saves; ``monthly`` is nothing where a price is not known."""

    topology: str
    change: str
    monthly: float | None
    note: str
    dates: tuple[str, ...] = ()


def savings(lines: Sequence[Line], prices: Prices) -> list[Saving]:
    """Every change worth a look, in the order of the lines; the same of one topology is one."""
    found: dict[tuple[str, str, str], Saving] = {}
    for line in lines:
        for look in (_gp3, _graviton, _reserved, _io_optimized):
            for saving in look(line, prices):
                key = (saving.topology, saving.change, saving.note)
                found[key] = _together(found[key], saving) if key in found else saving
    return list(found.values())


def _together(one: Saving, other: Saving) -> Saving:
    if one.monthly is None or other.monthly is None:
        return one
    return replace(one, monthly=one.monthly + other.monthly)


def _instead(line: Line, other: str, change: str, note: str, prices: Prices) -> Saving:
    """``line`` at the price of ``other``."""
    price, quantity = prices.find(other, line.item.region), line.item.quantity
    if price is None or line.price is None or quantity is None:
        return Saving(line.item.topology, change, None, f"no price known; {note}")
    saved = quantity * (line.price.usd - price.usd)
    return Saving(line.item.topology, change, saved, note, _dates(line.price, price))


def _dates(*prices: Price) -> tuple[str, ...]:
    return tuple(sorted({price.date for price in prices}))


def _gp3(line: Line, prices: Prices) -> Iterator[Saving]:
    if line.item.key == "rds/storage/gp2":
        note = "gp3 has 3,000 IOPS at any size, gp2 3 for each GB and at least 100"
        yield _instead(line, "rds/storage/gp3", "storage gp2 to gp3", note, prices)


def _graviton(line: Line, prices: Prices) -> Iterator[Saving]:
    *path, class_ = line.item.key.split("/")
    family, _, size = class_.rpartition(".")
    if family in GRAVITON:
        other = f"{GRAVITON[family]}.{size}"
        note = "Graviton; the engine and its version must offer the class"
        yield _instead(line, "/".join([*path, other]), f"class {class_} to {other}", note, prices)


def _reserved(line: Line, prices: Prices) -> Iterator[Saving]:
    service, *rest = line.item.key.split("/")
    hourly = line.price is None or line.price.unit == "hour"
    if service in ("rds", "elasticache") and rest[-1].count(".") == 2 and hourly:
        class_ = rest[-1]
        other = "/".join([service, RESERVED, *rest])
        note = "one year paid by the month, and no way back"
        yield _instead(line, other, f"reserve {class_}", note, prices)


def _io_optimized(line: Line, prices: Prices) -> Iterator[Saving]:
    if line.item.key != "aurora/io":
        return
    region = line.item.region
    names = ("acu", "acu-io-optimized", "storage", "storage-io-optimized", "io")
    known = [price for n in names if (price := prices.find(f"aurora/{n}", region)) is not None]
    if len(known) < len(names):
        yield Saving(line.item.topology, "volume to I/O-Optimized", None, "no price known")
        return
    acu, acu_io, gb, gb_io, io = (price.usd for price in known)
    note = (
        f"nothing is paid for I/O: worth it above {(gb_io - gb) / io:.1f} million I/O a month for "
        f"each GB and {(acu_io - acu) * HOURS / io:.0f} million for each ACU that runs all month; "
        "what provisioned members cost more is not known"
    )
    yield Saving(line.item.topology, "volume to I/O-Optimized", None, note, _dates(*known))
