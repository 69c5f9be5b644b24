"""One memcached server: its certificate, its process, whether it answers."""

from __future__ import annotations

import logging
import shutil
import ssl
import time
from collections.abc import Mapping
from pathlib import Path

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheError

from localcloud.errors import ServerFailed
from localcloud.launch import Launch, tail
from localcloud.programs import program
from localcloud.servers.facts import Address
from localcloud.servers.machine import Machine, own, service_user

log = logging.getLogger(__name__)

PORT = 11211
READY_S = 10.0
_ANSWER_S = 2.0
_POLL_S = 0.005
_MEMORY_MB = 64
"""Whatever the class: a cache that is looked at, not filled."""
_FLAGS = {
    "backlog_queue_limit": "-b",
    "chunk_size": "-n",
    "chunk_size_growth_factor": "-f",
    "max_item_size": "-I",
    "max_simultaneous_connections": "-c",
}
_SWITCHES = {"cas_disabled": "-C", "disable_flush_all": "-F", "error_on_memory_exhausted": "-M"}
_OPTIONS = ("idle_timeout", "slab_automove", "slab_chunk_max")


class Memcached:
    """A server at ``host``. It keeps nothing: whenever it starts, it is empty."""

    def __init__(self, machine: Machine, name: str, host: str) -> None:
        self._machine = machine
        self.name = f"memcached.{name}"
        self.address = Address(host, PORT)
        self._folder = machine.folder(self.name)
        self._user = service_user("memcache")

    @property
    def alive(self) -> bool:
        return self._machine.supervisor.running(self.name) is not None

    def start(self, tls: bool, parameters: Mapping[str, str]) -> None:
        """Start the server and wait until it answers.

        Raises `ServerFailed` with the end of its log, `MissingPackage`.
        """
        # Its pid file is of no use to us, but by the path we know our own processes.
        run = self._folder / "run"
        run.mkdir(parents=True, exist_ok=True)
        own(run, self._user)
        output = self._folder / "memcached.log"
        argv = [
            program("memcached"),
            *("-l", self.address.host, "-p", str(PORT), "-U", "0"),
            *("-m", str(_MEMORY_MB), "-P", str(run / "memcached.pid")),
            *_arguments(parameters),
            *(self._secured() if tls else ()),
        ]
        self._machine.supervisor.start(Launch(self.name, tuple(argv), output, self._user))
        end = time.monotonic() + READY_S
        while not self.answers(tls):
            if not self.alive or time.monotonic() > end:
                raise ServerFailed(
                    f"{self.name} did not start; the end of {output}:\n{tail(output)}"
                )
            time.sleep(_POLL_S)

    def _secured(self) -> list[str]:
        files = self._machine.authority.issue(self._folder / "tls", [self.address.host])
        own(files.key, self._user)
        return ["-Z", "-o", f"ssl_chain_cert={files.certificate},ssl_key={files.key}"]

    @property
    def ca(self) -> Path:
        """Who signed its certificate."""
        return self._machine.authority.ca

    def answers(self, tls: bool) -> bool:
        """Whether it tells its version, over TLS with its certificate checked if ``tls``."""
        context = None
        if tls:
            context = ssl.create_default_context(cafile=str(self.ca))
        where = (self.address.host, self.address.port)
        client = Client(where, connect_timeout=_ANSWER_S, timeout=_ANSWER_S, tls_context=context)
        try:
            client.version()
        except (MemcacheError, OSError):
            return False
        finally:
            client.close()
        return True

    def kill(self) -> None:
        """There is nothing to save: it need not be asked."""
        self._machine.supervisor.stop(self.name, kill=True)

    def remove(self) -> None:
        """Stop it and delete its files. Its address is the caller's to release."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _arguments(parameters: Mapping[str, str]) -> list[str]:
    passed: list[str] = []
    for name, value in sorted(parameters.items()):
        if name in _FLAGS:
            passed += [_FLAGS[name], value]
        elif name in _SWITCHES:
            passed += [_SWITCHES[name]] if value == "1" else []
        elif name in _OPTIONS:
            passed += ["-o", f"{name}={value}"]
        else:
            log.debug("parameter %s is not passed on", name)
    return passed
