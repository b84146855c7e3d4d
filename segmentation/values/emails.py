"""E-mail addresses: the one form in which they are stored, found and compared."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 254
_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


def normalise(text: str) -> str | None:
    """The address in lower case, or None when it is none. Accents stay: josé@ and jose@ are two people."""
    address = unicodedata.normalize("NFC", text).strip().lower()
    return address if len(address) <= LONGEST and _ADDRESS.fullmatch(address) else None
