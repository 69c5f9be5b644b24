"""`up --preview` tells the same as the run that follows, and changes nothing."""

from __future__ import annotations

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.engine.programs import VPC, group, instance, replica
from tests.localcloud.engine.stage import Stage


def previewed(stage: Stage, program: str) -> set[tuple[str, str]]:
    state = stage.state_file.read_bytes() if stage.state_file.exists() else b""
    calls, record = len(stage.endpoint.fleet.calls), stage.folder / ".deployments"
    recorded = record.exists()
    stage.up(program, preview=True)
    assert (stage.state_file.read_bytes() if stage.state_file.exists() else b"") == state
    assert len(stage.endpoint.fleet.calls) == calls
    assert record.exists() is recorded
    return stage.done()


def test_a_preview_of_the_first_run(stage: Stage) -> None:
    program = (
        group("p")
        + instance("planned", more="vpc_security_group_ids=[group.id]")
        + replica("planned")
        + 'pulumi.export("host", database.address)'
    )
    planned = previewed(stage, program)
    assert planned == {("create", n) for n in ("group", "rule", "database", "replica")}
    assert "planned" not in stage.instances()
    stage.up()
    assert stage.done() == planned


def test_a_preview_of_an_update_and_a_deletion(stage: Stage) -> None:
    stage.up(group("u") + instance("will-grow"))
    program = instance("will-grow", instance_class="db.t3.small")
    planned = previewed(stage, program)
    assert planned == {("update", "database"), ("delete", "group"), ("delete", "rule")}
    assert stage.instances()["will-grow"]["DBInstanceClass"] == "db.t3.micro"
    stage.up()
    assert stage.done() == planned


def test_a_preview_of_a_replacement(stage: Stage) -> None:
    uses = instance("follows", more="vpc_security_group_ids=[group.id]")
    stage.up(group("before") + uses)
    old = stage.id("group")
    planned = previewed(stage, group("after") + uses)
    assert planned == {("replace", "group"), ("replace", "rule"), ("update", "database")}
    assert stage.id("group") == old
    stage.up()
    assert stage.done() == planned


def test_a_preview_of_what_was_deleted_behind_its_back(stage: Stage) -> None:
    program = instance("vanishes")
    stage.up(program)
    stage.client("rds").delete_db_instance(DBInstanceIdentifier="vanishes", SkipFinalSnapshot=True)
    # Changed or not, it is to be made again.
    changed = instance("vanishes", instance_class="db.t3.small")
    assert previewed(stage, changed) == {("recreate", "database")}
    assert previewed(stage, program) == {("recreate", "database")}
    stage.up()
    assert stage.done() == {("recreate", "database")}


def test_a_preview_of_a_wrong_property(stage: Stage) -> None:
    with pytest.raises(DeployFailed, match=r"aws:ec2/securityGroup:SecurityGroup wrong: .*"
                       r"does not know the property 'ingress'"):  # fmt: skip
        stage.up(VPC + 'aws.ec2.SecurityGroup("wrong", vpc_id=vpc, ingress=[])\n', preview=True)
