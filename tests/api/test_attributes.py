"""Custom attributes: declared, imported, asked about, removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from segmentation import limits
from segmentation.database import writing
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from tests.api.conftest import World, checked_error

KINDS = {"tier": "text", "points": "number", "wholesale": "boolean", "renewed_at": "instant"}


def declare(world: World) -> None:
    """One attribute of each kind, and two customers who have values."""
    for key, kind in KINDS.items():
        response = world.owner.put(f"/api/attributes/{key}", {"label": key.title(), "kind": kind})
        assert response.status_code == 201, response.text
    with world.app.app_context(), writing() as session:
        upsert_customers(session, world.a, [
            CustomerRecord("C1", {}, attributes={
                "tier": "Gold", "points": 125_000, "wholesale": True, "renewed_at": datetime(2024, 5, 1, tzinfo=UTC)}),
            CustomerRecord("C2", {}, attributes={
                "tier": "جولد", "points": None, "wholesale": False, "renewed_at": None})])


def counted(world: World, *conditions: dict[str, Any]) -> int:
    """How many match all of the conditions."""
    response = world.owner.post("/preview", {"rules": {"logic": "AND", "conditions": list(conditions)}})
    assert response.status_code == 200, response.text
    return int(response.json["count"])


@pytest.mark.parametrize(("field", "operator", "more", "count"), [
    ("tier", "equals", {"value": "GOLD"}, 1), ("tier", "not_equals", {"value": "gold"}, 59),
    ("tier", "not_equals", {"value": "gold", "include_empty": False}, 1), ("tier", "is_empty", {}, 58),
    ("tier", "in", {"value": ["gold", "جولد"]}, 2), ("tier", "starts_with", {"value": "go"}, 1),
    ("points", "greater_than", {"value": 12.4}, 1), ("points", "equals", {"value": 12.5}, 1),
    ("points", "between", {"value": 12.6, "value2": 13}, 0), ("points", "is_not_empty", {}, 1),
    ("wholesale", "equals", {"value": True}, 1), ("wholesale", "not_equals", {"value": True}, 59),
    ("wholesale", "not_equals", {"value": True, "include_empty": False}, 1),
    ("renewed_at", "on", {"value": "2024-05-01"}, 1), ("renewed_at", "before", {"value": "2024-05-01"}, 0),
    ("renewed_at", "not_in_last", {"value": 1, "unit": "days"}, 60),
])
def test_each_kind(world: World, field: str, operator: str, more: dict[str, Any], count: int) -> None:
    declare(world)
    assert counted(world, {"field": f"attributes.{field}", "operator": operator, **more}) == count


def test_the_catalogue_has_what_was_declared_in_this_store_alone(world: World) -> None:
    declare(world)
    shown = {field["key"]: field for group in world.owner.get("/fields").json["groups"] for field in group["fields"]}
    assert {key: shown[f"attributes.{key}"]["label"] for key in KINDS} == {key: key.title() for key in KINDS}
    listed = world.owner.get("/api/attributes").json["attributes"]
    assert listed == [{"key": key, "label": key.title(), "kind": KINDS[key]} for key in sorted(KINDS)]
    other = world.as_user("owner@b.example", "b")
    assert other.get("/api/attributes").json == {"attributes": []}
    rules = {"logic": "AND", "conditions": [{"field": "attributes.tier", "operator": "is_empty"}]}
    problems = checked_error(other.post("/preview", {"rules": rules}), 422, "invalid_rules")
    assert [problem["code"] for problem in problems] == ["unknown_field"]


def test_an_operator_of_another_kind_is_refused(world: World) -> None:
    declare(world)
    for condition in ({"field": "attributes.points", "operator": "contains", "value": "1"},
                      {"field": "attributes.points", "operator": "equals", "value": "12.5"},
                      {"field": "attributes.tier", "operator": "greater_than", "value": 1},
                      {"field": "attributes.tier", "operator": "equals", "value": "x", "where": {"logic": "AND"}}):
        response = world.owner.post("/preview", {"rules": {"logic": "AND", "conditions": [condition]}})
        checked_error(response, 422, "invalid_rules")


def test_a_label_can_change_and_a_kind_cannot(world: World) -> None:
    declare(world)
    response = world.owner.put("/api/attributes/tier", {"label": "Level", "kind": "text"})
    assert (response.status_code, response.json["label"]) == (200, "Level")
    checked_error(world.owner.put("/api/attributes/tier", {"label": "Level", "kind": "number"}), 409, "other_kind")


def test_removing_takes_the_values_and_marks_who_had_them(world: World) -> None:
    declare(world)
    rules = {"logic": "AND", "conditions": [{"field": "attributes.tier", "operator": "is_not_empty"}]}
    segment = world.owner.create(rules)
    assert segment["cached_count"] == 2
    assert world.owner.delete("/api/attributes/tier").status_code == 204
    checked_error(world.owner.delete("/api/attributes/tier"), 404)
    shown = world.owner.get(f"/{segment['id']}").json
    assert (shown["invalid"], shown["cached_count"]) == (True, 2)
    assert [problem["code"] for problem in shown["problems"]] == ["unknown_field"]
    assert world.owner.put("/api/attributes/tier", {"label": "Tier", "kind": "text"}).status_code == 201
    assert counted(world, {"field": "attributes.tier", "operator": "is_not_empty"}) == 0


@pytest.mark.parametrize("key", ["Tier", "1st", "a-b", "a" * 65, "a.b", "ä", "a b"])
def test_a_key_that_cannot_be_one(world: World, key: str) -> None:
    checked_error(world.owner.put(f"/api/attributes/{key}", {"label": "x", "kind": "text"}), 422)


@pytest.mark.parametrize("body", [{}, {"label": "x"}, {"label": "", "kind": "text"}, {"label": "x", "kind": "date"},
                                  {"label": "x", "kind": ["text"]}, {"label": "x" * 121, "kind": "text"}])
def test_a_body_that_cannot_be_one(world: World, body: Any) -> None:
    checked_error(world.owner.put("/api/attributes/tier", body), 422)


def test_there_is_a_limit(world: World) -> None:
    for number in range(limits.ATTRIBUTES):
        world.owner.put(f"/api/attributes/a{number}", {"label": "x", "kind": "text"})
    response = world.owner.put("/api/attributes/b", {"label": "x", "kind": "text"})
    checked_error(response, 409, "too_many_attributes")
    assert world.owner.put("/api/attributes/a5", {"label": "y", "kind": "text"}).status_code == 200


def test_commands_do_the_same(world: World) -> None:
    runner, store = world.app.test_cli_runner(), ["--store", str(world.a)]
    assert runner.invoke(args=["attribute", "declare", "tier", "--kind", "text", *store]).exit_code == 0
    assert runner.invoke(args=["attribute", "list", *store]).output == "tier\ttext\ttier\n"
    assert runner.invoke(args=["attribute", "declare", "Tier", "--kind", "text", *store]).exit_code == 2
    assert runner.invoke(args=["attribute", "remove", "tier", *store]).exit_code == 0
    assert runner.invoke(args=["attribute", "remove", "tier", *store]).exit_code == 2
    assert world.owner.get("/api/attributes").json == {"attributes": []}
