"""Weighted draws that give the same result on every Python.

All of them rest on `Random.random()`, the one method whose sequence is promised not to change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Things that can be drawn, each as often as its weight says. Weights need not add up to 1."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.items = tuple(weights)
        self._edges = list(accumulate(weights.values()))

    def draw(self, rng: Random) -> T:
        """One of the items."""
        return self.at(rng.random())

    def at(self, share: float) -> T:
        """The item `share` (0 to 1) of the way through the weights, in the order given."""
        last = len(self.items) - 1
        return self.items[bisect_right(self._edges, share * self._edges[-1], 0, last)]


def by_rank(items: Iterable[T]) -> Weighted[T]:
    """Items listed from common to rare: a few are frequent, most are not, none is negligible."""
    return Weighted({item: 1 / (rank + 5) for rank, item in enumerate(items)})


def below(rng: Random, limit: int) -> int:
    """A whole number from 0 up to, not including, `limit`."""
    return int(rng.random() * limit)


def seeded(*parts: object) -> Random:
    """A source of chance for one purpose, so that a draw more here shifts nothing there."""
    return Random("/".join(str(part) for part in parts))  # noqa: S311 (nothing secret is drawn)
