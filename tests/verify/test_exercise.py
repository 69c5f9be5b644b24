"""How checks are performed: order, prerequisites, what is skipped, what is cleaned up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from contract import Access, ContractError, Database
from verify.aws import Cloud
from verify.deadline import Deadline
from verify.errors import NotApplicable, StepFailed, Unreachable
from verify.exercise import CLEAN_UP, Check, Exercise, Scene, perform
from verify.results import Exercise as Result
from verify.results import Outcome, Step


class Listener:
    """An audience that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def exercise_started(self, name: str, database: str) -> None:
        self.heard.append(f"exercise {name} {database}")

    def step_started(self, name: str) -> None:
        self.heard.append(f"start {name}")

    def step_ended(self, step: Step) -> None:
        self.heard.append(f"{step.status} {step.name}: {step.said}")


def fails(reason: BaseException) -> Callable[[], str]:
    def action() -> str:
        raise reason

    return action


def scene(limit_s: float = 60) -> Scene:
    database = Database(kind="k", engine="e", version="1", region="r", endpoints=())
    return Scene("db", {"db": database}, Cloud(Access(), 1), None, 1, Deadline(limit_s))


def run(*checks: Check, began: bool = False, keep: bool = False, limit_s: float = 60) -> Any:
    listener = Listener()

    class Written(Exercise):
        def checks(self) -> Iterable[Check]:
            self.began = began
            self.opened.callback(listener.heard.append, "closed")
            return checks

        def clean_up(self, deadline: Deadline) -> str:
            assert not deadline.expired
            return "swept"

    try:
        result: Result | None = perform("x", Written, scene(limit_s), listener, keep=keep)
    except KeyboardInterrupt:
        result = None
    return result, listener.heard


def test_each_check_is_announced_performed_and_told() -> None:
    result, heard = run(Check("one", lambda: "1"), Check("two", fails(StepFailed("no"))))
    assert heard == [
        "exercise x db",
        "start one",
        "passed one: 1",
        "start two",
        "failed two: no",
        "closed",
    ]
    assert result.status is Outcome.FAILED
    assert all(step.seconds >= 0 for step in result.steps)


def test_a_check_whose_prerequisite_did_not_pass_is_skipped_and_so_are_its_own() -> None:
    result, _ = run(
        Check("a", fails(StepFailed("no"))),
        Check("b", lambda: "never", ("a",)),
        Check("c", lambda: "never", ("b",)),
        Check("d", lambda: "yes"),
    )
    assert [(s.name, s.status) for s in result.steps] == [
        ("a", "failed"),
        ("b", "skipped"),
        ("c", "skipped"),
        ("d", "passed"),
    ]
    assert result.steps[1].said == "needs 'a', which did not pass"


def test_nobody_there_when_opening_ends_the_exercise() -> None:
    result, heard = run(Check("a", fails(Unreachable("gone")), opens=True), Check("b", lambda: ""))
    assert result.status is Outcome.NOT_RUN
    assert result.not_run == "gone"
    assert "start b" not in heard


@pytest.mark.parametrize("reason", [Unreachable("gone"), ContractError("no such endpoint")])
def test_nobody_there_later_is_a_failure(reason: Exception) -> None:
    result, _ = run(Check("a", fails(reason)))
    assert result.status is Outcome.FAILED


def test_what_does_not_apply_is_skipped_and_no_failure() -> None:
    result, _ = run(Check("a", fails(NotApplicable("one member"))))
    assert (result.status, result.steps[0].said) == (Outcome.PASSED, "one member")


def test_what_was_made_is_cleaned_up_after_all_is_closed() -> None:
    result, heard = run(Check("a", fails(StepFailed("no"))), began=True)
    assert heard[-3:] == ["closed", f"start {CLEAN_UP}", f"passed {CLEAN_UP}: swept"]
    assert result.steps[-1].name == CLEAN_UP


def test_nothing_made_or_keep_cleans_nothing_up() -> None:
    assert run(Check("a", lambda: ""))[1][-1] == "closed"
    assert run(Check("a", lambda: ""), began=True, keep=True)[1][-1] == "closed"


def test_an_interrupt_cleans_up_and_goes_on_up() -> None:
    result, heard = run(Check("a", fails(KeyboardInterrupt())), began=True)
    assert result is None
    assert heard[-1] == f"passed {CLEAN_UP}: swept"


def test_no_check_begins_after_the_exercise_s_time() -> None:
    result, _ = run(Check("a", lambda: "never"), began=True, limit_s=0)
    assert result.steps[0].said == "the exercise's time was over before this step"
    assert result.steps[1].said == "swept", "cleaning up has time of its own"


def test_an_exercise_that_cannot_be_made_could_not_run() -> None:
    def make(_: Scene) -> Exercise:
        raise ContractError("no primary endpoint")

    result = perform("x", make, scene(), Listener())
    assert (result.status, result.not_run) == (Outcome.NOT_RUN, "no primary endpoint")
