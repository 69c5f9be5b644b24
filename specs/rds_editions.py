"""The editions of Oracle and SQL Server: to RDS, each is an engine of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from specs.problems import Conflict
from specs.rds_instance import RdsInstance

BRING_YOUR_OWN = "bring-your-own-license"
INCLUDED = "license-included"


@dataclass(frozen=True)
class Edition:
    """What an edition decides.

    ``multi_az`` names the major versions that have a standby, ``encrypts`` those that have
    Transparent Data Encryption.
    """

    engine: str
    license: str
    classes: re.Pattern[str]
    smallest: str
    logs: tuple[str, ...]
    majors: frozenset[str]
    multi_az: frozenset[str]
    encrypts: frozenset[str]


class EditionInstance(RdsInstance):
    """An instance whose engine is its edition's."""

    editions: ClassVar[Mapping[str, Edition]]

    edition: str
    transparent_data_encryption: bool = False
    """The engine encrypts its files, too; the storage is encrypted in any case."""

    @property
    def _facts(self) -> Edition:
        return self.editions[self.edition]

    @property
    def engine(self) -> str:
        return self._facts.engine

    @property
    def license_model(self) -> str:
        """What RDS calls the way it is licensed."""
        return self._facts.license

    @property
    def log_exports(self) -> tuple[str, ...]:
        return self._facts.logs

    @property
    def major_version(self) -> str:
        """The version an option group is for."""
        return self.facts.major(self.engine_version)

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        edition, name = self._facts, f"{self.facts.title} {self.edition}"
        if self.major_version not in edition.majors:
            offered = ", ".join(sorted(edition.majors))
            yield "engine_version", f"is not offered for {name}; write one of {offered}"
        if not edition.classes.fullmatch(self.instance_class):
            yield "class", f"{name} does not run on {self.instance_class}; take {edition.smallest}"
        version = self.major_version
        if self.transparent_data_encryption and version not in edition.encrypts:
            able = sorted(key for key, e in self.editions.items() if version in e.encrypts)
            yield (
                "transparent_data_encryption",
                f"is no part of {name} {version}; leave it out, or take edition "
                f"{' or '.join(able)}",
            )
        if self.availability == "multi-az" and self.major_version not in edition.multi_az:
            yield "availability", f"{name} has no standby in this version; write single-az"
