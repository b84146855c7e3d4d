"""How a value of each kind is spelled in CSV cells, and in a workbook that has no number for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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


def spell_all(kind: Kind, values: Sequence[Any]) -> list[str]:
    """What `spell` says of each of many checked values, faster."""
    if kind == "units":
        return _all_units(values)
    if kind == "instant" and datetime not in {*map(type, values)}:
        return _all_instants(values)
    spelled = SPELLINGS[kind]
    return ["" if value is None else spelled(value) for value in values]


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
    """As `rfc3339`, of microseconds too."""
    return rfc3339(at) if isinstance(at, datetime) else _all_instants([at])[0]


class _Days(dict[int, str]):
    """Days since 1970 as text; each is spelled when it is first asked for."""

    def __missing__(self, day: int) -> str:
        text = self[day] = (date(1970, 1, 1) + timedelta(days=day)).isoformat()
        return text


_SECOND = 1_000_000
_DAYS = _Days()
# Looked up, because to fill up with zeros takes longer than all the rest; in small tables, which stay at hand.
_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(1440)]
_SECONDS = [f"{second:02}" for second in range(60)]
_CENTS = [f".{cents:02}" for cents in range(100)]
_MILLISECONDS = [f".{part:03}" for part in range(1000)]
_MICROSECONDS = [f"{part:03}Z" for part in range(1000)]


def _all_units(amounts: Sequence[int | None]) -> list[str]:
    return ["" if amount is None else
            f"{(cents := (amount + 50) // 100) // 100}{_CENTS[cents % 100]}" if amount >= 0 else _units(amount)
            for amount in amounts]


def _all_instants(instants: Sequence[int | None]) -> list[str]:
    return ["" if at is None else
            f"{_DAYS[(second := at // _SECOND) // 86400]}{_MINUTES[second // 60 % 1440]}{_SECONDS[second % 60]}"
            f"{_MILLISECONDS[(fraction := at - second * _SECOND) // 1000]}{_MICROSECONDS[fraction % 1000]}"
            if at % _SECOND else
            f"{_DAYS[(second := at // _SECOND) // 86400]}{_MINUTES[second // 60 % 1440]}{_SECONDS[second % 60]}Z"
            for at in instants]


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
