"""The worker: a process that runs jobs, several at a time, until it is told to stop.

Told so (SIGTERM, SIGINT), it gives what it runs back at the next checkpoint, for another to go on with.
"""

from __future__ import annotations

import logging
import os
import signal
import uuid
from time import monotonic, sleep

from flask import Flask, current_app
from huey.consumer import Consumer

from segmentation import queue
from segmentation.database import let_go
from segmentation.extensions import db
from segmentation.jobs import running, sweeping
from segmentation.jobs.work import stopping

SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_BETWEEN_BREATHS = 0.2
SECONDS_TO_STOP = 25
LONGEST_PAUSE = 0.5  # seconds between looks into an empty queue
log = logging.getLogger("segmentation.jobs")


class _Consumer(Consumer):  # type: ignore[misc]
    """Huey's consumer; signals are ours."""

    def _set_signal_handlers(self) -> None:
        """None: `work` has set them."""


def init_app(app: Flask) -> None:
    """Say what workers of the application do."""

    def run(job_id: str) -> None:
        with app.app_context():
            running.run(uuid.UUID(job_id))

    def sweep() -> None:
        with app.app_context():
            sweeping.sweep()

    queue.init_app(app, run, sweep)


def work(threads: int, *, with_parent: bool) -> None:
    """Run jobs until told to stop; `with_parent`: or until the process that started this one is gone."""
    parent = os.getppid() if with_parent else None
    told: list[int] = []  # no lock, which a signal could find taken by what it interrupts
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: told.append(number))
    consumer = _Consumer(queue.queue().huey, workers=threads, max_delay=LONGEST_PAUSE, check_worker_health=False,
                         shutdown_timeout=SECONDS_TO_STOP)
    consumer.start()
    log.info("worker begun", extra={"fields": {"threads": threads, "queue": current_app.config["QUEUE"].split(":")[0]}})
    looked = -SECONDS_BETWEEN_LOOKS
    while not told and (parent is None or os.getppid() == parent):
        if monotonic() - looked >= SECONDS_BETWEEN_LOOKS:
            looked = monotonic()
            _look_after()
        sleep(SECONDS_BETWEEN_BREATHS)
    stopping.set()
    consumer.stop(graceful=True)


def _look_after() -> None:
    try:
        sweeping.look_after()
    except Exception:
        log.warning("the jobs could not be looked after", exc_info=True)
    finally:
        let_go()
        db.session.remove()
