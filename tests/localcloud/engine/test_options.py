"""Pulumi's resource options: those that count, and those that are refused in plain words."""

from __future__ import annotations

import pytest

from localcloud.errors import DeployFailed
from tests.localcloud.engine.programs import instance
from tests.localcloud.engine.stage import Stage

RESOURCE = 'aws.cloudwatch.LogGroup("logs", opts=pulumi.ResourceOptions({options}))'


@pytest.mark.parametrize(
    ("program", "says"),
    [
        (RESOURCE.format(options="import_='logs'"), "LogGroup logs: .*option 'import'"),
        (RESOURCE.format(options="retain_on_delete=True"), "option 'retain_on_delete'"),
        (RESOURCE.format(options="replace_on_changes=['tags']"), "option 'replace_on_changes'"),
        (RESOURCE.format(options="ignore_changes=['tags.Name']"), r"not 'tags\.Name'"),
        (
            'aws.cloudwatch.LogGroup("logs", opts=pulumi.ResourceOptions('
            'provider=aws.Provider("west", region="us-west-2")))',
            "no resources of type pulumi:providers:aws",
        ),
        ('aws.cloudwatch.LogGroup.get("logs", "logs")', r"LogGroup logs: .*\.get\(\)"),
        ('pulumi.StackReference("org/other/dev")', "cannot read other stacks"),
        (
            'aws.cloudwatch.LogGroup("logs", name=pulumi.StringAsset("text"))',
            "LogGroup logs: .*assets and archives",
        ),
        (RESOURCE.format(options="transforms=[lambda args: None]"), "does not support transforms"),
        (
            RESOURCE.format(
                options="hooks=pulumi.ResourceHookBinding("
                "before_create=[pulumi.ResourceHook('hook', lambda args: None)])"
            ),
            "does not support resource hooks",
        ),
        (
            "pulumi.runtime.register_resource_transform(lambda args: None)",
            "does not support transforms",
        ),
        ('aws.sqs.Queue("queue")', "no resources of type aws:sqs/queue:Queue"),
        ('aws.sns.get_topic("topic")', "no function aws:sns/getTopic:getTopic"),
    ],
)
def test_what_is_not_covered_is_refused(stage: Stage, program: str, says: str) -> None:
    for preview in (True, False):
        with pytest.raises(DeployFailed, match=says):
            stage.up(program, preview=preview)
    assert not stage.state_file.exists() or list(stage.state()) == []


TWICE = """
for _ in range(2):
    aws.cloudwatch.LogGroup("same")
"""
COMPONENTS = """
class Room(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Room", name, None, opts)

for _ in range(2):
    Room("same")
"""


@pytest.mark.parametrize(
    ("program", "what"), [(TWICE, "logGroup:LogGroup same"), (COMPONENTS, "test:index:Room same")]
)
def test_two_of_one_name_are_refused(stage: Stage, program: str, what: str) -> None:
    with pytest.raises(DeployFailed, match=f"{what}: two resources .* have this name"):
        stage.up(program)


def test_one_name_under_two_parents_or_for_two_types_is_fine(stage: Stage) -> None:
    stage.up("""
        class Room(pulumi.ComponentResource):
            def __init__(self, kind, name):
                super().__init__(f"test:index:{kind}", name)
                inner = pulumi.ResourceOptions(parent=self)
                aws.cloudwatch.LogGroup("same", name=name, opts=inner)

        Room("Room", "one")
        Room("Hall", "two")
        aws.secretsmanager.Secret("same", recovery_window_in_days=0)
        aws.cloudwatch.LogGroup("same", name="three")
    """)
    assert stage.order("create") == ["same"] * 4
    urns = {entry.urn.removeprefix(f"urn:pulumi:dev::{stage.folder.name}::")
            for entry in stage.state()}  # fmt: skip
    assert urns == {
        "test:index:Room$aws:cloudwatch/logGroup:LogGroup::same",
        "test:index:Hall$aws:cloudwatch/logGroup:LogGroup::same",
        "aws:secretsmanager/secret:Secret::same",
        "aws:cloudwatch/logGroup:LogGroup::same",
    }
    stage.up()
    assert stage.done() == set()


