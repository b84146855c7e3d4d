"""The routes of customers and orders: write them in batches, look customers up, show one, erase one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify

from segmentation import customers, limits
from segmentation.api import customer_schemas as schemas
from segmentation.api.blueprints import Blueprint
from segmentation.api.customer_shapes import person_shape
from segmentation.api.paging import page_of
from segmentation.api.parsing import needs
from segmentation.api.repeating import KeyHeader, once, repeatable
from segmentation.api.schemas import CustomersSchema, StoreQuery
from segmentation.audience.people import everything_of, find_person
from segmentation.audience.scope import Scope
from segmentation.audience.searching import searching
from segmentation.errors import NotFound
from segmentation.facts.writing import Written

blueprint = Blueprint("facts", __name__, url_prefix="/api", description="Customers and their orders")
Query = dict[str, Any]


@blueprint.route("/customers")
@needs("viewer")
@blueprint.arguments(schemas.CustomersQuery, location="query")
@blueprint.response(200, CustomersSchema)
@blueprint.fails(400, 401, 404, 503)
def list_customers(scope: Scope, query: Query) -> Response:
    """Look customers up: a page of those who fit everything that is asked for"""
    exactly = {name: query[name] for name in schemas.EXACT if name in query}
    return page_of(scope, searching(scope, query.get("search", ""), exactly), query)


@blueprint.route("/customers", methods=["PUT"])
@needs("editor")
@blueprint.takes(limits.FACTS_BODY_BYTES)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.arguments(KeyHeader, location="headers")
@blueprint.arguments(schemas.CustomerBatchSchema, example={"customers": [schemas.A_CUSTOMER]})
@blueprint.response(200, schemas.WrittenSchema)
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422, 503)
@repeatable
def write_customers(scope: Scope, _query: Query, header: dict[str, str], body: dict[str, Any]) -> Response:
    """Create customers, or change those whose `external_id` is known: all of them or, with every problem, none

    Up to 5,000 at a time. A key that is left out stays as it is stored; null takes the value away, as does blank text.
    A batch that changes nothing leaves the data version as it is.
    """
    return _written(customers.write_customers, body["customers"], header, scope)


@blueprint.route("/orders", methods=["PUT"])
@needs("editor")
@blueprint.takes(limits.FACTS_BODY_BYTES)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.arguments(KeyHeader, location="headers")
@blueprint.arguments(schemas.OrderBatchSchema, example={"orders": [schemas.AN_ORDER]})
@blueprint.response(200, schemas.WrittenSchema)
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422, 503)
@repeatable
def write_orders(scope: Scope, _query: Query, header: dict[str, str], body: dict[str, Any]) -> Response:
    """Create orders with their lines, or change those whose `external_id` is known: all or, with every problem, none

    Up to 5,000 at a time. `customer_id` is the customer's `external_id`; one who is unknown is created. A new order
    needs it, `ordered_at`, and a `total` or a line with a price. A key that is left out stays as it is stored; null
    takes the value away. `lines` replace those that are stored. Without `total`, or with null, the total is the sum of
    the lines; it stays when neither is given. A status of null is `completed`.
    """
    return _written(customers.write_orders, body["orders"], header, scope)


@blueprint.route("/customers/<uuid:customer_id>")
@needs("viewer")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, schemas.PersonSchema)
@blueprint.fails(400, 401, 404)
def get_customer(scope: Scope, _query: Query, customer_id: Any) -> Response:
    """Get a customer with all that is known of them: the newest 50 orders, and the active segments they are in"""
    customer = find_person(scope, customer_id)
    if customer is None:
        raise NotFound()
    return jsonify(person_shape(everything_of(scope, customer), customers.belonging(scope, customer)))


@blueprint.route("/customers/<uuid:customer_id>", methods=["DELETE"])
@needs("owner")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(204)
@blueprint.fails(400, 401, 403, 404)
def erase_customer(scope: Scope, _query: Query, customer_id: Any) -> None:
    """Erase a customer with their orders, tags and attributes; nothing brings them back"""
    customers.erase(scope, customer_id)


def _written(write: Callable[..., Written], batch: Any, header: dict[str, str], scope: Scope) -> Response:
    return _shown(write(scope, batch, once(scope, header, _shown)))


def _shown(written: Written) -> Response:
    return jsonify({"written": written.created + written.changed, "created": written.created,
                    "unchanged": written.unchanged, "data_version": written.version})
