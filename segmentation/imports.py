"""Importing a CSV file of customers or orders: in batches, each committed together with how far the import has come.

An import that was killed goes on after its last batch when the same file is imported again; one that was finished
starts anew, and changes no fact when the file has not changed. How the file is read is in `facts.csv_files`, what its
rows mean in `facts.customer_rows` and `facts.order_rows`, how that is stored in `facts.customers` and `facts.orders`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from segmentation import leases, metrics
from segmentation.ahead import Ahead
from segmentation.audit import record
from segmentation.database import reading, writing
from segmentation.errors import NotFound, Unavailable
from segmentation.extensions import db
from segmentation.facts.csv_files import CsvFile, Row, opened
from segmentation.facts.customer_rows import CustomerReader
from segmentation.facts.customers import upsert_customers
from segmentation.facts.entries import LEFT_OUT, Entry, RowFault
from segmentation.facts.order_reader import OrderReader
from segmentation.facts.orders import upsert_orders
from segmentation.facts.writing import Written
from segmentation.leases import Lease
from segmentation.models import Attribute, Store
from segmentation.models.types import utc_now
from segmentation.pacing import between_batches, many_rows
from segmentation.rejected import RejectedSink, Rejection
from segmentation.translations import packed
from segmentation.walls import keep_to

Kind = Literal["customers", "orders"]
JOB_KINDS = ("import_customers", "import_orders")
RIVALS = (*JOB_KINDS, "settings")  # a file is read by one state of the settings
FOLLOWING = {"customers": "refresh", "orders": "score"}  # the job that a job of a kind is followed by
BATCH_ROWS = 20_000  # to a transaction: the store's facts are locked for about half a second
BATCH_CHARACTERS = 8_000_000
SETTINGS_SECONDS = 30.0
FIRST = 5  # rejected rows that are shown


@dataclass(frozen=True)
class Progress:
    """How far an import has come in the whole file, by whichever runs; `rate` is the rows per second of this run."""

    bytes_done: int
    bytes_total: int
    rows: int
    written: int
    rejected: int
    rate: float


@dataclass(frozen=True)
class ImportResult:
    """A finished import. `rows` = `written` + `rejected`; `resumed_from`: rows that interrupted runs had dealt with."""

    job: int
    rows: int
    written: int
    rejected: int
    seconds: float
    resumed_from: int

    @property
    def rate(self) -> float:
        """Rows per second in this run."""
        return (self.rows - self.resumed_from) / max(self.seconds, 1e-9)


class _Batch(NamedTuple):
    """Entries that are committed together, and how much of the file had been read by then."""

    entries: Sequence[Entry[Any]]
    position: int


@dataclass(frozen=True)
class _Checkpoint:
    """What is committed: rows dealt with, how they ended, and how much the sink had kept of the rejected ones.

    `first` tells of the first of these, to show: line, column, and the reason in its parts (`translations.packed`).
    """

    rows: int = 0
    written: int = 0
    rejected: int = 0
    sink_size: int = 0
    first: Sequence[Any] = ()


def import_file(
    store_id: uuid.UUID, kind: Kind, path: Path, progress: Callable[[Progress], None], rejected: RejectedSink,
    user_id: uuid.UUID | None = None, held: Lease | None = None, mapping: Mapping[str, str] | None = None,
) -> ImportResult:
    """Import a CSV file into a store, or go on with it; `progress` is called after every batch, once it is committed.

    `held` is the lease of whoever runs this as a job of their own; without one the job is found by the file. `mapping`
    says which of our columns stands under a heading that is not its name; an empty one leaves the column out.

    Raises Invalid when the file as a whole does not fit, Conflict while another import runs in the store or when
    `rejected` is not the file to go on with, NotFound without such a store, Unavailable when the database stops; all
    of them can be tried again, and go on where the last batch ended.
    """
    keep_to(store_id)
    started = perf_counter()
    with many_rows(), opened(path) as file:
        reader = _reader(store_id, kind, file, mapping or {})
        lease = held or leases.claim(store_id, f"import_{kind}", file.digest, RIVALS)
        start = done = _Checkpoint(**lease.checkpoint)
        try:
            rejected.begin(file.header, start.sink_size if start.rejected else None)
            entries = reader.entries(islice(file.rows(), start.rows, None))
            in_thread = db.engine.dialect.name != "sqlite"
            with closing(Ahead(_batches(entries, file), in_thread=in_thread)) as batches:
                for batch in batches:
                    done = _commit(store_id, kind, lease, done, batch.entries, rejected, batches.begin)
                    rate = (done.rows - start.rows) / (perf_counter() - started)
                    progress(Progress(batch.position, file.size, done.rows, done.written, done.rejected, rate))
                    between_batches()
            _finish(store_id, kind, lease, done, file, user_id, FOLLOWING[kind] if held else None)
        except BaseException as error:
            with suppress(Exception):
                if held is None:
                    leases.release(lease)
            if isinstance(error, OperationalError):
                raise Unavailable(f"The database stopped the import after {done.rows} rows: {error.orig}") from error
            raise
    return ImportResult(
        lease.job, done.rows, done.written, done.rejected, perf_counter() - started, start.rows)


def check_file(store_id: uuid.UUID, kind: Kind, path: Path, mapping: Mapping[str, str]) -> None:
    """Raise Invalid when the file cannot be read, or its first line does not fit."""
    with opened(path) as file:
        _reader(store_id, kind, file, mapping)


def _mapped(names: Sequence[str], mapping: Mapping[str, str]) -> list[str]:
    columns = {heading.strip().lower(): column or LEFT_OUT for heading, column in mapping.items()}
    return [columns.get(name, name) for name in names]


def _reader(
    store_id: uuid.UUID, kind: Kind, file: CsvFile, mapping: Mapping[str, str]
) -> CustomerReader | OrderReader:
    names = _mapped(file.names, mapping)
    with reading(SETTINGS_SECONDS) as connection:
        store = connection.execute(
            select(Store.timezone, Store.currency, Store.country).where(Store.id == store_id)).one_or_none()
        attributes = {row.key: row.kind for row in connection.execute(
            select(Attribute.key, Attribute.kind).where(Attribute.store_id == store_id))}
    if store is None:
        raise NotFound(f"There is no store {store_id}.")
    zone = ZoneInfo(store.timezone)
    if kind == "orders":
        return OrderReader(names, zone, store.currency, lambda: file.characters)
    return CustomerReader(names, zone, store.country, attributes, utc_now().astimezone(zone).date())


def _batches(entries: Iterator[Entry[Any]], file: CsvFile) -> Generator[_Batch, None, None]:
    """Entries with about so many rows and characters together; an entry is never divided."""
    batch: list[Entry[Any]] = []
    rows, start = 0, file.characters
    for entry in entries:
        batch.append(entry)
        rows += len(entry.rows)
        if rows >= BATCH_ROWS or file.characters - start >= BATCH_CHARACTERS:
            yield _Batch(batch, file.position)
            batch, rows, start = [], 0, file.characters
    if batch:
        yield _Batch(batch, file.position)


def _commit(
    store_id: uuid.UUID, kind: Kind, lease: Lease, before: _Checkpoint, batch: Sequence[Entry[Any]], sink: RejectedSink,
    meanwhile: Callable[[], None],
) -> _Checkpoint:
    readable = [entry for entry in batch if entry.record is not None]
    rejections = [
        _rejection(row, fault) for entry in batch if entry.faults
        for row, fault in zip(entry.rows, entry.faults, strict=True)]
    rows = sum(len(entry.rows) for entry in batch)
    with writing() as session:
        refused = _write(session, store_id, kind, [entry.record for entry in readable], lease.job, meanwhile).refused
        rejections += [_rejection(row, fault) for index, fault in refused.items() for row in readable[index].rows]
        rejections.sort()
        size = sink.append(rejections) if rejections else before.sink_size
        first = [*before.first, *(
            (each.line, each.column, *packed(each.reason)) for each in rejections[:FIRST - len(before.first)])]
        checkpoint = _Checkpoint(
            before.rows + rows, before.written + rows - len(rejections), before.rejected + len(rejections), size, first)
        leases.save(session, lease, asdict(checkpoint))
    metrics.import_rows.labels(kind, "written").inc(rows - len(rejections))
    metrics.import_rows.labels(kind, "rejected").inc(len(rejections))
    return checkpoint


def _write(
    session: Session, store_id: uuid.UUID, kind: Kind, records: Sequence[Any], job: int, meanwhile: Callable[[], None]
) -> Written:
    if not records:
        return Written(0)
    if kind == "orders":
        return upsert_orders(session, store_id, records, job, meanwhile)
    return upsert_customers(session, store_id, records, meanwhile)


def _rejection(row: Row, fault: RowFault) -> Rejection:
    return Rejection(row.line, fault.column, fault.message, row.cells)


def _finish(
    store_id: uuid.UUID, kind: Kind, lease: Lease, done: _Checkpoint, file: CsvFile, user_id: uuid.UUID | None,
    following: str | None
) -> None:
    counted = {"rows": done.rows, "written": done.written, "rejected": done.rejected}
    with writing() as session:
        leases.finish(session, lease, counted, file.size)
        record(session, "import", user_id=user_id, store_id=store_id, kind=kind, digest=file.digest, **counted)
        if following:
            leases.add_once(session, store_id, following)
