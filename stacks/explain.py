"""`python -m stacks explain`: what a stack is, why, what it costs and what would cost less."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from specs.topologies import Stack
from stacks.config import raw_topologies
from stacks.costs import HOURS, Line, priced
from stacks.dry_run import Registration, dry_run
from stacks.origins import Value, values
from stacks.prices import Price, Prices, Table
from stacks.savings import Saving, savings
from stacks.tables import show

NO_PRICE = "no price known"


@dataclass(frozen=True)
class Explained:
    """All there is to say of a stack."""

    stack: str
    prices: str
    topologies: Sequence[tuple[str, str, str, int]]
    values: Sequence[Value]
    lines: Sequence[Line]
    savings: Sequence[Saving]
    reservations: Sequence[tuple[str, str, str]]
    """Name, what, and the words it was confirmed with."""

    @property
    def fixed(self) -> float:
        """Dollars a month of everything with a price and a quantity."""
        return sum(line.monthly or 0.0 for line in self.lines)


def prices_of(source: Literal["table", "api"]) -> Prices:
    """The project's table, or AWS's price list."""
    if source == "table":
        return Table.shipped()
    from stacks.price_api import PriceList

    return PriceList.reached()


def explain(folder: Path, name: str, stack: Stack, prices: Prices) -> Explained:
    """Everything of the stack in ``folder``; `ConfigError` as its program."""
    registered = dry_run(folder, name)
    order = {key: n for n, key in enumerate(stack.topologies)}
    lines = sorted(
        priced(registered, prices), key=lambda line: order.get(line.item.topology, len(order))
    )
    return Explained(
        stack=name,
        prices=prices.title,
        topologies=[
            (key, spec.kind, stack.region_of(key), _count(key, registered))
            for key, spec in stack.topologies.items()
        ],
        values=list(values(stack, raw_topologies(folder, name))),
        lines=lines,
        savings=savings(lines, prices),
        reservations=[
            (key, f"{spec.count} x {spec.engine}, {spec.years} year(s)", spec.confirm or "")
            for key, spec in stack.reservations.items()
        ],
    )


def _count(topology: str, registered: Sequence[Registration]) -> int:
    """How many resources a topology consists of."""
    inside: set[str] = set()
    for each in registered:
        if (each.name == topology and not each.custom) or each.parent in inside:
            inside.add(each.urn)
    return sum(each.custom and each.urn in inside for each in registered)


def print_tables(found: Explained) -> None:
    """For people."""
    show(
        f"stack {found.stack}",
        ["topology", "kind", "region", "resources"],
        [(name, kind, region, str(n)) for name, kind, region, n in found.topologies],
    )
    print()
    show(
        "why each value is what it is",
        ["topology", "key", "value", "why"],
        [(each.topology, each.key, each.value, each.why) for each in found.values],
    )
    print()
    told = (_source(line.price) for line in found.lines if line.price is not None)
    sources = {source: f"[{n}]" for n, source in enumerate(dict.fromkeys(told), start=1)}
    show(
        f"cost of a month of {HOURS} hours, on demand; prices: {found.prices}",
        ["topology", "item", "price USD", "per", "monthly USD", "as of", "source"],
        [_line(line, sources) for line in found.lines],
    )
    for source, tag in sources.items():
        print(f"  {tag} {source}")
    print(_sum(found))
    print()
    show(
        "what a change would save",
        ["topology", "change", "monthly USD", "as of", "note"],
        [_saving(each) for each in found.savings],
    )
    if found.reservations:
        print()
        show("reservations", ["name", "what", "confirmed"], found.reservations)


def _line(line: Line, sources: Mapping[str, str]) -> tuple[str, ...]:
    item, price = line.item, line.price
    if price is None:
        return item.topology, item.what, "", "", NO_PRICE, "", ""
    monthly = "by use" if line.monthly is None else f"{line.monthly:,.2f}"
    tag = sources[_source(price)]
    return item.topology, item.what, f"{price.usd:g}", price.unit, monthly, price.date, tag


def _source(price: Price) -> str:
    return price.source if price.checked_by_two else f"{price.source} (one source only)"


def _sum(found: Explained) -> str:
    unknown = sum(line.price is None for line in found.lines)
    by_use = sum(line.price is not None and line.monthly is None for line in found.lines)
    return (
        f"{found.fixed:,.2f} USD a month for what has a price; {by_use} item(s) are billed by use, "
        f"{unknown} have no known price; logs, backups and traffic are billed by use, too"
    )


def _saving(each: Saving) -> tuple[str, ...]:
    monthly = "" if each.monthly is None else f"{each.monthly:,.2f}"
    return each.topology, each.change, monthly, ", ".join(each.dates), each.note


def as_json(found: Explained) -> str:
    """For programs."""
    return json.dumps(
        {
            "stack": found.stack,
            "prices": found.prices,
            "topologies": [
                {"name": name, "kind": kind, "region": region, "resources": n}
                for name, kind, region, n in found.topologies
            ],
            "values": [asdict(each) for each in found.values],
            "costs": [_plain(line) for line in found.lines],
            "fixed_monthly_usd": round(found.fixed, 2),
            "reservations": [
                {"name": name, "what": what, "confirmed": words}
                for name, what, words in found.reservations
            ],
            "savings": [asdict(each) for each in found.savings],
        },
        indent=1,
    )


def _plain(line: Line) -> Mapping[str, Any]:
    price = None if line.price is None else asdict(line.price)
    return {**asdict(line.item), "price": price, "monthly_usd": line.monthly}
