"""RDS for Oracle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, field_validator

from specs.problems import refuse
from specs.rds_editions import BRING_YOUR_OWN, INCLUDED, Edition, EditionInstance
from specs.rds_engines import ORACLE, Engine

_T3 = r"t3\.(small|medium|large|xlarge|2xlarge)"
_LOGS = ("alert", "audit", "listener", "trace")
_19 = frozenset({"19"})
CHARACTER_SETS = frozenset(
    {
        "AL32UTF8", "AR8ISO8859P6", "AR8MSWIN1256", "BLT8ISO8859P13", "BLT8MSWIN1257",
        "CL8ISO8859P5", "CL8MSWIN1251", "EE8ISO8859P2", "EE8MSWIN1250", "EL8ISO8859P7",
        "EL8MSWIN1253", "IW8ISO8859P8", "IW8MSWIN1255", "JA16EUC", "JA16EUCTILDE", "JA16SJIS",
        "JA16SJISTILDE", "KO16MSWIN949", "NE8ISO8859P10", "NEE8ISO8859P4", "TH8TISASCII",
        "TR8MSWIN1254", "US7ASCII", "UTF8", "VN8MSWIN1258", "WE8ISO8859P1", "WE8ISO8859P15",
        "WE8ISO8859P9", "WE8MSWIN1252", "ZHS16GBK", "ZHT16HKSCS", "ZHT16MSWIN950", "ZHT32EUC",
    }
)  # fmt: skip
"""From the RDS user guide; it can be chosen only when the database is made."""


def _sid(text: str) -> str:
    if not re.match(r"[A-Za-z][A-Za-z0-9]{0,7}\Z", text):
        raise refuse(f"{text!r} is no Oracle SID: 1 to 8 letters and digits, a letter first")
    return text


def _character_set(text: str) -> str:
    if text not in CHARACTER_SETS:
        raise refuse(f"{text!r} is no character set of RDS for Oracle; write AL32UTF8")
    return text


class RdsOracle(EditionInstance):
    """An instance of RDS for Oracle, not a container database.

    Enterprise Edition runs on your own licences, Standard Edition 2 on licences in the price.
    """

    facts: ClassVar[Engine] = ORACLE
    editions: ClassVar[Mapping[str, Edition]] = {
        "ee": Edition(
            engine="oracle-ee",
            license=BRING_YOUR_OWN,
            classes=re.compile(
                rf"db\.({_T3}|(m5|m5d|m6i|m6id|m6in|m7i|m8i|r5|r5b|r5d|r6i|r6id|r6in|r7i|r8i"
                r"|x2idn|x2iedn|x2iezn|z1d)\.([0-9]*x)?large)"
            ),
            smallest="db.t3.small",
            logs=_LOGS,
            majors=_19,
            multi_az=_19,
            encrypts=_19,
        ),
        "se2": Edition(
            engine="oracle-se2",
            license=INCLUDED,
            # Up to 16 virtual CPUs, and fewer families where the licence is in the price.
            classes=re.compile(rf"db\.({_T3}|(m5|m8i|r5|r6i|r8i)\.(large|xlarge|[24]xlarge))"),
            smallest="db.t3.small",
            logs=_LOGS,
            majors=_19,
            multi_az=_19,
            encrypts=frozenset(),
        ),
    }

    kind: Literal["rds-oracle"]
    edition: Literal["ee", "se2"]
    database: Annotated[str, AfterValidator(_sid)]
    character_set: Annotated[str, AfterValidator(_character_set)] = "AL32UTF8"

    @property
    def family(self) -> str:
        return f"{self.engine}-{self.major_version}"

    @field_validator("engine_version")
    @classmethod
    def _no_container(cls, text: str) -> str:
        if text.startswith("21"):
            raise refuse(f"{text!r} runs as a container database only; write 19")
        return text
