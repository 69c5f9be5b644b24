"""`up`: create, nothing, update, replace, delete."""

from __future__ import annotations

import json
import stat

import pytest

from tests.localcloud.engine.programs import group, instance, replica
from tests.localcloud.engine.stage import Stage


def test_up_makes_what_the_program_asks_for(stage: Stage) -> None:
    outputs = stage.up(
        group("first")
        + instance("made", more="vpc_security_group_ids=[group.id]")
        + 'pulumi.export("host", database.address)\n'
        + 'pulumi.export("groups", database.vpc_security_group_ids)\n'
    )
    made = stage.instances()["made"]
    assert stage.done() == {("create", name) for name in ("group", "rule", "database")}
    assert outputs["host"] == made["Endpoint"]["Address"]
    assert outputs["groups"] == [stage.id("group")]
    assert made["VpcSecurityGroups"][0]["VpcSecurityGroupId"] == stage.id("group")


def test_a_second_up_does_nothing_and_writes_nothing(stage: Stage) -> None:
    program = group("still") + instance("still", more="vpc_security_group_ids=[group.id]")
    first = stage.up(program + 'pulumi.export("host", database.address)')
    content, calls = stage.state_file.read_bytes(), len(stage.endpoint.fleet.calls)
    assert stage.up() == first
    assert stage.done() == set()
    assert len(stage.steps) == 3
    assert stage.state_file.read_bytes() == content
    assert len(stage.endpoint.fleet.calls) == calls


def test_a_change_is_an_update_of_what_changed(stage: Stage) -> None:
    stage.up(group("stays") + instance("grows"))
    resource_id = stage.instances()["grows"]["DbiResourceId"]
    stage.up(group("stays") + instance("grows", instance_class="db.t3.small"))
    assert stage.done() == {("update", "database")}
    (step,) = (s for s in stage.steps if s.action == "update")
    assert step.changed == {"instanceClass"}
    changed = stage.instances()["grows"]
    assert changed["DBInstanceClass"] == "db.t3.small"
    assert changed["DbiResourceId"] == resource_id
    stage.up()
    assert stage.done() == set()


def test_what_can_have_another_name_is_replaced_before_the_old_one_goes(stage: Stage) -> None:
    program = instance("moves", more="vpc_security_group_ids=[group.id]")
    stage.up(group("old") + program)
    old = stage.id("group")
    stage.up(group("new") + program)
    assert stage.done() == {("replace", "group"), ("replace", "rule"), ("update", "database")}
    new = stage.id("group")
    assert new != old
    groups = stage.instances()["moves"]["VpcSecurityGroups"]
    assert [g["VpcSecurityGroupId"] for g in groups] == [new]
    ids = {g["GroupId"] for g in stage.client("ec2").describe_security_groups()["SecurityGroups"]}
    assert new in ids
    assert old not in ids
    stage.up()
    assert stage.done() == set()


def test_a_group_in_use_is_replaced_under_a_name_of_its_own(stage: Stage) -> None:
    """RDS deletes no group that a database uses, so the new one has to come first."""
    parameters = 'parameters = aws.rds.ParameterGroup("parameters", family="mysql8.4", {})\n'
    uses = instance("regrouped", more="parameter_group_name=parameters.name")
    stage.up(parameters.format("description='one'") + uses)
    old = stage.id("parameters")
    stage.up(parameters.format("description='two'") + uses)
    assert stage.done() == {("replace", "parameters"), ("update", "database")}
    (group,) = stage.instances()["regrouped"]["DBParameterGroups"]
    assert group["DBParameterGroupName"] == stage.id("parameters") != old


