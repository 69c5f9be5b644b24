"""What things cost: a dated table that comes with the project, or AWS's price list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

TABLE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Price:
    """US dollars for a unit, on demand; as of a date, by a source."""

    usd: float
    unit: str
    date: str
    source: str
    checked_by_two: bool = True


class Prices(Protocol):
    """Somebody who knows prices."""

    title: str

    def find(self, key: str, region: str) -> Price | None:
        """The price of ``key``, such as ``rds/mysql/db.t3.micro``; nothing when not known."""


class Table:
    """The table that comes with the project: of one region, and little of others."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.region: str = content["region"]
        self.title = f"the project's table of {self.region}"
        self._prices = {
            (each["key"], each.get("region", self.region)): Price(
                **{name: each[name] for name in each if name not in ("key", "region")}
            )
            for each in content["prices"]
        }

    @classmethod
    def shipped(cls) -> Table:
        """The one in `TABLE`."""
        return cls(json.loads(TABLE.read_text()))

    def find(self, key: str, region: str) -> Price | None:
        """The price of ``key`` where the table has it for ``region``."""
        return self._prices.get((key, region))
