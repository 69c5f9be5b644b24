"""A provisioned Aurora MySQL cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.aurora import AuroraMysqlCluster
from specs.aurora_provisioned import ProvisionedCluster
from specs.parts import sized
from specs.problems import Conflict, refuse

MEMORY_OPTIMISED = ("r5", "r6g", "r6i", "r7g", "r7i", "r8g", "r8a", "x2g")
_T_SIZES = ("medium", "large")


def _class(text: str) -> str:
    family, size = sized("db.", text)
    if family in ("t3", "t4g") and size in _T_SIZES:
        return text
    if family in MEMORY_OPTIMISED and size.endswith("large"):
        return text
    raise refuse(
        f"Aurora MySQL refuses {text!r}; the smallest it takes are db.t3.medium and "
        "db.t4g.medium, the course's is db.r5.large"
    )


class AuroraMysql(AuroraMysqlCluster, ProvisionedCluster):
    """A provisioned cluster that speaks MySQL."""

    kind: Literal["aurora-mysql"]
    instance_class: Annotated[str, AfterValidator(_class)] = Field(alias="class")
    activity_stream: Literal["async"] | None = None
    """Aurora MySQL's is never synchronous."""

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        if self.performance_insights is not None and self.instance_class.startswith("db.t3."):
            yield (
                "performance_insights",
                f"is refused on {self.instance_class}; leave it out, or take db.t4g.medium or "
                "db.r5.large",
            )
