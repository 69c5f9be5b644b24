"""A copy of the project and a local cloud of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.workspace import ROOT, BenchFailed, Workspace, workspace
from tests.addresses import prefix


@pytest.fixture(scope="module")
def space() -> Iterator[Workspace]:
    with workspace(prefix=prefix(83)) as found:
        yield found


_IMPORT = """
import sys
import contract, localcloud.cli, localcloud.engine.deploy, stacks.program, verify.cli
ours = {"components", "contract", "localcloud", "specs", "stacks", "verify"}
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] in ours and getattr(module, "__file__", None):
        print(module.__file__)
"""


def test_the_copy_is_whole_and_its_own(space: Workspace) -> None:
    done = space.attempt("-c", _IMPORT)
    assert done.returncode == 0, done.stderr
    files = done.stdout.split()
    assert len(files) > 50
    assert [file for file in files if not Path(file).is_relative_to(space.project)] == []
    for manifest in ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py"):
        assert (space.project / manifest).read_bytes() == (ROOT / manifest).read_bytes()
    assert not (space.project / ".deployments").exists()


def test_it_has_a_folder_and_addresses_of_its_own(space: Workspace) -> None:
    done = space.attempt("-m", "localcloud", "env")
    assert f"AWS_ENDPOINT_URL=http://{prefix(83)}.0.1:4566" in done.stdout
    assert f"DATABASES_CA_FILE={space.state}/ca/ca.pem" in done.stdout


def test_a_run_is_timed_as_a_whole_process(space: Workspace) -> None:
    seconds = space.run("-c", "import time; time.sleep(0.2)")
    assert 0.2 <= seconds < 10


def test_a_failed_run_is_told_with_the_end_of_what_it_said(space: Workspace) -> None:
    script = "import sys; print(*range(100), sep='\\n'); print('why', file=sys.stderr); sys.exit(3)"
    with pytest.raises(BenchFailed, match=r"exited 3:[\s\S]*99\nwhy$") as caught:
        space.run("-c", script)
    assert len(str(caught.value).splitlines()) <= 16


def test_the_record_is_the_stacks(space: Workspace) -> None:
    folder = space.project / ".deployments"
    folder.mkdir()
    (folder / "dev.json").write_text(json.dumps({"stack": "dev"}))
    assert space.record() == {"stack": "dev"}
    (folder / "dev.json").unlink()
    folder.rmdir()


def test_nothing_is_left_even_after_a_failure() -> None:
    seen: list[Path] = []

    def measure() -> None:
        with workspace(prefix=prefix(83)) as space:
            seen.append(space.project.parent)
            assert seen[0].exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        measure()
    assert not seen[0].exists()
