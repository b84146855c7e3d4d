"""Customers and orders over HTTP: written in batches, looked up, shown, erased."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from segmentation import limits
from segmentation.audience import belonging
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import AuditEvent, Customer, Order, OrderLine, Segment, Store, Tombstone
from tests.api.conftest import A_CUSTOMER, World, checked_error

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
CUSTOMERS, ORDERS = "/api/customers", "/api/orders"
SALMA = {
    "external_id": "S", "first_name": " سلمى ", "last_name": "=1+1", "email": "Salma@Example.com",
    "mobile": "0501234567", "gender": "F", "birthday": "1990-02-03", "city": "جدّة", "region": "Makkah",
    "country": "SA", "language": "ar", "source": "ads", "accepts_marketing": True, "tags": ["vip", "VIP", "a|b"],
    "created_at": "2024-05-01T12:00:00"}
LINES = [{"sku": "s1", "product": "Shoe", "category": "Shoes", "brand": "Acme", "quantity": 2, "unit_price": 99.5},
         {"sku": "s2"}]
ORDER = {"external_id": "O", "customer_id": "S", "ordered_at": "2024-05-01T12:30:00+03:00", "status": "Paid",
         "channel": "app", "payment_method": "mada", "coupon": "MAY", "city": "جدّة", "currency": "SAR", "lines": LINES}


def put(world: World, url: str, *items: Any, status: int = 200, **options: Any) -> Any:
    """Write a batch as the editor; the answer."""
    client = world.as_user("editor@a.example", "a")
    answer = client.put(url, {url.rpartition("/")[2]: list(items)}, **options)
    assert answer.status_code == status, answer.text
    return answer.json


def refused(world: World, url: str, *items: Any) -> list[tuple[str, str]]:
    """The problems of a batch that is refused: address, code."""
    answer = world.as_user("editor@a.example", "a").put(url, {url.rpartition("/")[2]: list(items)})
    return [(problem["path"], problem["code"]) for problem in checked_error(answer, 422, "invalid")]


def person(world: World, external_id: str) -> Any:
    """Everything of the customer with that external id."""
    listed = world.owner.get(f"{CUSTOMERS}?external_id={external_id}").json["data"]
    found, = [each for each in listed if each["external_id"] == external_id]
    return world.owner.get(f"{CUSTOMERS}/{found['id']}").json


def audited(world: World, action: str) -> list[dict[str, Any]]:
    """The details of the events of that name."""
    with world.app.app_context():
        return list(db.session.scalars(select(AuditEvent.details).where(AuditEvent.action == action)))


def test_a_customer_from_top_to_bottom(world: World) -> None:
    declared = {"tier": "text", "points": "number", "wholesale": "boolean", "renewed_at": "instant"}
    for key, kind in declared.items():
        world.owner.put(f"/api/attributes/{key}", {"label": key, "kind": kind})
    attributes = {"tier": "Gold", "points": 12.5, "wholesale": False, "renewed_at": "2024-05-01"}
    assert put(world, CUSTOMERS, {**SALMA, "attributes": attributes}) == {
        "written": 1, "created": 1, "unchanged": 0, "data_version": 5}
    shown = person(world, "S")
    uuid.UUID(shown.pop("id"))
    assert shown == {
        "external_id": "S", "first_name": "سلمى", "last_name": "=1+1", "email": "salma@example.com",
        "mobile": "+966501234567", "gender": "female", "birthday": "1990-02-03", "city": "جدّة", "region": "Makkah",
        "country": "SA", "language": "ar", "source": "ads", "accepts_marketing": True,
        "created_at": "2024-05-01T09:00:00Z", "tags": ["a|b", "vip"],
        "attributes": {**attributes, "renewed_at": "2024-04-30T21:00:00Z"},
        "orders_count": 0, "orders_amount": 0.0, "average_order_amount": None, "first_order_at": None,
        "last_order_at": None, "orders": [], "orders_in_all": 0, "segments": [], "segments_untold": [],
        "analytics": dict.fromkeys(("segment", "recency_score", "frequency_score", "monetary_score", "cltv"))}
    assert audited(world, "customers_write") == [{"created": 1, "changed": 0, "unchanged": 0, "data_version": 5}]


def test_what_is_left_out_stays_and_null_takes_away(world: World) -> None:
    put(world, CUSTOMERS, SALMA)
    before = person(world, "S")
    assert put(world, CUSTOMERS, {"external_id": "S"}, SALMA | {"external_id": "T"})["unchanged"] == 1
    assert person(world, "S") == before
    cleared = {key: None for key in SALMA if key != "external_id"}
    assert put(world, CUSTOMERS, {"external_id": "S", **cleared}) == {
        "written": 1, "created": 0, "unchanged": 0, "data_version": 3}
    after = person(world, "S")
    assert {after[key] for key in cleared if key != "tags"} == {None}
    assert after["tags"] == []
    assert put(world, CUSTOMERS, {"external_id": "S", "city": "  "}, SALMA | {"external_id": "T"}) == {
        "written": 0, "created": 0, "unchanged": 2, "data_version": 3}
    assert len(audited(world, "customers_write")) == 3
    assert audited(world, "customers_write")[-1]["changed"] == 1


def test_orders_with_their_lines(world: World) -> None:
    assert put(world, ORDERS, ORDER, {"external_id": "P", "customer_id": "new", "ordered_at": "2024-05-02",
                                      "total": -0.0001}) == {
        "written": 2, "created": 2, "unchanged": 0, "data_version": 1}
    shown = person(world, "S")
    empty = dict.fromkeys(("sku", "product", "category", "brand", "unit_price", "amount"))
    assert shown["orders"] == [{
        "external_id": "O", "ordered_at": "2024-05-01T09:30:00Z", "status": "paid", "is_counted": True, "total": 199.0,
        "currency": "SAR", "channel": "app", "payment_method": "mada", "coupon": "MAY", "city": "جدّة",
        "lines": [{**LINES[0], "amount": 199.0}, {**empty, "sku": "s2", "quantity": 1}]}]
    assert (shown["orders_count"], shown["orders_amount"], shown["orders_in_all"]) == (1, 199.0, 1)
    assert person(world, "new")["orders"][0]["total"] == Decimal("-0.0001")
    assert audited(world, "orders_write") == [{"created": 2, "changed": 0, "unchanged": 0, "data_version": 1}]


@pytest.mark.parametrize(("change", "total", "lines"), [
    ({"status": "refunded"}, 199, 2), ({"total": 5.0625}, 5.0625, 2), ({"total": None}, 199, 2),
    ({"lines": [{"unit_price": 3}]}, 3, 1), ({"lines": [{"sku": "x"}], "total": 7}, 7, 1),
    ({"lines": [], "total": 8}, 8, 0), ({"lines": None, "total": 8}, 8, 0),
    ({"channel": None, "coupon": "", "customer_id": "T", "ordered_at": "2025-01-01"}, 199, 2),
])
def test_an_order_is_changed_in_part(world: World, change: dict[str, Any], total: float, lines: int) -> None:
    put(world, ORDERS, ORDER)
    assert put(world, ORDERS, {"external_id": "O", **change})["written"] == (0 if change == {"total": None} else 1)
    owner = person(world, change.get("customer_id", "S"))
    order, = owner["orders"]
    assert (order["total"], len(order["lines"])) == (total, lines)
    assert order["status"] == change.get("status", "paid")
    assert order["coupon"] == (None if "coupon" in change else "MAY")
    assert owner["orders_count"] == (0 if change.get("status") == "refunded" else 1)
    assert put(world, ORDERS, {"external_id": "O", **change})["unchanged"] == 1
    if "customer_id" in change:
        assert person(world, "S")["orders_count"] == 0


@ON_SQLITE
def test_every_problem_has_its_address_and_nothing_is_stored(world: World) -> None:
    good = {"external_id": "good"}
    assert refused(
        world, CUSTOMERS, good, {"external_id": "x", "email": "nobody", "birthday": "tomorrow", "a/b~": 1}, 7,
        {"first_name": "x"}, good, {"external_id": "y", "tags": ["a", 1], "attributes": {"no/such": 1}},
        {"external_id": None}, {"external_id": "z", "attributes": None}) == [
        ("/customers/1/email", "not_an_email"), ("/customers/1/birthday", "not_a_date"),
        ("/customers/1/a~1b~0", "unknown_key"), ("/customers/2", "not_an_object"),
        ("/customers/3/external_id", "required"), ("/customers/4/external_id", "repeated"),
        ("/customers/5/tags", "not_a_list"), ("/customers/5/attributes/no~1such", "unknown_key"),
        ("/customers/6/external_id", "required"), ("/customers/7/attributes", "not_an_object")]
    fine = {"external_id": "f", "customer_id": "c", "ordered_at": "2024-05-01", "total": 1}
    assert refused(
        world, ORDERS, fine, {"external_id": "n"}, {**fine, "external_id": "m", "total": None},
        {**fine, "external_id": "k", "lines": [{"quantity": -1}, {}, 5, {"quantity": 999_999_999, "unit_price": 1e9}]},
        {**fine, "external_id": "l", "customer_id": None, "currency": "USD"}, fine,
        {**fine, "external_id": "o", "lines": {}}, {**fine, "external_id": "p", "ordered_at": None}) == [
        ("/orders/3/lines/0/quantity", "not_a_whole_number"), ("/orders/3/lines/1", "blank"),
        ("/orders/3/lines/2", "not_an_object"), ("/orders/3/lines/3", "out_of_range"),
        ("/orders/4/customer_id", "required"), ("/orders/4/currency", "other_currency"),
        ("/orders/5/external_id", "repeated"), ("/orders/6/lines", "not_a_list"), ("/orders/7/ordered_at", "required"),
        ("/orders/1/customer_id", "required"), ("/orders/2/total", "required")]
    with world.app.app_context():
        assert db.session.scalars(select(func.count()).select_from(Order)).one() == 0
        assert db.session.get_one(Store, world.a).data_version == 0
    assert world.owner.get(f"{CUSTOMERS}?external_id=good").json["meta"]["total"] == 0


@ON_SQLITE
@pytest.mark.parametrize(("key", "value", "code"), [
    ("first_name", 5, "not_a_text"), ("first_name", True, "not_a_text"), ("first_name", ["x"], "not_a_text"),
    ("first_name", "a\nb", "control_character"), ("first_name", "x" * 1_001, "too_long"),
    ("mobile", 501234567, "not_a_text"), ("mobile", "12", "not_a_phone"), ("gender", "?", "unknown_choice"),
    ("accepts_marketing", "true", "not_a_boolean"), ("accepts_marketing", 1, "not_a_boolean"),
    ("tags", "a", "not_a_list"),
    ("tags", [str(n) for n in range(101)], "too_many"), ("tags", [None], "not_a_list"), ("created_at", 0, "not_a_text"),
    ("created_at", "yesterday", "not_an_instant"), ("created_at", "2200-01-01", "not_an_instant"),
    ("birthday", 1990, "not_a_text"), ("birthday", str(date.today() + timedelta(2)), "out_of_range"),
    ("external_id", 7, "not_a_text"), ("external_id", " ", "required"), ("external_id", "x" * 256, "too_long"),
    ("orders_count", 1, "unknown_key"), ("version", 1, "unknown_key"), ("id", "x", "unknown_key"),
])
def test_values_of_a_customer_are_typed(world: World, key: str, value: Any, code: str) -> None:
    assert refused(world, CUSTOMERS, {"external_id": "x", key: value}) == [(f"/customers/0/{key}", code)]


@ON_SQLITE
@pytest.mark.parametrize(("written", "code"), [
    ('"5"', "not_a_number"), ("true", "not_a_number"), ("[1]", "not_a_number"), ("1.00001", "too_precise"),
    ("1e-5", "too_precise"), ("1e-999999999", "too_precise"), ("1." + "0" * 40 + "1", "too_precise"),
    ("100000000001", "out_of_range"), ("-100000000000.0001", "out_of_range"), ("1e16", "out_of_range"),
    ("1e999999", "out_of_range"),
])
def test_amounts_are_numbers_read_exactly(world: World, written: str, code: str) -> None:
    body = f'{{"orders": [{{"external_id": "o", "customer_id": "c", "ordered_at": "2024-05-01", "total": {written}}}]}}'
    answer = world.owner.open("PUT", ORDERS, data=body.encode(), content_type="application/json")
    assert [problem["code"] for problem in checked_error(answer, 422)] == [code]


@ON_SQLITE
@pytest.mark.parametrize("written", ["0.1", "-99999999999.9999", "100000000000", "1.1000000", "1e3", "12E-2"])
def test_amounts_within_the_limits(world: World, written: str) -> None:
    body = f'{{"orders": [{{"external_id": "o", "customer_id": "c", "ordered_at": "2024-05-01", "total": {written}}}]}}'
    assert world.owner.open("PUT", ORDERS, data=body.encode(), content_type="application/json").status_code == 200
    with world.app.app_context():
        assert db.session.scalars(select(Order.amount)).one() == round(float(written) * 10_000)


@ON_SQLITE
@pytest.mark.parametrize("url", [CUSTOMERS, ORDERS])
def test_a_body_at_the_limit_and_past_it(world: World, url: str) -> None:
    body = json.dumps({url.rpartition("/")[2]: []}).encode()
    for size, status in ((limits.FACTS_BODY_BYTES, 200), (limits.FACTS_BODY_BYTES + 1, 413)):
        answer = world.owner.open("PUT", url, data=body.ljust(size), content_type="application/json")
        assert answer.status_code == status
    viewer = world.as_user("viewer@a.example", "a")
    checked_error(viewer.open("PUT", url, data=body, content_type="application/json"), 403)


def test_looking_customers_up(world: World) -> None:
    put(world, CUSTOMERS, SALMA, {"external_id": "s", "first_name": "Sami"},
        {"external_id": "X", "mobile": "0559876543"})
    for query, found in (
        ("external_id=s", {"S", "s"}), ("email=SALMA@example.com", {"S"}), ("email=salma", set()),
        ("mobile=%2B966501234567", {"S"}), ("mobile=0559876543&external_id=x", {"X"}),
        ("search=سلمي", {"S"}), ("search=salma@", {"S"}), ("search=sam", {"s"}), ("search=5598765", {"X"}),
        ("search=sami+559", set()), ("search=nobody", set()), ("search=%25", set()),
    ):
        answer = world.owner.get(f"{CUSTOMERS}?{query}")
        assert answer.status_code == 200, answer.text
        assert {row["external_id"] for row in answer.json["data"]} == found, query
        assert answer.json["meta"]["total"] == len(found)
    page = world.owner.get(f"{CUSTOMERS}?limit=2&sort=orders_count&order=desc").json
    segment = world.owner.create({"logic": "AND"})["id"]
    assert page == world.owner.get(f"/{segment}/customers?limit=2&sort=orders_count&order=desc").json
    more = f"{CUSTOMERS}?limit=2&sort=orders_count&order=desc&cursor={page['meta']['next_cursor']}"
    assert len(world.owner.get(more).json["data"]) == 2


def test_the_segments_of_a_customer(world: World) -> None:
    put(world, ORDERS, ORDER)
    world.owner.put("/api/attributes/tier", {"label": "Tier", "kind": "text"})
    where = {"logic": "AND", "conditions": [{"field": "item.category", "operator": "equals", "value": "shoes"}]}
    rules = {
        "everyone": {"logic": "AND"}, "nobody": {"logic": "AND", "negate": True},
        "shoes": {"logic": "AND", "conditions": [
            {"field": "items.quantity_sum", "operator": "equals", "value": 2, "where": where}]},
        "never": {"logic": "AND", "conditions": [
            {"field": "items.orders_count", "operator": "equals", "value": 0, "where": where}]},
        "no tag": {"logic": "AND", "conditions": [{"field": "tags", "operator": "is_empty"}]},
        "not gold": {"logic": "AND", "conditions": [
            {"field": "attributes.tier", "operator": "not_equals", "value": "gold"}]},
        "spent": {"logic": "AND", "conditions": [
            {"field": "orders.amount_sum", "operator": "less_than", "value": 200}]},
        "average": {"logic": "AND", "conditions": [
            {"field": "all_orders.amount_average", "operator": "is_not_empty"}]}}
    ids = {name: world.owner.create(tree, name=name)["id"] for name, tree in rules.items()}
    ids["in shoes"] = world.owner.create({"logic": "AND", "conditions": [
        {"field": "in_segment", "operator": "in", "value": [ids["shoes"]]}]}, name="in shoes")["id"]
    world.owner.create({"logic": "AND"}, name="asleep", is_active=False)
    with world.app.app_context(), writing() as session:
        session.get_one(Segment, (world.a, uuid.UUID(ids["everyone"]))).rules = {"logic": "XOR"}
    for external_id in ("S", "C1", "C3"):
        shown = person(world, external_id)
        expected = {name for name, segment in ids.items() if name != "everyone" and world.owner.get(
            f"/{segment}/explain?customer_id={shown['id']}").json["matches"]}
        assert {each["name"] for each in shown["segments"]} == expected
        assert shown["segments_untold"] == [{"id": ids["everyone"], "name": "everyone", "reason": "invalid"}]
    assert {each["name"] for each in person(world, "S")["segments"]} == {
        "shoes", "in shoes", "no tag", "not gold", "spent", "average"}


def test_many_segments_with_many_conditions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [{"field": "orders.count", "operator": "greater_than", "value": n, "where": {"logic": "AND", "conditions": [
        {"field": "order.channel", "operator": "equals", "value": f"w{n}"}]}} for n in range(60)]
    for n in range(7):
        rules = {"logic": "AND" if n % 2 else "OR", "negate": n > 3, "conditions": words}
        assert world.owner.post("", {"name": str(n), "rules": rules}).status_code == 201
    whole = world.owner.get(f"{CUSTOMERS}/{A_CUSTOMER}").json
    assert {each["name"] for each in whole["segments"]} == {"4", "5", "6"}
    monkeypatch.setattr(belonging, "TREES_AT_ONCE", 1)
    assert world.owner.get(f"{CUSTOMERS}/{A_CUSTOMER}").json == whole


@ON_SQLITE
def test_segments_that_take_too_long_are_said_not_to_be_told(world: World) -> None:
    world.app.config["PAGE_SECONDS"] = 1e-9
    segment = world.owner.create({"logic": "AND", "conditions": [
        {"field": "first_name", "operator": "contains", "value": "x"}]}, name="slow")["id"]
    put(world, CUSTOMERS, SALMA)
    shown = world.owner.get(f"{CUSTOMERS}/{A_CUSTOMER}").json
    assert shown["segments_untold"] in ([], [{"id": segment, "name": "slow", "reason": "too_slow"}])


def test_erasing_a_customer(world: World) -> None:
    put(world, CUSTOMERS, SALMA)
    put(world, ORDERS, ORDER, {**ORDER, "external_id": "P", "customer_id": "C1"})
    shown = person(world, "S")
    segment = world.owner.create({"logic": "AND"})["id"]
    editor = world.as_user("editor@a.example", "a")
    checked_error(editor.delete(f"{CUSTOMERS}/{shown['id']}"), 403)
    assert world.owner.delete(f"{CUSTOMERS}/{shown['id']}").status_code == 204
    checked_error(world.owner.delete(f"{CUSTOMERS}/{shown['id']}"), 404)
    checked_error(world.owner.get(f"{CUSTOMERS}/{shown['id']}"), 404)
    assert world.owner.get(f"{CUSTOMERS}?search=salma").json["meta"]["total"] == 0
    assert world.owner.post(f"/{segment}/refresh").json["cached_count"] == 60
    with world.app.app_context():
        assert db.session.scalars(select(Order.external_id)).all() == ["P"]
        assert db.session.scalars(select(func.count()).select_from(OrderLine)).one() == 2
        stone = db.session.scalars(select(Tombstone)).one()
        assert (stone.store_id, stone.version) == (world.a, 3)
        erased = stone.customer_number
        assert db.session.get_one(Store, world.a).data_version == 3
    assert audited(world, "customer_erase") == [{"customer_id": shown["id"], "data_version": 3}]
    put(world, ORDERS, {"external_id": "Q", "customer_id": "S", "ordered_at": "2024-06-01", "total": 1})
    again = person(world, "S")
    assert again["id"] != shown["id"]
    assert (again["first_name"], again["tags"], again["orders_count"]) == (None, [], 1)
    with world.app.app_context():
        number = db.session.scalars(select(Customer.number).where(Customer.external_id == "S")).one()
        assert number > erased
