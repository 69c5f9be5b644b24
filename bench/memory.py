"""How much memory the processes of a local cloud hold."""

from __future__ import annotations

from pathlib import Path

import psutil


def of_state(state: Path) -> tuple[int, int]:
    """(processes, bytes) of everything whose command line or environment names ``state``.

    Bytes are proportional set sizes: pages that servers share are counted once.
    """
    count = total = 0
    for process in psutil.process_iter():
        try:
            named = str(state) in " ".join(process.cmdline()) or (
                process.environ().get("LOCALCLOUD_STATE") == str(state)
            )
            if named:
                total += process.memory_full_info().pss
                count += 1
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
    return count, total
