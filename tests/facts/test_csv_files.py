"""Opening CSV files as they come: encodings, separators, and files that mean harm."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import random
import tracemalloc
from pathlib import Path

import pytest

from segmentation.errors import Invalid
from segmentation.facts.csv_files import LINE_LENGTH, RECORD_LINES, Row, opened

TEXT = "external_id,first_name\r\n1,سلمى\r\n2,\"Al, \"\"K\"\"\"\r\n"


def read(path: Path, data: bytes) -> tuple[list[str], list[Row]]:
    """The header's names and the rows of a file with those bytes."""
    path.write_bytes(data)
    with opened(path) as file:
        return file.names, list(file.rows())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


@pytest.mark.parametrize("data", [
    TEXT.encode(), TEXT.encode("utf-8-sig"), TEXT.encode("utf-16"), TEXT.encode("cp1256"),
    b"\xff\xfe" + TEXT.encode("utf-16-le"), b"\xfe\xff" + TEXT.encode("utf-16-be"),
    TEXT.encode("utf-16-le"), TEXT.encode("utf-16-be"),
    TEXT.replace("\r\n", "\n").encode(), TEXT.replace("\r\n", "\r").encode(), TEXT.rstrip().encode(),
    ("\r\n \r\n" + TEXT).encode(),
])
def test_encodings_and_line_ends(path: Path, data: bytes) -> None:
    names, rows = read(path, data)
    assert names == ["external_id", "first_name"]
    assert [row.cells for row in rows] == [["1", "سلمى"], ["2", 'Al, "K"']]
    assert not any(row.fault for row in rows)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(path: Path, separator: str) -> None:
    names, rows = read(path, f' External_ID {separator}"a,b;c"\n1{separator}"x;y,z\t"\n\n'.encode())
    assert names == ["external_id", "a,b;c"]
    assert rows == [Row(2, ["1", "x;y,z\t"], None)]


def test_one_column(path: Path) -> None:
    assert read(path, b"external_id\n1\n2\n") == (["external_id"], [Row(2, ["1"], None), Row(3, ["2"], None)])


def test_lines_are_numbered_through_blank_lines_and_line_breaks_in_cells(path: Path) -> None:
    _, rows = read(path, b'a,b\n\n1,"x\ny"\n\r\n2,z\n')
    assert rows == [Row(3, ["1", "x\ny"], None), Row(6, ["2", "z"], None)]


def test_ragged_rows_are_faults_with_their_cells(path: Path) -> None:
    _, rows = read(path, b"a,b\n1\n1,2,3\n1,2\n")
    assert [(row.line, row.cells, bool(row.fault)) for row in rows] == [
        (2, ["1"], True), (3, ["1", "2", "3"], True), (4, ["1", "2"], False)]


@pytest.mark.parametrize("line", [b'"x,2', b'"x"y,2', b"x\0,2", b"x\xff\xd9\xd8,2", b"x" * (LINE_LENGTH + 1), b'x,"',
                                  b"x" * (3 * LINE_LENGTH)])
def test_a_line_that_cannot_be_read_takes_no_other_with_it(path: Path, line: bytes) -> None:
    good = "سلمى,ب\n".encode() * 30
    _, rows = read(path, b"a,b\n" + good + line + b"\n" + good)
    assert [row.line for row in rows] == list(range(2, 63))
    assert [row.line for row in rows if row.fault] == [32]
    assert len(rows[30].cells[0]) <= 1000
    assert all(row.cells == ["سلمى", "ب"] for row in rows if not row.fault)


def test_a_line_too_long_within_an_unclosed_quote_is_skipped_once(path: Path) -> None:
    _, rows = read(path, b'a,b\n"x\n' + b"y" * (3 * LINE_LENGTH) + b"\n1,2\n3,4\n")
    assert [(row.line, bool(row.fault)) for row in rows] == [(2, True), (3, True), (4, False), (5, False)]


