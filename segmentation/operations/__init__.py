"""What operators look at: health and measurements. They tell of nobody, and no user's sign-in opens them."""

from __future__ import annotations

from flask import Flask

from segmentation.operations import health, measuring


def init_app(app: Flask) -> None:
    """Register the routes."""
    app.register_blueprint(health.blueprint)
    app.register_blueprint(measuring.blueprint)
