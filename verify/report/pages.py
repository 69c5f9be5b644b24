"""The flags ``--report`` and ``--compare``: checked before a run, served after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from contract import Database
from verify.aws import Cloud
from verify.console import Progress
from verify.errors import CannotRun
from verify.performance.measured import Performance
from verify.performance.settings import Settings
from verify.performance.suite import runs_on, test_all
from verify.report.changes import read_old
from verify.report.hit_rates import hit_rates
from verify.report.nodes import nodes_of
from verify.report.page import check_folder, write_report
from verify.results import Report

SHORT = Settings(iterations=20)
"""A fifth of the course's test; the whole is a command of its own."""


@dataclass(frozen=True)
class Pages:
    """Where the page goes, and the run it is compared with."""

    folder: Path
    old: Report | None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def prepare(cls, folder: Path | None, old: Path | None) -> Pages | None:
        """``None`` when no page is wanted; `CannotRun` when it could not be written."""
        if folder is None:
            if old is not None:
                raise CannotRun("--compare shows its result in a page: give --report DIR, too")
            return None
        before = read_old(old) if old is not None else None
        check_folder(folder)
        return cls(folder, before)

    def measure(
        self,
        stack: str,
        databases: Mapping[str, Database],
        examined: Collection[str],
        cloud: Cloud,
        ca: str | None,
        wait_s: float,
        progress: Progress,
    ) -> Performance | None:
        """The short test on each examined database that it runs on."""
        names = [n for n, d in databases.items() if n in examined and runs_on(d)]
        if not names:
            return None
        return test_all(stack, names, databases, cloud, ca, wait_s, SHORT, progress.busy)

    def write(
        self, report: Report, databases: Mapping[str, Database], cloud: Cloud, asked: str
    ) -> Path:
        """The page's path."""
        examined = {exercise.database for exercise in report.exercises}
        rates = hit_rates(databases, examined, cloud, self.began)
        report = report.model_copy(update={"hit_rates": rates})
        nodes = nodes_of(databases, cloud)
        return write_report(self.folder, report, databases, nodes, asked, self.old)
