"""A run that fails: what stays, what it says, and that the next one converges."""

from __future__ import annotations

import fcntl

import pytest

from localcloud.engine.state import Entry
from localcloud.errors import DeployFailed, StateUnreadable
from tests.localcloud.engine.programs import instance, replica
from tests.localcloud.engine.stage import Stage

LOGS = """
logs = aws.cloudwatch.LogGroup("logs")
"""


def test_a_failure_stops_only_what_depends_on_it(stage: Stage) -> None:
    """Also what is registered only after the failure: the SDK would not wait for it."""
    broken = instance("fails", instance_class="db.t9.huge") + replica("fails")
    chain = """
        first = aws.secretsmanager.Secret("first", recovery_window_in_days=0)
        second = aws.cloudwatch.LogGroup("second", name=first.name)
        aws.cloudwatch.LogGroup("third", name=second.name.apply(lambda name: name + "-3"))
    """
    with pytest.raises(DeployFailed, match=r"database: Invalid.*db\.t9\.huge"):
        stage.up(chain.replace("        ", "") + broken)
    assert stage.done() == {("create", name) for name in ("first", "second", "third")}
    assert "fails" not in stage.instances()
    stage.up(chain.replace("        ", "") + instance("fails") + replica("fails"))
    assert stage.done() == {("create", "database"), ("create", "replica")}
    stage.up()
    assert stage.done() == set()


def test_every_failure_is_told(stage: Stage) -> None:
    with pytest.raises(DeployFailed) as caught:
        stage.up(
            instance("one", instance_class="db.t9.huge")
            + instance("two", username="root").replace('"database"', '"second"')
        )
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert any("Instance database: " in line and "db.t9.huge" in line for line in lines)
    assert any("Instance second: " in line and "reserved word" in line for line in lines)


def test_a_failed_run_deletes_nothing(stage: Stage) -> None:
    stage.up(LOGS + instance("keeps"))
    with pytest.raises(DeployFailed):
        stage.up(instance("keeps", more="backup_window='nonsense'"))
    assert stage.order("delete") == []
    assert {entry.name for entry in stage.state()} == {"logs", "database"}
    stage.up(instance("keeps"))
    assert stage.done() == {("delete", "logs")}


def test_a_failed_update_is_tried_again(stage: Stage) -> None:
    stage.up(instance("retries"))
    for _ in range(2):
        with pytest.raises(DeployFailed, match="backup window"):
            stage.up(instance("retries", more="backup_window='nonsense'"))
    stage.up(instance("retries", more="backup_window='01:00-02:00'"))
    assert stage.done() == {("update", "database")}
    assert stage.instances()["retries"]["PreferredBackupWindow"] == "01:00-02:00"


def test_a_server_that_does_not_start_leaves_nothing_behind(stage: Stage) -> None:
    fleet = stage.endpoint.fleet
    fleet.failing.add("create_instance")
    try:
        with pytest.raises(DeployFailed, match="the log's last line"):
            stage.up(instance("unlucky"))
    finally:
        fleet.failing.clear()
    assert list(stage.state()) == []
    assert "unlucky" not in stage.instances()
    stage.up()
    assert stage.done() == {("create", "database")}


_NAMED = """
parameters = aws.rds.ParameterGroup(
    "parameters", family="{family}", parameters=[{{"name": "{parameter}", "value": "1"}}])
"""


def test_a_failed_replacement_leaves_the_original_in_its_place(stage: Stage) -> None:
    """It was forgotten, and the next run could not have its name a second time."""
    stage.up(_NAMED.format(family="mysql8.0", parameter="slow_query_log"))
    old = stage.id("parameters")
    # Another family is another group, and this one's parameter is refused after its creation.
    wrong = _NAMED.format(family="mysql8.4", parameter="log_slave_updates")
    for _ in range(2):
        with pytest.raises(DeployFailed, match="Could not find parameter"):
            stage.up(wrong)
        (entry,) = stage.state()
        assert (entry.id, entry.pending) == (old, "")
        assert stage.state().replaced == []
    stage.up(_NAMED.format(family="mysql8.4", parameter="slow_query_log"))
    assert stage.done() == {("replace", "parameters")}
    assert stage.id("parameters") != old
    stage.up()
    assert stage.done() == set()


def test_two_runs_at_once_are_refused(stage: Stage) -> None:
    stage.site.stacks_dir.mkdir(parents=True)
    with (stage.site.stacks_dir / "dev.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DeployFailed, match="another run changes the stack dev"):
            stage.up(LOGS)
        with pytest.raises(DeployFailed, match="another run changes the stack dev"):
            stage.destroy()
        # Only to look at it is fine.
        stage.up(preview=True)
    stage.up()
    assert stage.done() == {("create", "logs")}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"format": 99, "resources": [], "replaced": []}', "its format is 99, not 1"),
        ("{", "Expecting property name"),
        ('{"resources": []}', "'format'"),
        ('{"format": 1, "resources": [{"urn": "u", "strange": 1}], "replaced": []}', "cannot be"),
        ("[]", "cannot be used"),
    ],
)
def test_a_state_of_another_kind_is_named_and_left_alone(
    stage: Stage, content: str, says: str
) -> None:
    stage.write(LOGS)
    stage.site.stacks_dir.mkdir(parents=True)
    stage.state_file.write_text(content)
    for run in (stage.up, stage.destroy):
        with pytest.raises(StateUnreadable) as caught:
            run()
        assert str(stage.state_file) in str(caught.value)
        assert "down --wipe" in str(caught.value)
        assert says in str(caught.value)
    assert stage.state_file.read_text() == content
    stage.state_file.unlink()


def test_an_entry_is_the_same_after_the_disk(stage: Stage) -> None:
    entry = Entry(
        urn="urn:pulumi:dev::p::t::n",
        type="t",
        name="n",
        inputs={"tags": {"a": "ü"}},
        id="i",
        outputs={"port": 3306},
        dependencies=("urn:pulumi:dev::p::t::m",),
        property_dependencies={"vpc": ["urn:pulumi:dev::p::t::m"]},
        generation=2,
        protected=True,
    )
    state = stage.state()
    state.put(entry)
    state.keep_replaced(entry)
    again = stage.state()
    assert again.get(entry.urn) == entry
    assert again.replaced == [entry]
    stage.state_file.unlink()


@pytest.mark.parametrize(
    ("program", "error", "says"),
    [
        ('raise pulumi.RunError("topologies.mysql: wrong")', DeployFailed, "topologies.mysql"),
        ("1 / 0", ZeroDivisionError, "division by zero"),
        ("import no_such_module", ModuleNotFoundError, "no_such_module"),
    ],
)
def test_what_the_program_raises_comes_out(
    stage: Stage, program: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        stage.up(LOGS + program)
    # What it had registered by then is in the state, and the next run goes on from there.
    assert {entry.name for entry in stage.state()} <= {"logs"}
    stage.up(LOGS)
    assert {entry.name for entry in stage.state()} == {"logs"}


def test_an_exception_in_an_apply_comes_out(stage: Stage) -> None:
    with pytest.raises(ZeroDivisionError):
        stage.up(LOGS + 'pulumi.export("x", logs.name.apply(lambda name: 1 / 0))')
    stage.up(LOGS)
    assert stage.done() == set()


def test_a_project_without_a_program_is_named(stage: Stage) -> None:
    with pytest.raises(DeployFailed, match=r"has no __main__\.py"):
        stage.up()
