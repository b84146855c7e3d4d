"""Replicas in a running service: made anew under writes while several processes ask, and makers that are killed."""

from __future__ import annotations

from pathlib import Path
from random import Random

from flask import Flask

from tests.campaigns.replica_kills import kill
from tests.campaigns.replicas import FEWEST_REPLICAS, METRICS_TOKEN, campaign, filled_store
from tests.operations.serving import served


def test_every_answer_is_the_databases_while_replicas_come_and_go(app: Flask, tmp_path: Path) -> None:
    store = filled_store(600)
    with served(app.config["DATABASE_URL"], tmp_path, 2, METRICS_TOKEN=METRICS_TOKEN, PREVIEW_SECONDS="30") as service:
        seen = campaign(app, service, store, seconds=4, clients=3)
    assert not seen.wrong()
    assert not seen.failed
    assert len(seen.answers) > 5
    assert seen.told_by.get("both", 0) + seen.told_by.get("replica", 0) > 1
    assert seen.renewed >= FEWEST_REPLICAS
    assert seen.most_files <= 3


def test_makers_that_are_killed_leave_nothing_and_no_wrong_answer(app: Flask) -> None:
    found = kill(app, filled_store(300), kills=3, rng=Random(4))
    assert (found["wrong"], found["stray"]) == (0, 0)
    assert found["midway"] + found["announced"]
