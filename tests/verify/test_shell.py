"""A shell on each kind of endpoint, through the real mysql and redis-cli."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.verify.command import Verify
from tests.verify.databases import PASSWORD
from verify.console import shell_line
from verify.shell import main
from verify.trust import stranger

ROOT = Path(__file__).resolve().parents[2]


def shell(verify: Verify, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "verify.shell", "--outputs", str(verify.write()), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "identity"),
    [
        (("mysql",), "source"),
        (("copy",), "copy"),
        (("aurora",), "writer"),
        (("aurora", "analytics"), "reader-2"),
        (("aurora", "custom"), "reader-2"),
        (("aurora", "reader-1"), "reader-1"),
    ],
)
def test_mysql_at_an_endpoint(verify: Verify, words: tuple[str, ...], identity: str) -> None:
    done = shell(
        verify, *words, "--", "-NBe", "SELECT @@report_host; SHOW STATUS LIKE 'Ssl_cipher'"
    )
    assert done.returncode == 0, done.stderr
    host, cipher = done.stdout.splitlines()
    assert host == identity
    assert cipher.split()[1].startswith("TLS_")


@pytest.mark.parametrize(
    ("words", "role"), [(("redis",), "master"), (("redis", "reader"), "slave")]
)
def test_redis_cli_at_an_endpoint(verify: Verify, words: tuple[str, ...], role: str) -> None:
    done = shell(verify, *words, "--", "ROLE")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == role


def test_the_password_is_in_nobody_s_arguments(verify: Verify) -> None:
    seen: list[str] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for process in psutil.process_iter(["cmdline"]):
                line = " ".join(process.info["cmdline"] or [])
                if "--ssl-ca" in line and "SLEEP" in line:
                    seen.append(line)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        done = shell(verify, "mysql", "--", "-NBe", "SELECT SLEEP(0.3)")
    finally:
        over.set()
        watcher.join(5)
    assert done.returncode == 0, done.stderr
    assert seen
    assert not [line for line in seen if PASSWORD in line]


def test_a_wrong_ca_is_refused_by_the_shell_s_program(verify: Verify, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text(stranger())
    for words in (("mysql", "--", "-e", "SELECT 1"), ("redis", "--", "PING")):
        done = shell(verify, "--ca", str(wrong), *words)
        assert done.returncode != 0
        assert "certificate" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nobody",), "the stack has no database 'nobody': aurora, copy, mysql, redis"),
        (("redis", "writer"), "redis has no endpoint 'writer': primary, reader"),
    ],
)
def test_a_name_that_is_not_there(
    verify: Verify, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert main(["--outputs", str(verify.write()), *words]) == 2
    assert capsys.readouterr().err == f"verify.shell: {says}\n"


def test_a_program_that_is_not_installed(
    verify: Verify, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["--outputs", str(verify.write()), "mysql"]) == 2
    assert "mysql is not installed; run `apt-get install mariadb-client`" in capsys.readouterr().err


def test_the_line_that_opens_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    python = Path(sys.executable).relative_to(ROOT)
    assert shell_line("mysql") == f"{python} -m verify.shell mysql"
    assert shell_line("a b", "reader") == f"{python} -m verify.shell 'a b' reader"
    assert shell_line("x", None, ["--stack", "p"]).endswith("verify.shell x --stack p")
    monkeypatch.chdir(tmp_path)
    assert shell_line("mysql").startswith(f"{sys.executable} -m")
