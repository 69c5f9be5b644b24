"""A MariaDB plugin under another name, in a copy of its library."""

from __future__ import annotations

from pathlib import Path

from localcloud.programs import program
from localcloud.servers.mariadb_logins import why_not
from localcloud.servers.plugin_names import renamed
from localcloud.servers.token_logins import lacking

LIBRARY = Path(program("mariadbd")).resolve().parent.parent / "lib/mysql/plugin/auth_pam.so"
DESCRIPTION = "PAM based authentication"


def test_this_machine_can() -> None:
    assert why_not() is None
    assert lacking() == {}


def test_two_places_change_and_no_other() -> None:
    old = LIBRARY.read_bytes()
    new = renamed(old, DESCRIPTION, "Another")
    assert new is not None
    assert len(new) == len(old)
    assert b"Another\0" in new
    assert DESCRIPTION.encode() not in new
    # The text, and a pointer to it.
    changed = [at for at in range(len(old)) if old[at] != new[at]]
    text = old.index(DESCRIPTION.encode())
    beside = [at for at in changed if not text <= at < text + len(DESCRIPTION)]
    assert beside
    assert max(beside) - min(beside) < 8


def test_what_is_laid_out_otherwise_is_left_alone() -> None:
    old = LIBRARY.read_bytes()
    assert renamed(old, "nothing that it says", "Another") is None
    assert renamed(old, DESCRIPTION, "x" * 25) is None
    assert renamed(old.replace(b"\x7fELF\x02", b"\x7fELF\x01"), DESCRIPTION, "Another") is None
    assert renamed(b"", DESCRIPTION, "Another") is None
    assert renamed(old + DESCRIPTION.encode() + b"\0", DESCRIPTION, "Another") is None
