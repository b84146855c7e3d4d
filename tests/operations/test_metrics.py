"""Measurements: what is counted and how, and that only the bearer of the token sees it."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from segmentation import leases
from segmentation.audience import matching
from segmentation.database import writing
from segmentation.errors import Abandoned, Invalid, query_timeout
from segmentation.extensions import db
from segmentation.imports import import_file
from segmentation.rejected import NoFile
from tests.api.conftest import Client, World, checked_error, world
from tests.conftest import make_app, make_store

__all__ = ["world"]
TOKEN = "the token of the metrics 0123456789 abcdefghij"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def measured(app: Flask) -> Samples:
    """Every sample by its name and labels."""
    app.config["METRICS_TOKEN"] = TOKEN
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    assert answer.content_type.startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"
    return {(sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text) for sample in family.samples}


def of(samples: Samples, name: str, **labels: str) -> float:
    """One sample; 0 when there is none yet."""
    return samples.get((f"segmentation_{name}", frozenset(labels.items())), 0)


def test_only_the_bearer_of_the_token_sees_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    closed = make_app(url, tmp_path).test_client()
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        checked_error(closed.get("/metrics", headers=headers), 404)
    client = make_app(url, tmp_path, METRICS_TOKEN=TOKEN).test_client()
    for given in ("", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer é"):
        checked_error(client.get("/metrics", headers={"Authorization": given.encode("latin-1")}), 401)
    checked_error(client.get(f"/metrics?token={TOKEN}"), 401)
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_requests_by_route_method_and_status(world: World) -> None:
    before, route = measured(world.app), "/api/segmentation/<uuid:segment_id>"
    client, unknown = world.owner, uuid.uuid4()
    client.get(f"/{unknown}")
    client.get(f"/{unknown}")
    client.delete(f"/{unknown}")
    world.app.test_client().get("/canary-path?canary=query")
    world.app.test_client().open("/", method="CANARY")
    after = measured(world.app)

    def more(name: str, **labels: str) -> float:
        return of(after, name, **labels) - of(before, name, **labels)

    assert more("requests_total", route=route, method="GET", status="404") == 2
    assert more("requests_total", route=route, method="DELETE", status="404") == 1
    assert more("request_seconds_count", route=route, method="GET") == 2
    assert more("requests_total", route="none", method="GET", status="404") == 1
    assert more("requests_total", route="none", method="other", status="405") == 1
    assert not [labels for _, labels in after if "canary" in str(labels).lower() or str(unknown) in str(labels)]


@pytest.mark.parametrize(("error", "status", "outcome"), [
    (None, 200, "answered"), (query_timeout(), 503, "timeout"), (Abandoned(), 499, "abandoned"),
    (Invalid("too much"), 422, "refused"), (ZeroDivisionError(), 500, "failed")])
def test_previews_by_how_they_end(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception | None, status: int, outcome: str
) -> None:
    def count(*_given: object) -> int:
        if error:
            raise error
        return 1

    monkeypatch.setattr(matching, "count", count)
    before = measured(world.app)
    for address in ("/preview", "/preview?include=lint"):
        assert world.owner.post(address, {"rules": {"logic": "AND"}}).status_code == status
    after = measured(world.app)
    assert of(after, "previews_total", outcome=outcome) - of(before, "previews_total", outcome=outcome) == 2
    assert of(after, "preview_seconds_count") - of(before, "preview_seconds_count") == 2


def test_jobs_as_the_database_has_them(world: World) -> None:
    assert of(measured(world.app), "jobs_waiting") == 0
    with world.app.app_context(), writing() as session:
        for kind in ("export", "export", "score"):
            leases.add(session, world.a, kind, {})
    found = measured(world.app)
    assert of(found, "jobs", kind="export", state="queued") == 2
    assert of(found, "jobs_waiting") == 3
    assert 0 < of(found, "jobs_waiting_oldest_seconds") < 60
    assert of(found, "database_up") == 1


def test_the_rest_is_told_while_the_database_is_gone(world: World) -> None:
    with world.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO gone"))
    found = measured(world.app)
    assert of(found, "database_up") == 0
    assert any(name == "segmentation_requests_total" for name, _ in found)


def test_rows_of_files(app: Flask, tmp_path: Path) -> None:
    before = measured(app)
    (tmp_path / "some.csv").write_text("external_id,birthday\n1,\n2,\n3,never\n")
    import_file(make_store().id, "customers", tmp_path / "some.csv", lambda _progress: None, NoFile())
    after = measured(app)
    for outcome, rows in (("written", 2), ("rejected", 1)):
        labels = {"kind": "customers", "outcome": outcome}
        assert of(after, "import_rows_total", **labels) - of(before, "import_rows_total", **labels) == rows


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_rows_of_exports(world: World, format: str) -> None:
    client: Client = world.owner
    segment, before = client.create()["id"], of(measured(world.app), "export_rows_total", format=format)
    client.get(f"/{segment}/export?format={format}").close()
    assert of(measured(world.app), "export_rows_total", format=format) - before == 60
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
