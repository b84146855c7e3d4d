"""What every template can use, and the language and look that a visitor chose."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup

from segmentation.models.types import from_units
from segmentation.pages import words
from segmentation.tokens import CSRF_FIELD
from segmentation.translations import LANGUAGES, SOURCE

THEMES = ("light", "dark")
RIGHT_TO_LEFT = frozenset({"ar"})
LANGUAGE_NAMES = {"en": "English", "ar": "العربية"}
LANGUAGE_COOKIE, THEME_COOKIE = "language", "theme"


def init_app(app: Flask) -> None:
    """Prepare the templates and every request for them."""
    app.before_request(_choose_language)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    app.jinja_env.globals |= {
        "_": words.say, "_n": words.say_count, "number": words.number, "money": words.money,
        "percent": words.percent, "day": words.day, "moment": words.moment, "ago": words.ago,
        "full_name": words.full_name, "initials": words.initials, "hue": words.hue, "joined": words.joined,
        "comma": words.comma, "lasting": words.lasting, "megabytes": words.megabytes, "asset": asset, "icon": icon,
        "csrf": csrf, "LANGUAGE_NAMES": LANGUAGE_NAMES,
    }
    app.jinja_env.filters |= {"as_day": date.fromisoformat, "as_amount": from_units}
    app.context_processor(_of_visitor)


def asset(path: str) -> str:
    """The address of a static file, which changes with what it holds; looked up once a request."""
    if "assets" not in g:
        g.assets = {}
    if path not in g.assets:
        file = Path(str(current_app.static_folder)) / path
        g.assets[path] = url_for("static", filename=path, v=_digest(file, file.stat().st_mtime_ns))
    return str(g.assets[path])


@lru_cache(maxsize=256)
def _digest(file: Path, _changed: int) -> str:
    return sha256(file.read_bytes()).hexdigest()[:12]


def icon(name: str, turns: bool = False) -> Markup:
    """A picture that says what the words beside it say; one that `turns` points the other way right to left."""
    return _icon(name, turns, asset("icons.svg"))


@lru_cache(maxsize=512)
def _icon(name: str, turns: bool, file: str) -> Markup:
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        " icon-turns" if turns else "", file, name)


def csrf() -> Markup:
    """What a form needs in order to be taken."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, g.get("csrf", ""))


def is_live() -> bool:
    """Whether htmx asks, which wants a part of the page, and not the browser, which wants all of it."""
    return request.headers.get("HX-Request") == "true"


def _choose_language() -> None:
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    g.language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or SOURCE


def _of_visitor() -> dict[str, Any]:
    theme = request.cookies.get(THEME_COOKIE)
    return {
        "language": g.language,
        "other_language": next(each for each in LANGUAGES if each != g.language),
        "direction": "rtl" if g.language in RIGHT_TO_LEFT else "ltr",
        "theme": theme if theme in THEMES else None,
        "scope": g.get("scope"), "caller": g.get("caller"), "stores": g.get("stores", ()),
        "currency": g.scope.settings.currency if "scope" in g else "",
    }
