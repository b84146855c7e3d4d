"""Folding: two texts that a person would call the same have the same folded form.

Facts are stored with their folded form and rules fold their values, so every engine only compares bytes.
"""

from __future__ import annotations

import unicodedata

_LETTERS = str.maketrans({"ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ـ": None})


def fold(text: str) -> str:
    """The folded form: NFKD, marks and tatweel dropped, casefolded, Arabic letter forms and digits unified, trimmed.

    Folding twice changes nothing more. The result is empty when nothing but marks and white space was there.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(_unify(_strip(_strip(text).casefold())).split())


def clean(text: str) -> str | None:
    """Text as kept for display: NFC, white space trimmed; None when nothing is left."""
    return unicodedata.normalize("NFC", text).strip() or None


def has_control_characters(text: str) -> bool:
    """Whether text holds NUL, another control character or half a surrogate pair."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _strip(text: str) -> str:
    # Casefolding can yield marks again (İ), and compatibility forms can yield capitals, so callers strip twice.
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))


def _unify(text: str) -> str:
    return "".join(_digit(character) for character in text.translate(_LETTERS))


def _digit(character: str) -> str:
    return str(unicodedata.decimal(character, character)) if not character.isascii() else character
