"""Every setting of the service: its name, default, meaning and check.

Settings come from the environment as ``SEGMENTATION_<NAME>`` and are read once, at start. A setting that is
unknown, missing or unusable stops the start with a message that names it. Nothing else reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segmentation import limits

PREFIX = "SEGMENTATION_"
THREADS = 8  # of a process that answers requests; gunicorn.conf.py says the same
MINIMUM_SECRET_LENGTH = 32


class ConfigError(Exception):
    """A setting is missing, unknown or unusable; the message names it."""


@dataclass(frozen=True)
class Setting:
    """One setting. ``default`` is None where a value must be given."""

    name: str
    default: str | None
    help: str
    read: Callable[[str], Any] = str


def _secret(text: str) -> str:
    pieces = {text[start:start + 3] for start in range(len(text) - 2)}  # few where something is written again and again
    if len(text) < MINIMUM_SECRET_LENGTH or len(set(text)) < 8 or len(pieces) < MINIMUM_SECRET_LENGTH // 2:
        raise ValueError(f"needs at least {MINIMUM_SECRET_LENGTH} characters that are hard to guess")
    return text


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
        raise ValueError("must begin with sqlite:// or postgresql://")
    return text


def _queue_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "redis://", "rediss://", "postgresql://")):
        raise ValueError("must begin with sqlite:///, redis:// or postgresql://")
    return text


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e9:
        raise ValueError("must be a positive number")
    return number


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def _replica(text: str) -> str:
    if text not in ("", "off") and not text.removeprefix("duckdb:"):
        raise ValueError("names no directory")
    if text not in ("", "off") and not text.startswith("duckdb:"):
        raise ValueError("must be off or duckdb:DIR")
    return text


def _level(text: str) -> str:
    if text not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return text


SETTINGS: tuple[Setting, ...] = (
    Setting("SECRET_KEY", None, "Signs tokens. 32 random characters or more; keep it secret.", _secret),
    Setting("DATABASE_URL", "", "`sqlite:///FILE` or `postgresql://…`",
            lambda text: _database_url(text) if text else ""),
    Setting("QUEUE", "", "Wakes the worker: `sqlite:///FILE`, `redis://…` or `postgresql://…`",
            lambda text: _queue_url(text) if text else ""),
    Setting("SPOOL_DIR", "", "Where files lie: exports, uploads, rejected rows. The web and the worker must share it."),
    Setting("ACCESS_TOKEN_SECONDS", "900", "Life of an access token.", _positive),
    Setting("REFRESH_TOKEN_SECONDS", "2592000", "Life of a sign-in: 30 days.", _positive),
    Setting("PREVIEW_SECONDS", "2", "Deadline of a preview count.", _positive),
    Setting("PAGE_SECONDS", "5", "Deadline of a page of customers.", _positive),
    Setting("REFRESH_SECONDS", "60", "Deadline of the count of one segment in a refresh.", _positive),
    Setting("EXPORT_SECONDS", "900", "Deadline of the query behind an export.", _positive),
    Setting("METRICS_TOKEN", "", "Who brings it as bearer token may read `/metrics`; without one nobody may.",
            lambda text: _secret(text) if text else ""),
    Setting("REPLICA", "", "Where columns lie from which big stores are counted: `duckdb:DIR`; or `off`.", _replica),
    Setting("REPLICA_CUSTOMERS", "20000", "With fewer customers a store has no replica.", _count),
    Setting("REPLICA_THREADS", "2", "Threads of DuckDB in each process.", lambda text: int(_positive(text)) or 1),
    Setting("REPLICA_MEMORY", "512",
            "Megabytes of memory that DuckDB takes at most in each process; more than that it writes down.",
            lambda text: int(_positive(text)) or 1),
    Setting("PROXIES", "0", "How many trusted proxies stand in front.", _count),
    Setting("LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`.", _level),
)


def read_settings(environ: Mapping[str, str], instance: Path) -> dict[str, Any]:
    """Settings from `environ`, checked. Raises ConfigError naming every fault at once."""
    faults = _unknown_names(environ)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = environ.get(PREFIX + setting.name, setting.default)
        try:
            if text is None:
                raise ValueError("is required")
            values[setting.name] = setting.read(text)
        except ValueError as error:
            faults.append(f"{PREFIX}{setting.name}: {error}")
    if faults:
        raise ConfigError("; ".join(faults))
    values["DATABASE_URL"] = values["DATABASE_URL"] or f"sqlite:///{instance / 'segmentation.db'}"
    values["QUEUE"] = values["QUEUE"] or f"sqlite:///{instance / 'queue.db'}"
    values["SPOOL_DIR"] = Path(values["SPOOL_DIR"] or instance / "spool")
    where = values["REPLICA"] or f"duckdb:{values['SPOOL_DIR'] / 'replicas'}"
    values["REPLICA"] = None if where == "off" else Path(where.removeprefix("duckdb:"))
    return values


def _unknown_names(environ: Mapping[str, str]) -> list[str]:
    known = {PREFIX + setting.name for setting in SETTINGS}
    return [f"{name}: no such setting" for name in sorted(environ)
            if name.startswith(PREFIX) and not name.startswith(PREFIX + "TEST_") and name not in known]


def flask_config(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings under the names that Flask and its extensions read."""
    return {
        **settings,
        "SQLALCHEMY_DATABASE_URI": settings["DATABASE_URL"],
        # A request may hold two connections, its session's and a snapshot's, and for a moment one to note something.
        # The one given back last is taken first, so that those that a rush needed are not used, and grown, ever after.
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": 2 * THREADS, "max_overflow": THREADS, "pool_use_lifo": True, "pool_pre_ping": True,
            "hide_parameters": True},
        "MAX_CONTENT_LENGTH": limits.BODY_BYTES,
        "TRAP_HTTP_EXCEPTIONS": False,
        "PROPAGATE_EXCEPTIONS": False,
        "JWT_SECRET_KEY": settings["SECRET_KEY"],
        "JWT_ALGORITHM": "HS256",
        "JWT_TOKEN_LOCATION": ["headers"],
        "JWT_ENCODE_ISSUER": "segmentation",
        "JWT_DECODE_ISSUER": "segmentation",
        "JWT_ENCODE_AUDIENCE": "segmentation-api",
        "JWT_DECODE_AUDIENCE": "segmentation-api",
        "JWT_ACCESS_TOKEN_EXPIRES": int(settings["ACCESS_TOKEN_SECONDS"]),
        "JWT_REFRESH_TOKEN_EXPIRES": int(settings["REFRESH_TOKEN_SECONDS"]),
        "API_TITLE": "Segments API",
        "API_VERSION": "1",
        "OPENAPI_VERSION": "3.1.0",
    }


def environment() -> Mapping[str, str]:
    """The process environment; the one place that is read from."""
    return os.environ
