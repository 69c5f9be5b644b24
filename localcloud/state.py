"""What moto knows, kept over a SIGKILL: a pickle of its backends, written after every change.

moto itself persists nothing. A pickle of its backends restores the same identifiers and
times, which a replay of the calls does not (measured; see docs/local-cloud.md). It is
readable by the very versions of moto and Python that wrote it, so it names both.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.backends import get_backend
from moto.core.base_backend import BackendDict

from localcloud.errors import StateUnreadable
from localcloud.records import write_atomically

Regions = dict[str, dict[str, Any]]

WRITER = f"moto {version('moto')}, Python {sys.version_info.major}.{sys.version_info.minor}"


def _load_key(pem: bytes) -> Any:
    return serialization.load_pem_private_key(pem, password=None)


def _reduce_key(key: Any) -> tuple[Any, tuple[bytes]]:
    return _load_key, (
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _teach_pickle_private_keys() -> None:
    for sample in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())):
        copyreg.pickle(type(sample), _reduce_key)


class MotoState:
    """moto's backends on disk, and the lock that moto itself does not have.

    ``lock`` is to be held while moto is called. A call that changed something takes a ticket
    under it and answers only when `secure` has returned: by then its change is on disk. One
    write serves everybody who waits meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taught = False
        self._saved_size = 0
        self.lock = threading.RLock()
        self._saving = threading.Lock()
        self._changes = 0
        self._secured = 0

    def ticket(self) -> int:
        """The number of one more change."""
        with self.lock:
            self._changes += 1
            return self._changes

    def secure(self, ticket: int) -> None:
        """Return when the change with this number is on disk."""
        with self._saving:
            if self._secured >= ticket:
                return
            with self.lock:
                covered = self._changes
                content = self._content()
                self._saved_size = self._size()
            write_atomically(self._path, content)
            self._secured = covered

    def _content(self) -> bytes:
        if not self._taught:
            _teach_pickle_private_keys()
            self._taught = True
        services: dict[str, Regions] = {}
        for backends in list(BackendDict._instances):
            accounts: Regions = {}
            for account, region, backend in backends.iter_backends():
                accounts.setdefault(account, {})[region] = backend
            services[backends.service_name] = accounts
        buffer = io.BytesIO()
        pickle.dump(WRITER, buffer)
        pickle.dump(services, buffer)
        return buffer.getvalue()

    def load(self) -> None:
        """Put the saved backends in place; nothing saved is no error.

        Raises `StateUnreadable` when another version of moto or Python wrote the file.
        """
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            try:
                writer = pickle.load(file)
                if writer != WRITER:
                    raise StateUnreadable(
                        f"{self._path} was written by {writer}, this is {WRITER}; run "
                        "`python -m localcloud down --wipe` to start an empty local cloud"
                    )
                services = pickle.load(file)
            except (pickle.UnpicklingError, EOFError, AttributeError, ImportError) as error:
                raise StateUnreadable(
                    f"{self._path} cannot be read ({error}); run "
                    "`python -m localcloud down --wipe` to start an empty local cloud"
                ) from error
        for service, accounts in services.items():
            backends = get_backend(service)
            for account, regions in accounts.items():
                for region, backend in regions.items():
                    # dict's own method: moto's would refuse a region it did not make itself.
                    dict.__setitem__(backends[account], region, backend)
        self._saved_size = self._size()

    @property
    def grown(self) -> bool:
        """Whether a backend came into being since the last save: a read can make one
        (a region's default VPC, with its random identifiers).
        """
        return self._size() != self._saved_size

    @staticmethod
    def _size() -> int:
        return sum(
            len(regions) for backends in BackendDict._instances for regions in backends.values()
        )
