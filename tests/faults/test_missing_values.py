"""Missing values and negation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from tests.faults.conftest import Shop, is_, where

PAIRS: list[tuple[str, Any]] = [
    ("city", "Riyadh"), ("segment", "Champions"), ("gender", "female"), ("accepts_marketing", True), ("cltv", 5),
    ("recency_score", 5), ("orders_count", 1), ("tags", "vip"), ("country", "SA"), ("orders.amount_max", 100),
    ("items.products_count", 1), ("attributes.tier", "gold"),
]


@pytest.fixture
def people(shop: Shop) -> Shop:
    """One who has every value, one who has none, one who has others."""
    shop.client.put("/api/attributes/tier", {"label": "Tier", "kind": "text"})
    shop.person("full", tags=["VIP"], attributes={"tier": "Gold"}, city="Riyadh", gender="female", country="SA",
                accepts_marketing=True)
    shop.order("full", "Shoes")
    shop.person("none")
    shop.person("other", tags=["new"], attributes={"tier": "Iron"}, city="Jeddah", gender="male", country="EG",
                accepts_marketing=False)
    return shop


def test_is_not_keeps_those_without_a_value_and_can_be_told_not_to(people: Shop) -> None:
    """“Is not” and “does not contain” silently dropped everybody without a value."""
    assert people.who(is_("city", "not_equals", "Riyadh")) == {"none", "other"}
    assert people.who(is_("city", "not_contains", "iya")) == {"none", "other"}
    assert people.who(is_("city", "not_equals", "Riyadh", include_empty=False)) == {"other"}


@pytest.mark.parametrize(("field", "value"), PAIRS)
def test_is_and_is_not_make_up_everybody(people: Shop, field: str, value: Any) -> None:
    """Counts of “is” and “is not” did not add up to everybody."""
    yes, no = people.who(is_(field, "equals", value)), people.who(is_(field, "not_equals", value))
    assert (yes | no, yes & no) == ({"full", "none", "other"}, set())


def test_yes_no_and_unset_can_be_combined_at_will(people: Shop) -> None:
    """There was no way to ask for “no or unset”; “no” left out or took in the unset without saying so."""
    single = {"full": is_("accepts_marketing", "equals", True), "other": is_("accepts_marketing", "equals", False),
              "none": is_("accepts_marketing", "is_empty")}
    for size in (1, 2):
        for names in combinations(single, size):
            assert people.who(groups=[where("OR", *(single[name] for name in names))]) == set(names)
    assert people.who(is_("accepts_marketing", "not_equals", True)) == {"other", "none"}


def test_none_of_a_list_takes_in_the_empty_list(people: Shop) -> None:
    """Excluding values of a multi-select lost those who had selected nothing."""
    assert people.who(is_("tags", "not_in", ["vip", "x"])) == {"none", "other"}
    assert people.who(is_("gender", "not_in", ["female"])) == {"none", "other"}


@pytest.mark.parametrize("field", sorted({field for field, _ in PAIRS} - {"orders_count", "items.products_count"}))
def test_every_field_that_can_be_empty_can_be_asked_for_it(people: Shop, field: str) -> None:
    """“Has no stage” could not be asked; several “is not” together gave nobody."""
    empty, filled = people.who(is_(field, "is_empty")), people.who(is_(field, "is_not_empty"))
    assert "none" in empty
    assert (empty | filled, empty & filled) == ({"full", "none", "other"}, set())
    assert people.who(is_("city", "not_equals", "Riyadh"), is_("city", "not_equals", "Jeddah")) == {"none"}


def test_having_no_tags_can_be_asked(people: Shop) -> None:
    """“Tags are empty” gave nobody."""
    assert people.who(is_("tags", "is_empty")) == {"none"}


def test_blank_text_is_no_value(shop: Shop, tmp_path: Any) -> None:
    """Empty text, white space and nothing were three different kinds of empty."""
    path = tmp_path / "customers.csv"
    path.write_text('external_id,city,tags\na,"",\nb,"   ",|\nc,\u00a0,  \nd,Riyadh,x\n', encoding="utf-8")
    result = shop.app.test_cli_runner().invoke(args=["import", "customers", str(path), "--store", str(shop.store)])
    assert result.exit_code == 0, result.output
    assert shop.who(is_("city", "is_empty")) == shop.who(is_("tags", "is_empty")) == {"a", "b", "c"}


def test_a_reference_to_a_segment_can_be_negated(people: Shop) -> None:
    """“Not in cohort” was treated as “in cohort”, and a negated OR as an OR."""
    segment = people.client.create(where("AND", is_("city", "equals", "Riyadh")))["id"]
    assert people.who(is_("in_segment", "not_in", [segment])) == {"none", "other"}
    either = where("OR", is_("in_segment", "in", [segment]), is_("gender", "equals", "male"))
    assert people.who(groups=[{**either, "negate": True}]) == {"none"}


def test_rules_of_negatives_alone_are_fine(people: Shop) -> None:
    """A question of negatives alone (“did not buy for 30 days”) was refused."""
    people.order("other", "Bags", at=datetime.now(UTC) - timedelta(days=3))
    assert people.who(is_("last_order_at", "not_in_last", 30, unit="days")) == {"full", "none"}
    assert people.who(is_("orders.count", "equals", 0, where=where(
        "AND", is_("order.ordered_at", "in_last", 30, unit="days")))) == {"full", "none"}


def test_not_bought_means_that_no_such_order_exists(people: Shop) -> None:
    """“Did not buy X” found those who had bought X and also something else; it lost those who never bought."""
    people.order("full", "Bags")
    people.order("other", "Bags")
    shoes = where("AND", is_("item.category", "equals", "shoes"))
    assert people.who(is_("items.orders_count", "equals", 0, where=shoes)) == {"none", "other"}
    assert people.who(is_("items.orders_count", "greater_than", 0, where=shoes)) == {"full"}
    neither = where("AND", is_("item.category", "in", ["shoes", "gold"]))
    assert people.who(is_("items.orders_count", "equals", 0, where=neither)) == {"none", "other"}


def test_a_question_that_is_always_true_is_pointed_out(people: Shop) -> None:
    """“Not A or not B” matched everybody and nobody said so."""
    rules = {"id": "root", **where("OR", is_("city", "not_equals", "Riyadh", id="a"),
                                   is_("city", "not_equals", "Jeddah", id="b"))}
    found = people.preview(rules, "lint")
    assert found["count"] == 3
    assert {(each["id"], each["code"]) for each in found["lint"]} == {
        ("root", "or_of_negatives"), ("root", "matches_everyone")}
