"""The files in which a server says what it does, one for each log that RDS knows of it.

They are not among its data: on AWS the lines are in CloudWatch Logs, and outlive the database.
"""

from __future__ import annotations

import re
from pathlib import Path

from localcloud.servers.machine import own

LARGEST = 64 * 1024 * 1024
"""A file beyond it is put aside at its server's next start; the one aside before it goes."""


class LogFiles:
    """The logs of the server ``name``, which is a region, a dot and an identifier."""

    def __init__(self, root: Path, name: str) -> None:
        self.folder = root / name

    def file(self, log: str) -> Path:
        """Where ``log``, in RDS's word for it, is written."""
        return self.folder / f"{log}.log"

    def parts(self, log: str) -> list[Path]:
        """The files that hold ``log``, the oldest lines first."""
        numbered = re.compile(re.escape(f"{log}.log") + r"\.(\d+)\Z")
        aside = [
            (int(found.group(1)), path)
            for path in (self.folder.iterdir() if self.folder.is_dir() else ())
            if (found := numbered.match(path.name))
        ]
        files = [path for _, path in sorted(aside, reverse=True)]
        return [*files, *([self.file(log)] if self.file(log).is_file() else [])]

    def prepare(self, user: str | None) -> None:
        """Be there for a server that runs as ``user`` and is about to start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # Statements are in them, and in statements is what clients keep from each other.
        self.folder.chmod(0o750)
        own(self.folder, user)
        for path in self.folder.glob("*.log"):
            if path.stat().st_size > LARGEST:
                path.replace(path.with_name(f"{path.name}.1"))

    def forget(self, log: str) -> None:
        """Delete the lines of ``log``. A server that still writes it begins a new file."""
        for path in self.parts(log):
            path.unlink(missing_ok=True)
