from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.tags import tags
from tests.recorder import record


def test_a_resource_says_where_it_comes_from() -> None:
    def program() -> None:
        aws.ec2.SecurityGroup("door", region="us-east-1", tags=tags("front door"))
        pulumi.export("project", pulumi.get_project())

    recording = record(program)
    assert recording.named("door").inputs["tags"] == {
        "Name": "front door",
        "Project": "aws-databases",
        "Stack": "dev",
    }
