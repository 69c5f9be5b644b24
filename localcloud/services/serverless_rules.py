"""What ElastiCache refuses of serverless caches. Source: shared/aws-facts.md section 6.4."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.services.cache_rules import combination, value
from localcloud.services.surroundings import SubnetFacts

_MAJOR = {"redis": ("7",), "valkey": ("7", "8", "9")}
_FULL = {"7": "7.2", "8": "8.1", "9": "9.0"}
_LIMITS = (("DataStorage", 1, 5000), ("ECPUPerSecond", 1000, 15_000_000))


def cache_name(name: str) -> str:
    """At most 40 letters, digits and single hyphens, a letter first; stored in lower case."""
    if not re.fullmatch(r"[a-z](?:[a-z0-9]|-(?!-|$)){0,39}", name, re.IGNORECASE):
        raise value(
            f"ServerlessCacheName {name!r} is not valid: at most 40 letters, digits and single "
            "hyphens, beginning with a letter."
        )
    return name.lower()


def versions(engine: str, major: str | None) -> tuple[str, str]:
    """The major version asked for, by default the newest, and a full one."""
    if engine not in _MAJOR:
        raise value(
            f"The local cloud serves serverless caches of {' and '.join(_MAJOR)}, not {engine}."
        )
    chosen = major or _MAJOR[engine][-1]
    if chosen not in _MAJOR[engine]:
        raise value(f"MajorEngineVersion {chosen} is not supported for serverless {engine}.")
    return chosen, "7.1" if engine == "redis" else _FULL[chosen]


def check_limits(limits: Mapping[str, Any] | None) -> None:
    """1 to 5000 GB, 1000 to 15 million ECPUs a second, the minimum not above the maximum."""
    for name, least, most in _LIMITS:
        limit = (limits or {}).get(name) or {}
        bounds = [limit[b] for b in ("Minimum", "Maximum") if limit.get(b) is not None]
        if any(not least <= bound <= most for bound in bounds):
            raise value(f"{name} must be between {least} and {most}, not {bounds}.")
        if bounds != sorted(bounds):
            raise combination(f"The minimum of {name} is above its maximum: {bounds}.")
        if name == "DataStorage" and limit and limit.get("Unit") != "GB":
            raise value(f"The unit of DataStorage must be GB, not {limit.get('Unit')}.")


def check_subnets(found: list[SubnetFacts]) -> None:
    """Two or three, each in a zone of its own, of one VPC."""
    if not 2 <= len(found) <= 3:
        raise value(f"SubnetIds must name 2 or 3 subnets, not {len(found)}.")
    if len({s.zone for s in found}) < len(found):
        raise combination("Each of SubnetIds must be in an Availability Zone of its own.")
    if len({s.vpc for s in found}) > 1:
        raise combination("All SubnetIds must belong to the same VPC.")


def check_snapshots(p: Mapping[str, Any]) -> None:
    """0 to 35 days, at a time of day in UTC."""
    limit, time = p.get("SnapshotRetentionLimit"), p.get("DailySnapshotTime")
    if limit is not None and not 0 <= limit <= 35:
        raise value(f"SnapshotRetentionLimit must be between 0 and 35 days, not {limit}.")
    if time is not None and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", time):
        raise value(f"Invalid DailySnapshotTime {time}; format: hh24:mi")


def check_group(user_group: str | None) -> None:
    """Refused rather than reported and not enforced."""
    if user_group:
        raise value("The local cloud serves serverless caches without a user group.")


def missing(name: str) -> ApiError:
    """There is no such cache."""
    return ApiError("ServerlessCacheNotFoundFault", f"ServerlessCache {name} not found.", 404)
