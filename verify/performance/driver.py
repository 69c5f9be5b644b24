"""Workers that run the course's test against MySQL, on a schedule or with pauses."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import get_context

from verify.performance.job import SLIP, Closed, Job, Open, Record
from verify.performance.worker import Worker

_READY_S = 0.02
"""Between the threads' start and the first request of a schedule."""


def drive(job: Job) -> Record:
    """Run ``job`` to its end, in as many processes as it says."""
    if job.processes == 1:
        return _Crew(job).run()
    parts = []
    for number in range(job.processes):
        workers = len(range(number, job.workers, job.processes))
        pacing = job.pacing
        if isinstance(pacing, Open):
            pacing = replace(pacing, rate=pacing.rate / job.processes)
        parts.append(replace(job, workers=workers, pacing=pacing, processes=1))
    whole = Record()
    with ProcessPoolExecutor(job.processes, mp_context=get_context("spawn")) as pool:
        for part in pool.map(drive, [part for part in parts if part.workers]):
            whole.add(part)
    return whole


class _Crew:
    """The threads of one process."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self._start = 0.0

    def run(self) -> Record:
        records = [Record() for _ in range(self._job.workers)]
        workers = [Worker(self._job, record) for record in records]
        with ExitStack() as opened:
            for worker in workers:
                opened.callback(worker.end)
                worker.ready()
            cpu, self._start = time.process_time(), time.perf_counter() + _READY_S
            threads = [
                threading.Thread(target=self._work, args=pair, name="performance", daemon=True)
                for pair in zip(workers, records, strict=True)
            ]
            try:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            finally:
                # Also when interrupted: each ends with its request.
                self._stop.set()
                for thread in threads:
                    if thread.ident is not None:
                        thread.join(self._job.wait_s)
            whole = Record(
                cpu_s=time.process_time() - cpu, seconds=time.perf_counter() - self._start
            )
        for record in records:
            whole.add(record)
        return whole

    def _work(self, worker: Worker, record: Record) -> None:
        for number, due in self._turns(record):
            worker.request(number, due)
            record.ended[int(time.perf_counter() - self._start)] += 1

    def _turns(self, record: Record) -> Iterator[tuple[int, int]]:
        """A request's number and when it was due, in nanoseconds, as that moment comes."""
        pacing = self._job.pacing
        if isinstance(pacing, Open):
            return self._schedule(pacing, record)
        return self._in_turn(pacing)

    def _schedule(self, pacing: Open, record: Record) -> Iterator[tuple[int, int]]:
        for number in self._numbers:
            due = self._start + number / pacing.rate
            left = due - time.perf_counter()
            if number >= pacing.rate * pacing.duration_s or self._stop.is_set():
                return
            if left > 0:
                time.sleep(left)
                record.latencies[SLIP].record(max(0, int((time.perf_counter() - due) * 1e9)))
            else:
                record.late += 1
            yield number, int(due * 1e9)

    def _in_turn(self, pacing: Closed) -> Iterator[tuple[int, int]]:
        end = self._start + pacing.duration_s
        numbers = itertools.count() if pacing.iterations is None else range(pacing.iterations)
        for number in numbers:
            if time.perf_counter() >= end or self._stop.is_set():
                return
            yield number, time.perf_counter_ns()
            if pacing.pause_s:
                self._stop.wait(pacing.pause_s)
