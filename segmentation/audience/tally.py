"""Asking many yes-or-no questions of every customer in one statement.

Each customer answers all of them once; those with the same answers are counted together. From that every count over
the answers follows by arithmetic, without another look at the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from segmentation.audience.engines import Snapshot
from segmentation.audience.matching import Question

Test = TypeVar("Test")
TESTS_PER_LETTER = 15  # letters up to U+801F, which are all proper characters
TESTS_PER_NUMBER = 60  # bits of a whole number
FIRST_LETTER = 32


@dataclass(frozen=True)
class Tally(Generic[Test]):
    """Cases (customers with the same answers), and how many customers each stands for.

    `holds`: by the name of a test, the cases in which it holds, as bits of a whole number (see `rules.truths`).
    """

    holds: Mapping[Test, int]
    every: int
    planes: Sequence[int]

    def count(self, cases: int) -> int:
        """The number of customers in those cases."""
        return sum((cases & plane).bit_count() << place for place, plane in enumerate(self.planes))


def tally(question: Question, snapshot: Snapshot, tests: Mapping[Test, str]) -> Tally[Test]:
    """Ask the written conditions `tests`, by name, of every customer of the question's scope."""
    read = _read_letters if question.compiler.dialect.name == "sqlite" else _read_numbers
    counted = read(question, snapshot, list(tests.values()))
    masks = [format(mask, f"0{len(tests)}b") for mask in counted] if tests else []
    columns = [int("".join(column), 2) for column in zip(*reversed(masks), strict=True)] or [0] * len(tests)
    # The first test is the lowest bit of a mask and so its last digit.
    holds = dict(zip(tests, reversed(columns), strict=True))
    return Tally(holds, (1 << len(counted)) - 1, _planes(list(counted.values())))


def _planes(sizes: Sequence[int]) -> list[int]:
    """The sizes, one whole number for each binary digit: bit n of plane k is digit k of size n."""
    digits = max(sizes, default=0).bit_length()
    return [sum(1 << place for place, size in enumerate(sizes) if size >> digit & 1) for digit in range(digits)]


def _read_letters(question: Question, snapshot: Snapshot, tests: Sequence[str]) -> Mapping[int, int]:
    # SQLite groups by sorting all rows; to string the masks together as letters and count these here is twice as fast.
    masks = _masks(tests, TESTS_PER_LETTER)
    columns = ", ".join(f"group_concat(char({FIRST_LETTER} + {mask}), '')" for mask in masks)
    letters = question.ask(snapshot, question.text(columns)).one()
    counted = Counter(zip(*(word or "" for word in letters), strict=True))
    return {_whole((ord(letter) - FIRST_LETTER for letter in case), TESTS_PER_LETTER): size
            for case, size in counted.items()}


def _read_numbers(question: Question, snapshot: Snapshot, tests: Sequence[str]) -> Mapping[int, int]:
    masks = _masks(tests, TESTS_PER_NUMBER)
    grouped = ", ".join(str(place + 1) for place in range(len(masks)))
    written = question.text(f"{', '.join(masks)}, count(*)", rest=f" GROUP BY {grouped}")
    return {_whole(row[:-1], TESTS_PER_NUMBER): row[-1] for row in question.ask(snapshot, written)}


def _masks(tests: Sequence[str], width: int) -> list[str]:
    """Whole numbers of `width` binary digits: digit n is 1 where test n holds. No test is 0."""
    pieces = [tests[start:start + width] for start in range(0, len(tests), width)] or [()]
    return [" + ".join(f"CASE WHEN {test} THEN {1 << place} ELSE 0 END" for place, test in enumerate(piece)) or "0"
            for piece in pieces]


def _whole(parts: Iterable[int], width: int) -> int:
    return sum(part << (place * width) for place, part in enumerate(parts))
