"""The JSON face: routes, schemas, the error shape, and the OpenAPI document made from them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_smorest import Api

from segmentation.api import attributes, audit, auth, customers, docs, imports, jobs, people, segments, stores, tokens
from segmentation.api.blueprints import value_schema
from segmentation.api.customer_schemas import batch_schemas
from segmentation.api.errors import ErrorSchema, show_error
from segmentation.api.rules_schema import rule_schemas

__all__ = ["init_app", "show_error"]
DESCRIPTION = """\
Create, manage and query customer segments.

Every call takes store_id once, and in the header "Authorization: Bearer …" an access token from POST /api/auth/token,
or an API token of the store, which an owner makes for a program: POST /api/tokens.
"""


class _SegmentsApi(Api):  # type: ignore[misc]
    """flask-smorest with our error shape."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """None here: `failures` answers for every face."""


def init_app(app: Flask) -> None:
    """Register the routes and build the OpenAPI document."""
    options: dict[str, Any] = {
        "info": {"description": DESCRIPTION},
        "security": [{"bearer": []}],
        "servers": [{"url": "/"}],
    }
    api = _SegmentsApi(app, spec_kwargs=options)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    api.ma_plugin.converter.add_attribute_function(value_schema)
    for name, schema in (rule_schemas() | batch_schemas()).items():
        api.spec.components.schema(name, schema)
    api.register_blueprint(auth.blueprint)
    api.register_blueprint(segments.blueprint)
    api.register_blueprint(attributes.blueprint)
    api.register_blueprint(imports.blueprint)
    api.register_blueprint(jobs.blueprint)
    api.register_blueprint(customers.blueprint)
    api.register_blueprint(stores.blueprint)
    api.register_blueprint(people.blueprint)
    api.register_blueprint(tokens.blueprint)
    api.register_blueprint(audit.blueprint)
    app.register_blueprint(docs.blueprint_for(api))
