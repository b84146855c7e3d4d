"""The oracle on texts, numbers, missing values and groups, by examples from the written rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .asking import group, holds, rule
from .language import POSITIVE_OF
from .nodes import can_be_missing
from .people import TEXTS
from .text import dialled, fold, phone
from .trees import every_field_operator


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("أحمد", "احمد"), ("إحمد", "احمد"), ("آحمد", "احمد"), ("\u0627\u0654حمد", "احمد"),
        ("أَحْمَد", "احمد"), ("أحـــمد", "احمد"), ("منى", "مني"), ("منی", "مني"), ("فاطمة", "فاطمه"),
        ("کریم", "كريم"), ("ﻋﻼ", "علا"), ("٠٥٠ ۱۲ １２ १", "050 12 12 1"), ("É", "e"),
        ("e\u0301", "e"), ("İ", "i"), ("ı", "ı"), ("Straße", "strasse"), ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
        ("ᾳ", "α"), ("ﬁ", "fi"), ("  New \u00a0\u2003York ", "new york"), ("ـَ", ""),
        ("a%_\\", "a%_\\"),
    ],
)  # fmt: skip
def test_fold(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_fold_is_idempotent() -> None:
    characters = (chr(point) for point in range(0x20000) if not 0xD800 <= point < 0xE000)
    assert [c for c in (*characters, *TEXTS) if fold(fold(c)) != fold(c)] == []


@pytest.mark.parametrize(
    ("operator", "value", "stored", "expected"),
    [
        ("equals", "احمد", "أحمد", True),
        ("equals", "حمد", "أحمد", False),
        ("in", ["x", " ÉMILE "], "e\u0301mile", True),
        ("in", ["x", "emil"], "émile", False),
        ("contains", "حمـ", "أحمد", True),
        ("contains", "%", "100", False),
        ("contains", "_", "a_b", True),
        ("starts_with", "İS", "istanbul", True),
        ("starts_with", "tan", "istanbul", False),
        ("ends_with", "SSE", "Straße", True),
        ("ends_with", "str", "Straße", False),
        ("not_equals", "احمد", "أحمد", False),
        ("not_contains", "z", "أحمد", True),
    ],
)
def test_text_operators(operator: str, value: Any, stored: str, expected: bool) -> None:
    assert holds(rule("city", operator, value), city=stored) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("equals", "0501234567", True),
        ("equals", "٠٥٠ ١٢٣-٤٥٦٧", True),
        ("equals", "+966 (50) 123.4567", True),
        ("in", ["00966501234567"], True),
        ("equals", "501234", False),
        ("contains", "50-123", True),
        ("contains", "0501234567", False),
        ("starts_with", "+٩٦٦ (5", True),
        ("ends_with", "45 67", True),
    ],
)
def test_mobile(operator: str, value: Any, expected: bool) -> None:
    assert holds(rule("mobile", operator, value), mobile="+966501234567") is expected


def test_a_number_that_is_not_valid_is_only_stripped() -> None:
    assert phone("(٠٥)-1.2", "SA") == dialled("[05] 12") == "0512"
    assert phone("0501234567", None) == "0501234567"


def test_email_is_folded() -> None:
    assert holds(rule("email", "equals", " Ahmed@EXAMPLE.com"), email="ahmed@example.com")


def test_positives_never_match_a_missing_value_and_negatives_do_unless_told() -> None:
    for tree in every_field_operator():
        (condition,) = tree["conditions"]
        negative = condition["operator"] in POSITIVE_OF
        if condition["operator"] not in {"is_empty", "is_not_empty"} and can_be_missing(condition["field"]):
            assert holds(condition) is negative
            assert not holds(condition | {"include_empty": False})
    assert holds(rule("cltv", "is_empty"))
    assert not holds(rule("cltv", "is_not_empty"))
    assert holds(rule("cltv", "is_not_empty"), cltv=Decimal(0))


@pytest.mark.parametrize(("include_empty", "expected"), [(True, [1, 1, 0]), (False, [0, 1, 0])])
def test_include_empty(include_empty: bool, expected: list[int]) -> None:
    condition = rule("gender", "not_in", ["male"], include_empty=include_empty)
    assert [holds(condition, gender=gender) for gender in (None, "female", "male")] == expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("equals", [0, 1, 0]), ("not_equals", [1, 0, 1]), ("greater_than", [0, 0, 1]),
        ("greater_than_or_equals", [0, 1, 1]), ("less_than", [1, 0, 0]),
        ("less_than_or_equals", [1, 1, 0]),
    ],
)  # fmt: skip
def test_numbers(operator: str, expected: list[int]) -> None:
    counts = (4, 5, 6)
    assert [holds(rule("orders_count", operator, 5), orders_count=n) for n in counts] == expected


def test_between_is_inclusive_and_money_exact() -> None:
    between = rule("cltv", "between", 10, value2=Decimal("20.00005"))
    amounts = ("9.9999", "10.0000", "20.0000", "20.0001")
    assert [holds(between, cltv=Decimal(each)) for each in amounts] == [False, True, True, False]
    finer = rule("cltv", "less_than", Decimal("10.00000000000000000000000000000000001"))
    assert holds(finer, cltv=Decimal("10.0000"))


def test_booleans_and_choices() -> None:
    assert holds(rule("accepts_marketing", "equals", False), accepts_marketing=False)
    assert holds(rule("accepts_marketing", "not_equals", True), accepts_marketing=None)
    assert holds(rule("segment", "in", ["Lost", "At Risk"]), segment="At Risk")


def test_groups() -> None:
    yes, no = rule("city", "is_empty"), rule("city", "is_not_empty")
    assert not holds(group("AND", yes, no))
    assert holds(group("OR", yes, no))
    assert holds(group("AND", yes, no, negate=True))
    assert holds(group("AND", yes, group("OR", no, group("AND", no, negate=True))))
    assert not holds(group("AND", yes, group("OR", no, group("AND", yes, negate=True))))
    assert not holds(group("OR", no, group("OR", yes, yes, negate=True)))
    assert holds(group("AND"))
    assert holds(group("OR"))
