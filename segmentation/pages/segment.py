"""One segment: its customers, their columns, files of them, why somebody is in it, and what it was before."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from math import ceil
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from segmentation import answers, limits, segments
from segmentation.audience import matching
from segmentation.audience.columns import BY_KEY, COLUMNS, SORTABLE
from segmentation.audience.cursors import read_cursor, write_cursor
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import PageRequest
from segmentation.audience.people import find_person
from segmentation.audience.portrait import portrait
from segmentation.audience.scope import Scope
from segmentation.downloads import send_export
from segmentation.errors import NotFound, TooMany, Unavailable
from segmentation.exports.segment import Wanted, export_segment
from segmentation.jobs import asking
from segmentation.models.types import utc_now
from segmentation.pages.access import needs
from segmentation.pages.notices import tell
from segmentation.pages.segments import described
from segmentation.pages.words import language
from segmentation.rules.sentences import sentence
from segmentation.rules.tree import Group, Logic

blueprint = Blueprint("segment", __name__, url_prefix="/stores/<uuid:store_id>/segments/<uuid:segment_id>")
PAGE = 25
SMALL = 10_000  # customers, whose file takes no longer than one waits
USUAL_COLUMNS = ("email", "orders_count", "orders_amount", "last_order_at", "segment")
CHOOSABLE = tuple(column for column in COLUMNS if column.key not in ("id", "first_name", "last_name"))


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope, segment_id: uuid.UUID) -> Any:
    """The segment and a page of its customers."""
    row = segments.get_segment(scope, segment_id)
    listed = described(scope, [row], segments.find_segments(scope))[0]
    if listed.problems:
        return render_template("segments/segment.html", section="segment_list", listed=listed, row=row, page=None)
    rules = segments.rules_of(scope, row)
    return render_template("segments/segment.html", section="segment_list", listed=listed, row=row,
                           page=_page(scope, rules), columns=_columns(), choosable=CHOOSABLE, sortable=SORTABLE)


@blueprint.get("/people")
@needs("viewer")
def people(scope: Scope, segment_id: uuid.UUID) -> Any:
    """Pictures of all customers of the segment."""
    rules = segments.rules_of(scope, segments.get_segment(scope, segment_id))
    with snapshot(current_app.config["PAGE_SECONDS"]) as facts:
        drawn = portrait(scope, rules, utc_now(), facts)
    return render_template("segments/_portrait.html", portrait=drawn)


@blueprint.post("/export")
@needs("editor")
def export(scope: Scope, segment_id: uuid.UUID) -> Any:
    """The customers as a file, with readable headings: a small one at once, and by a job one that is large or has to
    wait for others.
    """
    row = segments.get_segment(scope, segment_id)
    keys = [column.key for column in COLUMNS] if request.form.get("which") != "shown" else _exported()
    wanted = Wanted("xlsx" if request.form.get("format") == "xlsx" else "csv", keys, "labels")
    if _is_small(scope, segments.rules_of(scope, row)):
        with suppress(TooMany):
            return send_export(export_segment(scope, row, **asdict(wanted)))
    job = asking.ask_export(scope, segment_id, wanted)
    return redirect(url_for("job_pages.show", store_id=scope.store_id, job_id=job.id), 303)


@blueprint.get("/why/<uuid:customer_id>")
@needs("viewer")
def why(scope: Scope, segment_id: uuid.UUID, customer_id: uuid.UUID) -> Any:
    """Why a customer is in the segment, or is not."""
    row = segments.get_segment(scope, segment_id)
    rules = segments.rules_of(scope, row)
    asking, _version, found = answers.explanation(scope, rules, customer_id)
    person = find_person(scope, customer_id)
    if person is None:
        raise NotFound()
    return render_template(
        "segments/why.html", section="segment_list", row=row, rules=rules, found=found, person=person,
        windows=answers.windows(asking), says=lambda node: _said(scope, node))


@blueprint.get("/revisions")
@needs("viewer")
def revisions(scope: Scope, segment_id: uuid.UUID) -> Any:
    """What the segment was at each of its versions."""
    row = segments.get_segment(scope, segment_id)
    said = [(revision, segments.sentence_of(scope, revision.rules)) for revision in segments.revisions(scope, row.id)]
    return render_template("segments/revisions.html", section="segment_list", row=row, revisions=said)


@blueprint.post("/revisions/<int:version>/restore")
@needs("editor")
def restore_revision(scope: Scope, segment_id: uuid.UUID, version: int) -> Any:
    """Make the segment again what it was at a version; that is a new version, so it can be taken back too."""
    row = segments.get_segment(scope, segment_id)
    before = row.version
    segments.restore_revision(scope, segment_id, version)
    tell("“{name}” is again what it was before.", name=row.name, undo=url_for(
        "segment.restore_revision", store_id=scope.store_id, segment_id=segment_id, version=before))
    return redirect(url_for("segment.show", store_id=scope.store_id, segment_id=segment_id), 303)


def _is_small(scope: Scope, rules: Group) -> bool:
    try:
        return segments.preview(scope, rules) <= SMALL
    except Unavailable:
        return False


def _said(scope: Scope, node: Any) -> str:
    tree = node if isinstance(node, Group) else Group("said", Logic.AND, (node,))
    return sentence(tree, scope.settings.currency)[language()]


def _columns() -> list[Any]:
    """The columns that the address names, or the usual ones."""
    wanted = [key for key in dict.fromkeys(request.values.getlist("column")) if key in BY_KEY]
    return [BY_KEY[key] for key in wanted or USUAL_COLUMNS]


def _exported() -> list[str]:
    return ["external_id", "first_name", "last_name",
            *(column.key for column in _columns() if column.key not in ("id", "external_id"))]


def _page(scope: Scope, rules: Group) -> dict[str, Any]:
    """A page of customers with its total, and the addresses of its neighbours."""
    sort = request.args.get("sort", "orders_amount")
    sort = sort if sort in SORTABLE else "orders_amount"
    descending = request.args.get("order", "desc" if sort == "orders_amount" else "asc") == "desc"
    number, cursor = _number(request.args.get("page", "1")), request.args.get("cursor", "")
    after = read_cursor(cursor, sort, descending) if cursor else None
    wanted = PageRequest(PAGE, sort, descending, 0 if after else (number - 1) * PAGE, after)
    now = utc_now()
    with snapshot(current_app.config["PAGE_SECONDS"]) as facts:
        rows, total = matching.page_and_total(scope, rules, now, facts, wanted)
    last = ceil(total / PAGE)
    return {"rows": rows, "total": total, "number": None if after else number, "last": last, "sort": sort,
            "descending": descending, **_neighbours(rows, sort, descending, None if after else number, last)}


def _neighbours(rows: Sequence[Any], sort: str, descending: bool, number: int | None, last: int) -> dict[str, str]:
    """The pages before and after; far into a long list only forwards, from customer to customer."""
    found = {}
    if number and number > 1:
        found["before"] = _address(page=number - 1, sort=sort, order="desc" if descending else "asc")
    if number and number < last and (number + 1) * PAGE <= limits.PAGED_ROWS:
        found["after"] = _address(page=number + 1, sort=sort, order="desc" if descending else "asc")
    elif len(rows) == PAGE and (number is None or number < last):
        cursor = write_cursor(matching.position(rows[-1], sort), sort, descending)
        found["after"] = _address(cursor=cursor, sort=sort, order="desc" if descending else "asc")
    return found


def _address(**values: Any) -> str:
    return url_for("segment.show", **(request.view_args or {}), column=request.args.getlist("column"), **values)


def _number(text: str) -> int:
    most = limits.PAGED_ROWS // PAGE
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 9 else 1
