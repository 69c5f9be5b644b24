"""A psql shell on the endpoints of PostgreSQL."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import pytest

from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from tests.verify.engines import verify
from tests.verify.test_shell import shell
from verify.shell import main
from verify.trust import stranger

__all__ = ["verify"]
_WHO = (
    "SELECT current_user, current_database(), pg_is_in_recovery(), ssl "
    "FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
)


@pytest.mark.parametrize(("name", "copies"), [("ledger", "f"), ("ledger-copy", "t")])
def test_psql_at_an_endpoint(verify: Verify, name: str, copies: str) -> None:
    done = shell(verify, name, "--", "-XAtc", _WHO)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"app|appdb|{copies}|t"]


def test_the_password_is_in_nobody_s_arguments(verify: Verify) -> None:
    seen: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for process in psutil.process_iter(["cmdline"]):
                line = " ".join(process.info["cmdline"] or [])
                if "sslrootcert" in line:
                    seen.append(line)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = shell(verify, "ledger", "--", "-XAtc", "SELECT pg_sleep(0.3)")
    finally:
        over.set()
        watcher.join(5)
    assert done.returncode == 0, done.stderr
    assert seen
    assert not [line for line in seen if PASSWORD in line]


def test_a_wrong_ca_is_refused_by_psql(verify: Verify, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text(stranger())
    done = shell(verify, "--ca", str(wrong), "ledger", "--", "-Xc", "SELECT 1")
    assert done.returncode != 0
    assert "certificate" in done.stderr


def test_psql_that_is_not_installed(
    verify: Verify, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["--outputs", str(verify.write()), "ledger"]) == 2
    said = capsys.readouterr().err
    assert "psql is not installed; run `apt-get install postgresql-client`" in said
