"""Workbooks: values as spreadsheets hold them, nothing lost in silence, no formula, as many sheets as it takes."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.exports import Column, Kind, Value, Written, write_xlsx
from segmentation.exports.spelling import cents, holdable, spell
from segmentation.exports.workbook import sheet_title
from segmentation.exports.xlsx_file import ROWS_PER_SHEET
from tests.exports.samples import HOSTILE, NAME, NOON, ONE_OF_EACH, TEXTS, formulas_in, tricky_text, xlsx_rows

RIYADH = ZoneInfo("Asia/Riyadh")


def write(path: Path, columns: Sequence[Column], rows: Any, sheet_name: str = "Data", **options: Any) -> Written:
    """`write_xlsx` with the usual arguments filled in."""
    usual = {"right_to_left": False, "zone": RIYADH, "about": lambda count: [("Rows", str(count))]}
    return write_xlsx(path, columns, rows, sheet_name=sheet_name, **{**usual, **options})


def cells(kind: Kind, values: Sequence[Value]) -> list[Any]:
    """Each value as openpyxl reads it from a column of that kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.xlsx")
        write(path, [Column("it", "It", kind)], ([value] for value in values))
        assert formulas_in(path) == []
        return [row[0] for row in xlsx_rows(path)["Data"][1:]]


@settings(max_examples=40, deadline=None)
@given(st.lists(tricky_text, min_size=1, max_size=20))
def test_texts_come_back(texts: list[str]) -> None:
    # A last cell with something in it, so that trailing empty rows are read too.
    assert cells("text", [*texts, "end"]) == [holdable(text) or None for text in texts] + ["end"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(), min_size=1))
def test_integers_come_back_as_numbers_or_text(numbers: list[int]) -> None:
    assert cells("integer", numbers) == [n if abs(n) < 10**15 else str(n) for n in numbers]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.decimals(-10**14, 10**14, places=4), min_size=1))
def test_money_comes_back_to_the_cent(amounts: list[Decimal]) -> None:
    found = cells("money", amounts)
    assert [cents(Decimal(str(cell))) for cell in found] == [cents(amount) for amount in amounts]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.datetimes(datetime(1900, 3, 2), datetime(9999, 12, 30), timezones=st.just(UTC)), min_size=1))
def test_instants_come_back_as_the_stores_wall_time(instants: list[datetime]) -> None:
    for cell, instant in zip(cells("instant", instants), instants, strict=True):
        assert abs(cell.replace(tzinfo=RIYADH) - instant) <= timedelta(milliseconds=1)


