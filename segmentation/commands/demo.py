"""`demo`: a store full of made-up customers and orders, ready to try."""

from __future__ import annotations

import csv
import os
import secrets
import uuid
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext

from segmentation import accounts, auth, demo, segments
from segmentation.commands.common import refusals
from segmentation.imports import Kind, import_file
from segmentation.models.types import utc_now
from segmentation.rejected import NoFile
from segmentation.rules.reading import read_rules
from segmentation.scoring import score_store
from segmentation.segments import Draft

EMAIL = "demo@example.com"
STORE = accounts.StoreDraft("متجر العرض · Demo store", "Asia/Riyadh", "SAR", "SA", None, "en", ("completed",))


@click.command("demo")
@click.option("--size", type=click.IntRange(1, 1_000_000), default=5_000, show_default=True, help="Customers.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day the data leads up to. [default: today]")
@with_appcontext
@refusals
def demo_command(size: int, today: datetime | None) -> None:
    """Make the demo store, unless it is there, and print where it is and how to sign in.

    The password is a new one each time, so that no installation has a known one.
    """
    password = secrets.token_urlsafe(12)
    store_id = accounts.store_of(EMAIL)
    if store_id is None:
        store_id = accounts.create_store(STORE)
        accounts.add_user(EMAIL, password, store_id, "owner")
    day = utc_now().astimezone(ZoneInfo(STORE.timezone)).date() if today is None else today.date()
    fill(store_id, size, day)
    accounts.set_password(EMAIL, password)
    address = f"http://{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
    click.echo(f"\n  address   {address}\n  store id  {store_id}\n  e-mail    {EMAIL}\n"
               f"  password  {password}\n")


def fill(store_id: uuid.UUID, size: int, today: date) -> None:
    """What the store still lacks; the segments come last, so a run that was stopped is taken up again."""
    scope = auth.operator_scope(store_id)
    there = {row.name for row in segments.find_segments(scope)}
    missing = [ready for ready in demo.SEGMENTS if ready["name"] not in there]
    if there and not missing:
        return
    if not there:
        with TemporaryDirectory() as folder:
            _import(store_id, "customers", Path(folder), demo.customers(size, today))
            _import(store_id, "orders", Path(folder), demo.orders(size, today))
        score_store(store_id, utc_now())
    for ready in missing:
        rules = read_rules(ready["rules"], scope.catalogue)
        segments.create_segment(scope, Draft(ready["name"], ready["description"], rules))


def _import(store_id: uuid.UUID, kind: Kind, folder: Path, rows: Iterable[dict[str, str]]) -> None:
    path = folder / f"{kind}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
    result = import_file(store_id, kind, path, lambda _progress: None, NoFile())
    if result.rejected:
        raise click.ClickException(f"{result.rejected} of the demo's {kind} were rejected.")
    click.echo(f"{result.written} rows of {kind}")
