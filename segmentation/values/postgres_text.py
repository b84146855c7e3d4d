"""Values as PostgreSQL writes them in text: the lines of COPY, and arrays.

The driver can do both, one value after the other; a column at a time takes a third of that. This is no quoting of SQL:
what is made here is sent as data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import singledispatch
from types import NoneType
from typing import Any
from uuid import UUID

_IN_COPY = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_IN_ARRAY = str.maketrans({"\\": "\\\\", '"': '\\"'})
Texts = Callable[[Sequence[str | None]], Sequence[str | None]]
_SPECIAL = re.compile(r"[\\\n\r\t]").search


def copy_lines(columns: Sequence[Sequence[Any]]) -> str:
    """Rows in COPY's text format, given column by column. TypeError for a value of a type that no column has."""
    return "\n".join([*map("\t".join, zip(*map(_column, columns), strict=True)), ""])


def array_literal(values: Sequence[Any]) -> str:
    """An array of values that are all of one type, or None. TypeError as `copy_lines`."""
    return f"{{{','.join(_texts(values, 'NULL', _quoted))}}}"


def _column(values: Sequence[Any]) -> Sequence[str]:
    if values[0] == values[-1] and values.count(values[0]) == len(values):  # such as the store's id
        return _texts(values[:1], "\\N", _escaped) * len(values)
    return _texts(values, "\\N", _escaped)


def _texts(values: Sequence[Any], null: str, of_texts: Texts) -> list[str]:
    kinds = {*map(type, values)} - {NoneType}
    if len(kinds) > 1:
        raise TypeError(f"no column holds all of {sorted(kind.__name__ for kind in kinds)}")
    for kind in kinds:
        values = of_texts(values) if kind is str else _spelled(_spell.dispatch(kind), values)
    return [null if value is None else value for value in values] if None in values else list(values)


def _spelled(spell: Callable[[Any], str], values: Sequence[Any]) -> Sequence[str | None]:
    return [None if value is None else spell(value) for value in values]


def _escaped(texts: Sequence[str | None]) -> Sequence[str | None]:
    if not _SPECIAL("".join(filter(None, texts))):
        return texts
    return [text and text.translate(_IN_COPY) for text in texts]


def _quoted(texts: Sequence[str | None]) -> Sequence[str | None]:
    return [text if text is None else f'"{text.translate(_IN_ARRAY)}"' for text in texts]


@singledispatch
def _spell(value: object) -> str:
    raise TypeError(f"no column holds {type(value).__name__}")


_spell.register(int, str)
_spell.register(UUID, str)
_spell.register(date, str)  # and datetime, with its offset
_spell.register(bool, lambda value: "t" if value else "f")
