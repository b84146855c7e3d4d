"""``python -m benchmarks.builder``: from the last keystroke to the new counts on screen, in a browser.

The store is the demo's, grown large. Needs a Chromium of the system. A folder that is named keeps it for next time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask_migrate import upgrade
from playwright.sync_api import sync_playwright

from benchmarks.preview import free_port, server
from segmentation import accounts, create_app
from segmentation.commands import demo
from segmentation.extensions import db
from segmentation.models.types import utc_now

PASSWORD = "a password for the benchmark"
DEBOUNCE = 150  # milliseconds that the builder waits for more to be typed
# What is typed into: a starter, how the id of its input ends, and texts, none of which is part of another one.
TYPED = {
    "VIPs: number of orders": ("vip", "c1-value-number", ("31", "42", "53", "64", "75", "86", "97", "28", "39", "41")),
    "lapsed: days since the last order": (
        "lapsed", "c2-value-number", ("131", "142", "153", "164", "175", "186", "197", "128", "139", "141")),
    "spent in the last year: amount": (
        "big-spenders", "c1-value-money",
        ("1310", "1420", "1530", "1640", "1750", "1860", "1970", "1280", "1390", "2410")),
}
WAIT = """(text) => new Promise((resolve) => {
    const start = window.typed;
    const look = () => document.querySelector('#sentence')?.innerText.replaceAll(',', '').includes(text);
    const done = () => requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    if (look()) return done();
    new MutationObserver((_, observer) => { if (look()) { observer.disconnect(); done(); } })
        .observe(document.querySelector('main'), {subtree: true, childList: true, characterData: true});
})"""


def main() -> None:
    """Make the store, type, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.builder", description=__doc__)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where the store is kept; a temporary one unless it is named")
    options = parser.parse_args()
    with nullcontext(options.folder) if options.folder else TemporaryDirectory() as folder:
        environ, store = demo_store(Path(folder), options.customers)
        port = free_port()
        with server(environ, port), sync_playwright() as playwright:
            rows = _measured(playwright, f"http://127.0.0.1:{port}", str(store))
    print(f"\n{options.customers} customers, {os.cpu_count()} cores, milliseconds beyond the {DEBOUNCE} of waiting")
    rows["all together"] = [each for times in rows.values() for each in times]
    for name, times in rows.items():
        print(f"{name:<40} median {statistics.median(times):>6.0f}   p95 {_p95(times):>6.0f}   of {len(times)}")


def demo_store(folder: Path, customers: int) -> tuple[dict[str, str], Any]:
    """The demo's store in that folder, made unless it is there: the settings to serve it with, and its id."""
    folder.mkdir(parents=True, exist_ok=True)
    environ = {"SEGMENTATION_SECRET_KEY": "only for the benchmark, thrown away after it 0123456789",
               "SEGMENTATION_DATABASE_URL": f"sqlite:///{folder / 'builder.db'}",
               "SEGMENTATION_SPOOL_DIR": str(folder / "spool"), "SEGMENTATION_LOG_LEVEL": "ERROR"}
    with create_app(environ).app_context():
        upgrade()
        store = accounts.store_of(demo.EMAIL)
        if store is None:
            store = accounts.create_store(demo.STORE)
            accounts.add_user(demo.EMAIL, PASSWORD, store, "owner")
        demo.fill(store, customers, utc_now().date())
        accounts.set_password(demo.EMAIL, PASSWORD)
        db.session.remove()
        db.engine.dispose()
    return environ, store


def browser_of(playwright: Any) -> Any:
    """The system's Chromium."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def sign_in(page: Any, address: str) -> None:
    """Sign in to the demo's store."""
    page.goto(f"{address}/sign-in")
    page.fill("#email", demo.EMAIL)
    page.fill("#password", PASSWORD)
    page.locator("main form button").click()
    page.wait_for_url("**/stores/**")


def _measured(playwright: Any, address: str, store: str) -> dict[str, list[float]]:
    browser = browser_of(playwright)
    page = browser.new_context(locale="en").new_page()
    sign_in(page, address)
    rows = {}
    for name, (starter, ending, texts) in TYPED.items():
        page.goto(f"{address}/stores/{store}/segments/new?starter={starter}")
        page.wait_for_load_state("networkidle")
        page.evaluate("addEventListener('input', () => { window.typed = performance.now(); }, true)")
        rows[name] = [_typed(page, ending, text) for text in (*texts, *reversed(texts))]
    browser.close()
    return rows


def _typed(page: Any, ending: str, text: str) -> float:
    """Milliseconds from the last of the letters to the counts for them, at the pace of a person who types."""
    field = page.locator(f"[id$='{ending}']")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(text, delay=80)
    taken = float(page.evaluate(WAIT, text))
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(200)
    return taken - DEBOUNCE


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    main()
