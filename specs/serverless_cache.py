"""An ElastiCache serverless cache: no nodes to choose, billed by what is kept and done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from specs.backup_copies import CacheBackups
from specs.parts import Claim, Described, Part, Zone
from specs.problems import Conflict, refuse

LONGEST_IDENTIFIER = 40
LEAST_ZONES, MOST_ZONES = 2, 3
MAJOR_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "redis": ("7",),
    "valkey": ("7", "8", "9"),
    "memcached": ("1.6",),
}
_USER_GROUP = re.compile(r"[a-z](?:-?[a-z0-9])*\Z", re.IGNORECASE)


def _time(text: str) -> str:
    if not re.match(r"([01]\d|2[0-3]):[0-5]\d\Z", text):
        raise refuse(f"{text!r} is no time of day; write it in UTC, such as 03:00")
    return text


def _user_group(text: str) -> str:
    if not _USER_GROUP.match(text):
        raise refuse(f"{text!r} is no user group's id: letters, digits and single hyphens")
    return text


class _Range(Part):
    def conflicts(self) -> Iterator[Conflict]:
        least, most = getattr(self, "least", None), getattr(self, "most", None)
        if least is not None and most is not None and least > most:
            yield "least", f"{least} is more than most, {most}; lower it"


class Storage(_Range):
    """Data in GB. ``least`` is billed whether it is used or not; beyond ``most`` keys go."""

    least: int | None = Field(default=None, ge=1, le=5000)
    most: int | None = Field(default=None, ge=1, le=5000)


class Processing(_Range):
    """ElastiCache processing units a second. ``least`` is billed; beyond ``most`` is throttled."""

    least: int | None = Field(default=None, ge=1000, le=15_000_000)
    most: int | None = Field(default=None, ge=1000, le=15_000_000)


class DailySnapshots(CacheBackups):
    """A snapshot a day, kept for ``retention_days``."""

    retention_days: int = Field(ge=1, le=35)
    time: Annotated[str, AfterValidator(_time)]


class ServerlessCache(Described):
    """A cache. TLS and encryption at rest are not a choice, and there is no auth token."""

    kind: Literal["serverless-cache"]
    engine: Literal["redis", "valkey", "memcached"]
    major_version: str
    description: str = Field(min_length=1, max_length=255)
    storage_gb: Storage | None = None
    ecpu_per_second: Processing | None = None
    backups: DailySnapshots | None = None
    zones: tuple[Zone, ...] | None = Field(default=None)
    """Of the subnets it is reached by; without them the network's first ones."""
    user_group_id: Annotated[str, AfterValidator(_user_group)] | None = None
    """Who may do what, made elsewhere. Without it everybody who reaches the cache may everything:
    the security group is the only door."""

    @property
    def claims(self) -> Iterator[Claim]:
        yield "serverless-cache", "identifier", self.identifier

    @property
    def placed(self) -> Mapping[str, str]:
        return {f"zones.{n}": zone for n, zone in enumerate(self.zones or ())}

    def conflicts(self) -> Iterator[Conflict]:
        if len(self.identifier) > LONGEST_IDENTIFIER:
            yield (
                "identifier",
                f"has {len(self.identifier)} characters; ElastiCache allows {LONGEST_IDENTIFIER}",
            )
        versions = MAJOR_VERSIONS[self.engine]
        if self.major_version not in versions:
            yield (
                "major_version",
                f"{self.major_version!r} is no version of serverless {self.engine}; "
                f"choose {', '.join(versions)}",
            )
        zones = self.zones
        if zones is not None and len(set(zones)) < len(zones):
            yield "zones", f"names a zone twice: {', '.join(zones)}; name each once"
        elif zones is not None and not LEAST_ZONES <= len(zones) <= MOST_ZONES:
            yield "zones", f"has {len(zones)} zones; name {LEAST_ZONES} or {MOST_ZONES}"
        if self.user_group_id is not None and self.engine == "memcached":
            yield "user_group_id", "is not for memcached, which has no users; leave it out"
