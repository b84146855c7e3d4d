"""The export of a segment: one consistent read, written aside into a whole file, and audited. A use case."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from time import time
from typing import Any, Literal

from flask import current_app

from segmentation.audience import matching
from segmentation.audience.columns import BY_KEY
from segmentation.audience.engines import Snapshot, snapshot
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import writing
from segmentation.exports import Column, Header, Written, write_csv, write_xlsx
from segmentation.models import Segment
from segmentation.models.types import new_id, utc_now
from segmentation.rules.sentences import sentence
from segmentation.rules.tree import Group
from segmentation.segments import rules_of

Format = Literal["csv", "xlsx"]
MIMETYPES = {"csv": "text/csv",
             "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_UNFIT = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|\u200e\u200f\u202a-\u202e\u2066-\u2069]+')


@dataclass(frozen=True)
class ExportedFile:
    """A finished file, the name it should be saved under, and what was written."""

    path: Path
    name: str
    mimetype: str
    written: Written


def export_segment(scope: Scope, segment: Segment, *, format: Format, keys: Sequence[str], header: Header = "keys",
                   bom: bool = True) -> ExportedFile:
    """Write the segment's customers, columns `keys`, to a file in the spool. Raises Invalid, Unavailable, OSError."""
    rules, now = rules_of(scope, segment), utc_now()
    name = f"{_file_name(segment.name)}.{format}"
    title, segment_id = segment.name, segment.id
    path = _spool() / f"{new_id()}.{format}"
    columns = [Column(key, BY_KEY[key].heading(scope.language), BY_KEY[key].kind) for key in keys]
    with (
        snapshot(current_app.config["EXPORT_SECONDS"]) as facts,
        closing(_rows(scope, rules, now, facts, keys)) as rows,
    ):
        if format == "csv":
            written = write_csv(path, columns, rows, header=header, bom=bom)
        else:
            written = write_xlsx(
                path, columns, rows, header=header, sheet_name=title, right_to_left=scope.language == "ar",
                zone=scope.settings.zone, about=lambda count: _about(scope, title, rules, now, count))
    with writing() as session:
        record(session, "segment_export", user_id=scope.user_id, store_id=scope.store_id, segment_id=str(segment_id),
               format=format, rows=written.rows, columns=list(keys), sha256=written.sha256.hex())
    return ExportedFile(path, name, MIMETYPES[format], written)


def _rows(
    scope: Scope, rules: Group, now: datetime, facts: Snapshot, keys: Sequence[str]
) -> Generator[list[Any], None, None]:
    values = [BY_KEY[key].value for key in keys]
    with closing(matching.stream(scope, rules, now, facts, keys)) as found:
        for row in found:
            yield [value(stored) for value, stored in zip(values, row, strict=True)]


def _about(scope: Scope, name: str, rules: Group, now: datetime, rows: int) -> list[tuple[str, str]]:
    local = now.astimezone(scope.settings.zone)
    said = sentence(rules, scope.settings.currency)[scope.language]
    return [("Segment", name), ("Rules", said), ("As of", local.isoformat(timespec="seconds")),
            ("Time zone", scope.settings.zone.key), ("Currency", scope.settings.currency), ("Customers", str(rows))]


def _spool() -> Path:
    folder: Path = current_app.config["SPOOL_DIR"]
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder, time() - 2 * current_app.config["EXPORT_SECONDS"])
    return folder


def _sweep(folder: Path, before: float) -> None:
    """Remove what exports that were killed have left; whatever is younger may still be in use."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another worker may be sweeping too
            if path.stat().st_mtime < before:
                rmtree(path) if path.is_dir() else path.unlink()


def _file_name(text: str) -> str:
    return _UNFIT.sub(" ", text).strip(" .")[:100] or "segment"
