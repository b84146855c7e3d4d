"""E-mail addresses: the one form in which they are stored, found and compared."""

from __future__ import annotations

import re
import unicodedata

from segmentation.values.text import has_control_characters

LONGEST = 254
_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


def normalise(text: str) -> str | None:
    """The address in lower case, or None when it is none. Accents stay: josé@ and jose@ are two people."""
    address = unicodedata.normalize("NFC", text).strip().lower()
    is_one = len(address) <= LONGEST and _ADDRESS.fullmatch(address) and not has_control_characters(address)
    return address if is_one else None
