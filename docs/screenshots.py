"""Pictures of the demo, for the README: ``make screenshots`` writes them to `docs/images`. Needs a Chromium."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.builder import browser_of, demo_store, sign_in
from benchmarks.preview import free_port, server

IMAGES = Path(__file__).parent / "images"
CUSTOMERS = 5_000
LAPTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
# The file's name: language, colours, screen, the page, and what is pressed before the picture is taken.
PICTURES = {
    "builder-en": ("en", "light", LAPTOP, "/segments/", "Lapsed Loyal Customers"),
    "builder-ar": ("ar", "light", LAPTOP, "/segments/", "Lapsed Loyal Customers"),
    "builder-ar-dark": ("ar", "dark", LAPTOP, "/segments/", "Never Bought Perfumes"),
    "builder-ar-phone": ("ar", "light", PHONE, "/segments/", "Lapsed Loyal Customers"),
    "overview-en": ("en", "light", LAPTOP, "/", ""),
    "overview-ar": ("ar", "light", LAPTOP, "/", ""),
}


def main() -> None:
    """Make the demo, visit it, take the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        environ, store = demo_store(Path(folder), CUSTOMERS)
        port = free_port()
        with server(environ, port), sync_playwright() as playwright:
            browser = browser_of(playwright)
            for name, picture in PICTURES.items():
                _take(browser, f"http://127.0.0.1:{port}", str(store), IMAGES / f"{name}.png", *picture)
            browser.close()


def _take(browser: Any, address: str, store: str, file: Path, language: str, colours: str, screen: dict[str, int],
          path: str, segment: str) -> None:
    context = browser.new_context(locale=language, color_scheme=colours, viewport=screen)
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/stores/{store}{path}")
    if segment:
        address_of_segment = page.get_by_role("link", name=segment, exact=True).get_attribute("href")
        page.goto(f"{address}{address_of_segment}edit")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, full_page=screen is PHONE)
    context.close()


main()
