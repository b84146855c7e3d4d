"""A real spreadsheet opens the files: Arabic arrives, phones are whole, and nothing was run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from segmentation.exports import write_csv, write_xlsx
from tests.exports.samples import FORMULAS, HOSTILE, NAME, PHONE, csv_rows

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
ARABIC = "محمد عبد الله — ١٢٣"
# Separators by code, quotation mark, UTF-8.
READERS = {"commas": "44,34,76", "semicolons": "59,34,76", "all three": "44/59/9,34,76", "tabs": "9,34,76"}
SAVED_CSV = "csv:Text - txt - csv (StarCalc):44,34,76"

pytestmark = pytest.mark.skipif(OFFICE is None, reason="no LibreOffice: soffice is not on the PATH")


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user profile of its own, made by the first start."""
    return tmp_path_factory.mktemp("office")


def convert(profile: Path, path: Path, form: str, reader: str | None = None) -> Path:
    """Open the file in LibreOffice and save it in another form beside it."""
    target = path.parent / "converted"
    options = [f"--infilter=CSV:{reader}"] if reader else []
    subprocess.run(
        [str(OFFICE), f"-env:UserInstallation={profile.as_uri()}", "--headless", *options,
         "--convert-to", form, "--outdir", str(target), str(path)],
        check=True, capture_output=True, timeout=120)
    return target / f"{path.stem}.{form.split(':')[0]}"


def formulas(sheet: Path) -> list[str]:
    """The formulas of a flat OpenDocument sheet."""
    text = sheet.read_text("utf-8")
    assert "<table:table-cell" in text
    return re.findall(r'table:formula="([^"]*)"', text)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_csv_file_runs_nothing(tmp_path: Path, profile: Path, reader: str) -> None:
    write_csv(tmp_path / "x.csv", NAME * 2, [[text, text] for text in HOSTILE])
    assert formulas(convert(profile, tmp_path / "x.csv", "fods", reader)) == []


def test_these_texts_would_run_without_a_guard(tmp_path: Path, profile: Path) -> None:
    (tmp_path / "x.csv").write_text("".join(f'"{text.replace(chr(34), chr(34) * 2)}"\r\n' for text in FORMULAS))
    assert "of:=1+1" in formulas(convert(profile, tmp_path / "x.csv", "fods", READERS["commas"]))


def test_a_csv_file_keeps_its_texts(tmp_path: Path, profile: Path) -> None:
    write_csv(tmp_path / "x.csv", NAME, [[ARABIC], ["=1+1"], ["a;b"], ['say "no"']])
    back = csv_rows(convert(profile, tmp_path / "x.csv", SAVED_CSV, READERS["commas"]))
    assert back == [["name"], [ARABIC], ["'=1+1"], ["a;b"], ['say "no"']]


def test_a_workbook_runs_nothing_and_keeps_its_texts(tmp_path: Path, profile: Path) -> None:
    texts = [text for text in [ARABIC, PHONE, "00123", "1e5", *HOSTILE] if text.isprintable()]
    write_xlsx(tmp_path / "x.xlsx", NAME, ([text] for text in texts), sheet_name=ARABIC, right_to_left=True,
               zone=ZoneInfo("Asia/Riyadh"), about=lambda rows: [("=1+1", str(rows))])
    assert formulas(convert(profile, tmp_path / "x.xlsx", "fods")) == []
    back = csv_rows(convert(profile, tmp_path / "x.xlsx", SAVED_CSV))
    assert [cell for [cell] in back] == ["name", *texts]
