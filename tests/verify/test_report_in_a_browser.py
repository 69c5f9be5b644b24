"""The page in Debian's Chromium: it lays out, says nothing to the console, calls nobody."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.verify.sample_report import DATABASES, DRILL, NODES, REPORT
from verify.report.page import render

PROJECT = Path(__file__).parents[2]
ARTEFACTS = PROJECT / "build" / "artefacts"
BROWSERS_OWN = (
    "chrome",
    "devtools:",
    "https://accounts.google.com/",
    "http://clients2.google.com/",
    "https://clients2.google.com/",
    "http://update.googleapis.com/",
    "https://update.googleapis.com/",
)
# The page itself may run no script; another one, beside it, looks at how it was laid out.
OBSERVER = """<!doctype html>
<iframe id="page" src="report.html" width="1280" height="9000"></iframe>
<script>
const before = performance.now();
document.getElementById('page').onload = event => {
  const seen = event.target.contentDocument;
  const size = node => {
    const box = node.getBoundingClientRect();
    return [box.width, box.height];
  };
  const named = node => [node.getAttribute('aria-label'), ...size(node)];
  const found = {
    pictures: [...seen.querySelectorAll('svg')].map(named),
    lines: [...seen.querySelectorAll('svg .line')].map(size),
    text: seen.body.innerText,
    wide: seen.documentElement.scrollWidth,
    ms: performance.now() - before,
  };
  const said = document.createElement('pre');
  said.id = 'found';
  said.textContent = JSON.stringify(found);
  document.body.append(said);
};
</script>
"""


@pytest.fixture(scope="module")
def browser() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed; `make browser` installs it")
    return found


class Browser:
    """Chromium on a folder with the page."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self.folder = folder
        self.net_log = folder / "net.json"

    def run(self, name: str, *flags: str) -> subprocess.CompletedProcess[str]:
        command = [
            self._program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-features=NetworkTimeServiceQuerying,OptimizationHints",
            "--allow-file-access-from-files",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            f"--user-data-dir={self.folder / 'profile'}",
            f"--log-net-log={self.net_log}",
            *flags,
            f"file://{self.folder / name}",
        ]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def asked(self) -> set[str]:
        """Addresses that the last page asked a network for."""
        raw = json.loads(self.net_log.read_text())
        events = raw["events"]
        urls = {e["params"]["url"] for e in events if "url" in e.get("params", {})}
        # The browser's own, such as the time; no page of ours has such an address.
        return {url for url in urls if not url.startswith(BROWSERS_OWN)}


@pytest.fixture(scope="module")
def opened(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    folder = tmp_path_factory.mktemp("browser")
    (folder / "report.html").write_text(render(REPORT, DATABASES, NODES, "AWS", None, [DRILL]))
    (folder / "observer.html").write_text(OBSERVER)
    return Browser(browser, folder)


def console(said: str) -> list[str]:
    return [line for line in said.splitlines() if ":CONSOLE" in line]


def seen(opened: Browser) -> dict[str, Any]:
    done = opened.run("observer.html", "--dump-dom", "--virtual-time-budget=5000")
    assert console(done.stderr) == []
    written = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert written is not None, done.stdout[-2000:]
    found: dict[str, Any] = json.loads(html.unescape(written[1]))
    return found


def test_every_picture_has_size_and_the_text_is_there(opened: Browser) -> None:
    found = seen(opened)
    assert [name for name, *_ in found["pictures"]] == [
        "The deployed databases",
        "Failover of Aurora to reader-1, run 1 of 2",
        "Failover of Aurora to reader-1, run 2 of 2",
        "Failover of Aurora to reader-1: write outage by run",
        "Lag of the copies of orders",
        "elastic: ACU and clients over time",
        "Cache hit rate by node, as CloudWatch counts",
        "A request's latency by arrangement",
        "Latency by statement (writer)",
        "How a request's latencies are distributed",
        "Requests a second over time",
    ]
    assert all(width > 300 and height > 100 for _, width, height in found["pictures"])
    assert len(found["lines"]) > 10
    assert all(width > 10 or height > 10 for width, height in found["lines"])
    for text in ("1 of 4 exercises failed", "write outage", "no <cipher> & no TLS", "1213"):
        assert text in found["text"]
    assert found["wide"] <= 1280


def test_no_request_leaves_it_and_the_console_is_silent(opened: Browser) -> None:
    done = opened.run("report.html", "--dump-dom")
    assert console(done.stderr) == []
    assert opened.asked() == set()


def test_a_request_would_have_been_seen(opened: Browser) -> None:
    (opened.folder / "calling.html").write_text('<img src="http://127.200.0.1:9/pixel.png">')
    opened.run("calling.html", "--dump-dom")
    assert opened.asked() == {"http://127.200.0.1:9/pixel.png"}


def test_the_console_would_have_been_heard(opened: Browser) -> None:
    (opened.folder / "loud.html").write_text("<script>undefined.boom</script>")
    assert console(opened.run("loud.html", "--dump-dom").stderr) != []


def test_light_and_dark_are_two_pictures(opened: Browser) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    shots = {}
    for scheme, number in (("light", 1), ("dark", 0)):
        shot = ARTEFACTS / f"report-{scheme}.png"
        opened.run(
            "report.html",
            f"--blink-settings=preferredColorScheme={number}",
            "--window-size=1280,2400",
            f"--screenshot={shot}",
        )
        shots[scheme] = shot.read_bytes()
    assert all(len(picture) > 20_000 for picture in shots.values())
    assert shots["light"] != shots["dark"]
