"""Every text that people see exists in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from segmentation.audience.columns import COLUMNS
from segmentation.rules import lint, sentences
from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.kinds import Choice
from segmentation.rules.operators import OPERATORS, Takes
from segmentation.translations import LANGUAGES, SOURCE, catalog, translate, translate_count

SAYING = {"say", "translate", "in_every_language"}


def texts() -> Iterator[str]:
    """Every English text that is shown in other languages."""
    found = catalogue(StoreSettings(ZoneInfo("UTC"), 0, "USD", None))
    for fields in (found.fields, *found.rows.values()):
        for field in fields.values():
            yield from (field.label, field.group)
            if isinstance(field.kind, Choice) and field.kind.named is None:
                yield from field.kind.choices.values()
    for operator in OPERATORS:
        for label in filter(None, (operator.label, operator.negative_label)):
            yield label
            if operator.takes is Takes.PERIOD:
                yield from (sentences.period(label, unit) for unit in operator.units)
    yield from (column.label for column in COLUMNS)
    yield from lint.MESSAGES.values()
    yield from said_in(Path(sentences.__file__))
    yield from sentences.JOINTS.values()


def said_in(path: Path) -> Iterator[str]:
    """The literal texts that a module asks to be translated."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in SAYING:
            yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))


OTHERS = [language for language in LANGUAGES if language != SOURCE]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    known = {message.id for message in catalog(language) if message.string}
    assert sorted(set(texts()) - known) == []


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_is_not_said(language: str) -> None:
    counted = {one for one, _ in sentences.UNITS.values()}
    ids = {message.id if isinstance(message.id, str) else message.id[0] for message in catalog(language)} - {""}
    assert sorted(ids - set(texts()) - counted) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_gaps_to_fill(language: str) -> None:
    for text in set(texts()):
        gaps = [sorted(name for _, name, _, _ in Formatter().parse(each) if name)
                for each in (text, translate(text, language))]
        assert gaps[0] == gaps[1], text
        assert text.count("…") == translate(text, language).count("…"), text


@pytest.mark.parametrize(("number", "words"), [
    (0, "0 يوم"), (1, "يوم"), (2, "يومين"), (3, "3 أيام"), (10, "10 أيام"), (11, "11 يومًا"), (99, "99 يومًا"),
    (100, "100 يوم"), (103, "103 أيام"), (1000, "1,000 يوم"),
])
def test_arabic_counts_in_six_forms(number: int, words: str) -> None:
    assert sentences.duration_in_words(number, "days", "ar") == words


def test_every_unit_is_counted() -> None:
    for one, many in sentences.UNITS.values():
        assert {translate_count(one, many, number, "ar") for number in range(1, 12)}.isdisjoint({one, many})
