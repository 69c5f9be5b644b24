"""One client in a process of its own, which can be ended while its driver waits for ever.

`python -m verify.drill.observer` reads an `Order` from its standard input, then reads in a loop and
writes a line of JSON for everything that it meets.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time

from pydantic import TypeAdapter

from verify.drill.comparison import Answer, Failure
from verify.drill.reading import Order, Reader, opener_of

PERIOD_S = 0.05
"""20 times a second at most: what is compared must not be a load."""
_SAID = 160
LINE: TypeAdapter[Answer | Failure] = TypeAdapter(Answer | Failure)
"""Times are of the monotonic clock, which all processes of a machine share."""


def main() -> int:
    """Read until whoever ordered it closes our standard input, or our life is over."""
    order = Order.model_validate_json(sys.stdin.readline())
    # By the kernel: a driver that waits may not let any thread of Python run.
    signal.setitimer(signal.ITIMER_REAL, order.life_s)
    threading.Thread(target=_end_with_input, daemon=True).start()
    open_ = opener_of(order)
    reader: Reader | None = None
    while True:
        try:
            reader = reader or open_(order)
            server, writable = reader.read()
            _tell(Answer(time.monotonic(), server, writable))
        except Exception as error:
            # Whatever it is, it is what this client meets.
            _tell(Failure(time.monotonic(), type(error).__name__, _first_line(error)))
            if reader is not None:
                with contextlib.suppress(Exception):
                    reader.close()
            reader = None
        time.sleep(PERIOD_S)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


def _tell(met: Answer | Failure) -> None:
    print(LINE.dump_json(met).decode(), flush=True)


def _first_line(error: Exception) -> str:
    line = (str(error).strip().splitlines() or ["it said nothing"])[0]
    return line if len(line) <= _SAID else f"{line[:_SAID]}..."


if __name__ == "__main__":
    sys.exit(main())
