"""RFM: scores of recency, frequency and monetary value, and the label they give. No database here.

A score compares a customer with the other buyers of the store. With n buyers and w of them strictly
worse, it is 1 + floor(5 w / n): ties always score alike, and the many who bought once stay at the
bottom. That is a step function of the measured value, so it is kept as the values at which its
steps begin, however many buyers there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from segmentation.rules.windows import DAY, start_of_day

SCORES = 5
FEWEST_BUYERS = 5
SCORE_WHEN_ALL_TIE = 3

# A row per recency score from 1, a column per FM (see `label`) from 1.
_LOYAL, _POTENTIAL = "Loyal Customers", "Potential Loyalists"
_LABELS = (
    ("Lost", "Lost", "At Risk", "At Risk", "Cannot Lose Them"),
    ("Hibernating", "Hibernating", "At Risk", "At Risk", "Cannot Lose Them"),
    ("About To Sleep", "About To Sleep", "Need Attention", _LOYAL, _LOYAL),
    ("Promising", _POTENTIAL, _POTENTIAL, _LOYAL, _LOYAL),
    ("New Customers", _POTENTIAL, _POTENTIAL, "Champions", "Champions"),
)

V = TypeVar("V", int, date)


@dataclass(frozen=True)
class Scale(Generic[V]):
    """The scores of one measure, as pairs of a score and the least value that has it, best first.

    Empty where there are no scores.
    """

    steps: tuple[tuple[int, V], ...]

    def score(self, value: V) -> int | None:
        """The score of a measured value; None where there are no scores."""
        for score, start in self.steps:
            if value >= start:
                return score
        return None

    @property
    def thresholds(self) -> list[V | None]:
        """The value at which each score from 1 to 5 begins; None for a score that no buyer has."""
        starts = dict(self.steps)
        return [starts.get(score) for score in range(1, SCORES + 1)]


def scale(histogram: Iterable[tuple[V, int]], buyers: int) -> Scale[V]:
    """The scores of a measure from its (value, how many buyers have it) pairs, worst value first.

    `buyers` is the sum of the counts. With fewer than 5 there are no scores; where all tie, all
    score 3.
    """
    starts: dict[int, V] = {}
    worse = 0
    for value, count in histogram:
        score = SCORE_WHEN_ALL_TIE if count == buyers else 1 + SCORES * worse // buyers
        starts.setdefault(score, value)
        worse += count
    return Scale(tuple(reversed(starts.items())) if buyers >= FEWEST_BUYERS else ())


def label(recency: int, frequency: int, monetary: int) -> str:
    """The label of three scores; FM is the mean of the latter two, halves rounded up."""
    mean = (frequency + monetary + 1) // 2
    return _LABELS[recency - 1][mean - 1]


def local_days(zone: ZoneInfo) -> Callable[[datetime], date]:
    """A function from an instant to its local day; a day ends where the next one first begins."""
    start = cache(lambda day: start_of_day(day, zone))

    def day_of(instant: datetime) -> date:
        shown = instant.astimezone(zone).date()
        # A clock set back past a midnight it had struck shows yesterday's date for a while.
        return shown + DAY if instant >= start(shown + DAY) else shown

    return day_of
