"""Reading ahead: everything comes once and in turn, and not before somebody says so."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from threading import current_thread, main_thread
from time import monotonic, sleep

import pytest

from segmentation.ahead import Ahead


@pytest.fixture
def read() -> list[int]:
    """What has been read so far."""
    return []


def numbers(read: list[int], most: int = 5) -> Generator[int, None, None]:
    """From 1."""
    for number in range(1, most + 1):
        read.append(number)
        yield number


@pytest.mark.parametrize("in_thread", [True, False])
@pytest.mark.parametrize("says", [0, 1, 3])
def test_all_come_once_and_in_turn(read: list[int], in_thread: bool, says: int) -> None:
    found = []
    with closing(Ahead(numbers(read), in_thread=in_thread)) as ahead:
        for number in ahead:
            found.append(number)
            for _ in range(says):
                ahead.begin()
    assert found == [1, 2, 3, 4, 5]


def test_the_next_is_read_once_somebody_says_so(read: list[int]) -> None:
    with closing(Ahead(numbers(read), in_thread=True)) as ahead:
        for number in ahead:
            if number == 1:
                sleep(0.05)
                assert read == [1]
                ahead.begin()
                until = monotonic() + 10
                while len(read) < 2 and monotonic() < until:
                    sleep(0.01)
                assert read == [1, 2]


@pytest.mark.parametrize("in_thread", [True, False])
def test_it_stops_where_it_is_closed(read: list[int], in_thread: bool) -> None:
    items = numbers(read)
    with closing(Ahead(items, in_thread=in_thread)) as ahead:
        assert next(iter(ahead)) == 1
    assert next(items, None) is None
    assert read == [1]


def test_a_fault_of_the_reading_thread_is_raised_to_whoever_reads() -> None:
    def broken() -> Generator[bool, None, None]:
        yield current_thread() is not main_thread()
        raise LookupError("the file is gone")

    with closing(Ahead(broken(), in_thread=True)) as ahead:
        items = iter(ahead)
        assert next(items)
        with pytest.raises(LookupError, match="gone"):
            next(items)
