"""``python -m tests.campaigns.replica_kills``: processes that make a replica, killed at random again and again.

After each kill what is asked must be what the database alone says, and after the sweep there must be one file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import time
import uuid
from collections import Counter
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from flask import Flask

from segmentation import create_app, replication
from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.auth import operator_scope
from segmentation.errors import Conflict
from segmentation.extensions import db
from segmentation.models import Replica
from segmentation.models.types import utc_now
from segmentation.rules.reading import read_rules
from tests.campaigns.kills import database
from tests.campaigns.replicas import TREES, change, filled_store, primary_count
from tests.conftest import postgres_answers
from tests.jobs.shop import wait_until

FIGURES = ("kills", "midway", "announced", "wrong", "stray")
LATEST = 2.0  # times what one replica takes, after which it is killed


def main() -> None:
    """Kill, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="on each engine")
    parser.add_argument("--customers", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options, failed = parser.parse_args(), False
    print(f"seed {options.seed}")
    for engine in ("sqlite", "postgresql") if postgres_answers() else ("sqlite",):
        with TemporaryDirectory() as folder, database(engine, Path(folder) / engine) as app, app.app_context():
            found = kill(app, filled_store(options.customers), options.kills, Random(options.seed))
        print(f"{engine}: {dict(found)}", flush=True)
        failed |= bool(found["wrong"] or found["stray"])
    raise SystemExit(failed)


def kill(app: Flask, store: uuid.UUID, kills: int, rng: Random) -> Counter[str]:
    """Of so many kills how many hit a replica half made, how many replicas were announced meanwhile, how many answers
    were wrong, and how many files were left over.
    """
    found, latest = Counter(dict.fromkeys(FIGURES, 0) | {"kills": kills}), LATEST * replication.renew(store).seconds
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.campaigns.replicas"])
    environ = {name: str(app.config[name]) for name in ("SECRET_KEY", "DATABASE_URL", "SPOOL_DIR", "QUEUE")}
    for _ in range(kills):
        change(rng, store)
        db.session.remove()
        before, (ours, theirs) = _token(store), context.Pipe()
        process = context.Process(target=renew_for_ever, args=(environ, store, theirs))
        process.start()
        assert ours.poll(60), "it did not begin"
        time.sleep(rng.uniform(0, latest))
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        found["midway"] += any((app.config["REPLICA"] / str(store)).glob(f"{replication.PREFIX}*"))
        found["announced"] += before != _token(store)
        found["wrong"] += wrong_answers(store)
        found["stray"] += stray_files(app, store)
    return found


def _token(store: uuid.UUID) -> str:
    token = db.session.get_one(Replica, store, populate_existing=True).token
    db.session.remove()
    return token


def renew_for_ever(environ: dict[str, str], store: uuid.UUID, begun: Connection) -> None:
    """Make one replica after the other, in a process of its own."""
    settings = {f"SEGMENTATION_{name}": value for name, value in environ.items()}
    with create_app({**settings, "SEGMENTATION_LOG_LEVEL": "ERROR"}).app_context():
        begun.send(True)
        for turn in range(1_000_000):
            with suppress(Conflict):
                replication.renew(store, whole=turn % 2 == 0)


def wrong_answers(store: uuid.UUID) -> int:
    """In how many answers the database alone says something else."""
    scope, now = operator_scope(store), utc_now()
    with snapshot(60) as facts:
        trees = [read_rules(tree, scope.catalogue) for tree in TREES]
        wrong = sum(matching.count(scope, tree, now, facts) != primary_count(scope, tree, facts) for tree in trees)
    db.session.remove()
    return wrong


def stray_files(app: Flask, store: uuid.UUID) -> int:
    """How many files nobody needs are there after a sweep, once the builder has seen that its parent is gone."""
    folder: Path = app.config["REPLICA"] / str(store)

    def left() -> list[Path]:
        replication.sweep(older_than=0)
        row = db.session.get(Replica, store, populate_existing=True)
        wanted = {"lock", f"{row.version}-{row.token}.duckdb" if row else ""}
        return [each for each in folder.glob("*") if each.name not in wanted]

    with suppress(AssertionError):
        wait_until(lambda: not left(), 10)
    return len(left())


if __name__ == "__main__":
    main()
