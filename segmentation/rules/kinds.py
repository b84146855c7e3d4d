"""Kinds: what sort of value a field has. A kind reads a value from JSON or says why not, and knows its JSON Schema.

No SQL here. Values are typed, never coerced: `"5"` is not a number and `true` is not 1. `stored` turns a read value
into what columns hold and are compared with: folded text, fixed-point numbers.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Any, NamedTuple

from segmentation import limits
from segmentation.models.types import MONEY_UNITS
from segmentation.translations import Filled, translate
from segmentation.values.text import fold, has_control_characters

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LARGEST_STORED = 2**63 - 2
MONTHS = 12


class Fault(Exception):
    """A value cannot be taken: a stable code and words for the person who typed it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Bounds(NamedTuple):
    """A number between two neighbouring stored whole numbers; both are the same when it is one of them."""

    floor: int
    ceiling: int

    @property
    def is_storable(self) -> bool:
        """Whether a stored value can equal the number."""
        return self.floor == self.ceiling and abs(self.floor) < LARGEST_STORED


@dataclass(frozen=True)
class Kind:
    """Base of all kinds. `name` selects the operators; `widget` names the input that suits it."""

    name: str = ""
    widget: str = ""

    def read(self, raw: Any) -> Any:
        """The typed value of `raw` (from JSON). Raises Fault."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """JSON Schema of one value."""
        raise NotImplementedError

    def stored(self, value: Any, *, part: bool = False) -> Any:
        """What `value` is compared with in a column; `part` when it is only a piece of the stored value."""
        return value

    def each_stored(self, values: Iterable[Any]) -> Iterable[Any]:
        """What each of the values is compared with, when it is whole."""
        return map(self.stored, values)


@dataclass(frozen=True)
class Text(Kind):
    """Text, compared folded. `whole` and `part` say how a complete value and a piece of one are folded."""

    name: str = "text"
    widget: str = "text"
    whole: Callable[[str], str] = fold
    part: Callable[[str], str] = fold

    def read(self, raw: Any) -> str:
        """A text of 1 to 1,000 characters that is more than white space."""
        text = read_text(raw)
        if not self.whole(text) or not self.part(text):
            raise Fault("blank", "Enter some text.")
        return text

    def schema(self) -> dict[str, Any]:
        """A string with its length."""
        return {"type": "string", "minLength": 1, "maxLength": limits.TEXT_LENGTH}

    def stored(self, value: str, *, part: bool = False) -> str:
        """Folded text."""
        return self.part(value) if part else self.whole(value)

    def each_stored(self, values: Iterable[str]) -> Iterable[str]:
        """Folded texts; of rules there may be 20,000, and most of compiling them is this."""
        return map(self.whole, values)


@dataclass(frozen=True)
class Choice(Kind):
    """One of a fixed set of codes, each with its label. `named`: how the labels are said in a language, if they are
    not among our own translations.
    """

    name: str = "choice"
    widget: str = "select"
    choices: Mapping[str, str] = field(default_factory=dict, hash=False)
    named: Callable[[str], Mapping[str, str]] | None = None

    def label(self, code: str, language: str) -> str:
        """What a code is called in a language."""
        if self.named is not None:
            return self.named(language)[code]
        return translate(self.choices[code], language)

    def read(self, raw: Any) -> str:
        """One of the codes, exactly."""
        text = read_text(raw)
        if text not in self.choices:
            raise Fault("unknown_choice", "Choose one of the values on offer.")
        return text

    def schema(self) -> dict[str, Any]:
        """The codes."""
        return {"type": "string", "enum": list(self.choices)}


@dataclass(frozen=True)
class Integer(Kind):
    """A whole number."""

    name: str = "integer"
    widget: str = "number"

    def read(self, raw: Any) -> int:
        """A JSON integer; `5.0` is not one."""
        number = read_number(raw)
        if not isinstance(number, int):
            raise Fault("not_a_whole_number", "Enter a whole number.")
        return number

    def schema(self) -> dict[str, Any]:
        """An integer within the limits."""
        return {"type": "integer", "minimum": -limits.NUMBER, "maximum": limits.NUMBER}

    def stored(self, value: int, *, part: bool = False) -> Bounds:
        """The number itself, as both bounds."""
        return Bounds(value, value)


@dataclass(frozen=True)
class Number(Kind):
    """A number with up to four decimals, stored in units of 1/10000."""

    name: str = "decimal"
    widget: str = "number"

    def read(self, raw: Any) -> int | Decimal:
        """Any JSON number within the limits, exactly as written."""
        return read_number(raw)

    def schema(self) -> dict[str, Any]:
        """A number within the limits."""
        return {"type": "number", "minimum": -limits.NUMBER, "maximum": limits.NUMBER}

    def stored(self, value: int | Decimal, *, part: bool = False) -> Bounds:
        """The stored numbers next to it, so that comparing is exact however many decimals were asked for."""
        with localcontext(prec=2 * limits.TEXT_LENGTH, Emin=MIN_EMIN):  # lest something tiny be taken for 0
            units = Decimal(value) * MONEY_UNITS
            floor, ceiling = units.to_integral_value(ROUND_FLOOR), units.to_integral_value(ROUND_CEILING)
        return Bounds(_clamp(int(floor)), _clamp(int(ceiling)))


@dataclass(frozen=True)
class Money(Number):
    """An amount in the store's currency."""

    name: str = "money"
    widget: str = "money"


