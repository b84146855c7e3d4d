"""Domain objects as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from segmentation.errors import Problem
from segmentation.exports.spelling import cents
from segmentation.models import Segment, SegmentRevision
from segmentation.models.types import from_units


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
