"""The OpenAPI document: valid, complete, and true of the answers; and the page made from it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from segmentation import limits
from segmentation.api.customer_schemas import A_CUSTOMER as A_CUSTOMER_RECORD
from segmentation.api.customer_schemas import AN_ORDER
from segmentation.exports.segment import MIMETYPES
from tests.api.conftest import A_CUSTOMER, PASSWORD, Client, World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OWN_DOCUMENTS = {"/api/openapi.json", "/api/docs"}


def document(world: World) -> Any:
    """The document as served."""
    return world.app.test_client().get("/api/openapi.json").json


def conforms(world: World, path: str, method: str, answer: Any) -> None:
    """Check an answer against what the document says of it."""
    found = document(world)
    response = found["paths"][path][method]["responses"][str(answer.status_code)]
    registry = Registry().with_resource("urn:api", Resource.from_contents(found, DRAFT202012))  # type: ignore[var-annotated]
    schema = response["content"]["application/json"]["schema"]
    pointed = {"$ref": "urn:api" + schema["$ref"]} if "$ref" in schema else schema
    Draft202012Validator(pointed, registry=registry).validate(answer.json)


def test_it_is_valid_and_recursive(world: World) -> None:
    found = document(world)
    validate(found)
    group = found["components"]["schemas"]["RuleGroup"]
    assert group["properties"]["groups"]["items"] == {"$ref": "#/components/schemas/RuleGroup"}
    assert found["components"]["schemas"]["Draft"]["properties"]["rules"] == {"$ref": "#/components/schemas/RuleGroup"}


def test_it_names_every_route(world: World) -> None:
    paths = document(world)["paths"]
    for rule in world.app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.rule not in OWN_DOCUMENTS:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            methods = {method.lower() for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
            assert methods <= paths[path].keys()


def test_answers_are_as_documented(world: World) -> None:
    client, base = world.owner, "/api/segmentation"
    created = client.post(
        "",
        {
            "name": "x",
            "rules": {
                "logic": "AND",
                "conditions": [
                    {
                        "field": "orders_amount",
                        "operator": "not_between",
                        "value": 1,
                        "value2": 2.5,
                        "include_empty": False,
                    }
                ],
            },
        },
    )
    segment = created.json["id"]
    conforms(world, base, "post", created)
    conforms(world, base, "get", client.get())
    conforms(world, base + "/fields", "get", client.get("/fields"))
    conforms(world, base + "/preview", "post", client.post("/preview", {"rules": created.json["rules"]}))
    for suffix in ("", "/customers", "/revisions"):
        conforms(world, base + "/{segment_id}" + suffix, "get", client.get(f"/{segment}{suffix}"))
    conforms(world, base + "/preview", "post", client.post("/preview", {"rules": {"logic": "X"}}))
    conforms(world, base + "/{segment_id}", "get", client.get(f"/{segment}", store=str(world.b)))


def test_the_further_answers_are_as_documented(world: World) -> None:
    client, base = world.owner, "/api/segmentation"
    where = {"logic": "AND", "conditions": [{"field": "order.ordered_at", "operator": "in_this", "unit": "years"}]}
    rules = {"logic": "AND", "conditions": [
        {"field": "last_order_at", "operator": "not_in_last", "value": 3, "unit": "days"},
        {"field": "orders.count", "operator": "greater_than_or_equals", "value": 0, "where": where},
        {"field": "tags", "operator": "not_in", "value": ["x"]}]}
    segment = client.create(rules)["id"]
    parts = "nodes,empty,windows,sentence,lint,sample,difference,sql"
    answer = client.post(f"/preview?include={parts}&segment_id={client.create()['id']}", {"rules": rules})
    assert set(parts.split(",")) <= answer.json.keys()
    assert answer.json["lint"]
    conforms(world, base + "/preview", "post", answer)
    conforms(world, base + "/{segment_id}/explain", "get", client.get(f"/{segment}/explain?customer_id={A_CUSTOMER}"))
    for response in (client.put("/api/attributes/tier", {"label": "Tier", "kind": "text"}),
                     client.put("/api/attributes/tier", {"label": "Tiers", "kind": "text"})):
        conforms(world, "/api/attributes/{key}", "put", response)
    conforms(world, "/api/attributes", "get", client.get("/api/attributes"))
    client.put(f"/{segment}", {"rules": {"logic": "AND", "conditions": [
        {"field": "attributes.tier", "operator": "is_empty"}]}})
    client.delete("/api/attributes/tier")
    broken = client.get(f"/{segment}")
    assert broken.json["invalid"] is True
    conforms(world, base + "/{segment_id}", "get", broken)


def test_answers_about_customers_are_as_documented(world: World) -> None:
    client = world.owner
    client.put("/api/attributes/tier", {"label": "Tier", "kind": "text"})
    customer = {**A_CUSTOMER_RECORD, "attributes": {"tier": "gold"}}
    written = client.put("/api/customers", {"customers": [customer]})
    conforms(world, "/api/customers", "put", written)
    conforms(world, "/api/orders", "put", client.put("/api/orders", {"orders": [AN_ORDER]}))
    conforms(world, "/api/customers", "put", client.put("/api/customers", {"customers": [{}]}))
    conforms(world, "/api/orders", "put", client.put("/api/orders", {"orders": 1}))
    client.create({"logic": "AND"})
    found = client.get("/api/customers?external_id=C-1001")
    conforms(world, "/api/customers", "get", found)
    one = client.get(f"/api/customers/{found.json['data'][0]['id']}")
    assert one.json["orders"]
    assert one.json["segments"]
    conforms(world, "/api/customers/{customer_id}", "get", one)
    conforms(world, "/api/customers/{customer_id}", "delete", client.delete("/api/customers/1"))


def test_the_answers_about_people_are_as_documented(world: World) -> None:
    client = world.owner
    conforms(world, "/api/members", "get", client.get("/api/members"))
    editor = next(each["id"] for each in client.get("/api/members").json["members"] if each["role"] == "editor")
    conforms(world, "/api/members/{user_id}", "put", client.put(f"/api/members/{editor}", {"role": "viewer"}))
    conforms(world, "/api/members/{user_id}", "put", client.put(f"/api/members/{editor}", {"role": "x"}))
    made = client.post("/api/invites", {"email": "owner@b.example", "role": "viewer"})
    conforms(world, "/api/invites", "post", made)
    conforms(world, "/api/invites", "get", client.get("/api/invites"))
    for body in ({"invite": "x"}, {"invite": made.json["link"].rsplit("/", 1)[1], "password": PASSWORD}):
        conforms(world, "/api/auth/join", "post", world.app.test_client().post("/api/auth/join", json=body))
    conforms(world, "/api/auth/sessions", "get", client.get("/api/auth/sessions", store=""))
    wrong = client.put("/api/auth/password", {"current_password": "x", "new_password": "y"}, store="")
    conforms(world, "/api/auth/password", "put", wrong)
    made = client.post("/api/tokens", {"name": "A program", "role": "viewer", "days": 7})
    conforms(world, "/api/tokens", "post", made)
    Client(client.http, made.json["token"], client.store).get()
    conforms(world, "/api/tokens", "get", client.get("/api/tokens"))
    conforms(world, "/api/audit", "get", client.get("/api/audit?limit=3"))
    conforms(world, "/api/audit", "get", client.get("/api/audit?limit=0"))


def test_the_examples_of_batches_conform_to_their_schemas(world: World) -> None:
    found = document(world)
    registry = Registry().with_resource("urn:api", Resource.from_contents(found, DRAFT202012))  # type: ignore[var-annotated]
    for name, example in (("CustomerRecord", A_CUSTOMER_RECORD), ("OrderRecord", AN_ORDER)):
        Draft202012Validator({"$ref": f"urn:api#/components/schemas/{name}"}, registry=registry).validate(example)
    described = found["paths"]["/api/orders"]["put"]["parameters"]
    assert {(each["in"], each["name"]): each["required"] for each in described} == {
        ("query", "store_id"): True, ("header", "Idempotency-Key"): False}
    assert found["components"]["schemas"]["CustomerBatch"]["properties"]["customers"]["maxItems"] == limits.RECORDS


def test_the_catalogue_is_enough_to_build_a_form(world: World) -> None:
    found = world.owner.get("/fields").json
    groups = ["Profile", "Order stats", "RFM", "Orders", "Order lines", "Segments"]
    assert [group["group"] for group in found["groups"]] == groups
    fields = {field["key"]: field for group in found["groups"] for field in group["fields"]}
    assert len(fields) == 46
    inside = {field["key"]: field for group in found["where"] for field in group["fields"]}
    assert set(fields["items.quantity_sum"]["where"]) == inside.keys()
    assert [key for key in inside if key.startswith("order.")] == fields["orders.count"]["where"]
    assert "refunded" in {choice["value"] for choice in inside["order.status"]["choices"]}
    assert "where" not in fields["orders_count"]
    assert fields["segment"]["kind"] == "choice"
    assert len(fields["segment"]["choices"]) == 11
    assert fields["orders_count"]["can_be_empty"] is False
    operators = {operator["key"]: operator for operator in fields["last_order_at"]["operators"]}
    assert operators["in_last"] == {
        "key": "in_last",
        "label": "is in the last",
        "labels": {"en": "is in the last", "ar": "خلال آخر"},
        "takes": "duration",
        "units": ["hours", "days", "weeks", "months", "quarters", "years"],
        "negative_of": None,
    }
    assert operators["not_in_last"]["negative_of"] == "in_last"
    assert fields["tags"]["labels"] == {"en": "Tags", "ar": "الوسوم"}
    labels = {choice["value"]: choice["labels"]["ar"] for choice in fields["country"]["choices"]}
    assert labels["SA"] == "المملكة العربية السعودية"
    assert found["limits"] == limits.published()
    assert found["store"] == {"timezone": "Asia/Riyadh", "currency": "SAR", "week_start": 6}


def test_the_page_shows_it_without_scripts(world: World) -> None:
    page = world.app.test_client().get("/api/docs")
    assert page.mimetype == "text/html"
    for path, item in document(world)["paths"].items():
        assert f"<code>{path}</code>" in page.text
        for operation in item.values():
            if isinstance(operation, dict):
                assert operation["summary"] in page.text.replace("&#39;", "'")
    assert not re.search(r"<script|<style|style=|\son\w+=|https?://", page.text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    with world.app.test_client().get("/static/css/docs.css") as style:
        assert style.status_code == 200


@pytest.mark.parametrize(("path", "status"), [
    ("/api/segmentation/{segment_id}/export", "200"), ("/api/jobs/{job_id}/file", "200"),
    ("/api/jobs/{job_id}/file", "206")])
def test_files_are_documented_in_every_format(world: World, path: str, status: str) -> None:
    assert list(document(world)["paths"][path]["get"]["responses"][status]["content"]) == list(MIMETYPES.values())
