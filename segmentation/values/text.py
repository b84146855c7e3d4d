"""Folding: two texts that a person would call the same have the same folded form.

Facts are stored with their folded form and rules fold their values, so every engine only compares bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_LETTERS = {"ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ـ": None}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
REMEMBERED = 10_000  # characters; there are 300 times as many, and hardly any text has the others


class _Translation(dict[int, str | None]):
    """What becomes of each character, for `str.translate`: found out when it is first met."""

    def __init__(self, translated: Callable[[str], str | None]) -> None:
        super().__init__()
        self._translated = translated

    def __missing__(self, code: int) -> str | None:
        found = self._translated(chr(code))
        if len(self) < REMEMBERED:
            self[code] = found
        return found


def fold(text: str) -> str:
    """The folded form: NFKD, marks and tatweel dropped, casefolded, Arabic letter forms and digits unified, trimmed.

    Folding twice changes nothing more. The result is empty when nothing but marks and white space was there.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(_strip(_strip(text).casefold()).translate(_UNIFIED).split())


def clean(text: str) -> str | None:
    """Text as kept for display: NFC, white space trimmed; None when nothing is left."""
    return unicodedata.normalize("NFC", text).strip() or None


def has_control_characters(text: str) -> bool:
    """Whether text holds NUL, another control character or half a surrogate pair."""
    return _CONTROL.search(text) is not None


def _strip(text: str) -> str:
    # Casefolding can yield marks again (İ), and compatibility forms can yield capitals, so callers strip twice.
    return unicodedata.normalize("NFKD", text).translate(_UNMARKED)


def _unmarked(character: str) -> str | None:
    return None if unicodedata.category(character).startswith("M") else character


def _unified(character: str) -> str | None:
    return _LETTERS[character] if character in _LETTERS else str(unicodedata.decimal(character, character))


_UNMARKED, _UNIFIED = _Translation(_unmarked), _Translation(_unified)
