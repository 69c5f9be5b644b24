"""The way through the client host: a port-forwarding session for each address of a database.

A session is opened when somebody first connects there: also to a node that only a cluster's own
answer names. All are closed at the end, whatever the end is.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import ClientError

from contract import ClientHost, Database
from verify.aws import Cloud
from verify.deadline import Deadline
from verify.endpoints import regions_of
from verify.errors import NoWay, StepFailed, VerifyError
from verify.reach import Address, by
from verify.session_plugin import LOOPBACK, Plugin, PluginProcess

DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"


class Forwarding:
    """One session, and the process that listens for it here."""

    def __init__(
        self, cloud: Cloud, host: ClientHost, session: str, process: PluginProcess
    ) -> None:
        self._cloud, self._host = cloud, host
        self._session, self._process = session, process

    @property
    def alive(self) -> bool:
        return self._process.alive

    def near(self, deadline: Deadline) -> Address:
        """Where to connect here, once somebody listens; `NoWay` when nobody does."""
        return LOOPBACK, self._process.port(deadline)

    def tell_to_end(self) -> None:
        self._process.tell_to_end()

    def close(self) -> None:
        """End the process, and the session where that has not ended it: it may have been killed."""
        self._process.end()
        # Who may start a session need not be allowed this; AWS ends idle ones by itself.
        with suppress(VerifyError):
            self._cloud.ask("ssm", self._host.region, "terminate_session", SessionId=self._session)


class ThroughClientHosts:
    """A `Way`: one session an address, each through the client host of its region."""

    def __init__(
        self,
        hosts: Mapping[str, ClientHost],
        databases: Mapping[str, Database],
        cloud: Cloud,
        plugin: Plugin,
        wait_s: float,
    ) -> None:
        self._hosts, self._cloud, self._plugin, self._wait_s = hosts, cloud, plugin, wait_s
        self._regions = regions_of(databases)
        self._open: dict[Address, Forwarding] = {}
        self._lock = threading.RLock()
        self._closed = False
        self.home = ""

    def address(self, host: str, port: int) -> Address:
        """The near end of the session to ``host:port``, which is opened for the first to ask."""
        if host == LOOPBACK:
            # Somebody in the middle, on this very machine.
            return host, port
        with self._lock:
            known = self._open.get((host, port))
            if known is not None and not known.alive:
                known.close()
                known = None
            deadline = Deadline(self._wait_s)
            if known is None:
                known = self._open[host, port] = self._start(host, port)
            return known.near(deadline)

    def _start(self, host: str, port: int) -> Forwarding:
        if self._closed:
            raise NoWay("the sessions with the client host are closed")
        region = self._regions.get((host, port), self.home)
        through = host_in(self._hosts, region)
        request = {
            "Target": through.instance,
            "DocumentName": DOCUMENT,
            "Parameters": {
                "host": [host],
                "portNumber": [str(port)],
                # Any that is free; the plugin says which.
                "localPortNumber": ["0"],
            },
        }
        answer = self._ask(through, request)
        session = {key: str(answer[key]) for key in ("SessionId", "TokenValue", "StreamUrl")}
        endpoint = str(self._cloud.client("ssm", region).meta.endpoint_url)
        try:
            process = self._plugin.start(request, session, region, endpoint, self._cloud.keys)
        except BaseException:
            with suppress(VerifyError):
                self._cloud.ask("ssm", region, "terminate_session", SessionId=session["SessionId"])
            raise
        return Forwarding(self._cloud, through, session["SessionId"], process)

    def _ask(self, through: ClientHost, request: Mapping[str, Any]) -> Any:
        try:
            return self._cloud.ask("ssm", through.region, "start_session", **request)
        except StepFailed as refused:
            raise NoWay(_why(through, refused)) from refused

    def close(self) -> None:
        """End every session; whoever connects from now on is told so."""
        with self._lock:
            self._closed = True
            found = list(self._open.values())
            self._open.clear()
        # All at once, and then each.
        for each in found:
            each.tell_to_end()
        for each in found:
            each.close()


def _why(through: ClientHost, refused: StepFailed) -> str:
    error = refused.__cause__
    facts = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    match facts.get("Code"):
        case "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation":
            return (
                f"no session with the client host {through.instance}: you may not call "
                f"ssm:StartSession on it and on the document {DOCUMENT}; AWS says: "
                f"{facts.get('Message', 'nothing')}"
            )
        case "TargetNotConnected":
            return (
                f"the client host {through.instance} in {through.region} is not connected to "
                "Systems Manager: it takes 1 to 3 minutes after its start, and then it is stopped, "
                "has no way out of its VPC, or lost its instance profile"
            )
    return f"no session with the client host {through.instance}: {refused}"


def host_in(hosts: Mapping[str, ClientHost], region: str) -> ClientHost:
    """The client host of a region; `NoWay` where there is none."""
    found = hosts.get(region)
    if found is None:
        here = f" in {region}; it has one in {', '.join(hosts)}" if hosts else ""
        raise NoWay(
            f"the stack has no client host{here}: add aws-databases:client_host to its config "
            "(class: t4g.nano, address: public) and deploy it"
        )
    return found


@contextmanager
def through_client_hosts(
    hosts: Mapping[str, ClientHost],
    databases: Mapping[str, Database],
    names: Sequence[str],
    cloud: Cloud,
    wait_s: float,
) -> Iterator[ThroughClientHosts]:
    """Every connection to a database inside goes through a client host.

    ``names`` are the databases that somebody will connect to: a session with the host of each of
    their regions is opened first, so that what is missing is said before anything else. Raises
    `NoWay`, or `CannotRun` where AWS cannot be asked.
    """
    regions = {databases[name].region: name for name in reversed(names)}
    for region in regions:
        host_in(hosts, region)
    plugin = Plugin.found(Deadline(wait_s))
    way = ThroughClientHosts(hosts, databases, cloud, plugin, wait_s)
    with _terminated_as_interrupted():
        try:
            for name in regions.values():
                for endpoint in databases[name].endpoints[:1]:
                    way.address(endpoint.host, endpoint.port)
            with by(way):
                yield way
        finally:
            way.close()


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """A polite end of this process, too, ends what it has started."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
