"""What the commands cannot do: one clear sentence and exit code 2, nothing left behind."""

from __future__ import annotations

import pickle
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import daemon, programs
from localcloud.cli import main
from localcloud.programs import PROGRAMS
from localcloud.site import Site
from tests.localcloud.commands import (
    PREFIX,
    left,
    project,
    refused,
    state,
)

__all__ = ["state"]


class TestWhatIsRefusedBeforeAnythingStarts:
    @pytest.fixture(autouse=True)
    def _nothing_is_made(self, state: Path) -> Iterator[None]:
        before = state.exists()
        yield
        assert state.exists() is before
        assert daemon.health(Site(state, PREFIX), 0.2) is None

    def test_a_missing_stack(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        folder = project(tmp_path / "p")
        said = refused(capsys, "up", "--program", str(folder), "--stack", "nowhere")
        assert "no Pulumi.nowhere.yaml" in said
        assert "its stacks are: dev" in said

    @pytest.mark.parametrize("command", ["up", "destroy"])
    def test_a_folder_without_a_program(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
    ) -> None:
        said = refused(capsys, command, "--program", str(tmp_path))
        assert f"{tmp_path} is not a Pulumi project; use --program DIR" in said

    @pytest.mark.parametrize("command", ["up", "down", "status", "env", "serve", "destroy"])
    def test_a_prefix_that_is_not_loopback(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        monkeypatch.setenv("LOCALCLOUD_PREFIX", "10.0")
        assert "LOCALCLOUD_PREFIX='10.0': must be 127.N" in refused(capsys, command)

    @pytest.mark.parametrize("command", ["up", "destroy"])
    def test_a_busy_address(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
    ) -> None:
        folder = project(tmp_path / "p")
        with socket.create_server((f"{PREFIX}.0.1", 4566)):
            said = refused(capsys, command, "--program", str(folder))
        assert f"{PREFIX}.0.1:4566 is in use by another program" in said
        assert "LOCALCLOUD_PREFIX" in said

    @pytest.mark.parametrize("missing", sorted(PROGRAMS))
    def test_a_missing_server(
        self,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        missing: str,
    ) -> None:
        """On a PATH that has every server but one, and where Debian puts them not either."""
        path = tmp_path / "bin"
        path.mkdir()
        for program in PROGRAMS.keys() - {missing}:
            (path / program).symlink_to(programs.program(program))
        monkeypatch.setenv("PATH", str(path))
        monkeypatch.setattr(programs, "_SEARCH", str(path))
        said = refused(capsys, "up", "--program", str(project(tmp_path / "p")))
        assert f"{missing} is not installed" in said
        assert f"apt-get install {PROGRAMS[missing]}" in said

    def test_a_path_too_long_for_sockets(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("LOCALCLOUD_STATE", "/var/tmp/" + "x" * 56)
        said = refused(capsys, "up", "--program", str(project(tmp_path / "p")))
        assert "too long" in said
        assert "at most 64 bytes" in said

    def test_status_without_a_local_cloud(self, capsys: pytest.CaptureFixture[str]) -> None:
        said = refused(capsys, "status")
        assert f"no local cloud answers on http://{PREFIX}.0.1:4566" in said
        assert "python -m localcloud up" in said

    @pytest.mark.parametrize(
        "answer",
        [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
         b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
         b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b""],
    )  # fmt: skip
    def test_status_of_something_else(
        self, capsys: pytest.CaptureFixture[str], answer: bytes
    ) -> None:
        with socket.create_server((f"{PREFIX}.0.1", 4566)) as listener:

            def serve() -> None:
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)

            other = threading.Thread(target=serve)
            other.start()
            assert "no local cloud answers" in refused(capsys, "status")
            other.join(5)


@pytest.mark.parametrize("arguments", [[], ["fly"], ["up", "--fast"], ["up", "--stack"]])
def test_wrong_arguments_are_told_with_the_usage(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m localcloud" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("up",), ("down",), ("down", "--wipe")])
def test_a_folder_of_other_things_is_not_taken_and_never_wiped(
    capsys: pytest.CaptureFixture[str], state: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """`LOCALCLOUD_STATE=$HOME` must not cost anybody their home."""
    state.mkdir()
    (state / "thesis.tex").write_text("dear")
    folder = ("--program", str(project(tmp_path / "p"))) if command == ("up",) else ()
    said = refused(capsys, *command, *folder)
    assert f"{state} is not empty and no local cloud's folder" in said
    assert (state / "thesis.tex").read_text() == "dear"
    shutil.rmtree(state)


def test_a_file_where_the_folder_should_be_is_named(
    capsys: pytest.CaptureFixture[str], state: Path, tmp_path: Path
) -> None:
    state.write_text("")
    said = refused(capsys, "up", "--program", str(project(tmp_path / "p")))
    assert f"the folder {state} cannot be used: File exists" in said
    state.unlink()


def test_down_without_a_local_cloud_is_fine(
    capsys: pytest.CaptureFixture[str], state: Path
) -> None:
    for arguments in (("down",), ("down", "--wipe")):
        assert main(arguments) == 0
        assert f"there is no local cloud in {state}" in capsys.readouterr().out
    assert not state.exists()


def test_a_stacks_state_of_another_version_starts_nothing(
    capsys: pytest.CaptureFixture[str], state: Path, tmp_path: Path
) -> None:
    folder = project(tmp_path / "p")
    file = state / "stacks" / "dev.json"
    file.parent.mkdir(parents=True)
    (state / "daemon.lock").touch()
    file.write_text('{"format": 99, "resources": [], "replaced": []}')
    said = refused(capsys, "up", "--program", str(folder))
    assert f"{file} cannot be used (its format is 99, not 1)" in said
    assert "down --wipe" in said
    assert left(state) == []


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("moto.pickle", pickle.dumps("moto 1.0, Python 2.7"), "was written by moto 1.0, Python"),
        ("records.json", b'{"format": 99}', "has format 99, this version reads"),
    ],
)
def test_a_clouds_state_of_another_version_is_named_and_kept(
    capsys: pytest.CaptureFixture[str], state: Path, tmp_path: Path, file: str, content: bytes,
    says: str,
) -> None:  # fmt: skip
    folder = project(tmp_path / "p")
    state.mkdir()
    (state / "daemon.lock").touch()
    (state / file).write_bytes(content)
    said = refused(capsys, "up", "--program", str(folder))
    assert f"the local cloud does not start: {state / file} {says}" in said
    assert "down --wipe" in said
    assert left(state) == []
    assert (state / file).read_bytes() == content
    # And what it says to do helps.
    assert main(["down", "--wipe"]) == 0
    assert not state.exists()
