"""The storage of an RDS instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from specs.parts import Part
from specs.problems import Conflict
from specs.rds_engines import Engine

LEAST_GB = 20
MOST_GB = 65_536


class _GrowingStorage(Part):
    size_gb: int = Field(ge=LEAST_GB, le=MOST_GB)
    autoscale_to_gb: int = Field(le=MOST_GB)

    def conflicts(self) -> Iterator[Conflict]:
        least = -(-self.size_gb * 11 // 10)
        if least > MOST_GB:
            yield (
                "size_gb",
                f"{self.size_gb} leaves no room to grow by 10 % below {MOST_GB}, the most "
                f"there is; write {MOST_GB * 10 // 11} or less",
            )
        elif self.autoscale_to_gb < least:
            yield (
                "autoscale_to_gb",
                f"{self.autoscale_to_gb} is not 10 % above size_gb {self.size_gb}, which RDS asks "
                f"for; write {least} or more",
            )


class Gp2Storage(_GrowingStorage):
    """General-purpose storage whose speed comes with its size."""

    type: Literal["gp2"]


class Provisioned(Part):
    """Speed beyond what gp3 has anyway: I/O operations a second, and MB a second."""

    iops: int
    throughput_mb: int


class Gp3Storage(_GrowingStorage):
    """General-purpose storage of 3,000 IOPS and 125 MB/s; most engines' has more from a size on."""

    type: Literal["gp3"]
    provisioned: Provisioned | None = None


Storage = Annotated[Gp2Storage | Gp3Storage, Field(discriminator="type")]


def storage_conflicts(storage: Gp2Storage | Gp3Storage, engine: Engine) -> Iterator[Conflict]:
    """What an engine does not allow of a storage, by keys below the instance."""
    for key in ("size_gb", "autoscale_to_gb"):
        if getattr(storage, key) > engine.most_gb:
            yield f"storage.{key}", f"is {getattr(storage, key)}; the most is {engine.most_gb}"
    if isinstance(storage, Gp2Storage) or storage.provisioned is None:
        return
    gp3, speed = engine.gp3, storage.provisioned
    if gp3.from_gb is not None and storage.size_gb < gp3.from_gb:
        yield (
            "storage.provisioned",
            f"needs {gp3.from_gb} GB or more and size_gb is {storage.size_gb}; "
            "leave provisioned out",
        )
    for key, (least, most) in (("iops", gp3.iops), ("throughput_mb", gp3.throughput_mb)):
        value = getattr(speed, key)
        if value < least:
            yield f"storage.provisioned.{key}", f"is {value}; the least is {least}"
        if value > most:
            yield f"storage.provisioned.{key}", f"is {value}; the most is {most}"
    if speed.throughput_mb * 4 > speed.iops:
        yield (
            "storage.provisioned.throughput_mb",
            f"{speed.throughput_mb} needs 4 IOPS for each MB/s; "
            f"write iops {4 * speed.throughput_mb} or more",
        )
