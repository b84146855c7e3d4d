"""`attribute list`, `attribute declare` and `attribute remove`."""

from __future__ import annotations

import uuid

import click
from flask.cli import with_appcontext

from segmentation import attributes
from segmentation.auth import operator_scope
from segmentation.commands.common import STORE, refusals
from segmentation.rules.fields import ATTRIBUTE_KINDS

store_option = click.option("--store", "store_id", type=STORE, required=True, help="Id of the store.")


@click.group("attribute")
def attribute_group() -> None:
    """Custom attributes of customers."""


@attribute_group.command("list")
@store_option
@with_appcontext
@refusals
def list_attributes(store_id: uuid.UUID) -> None:
    """Print the declared attributes: key, kind, label."""
    for row in attributes.find_attributes(operator_scope(store_id)):
        click.echo(f"{row.key}\t{row.kind}\t{row.label}")


@attribute_group.command("declare")
@click.argument("key")
@click.option("--kind", type=click.Choice(list(ATTRIBUTE_KINDS)), required=True)
@click.option("--label", help="What people call it. [default: the key]")
@store_option
@with_appcontext
@refusals
def declare(key: str, kind: str, label: str | None, store_id: uuid.UUID) -> None:
    """Declare an attribute, so that imports may bring it (column attributes.KEY) and rules may ask about it."""
    attributes.declare_attribute(operator_scope(store_id), key, label or key, kind)


@attribute_group.command("remove")
@click.argument("key")
@store_option
@with_appcontext
@refusals
def remove(key: str, store_id: uuid.UUID) -> None:
    """Remove an attribute with all its values."""
    attributes.remove_attribute(operator_scope(store_id), key)
