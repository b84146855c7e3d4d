"""Guarding CSV cells against formulas, and taking the guard off again."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from segmentation.facts.csv_cells import guard, unguard
from tests.exports.samples import FORMULAS, HARMLESS, PHONE, SPLITTERS, tricky_text


@settings(max_examples=1_000)
@given(tricky_text)
def test_unguard_gives_back_every_text(text: str) -> None:
    assert unguard(guard(text)) == text


@settings(max_examples=300)
@given(st.lists(tricky_text, max_size=5).map(";".join))
def test_unguard_gives_back_every_text_with_separators_in_it(text: str) -> None:
    assert unguard(guard(text)) == text


@settings(max_examples=500)
@given(tricky_text)
def test_no_guarded_cell_or_part_of_it_begins_with_a_formula(text: str) -> None:
    assume(not re.fullmatch(r"\+[0-9]{6,15}", text))
    assert not guard(text).startswith(tuple("=+-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20"))
    for part in guard(text).replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";"):
        assert not part.lstrip(' "\u200f').startswith(tuple("=+-@\uff1d"))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_a_leading_apostrophe(text: str) -> None:
    assert guard(text).startswith("'" + text[0])


@pytest.mark.parametrize(("text", "cell"), [
    ("=1+1", "'=1+1"), ("'=1+1", "''=1+1"), (" =1+1", "' =1+1"), ("Ali;=1+1;x", "Ali;'=1+1;x"), ("a\n-b", "a\n'-b"),
    ("'+966512345678", "''+966512345678"), ('a";=1+1', "a\";'=1+1")])
def test_where_the_apostrophe_goes(text: str, cell: str) -> None:
    assert guard(text) == cell


@pytest.mark.parametrize("text", SPLITTERS)
def test_a_formula_behind_another_readers_separator_is_guarded(text: str) -> None:
    assert guard(text) != text


@pytest.mark.parametrize("text", [*HARMLESS, PHONE, "+966512", "+123456789012345"])
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert guard(text) == text
    assert unguard(text) == text


@pytest.mark.parametrize("text", ["+12345", "+1234567890123456", "+966512345678\n", "+966512345678;=1"])
def test_what_only_resembles_a_phone_is_guarded(text: str) -> None:
    assert guard(text) != text


def test_the_guard_that_other_tools_put_on_phones_comes_off() -> None:
    assert unguard("'" + PHONE) == PHONE
