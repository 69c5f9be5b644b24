"""Systems Manager: AWS's public parameters, and sessions with EC2 instances.

Nothing is handed to moto, whose memory of this service cannot be kept over a SIGKILL. No machine
runs behind an instance: a session that forwards a port leads to the local cloud's own databases,
and nobody is at the other end of one with a shell.
"""

from __future__ import annotations

import re
import secrets
from functools import cache
from typing import Any

from moto.utilities.utils import load_resource

from localcloud.api import Answer, ApiError, Call, Operations, now
from localcloud.moto_ec2 import ec2_backends
from localcloud.servers.facts import Address
from localcloud.services.context import moment
from localcloud.sessions import MOST, PATH, Sessions, Target
from localcloud.site import ACCOUNT_ID

FORWARDING_TO_INSTANCE = "AWS-StartPortForwardingSession"
FORWARDING = "AWS-StartPortForwardingSessionToRemoteHost"
_DOCUMENTS: dict[str, frozenset[str]] = {
    "SSM-SessionManagerRunShell": frozenset(),
    FORWARDING_TO_INSTANCE: frozenset({"portNumber", "localPortNumber"}),
    FORWARDING: frozenset({"host", "portNumber", "localPortNumber"}),
}
"""Each with the parameters that it has."""
_PORT = re.compile(r"\d{1,5}\Z")
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}\Z")


def register(operations: Operations, sessions: Sessions, channels: Address) -> None:
    """Answer what a client host and those who use it need; ``channels`` is where sessions go on."""
    operations.closed.add("ssm")
    operations.handle("ssm", "GetParameter", _get_parameter)
    own = _Operations(sessions, channels)
    operations.handle("ssm", "StartSession", own.start)
    operations.handle("ssm", "ResumeSession", own.resume)
    operations.handle("ssm", "TerminateSession", own.terminate)
    operations.handle("ssm", "DescribeSessions", own.describe)


@cache
def _public(region: str) -> dict[str, dict[str, Any]]:
    try:
        found = load_resource(f"ssm/resources/ami-amazon-linux-latest/{region}.json")
    except FileNotFoundError:
        found = []
    return {each["Name"]: each for each in found}


def _get_parameter(call: Call) -> Answer:
    name = str(call.params["Name"])
    found = _public(call.region).get(name)
    if found is None:
        raise ApiError("ParameterNotFound", f"Parameter {name} not found.")
    return {
        "Parameter": {
            "Name": name,
            "Type": found["Type"],
            "Value": found["Value"],
            "Version": found["Version"],
            "LastModifiedDate": found["LastModifiedDate"],
            "ARN": f"arn:aws:ssm:{call.region}::parameter{name}",
            "DataType": found["DataType"],
        }
    }


class _Operations:
    """Sessions as the API shows them."""

    def __init__(self, sessions: Sessions, channels: Address) -> None:
        self._sessions = sessions
        self._channels = channels

    def start(self, call: Call) -> Answer:
        instance = str(call.params["Target"])
        document = str(call.params.get("DocumentName") or "SSM-SessionManagerRunShell")
        parameters = call.params.get("Parameters") or {}
        _check_document(document, parameters)
        if not _takes_sessions(call.region, instance):
            raise ApiError("TargetNotConnected", f"{instance} is not connected.")
        session = f"somebody-{secrets.token_hex(9)[:17]}"
        facts = {
            "SessionId": session,
            "Target": instance,
            "Status": "Connected",
            "StartDate": now(),
            "DocumentName": document,
            "Owner": f"arn:aws:iam::{ACCOUNT_ID}:user/somebody",
        }
        given = {name: str(value) for name, (value,) in parameters.items()}
        # The defaults are the documents' own.
        given = {"portNumber": "80", "localPortNumber": "0", **given}
        properties = {"type": "LocalPortForwarding", **given}
        target = _target(call.region, document, given)
        token = self._sessions.start(call.region, session, facts, target, properties)
        if token is None:
            raise ApiError("ThrottlingException", f"There are {MOST} sessions; end some of them.")
        return self._answer(session, token)

    def resume(self, call: Call) -> Answer:
        session = str(call.params["SessionId"])
        token = self._sessions.resume(call.region, session)
        if token is not None:
            return self._answer(session, token)
        if self._sessions.has_ended(call.region, session):
            # A client takes an answer without a token for the end of its session.
            return {"SessionId": session}
        raise ApiError("DoesNotExistException", f"Session {session} does not exist.")

    def terminate(self, call: Call) -> Answer:
        session = str(call.params["SessionId"])
        # AWS, too, answers with the id of one that has ended.
        self._sessions.end(call.region, session)
        return {"SessionId": session}

    def describe(self, call: Call) -> Answer:
        if call.params["State"] != "Active":
            return {"Sessions": []}
        found = self._sessions.facts_in(call.region)
        return {"Sessions": [{**each, "StartDate": moment(each["StartDate"])} for each in found]}

    def _answer(self, session: str, token: str) -> Answer:
        url = f"ws://{self._channels}{PATH}{session}?role=publish_subscribe"
        return {"SessionId": session, "TokenValue": token, "StreamUrl": url}


def _target(region: str, document: str, given: dict[str, str]) -> Target | None:
    if document not in (FORWARDING, FORWARDING_TO_INSTANCE):
        return None
    return Target(region, given.get("host", ""), int(given["portNumber"]))


def _check_document(document: str, parameters: dict[str, list[str]]) -> None:
    known = _DOCUMENTS.get(document)
    if known is None:
        raise ApiError("InvalidDocument", f"Document with name {document} does not exist.")
    for name, values in parameters.items():
        pattern = _HOST if name == "host" else _PORT
        if name not in known:
            raise ApiError("InvalidParameters", f"Parameter {name} is not defined in {document}.")
        if len(values) != 1 or not pattern.match(values[0]):
            raise ApiError("InvalidParameters", f"Parameter {name} has the values {values}.")
    if document == FORWARDING and not {"host", "portNumber"} <= parameters.keys():
        raise ApiError("InvalidParameters", f"{document} needs host and portNumber.")


def _takes_sessions(region: str, target: str) -> bool:
    """Whether the instance runs and has a role: its agent would have registered."""
    backend = ec2_backends[ACCOUNT_ID][region]
    found = backend.get_instance_by_id(target)
    if found is None or found.state != "running":
        return False
    held = backend.iam_instance_profile_associations.values()
    return any(each.instance.id == target for each in held)
