"""A shop full of people, served on loopback, and visitors with real browsers.

Needs playwright and a Chromium of the system; without either these tests are skipped and say so. Every visitor's page
is watched: a breach of the content security policy, an error in a script or a failed request fails the test.
"""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from segmentation import accounts
from segmentation.commands import demo
from segmentation.extensions import db
from segmentation.models.types import utc_now
from segmentation.translations import translate
from tests.conftest import make_app

PASSWORD = "a long enough password"
OWNER, EDITOR, VIEWER = "owner@shop.example", "editor@shop.example", "viewer@shop.example"
CUSTOMERS = 600
BREACHES = """
window.breaches = [];
document.addEventListener('securitypolicyviolation', (event) => window.breaches.push(
    `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
AT_REST = "() => document.readyState === 'complete' && !document.querySelector('.htmx-request')"
playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


def chromium() -> str | None:
    """The path of the system's Chromium."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass
class Shop:
    """The demo store, served at `address`; its pages are below `pages`."""

    app: Flask
    address: str
    store_id: uuid.UUID

    @property
    def pages(self) -> str:
        return f"{self.address}/stores/{self.store_id}"


@dataclass
class Visitor:
    """Somebody with a browser, in one language."""

    shop: Shop
    page: Any
    language: str
    complaints: list[str] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)

    def says(self, text: str, **values: Any) -> str:
        """How the pages say a text to this visitor."""
        said = translate(text, self.language)
        return said.format(**values) if values else said

    def sign_in(self, email: str = OWNER) -> Visitor:
        """Sign in, as people do."""
        self.page.goto(f"{self.shop.address}/sign-in")
        self.page.fill("#email", email)
        self.page.fill("#password", PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name=self.says("Sign in")).click()
        self.page.wait_for_url("**/stores/**")
        return self

    def open(self, path: str = "/") -> Visitor:
        """Open a page of the store and let it come to rest."""
        return self.go(self.shop.pages + path)

    def go(self, address: str) -> Visitor:
        """Go to an address and let what is there come to rest."""
        self.page.goto(address)
        return self.rest()

    def rest(self) -> Visitor:
        """Wait until the page is there and all it asked for afterwards is answered.

        That the network is idle says the same, half a second later.
        """
        self.page.wait_for_function(AT_REST)
        return self


@pytest.fixture(scope="session")
def full_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, uuid.UUID]:
    """A database with the demo store and its people, and the store's id."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(sqlite_template, folder / "shop.db")
    app = make_app(f"sqlite:///{folder / 'shop.db'}", folder)
    with app.app_context():
        store_id = accounts.create_store(demo.STORE)
        for email, role in ((OWNER, "owner"), (EDITOR, "editor"), (VIEWER, "viewer")):
            accounts.add_user(email, PASSWORD, store_id, role)
        demo.fill(store_id, CUSTOMERS, utc_now().date())
        db.session.remove()
        db.engine.dispose()
    return folder / "shop.db", store_id


@pytest.fixture
def shop(full_database: tuple[Path, uuid.UUID], tmp_path: Path) -> Iterator[Shop]:
    """A fresh copy of the shop, served."""
    template, store_id = full_database
    shutil.copy(template, tmp_path / "shop.db")
    with served(make_app(f"sqlite:///{tmp_path / 'shop.db'}", tmp_path)) as (app, address):
        yield Shop(app, address, store_id)


class served:
    """An application, answering on loopback from threads of its own."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __enter__(self) -> tuple[Flask, str]:
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self.app, f"http://127.0.0.1:{self.server.port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        with self.app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium."""
    path = chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, shop: Shop) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visit(language="ar", scheme="dark", width=390, js=False)`."""
    made: list[Visitor] = []
    contexts: list[Any] = []

    def visitor(language: str = "en", scheme: str = "light", width: int = 1280, height: int = 900,
                js: bool = True, at: Shop = shop) -> Visitor:
        context = browser.new_context(
            locale=language, color_scheme=scheme, viewport={"width": width, "height": height}, java_script_enabled=js)
        contexts.append(context)
        context.set_default_timeout(10_000)
        if js:
            context.add_init_script(BREACHES)
        found = Visitor(at, context.new_page(), language)
        _watch(found)
        made.append(found)
        return found

    yield visitor
    for each in made:
        complaints = [text for text in each.complaints if not any(part in text for part in each.allowed)]
        assert complaints == []
    for context in contexts:
        context.close()


def _watch(visitor: Visitor) -> None:
    page, complaints = visitor.page, visitor.complaints

    def told(message: Any) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            complaints.append(f"console: {message.text}")

    def asked(dialog: Any) -> None:
        # A page that is left with unsaved changes asks; nothing else may.
        if dialog.type != "beforeunload":
            complaints.append(f"a dialog opened: {dialog.message}")
        dialog.accept()

    page.on("dialog", asked)
    page.on("console", told)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("response", lambda response: complaints.append(f"{response.status} {response.url}")
            if response.status >= 500 else None)


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest) -> str:
    """Each language."""
    return str(request.param)
