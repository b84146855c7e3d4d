"""Pages of customers: which one a query wants, and what is told about where it is in the list."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from flask import Response, current_app, jsonify
from sqlalchemy import Row

from segmentation import limits
from segmentation.api.shapes import customer_shape
from segmentation.audience import matching
from segmentation.audience.cursors import read_cursor, write_cursor
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import PageRequest
from segmentation.audience.scope import Scope
from segmentation.errors import Malformed, Problem
from segmentation.models.types import utc_now
from segmentation.rules.tree import Group

Query = dict[str, Any]


def page_of(scope: Scope, rules: Group, query: Query) -> Response:
    """The page of the customers who match, with the total, both from one snapshot."""
    wanted, now = _wanted(query), utc_now()
    with snapshot(current_app.config["PAGE_SECONDS"]) as facts:
        rows, total = matching.page_and_total(scope, rules, now, facts, wanted)
    return jsonify({"data": [customer_shape(row._mapping) for row in rows], "meta": _meta(query, wanted, total, rows)})


def _wanted(query: Query) -> PageRequest:
    limit, number, descending = query["limit"], query.get("page", 1), query["order"] == "desc"
    order = {"limit": limit, "sort": query["sort"], "descending": descending}
    if "cursor" in query:
        if "page" in query:
            _refuse("cursor", "Give a page or a cursor, not both.")
        return PageRequest(**order, after=read_cursor(query["cursor"], query["sort"], descending))
    if number * limit > limits.PAGED_ROWS:
        _refuse("page", f"Past {limits.PAGED_ROWS} rows, follow meta.next_cursor.")
    return PageRequest(**order, offset=(number - 1) * limit)


def _refuse(name: str, message: str) -> None:
    raise Malformed(message, [Problem(f"/{name}", "not_expected", message)])


def _meta(query: Query, wanted: PageRequest, total: int, rows: Sequence[Row[Any]]) -> dict[str, Any]:
    full = len(rows) == wanted.limit
    cursor = write_cursor(matching.position(rows[-1], wanted.sort), wanted.sort, wanted.descending) if full else None
    return {
        "total": total,
        "page": None if wanted.after else query.get("page", 1),
        "limit": wanted.limit,
        "total_pages": ceil(total / wanted.limit),
        "next_cursor": cursor,
    }
