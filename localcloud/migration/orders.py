"""What a worker is to do, as the daemon leaves it in the worker's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from localcloud.records import write_atomically

Engine = Literal["mysql", "postgres"]
Mode = Literal["full-load", "cdc", "full-load-and-cdc"]
Preparation = Literal["DO_NOTHING", "TRUNCATE_BEFORE_LOAD", "DROP_AND_CREATE"]
"""What becomes of a target table that is there before the load, in DMS's words."""
_FILE = "orders.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class End(_Frozen):
    """A database to log in to. Without ``ca_pem`` the connection is in plain text."""

    engine: Engine
    host: str
    port: int
    user: str
    password: str
    database: str | None = None
    """Of PostgreSQL, where schemas are inside of a database."""
    ca_pem: str | None = None
    verify_host: bool = True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Orders(_Frozen):
    """One run of one migration. A restart of the worker goes on with the same ``run``."""

    task: str
    """What the target's control tables call it."""
    run: str
    source: End
    target: End
    mappings: str
    mode: Mode
    preparation: Preparation = "DO_NOTHING"
    start_position: str | None = None
    """``file:offset`` of the source's binary log, for changes without a load; else now."""


def save(folder: Path, orders: Orders) -> None:
    """Leave ``orders`` for the worker of ``folder``; they hold passwords and are ours to read."""
    write_atomically(folder / _FILE, orders.model_dump_json().encode())


def load(folder: Path) -> Orders:
    """The orders in ``folder``."""
    return Orders.model_validate_json((folder / _FILE).read_bytes())
