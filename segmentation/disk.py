"""Files beside the database: put on the disk, so that a power cut leaves them there, and locked by one process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(*paths: Path) -> None:
    """Put these files and folders on the disk; a file that is new or was renamed is found only once its folder is.

    Raises OSError.
    """
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this file is, which is made where there is none; it goes with the process.

    Raises BlockingIOError while somebody else holds it, be it in this process, and OSError.
    """
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
