"""JSON in and out, one way everywhere.

In: strict. Refused are bytes that are not UTF-8, nesting past `MAX_DEPTH`, NaN and Infinity, duplicate keys, lone
surrogates, and numbers too long to be meant. Numbers with a fraction or exponent become `Decimal`, so nothing is
rounded. Out: RFC 3339 instants in UTC, `Decimal` digit by digit, UUIDs as text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import Any

import orjson

from segmentation import limits

MAX_DEPTH = limits.JSON_DEPTH
MAX_NUMBER_LENGTH = 400
_STORED = json.JSONDecoder(parse_float=Decimal)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


class JSONError(ValueError):
    """The text is not JSON that we accept; the message says why."""


def loads(data: bytes) -> Any:
    """Parse one JSON document strictly. Raises JSONError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JSONError("The body is not valid UTF-8.") from error
    _check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant,
                           parse_int=_integer, parse_float=_decimal)
    except json.JSONDecodeError as error:
        raise JSONError(f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    if "\\u" in text:
        _check_surrogates(value)
    return value


def loads_stored(text: str | bytes) -> Any:
    """Parse JSON that we wrote ourselves. TypeError for a number, which SQLite makes of a column with just one."""
    return _STORED.decode(text.decode() if isinstance(text, bytes) else text)


def dumps(value: Any) -> bytes:
    """Serialise to UTF-8 JSON."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME)


def dumps_text(value: Any) -> str:
    """Serialise to text, for a database column."""
    return dumps(value).decode()


def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC with `Z`; fractions only where there are any."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f").encode())
    if isinstance(value, datetime):
        return rfc3339(value)
    raise TypeError(f"cannot serialise {type(value).__name__}")


def _check_depth(text: str) -> None:
    # Before parsing: the parser recurses, and where it gives up differs by version.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise JSONError(f"Nested deeper than {MAX_DEPTH} levels.")
        elif token[0] in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise JSONError("A key appears twice in one object.")
    return result


def _constant(name: str) -> Any:
    raise JSONError(f"{name} is not JSON.")


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_LENGTH:
        raise JSONError("A number is too long.")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except DecimalException as error:
        raise JSONError("A number cannot be read.") from error
    if len(text) > MAX_NUMBER_LENGTH or not number.is_finite():
        raise JSONError("A number is too long.")
    return number


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise JSONError("Text holds half a character (a lone surrogate).") from error
