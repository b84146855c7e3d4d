"""The queries and answers of the routes of jobs."""

from __future__ import annotations

import marshmallow as ma

from segmentation import limits
from segmentation.api.parsing import identifier, one_of, whole
from segmentation.api.schemas import StoreQuery
from segmentation.api.shapes import UNITS
from segmentation.leases import CANCELLED, DONE, FAILED, QUEUED, RUNNING

STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)


class JobsQuery(StoreQuery):
    """Which jobs."""

    kind = one_of(*UNITS)
    state = one_of(*STATES)
    limit = whole(1, limits.PAGE_SIZE, load_default=25)
    before = identifier(metadata={"description": "only jobs that are older than this one"})


class ProgressSchema(ma.Schema):
    """How far a job is, in units of its kind; `total`, `rate` (a second) and what remains are null until known."""

    done = ma.fields.Integer(required=True)
    total = ma.fields.Integer(required=True, allow_none=True)
    unit = ma.fields.String(required=True)
    rate = ma.fields.Float(required=True, allow_none=True)
    seconds_remaining = ma.fields.Float(required=True, allow_none=True)


class JobErrorSchema(ma.Schema):
    """Why a job failed."""

    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class JobFileSchema(ma.Schema):
    """The finished file of a job."""

    name = ma.fields.String(required=True)
    mimetype = ma.fields.String(required=True)
    size = ma.fields.Integer(required=True)
    rows = ma.fields.Integer(required=True)
    sha256 = ma.fields.String(required=True)
    url = ma.fields.String(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)


class JobRowsSchema(ma.Schema):
    """What has become of an import's rows so far."""

    rows = ma.fields.Integer(required=True)
    written = ma.fields.Integer(required=True)
    rejected = ma.fields.Integer(required=True)


class JobSchema(ma.Schema):
    """Long work. `file` is there once an export is done, `rows` for imports, `rejected_url` when some were not taken.
    """

    id = ma.fields.UUID(required=True)
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(tuple(UNITS)))
    state = ma.fields.String(required=True, validate=ma.validate.OneOf(STATES))
    cancelling = ma.fields.Boolean(required=True)
    segment_id = ma.fields.UUID(required=True, allow_none=True)
    requested_by = ma.fields.UUID(required=True, allow_none=True)
    attempt = ma.fields.Integer(required=True)
    progress = ma.fields.Nested(ProgressSchema, required=True)
    result = ma.fields.Dict(required=True, allow_none=True)
    error = ma.fields.Nested(JobErrorSchema, required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    started_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    finished_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    file = ma.fields.Nested(JobFileSchema)
    rows = ma.fields.Nested(JobRowsSchema)
    rejected_url = ma.fields.String()


class JobsSchema(ma.Schema):
    """Jobs, newest first."""

    jobs = ma.fields.List(ma.fields.Nested(JobSchema), required=True)
