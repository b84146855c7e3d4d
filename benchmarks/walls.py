"""``python -m benchmarks.walls``: previews behind row-level security against previews without, in turn, in one process.

Three applications on one PostgreSQL database: as the tables' owner with nothing said of stores to the database (as it
was before there were walls), as the owner, and as a role that the policies bind.
"""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from flask import Flask
from flask_migrate import upgrade

from benchmarks.facts import make_store
from benchmarks.questions import QUESTIONS
from segmentation import create_app, walls
from segmentation.accounts import add_user
from segmentation.extensions import db
from segmentation.models.types import utc_now
from tests.walls.role import bound_role, url_of

SIGN_IN = {"email": "bench@example.com", "password": "a password for the benchmark"}
sight = walls._sight
Ask = Callable[[Any], Any]


def main() -> None:
    """Build, ask in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("postgres", help="URL of an empty database; its user may create a role")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        owner = _app(options.postgres, folder)
        with owner.app_context():
            upgrade()
            store = make_store(options.customers, utc_now())
            add_user(SIGN_IN["email"], SIGN_IN["password"], store, "owner")
            db.session.remove()
        with psycopg.connect(options.postgres, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        with bound_role(options.postgres) as role:
            bound = _app(url_of(options.postgres, role), folder)
            _compare([_asker(owner, store, told=False), _asker(owner, store), _asker(bound, store)], options.rounds)
            with bound.app_context():
                db.engine.dispose()


def _app(url: str, folder: str) -> Flask:
    return create_app({
        "SEGMENTATION_SECRET_KEY": "only for the benchmark, thrown away after it 0123456789",
        "SEGMENTATION_DATABASE_URL": url, "SEGMENTATION_SPOOL_DIR": folder, "SEGMENTATION_LOG_LEVEL": "ERROR",
        "SEGMENTATION_QUEUE": f"sqlite:///{folder}/queue.db"})


def _asker(app: Flask, store: uuid.UUID, *, told: bool = True) -> Ask:
    http = app.test_client()
    token = http.post("/api/auth/token", json=SIGN_IN).json["access_token"]

    def ask(rules: Any) -> Any:
        walls._sight = sight if told else lambda: walls.NOTHING
        return http.post(f"/api/segmentation/preview?store_id={store}", json={"rules": rules},
                         headers={"Authorization": f"Bearer {token}"}).json

    return ask


def _compare(askers: list[Ask], rounds: int) -> None:
    print(f"{'preview, ms':<47}{'count':>9}{'before':>9}{'owner':>9}{'walled':>9}{'owner':>8}{'walled':>8}")
    totals = [0.0] * len(askers)
    for name, (rules, _where) in QUESTIONS.items():
        times: list[list[float]] = [[] for _ in askers]
        for _ in range(rounds):
            answers = []
            for ask, kept in zip(askers, times, strict=True):
                started = time.perf_counter()
                answers.append(ask(rules))
                kept.append(time.perf_counter() - started)
            if any(answer != answers[0] for answer in answers):
                raise SystemExit(f"{name}: {answers}")
        found = [median(kept) * 1000 for kept in times]
        totals = [total + each for total, each in zip(totals, found, strict=True)]
        _print(name, str(answers[0]["count"]), found)
    _print("all together", "", totals)


def _print(name: str, count: str, found: list[float]) -> None:
    print(f"{name:<47}{count:>9}" + "".join(f"{each:>9.2f}" for each in found)
          + "".join(f"{each / found[0]:>8.2f}" for each in found[1:]), flush=True)


if __name__ == "__main__":
    main()
