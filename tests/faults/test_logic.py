"""AND, OR, groups, and rules that are not finished."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segmentation.database import writing
from segmentation.models import Segment
from tests.faults.conftest import Shop, is_, where


@pytest.fixture
def people(shop: Shop) -> Shop:
    """Three in Riyadh, two in Jeddah; some accept marketing."""
    for name, city, accepts in (("a", "Riyadh", True), ("b", "Riyadh", False), ("c", "Riyadh", None),
                                ("d", "Jeddah", True), ("e", "Jeddah", False)):
        shop.person(name, city=city, accepts_marketing=accepts, first_name=name.upper())
    return shop


def named(name: str, **more: Any) -> dict[str, Any]:
    return is_("first_name", "equals", name, **more)


def test_brackets_are_what_they_look_like(people: Shop) -> None:
    """Without brackets nobody knew what “A and B or C” meant; the wrong people were written to."""
    inner = where("OR", named("A"), named("D"))
    assert people.who(is_("city", "equals", "Riyadh"), groups=[inner]) == {"a"}
    outer = {"logic": "OR", "conditions": [named("D")], "groups": [
        where("AND", is_("city", "equals", "Riyadh"), named("A"))]}
    assert people.who(**outer) == {"a", "d"}
    said = people.preview({"logic": "AND", "conditions": [is_("city", "equals", "Riyadh")], "groups": [inner]},
                          "sentence")["sentence"]["en"]
    assert said == "City is Riyadh and (First name is A or First name is D)"


def test_a_condition_beside_an_or_still_holds(people: Shop) -> None:
    """“A or B or C, and not unsubscribed” let the unsubscribed through; the branches could not be told apart."""
    rules = {"id": "root", "logic": "AND", "conditions": [is_("accepts_marketing", "equals", True, id="yes")],
             "groups": [{"id": "any", **where("OR", named("A", id="1"), named("B", id="2"), named("E", id="3"))}]}
    assert people.who(**{key: rules[key] for key in ("logic", "conditions", "groups")}) == {"a"}
    nodes = people.preview(rules, "nodes")["nodes"]
    counts = {key: node["count"] for key, node in nodes.items()}
    assert counts == {"root": 1, "yes": 2, "any": 3, "1": 1, "2": 1, "3": 1}
    assert nodes["yes"]["without"] == 3


def test_or_works_wherever_and_does(people: Shop) -> None:
    """Filters could only be joined by “and”."""
    assert people.who(logic="OR", conditions=[named("A"), is_("city", "equals", "Jeddah"),
                                              is_("accepts_marketing", "is_empty")]) == {"a", "c", "d", "e"}


def test_an_empty_group_is_never_quietly_everybody(people: Shop) -> None:
    """An empty group turned the whole question into “everybody”, or vanished."""
    empty = {"logic": "OR", "conditions": [], "groups": []}
    assert people.refused(named("A"), groups=[empty]) == ["/rules/groups/0"]
    found = people.preview({"id": "root", "logic": "AND"}, "lint")
    assert (found["count"], [each["code"] for each in found["lint"]]) == (5, ["matches_everyone"])


@pytest.mark.parametrize("condition", [
    is_("orders_count", "between", 1), is_("orders_count", "between", 5, value2=1), is_("orders_count", "equals"),
    is_("city", "in", []), is_("last_order_at", "in_last", 5), is_("last_order_at", "in_last", unit="days"),
    {"field": "city"}, {"operator": "equals", "value": 1}, {},
])
def test_an_unfinished_condition_is_refused_at_its_place(people: Shop, condition: dict[str, Any]) -> None:
    """A half-filled “between” was skipped, so more people matched than were meant."""
    paths = people.refused(named("A"), condition)
    assert paths
    assert all(path.startswith("/rules/conditions/1") for path in paths)


def test_a_field_that_is_gone_stops_its_segment_and_nothing_else(people: Shop) -> None:
    """A filter on a removed field was hidden and everybody matched; one bad segment halted all the others."""
    people.client.put("/api/attributes/tier", {"label": "Tier", "kind": "text"})
    people.person("a", attributes={"tier": "gold"})
    bad = people.client.create(where("AND", is_("attributes.tier", "equals", "gold")), name="bad")
    good = people.client.create(where("AND", named("A")), name="good")
    assert bad["cached_count"] == 1
    assert people.client.delete("/api/attributes/tier").status_code == 204
    shown = people.client.get(f"/{bad['id']}").json
    assert (shown["invalid"], shown["cached_count"]) == (True, 1)
    assert people.client.get(f"/{bad['id']}/customers").status_code == 422
    result = people.app.test_cli_runner().invoke(args=["segments", "refresh", "--store", str(people.store)])
    assert "         1  good" in result.output
    assert people.client.get(f"/{good['id']}/customers").json["meta"]["total"] == 1


def test_members_are_those_of_the_rules_as_they_are_now(people: Shop) -> None:
    """After rules were changed the old members stayed."""
    segment = people.client.create(where("AND", is_("city", "equals", "Riyadh")))["id"]
    assert people.client.put(f"/{segment}", {"rules": where("AND", named("D"))}).json["cached_count"] == 1
    rows = people.client.get(f"/{segment}/customers").json["data"]
    assert [row["external_id"] for row in rows] == ["d"]


def test_one_where_is_about_one_order(people: Shop) -> None:
    """“City is Minsk and is primary” was met by two different addresses; “page A and page B” wanted one row be both."""
    people.order("a", "Shoes", city="Riyadh", channel="App")
    people.order("a", "Bags", city="Jeddah", channel="Web")
    both = where("AND", is_("order.city", "equals", "Riyadh"), is_("order.channel", "equals", "Web"))
    assert people.who(is_("orders.count", "greater_than", 0, where=both)) == set()
    one, other = (where("AND", is_("item.category", "equals", category)) for category in ("Shoes", "Bags"))
    assert people.who(is_("items.orders_count", "greater_than", 0, where=one),
                      is_("items.orders_count", "greater_than", 0, where=other)) == {"a"}
    line = where("AND", is_("item.category", "equals", "Shoes"), is_("item.product", "equals", "Bags"))
    assert people.who(is_("items.orders_count", "greater_than", 0, where=line)) == set()


def test_nobody_is_counted_twice(people: Shop) -> None:
    """Joins multiplied rows: more customers “had not opened” than existed."""
    for _ in range(4):
        people.order("a", "Shoes", "Shoes", "Bags")
    people.person("a", tags=["x", "y", "z"])
    either = {"logic": "OR", "conditions": [
        is_("tags", "in", ["x", "y", "z"]), is_("items.quantity_sum", "greater_than", 0),
        is_("orders.count", "greater_than", 1), is_("tags", "is_empty")]}
    assert people.preview(either)["count"] == 5
    assert people.who(is_("tags", "in", ["x", "y", "z"])) == people.who(is_("orders.count", "equals", 4)) == {"a"}


def test_broken_json_in_the_store_is_told_and_not_run(people: Shop) -> None:
    """“No rules” could not be told from “invalid rules”."""
    segment = people.client.create(where("AND", named("A")))
    with people.app.app_context(), writing() as session:
        session.query(Segment).one().rules = json.loads('{"logic": "AND", "groups": [{"logic": "OR"}]}')
    assert people.client.get(f"/{segment['id']}").json["problems"][0]["code"] == "empty_group"
    assert people.client.get(f"/{segment['id']}/export").status_code == 422
