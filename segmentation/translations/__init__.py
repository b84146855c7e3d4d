"""The words of each language. English stands in the code; every other language is a file of translations here.

A text that has no translation stays English; a test sees to it that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

SOURCE = "en"
LANGUAGES = (SOURCE, "ar")
Words = dict[str, str]  # by language
COMMA, ARROW = ", ", " → "


@dataclass(frozen=True)
class Listing:
    """Names one after another, with what stands between them; that differs between languages too.

    `are_ours`: the names are texts of ours, to be translated; names that people gave are not.
    """

    names: Sequence[str]
    between: str = COMMA
    are_ours: bool = False

    def said(self, language: str) -> str:
        """The names as that language lists them."""
        names = [translate(name, language) for name in self.names] if self.are_ours else self.names
        return translate(self.between, language).join(names)


class Filled(str):
    """An English text whose gaps are filled, and which can still be said in another language."""

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Filled:
        """The template, with `{name}` in it replaced by the value of that name; a value may be a Listing."""
        made = super().__new__(cls, template.format(**_said(values, SOURCE)))
        made.template, made.values = template, values
        return made


def packed(text: str) -> tuple[str, dict[str, Any] | None]:
    """A text as JSON can keep it, to be said in another language later; its gaps hold numbers and names."""
    if isinstance(text, Filled):
        return text.template, _said(text.values, SOURCE)
    return text, None


def unpacked(template: str, values: Mapping[str, Any] | None) -> str:
    """The text that was `packed`."""
    return template if values is None else Filled(template, **values)


def translate(text: str, language: str) -> str:
    """The text in that language."""
    if language == SOURCE:
        return text
    if isinstance(text, Filled):
        return translate(text.template, language).format(**_said(text.values, language))
    return _texts(language).get(text, text)


def _said(values: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {name: value.said(language) if isinstance(value, Listing) else value for name, value in values.items()}


def translate_count(one: str, many: str, number: int, language: str) -> str:
    """The form of a counted thing that suits the number; `{number}` in it is left for the caller to fill."""
    if language == SOURCE:
        return one if number == 1 else many
    message = catalog(language).get(one)
    forms = message.string if message else None
    return many if forms is None or isinstance(forms, str) else forms[_plural(language, number)]


def in_every_language(text: str) -> Words:
    """The text in each language."""
    return {language: translate(text, language) for language in LANGUAGES}


@cache
def catalog(language: str) -> Catalog:
    """The file of a language."""
    with (Path(__file__).parent / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def _texts(language: str) -> dict[str, str]:
    return {message.id: message.string for message in catalog(language)
            if isinstance(message.id, str) and isinstance(message.string, str) and message.string}


def _plural(language: str, number: int) -> int:
    # The six forms of Arabic: none, one, two, few (3–10), many (11–99), other.
    if language == "ar":
        if number <= 2:
            return number
        return 3 if 3 <= number % 100 <= 10 else 4 if number % 100 >= 11 else 5
    return int(number != 1)
