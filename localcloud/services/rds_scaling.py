"""Aurora serverless v2: what ServerlessV2ScalingConfiguration may say. Source: aws-facts 3.5."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.fleet import Scaling
from localcloud.records import Record
from localcloud.services import rds_rules as rules
from localcloud.services.engine_versions import AURORA_MYSQL
from localcloud.services.rds_engines import Engine

CLASS = "db.serverless"
MEMBER = "ServerlessV2ScalingConfiguration"
_STEP = 0.5
_MOST = 256
_MOST_BEFORE_3_08 = 128
_PAUSE_S = 300
_LONGEST_PAUSE_S = 86400


def check_engine(engine: Engine) -> None:
    """The local cloud has serverless members of one engine only."""
    if engine is not AURORA_MYSQL:
        raise rules.combination(f"{MEMBER}: the local cloud has no serverless {engine.name}.")


def configuration(wanted: Mapping[str, Any], version: str, before: Record | None) -> Record:
    """The whole configuration after ``wanted``, whose absent members stay as they were.

    AWS refuses a pause of less than 300 s; here 1 s will do, so that a test can wait for it.
    Raises ``InvalidParameterValue`` or ``InvalidParameterCombination``.
    """
    merged = {**(before or {}), **{k: v for k, v in wanted.items() if v is not None}}
    least, most = merged.get("MinCapacity"), merged.get("MaxCapacity")
    if least is None or most is None:
        raise rules.combination(f"{MEMBER} needs MinCapacity and MaxCapacity.")
    old = _before_3_08(version)
    highest = _MOST_BEFORE_3_08 if old else _MOST
    for name, value, lowest in (("MinCapacity", least, 0), ("MaxCapacity", most, 1)):
        if not lowest <= value <= highest or value % _STEP:
            raise rules.refuse(
                f"Serverless v2 {name} {value:g} isn't valid: {lowest} to {highest} ACU in steps "
                f"of {_STEP} are."
            )
    if least > most:
        raise rules.combination(f"MinCapacity {least:g} is over MaxCapacity {most:g}.")
    if least == 0 and old:
        raise rules.combination(f"Engine version {version} doesn't support a MinCapacity of 0.")
    return {"MinCapacity": least, "MaxCapacity": most, **_pause(wanted, merged)}


def _pause(wanted: Mapping[str, Any], merged: Mapping[str, Any]) -> Record:
    if merged["MinCapacity"] > 0:
        if wanted.get("SecondsUntilAutoPause") is not None:
            raise rules.combination("SecondsUntilAutoPause needs a MinCapacity of 0.")
        return {}
    seconds = merged.get("SecondsUntilAutoPause", _PAUSE_S)
    if not 1 <= seconds <= _LONGEST_PAUSE_S:
        raise rules.refuse(
            f"SecondsUntilAutoPause {seconds} isn't valid: {_PAUSE_S} to {_LONGEST_PAUSE_S} are."
        )
    return {"SecondsUntilAutoPause": seconds}


def scaling_of(cluster: Record) -> Scaling | None:
    """What the servers are told of a cluster's configuration."""
    found = cluster.get(MEMBER)
    if found is None:
        return None
    return Scaling(found["MinCapacity"], found["MaxCapacity"], found.get("SecondsUntilAutoPause"))


def check_member(instance_class: str, cluster: Record) -> None:
    """A serverless member needs to know its cluster's range first."""
    if instance_class == CLASS and MEMBER not in cluster:
        raise rules.combination(
            f"Set the {MEMBER} parameter on the DB cluster before creating a {CLASS} DB instance."
        )


def _before_3_08(version: str) -> bool:
    minor = re.match(r"8\.0\.mysql_aurora\.3\.(\d+)", version)
    return minor is not None and int(minor[1]) < 8
