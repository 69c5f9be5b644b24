"""The AWS endpoint: whole operations in, our handlers or moto behind, whole answers out.

A request is parsed into a plain dict by botocore's service model, answered by one of our
handlers or handed on to moto's application, and serialised again by the same model. So
boto3, the AWS CLI and Pulumi all meet one state, in the real API's shapes and errors.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import Any, Protocol

from botocore.model import OperationModel, OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from localcloud.api import ApiError, Call, HandOn, Operations, Stopwatch
from localcloud.errors import LocalCloudError
from localcloud.rest import operation_of
from localcloud.state import MotoState
from localcloud.trail import Trail

log = logging.getLogger(__name__)

# moto wonders about codes that no service model lists; InvalidAction and its like are common.
warnings.filterwarnings("ignore", message=".* does not match an error shape")

_CREDENTIAL = re.compile(r"Credential=[^/]*/\d+/([^/]+)/([^/]+)/aws4_request")
_SIGNING_NAMES = {"monitoring": "cloudwatch"}
_READS = ("Describe", "Download", "Filter", "Get", "List", "Head", "Lookup", "Search", "Simulate")
_READS_THAT_WRITE = {
    # moto makes the AWS managed keys when they are first looked at.
    ("kms", "DescribeKey"),
    ("kms", "ListAliases"),
    ("kms", "ListKeys"),
}

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Page = Callable[[], dict[str, Any]]


class Worker(Protocol):
    """A thread beside the requests."""

    def open(self) -> None: ...

    def close(self) -> None: ...


class Front:
    """The WSGI application. ``pages`` are our own GET paths (`/_localcloud/...`) as JSON."""

    def __init__(
        self,
        operations: Operations,
        state: MotoState,
        pages: dict[str, Page],
        trail: Trail,
        workers: Sequence[Worker] = (),
    ) -> None:
        self._operations = operations
        self._state = state
        self._pages = pages
        self._trail = trail
        self._workers = workers
        self._moto: Wsgi = DomainDispatcherApplication(create_backend_app)

    def open(self) -> None:
        """Begin the work that no request asks for."""
        for worker in self._workers:
            worker.open()

    def close(self) -> None:
        for worker in self._workers:
            worker.close()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path in self._pages:
            body = json.dumps(self._pages[request.path]())
            page: Wsgi = Response(body, mimetype="application/json")
            return page(environ, start_response)
        answer: Wsgi = self._answer(request)
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        signed = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        if signed is None:
            return Response(
                "This is an AWS endpoint; sign the request (`python -m localcloud env` prints "
                "the settings of a client).\n",
                status=403,
            )
        region, service = signed.group(1), signed.group(2)
        service = _SIGNING_NAMES.get(service, service)
        raw = request.get_data()
        name = request.form.get("Action") or request.args.get("Action")
        name = name or request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        labels: dict[str, str] = {}
        if not name and service in self._operations.closed:
            name, labels = operation_of(service, request.method, _path(request)) or ("", {})
        if not name:
            return self._forward(request, raw, service, request.method, request.method != "GET")
        watch = Stopwatch()
        named: dict[str, Any] = {}
        refused = None
        try:
            response = self._operate(request, raw, region, service, name, named, labels)
            refused = None if response.status_code < 400 else str(response.status_code)
        except ApiError as error:
            refused = error.code
            log.info("%s %s:%s refused: %s %s", region, service, name, error.code, error.message)
            response = self._refuse(request, service, name, error)
        if _changes(service, name):
            self._trail.note(region, service, name, named, refused)
        log.debug("%s %s:%s %d %.1f ms", region, service, name, response.status_code, watch.ms)
        return response

    def _operate(
        self,
        request: Request,
        raw: bytes,
        region: str,
        service: str,
        name: str,
        named: dict[str, Any],
        labels: dict[str, str],
    ) -> Response:
        key = (service, name)
        handler = self._operations.own.get(key)
        checks = self._operations.before.get(key, [])
        actions = self._operations.after.get(key, [])
        if handler is None and not checks and not actions:
            if service in self._operations.closed and key not in self._operations.lent:
                raise _not_served(service, name)
            return self._forward(request, raw, service, name, _changes(service, name))
        model = get_service_model(service)
        operation = model.operation_model(name)
        call = Call(service, name, region, _parse(request, raw, operation, labels))
        named |= call.params
        for check in checks:
            check(call)
        if handler is None:
            response = self._forward(request, raw, service, name, _changes(service, name))
            for action in actions if response.status_code < 400 else ():
                action(call)
            return response
        try:
            answer = handler(call)
        except ApiError:
            raise
        except HandOn:
            return self._forward(request, raw, service, name, _changes(service, name))
        except LocalCloudError as error:
            log.exception("%s %s:%s failed", region, service, name)
            raise ApiError("InternalFailure", f"{name}: {error}", 500) from error
        except Exception as error:
            log.exception("%s %s:%s: a defect of the local cloud", region, service, name)
            raise ApiError("InternalFailure", f"{name}: {error!r}; see daemon.log", 500) from error
        finally:
            # A handler that looked at a subnet may have made the region's default VPC.
            if self._state.grown:
                self._state.secure(self._state.ticket())
        return _serialize(request, operation, answer)

    def _forward(
        self, request: Request, raw: bytes, service: str, name: str, changes: bool
    ) -> Response:
        ticket = None
        with self._state.lock:
            try:
                response = Response.from_app(self._moto, _fresh_environ(request, raw))
            except (NotImplementedError, OperationNotFoundError) as error:
                raise _not_served(service, name) from error
            if (changes and response.status_code < 500) or self._state.grown:
                ticket = self._state.ticket()
        if ticket is not None:
            self._state.secure(ticket)
        return response

    def _refuse(self, request: Request, service: str, name: str, error: ApiError) -> Response:
        model = get_service_model(service)
        try:
            operation = model.operation_model(name)
        except OperationNotFoundError:
            operation = OperationModel({}, model, name)
        response = _serialize(request, operation, error)
        if error.status != 400:
            response.status_code = error.status
        return response


def _changes(service: str, name: str) -> bool:
    return not name.startswith(_READS) or (service, name) in _READS_THAT_WRITE


def _not_served(service: str, name: str) -> ApiError:
    return ApiError("InvalidAction", f"The local cloud does not serve {service}:{name}")


def _fresh_environ(request: Request, raw: bytes) -> dict[str, Any]:
    environ = {k: v for k, v in request.environ.items() if not k.startswith("werkzeug.")}
    environ["wsgi.input"] = BytesIO(raw)
    environ["CONTENT_LENGTH"] = str(len(raw))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


def _protocol(request: Request, operation: OperationModel) -> str:
    return str(determine_request_protocol(operation.service_model, request.content_type or ""))


def _path(request: Request) -> str:
    # As it was sent: an ARN in it has slashes and colons of its own.
    sent = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path
    return str(sent).partition("?")[0]


def _parse(
    request: Request, raw: bytes, operation: OperationModel, labels: dict[str, str]
) -> dict[str, Any]:
    parser = PROTOCOL_PARSERS[_protocol(request, operation)](operation)
    parsed = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": raw,
            "url_path": request.path,
            "url_params": labels,
        }
    )
    return dict(parsed)


def _serialize(request: Request, operation: OperationModel, answer: Any) -> Response:
    protocol = _protocol(request, operation)
    serializer = get_serializer_class(operation.service_model.service_name, protocol)
    result = serializer(operation_model=operation).serialize(answer)
    return Response(result["body"], status=result["status_code"], headers=result["headers"])
