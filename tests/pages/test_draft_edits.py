"""What the buttons of the builder do: whatever is pressed on whatever, nothing is lost that was not meant to go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from werkzeug.datastructures import MultiDict

from segmentation.pages.builder import edits, form
from segmentation.pages.builder.draft import DraftCondition, DraftGroup, DraftNode, every, new_condition
from segmentation.pages.builder.history import History, pack, unpack
from tests.pages.conftest import SQLITE, Visitor
from tests.pages.drafts import conditions_of, ids_of, random_draft, random_drafts
from tests.pages.markup import Page

CHANGES_ITS_NODE = {"switch", "add-value", "drop-value", "empty", "where", "remove"}
Edit = tuple[str, str, str]


def pressed(draft: DraftGroup, verb: str, identifier: str, argument: str = "") -> DraftGroup:
    """The draft after a button."""
    return edits.apply(draft, verb, identifier, argument).draft


def everything_pressed(seed: int, number: int) -> Iterator[tuple[DraftGroup, Edit, DraftGroup]]:
    """Random drafts, every verb on every node of them, and what came of it."""
    for draft in random_drafts(seed, number):
        for verb in edits.EDITS:
            for node in every(draft):
                argument = node.value[0] if isinstance(node, DraftCondition) and node.value else "exclude"
                yield draft, (verb, node.id, argument), pressed(draft, verb, node.id, argument)


def subtree(draft: DraftGroup, identifier: str) -> set[str]:
    """The ids of a node and of all inside it."""
    node = found(draft, identifier)
    if isinstance(node, DraftGroup):
        return set(ids_of(node))
    return {identifier} | (set(ids_of(node.where)) if node.where else set())


def found(draft: DraftGroup, identifier: str) -> DraftNode:
    """The node of that id."""
    return next(node for node in every(draft) if node.id == identifier)


def parent(draft: DraftGroup, identifier: str) -> DraftGroup | None:
    """The group that a node is a member of."""
    return next((node for node in every(draft) if isinstance(node, DraftGroup)
                 and identifier in [each.id for each in (*node.conditions, *node.groups)]), None)


def nameless(node: DraftNode | None) -> object:
    """What a node says, whatever ids it and those inside it have."""
    if node is None:
        return None
    if isinstance(node, DraftCondition):
        return replace(node, id="", where=None), nameless(node.where)
    return node.logic, node.negate, [*map(nameless, node.conditions)], [*map(nameless, node.groups)]


def test_every_edit_yields_a_draft_that_can_be_read_and_whose_ids_are_unique() -> None:
    tried = 0
    for draft, edit, after in everything_pressed(11, 25):
        assert form.read(MultiDict(form.write(after))) == after, (draft, edit)
        assert len(set(ids_of(after))) == len(ids_of(after)), (draft, edit)
        tried += 1
    assert tried > 1_000


def test_no_edit_loses_a_condition_or_a_group_but_one_that_removes() -> None:
    for draft, (verb, identifier, argument), after in everything_pressed(12, 30):
        gone = set(ids_of(draft)) - set(ids_of(after))
        is_root = identifier == draft.id
        assert gone == (subtree(draft, identifier) if verb == "remove" and not is_root else set()), (
            draft, verb, identifier, argument)


def test_every_edit_leaves_what_it_is_not_about_as_it_was() -> None:
    for draft, (verb, identifier, _), after in everything_pressed(13, 20):
        own = {identifier} if verb in CHANGES_ITS_NODE else set()
        before, now = conditions_of(draft), conditions_of(after)
        for key in before.keys() & now.keys() - own:
            assert replace(now[key], where=None) == replace(before[key], where=None), (draft, verb, identifier)
        for node in every(draft):
            if isinstance(node, DraftGroup) and node.id in set(ids_of(after)):
                kept = found(after, node.id)
                assert isinstance(kept, DraftGroup)
                assert (kept.logic, kept.negate) == (node.logic, node.negate), (draft, verb, identifier)


def test_what_is_about_a_node_that_is_gone_changes_nothing() -> None:
    for draft in random_drafts(14, 20):
        for verb in (*edits.EDITS, "gone", "", "save", "undo"):
            assert pressed(draft, verb, "never was", "x") == draft
        for verb in ("gone", "", "update"):
            assert pressed(draft, verb, draft.id) == draft


def test_removing_takes_exactly_that_subtree() -> None:
    for draft in random_drafts(15, 60):
        for node in list(every(draft))[1:]:
            left = [key for key in ids_of(draft) if key not in subtree(draft, node.id)]
            assert ids_of(pressed(draft, "remove", node.id)) == left


def test_duplicating_adds_exactly_one_subtree_with_new_ids_behind_its_like() -> None:
    for draft in random_drafts(16, 60):
        for node in every(draft):
            holder, after = parent(draft, node.id), pressed(draft, "duplicate", node.id)
            if holder is None:
                assert after == draft
                continue
            grown = found(after, holder.id)
            assert isinstance(grown, DraftGroup)
            kind = "conditions" if isinstance(node, DraftCondition) else "groups"
            old, new = getattr(holder, kind), getattr(grown, kind)
            place = old.index(node)
            assert (new[:place + 1], new[place + 2:]) == (old[:place + 1], old[place + 1:])
            assert nameless(new[place + 1]) == nameless(node)
            assert len(set(ids_of(after)) - set(ids_of(draft))) == len(subtree(draft, node.id))


def test_moving_up_and_down_again_returns_where_one_was() -> None:
    moved = 0
    for draft in random_drafts(17, 150):
        for node in every(draft):
            holder = parent(draft, node.id)
            if holder is None:
                continue
            siblings = holder.conditions if isinstance(node, DraftCondition) else holder.groups
            place = [each.id for each in siblings].index(node.id)
            if place > 0:
                assert pressed(pressed(draft, "up", node.id), "down", node.id) == draft
            if place < len(siblings) - 1:
                assert pressed(pressed(draft, "down", node.id), "up", node.id) == draft
            moved += len(siblings) > 1
    assert moved > 200


def test_a_condition_moves_down_into_the_first_group_and_up_out_of_it_again() -> None:
    for draft in random_drafts(18, 150):
        for node in every(draft):
            if isinstance(node, DraftGroup) and node.conditions and node.groups:
                last = node.conditions[-1]
                inside = pressed(draft, "down", last.id)
                target = found(inside, node.groups[0].id)
                assert isinstance(target, DraftGroup)
                assert target.conditions[0] == last
                assert pressed(inside, "up", last.id) == draft


@pytest.mark.parametrize(("verb", "is_forward"), [("up", False), ("down", True)])
def test_up_never_moves_a_node_down_the_page_nor_down_up(verb: str, is_forward: bool) -> None:
    for draft in random_drafts(19, 200):
        for node in list(every(draft))[1:]:
            before, after = ids_of(draft), ids_of(pressed(draft, verb, node.id))
            way = after.index(node.id) - before.index(node.id)
            assert way >= 0 if is_forward else way <= 0, (verb, node.id, draft)


def test_wrapping_puts_a_condition_alone_into_a_group_of_the_other_logic() -> None:
    for draft in random_drafts(20, 60):
        for key, node in conditions_of(draft).items():
            after = pressed(draft, "wrap", key)
            outer, inner = parent(draft, key), parent(after, key)
            assert outer is not None
            assert inner is not None
            assert (inner.conditions, inner.groups, inner.negate) == ((node,), (), False)
            assert inner.logic != outer.logic
            assert pressed(pressed(after, "out", key), "remove", inner.id) == pressed(
                _to_the_end(draft, outer, node), "", "")


def _to_the_end(draft: DraftGroup, outer: DraftGroup, node: DraftCondition) -> DraftGroup:
    """The draft with a condition behind those beside it."""
    for _ in range(len(outer.conditions) - 1 - outer.conditions.index(node)):
        draft = pressed(draft, "down", node.id)
    return draft


def test_switching_twice_returns_where_one_was() -> None:
    for draft in random_drafts(21, 60):
        for key, node in conditions_of(draft).items():
            once = pressed(draft, "switch", key)
            assert conditions_of(once)[key].is_off != node.is_off
            assert pressed(once, "switch", key) == draft


def test_what_is_typed_into_a_list_becomes_values_of_it_each_once() -> None:
    node = DraftCondition("c", "tags", "in", ("a", "b"), adding="  c \n\nb\r\n d\u2028e ")
    after = conditions_of(pressed(DraftGroup("r", conditions=(node,)), "add-value", "c"))["c"]
    assert (after.value, after.adding) == (("a", "b", "c", "d", "e"), "")


def test_undo_after_any_edit_gives_exactly_the_draft_before_and_redo_the_one_after() -> None:
    for draft, edit, after in everything_pressed(22, 12):
        remembered = unpack(pack(History().then(draft, after)))
        if after == draft:
            assert remembered == History()
            continue
        back, remembered = remembered.undo(after)
        assert back == draft, edit
        assert unpack(pack(remembered)).redo(back)[0] == after, edit


def test_many_edits_are_undone_one_by_one_to_the_start_and_done_again_to_the_end() -> None:
    rng = Random(23)
    for _ in range(20):
        drafts, remembered = [random_draft(rng, depth=2)], History()
        for _ in range(30):
            node = rng.choice(list(every(drafts[-1])))
            after = pressed(drafts[-1], rng.choice([verb for verb in edits.EDITS if verb != "duplicate"]), node.id, "x")
            remembered = remembered.then(drafts[-1], after)
            drafts += [after] if after != drafts[-1] else []
        now = drafts[-1]
        for expected in reversed(drafts[:-1]):
            now, remembered = remembered.undo(now)
            assert now == expected
        assert not remembered.past
        for expected in drafts[1:]:
            now, remembered = remembered.redo(now)
            assert now == expected
        assert not remembered.future


@pytest.mark.parametrize("verb", ["wrap", "add-group", "where"])
def test_however_often_one_nests_the_form_can_still_be_read(verb: str) -> None:
    """What is too deep is said by the rules' own limits; the form must not be lost over it."""
    draft = DraftGroup("root", conditions=(new_condition(),))
    for _ in range(60):
        innermost = list(every(draft))[-1]
        if verb == "add-group":
            holder = parent(draft, innermost.id)
            assert holder is not None
            innermost = holder
        draft = pressed(draft, verb, innermost.id)
        assert form.read(MultiDict(form.write(draft))) == draft


