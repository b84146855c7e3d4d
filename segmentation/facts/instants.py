"""ISO 8601 as shops write it -> instants. A time without an offset is the store's local time.

Local times that clocks skip or show twice resolve to one instant, as days do in rules: see `rules.windows`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from segmentation.limits import EARLIEST_YEAR, LATEST_YEAR
from segmentation.rules.windows import first_instant
from segmentation.translations import Filled

# Stricter than `fromisoformat`, which also reads weeks and dates without hyphens.
_SHAPE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r" ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?")


def read_instant(text: str, zone: ZoneInfo) -> datetime:
    """The UTC instant of a date or a date with time. Raises ValueError, in words for whoever wrote it."""
    match = _SHAPE.fullmatch(text.upper())
    if match is None:
        raise ValueError(Filled("Write a date as YYYY-MM-DD, with a time as YYYY-MM-DDThh:mm:ss."))
    day, time, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{offset or ''}")
    except ValueError:
        raise ValueError(Filled("There is no such date or time.")) from None
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(Filled("The year must be from {first} to {last}.", first=EARLIEST_YEAR, last=LATEST_YEAR))
    return first_instant(moment, zone) if offset is None else moment.astimezone(UTC)
