"""How the interpreter shares its time while imports and exports run: settings of the whole process, put back when the
last of them ends.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Lock

# Batches are many objects and hardly a cycle: to look for some after every 700 would take a third of the time, so it is
# done between some batches, and within one only if more pile up than two batches hold.
COLLECT_AFTER = 400_000
BATCHES_BETWEEN = 4
# The thread that waits for a database server goes on as soon as it has answered, though another one reads the file.
SWITCH_SECONDS = 0.0005

_lock = Lock()
_batches = count(1)
_running = 0
_before = (gc.get_threshold(), sys.getswitchinterval())


@contextmanager
def many_rows() -> Iterator[None]:
    """Hold the settings for an import or export; several may, at once and ending in any order."""
    _count(1)
    try:
        yield
    finally:
        _count(-1)


def between_batches() -> None:
    """Let go of what the statements of a batch leave behind: few objects, but they hold all that was written."""
    if next(_batches) % BATCHES_BETWEEN == 0:
        gc.collect(0)


def _count(change: int) -> None:
    global _running, _before
    with _lock:
        if not _running:
            _before = (gc.get_threshold(), sys.getswitchinterval())
        _running += change
        thresholds, interval = _before
        gc.set_threshold(COLLECT_AFTER if _running else thresholds[0], *thresholds[1:])
        sys.setswitchinterval(SWITCH_SECONDS if _running else interval)
