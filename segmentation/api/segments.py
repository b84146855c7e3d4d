"""The segment routes: list, create, get, change, delete, preview, customers, export, and what stands beside them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, current_app, jsonify

from segmentation import answers, limits, segments
from segmentation.api import schemas
from segmentation.api.answer_shapes import answer_shape, explanation_shape
from segmentation.api.blueprints import Blueprint
from segmentation.api.job_schemas import JobSchema
from segmentation.api.jobs import accepted
from segmentation.api.paging import page_of
from segmentation.api.parsing import expected_versions, needs, wants_job
from segmentation.api.repeating import KeyHeader, once, repeatable
from segmentation.api.shapes import revision_shape, segment_shape
from segmentation.audience.scope import Scope
from segmentation.counting import count
from segmentation.downloads import send_export
from segmentation.exports.segment import Wanted, export_segment
from segmentation.extensions import db
from segmentation.jobs import asking
from segmentation.models import Segment
from segmentation.references import StoredSegments
from segmentation.segments import Draft

blueprint = Blueprint("segments", __name__, url_prefix="/api/segmentation", description="Customer segments")
Query = dict[str, Any]


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(schemas.ListQuery, location="query")
@blueprint.response(200, schemas.SegmentsSchema)
@blueprint.fails(400, 401, 404)
def list_segments(scope: Scope, query: Query) -> Response:
    """List segments, newest first"""
    is_active = query["is_active"] == "true" if "is_active" in query else None
    found = segments.find_segments(scope, is_active, query.get("search"))
    stored = StoredSegments(scope, db.session())
    return jsonify({"segments": [segment_shape(row, stored.problems(row)) for row in found]})


@blueprint.route("", methods=["POST"])
@needs("editor")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.arguments(KeyHeader, location="headers")
@blueprint.arguments(
    schemas.DraftSchema,
    example={"name": "VIP Customers", "description": "High-value loyal customers", "rules": schemas.VIP_RULES},
)
@blueprint.response(201, schemas.SegmentSchema)
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422)
@repeatable
def create_segment(scope: Scope, _query: Query, header: dict[str, str], body: dict[str, Any]) -> Response:
    """Create a segment"""

    def created(row: Segment) -> Response:
        response = _shown(scope, row, 201)
        response.headers["Location"] = f"/api/segmentation/{row.id}?store_id={scope.store_id}"
        return response

    return created(segments.create_segment(scope, Draft(**body), once(scope, header, created)))


@blueprint.route("/fields")
@needs("viewer")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.response(200, schemas.CatalogueSchema)
@blueprint.fails(400, 401, 404)
def describe_fields(scope: Scope, _query: Query) -> Response:
    """What can be asked about a customer: fields, operators, choices, limits"""
    settings = scope.settings
    store = {"timezone": settings.zone.key, "currency": settings.currency, "week_start": settings.week_start}
    return jsonify({"groups": scope.catalogue.describe(), "where": scope.catalogue.describe_rows(),
                    "limits": limits.published(), "store": store})


@blueprint.route("/preview", methods=["POST"])
@needs("viewer")
@blueprint.arguments(schemas.PreviewQuery, location="query")
@blueprint.arguments(schemas.PreviewSchema, example={"rules": schemas.VIP_RULES})
@blueprint.response(200, schemas.AnswerSchema)
@blueprint.fails(400, 401, 404, 413, 415, 422, 503)
def preview(scope: Scope, query: Query, body: dict[str, Any]) -> Response:
    """Count the customers that rules match, without saving them; `include` asks what else the rules do"""
    if "include" not in query:
        return jsonify({"count": segments.preview(scope, body["rules"])})
    other = segments.get_segment(scope, query["segment_id"]) if "segment_id" in query else None
    found = answers.answer(scope, body["rules"], query["include"], segments.rules_of(scope, other) if other else None)
    return jsonify(answer_shape(found, query.get("segment_id")))


@blueprint.route("/<uuid:segment_id>")
@needs("viewer")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.response(200, schemas.SegmentSchema)
@blueprint.fails(400, 401, 404)
def get_segment(scope: Scope, _query: Query, segment_id: Any) -> Response:
    """Get a segment"""
    return _shown(scope, segments.get_segment(scope, segment_id))


@blueprint.route("/<uuid:segment_id>", methods=["PUT"])
@needs("editor")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.arguments(schemas.ChangesSchema)
@blueprint.response(200, schemas.SegmentSchema)
@blueprint.fails(400, 401, 403, 404, 412, 413, 415, 422)
def change_segment(scope: Scope, _query: Query, body: dict[str, Any], segment_id: Any) -> Response:
    """Change a segment: the keys given, the others stay; `If-Match` guards against overwriting"""
    return _shown(scope, segments.change_segment(scope, segment_id, body, expected_versions()))


@blueprint.route("/<uuid:segment_id>", methods=["DELETE"])
@needs("editor")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.response(204)
@blueprint.fails(400, 401, 403, 404, 409, 412)
def delete_segment(scope: Scope, _query: Query, segment_id: Any) -> None:
    """Delete a segment; it can be restored for 30 days"""
    segments.delete_segment(scope, segment_id, expected_versions())


@blueprint.route("/<uuid:segment_id>/restore", methods=["POST"])
@needs("editor")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.response(200, schemas.SegmentSchema)
@blueprint.fails(400, 401, 403, 404, 409)
def restore_segment(scope: Scope, _query: Query, segment_id: Any) -> Response:
    """Restore a deleted segment"""
    return _shown(scope, segments.restore_segment(scope, segment_id))


@blueprint.route("/<uuid:segment_id>/duplicate", methods=["POST"])
@needs("editor")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.response(201, schemas.SegmentSchema)
@blueprint.fails(400, 401, 403, 404, 409, 422)
def duplicate_segment(scope: Scope, _query: Query, segment_id: Any) -> Response:
    """Copy a segment"""
    return _shown(scope, segments.duplicate_segment(scope, segment_id), 201)


@blueprint.route("/<uuid:segment_id>/refresh", methods=["POST"])
@needs("editor")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.response(200, schemas.SegmentSchema)
@blueprint.alt_response(202, schema=JobSchema, description="With `Prefer: respond-async`: a job counts it.")
@blueprint.fails(400, 401, 403, 404, 422, 429, 503)
def refresh_segment(scope: Scope, _query: Query, segment_id: Any) -> Response:
    """Count a segment again; with `Prefer: respond-async` by a job"""
    if wants_job():
        return accepted(asking.ask_refresh(scope, segment_id))
    return _shown(scope, segments.refresh_segment(scope, segment_id))


@blueprint.route("/<uuid:segment_id>/revisions")
@needs("viewer")
@blueprint.arguments(schemas.StoreQuery, location="query")
@blueprint.response(200, schemas.RevisionsSchema)
@blueprint.fails(400, 401, 404)
def list_revisions(scope: Scope, _query: Query, segment_id: Any) -> Response:
    """What the segment was at each version, newest first"""
    return jsonify({"revisions": [revision_shape(row) for row in segments.revisions(scope, segment_id)]})


@blueprint.route("/<uuid:segment_id>/customers")
@needs("viewer")
@blueprint.arguments(schemas.PageQuery, location="query")
@blueprint.response(200, schemas.CustomersSchema)
@blueprint.fails(400, 401, 404, 422, 503)
def list_customers(scope: Scope, query: Query, segment_id: Any) -> Response:
    """A page of the customers in a segment"""
    return page_of(scope, segments.rules_of(scope, segments.get_segment(scope, segment_id)), query)


@blueprint.route("/<uuid:segment_id>/explain")
@needs("viewer")
@blueprint.arguments(schemas.ExplainQuery, location="query")
@blueprint.response(200, schemas.ExplanationSchema)
@blueprint.fails(400, 401, 404, 422, 503)
def explain(scope: Scope, query: Query, segment_id: Any) -> Response:
    """Why a customer is in a segment, or is not: what each node says, and which value it looked at"""
    rules = segments.rules_of(scope, segments.get_segment(scope, segment_id))
    asking, version, found = answers.explanation(scope, rules, query["customer_id"])
    shown = explanation_shape(asking, version, found)
    return jsonify({"segment_id": str(segment_id), "customer_id": str(query["customer_id"]), **shown})


@blueprint.route("/<uuid:segment_id>/export")
@needs("editor")
@blueprint.arguments(schemas.ExportQuery, location="query")
@blueprint.sends_table()
@blueprint.alt_response(
    202, schema=JobSchema, description="With `Prefer: respond-async`, or of many rows: a job writes the file.")
@blueprint.fails(400, 401, 403, 404, 422, 429, 503)
def export(scope: Scope, query: Query, segment_id: Any) -> Response:
    """Export the customers in a segment as a CSV or XLSX file; with `Prefer: respond-async`, or above 100,000 rows, by
    a job"""
    segment = segments.get_segment(scope, segment_id)
    wanted = Wanted(query["format"], query["columns"], query["header"], query["bom"] == "true")
    if wants_job() or _rows(scope, segment) > limits.EXPORT_ROWS:
        return accepted(asking.ask_export(scope, segment_id, wanted))
    return send_export(export_segment(scope, segments.get_segment(scope, segment_id), **asdict(wanted)))


def _shown(scope: Scope, row: Segment, status: int = 200) -> Response:
    response = jsonify(segment_shape(row, StoredSegments(scope, db.session()).problems(row)))
    response.status_code = status
    response.set_etag(str(row.version))
    return response


def _rows(scope: Scope, segment: Segment) -> int:
    return count(scope, segments.rules_of(scope, segment), current_app.config["EXPORT_SECONDS"]).count
