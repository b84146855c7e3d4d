"""Hostile requests: each is refused with the right status, in the one shape, with an address; none makes a 500."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from segmentation import limits
from tests.api.conftest import Client, World, checked_error
from tests.oracle.language import FIELDS, NEGATIVE_OF, OPERATORS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TREE: dict[str, Any] = {
    "id": "root",
    "logic": "AND",
    "negate": False,
    "conditions": [
        {"id": "c1", "field": "last_order_at", "operator": "between_ago", "value": 1, "value2": 2, "unit": "days"},
        {"id": "c2", "field": "city", "operator": "not_in", "value": ["Riyadh"], "include_empty": False},
        {"id": "c3", "field": "orders_amount", "operator": "between", "value": 1, "value2": 2.5},
        {"id": "c4", "field": "accepts_marketing", "operator": "equals", "value": True},
        {"id": "c6", "field": "birthday", "operator": "in_next", "value": 7, "unit": "days"},
        {"id": "c7", "field": "birthday", "operator": "in_month", "value": 2},
        {"id": "c8", "field": "tags", "operator": "not_has_all", "value": ["vip"], "include_empty": False},
        {
            "id": "c9",
            "field": "items.amount_sum",
            "operator": "greater_than",
            "value": 5,
            "where": {
                "id": "w",
                "logic": "OR",
                "negate": True,
                "conditions": [
                    {"id": "w1", "field": "item.sku", "operator": "not_in", "value": ["a"], "include_empty": False},
                    {"id": "w2", "field": "order.status", "operator": "equals", "value": "refunded"},
                ],
                "groups": [
                    {
                        "id": "w3",
                        "logic": "AND",
                        "conditions": [
                            {"id": "w4", "field": "order.ordered_at", "operator": "in_this", "unit": "years"},
                        ],
                    }
                ],
            },
        },
    ],
    "groups": [
        {
            "id": "g1",
            "logic": "OR",
            "groups": [],
            "conditions": [{"id": "c5", "field": "segment", "operator": "equals", "value": "Lost"}],
        }
    ],
}
WRONG: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    "",
    "x",
    "5",
    "AND\x00",
    "and",
    "OR 1=1) --",
    "orders_count; DROP TABLE customers",
    "store_id",
    "ｏrders_count",
    "orders_count\t",
    [],
    {},
    [1],
    [None],
    [[]],
    {"$gt": 0},
    10**20,
    -(10**16),
    1e308,
    "a" * 1_001,
    "\u202e",
    ["a"] * 1_001,
    "2024-02-30",
    "0000-00-00",
    "99999-01-01",
)
FACTS: dict[str, dict[str, Any]] = {
    "/api/customers": {"customers": [
        {"external_id": "h1", "first_name": "x", "last_name": None, "email": "h@example.com", "mobile": "0501234567",
         "gender": "female", "birthday": "1990-02-03", "city": "x", "region": "x", "country": "SA", "language": "ar",
         "source": "x", "accepts_marketing": True, "tags": ["a", "b"], "created_at": "2024-05-01T12:00:00Z",
         "attributes": {"tier": "x", "points": 1.5}},
        {"external_id": "h2"}]},
    "/api/orders": {"orders": [
        {"external_id": "h1", "customer_id": "h1", "ordered_at": "2024-05-01", "status": "paid", "currency": "SAR",
         "total": 1.5, "channel": "x", "payment_method": "x", "coupon": "x", "city": "x", "lines": [
             {"sku": "x", "product": "x", "category": "x", "brand": "x", "quantity": 1, "unit_price": 1.5}]},
        {"external_id": "h2", "customer_id": "h2", "ordered_at": "2024-05-01", "total": 0}]},
}
MALFORMED = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 40_000,
    "33 levels": b"[" * 33 + b"]" * 33,
    "NaN": b'{"rules": NaN}',
    "Infinity": b'{"rules": {"conditions": [{"field": "cltv", "operator": "equals", "value": -Infinity}]}}',
    "5000 digits": b'{"rules": ' + b"9" * 5_000 + b"}",
    "a key twice": b'{"rules": {"logic": "AND", "logic": "OR"}}',
    "half a character": b'{"rules": {"id": "\\ud800", "logic": "AND"}}',
    "UTF-16": '{"rules": {"logic": "AND"}}'.encode("utf-16"),
    "a mark": b"\xef\xbb\xbf{}",
    "bytes": b"\xff\xfe",
    "nothing": b"",
    "cut short": b'{"rules": {"logic": "AND"',
}


def ask(client: Client, body: bytes, **headers: str) -> Any:
    """A preview with a body as it is."""
    return client.open("POST", "/preview", data=body, headers={"Content-Type": "application/json", **headers})


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_bodies(world: World, name: str) -> None:
    assert checked_error(ask(world.owner, MALFORMED[name]), 400, "malformed_json") == []


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"x"', b"true"])
def test_bodies_that_are_no_object(world: World, body: bytes) -> None:
    assert [problem["code"] for problem in checked_error(ask(world.owner, body), 422)] == ["not_an_object"]


def test_content_types_and_sizes(world: World) -> None:
    body = b'{"rules": {"logic": "AND"}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        checked_error(ask(world.owner, body, **{"Content-Type": kind}), 415)
    checked_error(ask(world.owner, body, **{"Content-Encoding": "gzip"}), 415)
    assert ask(world.owner, body.ljust(limits.BODY_BYTES)).status_code == 200
    checked_error(ask(world.owner, body.ljust(limits.BODY_BYTES + 1)), 413, "too_large")


def slots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every key and every list item of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from slots(inner, (*path, key))


def with_slot(path: tuple[Any, ...], value: Any, document: Any = TREE) -> dict[str, Any]:
    """The document with another value in a slot; the slot is taken out when that is the class `type`."""
    tree: dict[str, Any] = copy.deepcopy(document)
    place: Any = tree
    for key in path[:-1]:
        place = place[key]
    if value is type:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return tree


def test_every_wrong_value_in_every_slot(world: World) -> None:
    client, refused = world.owner, 0
    assert client.post("/preview", {"rules": TREE}).status_code == 200
    for path in slots(TREE):
        for wrong in (*WRONG, type):
            response = client.post("/preview", {"rules": with_slot(path, wrong)})
            if response.status_code == 200:
                continue
            refused += 1
            problems = checked_error(response, 422, "invalid_rules")
            assert problems
            assert all(problem["path"].startswith("/rules") for problem in problems)
    assert refused > 1_800


def test_every_answer_about_every_wrong_value(world: World) -> None:
    """What a count takes, the other answers take too; and what it refuses, they refuse."""
    client = world.owner
    parts = "nodes,empty,windows,sentence,lint,sample,sql"
    for path in slots(TREE):
        for wrong in (None, 0, -1, "", "x", [], {}, 10**20, "2024-02-30"):
            body = {"rules": with_slot(path, wrong)}
            plain, full = client.post("/preview", body), client.post(f"/preview?include={parts}", body)
            assert plain.status_code == full.status_code
            if plain.status_code == 200:
                assert full.json["count"] == plain.json["count"]
            else:
                checked_error(full, 422, "invalid_rules")


@pytest.mark.parametrize("url", FACTS)
def test_every_wrong_value_in_every_slot_of_a_batch(world: World, url: str) -> None:
    client, document = world.owner, FACTS[url]
    for key, kind in (("tier", "text"), ("points", "number")):
        client.put(f"/api/attributes/{key}", {"label": key, "kind": kind})
    assert client.put(url, document).status_code == 200
    refused = 0
    for path in slots(document):
        for wrong in (*WRONG, type, "=1+1", "\u0000", ["x" * 256], {"a/b": 1}, 0.00001, 2**63, "2024-05-01T25:00"):
            response = client.put(url, with_slot(path, wrong, document))
            if response.status_code == 200:
                continue
            refused += 1
            for problem in checked_error(response, 422, "invalid"):
                assert address(problem["path"], with_slot(path, wrong, document))
    assert refused > 500


def address(pointer: str, document: Any) -> bool:
    """Whether the document has such a place, or a place that could hold it."""
    *steps, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("/").split("/"))
    for step in steps:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return int(last) < len(document) if isinstance(document, list) else isinstance(document, dict)


@pytest.mark.parametrize("url", FACTS)
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_batches(world: World, url: str, name: str) -> None:
    for method, headers in (("PUT", {}), ("PUT", {"Idempotency-Key": "k"})):
        answer = world.owner.open(method, url, data=MALFORMED[name], content_type="application/json", headers=headers)
        assert checked_error(answer, 400, "malformed_json") == []


@pytest.mark.parametrize("url", FACTS)
def test_random_bytes_in_a_batch_never_break_the_server(world: World, url: str) -> None:
    rng, client = Random(13), world.owner
    whole = json.dumps(FACTS[url], ensure_ascii=False).encode()
    for _ in range(700):
        body = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(body))
            body[at : at + rng.randint(0, 3)] = rng.choice((b"", b"[", b"}", b'"', b"\\u0000", b"1e9", b"\xff"))
        response = client.open("PUT", url, data=bytes(body), content_type="application/json")
        if response.status_code != 200:
            checked_error(response, response.status_code)
            assert response.status_code in {400, 422}


@pytest.mark.parametrize("query", [
    "search=", "search=%00", "external_id=", f"external_id={'x' * 256}", "email=a&email=b", "mobile=%20", "page=0",
    "limit=101", "sort=password", "cursor=abc", "phone=1", f"search={'x' * 1001}", "page=401",
])
def test_bad_queries_of_a_look_up(world: World, query: str) -> None:
    checked_error(world.owner.get(f"/api/customers?{query}"), 400)


@pytest.mark.parametrize("text", [
    "'; DROP TABLE customers; --", "%", "_", "\\", "%s", ":x", "?1", "{0}", '"', "1' OR '1'='1", "🙂", "\u202e", "..",
    "\u0640", "a b c d e f g h", "@", "+", "()",
])
def test_whatever_is_looked_for_is_data(world: World, text: str) -> None:
    for name in ("search", "external_id", "email", "mobile"):
        query = {name: text, "store_id": str(world.a)}
        response = world.owner.open("GET", "/api/customers", query_string=query, store="")
        assert response.status_code == 200
        assert response.json["meta"]["total"] < 60


def test_a_problem_has_the_address_and_the_id_of_its_node(world: World) -> None:
    rules = {
        "id": "root",
        "logic": "AND",
        "groups": [
            {
                "id": "g",
                "logic": "XOR",
                "conditions": [
                    {"id": "c1", "field": "orders_count", "operator": "equals", "value": "5"},
                    {"id": "c2", "field": "orders_count", "operator": "between", "value": 5},
                    {"id": "c3", "field": "nope", "operator": "equals", "value": 5},
                    {"id": "c4", "field": "city", "operator": "greater_than", "value": 5},
                    {"id": "c4", "field": "city", "operator": "equals", "value": "x", "value2": "y", "colour": 1},
                ],
            },
            {"id": "empty", "logic": "AND"},
        ],
    }
    problems = checked_error(world.owner.post("/preview", {"rules": rules}), 422, "invalid_rules")
    inner = "/rules/groups/0/conditions"
    assert {(problem["path"], problem["code"], problem.get("id")) for problem in problems} == {
        ("/rules/groups/0/logic", "unknown_logic", "g"),
        (f"{inner}/0/value", "not_a_number", "c1"),
        (f"{inner}/1/value2", "required", "c2"),
        (f"{inner}/2/field", "unknown_field", "c3"),
        (f"{inner}/3/operator", "unknown_operator", "c4"),
        (f"{inner}/4/id", "duplicate_id", "c4"),
        (f"{inner}/4/colour", "unknown_key", "c4"),
        (f"{inner}/4/value2", "not_expected", "c4"),
        ("/rules/groups/1", "empty_group", "empty"),
    }


def test_problems_of_the_whole_body_come_together(world: World) -> None:
    problems = checked_error(
        world.owner.post("", {"name": " ", "rules": {"logic": 1}, "store_id": "x"}), 422, "invalid"
    )
    assert {(problem["path"], problem["code"]) for problem in problems} == {
        ("/name", "blank"),
        ("/rules/logic", "unknown_logic"),
        ("/store_id", "unknown_key"),
    }


def condition(operator: str, value: Any, field: str = "first_name") -> dict[str, Any]:
    """One condition, as a tree."""
    return {"logic": "AND", "conditions": [{"id": "c", "field": field, "operator": operator, "value": value}]}


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=1000000000000000000",
        "page=%D9%A1%D9%A2",
        "page=1_000",
        "page=1e3",
        "page=",
        "page=%C2%B2",
        "page=1&page=2",
        "limit=0",
        "limit=101",
        "limit=25.0",
        "limit=-1",
        "sort=email;--",
        "sort=password_hash",
        "order=up",
        "order=asc,(select 1)",
        "cursor=",
        "cursor=abc",
        "cursor=%FF",
        "cursor=W10",
        "cursor=WyJpZCIsZmFsc2UsMSwyXQ",
        "page=401&limit=25",
        "page=1&cursor=abc",
        "colour=1",
        "Page=1",
    ],
)
def test_bad_queries_of_a_page(world: World, query: str) -> None:
    segment = world.owner.create()["id"]
    assert checked_error(world.owner.get(f"/{segment}/customers?{query}"), 400)


def test_pages_at_the_last_row_and_past_it(world: World) -> None:
    segment = world.owner.create()["id"]
    assert world.owner.get(f"/{segment}/customers?page=100&limit=100").status_code == 200
    checked_error(world.owner.get(f"/{segment}/customers?page=101&limit=100"), 400)
    cursor = world.owner.get(f"/{segment}/customers?limit=2&sort=email").json["meta"]["next_cursor"]
    checked_error(world.owner.get(f"/{segment}/customers?limit=2&sort=city&cursor={cursor}"), 400)
    checked_error(world.owner.get(f"/{segment}/customers?limit=2&sort=email&order=desc&cursor={cursor}"), 400)


@pytest.mark.parametrize(
    "query",
    [
        "format=pdf",
        "format=CSV",
        "format=xlsx%00.csv",
        "columns=password_hash",
        "columns=",
        "columns=id,id",
        "columns=id,",
        "header=x",
        "bom=1",
        "delimiter=;",
        "format=csv&format=xlsx",
    ],
)
def test_bad_queries_of_an_export(world: World, query: str) -> None:
    segment = world.owner.create()["id"]
    checked_error(world.owner.get(f"/{segment}/export?{query}"), 400)


def test_text_is_data_wherever_it_stands(world: World) -> None:
    client = world.owner
    for text in ("'; DROP TABLE customers; --", "%", "_", "\\", "%s", ":x", "?1", "{0}", '"', "1' OR '1'='1", "🙂"):
        for operator in ("equals", "contains", "starts_with", "ends_with"):
            assert client.post("/preview", {"rules": condition(operator, text)}).json == {"count": 0}
        found = client.create(condition("in", [text]), name=text, description=text)
        assert (found["name"], found["cached_count"]) == (text, 0)
    assert client.post("/preview", {"rules": condition("contains", "'")}).json["count"] > 0
    assert client.post("/preview", {"rules": {"logic": "AND"}}).json == {"count": 60}


def test_random_conditions_never_break_the_server(world: World) -> None:
    rng, client = Random(11), world.owner
    names = sorted({name for kind in OPERATORS.values() for name in kind} | set(NEGATIVE_OF.values()))
    values = (
        *WRONG,
        5,
        "Riyadh",
        ["Riyadh"],
        "Champions",
        12.34,
        "2024-01-01",
        10**15,
        "days",
        "months",
        "hours",
        "years",
    )
    answered = {200: 0, 422: 0}
    for _ in range(2_500):
        rule = {"field": rng.choice(list(FIELDS)), "operator": rng.choice(names)}
        rule |= {key: rng.choice(values) for key in ("value", "value2", "unit", "include_empty") if rng.random() < 0.5}
        response = client.post("/preview", {"rules": {"logic": "AND", "conditions": [rule]}})
        answered[response.status_code] += 1
    assert min(answered.values()) > 10


def test_random_bytes_never_break_the_server(world: World) -> None:
    rng, client = Random(12), world.owner
    whole = json.dumps({"rules": TREE}, ensure_ascii=False).encode()
    for _ in range(1_500):
        body = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(body))
            body[at : at + rng.randint(0, 3)] = rng.choice(
                (b"", b"[", b"}", b'"', b"\\u0000", b"1e9", b"\xff", b"null", b",")
            )
        response = ask(client, bytes(body))
        if response.status_code != 200:
            checked_error(response, response.status_code)
            assert response.status_code in {400, 422}
