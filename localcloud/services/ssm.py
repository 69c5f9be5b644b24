"""Systems Manager: AWS's public parameters, and sessions with EC2 instances.

Nothing is handed to moto, whose memory of this service cannot be kept over a SIGKILL. No machine
runs behind an instance: a session is started, listed and ended, and nobody is at its other end.
"""

from __future__ import annotations

import re
import secrets
import threading
from functools import cache
from typing import Any

from moto.utilities.utils import load_resource

from localcloud.api import Answer, ApiError, Call, Operations, now
from localcloud.moto_ec2 import ec2_backends
from localcloud.services.context import moment
from localcloud.site import ACCOUNT_ID, Site

FORWARDING = "AWS-StartPortForwardingSessionToRemoteHost"
_DOCUMENTS: dict[str, frozenset[str]] = {
    "SSM-SessionManagerRunShell": frozenset(),
    "AWS-StartPortForwardingSession": frozenset({"portNumber", "localPortNumber"}),
    FORWARDING: frozenset({"host", "portNumber", "localPortNumber"}),
}
"""Each with the parameters that it has."""
_PORT = re.compile(r"\d{1,5}\Z")
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}\Z")


def register(operations: Operations, site: Site) -> None:
    """Answer what a client host and those who use it need."""
    operations.closed.add("ssm")
    operations.handle("ssm", "GetParameter", _get_parameter)
    sessions = Sessions(site)
    operations.handle("ssm", "StartSession", sessions.start)
    operations.handle("ssm", "TerminateSession", sessions.terminate)
    operations.handle("ssm", "DescribeSessions", sessions.describe)


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


class Sessions:
    """Those that nobody has ended, by region and id. They end with the endpoint."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], dict[str, Any]] = {}

    def start(self, call: Call) -> Answer:
        target = str(call.params["Target"])
        document = str(call.params.get("DocumentName") or "SSM-SessionManagerRunShell")
        _check_document(document, call.params.get("Parameters") or {})
        if not _takes_sessions(call.region, target):
            raise ApiError("TargetNotConnected", f"{target} is not connected.")
        session = f"somebody-{secrets.token_hex(9)[:17]}"
        with self._lock:
            self._open[call.region, session] = {
                "SessionId": session,
                "Target": target,
                "Status": "Connected",
                "StartDate": now(),
                "DocumentName": document,
                "Owner": f"arn:aws:iam::{ACCOUNT_ID}:user/somebody",
            }
        where = f"{self._site.endpoint_host}:{self._site.endpoint_port}"
        return {
            "SessionId": session,
            "TokenValue": secrets.token_urlsafe(48),
            "StreamUrl": f"ws://{where}/v1/data-channel/{session}?role=publish_subscribe",
        }

    def terminate(self, call: Call) -> Answer:
        session = str(call.params["SessionId"])
        with self._lock:
            # AWS, too, answers with the id of one that has ended.
            self._open.pop((call.region, session), None)
        return {"SessionId": session}

    def describe(self, call: Call) -> Answer:
        if call.params["State"] != "Active":
            return {"Sessions": []}
        with self._lock:
            found = [each for (region, _), each in self._open.items() if region == call.region]
        shown = [{**each, "StartDate": moment(each["StartDate"])} for each in found]
        return {"Sessions": shown}


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
