"""The storage of a Multi-AZ DB cluster: each member has all of it, and none grows by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from specs.parts import Part
from specs.problems import Conflict
from specs.rds_engines import Gp3
from specs.rds_storage import LEAST_GB, MOST_GB

GP3 = Gp3(from_gb=400)
LEAST_PROVISIONED_GB = 100
_LEAST_IOPS, _MOST_IOPS = 1000, 256_000
_LEAST_RATIO, _MOST_RATIO = 0.5, 50
"""I/O operations a second for each GB (CreateDBCluster, botocore)."""


class _Fixed(Part):
    not_here: ClassVar[Mapping[str, str]] = {
        "autoscale_to_gb": "is not for Multi-AZ DB clusters, whose storage never grows by itself; "
        "leave it out and write the size you need",
        "provisioned": "is an instance's; write iops",
        "throughput_mb": "is an instance's; RDS takes none for a cluster; leave it out",
    }

    size_gb: int = Field(ge=LEAST_GB, le=MOST_GB)
    """Of each of the three members."""


def _ratio(iops: int, size_gb: int) -> Iterator[Conflict]:
    least, most = -(-size_gb // 2), size_gb * _MOST_RATIO
    if not least <= iops <= most:
        yield (
            "iops",
            f"{iops} is not {_LEAST_RATIO} to {_MOST_RATIO} for each of {size_gb} GB; write "
            f"{least} to {most}",
        )


class Gp3Storage(_Fixed):
    """General-purpose storage: 3,000 IOPS, from 400 GB on 12,000, and more of them for money."""

    type: Literal["gp3"]
    iops: int | None = None

    @property
    def provisioned_iops(self) -> int | None:
        """What RDS is told: of a small volume it refuses even the value that it has anyway, of a
        large one it asks for it.
        """
        assert GP3.from_gb is not None
        if self.iops is None and self.size_gb >= GP3.from_gb:
            return GP3.iops[0]
        return self.iops

    def conflicts(self) -> Iterator[Conflict]:
        assert GP3.from_gb is not None
        if self.iops is None:
            return
        least, most = GP3.iops
        if self.size_gb < GP3.from_gb:
            yield (
                "iops",
                f"needs {GP3.from_gb} GB or more and size_gb is {self.size_gb}; leave iops out",
            )
        elif not least <= self.iops <= most:
            yield "iops", f"is {self.iops}; write {least} to {most}, or leave iops out"
        else:
            yield from _ratio(self.iops, self.size_gb)


class IoStorage(_Fixed):
    """Storage whose speed is bought beside its size."""

    type: Literal["io1", "io2"]
    size_gb: int = Field(ge=LEAST_PROVISIONED_GB, le=MOST_GB)
    iops: int = Field(ge=_LEAST_IOPS, le=_MOST_IOPS)

    @property
    def provisioned_iops(self) -> int | None:
        """What RDS is told."""
        return self.iops

    def conflicts(self) -> Iterator[Conflict]:
        yield from _ratio(self.iops, self.size_gb)


Storage = Annotated[Gp3Storage | IoStorage, Field(discriminator="type")]
