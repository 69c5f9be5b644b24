"""How long a page takes to open, by the browser's own clock."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.report import opened
from bench.workspace import BenchFailed


@pytest.fixture
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed; `make browser` installs it")
    return found


def test_a_page_is_opened_so_often(chromium: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<!doctype html><p>short")
    taken = opened(chromium, tmp_path, 2)
    assert len(taken) == 2
    assert all(0 < seconds < 60 for seconds in taken)


def test_a_slow_page_is_slower(chromium: str, tmp_path: Path) -> None:
    busy = "const end = performance.now() + 1500; while (performance.now() < end);"
    (tmp_path / "report.html").write_text(f"<!doctype html><script>{busy}</script>")
    assert opened(chromium, tmp_path, 1)[0] >= 1.5


def test_a_browser_that_does_not_open_it_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(BenchFailed, match="did not open the report"):
        opened("/bin/true", tmp_path, 1)
