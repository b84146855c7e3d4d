"""Drafts and JSON: what was typed means what a person meant, and saved rules come through the builder unharmed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from segmentation import json
from segmentation.audience.scope import Scope
from segmentation.extensions import db
from segmentation.pages.builder import form
from segmentation.pages.builder.draft import DraftCondition, DraftGroup, every
from segmentation.pages.builder.settling import settled
from segmentation.pages.builder.wire import from_wire, to_wire, typed
from segmentation.references import StoredSegments
from segmentation.rules import wire
from segmentation.starters import STARTERS
from tests.api.test_hostile import TREE
from tests.conftest import make_store
from tests.oracle.people import AWKWARD_MOMENTS, awkward_people
from tests.oracle.trees import every_field_operator, random_segments, random_tree
from tests.pages.conftest import SQLITE, Visitor, World
from tests.pages.drafts import random_drafts
from tests.pages.markup import Page
from tests.rules.populace import settle

Rules = dict[str, Any]
NUMBERS = {
    "5": 5, "0": 0, "-5": -5, "007": 7, "1234": 1234, "1,234": 1234, "1,234,567": 1_234_567, "-1,234": -1234,
    "12.5": Decimal("12.5"), ".5": Decimal("0.5"), "-.5": Decimal("-0.5"), "1,234.50": Decimal("1234.50"),
    "٥": 5, "١٢٣": 123, "١٬٢٣٤": 1234, "١٬٢٣٤٫٥": Decimal("1234.5"), "٠٫٠٥": Decimal("0.05"), "-٧": -7, "۱۲": 12,
    "１２": 12, "\u22125": -5, "\u2212٥٫٥": Decimal("-5.5"), " 5 ": 5, "1 234": 1234, "1\u00a0234": 1234,
    "1\u202f234.5": Decimal("1234.5"), "1000000000000000": 10**15, "9" * 40: int("9" * 40),
    "0." + "0" * 37 + "1": Decimal("0." + "0" * 37 + "1"),
}
NO_NUMBERS = (
    "", "x", "five", "5x", "x5", "5 SAR", "$5", "5%", "1,23", "1,2345", "12,34", ",5", "1,234,5", "1.2.3", "1.234,5",
    "--5", "5-", "+5", "1e5", "1E5", "0x10", "0b1", "1_000", "NaN", "nan", "Infinity", "-inf", "²", "½", "Ⅷ", "五",
    "-", ".", "-.", ",", "٫", "٬", "5\x00", "5\n6", "\u200f5", "🙂", "9" * 5_000, "1," + "000," * 20 + "0",
    "true", "None", "[5]",
)


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_read_however_it_is_written(text: str) -> None:
    for kind in ("integer", "decimal", "money", "birthday"):
        found = typed(text, kind)
        assert (found, type(found)) == (NUMBERS[text], type(NUMBERS[text]))


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_stays_the_text_it_is(text: str) -> None:
    """So that the reader says what is wrong with it."""
    for kind in ("integer", "decimal", "money", "birthday"):
        assert typed(text, kind) == text


@pytest.mark.parametrize("kind", ["text", "choice", "tags", "instant", "segment_reference"])
def test_a_text_stays_a_text_even_if_it_looks_like_a_number(kind: str) -> None:
    for text in (*NUMBERS, *NO_NUMBERS, "true", "false"):
        assert typed(text, kind) == text


def test_yes_and_no_are_read_exactly() -> None:
    assert [typed(text, "boolean") for text in ("true", "false", "True", "1", "yes", "")] == [
        True, False, "True", "1", "yes", ""]


@pytest.mark.parametrize("language", ["en", "ar"])
@SQLITE
def test_a_number_that_a_page_shows_can_be_typed_again(app: Flask, language: str) -> None:
    from segmentation.rules.sentences import number_in_words

    rng = Random(1)
    for _ in range(300):
        number = rng.choice((rng.randint(-10**6, 10**15), Decimal(rng.randint(-10**9, 10**9)).scaleb(-3)))
        assert typed(number_in_words(number, language), "money") == number


class Shop:
    """A store with awkward people and segments, whose rules are read as the API reads them."""

    def __init__(self, seed: int, place: int) -> None:
        self.rng = Random(seed)
        self.settings, self.now = AWKWARD_MOMENTS[place]
        self.people = awkward_people(self.rng, now=self.now, store=self.settings)
        self.segments = random_segments(self.rng, self.people, self.now, self.settings)
        self.scope: Scope = settle(self.people, self.settings, self.segments)

    def stored(self, rules: Rules) -> Rules:
        """The JSON that the API would store for these rules, as it is read back."""
        tree = StoredSegments(self.scope, db.session()).check(rules, None)
        return dict(json.loads_stored(json.dumps_text(wire.to_wire(tree))))

    def trees(self, number: int) -> Iterator[Rules]:
        """Valid random trees, stored."""
        for _ in range(number):
            yield self.stored(random_tree(self.rng, self.people, self.now, self.settings, self.segments))


def through_the_builder(rules: Rules, scope: Scope) -> Rules:
    """Rules that are edited, posted as they are, and read again."""
    draft = form.read(MultiDict(form.write(from_wire(rules))))
    return to_wire(settled(draft, scope.catalogue, MultiDict(form.write(draft))), scope.catalogue)




@SQLITE
def test_random_rules_come_through_the_builder_as_the_api_would_store_them(app: Flask) -> None:
    for place in (0, 3):
        shop = Shop(7 + place, place)
        for rules in shop.trees(150):
            assert shop.stored(through_the_builder(rules, shop.scope)) == rules, rules


@SQLITE
def test_every_field_and_operator_comes_through_the_builder(app: Flask) -> None:
    shop = Shop(8, 0)
    for rules in every_field_operator():
        kept = shop.stored(rules)
        assert shop.stored(through_the_builder(kept, shop.scope)) == kept, rules


@SQLITE
def test_any_number_that_the_api_takes_comes_through_the_builder(app: Flask) -> None:
    """Python writes small decimals with an exponent, which is no number that a person types."""
    scope = Scope.of(make_store(), "owner", None)
    numbers = ("0.0000001", "-0.0000000001", "0.00000000000000000001", "1e3", "1.50", "1e-7", "0." + "0" * 60 + "1")
    for number in numbers:
        rules = json.loads(b'{"id": "root", "logic": "AND", "conditions": [{"id": "c", "field": "orders_amount",'
                           b' "operator": "greater_than", "value": ' + number.encode() + b"}]}")
        found = through_the_builder(json.loads_stored(json.dumps_text(rules)), scope)["conditions"][0]["value"]
        assert found == Decimal(number), number


@SQLITE
def test_every_starter_comes_through_the_builder(app: Flask) -> None:
    shop = Shop(10, 0)
    for starter in STARTERS.values():
        rules = filled(starter.rules)
        assert shop.stored(through_the_builder(rules, shop.scope)) == shop.stored(rules), starter.name
        assert from_wire(to_wire(from_wire(rules), shop.scope.catalogue)) == from_wire(rules), starter.name


def filled(rules: Rules) -> Rules:
    """A starter's rules with what only the shop knows."""
    conditions = []
    for condition in rules["conditions"]:
        where = {"where": filled(condition["where"])} if "where" in condition else {}
        value = {"value": ["shoes"]} if condition.get("value") == [] else {}
        value = {"value": Decimal("99.5")} if "value" not in condition else value
        conditions.append({**condition, **value, **where})
    return {**rules, "conditions": conditions, "groups": [filled(group) for group in rules["groups"]]}


