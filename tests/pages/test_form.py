"""The form and the draft say the same: what one is written as, the other is read from, and nothing else is read."""

from __future__ import annotations

from random import Random

import pytest
from werkzeug.datastructures import MultiDict

from segmentation import limits
from segmentation.errors import Malformed
from segmentation.pages.builder import form
from segmentation.pages.builder.draft import DraftCondition, DraftGroup
from tests.pages.conftest import SQLITE, Visitor
from tests.pages.drafts import random_drafts

MALFORMED = {
    "nothing": [],
    "a condition alone": ["c:1", "/c"],
    "two roots": ["g:1", "/g", "g:2", "/g"],
    "not closed": ["g:1"],
    "never opened": ["/g"],
    "closed twice": ["g:1", "/g", "/g"],
    "closed as another": ["g:1", "c:2", "/g", "/c"],
    "a condition in a condition": ["g:1", "c:2", "c:3", "/c", "/c", "/g"],
    "two wheres": ["g:1", "c:2", "g:3", "/g", "g:4", "/g", "/c", "/g"],
    "an id twice": ["g:1", "c:2", "/c", "c:2", "/c", "/g"],
    "an id of its group": ["g:1", "c:1", "/c", "/g"],
    "no id": ["g:", "/g"],
    "no id at all": ["g", "/g"],
    "an id that is too long": ["g:" + "x" * (limits.ID_LENGTH + 1), "/g"],
    "another word": ["g:1", "x:2", "/x", "/g"],
    "blank": ["g:1", "", "/g"],
    "another case": ["G:1", "/G"],
    "too deep": [f"g:{n}" for n in range(200)] + ["/g"] * 200,
    "too many": ["g:root", *(token for n in range(5_000) for token in (f"c:{n}", "/c")), "/g"],
}


def test_what_is_written_is_read() -> None:
    for draft in random_drafts(1, 400):
        assert form.read(MultiDict(form.write(draft))) == draft


def test_what_was_read_is_written_and_read_again_alike_with_blank_inputs_too() -> None:
    """A browser posts an input that is empty; that must not be another draft than the one that the page was drawn with.
    """
    pairs = [("node", "g:root"), ("node", "c:1"), ("1.field", "city"), ("1.operator", "contains"), ("1.value", ""),
             ("1.value2", ""), ("1.adding", ""), ("node", "/c"), ("node", "/g")]
    draft = form.read(MultiDict(pairs))
    assert form.read(MultiDict(form.write(draft))) == draft


@pytest.mark.parametrize("name", MALFORMED)
def test_what_no_page_of_ours_made_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        form.read(MultiDict([("node", token) for token in MALFORMED[name]]))


@SQLITE
def test_a_malformed_form_is_answered_with_400_by_whatever_takes_one(owner: Visitor) -> None:
    for tokens in MALFORMED.values():
        for path in ("/segments/new", "/segments/people"):
            for live in (True, False):
                answer = owner.post(path, [("node", token) for token in tokens], live=live)
                assert (answer.status_code, answer.mimetype) == (400, "text/html"), tokens


def test_random_sequences_of_nodes_are_read_or_refused() -> None:
    rng, read = Random(2), 0
    tokens = ("g:1", "g:2", "g:3", "c:1", "c:4", "c:5", "/g", "/c", "/g", "/c", "", ":", "g")
    for _ in range(20_000):
        chosen = ["g:root", *rng.choices(tokens, k=rng.randint(0, 8)), "/g"]
        try:
            form.read(MultiDict([("node", token) for token in chosen]))
            read += 1
        except Malformed:
            continue
    assert read > 100


def test_whatever_the_slots_say_a_form_with_right_nodes_is_read() -> None:
    rng = Random(3)
    slots = ("field", "operator", "value", "value2", "unit", "adding", "empty", "off", "logic", "negate", "was", "")
    for _ in range(500):
        pairs = [("node", "g:r"), ("node", "c:1"), ("node", "/c"), ("node", "/g")]
        pairs += [(f"{rng.choice(('r', '1', '2', ''))}.{rng.choice(slots)}", rng.choice(("", "x", "on", "OR", "\x00")))
                  for _ in range(rng.randint(0, 12))]
        draft = form.read(MultiDict(pairs))
        assert [type(node) for node in (draft, *draft.conditions)] == [DraftGroup, DraftCondition]
        assert draft.logic in ("AND", "OR")


def test_a_slot_that_ends_like_another_ones_id_is_its_own() -> None:
    """`a.value` is a slot of `a` and may be the id of another."""
    draft = DraftGroup("r", conditions=(
        DraftCondition("a", "city", "in", ("x", "y")), DraftCondition("a.value", "tags", "equals", ("z",))))
    assert form.read(MultiDict(form.write(draft))) == draft
