"""CSV files: what is in them, byte by byte where it matters, and that they appear whole."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segmentation.exports import Column, Kind, write_csv
from segmentation.exports.cells import NATIVE
from segmentation.exports.csv_file import text_cells
from segmentation.exports.spelling import holdable, spell, spell_all
from segmentation.facts.csv_cells import guard, unguard
from segmentation.models.types import to_microseconds
from tests.exports.samples import HOSTILE, NAME, NOON, ONE_OF_EACH, PHONE, TEXTS, csv_rows, tricky_text

ZONE = ZoneInfo("UTC")


def spelled(tmp_path: Path, kind: Kind, value: Any) -> str:
    """The one cell of a file with that one value."""
    write_csv(tmp_path / "one.csv", [Column("it", "It", kind)], [[value]])
    return csv_rows(tmp_path / "one.csv")[1][0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(tricky_text, tricky_text), max_size=8))
def test_texts_come_back(rows: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.csv")
        write_csv(path, [*NAME, Column("city", "City", "text")], rows)
        found = [[unguard(cell) for cell in row] for row in csv_rows(path)[1:]]
    assert found == [[holdable(text) for text in row] for row in rows]


def test_the_bytes(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", ONE_OF_EACH, [["=1", 3, Decimal("2.5"), None, True, NOON, date(1990, 1, 2)]])
    assert (tmp_path / "x.csv").read_bytes() == (
        b'\xef\xbb\xbf"id","orders","spent","share","agrees","since","born"\r\n'
        b'"\'=1","3","2.50","","true","2024-02-29T12:00:00Z","1990-01-02"\r\n')


def test_without_a_byte_order_mark_and_with_labels(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", [Column("id", "=رقم", "text")], [], header="labels", bom=False)
    assert (tmp_path / "x.csv").read_bytes() == '"\'=رقم"\r\n'.encode()


@pytest.mark.parametrize(("kind", "value", "cell"), [
    ("money", Decimal("0.005"), "0.01"), ("money", Decimal("2.675"), "2.68"), ("money", Decimal("-2.675"), "-2.68"),
    ("money", Decimal("-0.001"), "0.00"), ("money", 7, "7.00"), ("money", Decimal("1E+3"), "1000.00"),
    ("money", Decimal("999999999999999.9999"), "1000000000000000.00"),
    ("decimal", Decimal("1E-7"), "0.0000001"), ("decimal", Decimal("-1.50"), "-1.50"), ("decimal", 2, "2"),
    ("integer", -5, "-5"), ("integer", 10**30, "1" + "0" * 30),
    ("boolean", False, "false"), ("date", date(1890, 12, 1), "1890-12-01"),
    ("instant", NOON.replace(microsecond=120), "2024-02-29T12:00:00.000120Z"),
    ("instant", datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=3))), "2023-12-31T22:00:00Z"),
    ("instant", datetime(33, 1, 1, tzinfo=UTC), "0033-01-01T00:00:00Z"),
    ("text", None, ""), ("text", PHONE, PHONE), ("text", "00123", "00123"), ("text", "\ud800a\x07", "\ufffda\ufffd")])
def test_spelling(tmp_path: Path, kind: Kind, value: Any, cell: str) -> None:
    assert spelled(tmp_path, kind, value) == cell


@pytest.mark.parametrize(("kind", "value"), [
    ("integer", True), ("integer", "5"), ("integer", Decimal(5)), ("money", 1.5), ("decimal", True), ("boolean", 1),
    ("date", NOON), ("instant", date(2024, 1, 1)), ("text", 5), ("text", b"x")])
def test_a_value_of_another_kind_is_refused(tmp_path: Path, kind: Kind, value: Any) -> None:
    with pytest.raises(TypeError, match=rf"column 'it' \({kind}\) cannot hold {type(value).__name__}"):
        spelled(tmp_path, kind, value)


@pytest.mark.parametrize(("kind", "value", "reason"), [
    ("instant", datetime(2024, 1, 1), "time zone"), ("money", Decimal("NaN"), "finite"),
    ("decimal", Decimal("-Infinity"), "finite")])
def test_a_value_without_meaning_is_refused(tmp_path: Path, kind: Kind, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        spelled(tmp_path, kind, value)


@pytest.mark.parametrize("row", [[], ["a"], ["a", "b", "c"]])
def test_a_row_of_another_width_is_refused(tmp_path: Path, row: list[str]) -> None:
    with pytest.raises(ValueError, match=f"row 2 has {len(row)} values for 2 columns"):
        write_csv(tmp_path / "x.csv", NAME * 2, [["a", "b"], row])


def test_no_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one column"):
        write_csv(tmp_path / "x.csv", [], [])


def test_what_was_written(tmp_path: Path) -> None:
    written = write_csv(tmp_path / "x.csv", NAME, ([text] for text in TEXTS))
    data = (tmp_path / "x.csv").read_bytes()
    assert written.rows == len(TEXTS) == len(csv_rows(tmp_path / "x.csv")) - 1
    assert (written.size, written.sha256, written.truncated) == (len(data), hashlib.sha256(data).digest(), 0)


def test_a_long_text_is_whole(tmp_path: Path) -> None:
    assert spelled(tmp_path, "text", "ط" * 100_000) == "ط" * 100_000


def test_a_reader_of_semicolons_finds_no_formula(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", NAME * 2, [[text, text] for text in HOSTILE])
    lines = (tmp_path / "x.csv").read_text("utf-8-sig").replace("\r", "\n").replace("\t", ";").split("\n")
    cells = [cell.lstrip('" \u200f\u00a0\ufeff') for line in lines for cell in line.split(";")]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@"))]


def test_an_error_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write_csv(path, NAME, [["former"]])

    def rows() -> Iterator[list[str]]:
        for number in range(5_000):
            yield [f"row {number}"]
        assert [file.name for file in tmp_path.iterdir() if file != path] == ["x.csv.part"]
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        write_csv(path, NAME, rows())
    assert list(tmp_path.iterdir()) == [path]
    assert csv_rows(path) == [["name"], ["former"]]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.none() | tricky_text | st.text("ab1 é+=\x1f;", max_size=4), max_size=5))
@example(["a\x1fb"])
@example(["a", "\x1f", "+966512345678"])
def test_many_texts_become_the_same_cells_as_each_alone(texts: list[str | None]) -> None:
    cells = [cell or "" for cell in text_cells(texts)]
    assert cells == [guard(holdable(text or "")) for text in texts]


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_instants_in_microseconds_are_spelled_like_datetimes(at: datetime) -> None:
    aware = at.replace(tzinfo=UTC)
    both = [to_microseconds(aware), aware]
    assert {spell("instant", value) for value in both} == {*spell_all("instant", both), *spell_all("instant", both[:1])}
    assert len(spell_all("instant", both)) == 2


@given(st.integers(-(2**63), 2**63 - 1))
@example(121_645_100_408_831_950)  # sixteen digits, of which the last is 0
def test_money_in_units_is_spelled_like_amounts(units: int) -> None:
    assert spell("units", units) == spell("money", Decimal(units).scaleb(-4))
    assert spell_all("units", [units, None]) == [spell("units", units), ""]
    assert NATIVE["units"](units, ZONE) == NATIVE["money"](Decimal(units).scaleb(-4), ZONE)
