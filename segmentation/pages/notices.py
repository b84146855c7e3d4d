"""Telling, on the next page, what was done, with a way to undo it where there is one."""

from __future__ import annotations

from typing import Any

from flask import flash

from segmentation.pages.words import say


def tell(text: str, undo: str = "", **values: Any) -> None:
    """Show the text (translated, its gaps filled) on the next page; `undo` is the address that takes it back."""
    flash({"text": say(text, **values).unescape(), "undo": undo})  # type: ignore[arg-type]
