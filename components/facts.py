"""What a topology tells the world about itself, as the output contract has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from contract import Database

Facts = pulumi.Output[dict[str, Any]]


def facts(plain: Mapping[str, Any]) -> Facts:
    """The plain dict of a `Database`; values may be outputs, also inside lists."""
    return pulumi.Output.from_input(dict(plain)).apply(
        lambda known: Database.model_validate(known).model_dump(mode="json")
    )
