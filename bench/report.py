"""The page of a full run: how large it is, and how long a browser takes until it is laid out."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
from pathlib import Path

from bench.figure import Figure
from bench.workspace import BenchFailed, Workspace

_TIMES = 5
_OBSERVER = """<!doctype html><title>none</title>
<script>const began = performance.now();</script>
<iframe src="report.html" width="1280" height="9000" onload="
  this.contentDocument.documentElement.getBoundingClientRect();
  document.title = performance.now() - began"></iframe>
"""


def measure(space: Workspace) -> list[Figure]:
    """Of the stack that is deployed: every exercise, lags and the short performance test."""
    folder = space.state.parent / "report"
    space.run("-m", "verify", "--report", str(folder))
    size = (folder / "report.html").stat().st_size
    figures = [Figure("the report of a full run", size / 1e6, 2, "MB")]
    program = shutil.which("chromium")
    if program is not None:
        taken = opened(program, folder)
        note = f"worst of {len(taken)} {max(taken):.2f} s, without the browser's start"
        figures.append(
            Figure("the report: opened and laid out", statistics.median(taken), 1, "s", note)
        )
    return figures


def opened(program: str, folder: Path, times: int = _TIMES) -> list[float]:
    """Seconds from asking for ``folder``'s report.html to its layout, by the browser's clock."""
    (folder / "observer.html").write_text(_OBSERVER)
    return [_once(program, folder) for _ in range(times)]


def _once(program: str, folder: Path) -> float:
    done = subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--allow-file-access-from-files", f"--user-data-dir={folder / 'profile'}", "--dump-dom",
         f"file://{folder / 'observer.html'}"],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    found = re.search(r"<title>([\d.]+)</title>", done.stdout)
    if found is None:
        raise BenchFailed(f"{program} did not open the report:\n{done.stderr[-2000:]}")
    return float(found[1]) / 1000
