"""The routes of jobs: list, see, fetch what came out, cancel."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from segmentation.api.blueprints import BINARY, Blueprint
from segmentation.api.job_schemas import JobSchema, JobsQuery, JobsSchema
from segmentation.api.parsing import needs
from segmentation.api.schemas import StoreQuery
from segmentation.api.shapes import job_shape
from segmentation.audience.scope import Scope
from segmentation.downloads import send_file_of, send_rejected_of
from segmentation.jobs import asking
from segmentation.models import Job

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs", description="Long work")
Query = dict[str, Any]


def accepted(job: Job) -> Response:
    """The answer to what a job will do: where to look for it."""
    response = jsonify(job_shape(job))
    response.status_code = 202
    response.headers["Location"] = f"/api/jobs/{job.id}?store_id={job.store_id}"
    response.headers["Retry-After"] = "1"
    response.headers["Preference-Applied"] = "respond-async"
    return response


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(JobsQuery, location="query")
@blueprint.response(200, JobsSchema)
@blueprint.fails(400, 401, 404)
def list_jobs(scope: Scope, query: Query) -> Response:
    """List jobs, newest first"""
    wanted = {key: value for key, value in query.items() if key != "store_id"}
    return jsonify({"jobs": [job_shape(job) for job in asking.find_jobs(scope, **wanted)]})


@blueprint.route("/<uuid:job_id>")
@needs("viewer")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, JobSchema)
@blueprint.fails(400, 401, 404)
def get_job(scope: Scope, _query: Query, job_id: Any) -> Response:
    """See how far a job is, and what came out of it"""
    return jsonify(job_shape(asking.get_job(scope, job_id)))


@blueprint.route("/<uuid:job_id>", methods=["DELETE"])
@needs("editor")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, JobSchema)
@blueprint.fails(400, 401, 403, 404, 409)
def cancel_job(scope: Scope, _query: Query, job_id: Any) -> Response:
    """Cancel a job: one that runs stops at its next checkpoint, what it has imported by then stays"""
    return jsonify(job_shape(asking.cancel_job(scope, job_id)))


@blueprint.route("/<uuid:job_id>/file")
@needs("editor")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.sends_table()
@blueprint.sends_table(206, "The part that `Range` asks for.")
@blueprint.fails(400, 401, 403, 404, 409, 416)
def get_file(scope: Scope, _query: Query, job_id: Any) -> Response:
    """Fetch the finished file of an export, or a part of it; it is kept for 24 hours"""
    return send_file_of(asking.get_job(scope, job_id))


@blueprint.route("/<uuid:job_id>/rejected")
@needs("editor")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, BINARY, content_type="text/csv")
@blueprint.fails(400, 401, 403, 404, 409)
def get_rejected(scope: Scope, _query: Query, job_id: Any) -> Response:
    """Fetch the rows that an import did not take, with line, column and reason; mended, the file can be imported"""
    return send_rejected_of(asking.get_job(scope, job_id))
