"""Files appear whole, in this order: bytes on the disk, then the name, then the name on the disk."""

from __future__ import annotations

import os
import stat
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from segmentation.exports import Value, Written, write_csv, write_xlsx
from segmentation.exports.columns import ROWS_AT_ONCE
from segmentation.exports.files import appearing
from tests.exports.samples import NAME

Writer = Callable[[Path, Iterator[list[Value]]], Written]


def csv_file(path: Path, rows: Iterator[list[Value]]) -> Written:
    return write_csv(path, NAME, rows)


def xlsx_file(path: Path, rows: Iterator[list[Value]]) -> Written:
    return write_xlsx(path, NAME, rows, sheet_name="x", right_to_left=False, zone=ZoneInfo("UTC"), about=lambda _: [])


class Row(list[Value]):
    """A list that can be watched."""


def test_the_order_of_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def recording_sync(handle: int) -> None:
        done.append("sync directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"sync {os.fstat(handle).st_size}")
        sync(handle)

    def recording_replace(source: Path, target: Path) -> None:
        done.append(f"{source.name} -> {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recording_sync)
    monkeypatch.setattr(os, "replace", recording_replace)
    with appearing(tmp_path / "x") as file:
        file.write(b"12345")
        assert not (tmp_path / "x").exists()
    assert done == ["sync 5", "x.part -> x", "sync directory"]
    assert (tmp_path / "x").read_bytes() == b"12345"


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt(), SystemExit(1)])
def test_nothing_is_left_when_it_ends_badly(tmp_path: Path, error: BaseException) -> None:
    def write() -> None:
        with appearing(tmp_path / "x") as file:
            file.write(b"12345")
            raise error

    with pytest.raises(type(error)):
        write()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        csv_file(tmp_path / "x.csv", iter([["a"]]))
    assert list(tmp_path.iterdir()) == []


def test_the_leftover_of_a_killed_writer_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "x.csv.part").write_bytes(b"half a file, and longer than the whole one")
    written = csv_file(tmp_path / "x.csv", iter([]))
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [written.size]


@pytest.mark.parametrize("write", [csv_file, xlsx_file])
def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, write: Writer) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "missing" / "x", iter([]))


@pytest.mark.parametrize("write", [csv_file, xlsx_file])
def test_rows_are_taken_some_at_a_time(tmp_path: Path, write: Writer) -> None:
    alive: weakref.WeakValueDictionary[int, Row] = weakref.WeakValueDictionary()
    most = 0

    def rows() -> Iterator[list[Value]]:
        nonlocal most
        for number in range(5 * ROWS_AT_ONCE):
            row = Row([f"name {number}"])
            alive[number] = row
            most = max(most, len(alive))
            yield row

    write(tmp_path / "x", rows())
    assert 1 <= most <= 2 * ROWS_AT_ONCE + 3
