"""`backup`: the database in one file, as it was at one instant, while everything goes on. For SQLite alone."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from segmentation.disk import sync
from segmentation.extensions import db


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup_command(file: Path) -> None:
    """Write the SQLite database, as it is at this instant, to FILE, which must not be there yet.

    Nobody has to wait or stop meanwhile. To restore it, put it in the place of the database while nothing runs.
    """
    if db.engine.dialect.name != "sqlite":
        raise click.UsageError("This is for SQLite. Use pg_dump for PostgreSQL; docs/deployment.md says how.")
    if file.exists():
        raise click.UsageError(f"{file} is there already.")
    part = file.with_name(file.name + ".part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))  # it holds people's data
        _copy(part)
        _check(part)
        os.replace(part, file)
        sync(file.absolute().parent)
    except (sqlite3.Error, OSError) as error:
        raise click.ClickException(f"No backup was made: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{file}: {file.stat().st_size:,} bytes")


def _copy(part: Path) -> None:
    connection = db.engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        driver.execute("VACUUM INTO ?", (str(part),))
    finally:
        connection.close()
    sync(part)


def _check(part: Path) -> None:
    with sqlite3.connect(part) as copy:
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
    copy.close()
    if found != "ok":
        raise sqlite3.DatabaseError("the copy is damaged")
