"""Honest numbers: where something is unfinished or wrong no number is shown that includes it, and all others are right.

The pages are asked, not the functions behind them: what counts is what a person sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from segmentation import accounts
from segmentation.extensions import db
from segmentation.pages.builder import form
from segmentation.pages.builder.draft import DraftCondition, DraftGroup, changed
from segmentation.pages.builder.settling import settled
from segmentation.pages.builder.wire import from_wire, to_wire
from tests.api.conftest import PASSWORD, Client, sign_in
from tests.oracle.people import AWKWARD_MOMENTS, awkward_people
from tests.oracle.trees import random_tree
from tests.pages.conftest import SQLITE, Visitor
from tests.pages.drafts import random_drafts
from tests.pages.markup import Page
from tests.rules.populace import settle

pytestmark = SQLITE
EMAIL = "owner@oracle.example"
NOT_COUNTED = "–"
Break = Callable[[DraftCondition], DraftCondition]
# Each leaves a condition that the reader refuses, whatever it was.
BREAKS: dict[str, Break] = {
    "no field": lambda node: replace(node, field="", operator=""),
    "a field that is gone": lambda node: replace(node, field="attributes.gone"),
    "no value": lambda node: replace(node, field="orders_count", operator="equals", value=()),
    "a blank value": lambda node: replace(node, field="city", operator="contains", value=("   ",)),
    "no number": lambda node: replace(node, field="orders_amount", operator="greater_than", value=("five",)),
    "no day": lambda node: replace(node, field="created_at", operator="on", value=("2024-02-30",)),
    "the wrong way round": lambda node: replace(
        node, field="orders_count", operator="between", value=("5",), value2="1"),
    "an empty list": lambda node: replace(node, field="segment", operator="in", value=()),
    "an unfinished where": lambda node: replace(
        node, field="orders.count", operator="equals", value=("1",), value2="",
        where=DraftGroup("w-broken", conditions=(DraftCondition("wc-broken"),))),
    "an empty where": lambda node: replace(
        node, field="orders.count", operator="equals", value=("1",), value2="", where=DraftGroup("w-empty")),
    "a segment that is gone": lambda node: replace(
        node, field="in_segment", operator="in", value=("01a00000-0000-7000-8000-00000000dead",)),
}


@dataclass
class Shop:
    """A store with awkward people, its owner in a browser and its owner's program."""

    people: list[dict[str, Any]]
    visitor: Visitor
    client: Client
    catalogue: Any
    rng: Random

    def trees(self, number: int) -> Iterator[DraftGroup]:
        """Random drafts of valid rules."""
        settings, now = AWKWARD_MOMENTS[0]
        found = 0
        while found < number:
            draft = from_wire(random_tree(self.rng, self.people, now, settings))
            if self.count(to_wire(draft, self.catalogue)) is not None:
                found += 1
                yield draft

    def count(self, rules: dict[str, Any]) -> int | None:
        """How many match, by the API; None for rules that it refuses."""
        answer = self.client.post("/preview", {"rules": rules})
        assert answer.status_code in (200, 422), answer.text
        return int(answer.json["count"]) if answer.status_code == 200 else None

    def alone(self, node: DraftCondition) -> int | None:
        """How many match one condition."""
        return self.count(to_wire(DraftGroup("root", conditions=(node,)), self.catalogue))

    def page(self, draft: DraftGroup) -> Page:
        """The builder with the draft."""
        answer = self.visitor.post("/segments/new", form.write(draft), live=True)
        assert answer.status_code == 200
        return Page(answer.text)


@pytest.fixture
def shop(application: Flask) -> Shop:
    """A shop full of awkward people."""
    rng, (settings, now) = Random(5), AWKWARD_MOMENTS[0]
    with application.app_context():
        people = awkward_people(rng, now=now, store=settings)
        scope = settle(people, settings)
        accounts.add_user(EMAIL, PASSWORD, scope.store_id, "owner")
        catalogue, store = scope.catalogue, str(scope.store_id)
        db.session.remove()
    http = application.test_client()
    visitor = Visitor(http, store)
    visitor.sign_in(EMAIL)
    return Shop(people, visitor, Client(application.test_client(), sign_in(http, EMAIL)["access_token"], store),
                catalogue, rng)


