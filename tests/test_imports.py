"""Importing files: what is stored, what is rejected, and that a killed import loses nothing and doubles nothing."""

from __future__ import annotations

import csv
import hashlib
import os
import random
import signal
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import event, select, text

from segmentation import imports, leases
from segmentation.commands.imports import import_group
from segmentation.errors import Cancelled, Conflict, DomainError, Invalid, NotFound, Unavailable
from segmentation.extensions import db
from segmentation.imports import ImportResult, Kind, Progress, import_file
from segmentation.models import AuditEvent, Customer, CustomerTag, Job, Order, OrderLine, Store
from segmentation.rejected import NoFile, RejectedFile, RejectedSink
from tests.conftest import make_store

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
HEADER = "order_id,customer_id,ordered_at,status,total,city,sku,quantity,unit_price"


def ignore(_progress: Progress) -> None:
    """No progress is shown."""


def run(store_id: uuid.UUID, path: Path, kind: Kind = "orders", rejected: RejectedSink | None = None,
        progress: Callable[[Progress], None] = ignore) -> ImportResult:
    """Import."""
    return import_file(store_id, kind, path, progress, rejected or NoFile())


def facts(store_id: uuid.UUID) -> dict[str, list[Any]]:
    """All facts of a store that do not depend on how often or in which steps they were imported."""
    db.session.rollback()
    orders = (
        select(Order.external_id, Customer.external_id, Order.ordered_at, Order.amount, Order.status, Order.is_counted,
               Order.city, Order.city_folded)
        .join(Customer, (Customer.store_id == Order.store_id) & (Customer.number == Order.customer_number))
        .where(Order.store_id == store_id))
    lines = (
        select(Order.external_id, OrderLine.line, OrderLine.sku, OrderLine.quantity, OrderLine.unit_price,
               OrderLine.amount)
        .join(Order, (Order.store_id == OrderLine.store_id) & (Order.number == OrderLine.order_number))
        .where(OrderLine.store_id == store_id))
    customers = select(
        Customer.external_id, Customer.city, Customer.orders_count, Customer.orders_amount,
        Customer.average_order_amount, Customer.first_order_at, Customer.last_order_at
    ).where(Customer.store_id == store_id)
    tags = select(Customer.external_id, CustomerTag.tag).join(
        CustomerTag, (Customer.store_id == CustomerTag.store_id) & (Customer.number == CustomerTag.customer_number)
    ).where(Customer.store_id == store_id)
    return {name: sorted(map(tuple, db.session.execute(statement)), key=repr) for name, statement in (
        ("orders", orders), ("lines", lines), ("customers", customers), ("tags", tags))}


