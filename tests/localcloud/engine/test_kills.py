"""A run that is killed, at any moment: the next one finds what it left and goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from localcloud.errors import DeployFailed, Unfinished
from localcloud.fleet import Ref
from localcloud.provider.provider import Provider
from tests.localcloud.engine.programs import group, instance
from tests.localcloud.engine.stage import Stage

ROOT = Path(__file__).parents[3]


def interrupt(stage: Stage, name: str) -> None:
    """The state as a kill between the create call's answer and the save leaves it."""
    stage.edit_state(name, pending="create", id="", outputs={})


def test_what_a_kill_after_the_create_call_left_is_adopted(stage: Stage) -> None:
    program = group("g") + instance("adopted", more="vpc_security_group_ids=[group.id]")
    first = stage.up(program + 'pulumi.export("host", database.address)')
    resource_id, group_id = stage.instances()["adopted"]["DbiResourceId"], stage.id("group")
    for name in ("database", "group", "rule"):
        interrupt(stage, name)
    calls = len(stage.endpoint.fleet.calls)
    assert stage.up() == first
    assert stage.done() == set()
    assert len(stage.endpoint.fleet.calls) == calls
    assert stage.instances()["adopted"]["DbiResourceId"] == resource_id
    assert stage.id("group") == group_id
    assert stage.id("database") == resource_id
    assert not any(entry.pending for entry in stage.state())


def test_what_is_adopted_is_brought_up_to_date(stage: Stage) -> None:
    stage.up(instance("updated"))
    interrupt(stage, "database")
    stage.up(instance("updated", instance_class="db.t3.small"))
    assert stage.done() == {("update", "database")}
    assert stage.instances()["updated"]["DBInstanceClass"] == "db.t3.small"


def test_what_a_kill_before_the_create_call_left_is_created(stage: Stage) -> None:
    stage.up(instance("never-was"))
    interrupt(stage, "database")
    stage.client("rds").delete_db_instance(DBInstanceIdentifier="never-was", SkipFinalSnapshot=True)
    stage.up(preview=True)
    assert stage.done() == {("create", "database")}
    stage.up()
    assert stage.done() == {("create", "database")}


def test_what_was_interrupted_and_is_no_longer_wanted_is_deleted(stage: Stage) -> None:
    """It has no id to be deleted by."""
    stage.up(group("g") + instance("unwanted"))
    for name in ("database", "group"):
        interrupt(stage, name)
    stage.up("")
    assert stage.done() == {("delete", name) for name in ("database", "group", "rule")}
    assert "unwanted" not in stage.instances()
    groups = stage.client("ec2").describe_security_groups()["SecurityGroups"]
    assert not [g for g in groups if g["Description"] == "g"]


def test_a_kill_in_the_middle_of_a_replacement(stage: Stage) -> None:
    """The new one gets the name it would have had, and both old ones go."""
    stage.up(group("one"))
    content = json.loads(stage.state_file.read_text())
    (old,) = (raw for raw in content["resources"] if raw["name"] == "group")
    stage.up(group("two"))
    expected = next(e.inputs["name"] for e in stage.state() if e.name == "group")
    stage.destroy()

    stage.up(group("one"))
    state = stage.state()
    (entry,) = (e for e in state if e.name == "group")
    state.keep_replaced(entry)
    inputs = {**entry.inputs, "description": "two", "name": expected}
    state.put(entry.having(inputs=inputs, id="", outputs={}, generation=1, pending="create"))
    stage.up(group("two"))
    (entry,) = (e for e in stage.state() if e.name == "group")
    assert entry.inputs["name"] == expected != old["inputs"]["name"]
    assert stage.state().replaced == []
    groups = stage.client("ec2").describe_security_groups()["SecurityGroups"]
    assert [g["GroupName"] for g in groups if g["Description"] in ("one", "two")] == [expected]


def test_a_create_without_an_answer_stays_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Provider.create

    def lost(self: Provider, token: str, name: str, inputs: Any) -> Any:
        original(self, token, name, inputs)
        raise Unfinished("no answer from the local cloud: read timeout")

    with monkeypatch.context() as patch:
        patch.setattr(Provider, "create", lost)
        with pytest.raises(DeployFailed, match="read timeout"):
            stage.up(instance("lost"))
    (entry,) = stage.state()
    assert (entry.pending, entry.id) == ("create", "")
    resource_id = stage.instances()["lost"]["DbiResourceId"]
    stage.up()
    assert stage.done() == set()
    assert stage.id("database") == resource_id


_RUN = """
import sys
from dataclasses import replace
from pathlib import Path
from localcloud.engine import deploy
from localcloud.engine.project import load
from localcloud.site import Site

folder, prefix, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
site = Site(folder / "state", prefix, port)
deploy.up(site, load(folder, "dev"), lambda step: None, preview=False)
"""


def test_sigkill_while_a_database_is_being_made(stage: Stage) -> None:
    """The process is really killed; the local cloud finishes what it was asked for."""
    begun, go_on = threading.Event(), threading.Event()
    fleet = stage.endpoint.fleet
    original = fleet._note

    def slow(name: str, *args: Any) -> None:
        if name == "create_instance":
            begun.set()
            assert go_on.wait(30)
        original(name, *args)

    fleet._note = slow  # type: ignore[method-assign]
    stage.write(group("g") + instance("killed", more="vpc_security_group_ids=[group.id]"))
    arguments = [str(stage.folder), stage.site.prefix, str(stage.site.endpoint_port)]
    child = subprocess.Popen(
        [sys.executable, "-c", _RUN, *arguments], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        assert begun.wait(30)
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    finally:
        child.kill()
        child.wait(10)
        go_on.set()
        fleet._note = original  # type: ignore[method-assign]
    (entry,) = (e for e in stage.state() if e.name == "database")
    assert entry.pending == "create"
    stage.up()
    assert stage.done() == set()
    ref = Ref("us-east-1", "killed")
    assert [call for call in fleet.named("create_instance") if call[0] == ref] != []
    assert len([call for call in fleet.named("create_instance") if call[0] == ref]) == 1
    assert stage.id("database") == stage.instances()["killed"]["DbiResourceId"]