def test_what_cannot_is_deleted_first_and_its_dependents_before_it(stage: Stage) -> None:
    stage.up(instance("again") + replica("again"))
    before, fleet = stage.instances(), stage.endpoint.fleet
    seen = len(fleet.calls)
    stage.up(instance("again", username="root2") + replica("again"))
    assert stage.done() == {("replace", "database"), ("create", "replica")}
    after = stage.instances()
    for name in ("again", "again-replica"):
        assert after[name]["DbiResourceId"] != before[name]["DbiResourceId"]
    assert after["again"]["MasterUsername"] == "root2"
    backups = {"take", "delete_snapshot"}
    calls = [call for call in fleet.calls[seen:] if call[0] not in backups]
    done = [(call[0], call[1].identifier) for call in calls]
    assert done == [
        ("delete_instance", "again-replica"),
        ("delete_instance", "again"),
        ("create_instance", "again"),
        ("create_replica", "again-replica"),
    ]
    stage.up()
    assert stage.done() == set()


def test_what_the_program_no_longer_has_goes_newest_first(stage: Stage) -> None:
    stage.up(instance("leaves") + replica("leaves") + 'aws.cloudwatch.LogGroup("stays")')
    stage.up('aws.cloudwatch.LogGroup("stays")')
    assert stage.order("delete") == ["replica", "database"]
    assert not stage.instances().keys() & {"leaves", "leaves-replica"}


_PARAMETERS = """
parameters = aws.rds.ParameterGroup("parameters", family="mysql8.4")
"""


def test_a_database_goes_before_the_group_it_was_given_later(stage: Stage) -> None:
    """The order of creation alone would delete the group while the database uses it."""
    stage.up(instance("older"))
    stage.up(_PARAMETERS + instance("older", more="parameter_group_name=parameters.name"))
    stage.up("")
    assert stage.order("delete") == ["database", "parameters"]


def test_a_replaced_group_goes_after_the_database_that_left_with_it(stage: Stage) -> None:
    uses = instance("departs", more="vpc_security_group_ids=[group.id]")
    stage.up(group("one") + uses)
    old = stage.id("group")
    stage.up(group("two"))
    assert stage.done() == {("replace", "group"), ("replace", "rule"), ("delete", "database")}
    ids = {g["GroupId"] for g in stage.client("ec2").describe_security_groups()["SecurityGroups"]}
    assert old not in ids


def test_destroy_deletes_users_before_what_they_use(stage: Stage) -> None:
    stage.up(
        group("d")
        + _PARAMETERS
        + instance(
            "destroyed",
            more="parameter_group_name=parameters.name, vpc_security_group_ids=[group.id]",
        )
        + replica("destroyed")
    )
    record = stage.folder / ".deployments" / "dev.json"
    assert record.exists()
    stage.destroy()
    order = stage.order("delete")
    assert set(order) == {"group", "rule", "parameters", "database", "replica"}
    assert order.index("replica") < order.index("database")
    assert order.index("database") < min(order.index("parameters"), order.index("group"))
    assert order.index("rule") < order.index("group")
    assert not record.exists()
    stage.destroy()
    assert stage.steps == []


def test_a_database_deleted_behind_its_back_is_made_again(stage: Stage) -> None:
    program = group("g") + instance("returns", more="vpc_security_group_ids=[group.id]")
    stage.up(program + 'pulumi.export("host", database.address)')
    stage.client("rds").delete_db_instance(DBInstanceIdentifier="returns", SkipFinalSnapshot=True)
    outputs = stage.up()
    assert stage.done() == {("recreate", "database")}
    assert outputs["host"] == stage.instances()["returns"]["Endpoint"]["Address"]
    stage.up()
    assert stage.done() == set()


def test_a_group_deleted_behind_its_back_takes_its_rule_along(stage: Stage) -> None:
    stage.up(group("g"))
    old = stage.id("group")
    stage.client("ec2").delete_security_group(GroupId=old)
    stage.up()
    assert stage.done() == {("recreate", "group"), ("recreate", "rule")}
    assert stage.id("group") != old
    stage.up()
    assert stage.done() == set()