def some_orders(rows: int, seed: int = 1) -> list[str]:
    """Rows of orders: of one line and of several, some whose rows lie apart, some that cannot be taken."""
    rng = random.Random(seed)
    lines: list[str] = []
    while len(lines) < rows:
        number = rng.randrange(rows // 2)
        head = f"o{number},c{number % 37},2024-05-{number % 28 + 1:02},{'paid' if number % 3 else ''}"
        total = number if number % 5 == 0 else ""
        for _ in range(rng.randrange(1, 4)):
            bad = rng.random() < 0.03
            lines.append(f"{head},{'x' if bad else total},{'جدة' if number % 2 else ''},s{rng.randrange(9)},"
                         f"{rng.randrange(5)},{'' if number % 7 == 0 else rng.randrange(100)}")
    return lines


def write(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    """A CSV file of those lines."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


@pytest.fixture
def store_id(store: Store) -> uuid.UUID:
    return store.id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches in a small file."""
    monkeypatch.setattr(imports, "BATCH_ROWS", 40)


def test_customers(store_id: uuid.UUID, path: Path) -> None:
    write(path, ["1,جدة,a|b", "2,,", "1,مكة,b"], "External_ID,City,Tags")
    assert run(store_id, path, "customers").written == 3
    found = facts(store_id)
    assert [row[:2] for row in found["customers"]] == [("1", "مكة"), ("2", None)]
    assert found["tags"] == [("1", "b")]


def test_orders_and_what_is_said_about_them(store_id: uuid.UUID, path: Path, tmp_path: Path) -> None:
    write(path, ["1,c,2024-05-01,,,,a,2,1.5", "1,c,2024-05-01,,,,b,1,", "2,c,2024-05-01,open,-3,,,,",
                 "3,c,never,,1,,,,", "4,c,2024-05-01,,,,a,,", '5,"=c",2024-05-01', "6,d,2024-05-01,paid,1e5,,,,"])
    seen: list[Progress] = []
    result = run(store_id, path, rejected=RejectedFile(tmp_path / "rejected.csv"), progress=seen.append)
    assert (result.rows, result.written, result.rejected, result.resumed_from) == (7, 3, 4, 0)
    assert (seen[-1].bytes_done, seen[-1].bytes_total) == (path.stat().st_size,) * 2
    assert (seen[-1].rows, seen[-1].written, seen[-1].rejected) == (7, 3, 4)
    assert [row[:4:3] for row in facts(store_id)["orders"]] == [("1", 30_000), ("2", -30_000)]
    with (tmp_path / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["line", "column", "reason", *HEADER.split(",")]
    assert [row[:2] for row in rows] == [["5", "ordered_at"], ["6", "total"], ["7", ""], ["8", "total"]]
    assert rows[0][3:] == "3,c,never,,1,,,,".split(",")
    assert rows[2][3:] == ["5", "'=c", "2024-05-01"]
    audited = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "import")).one()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert audited.details == {"kind": "orders", "digest": digest, "rows": 7, "written": 3, "rejected": 4}
    assert db.session.scalars(select(Job.state)).all() == ["done"]


@ON_SQLITE
def test_rejected_rows_can_be_mended_and_imported(store_id: uuid.UUID, path: Path, tmp_path: Path) -> None:
    rejected = tmp_path / "rejected.csv"
    write(path, ["1,c,2024-05-01,,,,a,2,1.5", "1,c,2024-05-01,,,,'=b,x,1", "1,c,2024-05-01,,,,=c,1,-1",
                 "2,c,2024-05-01,,5,,,,"])
    run(store_id, path, rejected=RejectedFile(rejected))
    rejected.write_text(rejected.read_text("utf-8").replace(",x,1", ",4,1"), "utf-8")
    assert run(store_id, rejected).rejected == 0
    assert [row[2::3] for row in facts(store_id)["lines"]] == [("a", 30_000), ("=b", 40_000), ("=c", -10_000)]


def test_importing_again_changes_no_fact(store_id: uuid.UUID, path: Path, small_batches: None) -> None:
    write(path, some_orders(300))
    first = run(store_id, path)
    before = facts(store_id)
    again = run(store_id, path)
    assert facts(store_id) == before
    assert again.job > first.job
    assert (again.rows, again.written, again.rejected, again.resumed_from) == (
        first.rows, first.written, first.rejected, 0)


@ON_SQLITE
def test_the_size_of_batches_makes_no_difference(
    store_id: uuid.UUID, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, some_orders(300))
    outcomes = []
    for size in (1, 7, 100_000):
        monkeypatch.setattr(imports, "BATCH_ROWS", size)
        each = make_store().id
        run(each, path, rejected=RejectedFile(tmp_path / "rejected.csv"))
        outcomes.append((facts(each), (tmp_path / "rejected.csv").read_bytes()))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(outcomes[0][0]["orders"]) > 50
    assert outcomes[0][1].count(b"\n") > 10


@ON_SQLITE
@pytest.mark.parametrize(("header", "kind"), [
    ("order_id", "orders"), ("external_id,nope", "customers"), ("", "orders")])
def test_a_file_that_does_not_fit_leaves_no_trace(store_id: uuid.UUID, path: Path, header: str, kind: Kind) -> None:
    write(path, [], header)
    with pytest.raises(Invalid):
        run(store_id, path, kind)
    assert db.session.scalars(select(Job)).all() == []


@ON_SQLITE
def test_unknown_stores_are_not_found(app: Flask, path: Path) -> None:
    with pytest.raises(NotFound):
        run(uuid.uuid4(), write(path, []))


def test_only_one_import_runs_in_a_store(store_id: uuid.UUID, path: Path, tmp_path: Path) -> None:
    write(path, some_orders(20))
    other_file = write(tmp_path / "other.csv", some_orders(20, seed=2))
    other = make_store("Other").id
    caught: list[DomainError] = []

    def meanwhile(_progress: Progress) -> None:
        for file in (path, other_file):
            with pytest.raises(Conflict) as conflict:
                run(store_id, file)
            caught.append(conflict.value)
        assert run(other, path).rows

    assert run(store_id, path, progress=meanwhile).rows >= 20
    assert [error.code for error in caught] == ["already_running"] * 2


def test_an_import_that_was_overtaken_commits_nothing_more(
    store_id: uuid.UUID, path: Path, small_batches: None
) -> None:
    write(path, some_orders(200))
    seen: list[dict[str, list[Any]]] = []

    def overtake(_progress: Progress) -> None:
        seen.append(facts(store_id))
        job = db.session.scalars(select(Job)).one()
        job.attempt += 1
        db.session.commit()

    with pytest.raises(Conflict, match="taken over"):
        run(store_id, path, progress=overtake)
    assert facts(store_id) == seen[0]


def test_an_import_that_failed_goes_on_at_once(store_id: uuid.UUID, path: Path, small_batches: None) -> None:
    write(path, some_orders(200))

    def stop(_progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(store_id, path, progress=stop)
    assert db.session.scalars(select(Job.state)).one() == "failed"
    result = run(store_id, path)
    assert 40 <= result.resumed_from < 50
    clean = make_store().id
    run(clean, path)
    assert facts(store_id) == facts(clean)


def test_an_import_that_is_wanted_no_longer_stops_at_its_next_batch(
    store_id: uuid.UUID, path: Path, small_batches: None
) -> None:
    write(path, some_orders(200))

    def cancel(_progress: Progress) -> None:
        job = db.session.scalars(select(Job)).one()
        job.cancelling = True
        db.session.commit()

    with pytest.raises(Cancelled):
        run(store_id, path, progress=cancel)
    job = db.session.scalars(select(Job)).one()
    assert (job.state, job.error) == ("cancelled", None)
    assert 40 <= job.checkpoint["rows"] < 50
    assert run(store_id, path).resumed_from == 0


@ON_SQLITE
def test_a_full_disk_stops_an_import_that_then_goes_on(store_id: uuid.UUID, path: Path, small_batches: None) -> None:
    write(path, some_orders(400))
    pages = [db.session.scalars(text("PRAGMA page_count")).one() + 6]
    event.listen(db.engine, "checkout", lambda connection, *_: connection.execute(f"PRAGMA max_page_count={pages[0]}"))
    with pytest.raises(Unavailable, match="full"):
        run(store_id, path)
    pages[0] = 1_000_000
    assert db.session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
    assert run(store_id, path).resumed_from
    clean = make_store().id
    run(clean, path)
    assert facts(store_id) == facts(clean)


def in_child(work: Callable[[], object], until: float | None = None) -> bool:
    """Whether `work` came to its end in a process of its own, which is killed after `until` seconds."""
    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    if until is not None:
        time.sleep(until)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == 0


class _Dying:
    """Calls a function and then, the so-manieth time, kills the process."""

    def __init__(self, function: Callable[..., Any], calls: int) -> None:
        self._function = function
        self._calls = calls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._function(*args, **kwargs)
        self._calls -= 1
        if not self._calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


MOMENTS = ("claimed", "data written", "rejected rows written", "checkpoint written", "committed")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_nothing_is_lost_or_doubled(
    store_id: uuid.UUID, path: Path, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    write(path, some_orders(200))
    clean = make_store().id
    run(clean, path, rejected=RejectedFile(tmp_path / "clean.csv"))

    def attempt(calls: int) -> None:
        sink = RejectedFile(tmp_path / "rejected.csv")
        progress: Callable[[Progress], None] = ignore
        where: dict[str, tuple[Any, str]] = {
            "claimed": (leases, "claim"), "data written": (imports, "upsert_orders"),
            "rejected rows written": (sink, "append"), "checkpoint written": (leases, "save")}
        if moment == "committed":
            progress = _Dying(progress, calls)
        else:
            owner, name = where[moment]
            monkeypatch.setattr(owner, name, _Dying(getattr(owner, name), calls))
        assert run(store_id, path, rejected=sink, progress=progress).rows >= 200

    calls = iter((1, 1, 2, 1, 3, 100))
    deaths = 0
    while not in_child(partial(attempt, next(calls))):
        deaths += 1
    assert deaths >= 2
    assert facts(store_id) == facts(clean)
    assert (tmp_path / "rejected.csv").read_bytes() == (tmp_path / "clean.csv").read_bytes()
    assert db.session.scalars(select(Job.state).where(Job.store_id == store_id)).all() == ["done"]


def test_killed_at_random_times(store_id: uuid.UUID, path: Path, tmp_path: Path, small_batches: None) -> None:
    rng = random.Random(5)
    write(path, some_orders(600))
    clean = make_store().id
    run(clean, path, rejected=RejectedFile(tmp_path / "clean.csv"))
    sink = RejectedFile(tmp_path / "rejected.csv")
    started = time.monotonic()
    run(make_store().id, path)
    seconds = time.monotonic() - started
    for _ in range(8):
        if in_child(lambda: run(store_id, path, rejected=sink), rng.uniform(0, seconds / 2)):
            break
    run(store_id, path, rejected=sink)
    assert facts(store_id) == facts(clean)


@ON_SQLITE
def test_the_file_of_rejected_rows_must_be_the_one_that_was_begun(
    store_id: uuid.UUID, path: Path, tmp_path: Path, small_batches: None
) -> None:
    write(path, [f"{number},c,never" for number in range(100)], "order_id,customer_id,ordered_at")
    right, wrong = tmp_path / "rejected.csv", tmp_path / "wrong.csv"
    assert not in_child(lambda: run(store_id, path, rejected=RejectedFile(right), progress=_Dying(ignore, 2)))
    wrong.write_text("precious")
    for other in (wrong, tmp_path / "none.csv"):
        with pytest.raises(Conflict, match="not the file"):
            run(store_id, path, rejected=RejectedFile(other))
    assert wrong.read_text() == "precious"
    right.write_bytes(right.read_bytes() + b"torn")
    result = run(store_id, path, rejected=RejectedFile(right))
    assert (result.rejected, result.resumed_from) == (100, 80)
    assert right.read_bytes().count(b"\r\n") == 101
    assert b"torn" not in right.read_bytes()


def command(app: Flask, *words: str) -> Result:
    """The outcome of `import` with those words."""
    result = app.test_cli_runner().invoke(import_group, words)
    db.session.remove()
    return result


@ON_SQLITE
def test_the_command(app: Flask, store_id: uuid.UUID, path: Path, tmp_path: Path) -> None:
    write(path, [f"{number},c,{'2024-05-01' if number < 5 else 'never'},1" for number in range(30)],
          "order_id,customer_id,ordered_at,total")
    options = ["--store", str(store_id)]
    result = command(app, "orders", str(path), *options)
    assert result.exit_code == 0
    assert "30 rows: 5 written, 25 rejected" in result.stdout
    assert "Line 7, ordered_at: " in result.stderr
    assert "Line 26, " in result.stderr
    assert "Line 27, " not in result.stderr
    assert "5 more" in result.stderr
    assert "--rejected FILE" in result.stderr
    result = command(app, "orders", str(path), *options, "--rejected", str(tmp_path / "rejected.csv"))
    assert result.exit_code == 0
    assert "rejected.csv" in result.stderr
    assert (tmp_path / "rejected.csv").read_bytes().count(b"\r\n") == 26


@ON_SQLITE
def test_the_command_says_nothing_more_when_all_rows_are_taken(app: Flask, store_id: uuid.UUID, path: Path) -> None:
    result = command(app, "customers", str(write(path, ["1", "2"], "external_id")), "--store", str(store_id))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("2 rows: 2 written, 0 rejected; ")


@ON_SQLITE
def test_the_command_fails_for_a_file_or_a_store_that_does_not_fit(app: Flask, store_id: uuid.UUID, path: Path) -> None:
    write(path, ["1"], "nope")
    cases: Sequence[tuple[Sequence[str], int, str]] = (
        ((str(path), "--store", str(store_id)), 1, "Unknown columns: nope"),
        ((str(path) + "x", "--store", str(store_id)), 1, "No such file"),
        ((str(path), "--store", "01890000-0000-7000-8000-000000000000"), 1, "There is no store"),
        ((str(path), "--store", "1"), 2, "not a valid UUID"),
        ((str(path), "--store", str(store_id), "--rejected", str(path)), 2, "cannot be written into the file"),
        ((str(path), "--store", str(store_id), "--rejected", "/nowhere/x.csv"), 1, "Unknown columns"),
    )
    for words, status, said in cases:
        result = command(app, "customers", *words)
        assert result.exit_code == status
        assert said in result.stderr
        assert "Traceback" not in result.output
    write(path, ["1"], "external_id")
    result = command(app, "customers", str(path), "--store", str(store_id), "--rejected", "/nowhere/x.csv")
    assert (result.exit_code, "cannot be written" in result.stderr) == (1, True)
