"""Segments that refer to segments, and rules that no longer fit."""

from __future__ import annotations

import threading
import uuid
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from segmentation import limits
from segmentation.database import writing
from segmentation.models import Segment
from tests.api.conftest import Client, World, checked_error

FEW = {"logic": "AND", "conditions": [{"field": "orders_count", "operator": "less_than", "value": 4}]}
BAD_FIELD = {"id": "root", "logic": "AND", "groups": [], "conditions": [
    {"id": "c1", "field": "shoe_size", "operator": "equals", "value": 1}]}


def refers(*segments: str, operator: str = "in") -> dict[str, Any]:
    """Rules that ask about those segments."""
    condition = {"id": "r", "field": "in_segment", "operator": operator, "value": list(segments)}
    return {"id": "root", "logic": "AND", "conditions": [condition], "groups": []}


def counted(client: Client, rules: Any) -> int:
    """The plain count."""
    response = client.post("/preview", {"rules": rules})
    assert response.status_code == 200, response.text
    return int(response.json["count"])


def store_rules(world: World, segment: str, rules: Any) -> None:
    """Write rules past every check, as an older version of the program might have left them."""
    with world.app.app_context(), writing() as session:
        session.execute(update(Segment).where(Segment.id == uuid.UUID(segment)).values(rules=rules))


def test_members_of_any_and_of_none(world: World) -> None:
    client = world.owner
    few, many = client.create(FEW)["id"], client.create(
        {"logic": "AND", "conditions": [{"field": "orders_count", "operator": "greater_than", "value": 6}]})["id"]
    assert counted(client, refers(few)) == counted(client, FEW)
    assert counted(client, refers(few, many)) + counted(client, refers(few, many, operator="not_in")) == 60
    assert counted(client, refers(few, many, few)) == counted(client, refers(few)) + counted(client, refers(many))


def test_a_reference_follows_the_rules_as_they_change(world: World) -> None:
    client, few = world.owner, world.owner.create(FEW)["id"]
    upper = client.create(refers(few))["id"]
    assert client.put(f"/{few}", {"rules": {"logic": "AND"}, "is_active": False}).status_code == 200
    assert client.post(f"/{upper}/refresh").json["cached_count"] == 60


def test_a_diamond_is_fine(world: World) -> None:
    client, bottom = world.owner, world.owner.create(FEW)["id"]
    sides = [client.create(refers(bottom))["id"] for _ in range(2)]
    assert counted(client, refers(*sides, bottom)) == counted(client, FEW)


def test_references_go_five_deep_and_no_deeper(world: World) -> None:
    client, lowest = world.owner, world.owner.create(FEW)["id"]
    chain = [lowest]
    for _ in range(limits.REFERENCE_DEPTH):
        chain.append(client.create(refers(chain[-1]))["id"])
    assert counted(client, refers(chain[-2])) == counted(client, FEW)
    problems = checked_error(client.post("/preview", {"rules": refers(chain[-1])}), 422, "invalid_rules")
    assert [problem["code"] for problem in problems] == ["references_too_deep"]
    # Growing at the lower end makes those above too deep; they say so and nothing else breaks.
    client.put(f"/{lowest}", {"rules": refers(client.create(FEW)["id"])})
    assert client.get(f"/{chain[-1]}").json["problems"][0]["code"] == "references_too_deep"
    assert "invalid" not in client.get(f"/{chain[-2]}").json


def test_an_endless_chain_is_told_without_following_it(world: World) -> None:
    client = world.owner
    chain = [client.create(FEW)["id"] for _ in range(60)]
    for upper, lower in pairwise(chain):
        store_rules(world, upper, refers(lower))
    shown = {row["id"]: row for row in client.get().json["segments"]}
    assert [("invalid" in shown[key]) for key in chain] == [True] * 54 + [False] * 6