def test_an_unclosed_quote_ends_where_a_record_would_be_too_long(path: Path) -> None:
    lines = [f"{number},x" for number in range(RECORD_LINES * 3)]
    _, rows = read(path, ("a,b\n\"0,x\n" + "\n".join(lines) + '\n5,"y"\n').encode())
    assert [row.line for row in rows if row.fault] == [2]
    assert len(rows) == len(lines) + 2


@pytest.mark.parametrize(("data", "said"), [
    (b"", "empty"), (b"\n\n\r\n", "empty"), (b"\xef\xbb\xbf", "empty"),
    (b"PK\x03\x04\x14\0\x06\0", "not a CSV"), (b"a\x01b,c\n", "control characters"),
    (b"a" * (LINE_LENGTH + 1), "longer than"), (b'a,"b\n1,2\n', "quotation mark"), (b'"a"b\n', "quotation mark"),
    ("a,b\n".encode("utf-32"), "not a CSV"),
])
def test_files_that_are_no_csv(path: Path, data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read(path, data)


def test_what_is_no_readable_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, said in ((tmp_path / "none.csv", "No such file"), (tmp_path, "not a file"), (pipe, "not a file")):
        with pytest.raises(Invalid, match=said), opened(path):
            pass


def test_damaged_utf_8_is_not_taken_for_windows_1256(path: Path) -> None:
    good = "سلمى,محمد\n".encode()
    _, rows = read(path, b"a,b\n" + good + good[:-2] + b"\n" + good)
    assert [row.cells for row in rows if not row.fault] == [["سلمى", "محمد"]] * 2
    assert [row.line for row in rows if row.fault] == [3]


def test_a_damaged_end_of_utf_16_is_a_fault(path: Path) -> None:
    _, rows = read(path, "a,b\n1,2\n3,4".encode("utf-16") + b"\x31")
    assert [(row.line, bool(row.fault)) for row in rows] == [(2, False), (3, True)]


@pytest.mark.parametrize("hostile", [
    b"x" * 40_000_000,
    b'""' * 20_000_000,
    b"," * 40_000_000,
    b'"' + b"x\n" * 100_000,
    b'x","y\n' * 100_000,  # a record that never ends
    b'"a\n' * 100_000,
    (b'"' + b"x" * (LINE_LENGTH - 2) + b"\n") * 200,
], ids=["line", "quotes", "cells", "cell", "record", "unclosed", "long"])
def test_memory_and_time_are_bounded(path: Path, hostile: bytes) -> None:
    path.write_bytes(b"a,b\n" + hostile + b"\n1,2\n")
    tracemalloc.start()
    with opened(path) as file:
        last = None
        for row in file.rows():
            last = row
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert last is not None
    assert last.fault or last.cells == ["1", "2"]
    assert peak < 8_000_000


def test_random_bytes_never_fail_otherwise(path: Path) -> None:
    rng = random.Random(7)
    pieces = [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"\xd8\xb3", b"a", b";", b'""', b"\t", b"x" * 50]
    for _ in range(300):
        data = b"".join(rng.choices(pieces, k=rng.randrange(1, 60)))
        try:
            _, rows = read(path, data)
        except Invalid:
            continue
        assert all(row.line >= 2 for row in rows)
        assert [row.line for row in rows] == sorted(row.line for row in rows)


def test_as_the_csv_module_reads(path: Path) -> None:
    rng = random.Random(3)
    table = [["".join(rng.choices('a"\n,; ب', k=rng.randrange(6))) + "." for _ in range(3)] for _ in range(300)]
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b", "c"], *table])
    assert [row.cells for row in read(path, text.getvalue().encode())[1]] == table


def test_digest_size_and_position(path: Path) -> None:
    path.write_bytes(b"abc,d\n1,2\n")
    with opened(path) as file:
        assert file.digest == hashlib.sha256(path.read_bytes()).hexdigest()
        assert file.size == 10
        list(file.rows())
        assert file.position == 10