def test_secrets_are_in_the_state_and_nowhere_else(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = stage.up("""
        password = pulumi_random.RandomPassword("password", length=20, special=False)
        secret = aws.secretsmanager.Secret("secret", recovery_window_in_days=0)
        aws.secretsmanager.SecretVersion(
            "version", secret_id=secret.id, secret_string=password.result)
        pulumi.export("plain", "seen")
        pulumi.export("password", password.result)
        pulumi.export("nested", {"login": {"user": "admin", "password": password.result}})
        pulumi.export("made", pulumi.Output.concat("mysql://admin:", password.result))
        pulumi.export("given", pulumi.Output.secret("hidden-text"))
        pulumi.export("length", password.length)
    """)
    assert outputs == {
        "plain": "seen",
        "password": "[secret]",
        "nested": "[secret]",
        "made": "[secret]",
        "given": "[secret]",
        "length": 20,
    }
    (password,) = (
        str(entry.outputs["result"]) for entry in stage.state() if entry.name == "password"
    )
    assert len(password) == 20
    assert stat.S_IMODE(stage.state_file.stat().st_mode) == 0o600
    record = (stage.folder / ".deployments" / "dev.json").read_text()
    said = capsys.readouterr()
    for secret in (password, "hidden-text"):
        assert secret not in record + said.out + said.err + repr(stage.steps)
    arn = stage.id("secret")
    stored = stage.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    assert stored == password
    # The same one the next time, or every `up` would lock everybody out.
    stage.up()
    assert stage.done() == set()


def test_the_record_says_how_to_reach_what_was_deployed(stage: Stage) -> None:
    stage.up('pulumi.export("databases", {"mysql": {"port": 3306}})')
    record = json.loads((stage.folder / ".deployments" / "dev.json").read_text())
    assert record["stack"] == "dev"
    assert record["outputs"] == {"databases": {"mysql": {"port": 3306}}}
    assert record["access"]["endpoint_url"] == stage.endpoint.url


def test_names_are_stable_and_new_with_every_replacement(stage: Stage) -> None:
    def name() -> str:
        (entry,) = (e for e in stage.state() if e.name == "group")
        return str(entry.inputs["name"])

    seen = []
    for description in ("one", "two", "three", "three"):
        stage.up(group(description))
        seen.append(name())
    assert len(set(seen)) == 3
    assert seen[2] == seen[3]
    # Torn down and made anew, it is the same as at first: nothing is drawn.
    stage.destroy()
    stage.up(group("one"))
    assert name() == seen[0]


def test_config_reaches_the_program_as_pulumi_passes_it(stage: Stage) -> None:
    stage.configure(
        "aws:region: us-west-2",
        "text: plain",
        "other:number: 3",
        "flag: true",
        "tree: {a: [1, {b: null}]}",
    )
    outputs = stage.up("""
        config = pulumi.Config()
        pulumi.export("text", config.require("text"))
        pulumi.export("number", pulumi.Config("other").require_int("number"))
        pulumi.export("flag", config.require_bool("flag"))
        pulumi.export("tree", config.require_object("tree"))
        pulumi.export("region", aws.get_region().region)
        pulumi.export("project", pulumi.get_project())
        pulumi.export("stack", pulumi.get_stack())
    """)
    assert outputs == {
        "text": "plain",
        "number": 3,
        "flag": True,
        "tree": {"a": [1, {"b": None}]},
        "region": "us-west-2",
        "project": stage.folder.name,
        "stack": "dev",
    }


def test_the_program_runs_in_its_folder_and_imports_from_it(stage: Stage) -> None:
    (stage.folder / "beside_the_program.py").write_text("VALUE = 'imported'\n")
    (stage.folder / "data.txt").write_text("read")
    outputs = stage.up("""
        from pathlib import Path
        from beside_the_program import VALUE
        pulumi.export("value", VALUE)
        pulumi.export("data", Path("data.txt").read_text())
    """)
    assert outputs == {"value": "imported", "data": "read"}
