"""Members: roles are changed and taken away at once, and a store never loses its last owner."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from segmentation import accounts, auth, members
from segmentation.audience.scope import Scope
from segmentation.database import writing
from segmentation.errors import Conflict, DomainError
from segmentation.extensions import db
from segmentation.models import Membership, Store, User
from tests.api.conftest import PASSWORD, World, checked_error
from tests.pages.conftest import Visitor
from tests.people.conftest import at_once, events, id_of

OWNER, EDITOR, VIEWER = "owner@a.example", "editor@a.example", "viewer@a.example"


def test_members_are_listed_owners_first(world: World) -> None:
    listed = world.owner.get("/api/members").json["members"]
    assert [(each["email"], each["role"]) for each in listed] == [
        (OWNER, "owner"), (EDITOR, "editor"), (VIEWER, "viewer")]
    assert listed[0].keys() == {"id", "email", "role", "since", "is_active"}


def test_a_changed_role_holds_at_the_next_request(world: World) -> None:
    editor, url = world.as_user(EDITOR, "a"), f"/api/members/{id_of(world, EDITOR)}"
    editor.create()
    answer = world.owner.put(url, {"role": "viewer"})
    assert (answer.status_code, answer.json["role"]) == (200, "viewer")
    checked_error(editor.post("", {"name": "x", "rules": {"logic": "AND"}}), 403, "forbidden")
    assert world.owner.put(url, {"role": "owner"}).json["role"] == "owner"
    assert editor.get("/api/members").status_code == 200
    set_to = [event.details["role"] for event in events(world, "role_set") if event.user_id is not None]
    assert set_to == ["viewer", "owner"]


def test_the_same_role_again_is_no_event(world: World) -> None:
    before = len(events(world, "role_set"))
    assert world.owner.put(f"/api/members/{id_of(world, EDITOR)}", {"role": "editor"}).status_code == 200
    assert len(events(world, "role_set")) == before


def test_who_is_removed_is_a_stranger_at_the_next_request(world: World) -> None:
    editor = world.as_user(EDITOR, "a")
    assert editor.get().status_code == 200
    assert world.owner.delete(f"/api/members/{id_of(world, EDITOR)}").status_code == 204
    checked_error(editor.get(), 404, "not_found")
    checked_error(world.owner.delete(f"/api/members/{id_of(world, EDITOR)}"), 404, "not_found")
    [event] = events(world, "member_remove")
    assert (str(event.user_id), event.details["member_id"]) == (id_of(world, OWNER), id_of(world, EDITOR))


def test_anybody_may_leave_and_only_themselves(world: World) -> None:
    viewer = world.as_user(VIEWER, "a")
    checked_error(viewer.delete(f"/api/members/{id_of(world, EDITOR)}"), 403, "forbidden")
    checked_error(viewer.delete(f"/api/members/{uuid.uuid4()}"), 403, "forbidden")
    assert viewer.delete(f"/api/members/{id_of(world, VIEWER)}").status_code == 204
    checked_error(viewer.get(), 404, "not_found")
    assert len(events(world, "member_leave")) == 1


def test_the_last_owner_stays(world: World) -> None:
    url = f"/api/members/{id_of(world, OWNER)}"
    checked_error(world.owner.put(url, {"role": "editor"}), 409, "last_owner")
    checked_error(world.owner.delete(url), 409, "last_owner")
    assert world.owner.get("/api/members").status_code == 200


def test_an_owner_who_cannot_sign_in_is_none(world: World) -> None:
    assert world.owner.put(f"/api/members/{id_of(world, EDITOR)}", {"role": "owner"}).status_code == 200
    with world.app.app_context(), writing() as session:
        session.execute(update(User).where(User.email == EDITOR).values(is_active=False))
    checked_error(world.owner.delete(f"/api/members/{id_of(world, OWNER)}"), 409, "last_owner")


@pytest.mark.parametrize("body", [{}, {"role": "admin"}, {"role": None}, {"role": 1}, {"role": ["owner"]},
                                  {"role": "owner", "x": 1}, {"role": "OWNER"}, {"role": {}}])
def test_a_role_that_is_none_is_refused(world: World, body: object) -> None:
    checked_error(world.owner.put(f"/api/members/{id_of(world, EDITOR)}", body), 422)


def test_a_member_of_another_store_is_as_unknown_as_any(world: World) -> None:
    theirs = id_of(world, "owner@b.example")
    answers = [world.owner.open(method, f"/api/members/{user}", json={"role": "viewer"})
               for user in (theirs, uuid.uuid4(), "1") for method in ("PUT", "DELETE")]
    for answer in answers:
        checked_error(answer, 404, "not_found")
    assert len({answer.json["error"]["message"] for answer in answers}) == 1
    assert len(world.as_user("owner@b.example", "b").get("/api/members").json["members"]) == 1


def two_owners(world: World) -> tuple[Scope, Scope]:
    """The scopes of two owners of store A, as two requests of the same moment have them."""
    assert world.owner.put(f"/api/members/{id_of(world, EDITOR)}", {"role": "owner"}).status_code == 200
    with world.app.app_context():
        store = db.session.get_one(Store, world.a)
        found = [Scope.of(store, "owner", uuid.UUID(id_of(world, email))) for email in (OWNER, EDITOR)]
        db.session.remove()
    return found[0], found[1]


@pytest.mark.parametrize("how", ["demote", "remove", "demote themselves", "leave"])
def test_two_owners_at_once_never_leave_a_store_without_one(world: World, how: str) -> None:
    for _ in range(3):
        with world.app.app_context():
            accounts.add_user(OWNER, PASSWORD, world.a, "owner")
            accounts.add_user(EDITOR, PASSWORD, world.a, "editor")
            db.session.remove()
        first, second = two_owners(world)

        def act(scope: Scope, other: Scope) -> Callable[[], object]:
            target = (scope if how in ("demote themselves", "leave") else other).user_id
            assert target is not None
            if how in ("remove", "leave"):
                return lambda: members.remove_member(scope, target)
            return lambda: members.change_role(scope, target, "viewer")

        results = at_once(world.app, [act(first, second), act(second, first)])
        failures = [each for each in results if isinstance(each, Exception)]
        assert len(failures) == 1
        assert isinstance(failures[0], DomainError)
        if how in ("demote themselves", "leave"):
            assert isinstance(failures[0], Conflict)
        with world.app.app_context():
            owners = db.session.scalars(select(Membership.user_id).where(
                Membership.store_id == world.a, Membership.role == "owner")).all()
            db.session.remove()
        assert len(owners) == 1


def test_an_owner_of_a_moment_ago_changes_nothing(world: World) -> None:
    first, second = two_owners(world)
    with world.app.app_context():
        assert second.user_id is not None
        assert first.user_id is not None
        members.change_role(first, second.user_id, "viewer")
        with pytest.raises(DomainError) as error:
            members.remove_member(second, first.user_id)
        assert error.value.status == 403
        members.remove_member(first, second.user_id)
        with pytest.raises(DomainError) as error:
            members.remove_member(second, first.user_id)
        assert error.value.status == 404


def test_the_operator_may_do_what_an_owner_may(world: World) -> None:
    with world.app.app_context():
        scope = auth.operator_scope(world.a)
        members.remove_member(scope, uuid.UUID(id_of(world, EDITOR)))
        assert [each.email for each in members.find_members(scope)] == [OWNER, VIEWER]


def test_the_page_changes_roles_and_removes(world: World, owner: Visitor) -> None:
    editor = id_of(world, EDITOR)
    page = owner.page("/people/")
    assert all(email in page.markup for email in (OWNER, EDITOR, VIEWER))
    assert owner.post(f"/people/{editor}/role", {"role": "viewer"}).status_code == 303
    assert "The role of editor@a.example is changed." in owner.page("/people/").markup
    assert owner.post(f"/people/{editor}/remove").status_code == 303
    assert EDITOR not in owner.page("/people/").markup.split("<main")[1]
    assert owner.post(f"/people/{editor}/remove").status_code == 404


def test_the_page_keeps_the_last_owner_and_says_so(world: World, visit: Callable[..., Visitor]) -> None:
    owner = visit(OWNER, language="ar")
    for path, fields in ((f"/people/{id_of(world, OWNER)}/role", {"role": "viewer"}),
                         (f"/people/{id_of(world, OWNER)}/remove", {})):
        answer = owner.post(path, fields)
        assert answer.status_code == 409
        assert "لا بدّ للمتجر من مالك" in answer.text
    assert owner.post("/people/leave").status_code == 409
    assert owner.get("/people/").status_code == 200


def test_leaving_by_the_page(world: World, visit: Callable[..., Visitor]) -> None:
    viewer = visit(VIEWER)
    assert "/people/leave" in viewer.page("/settings/").markup
    assert viewer.post("/people/leave").status_code == 303
    assert viewer.get("/settings/").status_code == 404
    assert "No store yet" in viewer.get(at="/").text
