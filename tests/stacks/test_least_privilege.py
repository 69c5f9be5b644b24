"""Every policy document of every stack: nobody may more, or to more, than what they are for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.recorder import Recording
from tests.stacks.recorded import of_type, recorded, resources

KEY, ROLE, ROLE_POLICY = "aws:kms/key:Key", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
DOCUMENTS = {
    KEY: "policy",
    ROLE: "assumeRolePolicy",
    ROLE_POLICY: "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
}
"""Where documents are, by type and property."""
IS_THE_KEY = {KEY}
"""Types whose ``*`` is the resource itself: a key's policy speaks of that key, and cannot name it
before it is there."""
NO_NARROWER = {
    # A channel of Session Manager is no resource (Service Authorization Reference, ssmmessages).
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    # Of the host whose role it is, which is not there before its role.
    "ssm:UpdateInstanceInformation",
}
"""Actions that are given for ``*``, as nothing narrower can be written down."""
ATTACHED = {
    # Only log groups and streams below RDSOSMetrics.
    "service-role/AmazonRDSEnhancedMonitoringRole",
    # DMS looks for these two roles by their names, and says which policies they have.
    "service-role/AmazonDMSVPCManagementRole",
    "service-role/AmazonDMSCloudWatchLogsRole",
    # Session Manager for the host it is attached to; its actions know no resource.
    "AmazonSSMManagedInstanceCore",
}
"""Policies of AWS's own that are attached, each because the service wants that one."""
_FIXED = re.compile(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:[^*].*")
"""An ARN with its service, region, account and the beginning of a name."""


@dataclass(frozen=True)
class Said:
    """One statement, and whose it is."""

    owner: str
    type: str
    statement: dict[str, Any]

    def many(self, key: str) -> list[str]:
        found = self.statement.get(key, [])
        return [found] if isinstance(found, str) else list(found)


def statements(recording: Recording, *types: str) -> Iterator[Said]:
    for resource in resources(recording):
        text = resource.inputs.get(DOCUMENTS.get(resource.type, ""))
        if isinstance(text, str) and (not types or resource.type in types):
            for each in json.loads(text)["Statement"]:
                yield Said(resource.name, resource.type, each)


def test_every_document_is_looked_at(recording: Recording) -> None:
    for resource in resources(recording):
        for key, value in resource.inputs.items():
            document = isinstance(value, str) and '"Statement"' in value
            assert not document or DOCUMENTS.get(resource.type) == key, f"{resource.name}.{key}"
    for found in of_type(recording, KEY):
        # Without one it has a document that nobody sees.
        assert "policy" in found.inputs, found.name


def test_no_role_may_do_something_to_everything(recording: Recording) -> None:
    for said in statements(recording, ROLE_POLICY):
        assert "NotResource" not in said.statement, said.owner
        assert "NotAction" not in said.statement, said.owner
        for resource in said.many("Resource"):
            if resource == "*":
                assert set(said.many("Action")) <= NO_NARROWER, said.owner
            else:
                assert _FIXED.fullmatch(resource), f"{said.owner}: {resource}"
        assert said.many("Resource"), said.owner


def test_no_role_may_do_everything_to_something(recording: Recording) -> None:
    for said in statements(recording, ROLE_POLICY):
        for action in said.many("Action"):
            assert re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action), f"{said.owner}: {action}"


def test_a_role_is_one_services_or_one_accounts(recording: Recording) -> None:
    for said in statements(recording, ROLE):
        (kind,) = said.statement["Principal"]
        assert kind in ("Service", "AWS"), said.owner
        assert "*" not in json.dumps(said.statement["Principal"]), said.owner


def test_what_is_attached_of_aws_s_own_policies(recording: Recording) -> None:
    for each in of_type(recording, "aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        name = each.inputs["policyArn"].partition(":policy/")[2]
        assert name in ATTACHED, f"{each.name}: say why {name} and not a policy of our own"


def test_a_keys_policy_lets_the_account_in_and_services_for_it(recording: Recording) -> None:
    for key in of_type(recording, KEY):
        account, *services = json.loads(key.inputs["policy"])["Statement"]
        assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}, key.name
        for each in services:
            assert list(each["Principal"]) == ["Service"], key.name
            # Otherwise a service would do for any account what it does for this one.
            assert each["Condition"], key.name
            assert "kms:*" not in each["Action"], key.name


def test_a_resources_own_policy_names_it_and_whom_it_is_for(recording: Recording) -> None:
    for said in statements(recording, *DOCUMENTS.keys() - {KEY, ROLE, ROLE_POLICY}):
        for resource in said.many("Resource"):
            assert _FIXED.fullmatch(resource), f"{said.owner}: {resource}"
        if said.statement["Effect"] == "Allow":
            assert list(said.statement["Principal"]) == ["Service"], said.owner
            assert said.statement["Condition"], said.owner


def test_in_what_is_deployed_for_production_only_keys_say_star() -> None:
    said = [each for each in statements(recorded("prod")) if "*" in each.many("Resource")]
    assert {each.type for each in said} == IS_THE_KEY
