"""``python -m tests.campaigns.kills``: workers killed at random in the middle of every kind of job, for some minutes.

Each round asks for one job of each kind, in stores of their own, and kills the worker at two random moments; then one
is left to finish. Afterwards every row must be there once, no job be stuck, and no file have been seen before it was
whole.
"""

from __future__ import annotations

import argparse
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from sqlalchemy import select

from segmentation.extensions import db
from segmentation.jobs import files
from segmentation.models import Job
from tests.conftest import _administer, _postgres_url, make_app, migrated, postgres_answers
from tests.jobs.outcomes import check
from tests.jobs.shop import KINDS, ask, has_ended, job_of, make_shop, version_of, wait_until, worker

ROWS = 160
KILLS = 2  # in a round: a third death at one place would, rightly, be the end of a job
FIGURES = ("jobs", "kills", "resumed", "wrong", "stuck", "partial")


def main() -> None:
    """Kill, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    options = parser.parse_args()
    rng, end = random.Random(options.seed), time.monotonic() + options.minutes * 60
    figures: Counter[tuple[str, str, str]] = Counter()
    engines = ["sqlite", "postgresql"] if postgres_answers() else ["sqlite"]
    with TemporaryDirectory() as folder:
        turn = 0
        while time.monotonic() < end:
            engine = engines[turn % len(engines)]
            with database(engine, Path(folder) / str(turn)) as app, app.app_context():
                _round(app, engine, Path(folder) / str(turn), rng, options.kinds, figures)
            turn += 1
    print(f"seed {options.seed}, {turn} rounds")
    print(f"{'engine':<12}{'kind':<18}" + "".join(f"{name:>9}" for name in FIGURES))
    for engine in engines:
        for kind in options.kinds:
            print(f"{engine:<12}{kind:<18}" + "".join(f"{figures[engine, kind, name]:>9}" for name in FIGURES))
    raise SystemExit(any(figures[key] for key in figures if key[2] in ("wrong", "stuck", "partial")))


@contextmanager
def database(engine: str, folder: Path) -> Iterator[Flask]:
    """An application on a fresh database."""
    folder.mkdir()
    name = f"segmentation_kills_{uuid.uuid4().hex[:12]}"
    url = f"sqlite:///{folder / 'kills.db'}" if engine == "sqlite" else _postgres_url(name)
    if engine == "postgresql":
        _administer("CREATE DATABASE {}", name)
    try:
        migrated(url, folder)
        app = make_app(url, folder)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    finally:
        if engine == "postgresql":
            _administer("DROP DATABASE {} WITH (FORCE)", name)


def _round(app: Flask, engine: str, folder: Path, rng: random.Random, kinds: Sequence[str],
           figures: Counter[tuple[str, str, str]]) -> None:
    stores = {kind: make_shop(folder, ROWS) for kind in kinds}
    versions = {kind: version_of(store) for kind, store in stores.items()}
    jobs = {kind: ask(store, kind, ROWS) for kind, store in rng.sample(list(stores.items()), len(stores))}
    for kind in kinds:
        figures[engine, kind, "jobs"] += 1
    for _ in range(KILLS):
        if not all(has_ended(job_id) for job_id in jobs.values()):
            _kill_one(app, engine, jobs, rng, figures)
    with worker(app):
        for kind, job_id in jobs.items():
            figures[engine, kind, "stuck"] += not _ends(job_id)
        for job_id in db.session.scalars(select(Job.id)).all():  # and what followed
            figures[engine, job_of(job_id).kind, "stuck"] += not _ends(job_id)
    for kind, job_id in jobs.items():
        figures[engine, kind, "resumed"] += job_of(job_id).attempt > 1
        figures[engine, kind, "wrong"] += not _is_right(job_id, versions[kind])


def _kill_one(app: Flask, engine: str, jobs: dict[str, uuid.UUID], rng: random.Random,
              figures: Counter[tuple[str, str, str]]) -> None:
    target = rng.choice([job_id for job_id in jobs.values() if not has_ended(job_id)])
    with worker(app, pause=rng.choice((0.03, 0.06, 0.12))) as process:
        wait_until(lambda: job_of(target).state != "queued")
        time.sleep(rng.uniform(0, 0.7))
        process.kill()
        process.wait()
    for kind, job_id in jobs.items():
        job = job_of(job_id)
        figures[engine, kind, "kills"] += job.state == "running"
        figures[engine, kind, "partial"] += job.state != "done" and files.file_of(job) is not None


def _ends(job_id: uuid.UUID) -> bool:
    try:
        wait_until(lambda: has_ended(job_id))
    except AssertionError:
        return False
    return True


def _is_right(job_id: uuid.UUID, version: int) -> bool:
    try:
        check(job_id, ROWS, version)
    except AssertionError as wrong:
        print(f"{job_of(job_id).kind}: {wrong}")
        return False
    return True


if __name__ == "__main__":
    main()
