"""The recorder records what there is, and answers nothing that nobody declared."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from tests.recorder import SECRET, UNKNOWN, Recording, Undeclared, record


def a_queue() -> None:
    aws.sqs.Queue("queue", region="us-east-1")


def a_call() -> None:
    aws.get_region()


def a_call_for_an_output() -> None:
    pulumi.export("account", aws.get_region_output().region)


@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize(
    ("program", "what"),
    [
        (a_queue, r"type aws:sqs/queue:Queue of queue; add it to tests/recorder\.py"),
        (a_call, "call aws:index/getRegion:getRegion; add it"),
        (a_call_for_an_output, "call aws:index/getRegion:getRegion; add it"),
    ],
)
def test_what_nobody_declared_is_an_error(
    program: Callable[[], None], what: str, preview: bool
) -> None:
    with pytest.raises(Undeclared, match=what):
        record(program, preview=preview)


def a_secret() -> None:
    password = random.RandomPassword("password", length=20)
    aws.secretsmanager.SecretVersion(
        "version",
        region="us-east-1",
        secret_id="arn:a",
        secret_string=pulumi.Output.json_dumps({"deep": [password.result]}),
    )
    aws.ec2.SecurityGroup("group", tags={"of": password.result})
    pulumi.export("told", password.result)
    pulumi.export("plain", "plain")


def test_a_secret_is_recorded_as_one() -> None:
    recording = record(a_secret)
    assert recording.named("version").inputs == {
        "region": "us-east-1",
        "secretId": "arn:a",
        "secretString": SECRET,
    }
    # Inside of a value it makes the whole of it secret.
    assert recording.named("group").inputs["tags"] == SECRET
    assert recording.outputs == {"told": SECRET, "plain": "plain"}
    assert recording.secret_inputs == {
        ("version", "secretString"): '{"deep": ["password-of-password"]}',
        ("group", "tags"): {"of": "password-of-password"},
    }


def test_a_secret_is_one_before_it_is_known() -> None:
    recording = record(a_secret, preview=True)
    assert recording.named("version").inputs["secretString"] == SECRET


def test_a_preview_does_not_know_what_only_aws_can_tell() -> None:
    def program() -> None:
        group = aws.ec2.SecurityGroup("group", region="us-east-1", description="Ours")
        pulumi.export("id", group.id)
        pulumi.export("name", group.name)
        pulumi.export("description", group.description)

    assert record(program).outputs == {
        "id": "group-id",
        "name": "group-1a2b3c4",
        "description": "Ours",
    }
    assert record(program, preview=True).outputs == {
        "id": UNKNOWN,
        "name": UNKNOWN,
        "description": "Ours",
    }


def test_a_resource_made_inside_apply_is_missing_from_the_preview() -> None:
    def program() -> None:
        first = aws.ec2.SecurityGroup("first")
        first.name.apply(lambda name: aws.ec2.SecurityGroup("second", description=name))

    assert [r.name for r in record(program).resources] == ["first", "second"]
    assert [r.name for r in record(program, preview=True).resources] == ["first"]


class Parent(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Parent", name)
        inner = pulumi.ComponentResource(
            "test:index:Inner", f"{name}-inner", opts=pulumi.ResourceOptions(parent=self)
        )
        aws.ec2.SecurityGroup(f"{name}-deep", opts=pulumi.ResourceOptions(parent=inner))
        self.register_outputs({"size": 2, "parts": ["a"]})


def test_what_is_below_a_component_and_what_it_registers() -> None:
    def program() -> None:
        Parent("one")
        Parent("two")

    recording = record(program)
    assert recording.below("one") == {
        "one-inner": "test:index:Inner",
        "one-deep": "aws:ec2/securityGroup:SecurityGroup",
    }
    assert recording.registered["two"] == {"size": 2, "parts": ["a"]}
    deep = recording.named("one-deep")
    assert deep.parent == "one-inner"
    assert deep.urn.endswith("::test:index:Inner$aws:ec2/securityGroup:SecurityGroup::one-deep")


def test_numbers_are_what_the_program_wrote() -> None:
    def program() -> None:
        aws.cloudwatch.LogGroup("logs", retention_in_days=30)
        pulumi.export("half", 0.5)

    recording = record(program)
    days = recording.named("logs").inputs["retentionInDays"]
    assert days == 30
    assert isinstance(days, int)
    assert recording.outputs == {"half": 0.5}


def test_the_programs_own_exception_comes_out_with_what_was_recorded() -> None:
    def program() -> None:
        aws.ec2.SecurityGroup("group")
        raise LookupError("nothing there")

    into = Recording()
    with pytest.raises(LookupError, match="nothing there"):
        record(program, into=into)
    assert [r.name for r in into.resources] == ["group"]


def test_one_recording_knows_nothing_of_the_one_before() -> None:
    def program() -> None:
        pulumi.export("value", pulumi.Config("aws-databases").get("value"))

    assert record(program, {"aws-databases:value": "first"}).outputs == {"value": "first"}
    # Pulumi leaves out what is None.
    assert record(program).outputs == {}


def test_what_a_resource_had_once_it_was_made() -> None:
    def program() -> None:
        aws.ec2.SecurityGroup("door")

    recording = record(program)
    made = recording.made[recording.named("door").urn]
    assert (made["id"], made["name"]) == ("door-id", "door-1a2b3c4")
