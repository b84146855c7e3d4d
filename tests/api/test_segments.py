"""Segments over HTTP: listing, changing without overwriting, deleting and restoring, history, broken rules."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from segmentation import limits, segments
from segmentation.database import writing
from segmentation.errors import query_timeout
from segmentation.models import Customer, Segment, Store
from segmentation.models.types import new_id
from tests.api.conftest import World, checked_error
from tests.people.conftest import at_once

MANY_ORDERS = {"logic": "AND", "conditions": [{"field": "orders_count", "operator": "greater_than", "value": 4}]}


def test_listing_is_newest_first_and_narrowed_on_request(world: World) -> None:
    client = world.owner
    names = ["VIP Customers", "عملاء الرياض", "vip lapsed"]
    made = [client.create(name=name, is_active=name != "vip lapsed") for name in names]
    assert [row["name"] for row in client.get().json["segments"]] == names[::-1]
    assert client.get().json["segments"] == made[::-1]
    assert [row["name"] for row in client.get("?search=VIP").json["segments"]] == ["vip lapsed", "VIP Customers"]
    assert [row["name"] for row in client.get("?search=رِياض").json["segments"]] == ["عملاء الرياض"]
    assert [row["name"] for row in client.get("?is_active=false").json["segments"]] == ["vip lapsed"]
    assert [row["name"] for row in client.get("?is_active=true&search=vip").json["segments"]] == ["VIP Customers"]
    for query in ("?is_active=1", "?is_active=", "?search=", "?limit=5"):
        checked_error(client.get(query), 400)


def test_a_change_touches_only_the_keys_it_names(world: World) -> None:
    client = world.owner
    before = client.create(MANY_ORDERS, description="first\nsecond")
    assert before["cached_count"] > 0
    url = f"/{before['id']}"
    for change in ({"name": "  New name "}, {"description": ""}, {"is_active": False}, {"rules": {"logic": "AND"}}):
        now = client.put(url, change).json
        changed = {key for key in before if before[key] != now[key]}
        counts = {"cached_count", "count_cached_at"} if "rules" in change else set()
        # Ids that the rules lacked are filled in.
        assert changed == {*change, "updated_at"} | counts
        before = now
    assert (before["name"], before["cached_count"]) == ("New name", 60)
    assert client.put(url, {}).json == before
    assert client.put(url, {"name": "New name"}).headers["ETag"] == '"5"'


@pytest.mark.parametrize(
    "body",
    [
        {"id": "x"},
        {"cached_count": 5},
        {"store_id": "x"},
        {"created_at": "2024-01-01"},
        {"name": None},
        {"name": ""},
        {"name": 5},
        {"name": "a\nb"},
        {"is_active": 1},
        {"is_active": "yes"},
        {"rules": None},
        {"description": 5},
        [],
        None,
    ],
)
def test_what_cannot_be_changed_is_refused_and_nothing_changes(world: World, body: Any) -> None:
    segment = world.owner.create()
    checked_error(world.owner.put(f"/{segment['id']}", body), 422)
    assert world.owner.get(f"/{segment['id']}").json == segment


def test_nobody_overwrites_what_they_have_not_seen(world: World) -> None:
    client = world.owner
    url = f"/{client.create()['id']}"
    assert client.put(url, {"name": "one"}, headers={"If-Match": '"1"'}).status_code == 200
    late = client.put(url, {"name": "two"}, headers={"If-Match": '"1"'})
    checked_error_with_segment(late, "one")
    checked_error_with_segment(client.delete(url, headers={"If-Match": '"1"'}), "one")
    for tag in ('W/"2"', '"x"', '""', '"99999999999999999999"'):
        assert client.put(url, {"name": "two"}, headers={"If-Match": tag}).status_code == 412
    for tag in ("*", '"1", "2"'):
        assert client.put(url, {"name": "one"}, headers={"If-Match": tag}).status_code == 200
    assert client.delete(url, headers={"If-Match": '"2"'}).status_code == 204


def test_of_many_who_read_the_same_one_changes_it(world: World) -> None:
    client = world.owner
    made = client.create()
    path = f"/api/segmentation/{made['id']}?store_id={client.store}"
    headers = {"Authorization": f"Bearer {client.token}", "If-Match": '"1"'}
    answers = at_once(world.app, [
        lambda name=f"name {place}": world.app.test_client().put(path, json={"name": name}, headers=headers)
        for place in range(8)])
    assert sorted(each.status_code for each in answers) == [200, *[412] * 7]
    [done] = [each.json["name"] for each in answers if each.status_code == 200]
    assert (client.get(f"/{made['id']}").json["name"], client.get(f"/{made['id']}").headers["ETag"]) == (done, '"2"')
    assert len(client.get(f"/{made['id']}/revisions").json["revisions"]) == 2


def checked_error_with_segment(answer: Any, name: str) -> None:
    """A refused precondition shows what is there now."""
    assert answer.status_code == 412
    assert answer.json["error"]["code"] == "precondition_failed"
    assert answer.json["segment"]["name"] == name


def test_deleted_segments_come_back_for_thirty_days(world: World) -> None:
    client = world.owner
    segment = client.create(MANY_ORDERS)
    url = f"/{segment['id']}"
    assert client.delete(url).data == b""
    for method, path in (
        ("GET", url),
        ("PUT", url),
        ("DELETE", url),
        ("GET", url + "/customers"),
        ("GET", url + "/export"),
    ):
        checked_error(client.open(method, path, **({"json": {}} if method == "PUT" else {})), 404)
    assert client.post(url + "/restore").json == segment
    assert client.post(url + "/restore").json == segment
    assert client.delete(url).status_code == 204
    with world.app.app_context(), writing() as session:
        long_ago = datetime.now(UTC) - timedelta(days=limits.RESTORE_DAYS, seconds=1)
        session.execute(update(Segment).values(deleted_at=long_ago))
    checked_error(client.post(url + "/restore"), 404)


def test_a_copy_is_of_its_own(world: World) -> None:
    client = world.owner
    segment = client.create(MANY_ORDERS, name="n" * limits.NAME_LENGTH)
    copy = client.post(f"/{segment['id']}/duplicate").json
    assert copy["id"] != segment["id"]
    assert (copy["rules"], copy["cached_count"]) == (segment["rules"], segment["cached_count"])
    assert copy["name"].endswith(" (2)")
    assert len(copy["name"]) == limits.NAME_LENGTH
    client.put(f"/{copy['id']}", {"rules": {"logic": "AND"}})
    assert client.get(f"/{segment['id']}").json == segment


def test_every_version_can_be_read(world: World) -> None:
    client = world.owner
    url = f"/{client.create(MANY_ORDERS, name='one')['id']}"
    client.put(url, {"name": "two"})
    client.put(url, {"rules": {"id": "r", "logic": "OR"}})
    history = client.get(url + "/revisions").json["revisions"]
    assert [(row["version"], row["name"], row["rules"]["logic"]) for row in history] == [
        (3, "two", "OR"),
        (2, "two", "AND"),
        (1, "one", "AND"),
    ]
    assert len({row["changed_by"] for row in history}) == 1


def test_a_refresh_counts_again(world: World) -> None:
    client = world.owner
    segment = client.create(MANY_ORDERS)
    with world.app.app_context(), writing() as session:
        session.execute(update(Customer).where(Customer.store_id == world.a).values(orders_count=50))
        session.execute(update(Store).where(Store.id == world.a).values(data_version=5))
    assert client.get(f"/{segment['id']}").json == segment
    fresh = client.post(f"/{segment['id']}/refresh").json
    assert fresh["cached_count"] == 60
    assert fresh["count_cached_at"] > segment["count_cached_at"]
    assert fresh["updated_at"] == segment["updated_at"]


def test_a_count_that_takes_too_long_is_left_for_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_arguments: Any) -> int:
        raise query_timeout()

    client = world.owner
    monkeypatch.setattr(segments.matching, "count", slow)
    segment = client.create(MANY_ORDERS)
    assert (segment["cached_count"], segment["count_cached_at"]) == (0, None)
    answer = client.post("/preview", {"rules": MANY_ORDERS})
    checked_error(answer, 503, "query_timeout")
    assert answer.headers["Retry-After"] == "1"


def test_a_store_has_a_thousand_segments_at_most(world: World) -> None:
    client, now = world.owner, datetime.now(UTC)
    last = client.create()["id"]
    row = {
        "store_id": world.a,
        "name": "x",
        "description": "",
        "rules": {"logic": "AND"},
        "is_active": True,
        "version": 1,
        "cached_count": 0,
        "created_at": now,
        "updated_at": now,
    }
    with world.app.app_context(), writing() as session:
        session.execute(insert(Segment), [{**row, "id": new_id()} for _ in range(limits.SEGMENTS - 2)])
    client.create()
    checked_error(client.post("", {"name": "x", "rules": {"logic": "AND"}}), 409, "too_many_segments")
    checked_error(client.post(f"/{last}/duplicate"), 409, "too_many_segments")
    assert len(client.get().json["segments"]) == limits.SEGMENTS
    assert client.delete(f"/{last}").status_code == 204
    client.create()
    checked_error(client.post(f"/{last}/restore"), 409, "too_many_segments")


BROKEN: tuple[Any, ...] = (
    {"logic": "AND", "conditions": [{"id": "c", "field": "gone", "operator": "equals", "value": 1}]},
    {"logic": "OR 1=1"},
    [],
    "x",
    5,
    {"logic": "AND", "groups": [{"logic": "AND"}]},
)


@pytest.mark.parametrize("rules", BROKEN)
def test_stored_rules_that_no_longer_fit_are_not_run(world: World, rules: Any) -> None:
    client = world.owner
    broken, good = client.create(MANY_ORDERS), client.create(MANY_ORDERS)
    with world.app.app_context(), writing() as session:
        session.execute(update(Segment).where(Segment.id == uuid.UUID(broken["id"])).values(rules=rules))
    url = f"/{broken['id']}"
    for method, path in (("GET", "/customers"), ("GET", "/export"), ("POST", "/refresh"), ("POST", "/duplicate")):
        assert checked_error(client.open(method, url + path), 422, "invalid_segment")
    assert client.get(url).json["cached_count"] == broken["cached_count"]
    assert len(client.get().json["segments"]) == 2
    assert client.get(f"/{good['id']}/customers").status_code == 200
    assert client.put(url, {"rules": MANY_ORDERS}).status_code == 200
    assert client.get(url + "/customers").json["meta"]["total"] == good["cached_count"]


def test_ids_are_filled_in_and_kept(world: World) -> None:
    rules: dict[str, Any] = {
        "logic": "AND",
        "conditions": [{"field": "city", "operator": "is_empty"}],
        "groups": [
            {
                "id": "mine",
                "logic": "OR",
                "negate": True,
                "conditions": [
                    {"id": "c", "field": "city", "operator": "not_in", "value": ["Riyadh"], "include_empty": False},
                    {
                        "id": "d",
                        "field": "created_at",
                        "operator": "between_ago",
                        "value": 0,
                        "value2": 3,
                        "unit": "months",
                    },
                ],
            }
        ],
    }
    stored = world.owner.create(rules)["rules"]
    assert stored["id"]
    assert stored["conditions"][0]["id"]
    assert stored["groups"] == [{**group, "groups": []} for group in rules["groups"]]
    assert world.owner.create(stored)["rules"] == stored


def test_answers_that_are_no_routes(world: World) -> None:
    http = world.app.test_client()
    for url in ("/api", "/api/nothing", "/api/segmentation/x/y", "/api/%ff", "/api/../etc/passwd"):
        checked_error(http.get(url), 404, "not_found")
    wrong = http.patch(f"/api/segmentation/{uuid.uuid4()}")
    checked_error(wrong, 405, "method_not_allowed")
    assert {"GET", "PUT", "DELETE"} <= set(wrong.headers["Allow"].split(", "))
    assert http.head("/api/openapi.json").status_code == 200
