"""`import customers` and `import orders`: a CSV file into a store."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import with_appcontext

from segmentation.commands.common import STORE
from segmentation.errors import DomainError
from segmentation.imports import ImportResult, Kind, Progress, import_file
from segmentation.rejected import NoFile, RejectedFile, Rejection

SHOWN = 20  # rejected rows


@click.group("import")
def import_group() -> None:
    """Import CSV files. A killed import goes on where it was when the same command is run again."""


def _importing(command: Callable[..., None]) -> Callable[..., None]:
    """What the commands of all kinds take."""
    for option in (
        click.option("--rejected", type=click.Path(dir_okay=False, path_type=Path),
                     help="Where to write rejected rows (CSV)."),
        click.option("--store", "store_id", type=STORE, required=True, help="Id of the store."),
        click.argument("file", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return with_appcontext(command)


@import_group.command("customers")
@_importing
def customers(file: Path, store_id: uuid.UUID, rejected: Path | None) -> None:
    """Create customers, or change those whose external_id is known; an empty cell takes a value away.

    Rejected rows do not fail the command: it exits with 0 and says which they are; with 1 when it could not finish.
    """
    _run("customers", file, store_id, rejected)


@import_group.command("orders")
@_importing
def orders(file: Path, store_id: uuid.UUID, rejected: Path | None) -> None:
    """Create orders, or replace those whose order_id is known; rows with one order_id are its lines.

    Rejected rows do not fail the command: it exits with 0 and says which they are; with 1 when it could not finish.
    """
    _run("orders", file, store_id, rejected)


class _FirstOnes:
    """Passes rejected rows on and remembers the first of them."""

    def __init__(self, sink: NoFile | RejectedFile) -> None:
        self._sink = sink
        self.first: list[Rejection] = []

    def begin(self, header: Sequence[str], size: int | None) -> None:
        """As the sink does."""
        self._sink.begin(header, size)

    def append(self, rejections: Sequence[Rejection]) -> int:
        """As the sink does."""
        self.first += rejections[:SHOWN - len(self.first)]
        return self._sink.append(rejections)


def _run(kind: Kind, file: Path, store_id: uuid.UUID, rejected: Path | None) -> None:
    if rejected and rejected.exists() and file.exists() and rejected.samefile(file):
        raise click.UsageError("Rejected rows cannot be written into the file that is imported.")
    sink = _FirstOnes(RejectedFile(rejected) if rejected else NoFile())
    try:
        with _progress_bar(file) as show:
            result = import_file(store_id, kind, file, show, sink)
    except DomainError as error:
        raise click.ClickException(str(error)) from error
    click.echo(_summary(result))
    _tell_rejected(result, sink.first, rejected)


@contextmanager
def _progress_bar(file: Path) -> Iterator[Callable[[Progress], None]]:
    """What shows progress: a bar of bytes and the rate, on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty() or not file.is_file():
        yield lambda progress: None
        return
    with click.progressbar(length=file.stat().st_size, file=sys.stderr, item_show_func=_rate) as bar:
        yield lambda progress: bar.update(progress.bytes_done - bar.pos, progress)


def _rate(progress: Progress | None) -> str:
    return f"{progress.rows:,} rows, {progress.rate:,.0f} a second" if progress else ""


def _summary(result: ImportResult) -> str:
    resumed = f", of which {result.resumed_from:,} by an interrupted run" if result.resumed_from else ""
    return (f"{result.rows:,} rows{resumed}: {result.written:,} written, {result.rejected:,} rejected; "
            f"{result.seconds:.1f} seconds, {result.rate:,.0f} rows a second.")


def _tell_rejected(result: ImportResult, first: Sequence[Rejection], file: Path | None) -> None:
    for rejection in first:
        column = f", {rejection.column}" if rejection.column else ""
        click.echo(f"Line {rejection.line}{column}: {rejection.reason}", err=True)
    if result.rejected > len(first):
        click.echo(f"... and {result.rejected - len(first):,} more.", err=True)
    if result.rejected:
        advice = f"They are in {file}; mend and import it." if file else "Give --rejected FILE to have them all."
        click.echo(f"{result.rejected:,} rows were not taken. {advice}", err=True)
