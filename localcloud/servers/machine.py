"""What every server of a site shares: addresses, certificates, processes, users, metrics."""

from __future__ import annotations

import os
import pwd
import secrets
import threading
from pathlib import Path

from localcloud.addresses import Addresses
from localcloud.metrics import Metrics
from localcloud.records import write_atomically
from localcloud.servers.facts import Address
from localcloud.site import Site
from localcloud.supervisor import Supervisor
from localcloud.tls import Authority


class Machine:
    """One site's share of this machine."""

    def __init__(self, site: Site) -> None:
        site.state_dir.mkdir(parents=True, exist_ok=True)
        self.site = site
        self._lock = threading.Lock()
        self.addresses = Addresses(site.state_dir / "addresses.json", site.prefix)
        self.authority = Authority(site.ca_dir)
        self.supervisor = Supervisor(site)
        self.metrics = Metrics()

    @property
    def logins_desk(self) -> Address:
        """Where its servers ask whether a token is good."""
        return Address(self.site.endpoint_host, self.site.logins_port)

    def folder(self, name: str) -> Path:
        """Where the server ``name`` keeps its data, certificate and log."""
        return self.site.servers_dir / name

    def sockets(self, host: str, user: str | None) -> Path:
        """A folder for the sockets of the server at ``host``, closed to everybody but ``user``.

        Not beside the data: a socket's path ends at 107 characters.
        """
        self.site.run_dir.mkdir(parents=True, exist_ok=True)
        folder = self.site.run_dir / host
        folder.mkdir(mode=0o700, exist_ok=True)
        own(folder, user)
        return folder

    def replication_password(self) -> str:
        """The password by which servers of this site replicate from each other."""
        file = self.site.ca_dir / "replication.password"
        # Two servers that start at once must not each make one.
        with self._lock:
            if not file.exists():
                write_atomically(file, secrets.token_urlsafe(24).encode())
            return file.read_text()


def service_user(name: str) -> str | None:
    """The system user a server runs as: ``None`` for our own, which is right unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        return None


def own(path: Path, user: str | None) -> None:
    """Give ``path`` to ``user``; nothing to do when that is ourselves."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
