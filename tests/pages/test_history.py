"""Undo and redo travel in the form, in the visitor's hands: what is packed comes back, all else is nothing.
"""

from __future__ import annotations

import itertools
import json
import zlib
from base64 import b64decode, b64encode
from random import Random
from time import monotonic
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from segmentation.pages.builder import form, history
from segmentation.pages.builder.draft import DraftCondition, DraftGroup, every
from segmentation.pages.builder.history import LONGEST_PACKED, LONGEST_UNPACKED, MOST, PAUSE, History, pack, unpack
from tests.pages.conftest import SQLITE, Visitor
from tests.pages.drafts import random_drafts
from tests.pages.markup import Page

STATE = [["node", "g:root"], ["root.logic", "AND"], ["node", "/g"]]


def squeezed(plain: bytes) -> str:
    """Bytes, packed as a history is."""
    return b64encode(zlib.compress(plain, 9)).decode()


def packed(value: Any) -> str:
    """A value as JSON, packed as a history is."""
    return squeezed(json.dumps(value).encode())


HOSTILE = {
    "nothing": "",
    "not base64": "?" * 40,
    "base64 with white space": "\n".join(packed([[STATE], [], "", 0])),
    "wide digits": "１２３４",
    "cut short": packed([[STATE], [], "", 0])[:-8],
    "not compressed": b64encode(b"[[], [], \"\", 0]").decode(),
    "a bomb": squeezed(b" " * 40_000_000),
    "a bomb of JSON": squeezed(b"[" + b"[]," * 10_000_000 + b"[]]"),
    "too long": "A" * (LONGEST_PACKED + 4),
    "not JSON": squeezed(b"{"),
    "not UTF-8": squeezed(b"[[], [], \"\xff\", 0]"),
    "UTF-16": squeezed("[[], [], \"\", 0]".encode("utf-16")),
    "deep": squeezed(b"[" * 200_000 + b"]" * 200_000),
    "deep inside": squeezed(b"[[" + b"[" * 90_000 + b"]" * 90_000 + b"], [], \"\", 0]"),
    "a number": packed(5),
    "null": packed(None),
    "a text": packed("abcd"),
    "an object": packed({"a": 1, "b": 2, "c": 3, "d": 4}),
    "three parts": packed([[], [], ""]),
    "five parts": packed([[], [], "", 0, 0]),
    "a past that is a text": packed(["abc", [], "", 0]),
    "a past that is a number": packed([5, [], "", 0]),
    "a past that is an object": packed([{"a": 1}, [], "", 0]),
    "a state that is a text": packed([["node"], [], "", 0]),
    "a state of texts": packed([[["ab", "cd"]], [], "", 0]),
    "a state of triples": packed([[[["node", "g:root", "x"]]], [], "", 0]),
    "a state with numbers": packed([[[["node", 5]]], [], "", 0]),
    "a state that is no form": packed([[[["node", "g:root"]]], [], "", 0]),
    "a state without anything": packed([[[]], [], "", 0]),
    "half a character in a past": squeezed(b'[[[["node","g:root"],["root.x","\\ud800"],["node","/g"]]],[],"",0]'),
    "half a character in a name": squeezed(b'[[[["node","g:root"],["\\udfff","x"],["node","/g"]]],[],"",0]'),
    "half a character in a future": squeezed(b'[[],[[["node","g:root"],["a","\\ud800"],["node","/g"]]],"",0]'),
    "half a character typed": squeezed(b'[[],[],"\\ud800",0]'),
    "typed, a number": packed([[], [], 5, 0]),
    "a time that is a text": packed([[], [], "", "soon"]),
    "a time that is null": packed([[], [], "", None]),
    "a time past all numbers": squeezed(b'[[], [], "", ' + b"9" * 400 + b"]"),
    "a number of 5000 digits": squeezed(b'[[], [], "", ' + b"9" * 5_000 + b"]"),
}


def typed(*values: str, identifier: str = "c") -> DraftGroup:
    """A draft in whose one condition those values stand."""
    return DraftGroup("root", conditions=(DraftCondition(identifier, "city", "equals", values),))


