"""Reading the next of something while a database server is at work on the one before."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """What a generator gives, in turn; once somebody says `begin` the next is read, by a thread of its own.

    Not before: this process's threads take each other's turns, so while the one before is made ready both would only
    take longer. Hence without `in_thread`, for SQLite, which works in this process too, nothing is read ahead. To be
    closed before what the generator reads.
    """

    def __init__(self, items: Generator[Item, None, None], *, in_thread: bool) -> None:
        self._items = items
        self._thread = ThreadPoolExecutor(1) if in_thread else None
        self._next: Future[Item | None] | None = None

    def begin(self) -> None:
        """Begin to read the next, unless somebody has."""
        if self._thread is not None and self._next is None:
            self._next = self._thread.submit(next, self._items, None)

    def __iter__(self) -> Iterator[Item]:
        while (item := self._read()) is not None:
            yield item

    def close(self) -> None:
        """Read no further."""
        if self._thread is not None:
            self._thread.shutdown()
        self._items.close()

    def _read(self) -> Item | None:
        self.begin()
        if self._next is None:
            return next(self._items, None)
        item, self._next = self._next.result(), None
        return item
