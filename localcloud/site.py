"""Where one local cloud lives: its folder on disk and its addresses on loopback."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import BadSetting

ACCESS_KEY_ID = "LOCALCLOUD0000000001"
"""Twenty characters: moto replaces a shorter key by one of its own."""
SECRET_ACCESS_KEY = "local-cloud-has-no-secrets"
CA_VARIABLE = "DATABASES_CA_FILE"
"""Where a program and `verify` look for the CAs that they trust."""
ACCOUNT_ID = "123456789012"


@dataclass(frozen=True)
class Site:
    """The folder and the address prefix (two octets of 127/8) of a local cloud."""

    state_dir: Path
    prefix: str = "127.77"
    endpoint_port: int = 4566
    replaces_silent: bool = True
    """Whether a server that falls silent is taken for dead; not for who wants to look at it."""
    logins_port: int = 4567
    """Where servers ask whether a token is good, at the endpoint's address."""
    sessions_port: int = 4568
    """Where the data channels of Systems Manager's sessions are, at the endpoint's address."""

    def __post_init__(self) -> None:
        # Written as the addresses are: 127.077 would be another one.
        if self.prefix not in {f"127.{n}" for n in range(1, 256)}:
            raise BadSetting(
                f"LOCALCLOUD_PREFIX={self.prefix!r}: must be 127.N with N from 1 to 255, "
                "because the local cloud binds to loopback only"
            )

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Site:
        """The site of the variables ``LOCALCLOUD_...``, or the user's default."""
        env = os.environ if env is None else env
        state, silent = env.get("LOCALCLOUD_STATE"), env.get("LOCALCLOUD_SILENT", "replace")
        if silent not in ("replace", "leave"):
            raise BadSetting(
                f"LOCALCLOUD_SILENT={silent!r}: must be 'replace' or 'leave', what is done about "
                "a server that gives no answer"
            )
        return cls(
            state_dir=Path(state).absolute() if state else _default_state_dir(env),
            prefix=env.get("LOCALCLOUD_PREFIX", "127.77"),
            replaces_silent=silent == "replace",
        )

    @property
    def endpoint_host(self) -> str:
        return f"{self.prefix}.0.1"

    @property
    def endpoint_url(self) -> str:
        return f"http://{self.endpoint_host}:{self.endpoint_port}"

    @property
    def ca_dir(self) -> Path:
        return self.state_dir / "ca"

    @property
    def servers_dir(self) -> Path:
        """Data folders, one per server."""
        return self.state_dir / "servers"

    @property
    def logs_dir(self) -> Path:
        """The servers' logs, which outlive them, one folder per server."""
        return self.state_dir / "logs"

    @property
    def run_dir(self) -> Path:
        """Registry entries, sockets and pid files: what belongs to running processes."""
        return self.state_dir / "run"

    @property
    def stacks_dir(self) -> Path:
        return self.state_dir / "stacks"


def _default_state_dir(env: Mapping[str, str]) -> Path:
    # The servers run as users of their own and must be able to traverse every ancestor,
    # which a 0700 /root would stop.
    if os.geteuid() == 0:
        return Path("/var/lib/aws-databases")
    base = env.get("XDG_STATE_HOME") or os.path.join(env.get("HOME", "/tmp"), ".local", "state")
    return Path(base) / "aws-databases"
