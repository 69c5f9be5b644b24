"""What a test's environment has."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Whoever starts the tests in the background may have it ignored, which every process would
# inherit: there would be no Ctrl-C to test.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A worker holds the SDK, moto and whole recorded stacks, nearly none of it garbage: walking all
# that again and again was a third of the tests' CPU time.
gc.set_threshold(100_000, 50, 100)

_WORKERS_PER_CPU = 2


def pytest_xdist_auto_num_workers() -> int:
    """Tests of real servers wait more than they compute: with one worker a CPU half of it idles."""
    return (os.cpu_count() or 1) * _WORKERS_PER_CPU


@pytest.fixture(autouse=True)
def _authorities(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For programs under mocks, a bundle of CAs that nobody reads in; others have real ones."""
    if "stacks" in request.path.parts:
        bundle = tmp_path_factory.getbasetemp() / "authorities.pem"
        bundle.write_text("-----BEGIN CERTIFICATE-----\n")
        monkeypatch.setenv("DATABASES_CA_FILE", str(bundle))


@pytest.fixture(scope="session")
def templates() -> Iterator[Path]:
    """Empty data folders for every local cloud of this process; they take seconds to make."""
    folder = Path(tempfile.mkdtemp(prefix="templates-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
