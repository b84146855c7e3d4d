"""Cursors: where a page of customers ended, as an opaque text. Each belongs to one order."""

from __future__ import annotations

import binascii
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

from segmentation import json
from segmentation.audience.columns import BY_KEY
from segmentation.audience.matching import Position
from segmentation.errors import Malformed, Problem
from segmentation.models.types import from_microseconds, to_microseconds
from segmentation.values.text import has_control_characters

FURTHEST = 7 * 10**15  # microseconds; the year 2191


def write_cursor(position: Position, sort: str, descending: bool) -> str:
    """The cursor of a page that ended at `position`."""
    value = position.value
    value = to_microseconds(value) if isinstance(value, datetime) else str(value) if sort == "id" else value
    return urlsafe_b64encode(json.dumps([sort, descending, value, str(position.id)])).decode().rstrip("=")


def read_cursor(text: str, sort: str, descending: bool) -> Position:
    """The position in a cursor made for the same sort. Raises Malformed."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        made_for, direction, value, identifier = json.loads(urlsafe_b64decode(padded))
        if [made_for, direction] != [sort, descending]:
            raise ValueError("a cursor of another order")
        return Position(_value(value, sort), uuid.UUID(identifier))
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        message = "This is not a cursor of this list and order."
        raise Malformed(message, [Problem("/cursor", "unknown_cursor", message)]) from error


def _value(value: Any, sort: str) -> Any:
    if value is None:
        return None
    if sort == "id":
        return uuid.UUID(value)
    kind = BY_KEY[sort].kind
    if kind == "text":
        if not isinstance(value, str) or has_control_characters(value):
            raise ValueError("a value of another type")
        return value
    if type(value) is not int or abs(value) > (FURTHEST if kind == "instant" else 2**63 - 1):
        raise ValueError("a value of another type")
    return from_microseconds(value) if kind == "instant" else value
