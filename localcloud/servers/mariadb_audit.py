"""MariaDB's audit plugin, which RDS's MARIADB_AUDIT_PLUGIN is, and Aurora's is modelled on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from localcloud.programs import program
from localcloud.servers.mariadb_session import Session
from localcloud.servers.mariadb_template import administrator

LOGGING = "server_audit_logging"
LIBRARY = "server_audit"
_EXCLUDED = "server_audit_excl_users"
_ON = frozenset({"1", "on", "true"})
_PART = 16 * 1024 * 1024
_PARTS = 4
OURS = frozenset(
    {
        "server_audit",
        "server_audit_file_path",
        "server_audit_file_rotate_size",
        "server_audit_file_rotations",
        "server_audit_output_type",
        _EXCLUDED,
    }
)
"""Its settings that a parameter group, or an option group, does not reach as they are."""


@cache
def why_not() -> str | None:
    """Why this machine's MariaDB cannot audit, ``None`` when it can."""
    folder = Path(program("mariadbd")).resolve().parent.parent / "lib/mysql/plugin"
    return None if (folder / f"{LIBRARY}.so").exists() else f"this MariaDB has no {LIBRARY}.so"


def audits(parameters: Mapping[str, str]) -> bool:
    """Whether the parameters ask for an audit log, and this machine can have one."""
    return parameters.get(LOGGING, "0").lower() in _ON and why_not() is None


def audit_flags(parameters: Mapping[str, str], file: Path) -> tuple[str, ...]:
    """Start options by which a server audits into ``file``; none where nobody asks for it.

    A plugin that is loaded sees every statement, so it is loaded only then.
    """
    if not audits(parameters):
        return ()
    # Loose: whatever has been installed in the running server is known already.
    return (
        f"--plugin-load-add={LIBRARY}",
        *(f"--loose-{name}={value}" for name, value in _settings(parameters, file).items()),
    )


def switch(session: Session, parameters: Mapping[str, str], file: Path) -> None:
    """Begin, or end, the audit of a running server. Its events are set by whoever calls."""
    loaded = session.run("SHOW GLOBAL VARIABLES LIKE %s", (LOGGING,))
    if not audits(parameters):
        if loaded:
            session.run(f"SET GLOBAL {LOGGING} = 0")
        return
    if not loaded:
        session.run(f"INSTALL SONAME '{LIBRARY}'")
    for name, value in _settings(parameters, file).items():
        session.run(f"SET GLOBAL {name} = {value if value.isdigit() else _quoted(value)}")


def _settings(parameters: Mapping[str, str], file: Path) -> dict[str, str]:
    # RDS's own user is in no audit log, and here that is the administrator.
    others = parameters.get(_EXCLUDED, "")
    excluded = ",".join(name for name in (administrator(), others) if name)
    return {
        "server_audit_output_type": "file",
        "server_audit_file_path": str(file),
        "server_audit_file_rotate_size": str(_PART),
        "server_audit_file_rotations": str(_PARTS),
        _EXCLUDED: excluded,
    }


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