def shown(page: Page, node: Any) -> int | None:
    """The number beside a node; None where there is none."""
    output = page.one(f"n-{node.id}-count")
    strong = [each for each in page.of_tag("strong") if output in each.above]
    if not strong:
        assert output.text.startswith(NOT_COUNTED)
        return None
    return int(strong[0].text.replace(",", ""))


def counted(draft: DraftGroup) -> Iterator[DraftGroup | DraftCondition]:
    """The nodes that stand on the page with a number: those inside `where` have none."""
    yield draft
    yield from draft.conditions
    for group in draft.groups:
        yield from counted(group)


def broken(shop: Shop, draft: DraftGroup) -> tuple[DraftGroup, set[str]]:
    """The draft with some of its conditions broken, and which."""
    conditions = [node for node in counted(draft) if isinstance(node, DraftCondition)]
    if not conditions:
        return draft, set()
    # One broken `where` at most: its nodes' ids may be there once.
    chosen = shop.rng.sample(conditions, shop.rng.randint(1, len(conditions)))
    ways = shop.rng.sample(list(BREAKS), min(len(chosen), len(BREAKS)))
    for node, way in zip(chosen, ways, strict=False):
        draft = changed(draft, node.id, BREAKS[way])
    return draft, {node.id for node, _ in zip(chosen, ways, strict=False)}


def holds_one_of(group: DraftGroup, wrong: set[str]) -> bool:
    """Whether a group holds something invalid, however deep."""
    return any(node.id in wrong for node in counted(group))


def check_numbers(shop: Shop, draft: DraftGroup, page: Page, wrong: set[str]) -> None:
    """Every condition has the number that it has alone, or none; every group has none if it holds a wrong one."""
    for node in counted(draft):
        if isinstance(node, DraftGroup):
            if holds_one_of(node, wrong):
                assert shown(page, node) is None, (draft, node.id)
            else:
                rules = to_wire(replace(node, id="root"), shop.catalogue)
                assert shown(page, node) == shop.count(rules), (draft, node.id)
        else:
            assert shown(page, node) == (None if node.id in wrong else shop.alone(node)), (draft, node.id)


def check_no_total(page: Page) -> None:
    """Nothing is said of the whole."""
    assert page.one("total").text == NOT_COUNTED
    assert "data-total" not in page.one("total").attributes
    assert page.find("sentence") is None
    assert page.find("difference") is None
    assert page.one("announcement").text == "The rules are not finished."
    assert "match all rules without this" not in page.markup


def test_valid_rules_have_the_numbers_that_the_api_gives(shop: Shop) -> None:
    for draft in shop.trees(15):
        page = shop.page(draft)
        check_numbers(shop, draft, page, set())
        assert page.one("total").get("data-total") == str(shop.count(to_wire(draft, shop.catalogue)))


def test_no_number_includes_what_is_unfinished_or_wrong_and_the_others_are_right(shop: Shop) -> None:
    some, numbered = 0, 0
    for draft in shop.trees(30):
        draft, wrong = broken(shop, draft)
        if not wrong:
            continue
        page = shop.page(draft)
        draft = form.read(MultiDict(page.posted()))
        check_numbers(shop, draft, page, wrong)
        check_no_total(page)
        some += 1
        numbered += any(shown(page, node) is not None for node in counted(draft))
    assert some > 20
    assert numbered > 10


@pytest.mark.parametrize("way", BREAKS)
def test_one_wrong_condition_spoils_the_groups_above_it_and_nothing_else(shop: Shop, way: str) -> None:
    good = DraftCondition("good", "orders_count", "greater_than", ("1",))
    bad = BREAKS[way](DraftCondition("bad"))
    beside = DraftGroup("beside", "OR", conditions=(replace(good, id="b1"), replace(good, id="b2", value=("5",))))
    above = DraftGroup("above", "OR", True, (replace(good, id="a1"),), (DraftGroup("near", conditions=(bad,)),))
    draft = DraftGroup("root", "AND", conditions=(good,), groups=(above, beside))
    page = shop.page(draft)
    check_numbers(shop, draft, page, {"bad"})
    assert [key for key in ("root", "above", "near") if shown(page, DraftGroup(key)) is not None] == []
    assert shown(page, beside) is not None
    check_no_total(page)
    assert page.find("n-bad-hints") is not None or "w-" in page.markup


