"""Segmentation: finds an online store's customers by rules. `create_app` wires the parts; the parts are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask.json.provider import JSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from segmentation import api, cli, failures, headers, json, logs, models, operations, pages, refusals
from segmentation.config import environment, flask_config, read_settings
from segmentation.extensions import db, jwt, migrate
from segmentation.jobs import worker

__all__ = ["create_app", "models"]
ROOT = Path(__file__).resolve().parent.parent


class _JSON(JSONProvider):
    """Flask's JSON, done by ours."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        return json.dumps_text(obj)

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        return json.loads(s if isinstance(s, bytes) else s.encode())


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The application, configured from `environ` (default: the process environment). Raises ConfigError."""
    app = Flask(__name__, instance_path=str(ROOT / "instance"), static_folder=str(ROOT / "static"),
                template_folder=str(ROOT / "templates"))
    settings = read_settings(environment() if environ is None else environ, Path(app.instance_path))
    if any(app.instance_path in str(settings[name]) for name in ("DATABASE_URL", "QUEUE", "SPOOL_DIR")):
        Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    app.config.update(flask_config(settings))
    app.json = _JSON(app)
    if settings["PROXIES"]:
        hops = settings["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops, hops)  # type: ignore[method-assign]
    logs.init_app(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    jwt.init_app(app)
    headers.init_app(app)
    refusals.init_app(app)
    api.init_app(app)
    pages.init_app(app)
    operations.init_app(app)
    worker.init_app(app)
    failures.init_app(app, api.show_error, pages.show_error)
    cli.init_app(app)
    return app
