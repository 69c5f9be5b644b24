"""What runs: one row a server process, for `status` and for whoever watches."""

from __future__ import annotations

import psutil

from localcloud.servers.facts import Address, Ref, ServerStatus
from localcloud.supervisor import Supervisor


def status_of(
    supervisor: Supervisor, kind: str, ref: Ref, role: str, name: str, address: Address
) -> ServerStatus:
    """The process ``name``, which serves ``ref`` in a ``role`` at ``address``."""
    process = supervisor.running(name)
    rss = memory_of(process.pid) if process is not None else None
    return ServerStatus(
        kind=kind,
        region=ref.region,
        identifier=ref.identifier,
        role=role,
        address=str(address),
        pid=process.pid if process is not None and rss is not None else None,
        alive=rss is not None,
        rss=rss or 0,
    )


def unserved(kind: str, ref: Ref, address: Address) -> ServerStatus:
    """The row of a database that the API answers for and nobody runs."""
    return ServerStatus(
        kind=kind,
        region=ref.region,
        identifier=ref.identifier,
        role="API only",
        address=str(address),
        pid=None,
        alive=True,
        rss=0,
    )


def memory_of(pid: int) -> int | None:
    """Resident bytes of a process, ``None`` when it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess:
        return None
