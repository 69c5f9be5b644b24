"""`python -m localcloud.migration FOLDER`: do what the folder's orders say."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

from localcloud.migration import orders
from localcloud.migration.errors import MigrationFailed
from localcloud.migration.progress import Report
from localcloud.migration.worker import Worker


def main(folder: Path) -> int:
    """Exit code 0; how it went is in the folder's progress."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    found = orders.load(folder)
    report = Report(folder, found.run)
    report.write()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        Worker(found, report, stop).run()
    except MigrationFailed as failure:
        report.end("failed", str(failure))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