def test_what_is_packed_is_unpacked() -> None:
    for drafts in (list(random_drafts(seed, 6)) for seed in range(40)):
        states = tuple(map(form.write, drafts))
        whole = History(states[:4], states[4:], "a=b", 12.5)
        assert unpack(pack(whole)) == whole


def test_what_is_packed_never_gets_too_long_and_the_newest_is_kept_longest() -> None:
    rng, remembered, now = Random(1), History(), typed("start")
    for step in range(2 * MOST):
        before, now = now, typed("".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(1_500)), str(step))
        remembered = unpack(pack(remembered.then(before, now)))
        assert len(pack(remembered)) <= LONGEST_PACKED
        assert remembered.undo(now)[0] == before
    assert 1 < len(remembered.past) < MOST


def test_a_draft_that_is_too_large_to_be_remembered_is_forgotten_and_nothing_breaks() -> None:
    rng = Random(2)
    large = typed(*("".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(900)) for _ in range(100)))
    assert unpack(pack(History().then(large, typed("x")))) == History()
    assert len(pack(History((), (), "x" * 10 * LONGEST_PACKED))) <= LONGEST_PACKED


def test_no_more_is_remembered_than_can_be_told_apart() -> None:
    remembered = History()
    for step in range(3 * MOST):
        remembered = remembered.then(typed(str(step)), typed(str(step + 1)))
    assert len(unpack(pack(remembered)).past) in (MOST, MOST + 1)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_history_is_no_history(name: str) -> None:
    began = monotonic()
    assert unpack(HOSTILE[name]) == History()
    assert monotonic() - began < 60


