"""The bodies and queries of the segment routes. Requests are read by them; answers are documented by them."""

from __future__ import annotations

import marshmallow as ma

from segmentation import limits
from segmentation.answers import PARTS
from segmentation.api.errors import ProblemSchema
from segmentation.api.parsing import Strict, boolean, identifier, one_of, rules, store_id, text, whole
from segmentation.audience.columns import BY_KEY, SORTABLE
from segmentation.rules.kinds import Fault

VIP_RULES = {
    "id": "root",
    "logic": "AND",
    "conditions": [{"id": "c1", "field": "orders_count", "operator": "greater_than_or_equals", "value": 5}],
    "groups": [
        {
            "id": "g1",
            "logic": "OR",
            "conditions": [
                {"id": "c2", "field": "segment", "operator": "equals", "value": "Champions"},
                {"id": "c3", "field": "segment", "operator": "equals", "value": "Loyal Customers"},
            ],
            "groups": [],
        }
    ],
}


class StoreQuery(Strict):
    """Every route of a store takes its id."""

    store_id = store_id()


class ListQuery(StoreQuery):
    """Which segments to list."""

    is_active = one_of("true", "false")
    search = text(limits.NAME_LENGTH, metadata={"description": "part of the name"})


class PageQuery(StoreQuery):
    """Which page of customers."""

    page = whole(1, 10**9 - 1)
    limit = whole(1, limits.PAGE_SIZE, load_default=25)
    sort = one_of(*SORTABLE, load_default="id")
    order = one_of("asc", "desc", load_default="asc")
    cursor = text(
        12 * limits.TEXT_LENGTH,
        metadata={"description": "`meta.next_cursor` of the page before; needed past 10,000 rows"},
    )


class ExportQuery(StoreQuery):
    """Which file."""

    format = one_of("csv", "xlsx", load_default="csv")
    header = one_of("keys", "labels", load_default="keys")
    bom = one_of(
        "true",
        "false",
        load_default="true",
        metadata={"description": "CSV only: begin with a byte order mark, which Excel needs"},
    )
    columns = text(
        limits.TEXT_LENGTH, metadata={"description": "keys of the columns wanted, separated by commas; all by default"}
    )

    @ma.post_load
    def split(self, data: dict[str, object], **_options: object) -> dict[str, object]:
        """The columns as a list of known keys."""
        keys = str(data["columns"]).split(",") if "columns" in data else list(BY_KEY)
        if not set(keys) <= BY_KEY.keys() or len(set(keys)) < len(keys):
            raise ma.ValidationError([Fault("unknown_choice", "Give known columns, each once.")], "columns")
        return {**data, "columns": keys}


class PreviewQuery(StoreQuery):
    """What else to answer about the rules."""

    include = text(
        limits.TEXT_LENGTH,
        metadata={"description": f"parts wanted beside the count, separated by commas: {', '.join(PARTS)}"},
    )
    segment_id = identifier(metadata={"description": "the saved segment that `difference` compares with"})

    @ma.post_load
    def split(self, data: dict[str, object], **_options: object) -> dict[str, object]:
        """The parts as a set of known words."""
        words = set(str(data["include"]).split(",")) if "include" in data else set()
        if not words <= set(PARTS):
            raise ma.ValidationError([Fault("unknown_choice", f"Give words out of: {', '.join(PARTS)}.")], "include")
        if ("difference" in words) != ("segment_id" in data):
            raise ma.ValidationError([Fault("required", "Give it together with include=difference.")], "segment_id")
        return {**data, "include": words} if words else data


class ExplainQuery(StoreQuery):
    """Whom to explain."""

    customer_id = identifier(required=True)


class DraftSchema(Strict):
    """A new segment."""

    name = text(limits.NAME_LENGTH, required=True)
    description = text(limits.DESCRIPTION_LENGTH, lines=True, load_default="")
    rules = rules(required=True)
    is_active = boolean(load_default=True)


class ChangesSchema(Strict):
    """What to change of a segment; keys left out stay."""

    name = text(limits.NAME_LENGTH)
    description = text(limits.DESCRIPTION_LENGTH, lines=True)
    rules = rules()
    is_active = boolean()


class PreviewSchema(Strict):
    """The rules to count."""

    rules = rules(required=True)


