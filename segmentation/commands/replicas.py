"""`replica refresh` and `replica status`: the columnar copies from which big stores are counted."""

from __future__ import annotations

import uuid

import click
from flask.cli import with_appcontext

from segmentation import replication, segments
from segmentation.commands.common import STORE, refusals
from segmentation.extensions import db
from segmentation.models import Store
from segmentation.walls import keep_to


@click.group("replica")
def replica_group() -> None:
    """Columnar replicas, from which big stores are counted."""


@replica_group.command("refresh")
@click.option("--store", "store_id", type=STORE, help="Id of one store. [default: all that are big enough]")
@click.option("--whole", is_flag=True, help="Read everything again, not only what has changed.")
@with_appcontext
@refusals
def refresh(store_id: uuid.UUID | None, whole: bool) -> None:
    """Make a replica of the store as it is now."""
    for each in _one(store_id) if store_id else filter(replication.is_wanted, segments.store_ids()):
        row = replication.renew(each, whole=whole)
        click.echo(f"{each}  version {row.version}, {row.customers:,} customers, {row.size / 1e6:,.1f} MB "
                   f"in {row.seconds:.1f} s")
    replication.sweep()


@replica_group.command("status")
@click.option("--store", "store_id", type=STORE, help="Id of one store. [default: all stores]")
@with_appcontext
@refusals
def status(store_id: uuid.UUID | None) -> None:
    """Show each store's replica, and how many customers have changed since it was made."""
    for store, row, changed, readable in map(
            replication.state_of, _one(store_id) if store_id else segments.store_ids()):
        if row is None:
            click.echo(f"{store.id}  none (data version {store.data_version})")
            continue
        click.echo(f"{store.id}  version {row.version} of {store.data_version}, {changed:,} of {row.customers:,} "
                   f"customers changed, {row.size / 1e6:,.1f} MB, {row.built_at:%Y-%m-%d %H:%M} UTC"
                   f"{'' if readable else ', not readable here'}")


def _one(store_id: uuid.UUID) -> list[uuid.UUID]:
    keep_to(store_id)
    if db.session.get(Store, store_id) is None:
        raise click.BadParameter(f"there is no store {store_id}.", param_hint="'--store'")
    return [store_id]
