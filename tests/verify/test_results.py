from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from verify.errors import CannotRun
from verify.results import (
    Exercise,
    Outcome,
    Report,
    Status,
    Step,
    check_writable,
    write_json,
    write_junit,
)


def step(status: Status, said: str = "said", seconds: float = 0.5) -> Step:
    return Step(name=f"a {status} step", status=status, said=said, seconds=seconds)


PASSED = Exercise(name="mysql", database="db", steps=(step(Status.PASSED), step(Status.SKIPPED)))
FAILED = Exercise(name="redis", database="cache", steps=(step(Status.FAILED, "bad \x00 <&"),))
NOT_RUN = Exercise(name="aurora", database="a", steps=(step(Status.SKIPPED),), not_run="no answer")
BROKEN = Exercise(name="x", database="y", steps=(step(Status.FAILED),), not_run="then gone")


def report(*exercises: Exercise) -> Report:
    return Report(stack="dev", seconds=1.5, exercises=exercises)


def test_the_outcome_of_an_exercise() -> None:
    outcomes = [e.status for e in (PASSED, FAILED, NOT_RUN, BROKEN)]
    assert outcomes == [Outcome.PASSED, Outcome.FAILED, Outcome.NOT_RUN, Outcome.FAILED]
    assert PASSED.seconds == 1.0
    assert [PASSED.count(s) for s in Status] == [1, 0, 1]


@pytest.mark.parametrize(
    ("exercises", "code"),
    [
        ((PASSED,), 0),
        ((PASSED, FAILED), 1),
        ((PASSED, NOT_RUN), 2),
        ((NOT_RUN, FAILED), 1),
        ((), 2),
    ],
)
def test_the_exit_code(exercises: tuple[Exercise, ...], code: int) -> None:
    assert report(*exercises).exit_code == code


def test_json_holds_everything_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    whole = report(PASSED, FAILED, NOT_RUN)
    write_json(whole, path)
    raw = json.loads(path.read_text())
    assert raw["schema_version"] == 1
    assert [e["status"] for e in raw["exercises"]] == ["passed", "failed", "not-run"]
    assert raw["exercises"][2]["not_run"] == "no answer"
    assert raw["exercises"][0]["steps"][0] == {
        "name": "a passed step",
        "ran": [],
        "status": "passed",
        "said": "said",
        "seconds": 0.5,
    }
    assert Report.model_validate(raw) == whole


def test_junit_has_a_suite_an_exercise_and_a_case_a_step(tmp_path: Path) -> None:
    path = tmp_path / "r.xml"
    write_junit(report(PASSED, FAILED, NOT_RUN), path)
    root = ElementTree.parse(path).getroot()
    assert (root.tag, root.get("name")) == ("testsuites", "verify dev")
    suites = {s.get("name"): s for s in root}
    assert list(suites) == ["mysql (db)", "redis (cache)", "aurora (a)"]
    shown = [[s.get(k) for k in ("tests", "failures", "skipped", "errors")] for s in root]
    assert shown == [["2", "0", "1", "0"], ["1", "1", "0", "0"], ["2", "0", "1", "1"]]
    for suite in root:
        assert len(suite.findall("testcase")) == int(str(suite.get("tests")))
    case = suites["mysql (db)"][0]
    assert case.attrib == {
        "classname": "verify.mysql.db",
        "name": "a passed step",
        "time": "0.500",
    }
    assert case.findtext("system-out") == "said"
    failure = suites["redis (cache)"].find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "bad \N{REPLACEMENT CHARACTER} <&"
    error = suites["aurora (a)"].find("testcase/error")
    assert error is not None
    assert error.get("message") == "no answer"


def test_a_report_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    nowhere = tmp_path / "gone" / "r.json"
    for attempt in (check_writable, lambda path: write_json(report(PASSED), path)):
        with pytest.raises(CannotRun, match=f"cannot write the report {nowhere}: No such file"):
            attempt(nowhere)


def test_asking_whether_a_report_can_be_written_keeps_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("the last one")
    check_writable(path)
    assert path.read_text() == "the last one"
