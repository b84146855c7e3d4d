"""Where DuckDB writes what does not fit into its memory: a folder beside the replicas, one for each process.

It is removed with whoever has it. What a killed process leaves is told by its lock, and swept (see `replication`).
"""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack
from pathlib import Path
from shutil import disk_usage, rmtree
from tempfile import mkdtemp
from weakref import finalize

from segmentation.audience.building import LOCK
from segmentation.disk import locked

SPILLED = "spilled-"  # begins the folder's name
MOST_TIMES = 16  # the memory; and half of what is free on the disk when the folder is made
log = logging.getLogger("segmentation.replicas")


class Spill:
    """A folder in `directory`, and how many megabytes may be in it for an instance with `memory` megabytes. Where none
    can be made the path is empty, which tells DuckDB to write nothing.
    """

    def __init__(self, directory: Path, memory: int) -> None:
        self.path, self.megabytes = "", 0
        self._lock = ExitStack()
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = Path(mkdtemp(prefix=SPILLED, dir=directory))
            finalize(self, _remove, folder, os.getpid())
            self._lock.enter_context(locked(folder / LOCK))
            self.megabytes = min(memory * MOST_TIMES, disk_usage(folder).free // 2_000_000)
            self.path = str(folder)
        except OSError as error:
            log.warning("nothing can be written beside the replicas", extra={"fields": {"reason": str(error)}})


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # and not a child of it that ends
        rmtree(folder, ignore_errors=True)
