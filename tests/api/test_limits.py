"""Every published limit: what is just within it is taken, what is one past it refused with the right error.

A limit that is published and has no case here fails. Those that take a world of their own to reach have their test
where that world is; the case names it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from werkzeug.test import TestResponse

from segmentation import limits
from tests.api.conftest import World, checked_error, world

__all__ = ["world"]
LEAF = {"field": "orders_count", "operator": "equals", "value": 1}
ORDER = {"external_id": "O", "customer_id": "S", "ordered_at": "2024-05-01T12:30:00+03:00", "status": "paid"}


@dataclass(frozen=True)
class Case:
    """What is asked for a size, and the error past the limit; `taken`: how what is just within it is answered."""

    ask: Callable[[World, int], TestResponse]
    status: int = 422
    code: str = "invalid"
    taken: int = 200
    step: int = 1


def counted(rules: Callable[[int], dict[str, Any]]) -> Callable[[World, int], TestResponse]:
    """A preview of rules of some size."""
    return lambda world, size: world.owner.post("/preview", {"rules": rules(size)})


def condition(operator: str, value: Any, field: str = "first_name") -> dict[str, Any]:
    """One condition, as a tree."""
    return {"logic": "AND", "conditions": [{"id": "c", "field": field, "operator": operator, "value": value}]}


def nested(depth: int) -> dict[str, Any]:
    """Rules of that depth."""
    tree: dict[str, Any] = {"logic": "AND", "conditions": [LEAF]}
    for _ in range(depth - 1):
        tree = {"logic": "OR", "groups": [tree]}
    return tree


def groups(number: int) -> dict[str, Any]:
    """Rules of that many groups, the outermost counted."""
    return {"logic": "OR", "groups": [
        {"logic": "AND", "conditions": [{**LEAF, "id": str(n)}]} for n in range(number - 1)]}


def deep(world: World, depth: int) -> TestResponse:
    """A body of that depth, which means nothing to anybody."""
    text = f'{{"rules": {"[" * (depth - 1)}{"]" * (depth - 1)}}}'
    return world.owner.open("POST", "/preview", data=text, content_type="application/json")


def sized(method: str, url: str, body: Any) -> Callable[[World, int], TestResponse]:
    """A request whose body has that many bytes."""
    return lambda world, size: world.owner.open(
        method, url, data=json.dumps(body).encode().ljust(size), content_type="application/json")


def saved(**texts: str) -> Callable[[World, int], TestResponse]:
    """A new segment with a text of that length."""
    return lambda world, size: world.owner.post(
        "", {"name": "x", "rules": {"logic": "AND"}, **{key: letter * size for key, letter in texts.items()}})


def page(world: World, query: str) -> TestResponse:
    """A page of everybody."""
    return world.owner.get(f"/{world.owner.create()['id']}/customers?{query}")


def people(*given: dict[str, Any]) -> dict[str, Any]:
    """A body of customers."""
    return {"customers": list(given)}


RULES = {"code": "invalid_rules"}
CASES: dict[str, Case | str] = {
    "body_bytes": Case(sized("POST", "/preview", {"rules": {"logic": "AND"}}), 413, "too_large"),
    "facts_body_bytes": Case(sized("PUT", "/api/customers", people()), 413, "too_large"),
    "records": Case(lambda world, size: world.owner.put(
        "/api/customers", people(*({"external_id": f"n{n}"} for n in range(size))))),
    "order_lines": Case(lambda world, size: world.owner.put(
        "/api/orders", {"orders": [{**ORDER, "lines": [{"unit_price": 1}] * size}]})),
    "json_depth": Case(deep, 400, "malformed_json", taken=422),
    "rule_depth": Case(counted(nested), **RULES),
    "conditions": Case(counted(lambda size: {"logic": "OR", "conditions": [
        {**LEAF, "id": str(n)} for n in range(size)]}), **RULES),
    "groups": Case(counted(groups), **RULES),
    "reference_depth": "tests.api.test_references:test_references_go_five_deep_and_no_deeper",
    "referred_segments": "tests.api.test_references:test_limits_of_what_is_referred_to",
    "referred_conditions": "tests.api.test_references:test_limits_of_what_is_referred_to",
    "list_values": Case(counted(lambda size: condition("in", [f"v{n}" for n in range(size)])), **RULES),
    "text_length": Case(counted(lambda size: condition("contains", "x" * size)), **RULES),
    "id_length": Case(counted(lambda size: {"id": "i" * size, "logic": "AND"}), **RULES),
    "key_length": Case(lambda world, size: world.owner.put("/api/customers", people({"external_id": "k" * size}))),
    "tags": Case(lambda world, size: world.owner.put(
        "/api/customers", people({"external_id": "t", "tags": [f"t{n}" for n in range(size)]}))),
    "number": Case(counted(lambda size: condition("equals", size, "orders_amount")), **RULES),
    "name_length": Case(saved(name="n"), taken=201),
    "description_length": Case(saved(description="d"), taken=201),
    "page_size": Case(lambda world, size: page(world, f"limit={size}"), 400, "malformed"),
    "paged_rows": Case(lambda world, size: page(world, f"limit=1&page={size}"), 400, "malformed"),
    "segments": "tests.api.test_segments:test_a_store_has_a_thousand_segments_at_most",
    "attributes": "tests.api.test_attributes:test_there_is_a_limit",
    "earliest_year": Case(counted(lambda year: condition("on", f"{year}-01-01", "created_at")), step=-1, **RULES),
    "latest_year": Case(counted(lambda year: condition("on", f"{year}-12-31", "created_at")), **RULES),
    "restore_days": "tests.api.test_segments:test_deleted_segments_come_back_for_thirty_days",
    "import_bytes": "tests.api.test_imports:test_the_size_of_a_file_is_limited",
    "export_rows": "tests.api.test_jobs:test_an_export_of_many_rows_is_a_job",
    "unfinished_jobs": "tests.api.test_jobs:test_so_many_jobs_of_a_kind_may_wait",
    "running_exports": "tests.exports.test_places:test_a_store_has_so_many_places_and_no_more",
    "running_imports": "tests.test_leases:test_imports_of_both_kinds_share_one_place",
    "file_hours": "tests.api.test_jobs:test_a_file_past_its_day_is_gone",
    "invites": "tests.people.test_invites:test_invites_at_the_limit_and_past_it",
    "invite_days": "tests.people.test_invites:test_an_invite_lives_for_seven_days",
    "api_tokens": "tests.people.test_api_tokens:test_tokens_at_the_limit_and_past_it",
    "token_days": Case(lambda world, days: world.owner.post(
        "/api/tokens", {"name": f"for {days} days", "role": "viewer", "days": days}), taken=201),
    "counted_statuses": Case(lambda world, size: world.owner.put(
        "/api/store", {"counted_statuses": [f"status {n}" for n in range(size)]})),
    "changed_at_once": "tests.api.test_stores:test_a_large_store_is_changed_by_a_job",
    "stores": "tests.api.test_stores:test_nobody_owns_more_than_their_share_whatever_the_race",
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
@pytest.mark.parametrize("name", [name for name in limits.published() if not isinstance(CASES.get(name), str)])
def test_at_a_limit_and_past_it(world: World, name: str) -> None:
    case, limit = CASES[name], limits.published()[name]
    assert isinstance(case, Case)
    within = case.ask(world, limit)
    assert within.status_code == case.taken, within.text
    assert case.taken < 400 or case.code not in within.text
    problems = checked_error(case.ask(world, limit + case.step), case.status, case.code)
    assert problems or case.status == 413 or name == "json_depth"


def test_every_limit_has_a_test() -> None:
    assert CASES.keys() == limits.published().keys()
    for case in CASES.values():
        if isinstance(case, str):
            module, _, test = case.partition(":")
            assert callable(getattr(import_module(module), test)), case
