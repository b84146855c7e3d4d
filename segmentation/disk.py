"""Seeing to it that what was written is on the disk, and is found there after a power cut."""

from __future__ import annotations

import os
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
