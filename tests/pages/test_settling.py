"""After a choice every row fits its field: it has a comparison that the field offers, and inputs that it takes."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from segmentation.audience.scope import Scope
from segmentation.models import Store
from segmentation.pages.builder import form
from segmentation.pages.builder.draft import DraftCondition, DraftGroup
from segmentation.pages.builder.settling import first_operator, settled
from segmentation.rules import operators
from tests.pages.drafts import conditions_of, ids_of, random_drafts

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def scope(app: Flask, store: Store) -> Scope:
    """The owner's scope."""
    return Scope.of(store, "owner", None)


def settle(draft: DraftGroup, scope: Scope, **was: str) -> DraftGroup:
    """The draft, settled; `was` are the fields that rows had when the page was made."""
    pairs = [*form.write(draft), *((f"{key}.was", field) for key, field in was.items())]
    return settled(draft, scope.catalogue, MultiDict(pairs))


def row(field: str, operator: str = "", **more: object) -> DraftGroup:
    """A draft of one row."""
    return DraftGroup("root", conditions=(replace(DraftCondition("c", field, operator), **more),))


def one(draft: DraftGroup) -> DraftCondition:
    """The row of such a draft."""
    return draft.conditions[0]


def test_every_row_with_a_field_gets_a_comparison_that_the_field_offers(scope: Scope) -> None:
    for draft in random_drafts(1, 300):
        after = settle(draft, scope)
        assert ids_of(after) == ids_of(draft)
        for node in after.conditions:
            field = scope.catalogue.get(node.field)
            assert field is None or operators.find(field.kind.name, node.operator), node


def test_what_is_settled_stays_settled(scope: Scope) -> None:
    for draft in random_drafts(2, 300):
        once = settle(draft, scope)
        assert settle(once, scope) == once


def test_what_has_no_known_field_is_left_alone(scope: Scope) -> None:
    for draft in random_drafts(3, 200):
        before, after = conditions_of(draft), conditions_of(settle(draft, scope))
        for key, node in before.items():
            if node.field in ("", "gone"):
                assert replace(after[key], where=None) == replace(node, where=None)


def test_every_field_starts_with_a_comparison_of_its_own(scope: Scope) -> None:
    rows = [field for fields in scope.catalogue.rows.values() for field in fields.values()]
    for field in (*scope.catalogue, *rows):
        assert operators.find(field.kind.name, first_operator(field)), field.key


def test_another_field_of_another_kind_takes_nothing_along(scope: Scope) -> None:
    draft = row("city", "contains", value=("Riyadh",), value2="x", adding="y", include_empty=False)
    assert one(settle(draft, scope, c="last_order_at")) == DraftCondition("c", "city", "contains")
    assert one(settle(draft, scope, c="")) == DraftCondition("c", "city", "contains")


def test_another_field_of_the_same_kind_keeps_what_was_typed(scope: Scope) -> None:
    draft = row("city", "equals", value=("Riyadh",), include_empty=False)
    assert settle(draft, scope, c="region") == draft
    assert settle(draft, scope, c="city") == draft


def test_another_list_of_choices_takes_no_values_along(scope: Scope) -> None:
    """A gender is no country, though both are choices."""
    after = one(settle(row("country", "in", value=("male",)), scope, c="gender"))
    assert after.value == ()


def test_orders_of_another_sort_lose_their_where_and_those_of_the_same_keep_it(scope: Scope) -> None:
    where = DraftGroup("w", conditions=(DraftCondition("i", "order.city", "equals", ("x",)),))
    draft = row("orders.count", "equals", value=("1",), where=where)
    assert one(settle(draft, scope, c="orders.amount_sum")).where == where
    assert one(settle(draft, scope, c="items.orders_count")).where is None


def test_a_unit_that_the_comparison_does_not_have_becomes_one_that_it_has(scope: Scope) -> None:
    for field in scope.catalogue:
        for name, _, operator, _ in operators.of_kind(field.kind.name):
            for unit in ("", "eons", *operator.units):
                after = one(settle(row(field.key, name, unit=unit), scope))
                if operator.units:
                    assert after.unit in operator.units
                    assert after.unit == unit or unit not in operator.units


def test_yes_or_no_is_chosen_from_the_start_because_the_page_shows_one_of_them(scope: Scope) -> None:
    assert one(settle(row("accepts_marketing", "equals"), scope)).value == ("true",)
    assert one(settle(row("accepts_marketing", "equals", value=("false",)), scope)).value == ("false",)


def test_what_the_comparison_does_not_take_is_dropped_as_the_page_has_no_input_for_it(scope: Scope) -> None:
    """Else the next post, in which it is missing, would look like another change, with an Undo of its own."""
    rng = Random(4)
    for field in scope.catalogue:
        for name, _, operator, _ in operators.of_kind(field.kind.name):
            full = row(field.key, name, value=("5", "6"), value2="7", unit=rng.choice(("days", "")), adding="z")
            after, takes = one(settle(full, scope)), operator.takes
            assert len(after.value) <= {"many": 9, "nothing": 0, "period": 0}.get(takes, 1), (field.key, name)
            assert not after.value2 or takes in ("pair", "duration_pair"), (field.key, name)
            assert not after.unit or operator.units, (field.key, name)
            assert not after.adding or takes == "many", (field.key, name)