def test_a_cycle_is_refused_and_its_path_is_told(world: World) -> None:
    client = world.owner
    a = client.create(FEW, name="A")["id"]
    b = client.create(refers(a), name="B")["id"]
    c = client.create(refers(b), name="C")["id"]
    problems = checked_error(client.put(f"/{a}", {"rules": refers(c)}), 422, "invalid_rules")
    assert [(each["path"], each["id"], each["code"]) for each in problems] == [
        ("/rules/conditions/0/value/0", "r", "cycle")]
    assert "A → C → B → A" in problems[0]["message"]
    own = checked_error(client.put(f"/{a}", {"rules": refers(a)}), 422, "invalid_rules")
    assert "A → A" in own[0]["message"]
    assert client.get(f"/{a}").json["rules"]["conditions"][0]["field"] == "orders_count"


def test_two_writers_cannot_close_a_cycle_together(world: World) -> None:
    for _ in range(5):
        a, b = world.owner.create(FEW, name="A")["id"], world.owner.create(FEW, name="B")["id"]
        answers: list[int] = []

        def point(one: str, other: str, answers: list[int] = answers) -> None:
            client = Client(world.app.test_client(), world.owner.token, str(world.a))
            answers.append(client.put(f"/{one}", {"rules": refers(other)}).status_code)

        threads = [threading.Thread(target=point, args=pair) for pair in ((a, b), (b, a))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [200, 422]


def test_a_cycle_that_is_stored_all_the_same_is_told_and_runs_nowhere(world: World) -> None:
    client = world.owner
    a, b = client.create(FEW, name="A")["id"], client.create(FEW, name="B")["id"]
    store_rules(world, a, refers(b))
    store_rules(world, b, refers(a))
    for segment in (a, b):
        assert client.get(f"/{segment}").json["problems"][0]["code"] == "cycle"
        checked_error(client.get(f"/{segment}/customers"), 422, "invalid_segment")


def test_a_segment_in_use_cannot_be_deleted(world: World) -> None:
    client, few = world.owner, world.owner.create(FEW)["id"]
    upper = client.create(refers(few), name="Upper")["id"]
    response = client.delete(f"/{few}")
    assert checked_error_with_segments(response) == [{"id": upper, "name": "Upper"}]
    assert client.delete(f"/{upper}").status_code == 204
    assert client.delete(f"/{few}").status_code == 204
    # Its user comes back and has to do without it, until it comes back as well.
    assert client.post(f"/{upper}/restore").json["problems"][0]["code"] == "unknown_segment"
    assert client.post(f"/{few}/restore").status_code == 200
    assert "invalid" not in client.get(f"/{upper}").json


def checked_error_with_segments(response: Any) -> Any:
    """The segments that stand in the way."""
    assert response.status_code == 409
    assert response.json["error"]["code"] == "segment_in_use"
    assert "“Upper”" in response.json["error"]["message"]
    return response.json["segments"]


@pytest.mark.parametrize("which", ["unknown", "foreign", "deleted", "invalid"])
def test_only_living_valid_segments_of_the_store_can_be_referred_to(world: World, which: str) -> None:
    client = world.owner
    segment = {"unknown": lambda: str(uuid.uuid4()), "deleted": lambda: client.create(FEW)["id"],
               "foreign": lambda: world.as_user("owner@b.example", "b").create(FEW)["id"],
               "invalid": lambda: client.create(FEW)["id"]}[which]()
    if which == "deleted":
        client.delete(f"/{segment}")
    if which == "invalid":
        store_rules(world, segment, BAD_FIELD)
    for response in (client.post("/preview", {"rules": refers(segment)}),
                     client.post("", {"name": "n", "rules": refers(segment)})):
        problems = checked_error(response, 422, "invalid_rules")
        expected = "invalid_segment" if which == "invalid" else "unknown_segment"
        assert [(each["path"], each["code"]) for each in problems] == [("/rules/conditions/0/value/0", expected)]


@pytest.mark.parametrize("value", [[], ["1"], [1], [None], "x", [str(uuid.UUID(int=5)).upper()], [{}]])
def test_what_is_no_list_of_ids_is_refused(world: World, value: Any) -> None:
    rules = {"logic": "AND", "conditions": [{"field": "in_segment", "operator": "in", "value": value}]}
    checked_error(world.owner.post("/preview", {"rules": rules}), 422, "invalid_rules")


def test_broken_rules_keep_their_count_and_break_only_what_leans_on_them(world: World) -> None:
    client = world.owner
    few, other = client.create(FEW, name="Few"), client.create(FEW, name="Other")
    upper, top = client.create(refers(few["id"])), None
    top = client.create(refers(upper["id"]))
    store_rules(world, few["id"], BAD_FIELD)
    shown = {row["id"]: row for row in client.get().json["segments"]}
    assert shown[few["id"]]["invalid"] is True
    assert shown[few["id"]]["problems"] == [{
        "path": "/rules/conditions/0/field", "id": "c1", "code": "unknown_field", "message": "Choose a field."}]
    for key in ("cached_count", "count_cached_at"):
        assert shown[few["id"]][key] == few[key]
    assert [each["code"] for each in shown[upper["id"]]["problems"]] == ["invalid_segment"]
    assert [each["code"] for each in shown[top["id"]]["problems"]] == ["invalid_segment"]
    assert shown[other["id"]] == other
    customer = client.get(f"/{other['id']}/customers").json["data"][0]["id"]
    for url in ("customers", "export", f"explain?customer_id={customer}"):
        checked_error(client.get(f"/{few['id']}/{url}"), 422, "invalid_segment")
    checked_error(client.post(f"/{upper['id']}/refresh"), 422, "invalid_segment")
    assert client.post(f"/{other['id']}/refresh").status_code == 200
    # It can be mended, renamed and deleted like any other.
    assert client.put(f"/{few['id']}", {"name": "Fewer"}).json["invalid"] is True
    mended = client.put(f"/{few['id']}", {"rules": FEW})
    assert "invalid" not in mended.json
    assert "invalid" not in client.get(f"/{top['id']}").json


def test_the_refresh_command_goes_on_past_broken_rules(world: World) -> None:
    client = world.owner
    bad, good = client.create(FEW, name="Bad")["id"], client.create(FEW, name="Good")["id"]
    store_rules(world, bad, BAD_FIELD)
    result = world.app.test_cli_runner().invoke(args=["segments", "refresh", "--store", str(world.a)])
    assert result.exit_code == 1
    assert "Good" in result.output
    assert "failed  Bad" in result.output
    assert client.get(f"/{good}").json["count_cached_at"] is not None


def test_limits_of_what_is_referred_to(world: World) -> None:
    client = world.owner
    third = limits.REFERRED_CONDITIONS // 3
    many = [FEW["conditions"][0]] * third
    parts = [client.create({"logic": "OR", "conditions": many})["id"] for _ in range(3)]
    rest = limits.REFERRED_CONDITIONS - 3 * third - 1
    rules = refers(*parts)
    at_the_limit = {**rules, "conditions": [*rules["conditions"], *[FEW["conditions"][0]] * rest]}
    assert counted(client, at_the_limit) == counted(client, FEW)
    past = {**rules, "conditions": [*at_the_limit["conditions"], FEW["conditions"][0]]}
    problems = checked_error(client.post("/preview", {"rules": past}), 422, "invalid_rules")
    assert [problem["code"] for problem in problems] == ["too_many_conditions"]
    empties = [client.create()["id"] for _ in range(limits.REFERRED_SEGMENTS + 1)]
    assert counted(client, refers(*empties[1:])) == 60
    problems = checked_error(client.post("/preview", {"rules": refers(*empties)}), 422, "invalid_rules")
    assert [problem["code"] for problem in problems] == ["too_many_segments"]