@SQLITE
def test_what_is_switched_off_is_left_out_with_groups_of_nothing_else(app: Flask) -> None:
    shop = Shop(11, 0)
    off = DraftCondition("off", "city", "equals", ("x",), is_off=True)
    on = DraftCondition("on", "city", "equals", ("x",))
    draft = DraftGroup("root", conditions=(off, on), groups=(
        DraftGroup("all off", conditions=(off,), groups=(DraftGroup("deeper", conditions=(off,)),)),
        DraftGroup("half", conditions=(off, on)), DraftGroup("empty")))
    found = to_wire(draft, shop.scope.catalogue)
    assert [node["id"] for node in found["conditions"]] == ["on"]
    assert [group["id"] for group in found["groups"]] == ["half", "empty"]
    assert [node["id"] for node in found["groups"][0]["conditions"]] == ["on"]


@SQLITE
def test_any_draft_has_a_wire_form_that_the_reader_judges_without_breaking(app: Flask) -> None:
    from segmentation.rules.reading import RulesError

    shop, judged = Shop(12, 0), {True: 0, False: 0}
    for draft in random_drafts(13, 400):
        try:
            StoredSegments(shop.scope, db.session()).check(to_wire(draft, shop.scope.catalogue), None)
            judged[True] += 1
        except RulesError as error:
            judged[not error.problems] += 1
    assert judged[False] > 100


@pytest.mark.parametrize("raw", [
    None, 5, "x", [], {}, {"conditions": None, "groups": None}, {"logic": "XOR", "negate": "yes", "id": 5},
    {"conditions": [{}]}, {"conditions": [{"value": None, "where": None, "unit": None}]}])
def test_stored_rules_that_no_longer_fit_still_make_a_draft(raw: Any) -> None:
    draft = from_wire(raw)
    assert form.read(MultiDict(form.write(draft)))
    assert draft.logic in ("AND", "OR")
    assert len(list(every(draft))) >= 1


@SQLITE
def test_what_the_builder_saves_is_what_the_api_stores(world: World, owner: Visitor) -> None:
    """Down to the last byte, for a tree with everything in it and for each starter."""
    for name, rules in (("tree", TREE), *((key, filled(each.rules)) for key, each in STARTERS.items())):
        asked = world.owner.create(json.loads(json.dumps(rules)), name)
        saved = owner.post("/segments/new", [*form.write(from_wire(asked["rules"])), ("name", name), ("do", "save")])
        assert saved.status_code == 303, Page(saved.text).find("unsaved")
        identifier = saved.headers["Location"].rstrip("/").rsplit("/", 1)[1]
        made = world.owner.get(f"/{identifier}").json
        assert (made["rules"], made["name"], made["cached_count"]) == (asked["rules"], name, asked["cached_count"])


@SQLITE
def test_what_is_opened_to_edit_and_saved_unchanged_stays_at_its_version(world: World, owner: Visitor) -> None:
    made = world.owner.create(TREE, "Name & <b>")
    page = owner.page(f"/segments/{made['id']}/edit")
    assert page.one("builder").get("data-changed") == "false"
    assert owner.post(f"/segments/{made['id']}/edit", [*page.posted(), ("do", "save")]).status_code == 303
    assert world.owner.get(f"/{made['id']}").json == made


