"""How a value of each kind is spelled in CSV cells, and in a workbook that has no number for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from segmentation.exports.columns import Kind
from segmentation.json import rfc3339

_CENT = Decimal("0.01")
_WIDE = Context(prec=60)
_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def spell(kind: Kind, value: Any) -> str:
    """The text of a checked value of that kind; empty for None. Says the same in every locale."""
    return "" if value is None else _SPELLINGS[kind](value)


def holdable(text: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 or UTF-8 cannot hold."""
    return _UNHOLDABLE.sub("\ufffd", text)


def cents(amount: Decimal | int) -> Decimal:
    """An amount rounded to two decimals, halves away from zero, and zero without a sign."""
    return Decimal(amount).quantize(_CENT, ROUND_HALF_UP, _WIDE) or Decimal("0.00")


_SPELLINGS: dict[Kind, Callable[[Any], str]] = {
    "text": holdable,
    "integer": str,
    "money": lambda amount: str(cents(amount)),
    "decimal": lambda number: format(Decimal(number), "f"),
    "boolean": lambda answer: "true" if answer else "false",
    "instant": rfc3339,
    "date": date.isoformat,
}
