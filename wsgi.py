"""The WSGI entry point: ``gunicorn wsgi:app`` and ``flask --app wsgi …``."""

from segmentation import create_app, logs
from segmentation.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    raise SystemExit(f"Cannot start: {error}") from None
logs.take_over_process()