def test_real_values_and_their_formats(tmp_path: Path) -> None:
    write(tmp_path / "x.xlsx", ONE_OF_EACH, [
        ["007", 3, Decimal("1234.565"), Decimal("0.125"), True, NOON, date(1990, 1, 2)],
        [None] * 7, ["end", 0, 0, 0, False, NOON.replace(microsecond=250_000), None]])
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["Data"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["007", 3, 1234.57, 0.125, True, datetime(2024, 2, 29, 15), datetime(1990, 1, 2)], [None] * 7,
        ["end", 0, 0, 0, False, datetime(2024, 2, 29, 15, 0, 0, 250_000), None]]
    assert [cell.number_format for cell in sheet[2]] == [
        "@", "0", "#,##0.00", "General", "General", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd"]


@pytest.mark.parametrize(("kind", "value"), [
    ("date", date(1900, 2, 28)), ("date", date(1, 1, 1)), ("instant", datetime(1900, 2, 28, tzinfo=UTC)),
    ("instant", datetime(9999, 12, 31, 23, tzinfo=UTC)), ("integer", -(10**15)), ("integer", 10**20),
    ("money", Decimal("12345678901234.56")), ("decimal", Decimal("0.1234567890123456")),
    ("decimal", Decimal("1E+400"))])
def test_what_no_cell_holds_exactly_is_text(kind: Kind, value: Value) -> None:
    assert cells(kind, [value]) == [spell(kind, value)]


def test_the_first_day_that_is_a_date() -> None:
    assert cells("date", [date(1900, 3, 1)]) == [datetime(1900, 3, 1)]
    # 28 February, 22:00 in London is 1 March in Riyadh.
    assert cells("instant", [datetime(1900, 2, 28, 22, tzinfo=UTC)])[0].date() == date(1900, 3, 1)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_a_text_wherever_it_stands(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.xlsx"
    write(path, [Column("k", text, "text")], [[text]], text, header="labels",
          about=lambda _: [(text, text)], about_name=text)
    assert formulas_in(path) == []
    data, about = xlsx_rows(path).values()
    assert (data, about) == ([[holdable(text)], [holdable(text)]], [[holdable(text), holdable(text)]])


def test_the_frame_of_a_sheet(tmp_path: Path) -> None:
    write(tmp_path / "x.xlsx", ONE_OF_EACH, [], header="labels")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    sheet = book["Data"]
    assert [cell.value for cell in sheet[1]] == [column.label for column in ONE_OF_EACH]
    assert all(cell.font.b for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    # Narrower, and Excel shows an instant as #####.
    assert sheet.column_dimensions["F"].width > len("2024-02-29 12:00:00.000")


@pytest.mark.parametrize("right_to_left", [True, False])
def test_direction(tmp_path: Path, right_to_left: bool) -> None:
    write(tmp_path / "x.xlsx", NAME, [["محمد"]], right_to_left=right_to_left)
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert [bool(sheet.sheet_view.rightToLeft) for sheet in book] == [right_to_left] * 2


@pytest.mark.parametrize(("rows", "sheets"), [(0, [0]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_further_sheets(tmp_path: Path, rows: int, sheets: list[int]) -> None:
    path = tmp_path / "x.xlsx"
    written = write(path, NAME, ([f"n{n}"] for n in range(rows)), rows_per_sheet=3)
    found = xlsx_rows(path)
    assert list(found) == [*["Data", "Data (2)", "Data (3)"][:len(sheets)], "About"]
    assert found.pop("About") == [["Rows", str(rows)]]
    assert [len(sheet) - 1 for sheet in found.values()] == sheets
    assert all(sheet[0] == ["name"] for sheet in found.values())
    assert [name for sheet in found.values() for [name] in sheet[1:]] == [f"n{n}" for n in range(rows)]
    assert written.rows == rows


def test_a_sheet_is_as_long_as_excel_allows() -> None:
    assert ROWS_PER_SHEET + 1 == 2**20


def test_more_columns_than_a_sheet_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16384 columns, not 16385"):
        write(tmp_path / "x.xlsx", NAME * 16_385, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "shown"), [
    ("a" * 32_767, "a" * 32_767), ("a" * 32_768, "a" * 32_766 + "…"), ("a" * 100_000, "a" * 32_766 + "…"),
    ("😀" * 16_383, "😀" * 16_383), ("a" + "😀" * 16_383, "a" + "😀" * 16_383), ("😀" * 16_384, "😀" * 16_383 + "…"),
    ("a" + "😀" * 16_384, "a" + "😀" * 16_382 + "…"), ("<r>" + "a" * 40_000 + "</r>", "<r>" + "a" * 32_763 + "…")])
def test_a_text_too_long_for_a_cell_is_cut_and_counted(tmp_path: Path, text: str, shown: str) -> None:
    path = tmp_path / "x.xlsx"
    written = write(path, NAME, [[text], ["b"]], about=lambda _: [("k", text)])
    assert written.truncated == (2 if shown != text else 0)
    assert xlsx_rows(path) == {"Data": [["name"], [shown], ["b"]], "About": [["k", shown]]}


@pytest.mark.parametrize(("wanted", "title"), [
    ("VIP", "VIP"), ("عملاء الرياض", "عملاء الرياض"), ("'x'", "x"), ("", "Sheet"),
    ("a/b\\c:d*e?f[g]h", "a b c d e f g h"),
    (" \t\n", "Sheet"), ("'''", "Sheet"), ("[]:*?/\\", "Sheet"), ("History", "History (2)"), ("taken", "taken (2)"),
    ("TAKEN", "TAKEN (2)"), ("x" * 40, "x" * 31), ("😀" * 16, "😀" * 15), ("x" * 30 + "'y", "x" * 30),
    ("a\x00b", "a\ufffdb"), ("=1+1", "=1+1"), ("y" * 31, "y" * 27 + " (3)")])
def test_sheet_titles(wanted: str, title: str) -> None:
    assert sheet_title(wanted, {"history", "taken", "y" * 31, "y" * 27 + " (2)"}) == title


@settings(max_examples=30, deadline=None)
@given(tricky_text, tricky_text)
def test_any_titles_make_a_workbook(sheet_name: str, about_name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.xlsx")
        write(path, NAME, [["a"], ["b"]], sheet_name, about_name=about_name, rows_per_sheet=1)
        titles = [title.lower() for title in xlsx_rows(path)]
    assert len(set(titles)) == 3
    assert all(1 <= len(title.encode("utf-16-le")) // 2 <= 31 for title in titles)


def test_what_was_written(tmp_path: Path) -> None:
    written = write(tmp_path / "x.xlsx", NAME, ([text] for text in TEXTS))
    data = (tmp_path / "x.xlsx").read_bytes()
    assert written == Written(len(TEXTS), len(data), hashlib.sha256(data).digest(), 0)
    assert [path.name for path in tmp_path.iterdir()] == ["x.xlsx"]
    assert zipfile.ZipFile(tmp_path / "x.xlsx").testzip() is None


@pytest.mark.parametrize("fails_at", [0, 1, 700])
def test_an_error_leaves_nothing(tmp_path: Path, fails_at: int) -> None:
    def rows() -> Iterator[list[str]]:
        for number in range(fails_at):
            yield [f"row {number}"]
        # All pieces lie beside the file, under names that a sweep knows.
        assert all(path.name.startswith("x.xlsx.") and path.suffix == ".part" for path in tmp_path.iterdir())
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        write(tmp_path / "x.xlsx", NAME, rows(), rows_per_sheet=300)
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_the_telling_about_leaves_nothing(tmp_path: Path) -> None:
    def about(rows: int) -> list[tuple[str, str]]:
        raise LookupError(f"after {rows}")

    with pytest.raises(LookupError, match="after 1"):
        write(tmp_path / "x.xlsx", NAME, [["a"]], about=about)
    assert list(tmp_path.iterdir()) == []


def test_a_value_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot hold int"):
        write(tmp_path / "x.xlsx", NAME, [[5]])
    assert list(tmp_path.iterdir()) == []