def test_an_empty_group_spoils_the_groups_above_it(shop: Shop) -> None:
    good = DraftCondition("good", "orders_count", "greater_than", ("1",))
    draft = DraftGroup("root", "OR", conditions=(good,), groups=(DraftGroup("empty"),))
    page = shop.page(draft)
    assert (shown(page, draft), shown(page, good)) == (None, shop.alone(good))
    check_no_total(page)


def test_what_is_switched_off_is_left_out(shop: Shop) -> None:
    """As if it were not there, finished or not; and it has no number of its own."""
    tried = 0
    for draft in shop.trees(15):
        off = {node.id for node in counted(draft) if isinstance(node, DraftCondition) and shop.rng.random() < 0.4}
        for key in off:
            draft = changed(draft, key, lambda node: replace(node, is_off=True))  # type: ignore[type-var]
            if shop.rng.random() < 0.5:
                draft = changed(draft, key, BREAKS["no number"])
        page = shop.page(draft)
        total = shop.count(to_wire(draft, shop.catalogue))
        assert page.one("total").attributes.get("data-total") == (None if total is None else str(total))
        for node in counted(draft):
            if isinstance(node, DraftCondition):
                assert shown(page, node) == (None if node.id in off else shop.alone(node))
        tried += bool(off)
    assert tried > 6


def test_what_is_switched_off_cannot_be_saved_by_accident(shop: Shop) -> None:
    draft = DraftGroup("root", conditions=(
        DraftCondition("on", "orders_count", "greater_than", ("1",)),
        DraftCondition("off", "orders_count", "greater_than", ("2",), is_off=True)))
    answer = shop.visitor.post("/segments/new", [*form.write(draft), ("name", "x"), ("do", "save")])
    assert answer.status_code == 422
    assert shop.client.get("").json == {"segments": []}


def test_nothing_unfinished_is_ever_saved(shop: Shop) -> None:
    for draft in shop.trees(12):
        draft, wrong = broken(shop, draft)
        answer = shop.visitor.post("/segments/new", [*form.write(draft), ("name", "x"), ("do", "save")])
        assert answer.status_code == (422 if wrong else 303)
        assert Page(answer.text).find("unsaved") or not wrong


def test_whatever_stands_in_a_form_a_number_is_shown_for_a_valid_whole_alone(shop: Shop) -> None:
    valid = 0
    for draft in random_drafts(6, 40, hostile=False, depth=2):
        page = shop.page(draft)
        draft = settled(draft, shop.catalogue, MultiDict(form.write(draft)))
        total = shop.count(to_wire(draft, shop.catalogue))
        assert page.one("total").attributes.get("data-total") == (None if total is None else str(total)), draft
        valid += total is not None
        if total is None:
            check_no_total(page)
    assert valid > 2


def test_no_people_are_shown_beside_rules_that_are_not_valid(shop: Shop) -> None:
    for draft in shop.trees(6):
        draft, wrong = broken(shop, draft)
        if wrong:
            answer = shop.visitor.post("/segments/people", form.write(draft), live=True)
            assert answer.status_code == 200
            assert not Page(answer.text).of_tag("li")


def test_the_difference_against_what_is_saved_is_told_for_a_valid_whole_alone(shop: Shop) -> None:
    rules = to_wire(DraftGroup("root", conditions=(DraftCondition("c", "orders_count", "greater_than", ("1",)),)),
                    shop.catalogue)
    made = shop.client.create(rules)
    path = f"/segments/{made['id']}/edit"
    for value, is_valid in (("2", True), ("x", False), ("", False)):
        draft = DraftGroup("root", conditions=(DraftCondition("c", "orders_count", "greater_than", (value,)),))
        page = Page(shop.visitor.post(path, form.write(draft), live=True).text)
        assert (page.find("difference") is not None) is is_valid
        if is_valid:
            expected = shop.count(to_wire(draft, shop.catalogue))
            assert expected is not None
            text = page.one("difference").text
            assert f"−{made['cached_count'] - expected}" in text
            assert "+0" in text
