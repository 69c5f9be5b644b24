"""What holds of every resource of every stack: where it belongs, what it is called."""

from __future__ import annotations

import re
from collections import Counter

from tests.recorder import Recording
from tests.stacks.recorded import accepts, resources, texts

ROOT = "aws-databases-dev"
SPEAKS_OF_ANOTHER = {
    ("aws:rds/instance:Instance", "replicateSourceDb"),
    # A dashboard shows every region.
    ("aws:cloudwatch/dashboard:Dashboard", "dashboardBody"),
    # Backups that lie in another region than what they are of.
    (
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "sourceDbInstanceArn",
    ),
    ("aws:backup/plan:Plan", "rules"),
    ("aws:backup/vault:Vault", "name"),
    ("aws:backup/vault:Vault", "tags"),
}
REGIONS = ("us-east-1", "us-west-2", "eu-west-1")


def test_every_resource_is_some_components_child(recording: Recording) -> None:
    components = {r.name for r in recording.resources if not r.custom}
    for resource in recording.resources:
        allowed = components if resource.custom else components | {ROOT}
        assert resource.parent in allowed, resource.name


def test_a_childs_name_begins_with_its_parents(recording: Recording) -> None:
    for resource in recording.resources:
        if resource.parent != ROOT:
            assert resource.name.startswith(f"{resource.parent}-"), resource.name


def test_no_two_resources_are_one(recording: Recording) -> None:
    assert [urn for urn, n in Counter(r.urn for r in recording.resources).items() if n > 1] == []
    names = Counter((r.type, r.name) for r in recording.resources)
    assert [name for name, n in names.items() if n > 1] == []


def test_a_component_has_our_token(recording: Recording) -> None:
    for resource in recording.resources:
        if not resource.custom:
            assert re.fullmatch(r"aws-databases:index:[A-Z]\w+", resource.type), resource.name


def test_whatever_stands_in_a_region_says_in_which(recording: Recording) -> None:
    for resource in resources(recording):
        if "region" in accepts(resource.type):
            assert resource.inputs.get("region") in REGIONS, resource.name


def test_nothing_refers_to_another_region_but_what_copies_from_it(recording: Recording) -> None:
    for resource in resources(recording):
        own = resource.inputs.get("region")
        for key, value in resource.inputs.items():
            if own is None or (resource.type, key) in SPEAKS_OF_ANOTHER:
                continue
            named = {r for text in texts(value) for r in REGIONS if r in text}
            assert named <= {own}, f"{resource.name}.{key}"


def test_whatever_can_have_tags_has_ours(recording: Recording) -> None:
    for resource in resources(recording):
        if "tags" in accepts(resource.type):
            tags = resource.inputs.get("tags", {})
            assert {"Project": "aws-databases", "Stack": "dev"}.items() <= tags.items()
            assert tags["Name"], resource.name


def test_groups_are_not_named(recording: Recording) -> None:
    # A group with a name is deleted before it is made anew, and that while it is in use.
    for resource in resources(recording):
        if re.search(r"(subnet|[pP]arameter)Group:", resource.type):
            assert "name" not in resource.inputs, resource.name
