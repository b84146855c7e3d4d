"""The builder: rules as a form that is posted whole, read, edited, judged, counted and drawn again."""

from __future__ import annotations

from segmentation.pages.builder.routes import blueprint

__all__ = ["blueprint"]
