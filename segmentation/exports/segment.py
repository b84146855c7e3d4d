"""The export of a segment: one consistent read, written aside into a whole file, and audited. A use case."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from shutil import rmtree
from time import time
from typing import Any, Literal

from flask import current_app
from sqlalchemy.orm import Session

from segmentation import metrics, pacing
from segmentation.audience import matching
from segmentation.audience.columns import BY_KEY, reader
from segmentation.audience.engines import Snapshot, snapshot
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import writing
from segmentation.exports import Column, Header, Written, write_csv, write_xlsx
from segmentation.exports.places import place
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
class Wanted:
    """Which file: its format, the keys of its columns, how they are headed, whether a CSV begins with a mark."""

    format: Format
    keys: Sequence[str]
    header: Header = "keys"
    bom: bool = True


@dataclass(frozen=True)
class ExportedFile:
    """A finished file, the name it should be saved under, and what was written."""

    path: Path
    name: str
    mimetype: str
    written: Written


def export_segment(scope: Scope, segment: Segment, *, format: Format, keys: Sequence[str], header: Header = "keys",
                   bom: bool = True) -> ExportedFile:
    """Write the segment's customers, columns `keys`, to a file in the spool. Raises TooMany while as many are
    being written as may be, Invalid, Unavailable, OSError.
    """
    wanted = Wanted(format, keys, header, bom)
    segment_id = segment.id
    with place(scope.store_id):
        exported = write_segment(scope, segment, wanted, _spool() / f"{new_id()}.{format}", lambda _rows: None)
    with writing() as session:
        record_export(session, scope, segment_id, wanted, exported.written)
    return exported


def write_segment(
    scope: Scope, segment: Segment, wanted: Wanted, path: Path, progress: Callable[[int], None]
) -> ExportedFile:
    """Write the segment's customers to a file; `progress` gets the number of rows from time to time.

    The export is not on record yet: see `record_export`. Raises what `progress` does, Invalid, Unavailable, OSError.
    """
    rules, now = rules_of(scope, segment), utc_now()
    title, name = segment.name, f"{_file_name(segment.name)}.{wanted.format}"
    with (
        pacing.many_rows(),
        snapshot(current_app.config["EXPORT_SECONDS"]) as facts,
        closing(_rows(scope, rules, now, facts, wanted.keys, progress)) as some,
    ):
        rows = chain.from_iterable(some)
        columns = [_column(key, scope.language, facts) for key in wanted.keys]
        if wanted.format == "csv":
            written = write_csv(path, columns, rows, header=wanted.header, bom=wanted.bom)
        else:
            written = write_xlsx(
                path, columns, rows, header=wanted.header, sheet_name=title, right_to_left=scope.language == "ar",
                zone=scope.settings.zone, about=lambda count: _about(scope, title, rules, now, count))
    metrics.export_rows.labels(wanted.format).inc(written.rows)
    return ExportedFile(path, name, MIMETYPES[wanted.format], written)


def record_export(session: Session, scope: Scope, segment_id: uuid.UUID, wanted: Wanted, written: Written) -> None:
    """Put an export on record, in the running transaction."""
    record(session, "segment_export", user_id=scope.user_id, store_id=scope.store_id, segment_id=str(segment_id),
           format=wanted.format, rows=written.rows, columns=list(wanted.keys), sha256=written.sha256.hex())


def _rows(
    scope: Scope, rules: Group, now: datetime, facts: Snapshot, keys: Sequence[str], progress: Callable[[int], None]
) -> Generator[Sequence[Sequence[Any]], None, None]:
    done = 0
    with closing(matching.stream(scope, rules, now, facts, keys)) as found:
        for some in found:
            progress(done)
            yield some
            done += len(some)


def _column(key: str, language: str, facts: Snapshot) -> Column:
    field = BY_KEY[key]
    kind = "units" if field.kind == "money" else field.kind
    return Column(key, field.heading(language), kind, reader(key, facts.connection.dialect))


def _about(scope: Scope, name: str, rules: Group, now: datetime, rows: int) -> list[tuple[str, str]]:
    local = now.astimezone(scope.settings.zone)
    said = sentence(rules, scope.settings.currency)[scope.language]
    return [("Segment", name), ("Rules", said), ("As of", local.isoformat(timespec="seconds")),
            ("Time zone", scope.settings.zone.key), ("Currency", scope.settings.currency), ("Customers", str(rows))]


def _spool() -> Path:
    folder: Path = current_app.config["SPOOL_DIR"] / "answers"
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
