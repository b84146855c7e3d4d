"""The places for exports of a store: so many run at a time on this machine, whoever writes them, a request or a job.

A place is a lock on a file in the spool, and goes with the process that holds it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import sleep

from flask import current_app

from segmentation.disk import locked
from segmentation.errors import TooMany
from segmentation.limits import RUNNING_EXPORTS

SECONDS_BETWEEN_LOOKS = 0.2


@contextmanager
def place(store_id: uuid.UUID, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold a place while the block runs. While none is free `waiting` is called again and again, and may raise; without
    it TooMany is raised at once.
    """
    with ExitStack() as stack:
        while not _take(store_id, stack):
            if waiting is None:
                raise TooMany("Other exports of this store are being written. Try again soon.",
                              code="too_many_exports", headers={"Retry-After": "5"})
            waiting()
            sleep(SECONDS_BETWEEN_LOOKS)
        yield


def _take(store_id: uuid.UUID, stack: ExitStack) -> bool:
    folder: Path = current_app.config["SPOOL_DIR"] / "places"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(RUNNING_EXPORTS):
        with suppress(BlockingIOError):
            stack.enter_context(locked(folder / f"{store_id}-{number}"))
            return True
    return False
