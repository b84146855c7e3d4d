"""How the rule language compares texts and phone numbers. Nothing here reads a rule."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import phonenumbers

_TATWEEL = "\u0640"
_LETTERS = {
    "\u0649": "\u064a",  # alef maksura -> yeh
    "\u06cc": "\u064a",  # Farsi yeh -> yeh
    "\u0629": "\u0647",  # teh marbuta -> heh
    "\u06a9": "\u0643",  # keheh -> kaf
}


@lru_cache(maxsize=100_000)
def fold(text: str) -> str:
    """Return the text as comparisons see it; folding twice changes nothing more.

    Marks go before letters are casefolded: U+0345 is a mark, but casefolds to the letter iota.
    Letters are mapped after NFKD, which turns presentation forms into the letters listed above.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not _is_mark(c) and c != _TATWEEL)
    letters = "".join(_LETTERS.get(c, c) for c in bare.casefold())
    return " ".join(_ascii_digits(letters).split())


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Mc", "Me"}


def _ascii_digits(text: str) -> str:
    return "".join(_ascii_digit(c) for c in text)


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


@lru_cache(maxsize=100_000)
def dialled(text: str) -> str:
    """Return a phone number, or a part of one, with ASCII digits and without separators."""
    # Space, dash, opening and closing bracket: each in any of its Unicode forms.
    separators = {"Zs", "Pd", "Ps", "Pe"}
    kept = (c for c in text if c != "." and unicodedata.category(c) not in separators)
    return _ascii_digits("".join(kept))


@lru_cache(maxsize=100_000)
def phone(text: str, region: str | None) -> str:
    """Return the number as E.164 if it is a valid one when dialled in `region`, else `dialled`."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return dialled(text)
    if not phonenumbers.is_valid_number(number):
        return dialled(text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