def test_no_more_is_unpacked_than_may_be() -> None:
    state = [["node", "g:root"], ["root.x", "x" * (LONGEST_UNPACKED // 2)], ["node", "/g"]]
    assert unpack(packed([[state], [], "", 0])) != History()
    assert unpack(packed([[state, state, state], [], "", 0])) == History()


def test_random_damage_to_a_history_yields_a_history_or_none() -> None:
    rng = Random(3)
    whole = pack(History(tuple(map(form.write, random_drafts(4, 5))), (), "c", 1.0))
    plain = zlib.decompress(b64decode(whole))
    for _ in range(1_500):
        damaged = bytearray(plain)
        for _ in range(rng.randint(1, 5)):
            at = rng.randrange(len(damaged))
            damaged[at:at + rng.randint(0, 4)] = rng.choice((b"", b"[", b"]", b'"', b"\\ud800", b"null",
            b"\xff", b"1e9"))
        found = unpack(squeezed(bytes(damaged)))
        for state in (*found.past, *found.future):
            assert form.write(form.read(MultiDict(state)))
        assert len(pack(found)) <= LONGEST_PACKED


def test_typing_on_in_one_condition_is_one_change_until_one_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(history, "time", lambda: now[0])
    remembered, texts = History(), ("", "R", "Ri", "Riy")
    for before, after in itertools.pairwise(texts):
        remembered = remembered.then_typed(typed(before), typed(after))
        now[0] += PAUSE / 2
    assert len(remembered.past) == 1
    now[0] += PAUSE
    remembered = remembered.then_typed(typed("Riy"), typed("Riya"))
    assert len(remembered.past) == 2
    assert remembered.undo(typed("Riya"))[0] == typed("Riy")


def test_typing_in_another_condition_is_another_change() -> None:
    first, second = DraftCondition("a", "city", "equals", ("x",)), DraftCondition("b", "city", "equals", ("x",))
    other = DraftCondition("a", "city", "equals", ("y",)), DraftCondition("b", "city", "equals", ("y",))
    start = DraftGroup("root", conditions=(first, second))
    middle, end = DraftGroup("root", conditions=(other[0], second)), DraftGroup("root", conditions=other)
    remembered = History().then_typed(start, middle).then_typed(middle, end)
    assert remembered.undo(end)[0] == middle
    assert len(remembered.past) == 2


def test_a_new_edit_forgets_what_was_undone() -> None:
    remembered = History().then(typed("1"), typed("2"))
    _, remembered = remembered.undo(typed("2"))
    assert remembered.future
    assert not remembered.then(typed("1"), typed("3")).future
    assert remembered.then(typed("1"), typed("1")) == remembered


def test_with_nothing_to_undo_or_redo_nothing_changes() -> None:
    for draft in random_drafts(5, 5):
        assert History().undo(draft) == (draft, History())
        assert History().redo(draft) == (draft, History())


def test_every_draft_that_is_remembered_can_be_read() -> None:
    for draft in random_drafts(6, 50):
        found = unpack(pack(History((form.write(draft),))))
        assert [node.id for node in every(form.read(MultiDict(found.past[0])))] == [node.id for node in every(draft)]


@pytest.mark.parametrize("name", ["not base64", "cut short", "not JSON", "deep", "half a character in a past", "null"])
@SQLITE
def test_a_page_with_a_hostile_history_is_drawn_as_without_one(owner: Visitor, name: str) -> None:
    pairs = [*form.write(typed("Riyadh")), ("history", HOSTILE[name]), ("drawn", HOSTILE[name])]
    for button in ("undo", "redo", "update"):
        answer = owner.post("/segments/new", [*pairs, ("do", button)], live=True)
        assert answer.status_code == 200
        page = Page(answer.text)
        assert [page.one(key).attributes.get("disabled") for key in ("undo", "redo")] == ["", ""]


@pytest.mark.parametrize("live", [True, False])
@SQLITE
def test_undo_takes_back_the_last_edit_while_an_input_is_still_empty(owner: Visitor, live: bool) -> None:
    """An empty input is posted as an empty text, the page was drawn with no value; that is no change to undo."""
    page = Page(owner.post("/segments/new", form.write(typed()), live=live).text)
    after = Page(owner.post("/segments/new", [*page.posted(), ("do", "add-condition:root")], live=live).text)
    assert len(after.of_tag("fieldset")) == len(page.of_tag("fieldset")) + 1
    back = Page(owner.post("/segments/new", [*after.posted(), ("do", "undo")], live=live).text)
    assert len(back.of_tag("fieldset")) == len(page.of_tag("fieldset"))


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("path", ["/segments/new", "/segments/new?starter=big-spenders",
 "/segments/new?starter=birthday",
                                  "/segments/new?starter=never-bought", "/segments/new?cell=5-1",
                                  "/segments/new?label=Lost", "/segments/new?starter=lapsed"])
@SQLITE
def test_a_page_that_is_posted_as_it_was_drawn_has_nothing_to_undo(owner: Visitor, path: str, live: bool) -> None:
    page = owner.page(path)
    again = Page(owner.post("/segments/new", [*page.posted(), ("do", "update")], live=live).text)
    assert "disabled" in again.one("undo").attributes


@pytest.mark.parametrize("change", [
    ("c.operator", "is_empty"), ("c.operator", "between"), ("c.field", "orders_count"), ("c.field", "last_order_at"),
    ("c.field", "tags"), ("c.field", "segment"), ("c.value", ""), ("root.logic", "OR"), ("c.operator", "in")])
@pytest.mark.parametrize("live", [True, False])
@SQLITE
def test_one_choice_is_one_step_to_undo(owner: Visitor, change: tuple[str, str], live: bool) -> None:
    """Whatever a choice makes appear or vanish, it is taken back with one press of Undo."""
    first = Page(owner.post("/segments/new", form.write(typed("Riyadh")), live=live).text)
    chosen = [(name, change[1] if name == change[0] else value) for name, value in first.posted()]
    second = Page(owner.post("/segments/new", chosen, live=live).text)
    third = Page(owner.post("/segments/new", [*second.posted(), ("do", "update")], live=live).text)
    back = Page(owner.post("/segments/new", [*third.posted(), ("do", "undo")], live=live).text)
    assert form.read(MultiDict(back.posted())) == form.read(MultiDict(first.posted()))
    assert "disabled" in back.one("undo").attributes