class SegmentSchema(ma.Schema):
    """A segment. `invalid` and `problems` are there only while its rules no longer fit."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    rules = rules(required=True)
    cached_count = ma.fields.Integer(required=True)
    count_cached_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    is_active = ma.fields.Boolean(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    invalid = ma.fields.Boolean()
    problems = ma.fields.List(ma.fields.Nested(ProblemSchema))


class SegmentsSchema(ma.Schema):
    """Segments, newest first."""

    segments = ma.fields.List(ma.fields.Nested(SegmentSchema), required=True)


class RevisionSchema(ma.Schema):
    """A segment as it was."""

    version = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    rules = rules(required=True)
    is_active = ma.fields.Boolean(required=True)
    changed_by = ma.fields.UUID(required=True, allow_none=True)
    changed_at = ma.fields.AwareDateTime(required=True)


class RevisionsSchema(ma.Schema):
    """Revisions, newest first."""

    revisions = ma.fields.List(ma.fields.Nested(RevisionSchema), required=True)


class AnalyticsSchema(ma.Schema):
    """RFM and value of a customer."""

    segment = ma.fields.String(required=True, allow_none=True)
    recency_score = ma.fields.Integer(required=True, allow_none=True)
    frequency_score = ma.fields.Integer(required=True, allow_none=True)
    monetary_score = ma.fields.Integer(required=True, allow_none=True)
    cltv = ma.fields.Float(required=True, allow_none=True)


class CustomerSchema(ma.Schema):
    """A customer on a page."""

    id = ma.fields.UUID(required=True)
    external_id = ma.fields.String(required=True)
    first_name = ma.fields.String(required=True, allow_none=True)
    last_name = ma.fields.String(required=True, allow_none=True)
    email = ma.fields.String(required=True, allow_none=True)
    mobile = ma.fields.String(required=True, allow_none=True)
    orders_count = ma.fields.Integer(required=True)
    orders_amount = ma.fields.Float(required=True)
    analytics = ma.fields.Nested(AnalyticsSchema, required=True)


class TextSchema(ma.Schema):
    """Words for people, by language."""

    en = ma.fields.String(required=True)
    ar = ma.fields.String(required=True)


class NodeCountSchema(ma.Schema):
    """Customers for whom a node holds; of a condition, also for how many the root holds when it is left out."""

    count = ma.fields.Integer(required=True)
    without = ma.fields.Integer()


class WindowSchema(ma.Schema):
    """Instants from `start` up to, not including, `end`; null is open."""

    start = ma.fields.AwareDateTime(required=True, allow_none=True)
    end = ma.fields.AwareDateTime(required=True, allow_none=True)
    text = ma.fields.Nested(TextSchema)


class NoticeSchema(ma.Schema):
    """Something odd at a node, and the nodes that it is odd together with."""

    id = ma.fields.String(required=True)
    code = ma.fields.String(required=True)
    related = ma.fields.List(ma.fields.String(), required=True)
    text = ma.fields.Nested(TextSchema, required=True)


class ChangeSchema(ma.Schema):
    """Customers who would enter or leave."""

    count = ma.fields.Integer(required=True)
    sample = ma.fields.List(ma.fields.Nested(CustomerSchema), required=True)


class DifferenceSchema(ma.Schema):
    """The rules against a saved segment."""

    segment_id = ma.fields.UUID(required=True)
    entering = ma.fields.Nested(ChangeSchema, required=True)
    leaving = ma.fields.Nested(ChangeSchema, required=True)


class AnswerSchema(ma.Schema):
    """An exact count; everything else is there when asked for. Objects without a schema go by node id."""

    count = ma.fields.Integer(required=True)
    as_of = ma.fields.AwareDateTime()
    data_version = ma.fields.Integer()
    nodes = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(NodeCountSchema))
    empty = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    windows = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(WindowSchema))
    sentence = ma.fields.Nested(TextSchema)
    lint = ma.fields.List(ma.fields.Nested(NoticeSchema))
    sample = ma.fields.List(ma.fields.Nested(CustomerSchema))
    difference = ma.fields.Nested(DifferenceSchema)
    sql = ma.fields.Dict()


class ExplainedNodeSchema(ma.Schema):
    """Whether a node holds for the customer; of a condition, the customer's value and the window it was held against.
    """

    matches = ma.fields.Boolean(required=True)
    value = ma.fields.Raw(allow_none=True)
    window = ma.fields.Nested(WindowSchema)


class ExplanationSchema(ma.Schema):
    """Why a customer is in a segment, or is not; the nodes by id."""

    segment_id = ma.fields.UUID(required=True)
    customer_id = ma.fields.UUID(required=True)
    matches = ma.fields.Boolean(required=True)
    as_of = ma.fields.AwareDateTime(required=True)
    data_version = ma.fields.Integer(required=True)
    nodes = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(ExplainedNodeSchema), required=True)


class MetaSchema(ma.Schema):
    """Where in the list a page is. `page` is null on a page that was reached by cursor."""

    total = ma.fields.Integer(required=True)
    page = ma.fields.Integer(required=True, allow_none=True)
    limit = ma.fields.Integer(required=True)
    total_pages = ma.fields.Integer(required=True)
    next_cursor = ma.fields.String(required=True, allow_none=True)


class CustomersSchema(ma.Schema):
    """A page of customers."""

    data = ma.fields.List(ma.fields.Nested(CustomerSchema), required=True)
    meta = ma.fields.Nested(MetaSchema, required=True)


class CatalogueSchema(ma.Schema):
    """The fields by group, the operators of each, those that `where` may use, and the limits."""

    groups = ma.fields.List(ma.fields.Dict(), required=True)
    where = ma.fields.List(ma.fields.Dict(), required=True)
    limits = ma.fields.Dict(required=True)
    store = ma.fields.Dict(required=True)
