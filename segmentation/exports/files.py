"""Files that appear whole or not at all, and what is told about one.

While one is written, all of it lies beside its final place under names that end in `.part`: a
file, and for workbooks a directory. What a killed process leaves there can be swept by that name.
One writer per path: the caller gives each file its own name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from tempfile import TemporaryDirectory

from segmentation.disk import sync


@dataclass(frozen=True)
class Written:
    """A finished file: data rows, size in bytes, digest, and texts cut to what a cell can hold."""

    rows: int
    size: int
    sha256: bytes
    truncated: int


@contextmanager
def appearing(path: Path) -> Iterator[BufferedRandom]:
    """A new binary file, readable too; it gets its name when the block ended well, on disk."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync(path.parent)  # or a power cut may undo the renaming of a file that was already announced


@contextmanager
def scratch_beside(path: Path) -> Iterator[str]:
    """A directory for pieces of the file, on the same disk, gone when the block ends."""
    with TemporaryDirectory(prefix=f"{path.name}.", suffix=".part", dir=path.parent) as folder:
        yield folder
