"""Figures beside their goals, and what the command makes of them."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import __main__ as command
from bench.figure import Figure
from bench.workspace import BenchFailed


@pytest.mark.parametrize(("measured", "met"), [(7.99, True), (8.0, True), (8.01, False)])
def test_a_goal_is_met_up_to_its_value(measured: float, met: bool) -> None:
    figure = Figure("up", measured, 8, "s")
    assert figure.met is met
    assert ("MISSED" in figure.line()) is not met


def test_no_lost_row_is_met_by_none_only() -> None:
    assert Figure("rows lost", 0, 0, "rows").met
    assert not Figure("rows lost", 1, 0, "rows").met


def test_a_rate_is_met_from_its_value_on() -> None:
    assert Figure("load", 5000, 5000, "rows/s", at_least=True).met
    assert not Figure("load", 4999, 5000, "rows/s", at_least=True).met


def test_what_has_no_goal_is_told_and_misses_none() -> None:
    figure = Figure("second up", 1.9, None, "s")
    assert figure.met
    assert figure.line().split() == ["second", "up", "1.90", "s", "no", "goal"]


def test_a_line_has_everything() -> None:
    line = Figure("memory", 612.349, 800, "MiB", "17 processes").line()
    assert line.split() == [
        "memory",
        "612.35",
        "MiB",
        "goal",
        "≤",
        "800",
        "met",
        "(17",
        "processes)",
    ]


def run(
    monkeypatch: pytest.MonkeyPatch, deployed: list[Figure] | BenchFailed, *arguments: str
) -> int:
    """The command with given measurements."""

    @contextlib.contextmanager
    def workspace() -> Iterator[str]:
        yield "space"

    def deployment(space: str, kills: int) -> list[Figure]:
        assert (space, kills) == ("space", 3)
        if isinstance(deployed, BenchFailed):
            raise deployed
        return deployed

    monkeypatch.setattr(command, "workspace", workspace)
    monkeypatch.setattr(command, "_DEPLOYMENTS", (deployment,))
    monkeypatch.setattr(command, "under_mocks", lambda: Figure("program", 1.1, 1.3, "x"))
    monkeypatch.setattr(sys, "argv", ["bench", "--kills", "3", *arguments])
    return command.main()


def test_all_goals_met_is_success_and_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    assert run(monkeypatch, [Figure("up", 6.1, 8, "s", "empty")], "--json", str(file)) == 0
    assert json.loads(file.read_text()) == [
        {
            "name": "program",
            "measured": 1.1,
            "goal": 1.3,
            "unit": "x",
            "note": "",
            "at_least": False,
        },
        {"name": "up", "measured": 6.1, "goal": 8, "unit": "s", "note": "empty", "at_least": False},
    ]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_one_missed_goal_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, [Figure("up", 9, 8, "s"), Figure("down", 1, 8, "s")]) == 1
    assert [("MISSED" in line) for line in capsys.readouterr().out.splitlines()] == [
        False, True, False,
    ]  # fmt: skip


def test_what_could_not_be_measured_is_no_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, BenchFailed("`python -m localcloud up` exited 2:\nno server")) == 2
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == ["program"]
    assert said.err == "bench: `python -m localcloud up` exited 2:\nno server\n"
