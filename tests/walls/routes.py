"""What every route needs, for the matrix: the least role, and a request that is taken from whoever has it.

The routes are read from the application. Roles come from where the tests of each face declare them; `SENT` adds what
must be sent. A route that nobody declared fails `role_of` with the line to add.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from flask import Flask

from tests.api import test_access as api
from tests.api.conftest import PASSWORD
from tests.pages import test_access as pages
from tests.walls.stores import RULES, Things

Route = tuple[str, str]
EVERYBODY, SIGNED_IN = "everybody", "signed in"
EDITORS = {
    ("POST", "/api/segmentation"), ("PUT", "/api/segmentation/<uuid:segment_id>"),
    ("DELETE", "/api/segmentation/<uuid:segment_id>"), ("POST", "/api/segmentation/<uuid:segment_id>/restore"),
    ("POST", "/api/segmentation/<uuid:segment_id>/duplicate"), ("POST", "/api/segmentation/<uuid:segment_id>/refresh"),
    ("GET", "/api/segmentation/<uuid:segment_id>/export"), ("POST", "/api/imports"),
    ("DELETE", "/api/jobs/<uuid:job_id>"), ("GET", "/api/jobs/<uuid:job_id>/file"),
    ("GET", "/api/jobs/<uuid:job_id>/rejected"), ("PUT", "/api/customers"), ("PUT", "/api/orders"),
}
FORM = {"node": "/g", "key": "tier", "label": "Tier", "kind": "text", "column-0": "external_id"}
BODIES: dict[Route, Any] = {
    **api.BODIES, ("POST", "/api/segmentation"): {"name": "n", "rules": RULES},
    ("POST", "/api/segmentation/preview"): {"rules": RULES},
    ("POST", "/api/auth/token"): {"email": "nobody@a.example", "password": "wrong"},
    ("POST", "/api/stores"): {"name": "n", "timezone": "Asia/Riyadh", "currency": "SAR"},
    ("PUT", "/api/auth/password"): {"current_password": PASSWORD, "new_password": "aaaaaaaaaaaa"},  # too easy
}
# Routes that name a job need one of this kind and state; any other takes a finished export.
JOBS: dict[str, tuple[str, str]] = {
    "/api/jobs/<uuid:job_id>/rejected": ("import_orders", "done"),
    f"{pages.JOB}/rejected": ("import_orders", "done"),
    f"{pages.JOB}/cancel": ("refresh", "queued"),
}
FOR_MACHINES = {"/health/live", "/health/ready", "/metrics"}
# What ends a sign-in of whoever asks, or their part in the store.
ENDS_THE_SIGN_IN = {"/api/auth/logout", "/sign-out", "/api/auth/sessions", "/account/sign-ins/end-others",
                    "/stores/<uuid:store_id>/people/leave"}


@dataclass(frozen=True)
class Asked:
    """One route and the things that a request to it names."""

    method: str
    rule: str

    @property
    def is_page(self) -> bool:
        return not self.rule.startswith("/api")

    @property
    def is_of_store(self) -> bool:
        """Whether it is asked of one store."""
        return role_of(self.method, self.rule) not in (EVERYBODY, SIGNED_IN)

    @property
    def names_a_thing(self) -> bool:
        """Whether its path names anything besides the store that another store could have."""
        return any(name in self.rule for name in ("segment_id", "customer_id", "job_id", "upload_id", "user_id",
                                                  "invite_id", "token_id"))

    def request(self, at: Things) -> tuple[str, dict[str, Any]]:
        """The address and what is sent."""
        path, options = at.path(self.rule), {}
        if not self.is_page and self.is_of_store:
            path += f"?store_id={at.store_id}"
        if self.rule.endswith("/explain"):
            path += f"&customer_id={at.customer_id}"
        if self.rule.endswith("/suggestions"):
            path += "?field=last_name&x.value="
        if self.method in ("POST", "PUT"):
            options = self._body()
        return path, options

    def _body(self) -> dict[str, Any]:
        if self.rule.endswith("/imports") or self.rule.endswith("/imports/"):
            return {"data": {"kind": "customers", "file": (io.BytesIO(b"external_id\n1\n"), "a.csv")}}
        if self.is_page:
            return {"data": dict(FORM)}
        return {"json": BODIES.get((self.method, self.rule), {})}


def all_routes(app: Flask) -> list[Asked]:
    """Every route of the application but the files of pages, those that take things away last."""
    found = [Asked(method, rule.rule) for rule in app.url_map.iter_rules() if rule.endpoint != "static"
             for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return sorted(found, key=lambda each: (each.method == "DELETE", each.rule.endswith(("forget", "erase"))))


def role_of(method: str, rule: str) -> str:
    """The least role that gets an answer. Raises LookupError for a route that no declaration names."""
    route = method, rule
    if rule in api.OPEN_TO_ALL | FOR_MACHINES or pages.PAGES.get(route, ("", 0))[0] == pages.ALL:
        return EVERYBODY
    if rule in api.OF_NO_STORE or pages.PAGES.get(route, ("", 0))[0] == pages.MEMBERS:
        return SIGNED_IN
    for role, declared in (("viewer", api.FOR_VIEWERS), ("editor", EDITORS), ("owner", api.FOR_OWNERS)):
        if route in declared:
            return role
    if route in pages.PAGES:
        return pages.PAGES[route][0]
    raise LookupError(f"{method} {rule} is declared nowhere. Who may have it? Add it to FOR_VIEWERS or FOR_OWNERS of "
                      "tests/api/test_access.py, EDITORS of tests/walls/routes.py, or PAGES of "
                      "tests/pages/test_access.py; and what must be sent to BODIES.")
