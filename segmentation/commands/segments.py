"""`segments refresh`: count saved segments again."""

from __future__ import annotations

import uuid

import click
from flask.cli import with_appcontext

from segmentation import segments
from segmentation.auth import operator_scope
from segmentation.commands.common import STORE, refusals
from segmentation.errors import DomainError


@click.group("segments")
def segments_group() -> None:
    """Saved segments."""


@segments_group.command("refresh")
@click.option("--store", "store_id", type=STORE, help="Id of one store. [default: all stores]")
@with_appcontext
@refusals
def refresh(store_id: uuid.UUID | None) -> None:
    """Count every active segment again and print the counts; one that cannot be counted does not stop the others."""
    failed = 0
    for each in [store_id] if store_id else segments.store_ids():
        scope = operator_scope(each)
        for row in segments.find_segments(scope, is_active=True):
            name, segment_id = row.name, row.id
            try:
                click.echo(f"{segments.refresh_segment(scope, segment_id).cached_count:>10}  {name}")
            except DomainError as error:
                failed += 1
                click.echo(f"    failed  {name}: {error}", err=True)
    if failed:
        raise SystemExit(1)