def test_however_often_one_duplicates_the_form_can_still_be_read() -> None:
    group = DraftGroup("g", conditions=tuple(DraftCondition(f"c{n}") for n in range(200)))
    draft = DraftGroup("root", groups=(group,))
    for _ in range(8):
        draft = pressed(draft, "duplicate", "g")
        assert form.read(MultiDict(form.write(draft))) == draft


@pytest.mark.parametrize("identifier", ["a=b", "a:b", "a.value", "=", "/c", "<b>", '"', "🙂", "%00", "a b", "+"])
@SQLITE
def test_a_button_is_about_the_node_whose_id_it_has(owner: Visitor, identifier: str) -> None:
    """The API takes any text for an id; the buttons of the page must still find it, and nothing else."""
    draft = DraftGroup("root", conditions=(
        DraftCondition(identifier, "city", "equals", ("Riyadh",)), DraftCondition("a", "city", "equals", ("Jeddah",)),
        DraftCondition("b", "city", "equals", ("Abha",))))
    page = Page(owner.post("/segments/new", form.write(draft)).text)
    row = next(each for each in page.of_tag("fieldset") if each.get("data-node") == identifier)
    button = next(each for each in page.of_tag("button") if row in each.above
                  and each.get("value").startswith("remove:"))
    answer = owner.post("/segments/new", [*page.posted(), ("do", button.get("value"))])
    after = form.read(MultiDict(Page(answer.text).posted()))
    assert [node.id for node in after.conditions] == ["a", "b"]