def ignoring(properties: str, **arguments: object) -> str:
    given = "".join(f"{name}={value!r}, " for name, value in arguments.items())
    options = f"pulumi.ResourceOptions(ignore_changes={properties})"
    return f'aws.cloudwatch.LogGroup("logs", name="ignored", {given}opts={options})'


def test_changes_that_are_to_be_ignored_are(stage: Stage) -> None:
    def retention() -> object:
        found = stage.client("logs").describe_log_groups(logGroupNamePrefix="ignored")
        return found["logGroups"][0].get("retentionInDays")

    stage.up(ignoring("['retentionInDays']", retention_in_days=7))
    assert retention() == 7
    stage.up(ignoring("['retentionInDays']", retention_in_days=30))
    assert stage.done() == set()
    stage.up(ignoring("['retentionInDays']"))
    assert stage.done() == set()
    assert retention() == 7
    # What was not there is not added either.
    stage.up(ignoring("['tags']", retention_in_days=7, tags={"Name": "logs"}))
    assert stage.done() == set()
    stage.up(ignoring("[]", retention_in_days=30, tags={"Name": "logs"}))
    assert stage.done() == {("update", "logs")}
    assert retention() == 30


@pytest.mark.parametrize(
    "alias",
    [
        "pulumi.Alias(name='old')",
        "'urn:pulumi:dev::{project}::aws:cloudwatch/logGroup:LogGroup::old'",
    ],
)
def test_a_rename_is_refused_where_it_would_lose_what_there_is(stage: Stage, alias: str) -> None:
    named = alias.format(project=stage.folder.name)
    renamed = f'aws.cloudwatch.LogGroup("new", opts=pulumi.ResourceOptions(aliases=[{named}]))'
    stage.up('aws.cloudwatch.LogGroup("old")')
    for preview in (True, False):
        with pytest.raises(DeployFailed, match=r"LogGroup new: .* cannot rename old to it"):
            stage.up(renamed, preview=preview)
    assert [entry.name for entry in stage.state()] == ["old"]
    # Where there is nothing to lose an alias means nothing.
    stage.destroy()
    stage.up(renamed)
    assert stage.done() == {("create", "new")}
    stage.up()
    assert stage.done() == set()


PROTECTED = "opts=pulumi.ResourceOptions(protect=True)"


def test_what_is_protected_is_neither_deleted_nor_replaced(stage: Stage) -> None:
    others = 'aws.cloudwatch.LogGroup("logs")'
    stage.up(instance("protected", more=PROTECTED) + others)
    for preview in (True, False):
        with pytest.raises(DeployFailed, match="Instance database: protected, so nothing is"):
            stage.up("", preview=preview)
    with pytest.raises(DeployFailed, match="Instance database: protected"):
        stage.destroy()
    with pytest.raises(DeployFailed, match="it is protected, and a new username needs a new"):
        stage.up(instance("protected", username="root2", more=PROTECTED) + others)
    assert {entry.name for entry in stage.state()} == {"database", "logs"}
    assert stage.instances()["protected"]["MasterUsername"] == "admin"
    # It may change in place, and lose its protection.
    stage.up(instance("protected", instance_class="db.t3.small", more=PROTECTED) + others)
    assert stage.done() == {("update", "database")}
    stage.up(instance("protected", instance_class="db.t3.small") + others)
    assert stage.done() == set()
    stage.up("")
    assert stage.done() == {("delete", "database"), ("delete", "logs")}


def test_the_old_one_goes_first_when_the_program_says_so(stage: Stage) -> None:
    def program(path: str) -> str:
        policy = '{"Version": "2012-10-17", "Statement": []}'
        return (
            f'aws.iam.Role("role", path="{path}", assume_role_policy={policy!r}, '
            "opts=pulumi.ResourceOptions(delete_before_replace=True))"
        )

    stage.up(program("/a/"))
    name = stage.id("role")
    stage.up(program("/b/"))
    assert stage.done() == {("replace", "role")}
    assert stage.client("iam").get_role(RoleName=name)["Role"]["Path"] == "/b/"
    # The name was free, so that it is the same again.
    assert stage.id("role") == name
