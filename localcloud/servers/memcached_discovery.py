"""The configuration endpoint of a memcached cluster, a process of its own.

``config get cluster`` is ElastiCache's command, which memcached does not have: it is answered
here. Every other command goes to the first node that can be reached, as on AWS, where this
endpoint's name leads to a node. Text protocol only.

``python memcached_discovery.py FILE`` with a JSON file: ``host``, ``port``, ``tls`` (null, or
``certificate``, ``key`` and ``ca``), ``version`` and ``nodes`` (hosts). The last two are read
anew for each question, so that a resized cluster needs no restart. It uses nothing but the
standard library and starts in a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import sys
from pathlib import Path
from typing import Any

MOST_CLIENTS = 1024
LONGEST_LINE = 64 * 1024
"""A line can hold the keys of a long ``get``."""
_BINARY = b"\x80"
"""The first byte of the binary protocol, which has no lines: its client is sent away at once."""
_CHUNK = 64 * 1024
_IDLE_S = 3600.0
_CONNECT_S = 5.0
_ANSWER_S = 30.0
_BLOCK_AT = {
    b"set": 4, b"add": 4, b"replace": 4, b"append": 4, b"prepend": 4, b"cas": 4, b"ms": 2,
}  # fmt: skip
"""Commands that a block of data follows, and the word that is its length."""


class NoNode(Exception):
    """No node can be reached."""


class Discovery:
    """Answers for the cluster that ``file`` describes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._facts = self._read()
        self._clients = 0

    async def run(self) -> None:
        """Listen until the process ends."""
        tls = self._facts["tls"]
        secured: dict[str, Any] = {}
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls["certificate"], tls["key"])
            secured = {"ssl": context, "ssl_handshake_timeout": _CONNECT_S}
        server = await asyncio.start_server(
            self._meet,
            self._facts["host"],
            self._facts["port"],
            limit=LONGEST_LINE,
            backlog=MOST_CLIENTS,
            **secured,
        )
        async with server:
            await server.serve_forever()

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.read_text())
        return found

    def _configuration(self) -> bytes:
        facts = self._read()
        # Name, address and port; on AWS the name is one of DNS, here it is the address again.
        nodes = " ".join(f"{host}|{host}|{facts['port']}" for host in facts["nodes"])
        said = f"{facts['version']}\n{nodes}\n"
        return f"CONFIG cluster 0 {len(said)}\r\n{said}\r\nEND\r\n".encode()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            if self._clients > MOST_CLIENTS:
                writer.write(b"SERVER_ERROR too many connections\r\n")
            else:
                await self._serve(reader, writer)
            await _drain(writer)
        except (OSError, EOFError, TimeoutError):
            # Somebody has gone, or does not read, or has said nothing for an hour.
            writer.transport.abort()
        finally:
            self._clients -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node: Node | None = None
        try:
            while line := await _line(reader):
                match line.split():
                    case [b"config", b"get", b"cluster"]:
                        if node is not None:
                            await node.finish()
                            node = None
                        writer.write(self._configuration())
                    case [b"quit"]:
                        break
                    case words:
                        node = node or await self._open(writer)
                        await node.pass_on(line, words, reader)
                await _drain(writer)
            if node is not None:
                # What it asked before it took its leave is still to be answered.
                await node.finish()
        except NoNode:
            writer.write(b"SERVER_ERROR no node of the cluster can be reached\r\n")
        except asyncio.LimitOverrunError:
            writer.write(b"CLIENT_ERROR line too long\r\n")
        finally:
            if node is not None:
                node.close()

    async def _open(self, client: asyncio.StreamWriter) -> Node:
        facts = self._read()
        context = None
        if facts["tls"] is not None:
            context = ssl.create_default_context(cafile=facts["tls"]["ca"])
        for host in facts["nodes"]:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_S):
                    return Node(
                        *await asyncio.open_connection(host, facts["port"], ssl=context), client
                    )
        raise NoNode


class Node:
    """A connection to a node on behalf of one client, who gets all that the node says."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._client = client
        self._finishing = False
        self._answers = asyncio.create_task(self._copy())

    async def pass_on(self, line: bytes, words: list[bytes], source: asyncio.StreamReader) -> None:
        """Send a command, and the block of data that follows it."""
        self._writer.write(line)
        left = _block_length(words)
        while left > 0:
            async with asyncio.timeout(_IDLE_S):
                chunk = await source.read(min(left, _CHUNK))
            if not chunk:
                raise EOFError
            left -= len(chunk)
            self._writer.write(chunk)
            await _drain(self._writer)
        await _drain(self._writer)

    async def finish(self) -> None:
        """Return when the client has the answers to everything that was sent so far."""
        # A node answers in order and closes after `quit`: the end of its answers is the end of
        # all answers, and nobody has to know what each command's looks like.
        self._finishing = True
        self._writer.write(b"quit\r\n")
        try:
            async with asyncio.timeout(_ANSWER_S):
                await _drain(self._writer)
                await self._answers
        finally:
            self.close()

    def close(self) -> None:
        self._finishing = True
        self._answers.cancel()
        self._writer.close()

    async def _copy(self) -> None:
        try:
            while chunk := await self._reader.read(_CHUNK):
                self._client.write(chunk)
                await _drain(self._client)
        except (OSError, TimeoutError):
            pass
        finally:
            if not self._finishing:
                # It died with answers outstanding: a client must not wait for them.
                self._client.close()


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line with its end; empty when there is none to come."""
    async with asyncio.timeout(_IDLE_S):
        first = await reader.read(1)
        if first in (b"", _BINARY):
            return b""
        try:
            return first + await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return b""


async def _drain(writer: asyncio.StreamWriter) -> None:
    async with asyncio.timeout(_ANSWER_S):
        await writer.drain()


def _block_length(words: list[bytes]) -> int:
    """Bytes that follow a command's line, its end included; 0 for a command without data."""
    at = _BLOCK_AT.get(words[0]) if words else None
    if at is None or len(words) <= at or not words[at].isdigit():
        # A malformed one is the node's to refuse.
        return 0
    return int(words[at]) + len(b"\r\n")


if __name__ == "__main__":
    asyncio.run(Discovery(Path(sys.argv[1])).run())
