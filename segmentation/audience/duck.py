"""DuckDB inside this process: one instance for all replicas that are asked, with its memory and threads capped.

What does not fit into its memory it writes down, in a folder beside the replicas that lives as long as the process.
A replica is attached when it is first asked and let go once its file is gone. Whatever fails here is a `ReplicaFailed`:
the primary answers then.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

import duckdb

from segmentation.audience.spilling import SPILLED, Spill
from segmentation.departures import HasLeft, watching
from segmentation.errors import Abandoned, query_timeout
from segmentation.rules.dialects import expanded

# A file that is still attached holds memory, and when many are at once, not all of that comes back.
SECONDS_BETWEEN_TIDYING = 1.0
# What says that the file itself cannot be read, and not that something was asked that DuckDB does not like.
_UNREADABLE = (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException)
log = logging.getLogger("segmentation.replicas")
# DuckDB tries to import it for every value that is bound. To look for it in vain takes longer than many an answer.
if "pandas" not in sys.modules and find_spec("pandas") is None:
    sys.modules["pandas"] = None  # type: ignore[assignment]


class ReplicaFailed(Exception):
    """A replica cannot answer. `unreadable`: it never will. `of_engine`: nor will any other that this instance reads.
    """

    def __init__(self, reason: BaseException, unreadable: bool = False) -> None:
        super().__init__(f"{type(reason).__name__}: {reason}")
        self.unreadable = unreadable
        self.of_engine = isinstance(reason, duckdb.FatalException | duckdb.InternalException)


@dataclass
class _Attached:
    """A file that is open. `idle`: connections that read it and wait for the next question, so that none is made and
    turned to it for each.
    """

    alias: str
    users: int = 0
    idle: list[duckdb.DuckDBPyConnection] = field(default_factory=list)


@dataclass
class Duck:
    """The instance. Attached files are told apart by their paths, which are never used twice."""

    threads: int
    memory: int
    directory: Path
    process: int = field(default_factory=os.getpid)
    _lock: Any = field(default_factory=Lock)
    _attached: dict[Path, _Attached] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _tidied: float = 0.0

    def __post_init__(self) -> None:
        self._spill = Spill(self.directory, self.memory)
        self._database = duckdb.connect(":memory:", config={
            "threads": self.threads, "memory_limit": f"{self.memory}MB", "temp_directory": self._spill.path,
            "integer_division": True})
        if self._spill.path:
            # Among what it is made with, it would be of no effect.
            self._database.execute(f"SET max_temp_directory_size = '{self._spill.megabytes}MB'")

    @contextmanager
    def reading(self, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that reads the file. Raises ReplicaFailed."""
        attached = self._take(path)
        try:
            connection = self._connection(attached)
            try:
                yield connection
            except BaseException:
                # What has failed or was interrupted is not asked again.
                with suppress(duckdb.Error):
                    connection.close()
                raise
            attached.idle.append(connection)
        finally:
            with self._lock:
                attached.users -= 1
                self._tidy()

    def attached(self) -> int:
        """How many files are open."""
        return len(self._attached)

    def _take(self, path: Path) -> _Attached:
        with self._lock, failing():
            found = self._attached.get(path)
            if found is None:
                if not path.stat().st_size:
                    raise OSError("the file is empty")
                found = _Attached(f"replica_{next(self._numbers)}")
                name = str(path).replace("'", "''")
                self._database.execute(f"ATTACH '{name}' AS {found.alias} (READ_ONLY)")
                self._attached[path] = found
            found.users += 1
            return found

    def _connection(self, attached: _Attached) -> duckdb.DuckDBPyConnection:
        with suppress(IndexError):
            return attached.idle.pop()
        with failing():
            connection = self._database.cursor()
            connection.execute(f"USE {attached.alias}")
        return connection

    def _tidy(self) -> None:
        """Let go of the files that were removed; nobody asks them any more."""
        if monotonic() - self._tidied < SECONDS_BETWEEN_TIDYING:
            return
        self._tidied = monotonic()
        for path, attached in list(self._attached.items()):
            if not attached.users and not path.exists():
                with suppress(duckdb.Error):
                    for connection in attached.idle:
                        connection.close()
                    self._database.execute(f"DETACH {attached.alias}")
                    del self._attached[path]


_ducks: dict[int, Duck] = {}
_making = Lock()


def duck(threads: int, memory: int, directory: Path) -> Duck:
    """The instance of this process; `memory` in megabytes, `directory` where replicas lie. A forked process gets one of
    its own.
    """
    with _making:
        found = _ducks.get(os.getpid())
        if found is None or (found.threads, found.memory, found.directory) != (threads, memory, directory):
            found = _ducks[os.getpid()] = Duck(threads, memory, directory)
        return found


def forget(broken: Duck) -> None:
    """Have a new instance made at the next question; DuckDB goes on with none that has met an error of its own."""
    with _making:
        if _ducks.get(broken.process) is broken:
            del _ducks[broken.process]


@contextmanager
def failing() -> Iterator[None]:
    """Whatever DuckDB or the file system raises in the block is a ReplicaFailed."""
    try:
        yield
    except _UNREADABLE as error:
        # Of what it wrote down itself, as on a full disk, it says the same.
        raise ReplicaFailed(error, unreadable=SPILLED not in str(error)) from error
    except OSError as error:
        raise ReplicaFailed(error, unreadable=True) from error
    except (duckdb.Error, UnicodeError) as error:
        raise ReplicaFailed(error) from error


def run(connection: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, Any], end: float,
        has_left: HasLeft | None) -> Sequence[tuple[Any, ...]]:
    """The rows of a statement, which is stopped at the instant `end` of the monotonic clock or once nobody waits.

    Raises ReplicaFailed, errors.Unavailable past the deadline, errors.Abandoned.
    """
    def is_over() -> bool:
        return monotonic() > end or (has_left is not None and has_left())

    statement, bound = expanded(text, values)
    with failing(), watching(is_over, connection.interrupt, again=True):
        try:
            return connection.execute(statement, bound).fetchall()
        except duckdb.InterruptException as error:
            if not is_over():
                raise
            raise (Abandoned() if has_left and has_left() else query_timeout()) from error
