"""How a value of each kind is spelled in CSV cells, and in a workbook that has no number for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from segmentation.exports.columns import Kind
from segmentation.json import rfc3339

_CENT = Decimal("0.01")
_WIDE = Context(prec=60)
_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def spell(kind: Kind, value: Any) -> str:
    """The text of a checked value of that kind; empty for None. Says the same in every locale."""
    return "" if value is None else SPELLINGS[kind](value)


def holdable(text: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 or UTF-8 cannot hold."""
    return _UNHOLDABLE.sub("\ufffd", text)


def cents(amount: Decimal | int) -> Decimal:
    """An amount rounded to two decimals, halves away from zero, and zero without a sign."""
    return Decimal(amount).quantize(_CENT, ROUND_HALF_UP, _WIDE) or Decimal("0.00")


def units_to_cents(units: int) -> int:
    """Money in 1/10000, rounded to a whole number of 1/100, halves away from zero."""
    rounded = (abs(units) + 50) // 100
    return -rounded if units < 0 else rounded


def _units(units: int) -> str:
    amount = units_to_cents(units)
    whole, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:02}"


def _instant(at: datetime | int) -> str:
    """As `rfc3339`; quicker for microseconds, of which many lie on one day."""
    if isinstance(at, datetime):
        return rfc3339(at)
    day, within = divmod(at, _DAY)
    second, fraction = divmod(within, _SECOND)
    minute, second = divmod(second, 60)
    text = f"{_DATES[day]}{_MINUTES[minute]}{_SECONDS[second]}"
    return f"{text}.{fraction:06}Z" if fraction else text + "Z"


class _Dates(dict[int, str]):
    """Days after 1970 as text; each is spelled when it is first asked for."""

    def __missing__(self, day: int) -> str:
        text = self[day] = (date(1970, 1, 1) + timedelta(days=day)).isoformat()
        return text


_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_DATES = _Dates()
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]
_SECONDS = [f":{second:02}" for second in range(60)]
SPELLINGS: dict[Kind, Callable[[Any], str]] = {
    "text": holdable,
    "integer": str,
    "money": lambda amount: str(cents(amount)),
    "decimal": lambda number: format(Decimal(number), "f"),
    "boolean": lambda answer: "true" if answer else "false",
    "units": _units,
    "instant": _instant,
    "date": date.isoformat,
}
