"""Asking many yes-or-no questions of every customer in one statement.

Each customer answers all of them once; those with the same answers are counted together. From that every count over
the answers follows by arithmetic, without another look at the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from sys import byteorder
from typing import Any, Generic, Literal, TypeVar

from segmentation.audience.engines import Part, Snapshot
from segmentation.audience.matching import Question
from segmentation.audience.remembering import remembered
from segmentation.audience.scope import Scope
from segmentation.rules.sql import Compiler

Test = TypeVar("Test")
TESTS_PER_NUMBER = 60  # bits of a whole number
# How many tests fit into decimal numbers of 1, 2, 4 or 8 digits (all with the same number of them), and the C type of
# that many characters.
DIGITS: Sequence[tuple[int, int, Literal["B", "H", "I", "Q"]]] = ((3, 1, "B"), (6, 2, "H"), (13, 4, "I"), (26, 8, "Q"))


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


def tally(
    scope: Scope, now: datetime, snapshot: Snapshot, write: Callable[[Compiler], Mapping[Test, str]]
) -> Tally[Test]:
    """Ask the conditions that `write` writes, by name, of every customer of the scope."""
    def ask(part: Part) -> Tally[Test]:
        question = Question(scope, now, part.facts)
        return _tally(question, part, write(question.compiler))

    asked = Question(scope, now, snapshot.facts)
    written = tuple(write(asked.compiler).items())
    return _together(remembered(
        snapshot, scope.store_id, now, (written, tuple(asked.compiler.sets.values())), asked.compiler, ask))


def _tally(question: Question, part: Part, tests: Mapping[Test, str]) -> Tally[Test]:
    read = _read_digits if question.compiler.dialect.name == "sqlite" else _read_numbers
    different = list(dict.fromkeys(tests.values()))
    counted = read(question, part, different)
    masks = [format(mask, f"0{len(different)}b") for mask in counted] if different else []
    columns = [int("".join(column), 2) for column in zip(*reversed(masks), strict=True)] or [0] * len(different)
    # The first test is the lowest bit of a mask and so its last digit.
    holds = dict(zip(different, reversed(columns), strict=True))
    return Tally({name: holds[test] for name, test in tests.items()}, (1 << len(counted)) - 1,
                 _planes(list(counted.values())))


def _together(parts: Sequence[Tally[Test]]) -> Tally[Test]:
    """The cases of all parts, those of one after those of another."""
    first, *others = parts
    for other in others:
        past = first.every.bit_length()
        first = Tally({name: cases | other.holds[name] << past for name, cases in first.holds.items()},
                      first.every | other.every << past,
                      [one | another << past for one, another in
                       zip_longest(first.planes, other.planes, fillvalue=0)])
    return first


def _planes(sizes: Sequence[int]) -> list[int]:
    """The sizes, one whole number for each binary digit: bit n of plane k is digit k of size n."""
    digits = max(sizes, default=0).bit_length()
    return [sum(1 << place for place, size in enumerate(sizes) if size >> digit & 1) for digit in range(digits)]


def _read_digits(question: Question, part: Part, tests: Sequence[str]) -> Mapping[int, int]:
    # SQLite groups by sorting all rows. To string the masks together as digits, and to count these here as numbers of
    # a C array, takes two thirds of the time.
    most, width, letter = next((each for each in DIGITS if len(tests) <= each[0]), DIGITS[-1])
    first = 10 ** (width - 1) if width > 1 else 0
    columns = ", ".join(f"group_concat({first} + {mask}, '')" for mask in _masks(tests, most))
    words = [(word or "").encode() for word in part.run(question.text(columns), question.compiler.values)[0]]
    masks = [memoryview(word).cast(letter) for word in words]
    counted: Counter[Any] = Counter(zip(*masks, strict=True) if len(masks) > 1 else masks[0])
    return {_whole((int(part.to_bytes(width, byteorder)) - first for part in _parts(case)), most): size
            for case, size in counted.items()}


def _parts(case: int | tuple[int, ...]) -> tuple[int, ...]:
    return case if isinstance(case, tuple) else (case,)


def _read_numbers(question: Question, part: Part, tests: Sequence[str]) -> Mapping[int, int]:
    masks = _masks(tests, TESTS_PER_NUMBER)
    grouped = ", ".join(str(place + 1) for place in range(len(masks)))
    written = question.text(f"{', '.join(masks)}, count(*)", rest=f" GROUP BY {grouped}")
    rows = part.run(written, question.compiler.values)
    return {_whole(row[:-1], TESTS_PER_NUMBER): row[-1] for row in rows}


def _masks(tests: Sequence[str], width: int) -> list[str]:
    """Whole numbers of `width` binary digits: digit n is 1 where test n holds. No test is 0."""
    pieces = [tests[start:start + width] for start in range(0, len(tests), width)] or [()]
    return [" + ".join(f"CASE WHEN {test} THEN {1 << place} ELSE 0 END" for place, test in enumerate(piece)) or "0"
            for piece in pieces]


def _whole(parts: Iterable[int], width: int) -> int:
    return sum(part << (place * width) for place, part in enumerate(parts))
