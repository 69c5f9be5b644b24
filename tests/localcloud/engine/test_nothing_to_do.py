"""With a policy pack the program runs twice; a rehearsal that meets no change was the run."""

from __future__ import annotations

import json

import pytest

from localcloud.engine.deploy import RECORDS
from tests.localcloud.engine.programs import instance
from tests.localcloud.engine.stage import Stage

RUNS = """
with open("runs", "a") as file:
    file.write("x")
pulumi.export("address", database.address)
pulumi.export("group", logs.name)
"""
LOGS = 'logs = aws.cloudwatch.LogGroup("logs"{more})\n'
PROGRAM = instance("stays") + LOGS.format(more="") + RUNS


@pytest.fixture
def deployed(stage: Stage) -> Stage:
    """A project with a pack that has nothing to say, deployed."""
    pack = stage.folder / "policy"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text("")
    stage.up(PROGRAM)
    assert runs(stage) == 2
    return stage


def runs(stage: Stage) -> int:
    """How often the program ran since the last time that this was asked."""
    file = stage.folder / "runs"
    found = len(file.read_text())
    file.unlink()
    return found


def test_where_nothing_changed_the_program_runs_once(deployed: Stage) -> None:
    record = deployed.folder / RECORDS / "dev.json"
    before, state = json.loads(record.read_text()), deployed.state_file.read_bytes()
    record.unlink()
    outputs = deployed.up()
    assert runs(deployed) == 1
    assert outputs["address"]
    assert {(step.action, step.name) for step in deployed.steps} == {
        ("same", "database"),
        ("same", "logs"),
    }
    assert json.loads(record.read_text()) == before
    assert before["outputs"] == outputs
    assert deployed.state_file.read_bytes() == state


@pytest.mark.parametrize(
    ("program", "done"),
    [
        (PROGRAM + 'aws.cloudwatch.LogGroup("more")', {("create", "more")}),
        (PROGRAM.replace('"logs"', '"logs", retention_in_days=7'), {("update", "logs")}),
        (PROGRAM.replace('"logs"', '"logs", name="another"'), {("replace", "logs")}),
        (
            instance("stays") + RUNS.replace("logs.name", "database.id"),
            {("delete", "logs")},
        ),
    ],
    ids=["a new one", "an update", "a replacement", "one less"],
)
def test_a_change_is_made(deployed: Stage, program: str, done: set[tuple[str, str]]) -> None:
    deployed.up(program)
    assert runs(deployed) == 2
    assert deployed.done() == done


def test_what_vanished_is_made_anew(deployed: Stage) -> None:
    deployed.client("logs").delete_log_group(logGroupName=deployed.id("logs"))
    deployed.up()
    assert runs(deployed) == 2
    assert deployed.done() == {("recreate", "logs")}


def test_a_dependency_alone_is_written_down(deployed: Stage) -> None:
    """It decides in which order a later run deletes."""
    after = LOGS.format(more=", opts=pulumi.ResourceOptions(depends_on=[database])")
    deployed.up(PROGRAM.replace(LOGS.format(more=""), after))
    assert runs(deployed) == 1
    assert deployed.done() == set()
    (logs,) = (entry for entry in deployed.state() if entry.name == "logs")
    assert [urn.rpartition("::")[2] for urn in logs.dependencies] == ["database"]


def test_what_the_api_reports_otherwise_is_written_down(deployed: Stage) -> None:
    """A failover in the console moves an address, for example."""
    deployed.edit_state("database", outputs={})
    assert deployed.up()["address"]
    assert runs(deployed) == 1
    (database,) = (entry for entry in deployed.state() if entry.name == "database")
    assert database.outputs["address"]
