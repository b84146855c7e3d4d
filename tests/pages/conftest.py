"""Visitors of the stores that the API's tests know: browsers without a screen, which keep cookies and post forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.api.conftest import PASSWORD, World, world
from tests.pages.markup import Page

__all__ = ["PASSWORD", "SQLITE", "Visitor", "World", "world"]
# For tests of what no engine bears on.
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COOKIE = "segmentation"
LIVE = {"HX-Request": "true"}
Fields = list[tuple[str, str]] | dict[str, str]


@dataclass
class Visitor:
    """Somebody with a browser. Paths are below their store's, unless they are given whole with `at`."""

    http: FlaskClient
    store: str

    @property
    def token(self) -> str:
        """The token in the browser's cookie; empty for whoever is not signed in."""
        found = self.http.get_cookie(COOKIE)
        return found.value if found else ""

    @property
    def csrf(self) -> str:
        """What the forms of this visitor's pages carry."""
        try:
            return str(jwt.decode(self.token, options={"verify_signature": False})["csrf"])
        except jwt.PyJWTError:
            return ""

    def carrying(self, token: str) -> Visitor:
        """Have the browser carry another token."""
        self.http.set_cookie(COOKIE, token)
        return self

    def sign_in(self, email: str, **fields: str) -> TestResponse:
        """Post the form of the sign-in page."""
        return self.http.post("/sign-in", data={"email": email, "password": PASSWORD, **fields})

    def get(self, path: str = "/", *, at: str = "", live: bool = False, **options: Any) -> TestResponse:
        """Open a page."""
        return self.http.get(at or f"/stores/{self.store}{path}", headers=LIVE if live else {}, **options)

    def post(self, path: str = "", fields: Fields | None = None, *, at: str = "", csrf: str | None = None,
             live: bool = False, **options: Any) -> TestResponse:
        """Post a form; `csrf` takes the place of what our own form carries."""
        pairs = list(fields.items()) if isinstance(fields, dict) else list(fields or ())
        pairs.append(("csrf_token", self.csrf if csrf is None else csrf))
        headers = {**(LIVE if live else {}), **options.pop("headers", {})}
        return self.http.post(at or f"/stores/{self.store}{path}", data=MultiDict(pairs), headers=headers, **options)

    def page(self, path: str = "/", **options: Any) -> Page:
        """A page that can be shown."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        return Page(answer.text)


@pytest.fixture
def visit(world: World) -> Callable[..., Visitor]:
    """Makes visitors: `visit("owner@a.example")` is signed in, `visit()` is nobody; each has a browser of its own."""

    def visitor(email: str = "", store: str = "a", language: str = "en") -> Visitor:
        found = Visitor(world.app.test_client(), str(getattr(world, store)))
        found.http.set_cookie("language", language)
        if email:
            assert found.sign_in(email).status_code == 303
        return found

    return visitor


@pytest.fixture
def owner(visit: Callable[..., Visitor]) -> Visitor:
    """The owner of store A."""
    return visit("owner@a.example")
