"""The answers beyond the count, over HTTP: each is what separate questions would give."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.api.conftest import A_CUSTOMER, CANARY, Client, World, checked_error

RULES = {
    "id": "root", "logic": "AND",
    "conditions": [
        {"id": "c1", "field": "orders_count", "operator": "greater_than_or_equals", "value": 3},
        {"id": "c2", "field": "last_order_at", "operator": "in_last", "value": 40, "unit": "years"},
    ],
    "groups": [
        {"id": "g1", "logic": "OR", "negate": True, "groups": [], "conditions": [
            {"id": "c3", "field": "city", "operator": "equals", "value": "Riyadh"},
            {"id": "c4", "field": "email", "operator": "not_contains", "value": "1", "include_empty": False}]},
        {"id": "g2", "logic": "OR", "conditions": [], "groups": [
            {"id": "g3", "logic": "AND", "groups": [], "conditions": [
                {"id": "c5", "field": "mobile", "operator": "is_not_empty"}]}]},
    ],
}
ALONE = {
    "c1": RULES["conditions"][0], "c2": RULES["conditions"][1], "c3": RULES["groups"][0]["conditions"][0],
    "c4": RULES["groups"][0]["conditions"][1], "c5": RULES["groups"][1]["groups"][0]["conditions"][0],
}


def asked(client: Client, rules: Any, include: str, **query: str) -> Any:
    """The answer to a preview."""
    more = "".join(f"&{key}={value}" for key, value in query.items())
    response = client.post(f"/preview?include={include}{more}", {"rules": rules})
    assert response.status_code == 200, response.text
    return response.json


def counted(client: Client, rules: Any) -> int:
    """The plain count."""
    return int(client.post("/preview", {"rules": rules}).json["count"])


def without(group: dict[str, Any], key: str) -> dict[str, Any] | None:
    """The rules with a condition left out, and what is empty then."""
    rest = {**group, "conditions": [node for node in group["conditions"] if node["id"] != key],
            "groups": [each for each in (without(inner, key) for inner in group["groups"]) if each]}
    return rest if rest["conditions"] or rest["groups"] else None


def test_nothing_is_added_unless_asked_for(world: World) -> None:
    assert world.owner.post("/preview", {"rules": RULES}).json.keys() == {"count"}
    found = asked(world.owner, RULES, "sentence")
    assert found.keys() == {"count", "as_of", "data_version", "sentence"}
    assert found["count"] == counted(world.owner, RULES)


def test_every_node_has_the_count_it_would_have_alone(world: World) -> None:
    client, found = world.owner, asked(world.owner, RULES, "nodes")
    nodes = found["nodes"]
    assert nodes["root"] == {"count": found["count"]} == {"count": counted(client, RULES)}
    assert 0 < found["count"] < 60
    assert nodes.keys() == {"root", "g1", "g2", "g3", *ALONE}
    for group in (*RULES["groups"], RULES["groups"][1]["groups"][0]):
        assert nodes[group["id"]] == {"count": counted(client, {**group, "id": "x"})}
    for key, condition in ALONE.items():
        alone = counted(client, {"logic": "AND", "conditions": [condition]})
        rest = without(RULES, key) or {"logic": "AND"}
        assert nodes[key] == {"count": alone, "without": counted(client, rest)}
    assert len({node["count"] for node in nodes.values()}) > 4


def test_nobody_is_counted_where_nobody_is(world: World) -> None:
    assert asked(world.owner, {"id": "r", "logic": "AND"}, "nodes,empty")["nodes"] == {"r": {"count": 60}}
    nobody = {"id": "r", "logic": "AND", "negate": True}
    assert asked(world.owner, nobody, "nodes")["nodes"] == {"r": {"count": 0}}


def test_missing_values_are_counted_where_there_can_be_some(world: World) -> None:
    empty = asked(world.owner, RULES, "empty")["empty"]
    assert empty.keys() == {"c2", "c3", "c4", "c5"}
    for key, count in empty.items():
        condition = {"field": ALONE[key]["field"], "operator": "is_empty"}
        assert count == counted(world.owner, {"logic": "AND", "conditions": [condition]})


def test_windows_are_resolved_also_inside_where(world: World) -> None:
    inner = {"id": "w", "logic": "AND", "conditions": [
        {"id": "d", "field": "order.ordered_at", "operator": "between", "value": "2024-01-31", "value2": "2024-02-29"}]}
    rules = {"logic": "AND", "conditions": [
        {"id": "a", "field": "orders.count", "operator": "greater_than", "value": 1, "where": inner},
        {"id": "b", "field": "created_at", "operator": "before", "value": "2024-05-01"},
        {"id": "e", "field": "created_at", "operator": "is_empty"}]}
    assert asked(world.owner, rules, "windows")["windows"] == {
        "d": {"start": "2024-01-30T21:00:00Z", "end": "2024-02-29T21:00:00Z", "text": {
            "en": "from 31 Jan 2024, 00:00 until 1 Mar 2024, 00:00",
            "ar": "من 31 يناير 2024, 00:00 حتى 1 مارس 2024, 00:00"}},
        "b": {"start": None, "end": "2024-04-30T21:00:00Z", "text": {
            "en": "before 1 May 2024, 00:00", "ar": "قبل 1 مايو 2024, 00:00"}}}


def test_words_and_warnings(world: World) -> None:
    found = asked(world.owner, {"id": "root", "logic": "AND"}, "sentence,lint")
    assert found["sentence"] == {"en": "Everyone", "ar": "الجميع"}
    assert found["lint"] == [{"id": "root", "code": "matches_everyone", "related": [], "text": {
        "en": "These rules match everyone.", "ar": "هذه القواعد تطابق الجميع."}}]


def test_a_sample_is_of_those_who_match(world: World) -> None:
    found = asked(world.owner, RULES, "sample")
    segment = world.owner.create(RULES)["id"]
    page = world.owner.get(f"/{segment}/customers?limit=5").json
    assert found["sample"] == page["data"]
    assert len(found["sample"]) == min(5, found["count"])


def test_the_difference_says_who_enters_and_who_leaves(world: World) -> None:
    client, mine = world.owner, world.owner.create(RULES)["id"]
    wider = {"logic": "AND", "conditions": [RULES["conditions"][0], ALONE["c3"]]}
    for parts in ("difference", "nodes,difference"):
        found = asked(client, wider, parts, segment_id=mine)
        entering = {"logic": "AND", "groups": [{**wider, "id": "x"}, {**RULES, "negate": True}]}
        leaving = {"logic": "AND", "groups": [{**wider, "id": "x", "negate": True}, RULES]}
        for name, rules in (("entering", entering), ("leaving", leaving)):
            rules = distinct(rules)
            change, page = found["difference"][name], asked(client, rules, "sample")
            assert (change["count"], change["sample"]) == (page["count"], page["sample"])
            assert change["count"] > 0
        before, after = counted(client, RULES), found["count"]
        assert after - before == found["difference"]["entering"]["count"] - found["difference"]["leaving"]["count"]
        assert found["difference"]["segment_id"] == mine


def distinct(node: Any) -> Any:
    """The same rules with fresh ids."""
    if isinstance(node, dict):
        return {key: distinct(value) for key, value in node.items() if key != "id"}
    return [distinct(each) for each in node] if isinstance(node, list) else node


def test_the_statement_is_shown_with_what_is_bound(world: World) -> None:
    rules = {"logic": "AND", "conditions": [{"field": "city", "operator": "equals", "value": "'; DROP TABLE x; --"}]}
    sql = asked(world.owner, rules, "sql")["sql"]
    assert sql["text"].startswith("SELECT count(*) FROM customers WHERE")
    assert "DROP" not in sql["text"]
    assert {str(world.a), "'; drop table x; --"} <= set(sql["parameters"].values())


@pytest.mark.parametrize(("query", "path"), [
    ("include=", "/include"), ("include=nodes,", "/include"), ("include=count", "/include"),
    ("include=nodes&include=empty", "/include"), ("include=difference", "/segment_id"),
    ("include=nodes&segment_id={unknown}", "/segment_id"), ("segment_id={unknown}", None),
    ("include=difference&segment_id=1", "/segment_id"),
])
def test_a_question_that_cannot_be_meant_is_refused(world: World, query: str, path: str | None) -> None:
    response = world.owner.post(f"/preview?{query.format(unknown=uuid.uuid4())}", {"rules": RULES})
    problems = checked_error(response, 400)
    assert path is None or problems[0]["path"] == path


def test_a_segment_to_compare_with_must_be_ones_own(world: World) -> None:
    theirs = world.as_user("owner@b.example", "b").create()["id"]
    for segment in (theirs, str(uuid.uuid4())):
        response = world.owner.post(f"/preview?include=difference&segment_id={segment}", {"rules": RULES})
        checked_error(response, 404, "not_found")
    assert CANARY not in response.text


def test_every_customer_is_explained_as_they_are_counted(world: World) -> None:
    client, segment = world.owner, world.owner.create(RULES)["id"]
    everyone = client.create()["id"]
    inside = {row["id"] for row in client.get(f"/{segment}/customers?limit=100").json["data"]}
    counts: dict[str, int] = dict.fromkeys(asked(client, RULES, "nodes")["nodes"], 0)
    for row in client.get(f"/{everyone}/customers?limit=100").json["data"]:
        found = client.get(f"/{segment}/explain?customer_id={row['id']}").json
        assert found["matches"] is found["nodes"]["root"]["matches"] is (row["id"] in inside)
        assert found["nodes"]["c1"]["value"] == row["orders_count"]
        assert found["nodes"]["c4"]["value"] == row["email"]
        for key, node in found["nodes"].items():
            counts[key] += node["matches"]
    assert counts == {key: node["count"] for key, node in asked(client, RULES, "nodes")["nodes"].items()}


def test_an_explanation_shows_the_value_and_the_window(world: World) -> None:
    segment = world.owner.create(RULES)["id"]
    found = world.owner.get(f"/{segment}/explain?customer_id={A_CUSTOMER}").json
    assert found.keys() == {"segment_id", "customer_id", "matches", "as_of", "data_version", "nodes"}
    assert found["nodes"]["c2"].keys() == {"matches", "value", "window"}
    assert found["nodes"]["c2"]["value"] is None
    assert found["nodes"]["c3"] == {"matches": True, "value": "Riyadh"}
    assert found["nodes"]["g1"] == {"matches": False}


def test_only_ones_own_customers_are_explained(world: World) -> None:
    segment = world.owner.create(RULES)["id"]
    other = world.as_user("owner@b.example", "b")
    theirs = other.get(f"/{other.create()['id']}/customers").json["data"][1]["id"]
    for customer in (theirs, str(uuid.uuid4())):
        checked_error(world.owner.get(f"/{segment}/explain?customer_id={customer}"), 404, "not_found")
    for query in ("", "?customer_id=1"):
        checked_error(world.owner.get(f"/{segment}/explain{query}"), 400)
