"""`/api/openapi.json`, and `/api/docs`: the same document as a page that needs no script and nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from flask_smorest import Api

METHODS = ("get", "post", "put", "delete")


def blueprint_for(api: Api) -> Blueprint:
    """The routes that show the OpenAPI document of `api`."""
    blueprint = Blueprint("docs", __name__, url_prefix="/api")

    @blueprint.route("/openapi.json")
    def openapi() -> Response:
        return jsonify(api.spec.to_dict())

    @blueprint.route("/docs")
    def docs() -> Response:
        document = api.spec.to_dict()
        return Response(render_template("docs.html", document=document, operations=list(_operations(document))))

    return blueprint


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
                yield {
                    **operation,
                    "method": method.upper(),
                    "path": path,
                    "parameters": [*item.get("parameters", []), *operation.get("parameters", [])],
                    "responses": sorted(
                        (status, answer) for status, answer in operation["responses"].items() if status != "default"
                    ),
                    "body": content.get("schema"),
                    "example": json.dumps(content["example"], indent=2) if "example" in content else None,
                }
