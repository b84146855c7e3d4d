"""One cell of a CSV file: what is taken as what, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segmentation.facts import columns, readers
from segmentation.facts.columns import Column
from segmentation.facts.readers import Reader
from segmentation.rules.kinds import Fault

RIYADH = ZoneInfo("Asia/Riyadh")
COLUMNS: dict[str, Column] = {
    "text": columns.text(), "key": columns.key(), "email": columns.written(readers.email),
    "phone": columns.written(readers.phone("SA")), "gender": columns.written(readers.gender),
    "country": columns.written(readers.country), "language": columns.written(readers.language),
    "boolean": columns.boolean(), "money": columns.decimal(readers.LARGEST_MONEY),
    "number": columns.decimal(readers.LARGEST_NUMBER), "quantity": columns.quantity(),
    "status": columns.written(readers.status), "tags": columns.tags(), "birthday": columns.birthday(date(2024, 2, 29)),
    "instant": columns.instant(RIYADH), "currency": columns.written(readers.currency("SAR")),
}
READERS: dict[str, Reader] = {name: column.cell for name, column in COLUMNS.items()}


@pytest.mark.parametrize("name", [name for name in READERS if name != "tags"])
@pytest.mark.parametrize("blank", ["", " ", "\t \u00a0\u3000"])
def test_a_blank_cell_is_no_value(name: str, blank: str) -> None:
    assert READERS[name](blank) is None


@pytest.mark.parametrize("name", ["text", "tags", "money"])
def test_a_required_cell_is_refused_only_when_it_has_no_value(name: str) -> None:
    assert COLUMNS[name].required().cell("5")
    with pytest.raises(Fault, match="required"):
        COLUMNS["text"].required().cell("  ")


@pytest.mark.parametrize(("name", "cell", "value"), [
    ("text", "  Salma  ", "Salma"),
    ("text", "e\u0301", "é"),
    ("text", "'=SUM(A1)", "=SUM(A1)"),
    ("text", "O'Neill", "O'Neill"),
    ("text", "\u0640\u064e", None),  # tatweel and a vowel sign alone
    ("text", "x" * 1000, "x" * 1000),
    ("text", "a\u200fb", "a\u200fb"),
    ("key", "ق" * 255, "ق" * 255),
    ("email", " Salma@Example.COM ", "salma@example.com"),
    ("email", "سلمى@مثال.إختبار", "سلمى@مثال.إختبار"),
    ("email", "a@" + "b" * 248 + ".com", "a@" + "b" * 248 + ".com"),
    ("phone", "0501234567", "+966501234567"),
    ("phone", "٠٥٠ ١٢٣ ٤٥٦٧", "+966501234567"),
    ("phone", "00966-50-123-4567", "+966501234567"),
    ("phone", "+20 100 123 4567", "+201001234567"),
    ("phone", "'+966501234567", "+966501234567"),
    ("gender", "F", "female"), ("gender", "أنثى", "female"), ("gender", "Man", "male"),
    ("country", "sa", "SA"), ("country", "Saudi Arabia", "SA"), ("country", "مصر", "EG"),
    ("language", "en-GB", "en"), ("language", "AR", "ar"),
    ("boolean", "TRUE", True), ("boolean", "1", True), ("boolean", "نعم", True), ("boolean", "Yes", True),
    ("boolean", "no", False), ("boolean", "0", False), ("boolean", "لا", False), ("boolean", "False", False),
    ("birthday", "2000-02-29", date(2000, 2, 29)), ("birthday", "1900-01-01", date(1900, 1, 1)),
    ("birthday", "2024-02-29", date(2024, 2, 29)), ("birthday", "١٩٩٠-٠١-٠٢", date(1990, 1, 2)),
    ("money", "12.34", 123400), ("money", "-0.0001", -1), ("money", "+7", 70000), ("money", "0", 0),
    ("money", "1.500000", 15000), ("money", "١٢٣.٥", 1235000), ("money", "１２", 120000),
    ("money", "100000000000", 10**15), ("money", "-100000000000.0000", -(10**15)), ("money", "007", 70000),
    ("money", "'-5", -50000),
    ("number", "100000000000000", 10**18),
    ("quantity", "0", 0), ("quantity", "٣", 3), ("quantity", "999999999", 999_999_999),
    ("status", " Paid ", "paid"), ("status", "s" * 40, "s" * 40),
    ("currency", "sar", "SAR"),
    ("tags", "", ()), ("tags", " | |", ()), ("tags", "VIP| vip |أحمد|احمد|b", ("VIP", "أحمد", "b")),
    ("tags", "'=x|'=y", ("=x", "'=y")),
    ("instant", "2024-01-31", datetime(2024, 1, 30, 21, tzinfo=UTC)),
])
def test_taken(name: str, cell: str, value: Any) -> None:
    read = READERS[name](cell)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(("name", "cell"), [
    ("text", "x" * 1001), ("text", "a\nb"), ("text", "a\0b"), ("text", "a\u0085b"), ("text", "a\x1bb"),
    ("key", "x" * 256),
    ("email", "a@b"), ("email", "a b@c.de"), ("email", "a@@b.de"), ("email", "@b.de"), ("email", "a@b..de"),
    ("email", "a@.de"), ("email", "a@b.de."), ("email", "a@" + "b" * 249 + ".com"), ("email", "nobody"),
    ("phone", "12"), ("phone", "+966 50"), ("phone", "hello"), ("phone", "0501234567890123456789"),
    ("gender", "x"), ("country", "Narnia"), ("country", "ZZ"), ("language", "klingon"),
    ("boolean", "maybe"), ("boolean", "2"), ("boolean", "1.0"),
    ("birthday", "2024-03-01"), ("birthday", "1899-12-31"), ("birthday", "2023-02-29"), ("birthday", "01/02/1990"),
    ("birthday", "19900102"), ("birthday", "1990-01-02T00:00"), ("birthday", "1990-W01-1"),
    ("money", "1,234.50"), ("money", "1.234,50"), ("money", "1_000"), ("money", "1e3"), ("money", "NaN"),
    ("money", "inf"), ("money", "0x10"), ("money", "1.00001"), ("money", "1."), ("money", ".5"), ("money", "5²"),
    ("money", "½"), ("money", "١٢٣٫٥"), ("money", "100000000000.0001"), ("money", "9" * 5000), ("money", "--1"),
    ("money", "12 SAR"), ("money", "1 234"),
    ("number", "100000000000000.0001"),
    ("quantity", "-1"), ("quantity", "1.5"), ("quantity", "1e2"), ("quantity", "1000000000"), ("quantity", "2.0"),
    ("status", "s" * 41), ("status", "a\tb"),
    ("currency", "USD"), ("currency", "riyal"), ("currency", "XYZ1"),
    ("tags", "|".join(map(str, range(101)))), ("tags", "x" * 256), ("tags", "ok|a\nb"), ("tags", "\ufdfa" * 100),
    ("instant", "31/12/2024"),
])
def test_refused(name: str, cell: str) -> None:
    with pytest.raises(Fault) as fault:
        READERS[name](cell)
    assert str(fault.value).endswith(".")


def test_a_hundred_tags_are_taken() -> None:
    assert len(READERS["tags"]("|".join(map(str, range(100))))) == 100
