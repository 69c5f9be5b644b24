"""What can go wrong in the local cloud, one sentence each.

LocalCloudError          anything a person can act on; the CLI prints it and exits 2
├── BadSetting           an environment variable or flag makes no sense
├── MissingPackage       a server's program is not installed
├── PortBusy             somebody else listens on an address we need
├── ServerFailed         a database server did not start, answer or stop in time
├── NotRunning           the endpoint does not answer
├── AlreadyRunning       another daemon owns the state folder
├── StateUnreadable      what is on disk was written by another version
└── DeployFailed         the program or a resource of it failed
    └── Unfinished       a resource may be there in part
"""

from __future__ import annotations


class LocalCloudError(Exception):
    """Base of every error a person can act on."""


class BadSetting(LocalCloudError):
    """An environment variable or flag makes no sense."""


class MissingPackage(LocalCloudError):
    """A server's program is not installed."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(
            f"{program} is not installed; run `apt-get install {package}` (or `make local`)"
        )


class PortBusy(LocalCloudError):
    """Somebody else listens on an address we need."""

    def __init__(self, address: object) -> None:
        super().__init__(
            f"{address} is in use by another program; stop it or set LOCALCLOUD_PREFIX=127.N to "
            "use other addresses"
        )


class ServerFailed(LocalCloudError):
    """A database server did not start, answer or stop in time."""


class NotRunning(LocalCloudError):
    """The endpoint does not answer."""


class AlreadyRunning(LocalCloudError):
    """Another daemon owns the state folder."""


class StateUnreadable(LocalCloudError):
    """What is on disk was written by another version."""


class DeployFailed(LocalCloudError):
    """The program, or a resource of it, failed."""


class Unfinished(DeployFailed):
    """A resource may be there in part; the next run looks."""
