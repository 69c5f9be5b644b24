"""AWS's session-manager-plugin, run as the AWS CLI runs it, until it listens and until it is told
to end.

Its arguments are those of the CLI: the name of the variable with StartSession's answer, the
region, the operation, the profile, the request as JSON, the service's endpoint.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from verify.deadline import Deadline
from verify.errors import NoWay

NAME = "session-manager-plugin"
HELP = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
    "session-manager-working-with-install-plugin.html"
)
LOOPBACK = "127.0.0.1"
"""Where it listens: at localhost, of whose addresses Go takes that of IPv4."""
_VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
_TOKEN_AS_ARGUMENT = (1, 2, 497, 0)
"""The last version that has to be given the session's token where every user can read it."""
_OTHER_CREDENTIALS = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
_LISTENS = re.compile(r"Port (\d+) opened for sessionId")
_VERSION = re.compile(r"\d+(?:\.\d+){1,3}")
_ENDS_WITHIN_S = 5.0


@dataclass(frozen=True)
class Plugin:
    """The program, of a version that we can use."""

    path: str

    @classmethod
    def found(cls, deadline: Deadline) -> Plugin:
        """The one in PATH; `NoWay` when there is none, or none of use."""
        path = shutil.which(NAME)
        if path is None:
            raise NoWay(f"{NAME} is not in PATH; install it: {HELP}")
        try:
            asked = subprocess.run(
                [path, "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=deadline.wait(),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoWay(f"{path} does not run: {error}") from error
        found = _VERSION.search(asked.stdout + asked.stderr)
        version = tuple(map(int, found[0].split("."))) if found else ()
        if version <= _TOKEN_AS_ARGUMENT:
            raise NoWay(
                f"{path} is {found[0] if found else 'of no known version'}, which shows the "
                f"session's token to every user of this machine; update it: {HELP}"
            )
        return cls(path)

    def start(
        self,
        request: Mapping[str, Any],
        answer: Mapping[str, str],
        region: str,
        endpoint: str,
        keys: Mapping[str, str],
    ) -> PluginProcess:
        """Hand a started session to the plugin; `NoWay` when it cannot be run.

        ``keys`` are variables of the environment with the credentials that started the session,
        empty where those are the environment's own. Without any the plugin asks for an instance's
        for some seconds, and cannot resume a session.
        """
        # A profile would go before keys.
        profile = "" if keys else os.environ.get("AWS_PROFILE", "")
        command = [
            self.path, _VARIABLE, region, "StartSession", profile, json.dumps(request), endpoint
        ]  # fmt: skip
        environment = {**os.environ, _VARIABLE: json.dumps(answer), **keys}
        for name in _OTHER_CREDENTIALS if keys else ():
            environment.pop(name, None)
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                # Ctrl-C is ours: we end the sessions, and it with them.
                start_new_session=True,
            )
        except OSError as error:
            raise NoWay(f"{self.path} does not run: {error.strerror}") from error
        return PluginProcess(process, urlsplit(answer["StreamUrl"]).netloc)


class PluginProcess:
    """One session's process. It listens at one port of the loopback address."""

    def __init__(self, process: subprocess.Popen[str], channel: str) -> None:
        self._process = process
        self._channel = channel
        self._said: deque[str] = deque(maxlen=20)
        self._port: int | None = None
        self._told = threading.Event()
        # Until its end, or what it says would fill the pipe and stop it.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                if line.strip():
                    self._said.append(line.strip())
                found = _LISTENS.search(line)
                if found is not None and self._port is None:
                    self._port = int(found[1])
                    self._told.set()
        self._told.set()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def port(self, deadline: Deadline) -> int:
        """The port it listens at, once it does; `NoWay` when it ends first, or takes too long."""
        seconds = deadline.wait()
        self._told.wait(seconds)
        if self._port is not None:
            return self._port
        said = self._said[-1] if self._said else "it said nothing"
        if self._told.is_set():
            raise NoWay(f"{NAME} ended: {said}")
        raise NoWay(
            f"{NAME} opened no port within {seconds:.0f} s: {said}; when it cannot reach the "
            f"session's data channel at {self._channel} it says no more than that"
        )

    def tell_to_end(self) -> None:
        """It ends its session, closes its connections and goes."""
        if self.alive:
            # It knows SIGINT, SIGQUIT and SIGTSTP. SIGTERM would end the process and nothing else:
            # the session goes on, and a socket of the plugin's stays in the folder for such files.
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Return when it is gone, by force if it does not go."""
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_ENDS_WITHIN_S)
        self._reader.join(_ENDS_WITHIN_S)
