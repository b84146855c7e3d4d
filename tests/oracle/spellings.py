"""The many ways to write a text or a phone number that somebody has, whole or in part."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from random import Random

import phonenumbers

from .people import ARABIC_DIGITS, TEXTS, WIDE_DIGITS
from .text import dialled, fold

_LONGEST = 1000
_ALEFS = "اأإآ"
_SWAPS = str.maketrans("يىهةكکی", "ىيةهکكي")


class Spellings:
    """Draws legal rule values: not blank when compared, and not over 1,000 characters."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._respell: tuple[Callable[[str], str], ...] = (
            str, str, str.upper, str.lower, str.swapcase, str.title,
            lambda text: unicodedata.normalize("NFD", text),
            lambda text: unicodedata.normalize("NFKC", text),
            lambda text: text.translate(ARABIC_DIGITS),
            lambda text: text.translate(WIDE_DIGITS),
            lambda text: text.translate(_SWAPS),
            lambda text: text.translate(_SWAPS),
            lambda text: re.sub(f"[{_ALEFS}]", lambda _: rng.choice(_ALEFS), text),
            lambda text: re.sub("(?<=[ب-ي])(?=[ب-ي])", "\u0640", text),
            lambda text: re.sub("(?<=[ب-ي])", "\u064e", text),
            lambda text: text.replace(" ", "\u00a0  "),
            lambda text: f"  {text} ",
        )  # fmt: skip

    def text(self, stored: str, positive: str) -> str:
        """Return a value that `positive` may well find in `stored`, sometimes only nearly."""
        if self._rng.random() < 0.1:
            stored = self._rng.choice(TEXTS)
        part = self._part(stored, positive)
        drawn = self._rng.choice(self._respell)(self._rng.choice(self._respell)(part))
        return next(text for text in (drawn, part, stored, "a") if _is_legal(text, fold))

    def phone(self, stored: str, positive: str) -> str:
        """Return another way to write an E.164 number, or a part of one."""
        part = self._part(self._dial(stored), positive)
        drawn = self._rng.choice((str, str, lambda t: t.translate(ARABIC_DIGITS)))(part)
        return next(text for text in (drawn, stored) if _is_legal(text, dialled))

    def _dial(self, stored: str) -> str:
        number = phonenumbers.parse(stored)
        style = phonenumbers.PhoneNumberFormat
        styles = (style.NATIONAL, style.INTERNATIONAL)
        dialled_ways = [phonenumbers.format_number(number, each) for each in styles]
        others = [stored.replace("+", "00"), stored[:-1], f" {stored[:4]}.{stored[4:]}"]
        return self._rng.choice([stored, *dialled_ways, *others])

    def _part(self, text: str, positive: str) -> str:
        start, end = sorted(self._rng.choices(range(len(text) + 1), k=2))
        parts = {"contains": text[start:end], "starts_with": text[:end], "ends_with": text[start:]}
        return parts.get(positive, text)


def _is_legal(text: str, compared: Callable[[str], str]) -> bool:
    return len(text) <= _LONGEST and compared(text) != ""
