"""What a comparison accepts, as plain data: the values that pass. No SQL, no field, no missing values.

An operator turns what it was given into one of these; the SQL, the resolved windows and the warnings about rules all
read them, so that a comparison has one meaning. Values are as stored: folded text, whole units of money, instants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Equal:
    """Exactly that value."""

    value: Any

    def accepts(self, value: Any) -> bool:
        """Whether a stored value passes."""
        return bool(value == self.value)


@dataclass(frozen=True)
class OneOf:
    """Any of the values; of things that are sets themselves (tags, memberships): at least one of them."""

    values: tuple[Any, ...]

    def accepts(self, value: Any) -> bool:
        """Whether a stored value passes."""
        return value in self.values


@dataclass(frozen=True)
class AllOf:
    """Every one of the values; only of things that are sets themselves."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Span:
    """From `start` up to, not including, `end`; None is open. Of whole numbers or of instants."""

    start: Any
    end: Any

    def accepts(self, value: Any) -> bool:
        """Whether a stored value passes."""
        return (self.start is None or value >= self.start) and (self.end is None or value < self.end)


@dataclass(frozen=True)
class Piece:
    """Texts that hold `text` there."""

    where: Literal["anywhere", "at_start", "at_end"]
    text: str

    def accepts(self, value: str) -> bool:
        """Whether a stored value passes."""
        if self.where == "at_start":
            return value.startswith(self.text)
        return value.endswith(self.text) if self.where == "at_end" else self.text in value


Predicate = Equal | OneOf | AllOf | Span | Piece