@dataclass(frozen=True)
class Boolean(Kind):
    """Yes or no."""

    name: str = "boolean"
    widget: str = "checkbox"

    def read(self, raw: Any) -> bool:
        """JSON true or false."""
        if not isinstance(raw, bool):
            raise Fault("not_a_boolean", "Choose yes or no.")
        return raw

    def schema(self) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Instant(Kind):
    """A moment, asked about by local days and durations."""

    name: str = "instant"
    widget: str = "date"

    def read(self, raw: Any) -> date:
        """A day as YYYY-MM-DD."""
        if not isinstance(raw, str) or not _DAY.fullmatch(raw):
            raise Fault("not_a_date", "Enter a date as YYYY-MM-DD.")
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            raise Fault("not_a_date", "There is no such day.") from None
        if not limits.EARLIEST_YEAR <= day.year <= limits.LATEST_YEAR:
            raise Fault("out_of_range", Filled(
                "Enter a year from {first} to {last}.", first=limits.EARLIEST_YEAR, last=limits.LATEST_YEAR))
        return day

    def schema(self) -> dict[str, Any]:
        """A date."""
        return {"type": "string", "format": "date"}


@dataclass(frozen=True)
class Birthday(Kind):
    """A day of the year on which somebody was born, asked about by nearness and by month."""

    name: str = "birthday"
    widget: str = "month"

    def read(self, raw: Any) -> int:
        """A month, 1 to 12."""
        month = read_number(raw)
        if not isinstance(month, int) or not 1 <= month <= MONTHS:
            raise Fault("not_a_month", Filled("Enter a month from 1 to {months}.", months=MONTHS))
        return month

    def schema(self) -> dict[str, Any]:
        """A month."""
        return {"type": "integer", "minimum": 1, "maximum": MONTHS}


@dataclass(frozen=True)
class Tags(Text):
    """A set of tags, each compared folded."""

    name: str = "tags"
    widget: str = "tags"


@dataclass(frozen=True)
class SegmentReference(Kind):
    """Other segments, by id."""

    name: str = "segment_reference"
    widget: str = "segments"

    def read(self, raw: Any) -> uuid.UUID:
        """An id as the API writes it."""
        try:
            found = uuid.UUID(raw) if isinstance(raw, str) else None
        except ValueError:
            found = None
        if found is None or str(found) != raw:
            raise Fault("not_an_id", "Choose a segment.")
        return found

    def schema(self) -> dict[str, Any]:
        """An id."""
        return {"type": "string", "format": "uuid"}


def read_text(raw: Any, longest: int = limits.TEXT_LENGTH) -> str:
    """Text that can be stored anywhere: 1 to `longest` characters, no control characters. Raises Fault."""
    if not isinstance(raw, str):
        raise Fault("not_a_text", "Enter a text.")
    if not raw:
        raise Fault("blank", "Enter some text.")
    if len(raw) > longest:
        raise Fault("too_long", Filled("Enter at most {longest} characters.", longest=longest))
    if has_control_characters(raw):
        raise Fault("control_character", "Line breaks and control characters are not allowed.")
    return raw


def read_line(raw: Any, longest: int) -> str:
    """One line of text, trimmed: at least one character that is not white space. Raises Fault."""
    text = read_text(raw, longest).strip()
    if not text:
        raise Fault("blank", "Enter some text.")
    return text


def read_lines(raw: Any, longest: int) -> str:
    """Text that may be blank and hold line breaks, trimmed. Raises Fault."""
    if raw:
        read_text(re.sub(r"\r?\n", " ", raw) if isinstance(raw, str) else raw, longest)
    return str(raw).strip()


def read_number(raw: Any) -> int | Decimal:
    """A finite number within ±10^15. Raises Fault."""
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        raise Fault("not_a_number", "Enter a number.")
    if not -limits.NUMBER <= raw <= limits.NUMBER:
        raise Fault("out_of_range", Filled("Enter a number from -{most} to {most}.", most=limits.NUMBER))
    return raw


def _clamp(number: int) -> int:
    # No stored amount comes near the end of 64 bits, so beyond it the end compares alike.
    return max(-LARGEST_STORED, min(LARGEST_STORED, number))
