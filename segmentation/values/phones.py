"""Phone numbers in E.164, read as somebody in the store's country would write them."""

from __future__ import annotations

import phonenumbers

from segmentation.values.text import fold

_SEPARATORS = str.maketrans("", "", " -.()")


def normalise(text: str, country: str | None) -> str | None:
    """The number in E.164, or None when it is not a valid number there. Digits of any script are read."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def digits(text: str) -> str:
    """A number or part of one, as typed: ASCII digits, separators dropped."""
    return fold(text).translate(_SEPARATORS)
