"""Systems Manager at the endpoint: public parameters, and sessions as its API shows them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.front_fixtures import endpoint, refusal, site
from tests.localcloud.front_site import Endpoint

__all__ = ["endpoint", "site"]
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
FORWARDING = "AWS-StartPortForwardingSessionToRemoteHost"
WHERE = {"host": ["db.example"], "portNumber": ["3306"], "localPortNumber": ["0"]}


def instance(endpoint: Endpoint, *, profile: bool = True) -> str:
    iam, ec2 = endpoint.client("iam"), endpoint.client("ec2")
    held: dict[str, Any] = {}
    if profile:
        iam.create_instance_profile(InstanceProfileName="host")
        held = {"IamInstanceProfile": {"Name": "host"}}
    made = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, **held)
    return str(made["Instances"][0]["InstanceId"])


def active(endpoint: Endpoint, region: str = "us-east-1") -> list[str]:
    found = endpoint.client("ssm", region).describe_sessions(State="Active")["Sessions"]
    return [each["SessionId"] for each in found]


def test_the_newest_image_of_amazon_linux(endpoint: Endpoint) -> None:
    found = endpoint.client("ssm").get_parameter(Name=IMAGE)["Parameter"]
    assert found["Value"].startswith("ami-")
    assert found["ARN"] == f"arn:aws:ssm:us-east-1::parameter{IMAGE}"
    ssm = endpoint.client("ssm")
    assert refusal(ssm.get_parameter, Name="/mine") == "ParameterNotFound"


def test_a_call_of_this_service_leaves_the_endpoint_s_memory_in_order(endpoint: Endpoint) -> None:
    # moto's own backend of it cannot be saved: every later change would have failed.
    endpoint.client("ssm").get_parameter(Name=IMAGE)
    endpoint.client("sns").create_topic(Name="after")
    refused = refusal(endpoint.client("ssm").put_parameter, Name="a", Value="b", Type="String")
    assert refused == "InvalidAction"
    endpoint.client("sns").create_topic(Name="after-that")


def test_a_session_is_open_until_it_is_ended(endpoint: Endpoint) -> None:
    ssm, target = endpoint.client("ssm"), instance(endpoint)
    one, two = (
        ssm.start_session(Target=target, DocumentName=FORWARDING, Parameters=WHERE)
        for _ in range(2)
    )
    assert one["SessionId"] != two["SessionId"]
    assert one["StreamUrl"].startswith("ws://127.")
    assert len(one["TokenValue"]) >= 32
    assert active(endpoint) == [one["SessionId"], two["SessionId"]]
    assert active(endpoint, "us-west-2") == []
    for _ in range(2):
        ended = ssm.terminate_session(SessionId=one["SessionId"])
        assert ended["SessionId"] == one["SessionId"]
    assert active(endpoint) == [two["SessionId"]]


def test_a_session_is_resumed_while_it_is_open(endpoint: Endpoint) -> None:
    ssm, target = endpoint.client("ssm"), instance(endpoint)
    made = ssm.start_session(Target=target, DocumentName=FORWARDING, Parameters=WHERE)
    again = ssm.resume_session(SessionId=made["SessionId"])
    assert (again["SessionId"], again["StreamUrl"]) == (made["SessionId"], made["StreamUrl"])
    assert again["TokenValue"] != made["TokenValue"]
    ssm.terminate_session(SessionId=made["SessionId"])
    # So a client learns that it has ended.
    assert "TokenValue" not in ssm.resume_session(SessionId=made["SessionId"])
    refused = refusal(ssm.resume_session, SessionId="somebody-else")
    assert refused == "DoesNotExistException"


def test_only_a_running_instance_with_a_role_takes_sessions(endpoint: Endpoint) -> None:
    ssm, ec2 = endpoint.client("ssm"), endpoint.client("ec2")
    without, host = instance(endpoint, profile=False), instance(endpoint)
    for target in (without, "i-0123456789abcdef0"):
        assert refusal(ssm.start_session, Target=target) == "TargetNotConnected"
    ssm.start_session(Target=host)
    ec2.stop_instances(InstanceIds=[host])
    assert refusal(ssm.start_session, Target=host) == "TargetNotConnected"


@pytest.mark.parametrize(
    ("document", "parameters", "code"),
    [
        ("AWS-StartTeleport", {}, "InvalidDocument"),
        (FORWARDING, {}, "InvalidParameters"),
        (FORWARDING, {"host": ["db"]}, "InvalidParameters"),
        (FORWARDING, {**WHERE, "portNumber": ["mysql"]}, "InvalidParameters"),
        (FORWARDING, {**WHERE, "host": ["db; reboot"]}, "InvalidParameters"),
        (FORWARDING, {**WHERE, "command": ["ls"]}, "InvalidParameters"),
    ],
)
def test_what_the_document_does_not_take(
    endpoint: Endpoint, document: str, parameters: dict[str, list[str]], code: str
) -> None:
    ssm, target = endpoint.client("ssm"), instance(endpoint)
    refused = refusal(
        ssm.start_session, Target=target, DocumentName=document, Parameters=parameters
    )
    assert refused == code
