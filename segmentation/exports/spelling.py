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
    if kind == "instant" and not any(isinstance(value, datetime) for value in values):
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
    """As `rfc3339`; quicker for microseconds, of which many lie in one hour."""
    if isinstance(at, datetime):
        return rfc3339(at)
    second, fraction = divmod(at, _SECOND)
    text = _HOURS[second // 3600] + _SECONDS[second % 3600]
    return f"{text}.{fraction:06}Z" if fraction else text + "Z"


class _Hours(dict[int, str]):
    """Hours since 1970 as text; each is spelled when it is first asked for."""

    def __missing__(self, hour: int) -> str:
        text = self[hour] = (datetime(1970, 1, 1) + timedelta(hours=hour)).isoformat()[:13]
        return text


_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_HOURS = _Hours()
_SECONDS = [f":{second // 60:02}:{second % 60:02}" for second in range(3600)]
# Looked up, because to fill up with zeros takes longer than all the rest.
_CENTS = [f".{cents:02}" for cents in range(100)]
_MILLISECONDS = [f".{part:03}" for part in range(1000)]
_MICROSECONDS = [f"{part:03}Z" for part in range(1000)]


def _all_units(amounts: Sequence[int | None]) -> list[str]:
    return ["" if amount is None else
            f"{(cents := (amount + 50) // 100) // 100}{_CENTS[cents % 100]}" if amount >= 0 else _units(amount)
            for amount in amounts]


def _all_instants(instants: Sequence[int | None]) -> list[str]:
    return ["" if at is None else
            f"{_HOURS[at // _HOUR]}{_SECONDS[at // _SECOND % 3600]}"
            f"{_MILLISECONDS[fraction // 1000]}{_MICROSECONDS[fraction % 1000]}" if (fraction := at % _SECOND) else
            f"{_HOURS[at // _HOUR]}{_SECONDS[at // _SECOND % 3600]}Z" for at in instants]


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
