"""Domain objects as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from segmentation.errors import Problem
from segmentation.exports.spelling import cents
from segmentation.jobs.files import KEPT, file_of, rejected_of
from segmentation.leases import RUNNING, UNFINISHED
from segmentation.models import Job, Segment, SegmentRevision, Store
from segmentation.models.types import from_units

UNITS = {"export": "rows", "refresh": "segments", "score": "customers", "settings": "customers",
         "import_customers": "bytes", "import_orders": "bytes", "replica": "customers"}


def segment_shape(segment: Segment, problems: Sequence[Problem] = ()) -> dict[str, Any]:
    """A segment as the list and single answers show it; `problems`: why it is invalid, if it is."""
    shown = {
        "id": str(segment.id),
        "name": segment.name,
        "description": segment.description,
        "rules": segment.rules,
        "cached_count": segment.cached_count,
        "count_cached_at": segment.count_cached_at,
        "is_active": segment.is_active,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }
    if not problems:
        return shown
    return {**shown, "invalid": True, "problems": [problem.as_dict() for problem in problems]}


def store_shape(store: Store, role: str) -> dict[str, Any]:
    """A store with its settings, and what the caller is in it."""
    return {
        "id": str(store.id), "name": store.name, "role": role, "timezone": store.timezone, "currency": store.currency,
        "country": store.country, "week_start": store.week_start, "language": store.language,
        "counted_statuses": store.counted_statuses, "created_at": store.created_at}


def job_shape(job: Job) -> dict[str, Any]:
    """A job: what it does, how far it is, what came out of it."""
    shown = {
        "id": str(job.id),
        "kind": job.kind,
        "state": job.state,
        "cancelling": job.cancelling and job.state in UNFINISHED,
        "segment_id": job.params.get("segment_id"),
        "requested_by": str(job.user_id) if job.user_id else None,
        "attempt": job.attempt,
        "progress": _progress_shape(job),
        "result": {key: value for key, value in (job.result or {}).items() if key != "file"} if job.result else None,
        "error": job.error,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }
    if job.result and job.finished_at and file_of(job):
        shown["file"] = {key: job.result["file"][key] for key in ("name", "mimetype", "size", "rows", "sha256")} | {
            "url": f"/api/jobs/{job.id}/file?store_id={job.store_id}", "expires_at": job.finished_at + KEPT}
    if job.kind.startswith("import_"):
        shown["rows"] = {key: job.checkpoint.get(key, 0) for key in ("rows", "written", "rejected")}
    if rejected_of(job):
        shown["rejected_url"] = f"/api/jobs/{job.id}/rejected?store_id={job.store_id}"
    return shown


def _progress_shape(job: Job) -> dict[str, Any]:
    """In units of the kind; how long it will still take is only said while it runs and its rate is known."""
    remaining = None
    if job.state == RUNNING and job.rate and job.total is not None:
        remaining = round(max(job.total - job.done, 0) / job.rate, 1)
    return {"done": job.done, "total": job.total, "unit": UNITS[job.kind], "rate": job.rate and round(job.rate, 1),
            "seconds_remaining": remaining}


def revision_shape(revision: SegmentRevision) -> dict[str, Any]:
    """A segment as it was at one version."""
    return {
        "version": revision.version,
        "name": revision.name,
        "description": revision.description,
        "rules": revision.rules,
        "is_active": revision.is_active,
        "changed_by": str(revision.changed_by) if revision.changed_by else None,
        "changed_at": revision.changed_at,
    }


def customer_shape(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A customer as a page of a segment shows them; `row` has the columns of the table."""
    return {
        "id": str(row["id"]),
        "external_id": row["external_id"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "email": row["email"],
        "mobile": row["mobile"],
        "orders_count": row["orders_count"],
        "orders_amount": money(row["orders_amount"]),
        "analytics": {
            "segment": row["segment"],
            "recency_score": row["recency_score"],
            "frequency_score": row["frequency_score"],
            "monetary_score": row["monetary_score"],
            "cltv": money(row["cltv"]),
        },
    }


def money(units: int | None) -> Decimal | None:
    """Stored money with two decimals."""
    return None if units is None else cents(from_units(units))
