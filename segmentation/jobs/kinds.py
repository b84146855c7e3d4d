"""What jobs do, by kind. Each ends its job in the transaction that ends its work; what it raises is for `running`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from segmentation import leases
from segmentation.counting import count, store_counts, subject_of
from segmentation.database import writing
from segmentation.errors import NotFound
from segmentation.exports.places import place
from segmentation.exports.segment import ExportedFile, Wanted, record_export, write_segment
from segmentation.imports import Kind, Progress, import_file
from segmentation.jobs import files
from segmentation.jobs.work import Work
from segmentation.models import Replica
from segmentation.models.types import utc_now
from segmentation.refreshing import batches, count_batch, due_segments
from segmentation.rejected import RejectedFile
from segmentation.replication import is_wanted, renew
from segmentation.scoring import ScoringResult, score_store
from segmentation.segments import get_segment, rules_of
from segmentation.stores import apply_changes


def export(work: Work) -> None:
    """A file of a segment's customers: written aside, whole, and only then announced. Starts anew at each attempt."""
    scope, wanted = work.scope(), Wanted(**work.params["wanted"])
    segment_id = uuid.UUID(work.params["segment_id"])
    segment = get_segment(scope, segment_id)
    total = count(scope, rules_of(scope, segment), current_app.config["EXPORT_SECONDS"]).count
    path = files.emptied(work.id) / f"{work.lease.attempt}.{wanted.format}"
    with place(work.store_id, work.check):
        exported = write_segment(
            scope, get_segment(scope, segment_id), wanted, path, lambda rows: work.tell(rows, total))
    try:
        with writing() as session:
            record_export(session, scope, segment_id, wanted, exported.written)
            leases.finish(session, work.lease, {"file": _told(exported)}, exported.written.rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def refresh(work: Work) -> None:
    """Count again: one segment, or all of the store whose counts are out of date; each batch is kept as it is had."""
    if "segment_id" in work.params:
        _refresh_one(work, uuid.UUID(work.params["segment_id"]))
        return
    scope = work.scope()
    due = due_segments(scope, utc_now())
    seen, stored = 0, int(work.lease.checkpoint.get("counted", 0))
    for batch in batches(due):
        work.tell(seen, len(due))
        counts = count_batch(scope, batch)
        with writing() as session:
            stored += store_counts(session, scope, counts)
            leases.save(session, work.lease, {"counted": stored})
        seen += len(batch)
    with writing() as session:
        leases.finish(session, work.lease, {"counted": stored}, len(due))


def score(work: Work) -> None:
    """Give the buyers their scores, all in one transaction; the segments are counted again after it."""
    def then(session: Session, result: ScoringResult) -> None:
        told = {"buyers": result.buyers, "changed": result.changed}
        leases.finish(session, work.lease, told, result.buyers)
        _renew_replica(session, work.store_id)
        leases.add_once(session, work.store_id, "refresh")

    score_store(work.store_id, utc_now(), work.tell, then)


def settings(work: Work) -> None:
    """Other settings of the store, with all that follows from them, in one transaction."""
    with writing() as session:
        figures = apply_changes(session, work.store_id, work.params["changes"], work.user_id, work.tell)
        leases.finish(session, work.lease, figures, work.meter.total or 0)
        if figures:
            _renew_replica(session, work.store_id)


def import_upload(work: Work) -> None:
    """An uploaded file: goes on after the last batch that was committed; rejected rows are kept beside it."""
    kind: Kind = "orders" if work.kind == "import_orders" else "customers"
    folder = files.folder(work.id)
    if not (folder / files.UPLOAD).is_file():
        raise NotFound("The uploaded file is gone.", code="file_gone")

    def progress(so_far: Progress) -> None:
        work.tell(so_far.bytes_done, so_far.bytes_total)

    import_file(work.store_id, kind, folder / files.UPLOAD, progress, RejectedFile(folder / files.REJECTED),
                work.user_id, work.lease, work.params.get("mapping"))


def replica(work: Work) -> None:
    """A columnar copy of the store as it is now, announced in the transaction that ends the job."""
    def then(session: Session, row: Replica) -> None:
        told = {"data_version": row.version, "customers": row.customers}
        leases.finish(session, work.lease, told, row.customers)

    renew(work.store_id, work.check, then=then)


KINDS: dict[str, Callable[[Work], None]] = {
    "export": export, "refresh": refresh, "score": score, "settings": settings, "import_customers": import_upload,
    "import_orders": import_upload, "replica": replica}


def _renew_replica(session: Session, store_id: uuid.UUID) -> None:
    """Have a new replica made at once: so many customers may have changed that the old one is of no use."""
    if is_wanted(store_id):
        leases.add_once(session, store_id, "replica")


def _refresh_one(work: Work, segment_id: uuid.UUID) -> None:
    scope = work.scope()
    row = get_segment(scope, segment_id)
    subject = subject_of(scope, row, rules_of(scope, row))
    counted = count(scope, subject.rules, current_app.config["REFRESH_SECONDS"])
    with writing() as session:
        stored = store_counts(session, scope, [(subject, counted)])
        leases.finish(session, work.lease, {"counted": stored, "count": counted.count}, 1)


def _told(exported: ExportedFile) -> dict[str, Any]:
    written = exported.written
    return {"stored_as": exported.path.name, "name": exported.name, "mimetype": exported.mimetype,
            "size": written.size, "rows": written.rows, "sha256": written.sha256.hex()}
