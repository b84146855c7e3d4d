"""`/health/live`: the process answers. `/health/ready`: it can do its work; 503 says which part of it cannot.

Each part is looked at in a thread of its own, for a short time: what hangs is out of order. A part that still hangs
from the probe before is not asked again, so that probes cannot pile up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from tempfile import TemporaryFile
from threading import Lock, Thread
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue

from segmentation.database import reading
from segmentation.errors import Problem, Unavailable

SECONDS = 2.0  # that each part has
log = logging.getLogger("segmentation.health")
blueprint = Blueprint("health", __name__, url_prefix="/health")


class _Unfit(Exception):
    """A part is not as it should be; its code and words for it."""


class Part:
    """Something the service needs. `look` returns, or raises, or takes too long."""

    def __init__(self, name: str, look: Callable[[], None]) -> None:
        self.name, self._look, self._lock = name, look, Lock()

    def problem(self, seconds: float) -> Problem | None:
        """What is wrong with it, if anything is."""
        found: list[Problem | None] = []
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        thread = Thread(target=self._ask, args=(app, found), daemon=True)
        thread.start()
        thread.join(seconds)
        return found[0] if found else Problem(f"/{self.name}", "too_slow", "It does not answer in time.")

    def _ask(self, app: Flask, found: list[Problem | None]) -> None:
        if not self._lock.acquire(timeout=SECONDS):
            return
        try:
            with app.app_context():
                self._look()
            found.append(None)
        except _Unfit as unfit:
            found.append(Problem(f"/{self.name}", *unfit.args))
        except Exception:
            log.warning("a part of the service fails", exc_info=True, extra={"fields": {"part": self.name}})
            found.append(Problem(f"/{self.name}", "unreachable", "It cannot be used."))
        finally:
            self._lock.release()


@blueprint.get("/live")
def live() -> ResponseReturnValue:
    """The process answers; nothing is touched."""
    return jsonify({"status": "live"})


@blueprint.get("/ready")
def ready() -> ResponseReturnValue:
    """Whether requests can be answered: the database, its schema, the spool."""
    problems = [problem for part in PARTS if (problem := part.problem(SECONDS))]
    if problems:
        raise Unavailable("Not ready.", problems, code="not_ready")
    return jsonify({"status": "ready"})


def _look_at_database() -> None:
    """It answers, and its tables are those that this code is written for."""
    with reading(SECONDS) as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
    if found != _wanted_heads():
        raise _Unfit("other_schema", "Its schema is not the one that this version needs: run `flask db upgrade`.")


def _look_at_spool() -> None:
    spool = current_app.config["SPOOL_DIR"]
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryFile(dir=spool) as file:
        file.write(b"ready")
        file.flush()


@cache
def _wanted_heads() -> set[str]:
    config: Any = current_app.extensions["migrate"].migrate.get_config()
    return set(ScriptDirectory.from_config(config).get_heads())


PARTS = (Part("database", _look_at_database), Part("spool", _look_at_spool))
