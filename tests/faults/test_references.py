"""Segments of segments, and why somebody is in one."""

from __future__ import annotations

from typing import Any

from tests.faults.conftest import Shop, is_, where


def among(*segments: str, operator: str = "in") -> dict[str, Any]:
    return is_("in_segment", operator, list(segments), id="in")


def test_a_segment_asked_about_often_is_computed_once(shop: Shop) -> None:
    """A segment of segments repeated the SQL of each as often as it was named, and did not finish in days."""
    shop.person("a", city="Riyadh")
    base = shop.client.create(where("AND", is_("city", "equals", "Riyadh")))["id"]
    sides = [shop.client.create(where("AND", among(base)))["id"] for _ in range(3)]
    found = shop.preview(where("OR", among(*sides, base), {**among(base), "id": "again"}), "sql")
    assert found["count"] == 1
    assert found["sql"]["text"].count("city_folded") == 1


def test_what_a_segment_leads_to_needs_no_order_of_computing(shop: Shop) -> None:
    """Segments were rebuilt before those they lean on, so that they showed yesterday's members."""
    shop.person("a", city="Riyadh")
    base = shop.client.create(where("AND", is_("city", "equals", "Riyadh")))["id"]
    upper = shop.client.create(where("AND", among(base)))["id"]
    top = shop.client.create(where("AND", among(upper)))["id"]
    shop.person("b", city="Riyadh")
    shop.app.test_cli_runner().invoke(args=["segments", "refresh", "--store", str(shop.store)])
    assert [shop.client.get(f"/{key}").json["cached_count"] for key in (top, upper, base)] == [2, 2, 2]


def test_a_segment_cannot_ask_about_itself_by_any_way(shop: Shop) -> None:
    """A segment could be chosen as its own filter, directly or through others."""
    a = shop.client.create(name="A")["id"]
    b = shop.client.create(where("AND", among(a)), name="B")["id"]
    for rules, way in ((where("AND", among(a)), "A → A"), (where("AND", among(b)), "A → B → A")):
        error = shop.client.put(f"/{a}", {"rules": rules}).json["error"]
        assert way in error["problems"][0]["message"]
        assert error["problems"][0]["id"] == "in"


def test_one_sees_where_a_segment_is_in_use(shop: Shop) -> None:
    """A segment in use could be deleted, and one could not see by whom it was used."""
    a = shop.client.create(name="A")["id"]
    users = {shop.client.create(where("AND", among(a)), name=name)["id"] for name in ("B", "C")}
    refused = shop.client.delete(f"/{a}")
    assert refused.status_code == 409
    assert {each["id"] for each in refused.json["segments"]} == users


def test_one_can_ask_why(shop: Shop) -> None:
    """“It is important to know the reason why a contact was added” – and there was no telling."""
    shop.person("in", city="Riyadh", tags=["VIP", "new"])
    shop.person("out", city="Jeddah")
    shop.order("in", "Shoes", total="70.5")
    shop.order("in", "Bags", total="29.5", status="cancelled")
    inner = shop.client.create(where("AND", is_("city", "equals", "riyadh")))["id"]
    shoes = where("AND", is_("item.category", "equals", "shoes"))
    segment = shop.client.create({"id": "root", "logic": "AND", "groups": [], "conditions": [
        is_("city", "starts_with", "ri", id="city"), is_("tags", "equals", "vip", id="tags"), among(inner),
        is_("orders.amount_sum", "greater_than", 70, id="sum"), is_("all_orders.count", "equals", 2, id="all"),
        is_("items.quantity_sum", "equals", 1, id="pieces", where=shoes)]})
    page = shop.client.get(f"/{shop.client.create()['id']}/customers").json["data"]
    url = f"/{segment['id']}/explain?customer_id="
    why = {row["external_id"]: shop.client.get(f"{url}{row['id']}").json for row in page}
    assert why["in"]["nodes"] == {
        "root": {"matches": True}, "city": {"matches": True, "value": "Riyadh"},
        "tags": {"matches": True, "value": ["VIP", "new"]}, "in": {"matches": True, "value": [inner]},
        "sum": {"matches": True, "value": 70.5}, "all": {"matches": True, "value": 2},
        "pieces": {"matches": True, "value": 1}}
    assert why["out"]["nodes"] == {
        "root": {"matches": False}, "city": {"matches": False, "value": "Jeddah"},
        "tags": {"matches": False, "value": None}, "in": {"matches": False, "value": []},
        "sum": {"matches": False, "value": 0}, "all": {"matches": False, "value": 0},
        "pieces": {"matches": False, "value": 0}}
