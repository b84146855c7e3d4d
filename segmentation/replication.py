"""Keeping replicas: which stores need a new one, building and announcing it, and removing what nobody needs.

A replica is built aside by a process of its own, renamed to where readers look, and then announced by its row in the
database. Killed at any point, there is the old one still; what was begun is swept.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import mkdtemp
from time import perf_counter, time
from urllib.parse import quote

from flask import current_app
from psycopg.conninfo import make_conninfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from segmentation import json
from segmentation.audience import building, columnar
from segmentation.audience.building import FILE, LOCK, Built, Order
from segmentation.audience.columnar import layout
from segmentation.audience.replicas import changed_numbers, directory, path_of
from segmentation.audience.spilling import SPILLED
from segmentation.database import writing
from segmentation.disk import locked, sync
from segmentation.errors import Conflict, Unavailable
from segmentation.extensions import db
from segmentation.leases import FAILED, UNFINISHED
from segmentation.models import Job, Replica, Store, Tombstone
from segmentation.models.types import utc_now
from segmentation.walls import across, keep_to

FEWEST_CHANGED = 1_000  # or a hundredth of all customers: with fewer, a new replica would save nothing
RENEWED_SHARE = 0.3  # of the customers: once so many were replaced, all are read again
CHANGED_SHARE = 0.1  # with more than this it is quicker to read all
SECONDS_LEFT_ALONE = 60.0  # what is being built, or has just been, and what somebody is about to open
SECONDS_BETWEEN_LOOKS = 0.1
ERASED_KEPT = timedelta(hours=1)  # that long at most, and what building takes, a file holds people who were erased
PAUSE_AFTER_FAILURE = timedelta(minutes=15)
PREFIX = "building-"
log = logging.getLogger("segmentation.replicas")


def due_stores() -> Iterator[uuid.UUID]:
    """The stores that need a replica, or a newer one, and for which nobody makes one yet."""
    if directory() is None:
        return
    fewest = current_app.config["REPLICA_CUSTOMERS"]
    busy = select(Job.store_id).where(Job.kind == "replica", Job.state.in_(UNFINISHED))
    failed = select(Job.store_id).where(Job.kind == "replica", Job.state == FAILED,
                                        Job.finished_at > utc_now() - PAUSE_AFTER_FAILURE)
    with across("sweep"):
        found = db.session.scalars(select(Store.id).where(
            Store.last_customer_number >= fewest, Store.id.not_in(busy), Store.id.not_in(failed))).all()
    yield from filter(is_due, found)


def is_wanted(store_id: uuid.UUID) -> bool:
    """Whether the store is so big that it is to have a replica."""
    keep_to(store_id)
    fewest = current_app.config["REPLICA_CUSTOMERS"]
    return directory() is not None and db.session.get_one(Store, store_id).last_customer_number >= fewest


def is_due(store_id: uuid.UUID) -> bool:
    """Whether the store needs a new replica: it has none that can be read, or much has changed since."""
    keep_to(store_id)
    row = db.session.get(Replica, store_id, populate_existing=True)
    if row is None or _basis(row) is None:
        return True
    if row.built_at < utc_now() - ERASED_KEPT and _holds_erased(row):
        return True
    most = max(FEWEST_CHANGED, row.customers // 100)
    return len(changed_numbers(db.session.connection(), store_id, row.version, most)) >= most


def renew(store_id: uuid.UUID, check: Callable[[], None] = lambda: None, *, whole: bool = False,
          then: Callable[[Session, Replica], None] = lambda _session, _row: None) -> Replica:
    """Make a replica of the store as it is now; its row. `check` is called all the time, and what it raises ends it.

    Made from the one before where little has changed, unless `whole` is wanted. `then` ends the transaction that
    announces it. Raises Unavailable when it cannot be built.
    """
    root = directory()
    if root is None:
        raise Unavailable("Replicas are switched off.", code="replicas_off")
    keep_to(store_id)
    started, row = perf_counter(), db.session.get(Replica, store_id, populate_existing=True)
    basis = None if row is None or whole or _is_worn(store_id, row) else _basis(row)
    since, renewed = (row.version, row.renewed) if row and basis else (None, 0)
    before = row.token if row else ""  # somebody may be about to open it
    db.session.rollback()
    with _workshop(root / str(store_id)) as folder:
        built = _built(_order(store_id, folder, basis, since), check)
        token = token_hex(8)
        (folder / FILE).rename(path_of(root, store_id, built.version, token))
        sync(root / str(store_id))
        _announce(store_id, built, token, renewed + built.renewed, perf_counter() - started, then)
        _remove_others(root / str(store_id), {token, before})
    log.info("replica made", extra={"fields": {
        "store": str(store_id), "version": str(built.version), "changed": str(built.renewed)}})
    return db.session.get_one(Replica, store_id, populate_existing=True)


def sweep(older_than: float = SECONDS_LEFT_ALONE) -> None:
    """Remove the files that no row speaks of, and what processes that were killed have left."""
    root = directory()
    if root is None or not root.is_dir():
        return
    _remove_abandoned(root.glob(f"{SPILLED}*"), older_than)
    for folder in root.iterdir():
        with suppress(ValueError, FileNotFoundError):
            store_id = uuid.UUID(folder.name)
            keep_to(store_id)
            row = db.session.get(Replica, store_id, populate_existing=True)
            _remove_others(folder, {row.token} if row else set(), older_than)
            _remove_abandoned(folder.glob(f"{PREFIX}*"), older_than)
            if row is None and [each.name for each in folder.iterdir()] == [LOCK]:
                rmtree(folder, ignore_errors=True)


def state_of(store_id: uuid.UUID) -> tuple[Store, Replica | None, int, bool]:
    """The store with its replica, how many customers changed since, and whether its file is there."""
    keep_to(store_id)
    store, row = db.session.get_one(Store, store_id), db.session.get(Replica, store_id)
    if row is None:
        return store, None, 0, False
    changed = changed_numbers(db.session.connection(), store_id, row.version, store.last_customer_number)
    return store, row, len(changed), _basis(row) is not None


def _basis(row: Replica) -> Path | None:
    """The file of a replica, if it is there and this code can read it."""
    root = directory()
    if root is None or row.layout != layout():
        return None
    path = path_of(root, row.store_id, row.version, row.token)
    return path if path.is_file() else None


def _holds_erased(row: Replica) -> bool:
    """Whether the file holds anybody who has been erased."""
    erased = select(Tombstone.version).where(Tombstone.store_id == row.store_id, Tombstone.version > row.version)
    return db.session.execute(erased.limit(1)).first() is not None


def _is_worn(store_id: uuid.UUID, row: Replica) -> bool:
    """Whether to read everything again: much has changed, or has been replaced already, or people were erased."""
    if _holds_erased(row):  # what is deleted from a file may still lie in it
        return True
    most = int(row.customers * CHANGED_SHARE) + 1
    changed = changed_numbers(db.session.connection(), store_id, row.version, most)
    return len(changed) >= most or row.renewed > row.customers * RENEWED_SHARE


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder to build in, as long as nobody else builds one for the store. Raises Conflict."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder / LOCK))
        except BlockingIOError as error:
            raise Conflict("A replica of this store is being made.", code="already_running") from error
        path = Path(mkdtemp(prefix=PREFIX, dir=folder))
        try:
            yield path
        finally:
            rmtree(path, ignore_errors=True)


def _order(store_id: uuid.UUID, folder: Path, basis: Path | None, since: int | None) -> Order:
    engine = db.engine.dialect.name
    steps = columnar.made_anew(engine, store_id) if since is None else columnar.made_from(engine, store_id, since)
    return Order(
        engine, _address(), str(folder), current_app.config["REPLICA_THREADS"], current_app.config["REPLICA_MEMORY"],
        None if basis is None else str(basis), columnar.beginning(engine, store_id),
        columnar.version(engine, store_id), list(steps), columnar.CUSTOMERS,
        columnar.NONE if since is None else columnar.RENEWED)


def _address() -> str:
    """Where the primary is, as its driver takes it."""
    url = db.engine.url
    if db.engine.dialect.name == "sqlite":
        return f"file:{quote(str(url.database))}?mode=rw"
    told = db.engine.dialect.create_connect_args(url)[1]
    return make_conninfo(**{name: value for name, value in told.items() if name != "context"})  # that is Python's


def _built(order: Order, check: Callable[[], None]) -> Built:
    """What a builder made. Raises what `check` does, Unavailable when it failed."""
    with subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", building.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE) as builder:
        try:
            told: bytes | None = json.dumps(asdict(order))
            while True:
                try:
                    out, errors = builder.communicate(told, SECONDS_BETWEEN_LOOKS)
                    break
                except subprocess.TimeoutExpired:
                    told = None
                    check()
        except BaseException:
            builder.kill()
            raise
    if builder.returncode:
        reason = errors.decode(errors="replace")[-2_000:]
        log.error("a replica could not be built", extra={"fields": {"reason": reason}})
        raise Unavailable("The replica could not be built.", code="replica_failed")
    return Built(**json.loads(out.splitlines()[-1]))


def _announce(store_id: uuid.UUID, built: Built, token: str, renewed: int, seconds: float,
              then: Callable[[Session, Replica], None]) -> None:
    with writing() as session:
        values = {"version": built.version, "token": token, "layout": layout(), "customers": built.customers,
                  "renewed": renewed, "size": built.size, "seconds": seconds, "built_at": utc_now()}
        row = session.get(Replica, store_id, with_for_update=True)
        if row is None:
            row = Replica(store_id=store_id, **values)
            session.add(row)
        else:
            for name, value in values.items():
                setattr(row, name, value)
        session.flush()
        then(session, row)


def _remove_others(folder: Path, tokens: set[str], older_than: float = 0.0) -> None:
    for each in folder.glob("*.duckdb"):
        if each.stem.rpartition("-")[2] not in tokens and _age(each) >= older_than:
            each.unlink(missing_ok=True)


def _remove_abandoned(folders: Iterable[Path], older_than: float) -> None:
    for each in folders:
        with suppress(FileNotFoundError):
            if _age(each) >= older_than and _is_abandoned(each):
                rmtree(each, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        with locked(folder / LOCK):
            return True
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False


def _age(path: Path) -> float:
    try:
        return time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
