"""What the exercises found, and its two file formats: JSON and JUnit XML."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict, computed_field

from verify.errors import CannotRun
from verify.lag.measured import CopyLag
from verify.performance.measured import Performance
from verify.transcript import Exchange

SCHEMA_VERSION: Final = 1

# XML 1.0 has no way to write most control characters, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Status(StrEnum):
    """The outcome of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Outcome(StrEnum):
    """The outcome of an exercise; ``not-run`` when it could not reach what it examines."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not-run"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Step(_Frozen):
    """One proof: what came back, and how long it took in seconds."""

    name: str
    status: Status
    said: str
    seconds: float
    ran: tuple[Exchange, ...] = ()
    """The first of what was said to the servers, and their answers."""


class Series(_Frozen):
    """Something an exercise measured over time, in seconds since it began to."""

    name: str
    unit: str
    points: tuple[tuple[float, float], ...]


class Exercise(_Frozen):
    """The steps of one exercise on one database of the stack."""

    name: str
    database: str
    steps: tuple[Step, ...]
    not_run: str | None = None
    """Why the exercise could not run, one sentence."""
    series: tuple[Series, ...] = ()
    lags: tuple[CopyLag, ...] = ()
    """How far the copies of the database were behind."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def status(self) -> Outcome:
        if any(step.status is Status.FAILED for step in self.steps):
            return Outcome.FAILED
        return Outcome.PASSED if self.not_run is None else Outcome.NOT_RUN

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)

    def count(self, status: Status) -> int:
        """How many steps have ``status``."""
        return sum(step.status is status for step in self.steps)


class Report(_Frozen):
    """A whole run."""

    schema_version: Literal[1] = SCHEMA_VERSION
    stack: str
    seconds: float
    exercises: tuple[Exercise, ...]
    performance: Performance | None = None
    """Of the databases that were examined, where it was measured."""
    hit_rates: tuple[Series, ...] = ()
    """Of the caches' nodes while the run lasted, where a page was asked for."""

    @property
    def exit_code(self) -> int:
        """0 all passed, 1 a step failed, 2 an exercise could not run."""
        outcomes = {exercise.status for exercise in self.exercises}
        if Outcome.FAILED in outcomes:
            return 1
        return 2 if Outcome.NOT_RUN in outcomes or not outcomes else 0


def check_writable(path: Path) -> None:
    """`CannotRun` when a report cannot be written to ``path``: known before an exercise runs."""
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise CannotRun(f"cannot write the report {path}: {error.strerror}") from error


def write_json(report: Report, path: Path) -> None:
    """Write ``report`` as JSON; `CannotRun` when the file cannot be written."""
    write_text(path, report.model_dump_json(indent=2) + "\n")


def write_junit(report: Report, path: Path) -> None:
    """Write ``report`` as JUnit XML, a suite per exercise and a test case per step."""
    root = ElementTree.Element("testsuites", name=f"verify {report.stack}")
    for exercise in report.exercises:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"{exercise.name} ({exercise.database})",
            tests=str(len(exercise.steps) + int(exercise.not_run is not None)),
            failures=str(exercise.count(Status.FAILED)),
            skipped=str(exercise.count(Status.SKIPPED)),
            errors=str(int(exercise.not_run is not None)),
            time=f"{exercise.seconds:.3f}",
        )
        for step in exercise.steps:
            _tell(_case(suite, exercise, step.name, step.seconds), step)
        if exercise.not_run is not None:
            # Readers of JUnit count the errors of cases, not those of suites.
            case = _case(suite, exercise, "could run", 0.0)
            ElementTree.SubElement(case, "error", message=_xml(exercise.not_run))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    write_text(path, f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def _case(
    suite: ElementTree.Element, exercise: Exercise, name: str, seconds: float
) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"verify.{exercise.name}.{exercise.database}",
        name=name,
        time=f"{seconds:.3f}",
    )


def _tell(case: ElementTree.Element, step: Step) -> None:
    if step.status is Status.FAILED:
        ElementTree.SubElement(case, "failure", message=_xml(step.said))
    elif step.status is Status.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=_xml(step.said))
    else:
        ElementTree.SubElement(case, "system-out").text = _xml(step.said)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def write_text(path: Path, text: str) -> None:
    """Write a report; `CannotRun` when that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"cannot write the report {path}: {error.strerror}") from error