@pytest.mark.parametrize("live", [True, False])
@SQLITE
def test_every_button_of_a_page_can_be_pressed_and_undone(owner: Visitor, live: bool) -> None:
    """Through the pages themselves: what Undo brings back is what was drawn before the button was pressed."""
    rng, pressed_buttons = Random(24), 0
    for draft in random_drafts(24, 4, hostile=False):
        page = settled_page(owner, draft, live)
        buttons = [each.get("value") for each in page.of_tag("button") if each.get("name") == "do"
                   and ":" in each.get("value")]
        for button in rng.sample(buttons, min(6, len(buttons))):
            after = asked(owner, page, button, live)
            if drawn(after) == drawn(page):
                continue
            assert drawn(asked(owner, after, "undo", live)) == drawn(page), button
            pressed_buttons += 1
    assert pressed_buttons > 8


def settled_page(visitor: Visitor, draft: DraftGroup, live: bool) -> Page:
    """The page of a draft, once everything in it fits; nothing to undo yet."""
    page = Page(visitor.post("/segments/new", form.write(draft), live=live).text)
    fields = [(name, value) for name, value in page.posted() if name not in ("history", "drawn")]
    return Page(visitor.post("/segments/new", fields, live=live).text)


def asked(visitor: Visitor, page: Page, button: str, live: bool) -> Page:
    """The page after a button of it."""
    answer = visitor.post("/segments/new", [*page.posted(), ("do", button)], live=live)
    assert answer.status_code == 200
    return Page(answer.text)


def drawn(page: Page) -> DraftGroup:
    """The draft that a page shows."""
    return form.read(MultiDict(page.posted()))

