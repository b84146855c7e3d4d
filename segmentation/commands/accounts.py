"""`store create` and `user create`."""

from __future__ import annotations

import uuid

import click
from flask.cli import with_appcontext

from segmentation import accounts
from segmentation.commands.common import STORE, refusals
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES, ROLES
from segmentation.values import codes


@click.group("store")
def store_group() -> None:
    """Stores."""


@store_group.command("create")
@click.argument("name")
@click.option("--timezone", default="Asia/Riyadh", show_default=True, help="IANA name, such as Asia/Riyadh.")
@click.option("--currency", default="SAR", show_default=True, help="ISO 4217 code.")
@click.option("--country", help="ISO code; phone numbers are read as written there. [default: the time zone's]")
@click.option("--week-start", type=click.IntRange(0, 6), help="Monday = 0. [default: the country's]")
@click.option("--language", type=click.Choice(["ar", "en"]), default="en", show_default=True)
@click.option("--counted-status", "counted", multiple=True, default=DEFAULT_COUNTED_STATUSES, show_default=True,
              help="An order status that counts; repeat for several.")
@with_appcontext
@refusals
def create_store(name: str, timezone: str, currency: str, country: str | None, week_start: int | None,
                 language: str, counted: tuple[str, ...]) -> None:
    """Create a store and print its id."""
    country = country or codes.country_of_zone(timezone)
    draft = accounts.StoreDraft(name, timezone, currency, country, week_start, language, counted)
    click.echo(accounts.create_store(draft))


@click.group("user")
def user_group() -> None:
    """Users."""


@user_group.command("create")
@click.argument("email")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@click.option("--store", "store_id", type=STORE, required=True, help="Id of the store to join.")
@click.option("--role", type=click.Choice(ROLES), default="owner", show_default=True)
@with_appcontext
@refusals
def create_user(email: str, password: str, store_id: uuid.UUID, role: str) -> None:
    """Create a user with a role in a store; an existing user joins it (their password stays)."""
    accounts.add_user(email, password, store_id, role)
    click.echo(f"{email} is {role} of {store_id}.")
