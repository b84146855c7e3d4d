"""Replicas: when one is due, what is left of a broken or foreign one, and answers that are remembered."""

from __future__ import annotations

import gc
import resource
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import duckdb
import pytest
from flask import Flask

from segmentation import leases, replication
from segmentation.audience import matching, remembering
from segmentation.audience.building import LOCK
from segmentation.audience.duck import Duck, ReplicaFailed, failing, run
from segmentation.audience.engines import Part, snapshot
from segmentation.audience.replicas import directory, engine
from segmentation.audience.spilling import SPILLED
from segmentation.auth import operator_scope
from segmentation.database import writing
from segmentation.departures import HasLeft
from segmentation.errors import Abandoned, Unavailable
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from segmentation.facts.erase import erase_customer
from segmentation.facts.order_rows import OrderHead, OrderRecord
from segmentation.facts.orders import upsert_orders
from segmentation.models import Replica, Store
from segmentation.models.types import utc_now
from segmentation.replication import due_stores, renew, state_of, sweep
from segmentation.rules.reading import read_rules
from segmentation.stores import change_store
from tests.conftest import make_store

RIYADH = {"field": "city", "operator": "equals", "value": "Riyadh"}


def write(store: Store, numbers: Sequence[int], city: str) -> None:
    with writing() as session:
        upsert_customers(session, store.id, [CustomerRecord(f"c{n}", {"city": city}) for n in numbers])


def count(store: Store, condition: dict[str, Any] = RIYADH) -> tuple[int, list[str]]:
    """How many customers match, and which engines tell."""
    scope, engines = operator_scope(store.id), []

    def note(part: Part) -> None:
        engines.append(part.facts.dialect.name)
        part.run("SELECT 1", {})

    with snapshot(30) as facts:
        found = matching.count(
            scope, read_rules({"logic": "AND", "conditions": [condition]}, scope.catalogue), utc_now(), facts)
        facts.gather(scope.store_id, note)
    return found, engines


def files(store: Store) -> list[Path]:
    root = directory()
    assert root is not None
    return sorted((root / str(store.id)).glob("*.duckdb"))


def test_writes_after_the_replica_are_counted(store: Store) -> None:
    write(store, range(10), "Riyadh")
    renew(store.id)
    assert count(store) == (10, ["duckdb"])
    write(store, [3, 20], "Jeddah")
    with writing() as session:
        erase_customer(session, store.id, 1)
    found, engines = count(store)
    assert (found, engines[0], len(engines)) == (8, "duckdb", 2)


def test_no_answer_is_of_before_a_change_of_the_settings(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which statuses count is in the facts, and so changes whom the primary is asked about; the time zone is not."""
    monkeypatch.setattr(remembering, "MOST", 100)
    head = OrderHead("o", "c0", datetime(2026, 1, 31, 22, tzinfo=UTC), "draft", total=10_000)
    with writing() as session:
        upsert_customers(session, store.id, [CustomerRecord(f"c{n}", {}) for n in range(3)])
        upsert_orders(session, store.id, [OrderRecord(head, [])], None)
    renew(store.id)
    bought = {"field": "orders.count", "operator": "greater_than", "value": 0}
    in_january = {"field": "last_order_at", "operator": "before", "value": "2026-02-01"}
    assert [count(store, each) for each in (bought, in_january)] == [(0, ["duckdb"])] * 2
    change_store(operator_scope(store.id), {"counted_statuses": ["draft"]}, None)
    assert [count(store, each)[0] for each in (bought, in_january)] == [1, 0]
    renew(store.id)
    assert [count(store, each) for each in (bought, in_january)] == [(1, ["duckdb"]), (0, ["duckdb"])]
    change_store(operator_scope(store.id), {"timezone": "Europe/London"}, None)
    assert count(store, in_january)[0] == 1


def test_what_goes_on_in_another_store_is_of_no_matter(app: Flask, store: Store) -> None:
    app.config["REPLICA_CUSTOMERS"] = 1
    other = make_store("Other")
    write(store, range(10), "Riyadh")
    for city in ("Jeddah", "Dammam", "Riyadh"):
        write(other, range(12), city)
    assert [renew(each.id).customers for each in (store, other)] == [10, 12]
    write(other, [8], "Jeddah")
    with writing() as session:
        erase_customer(session, other.id, 4)
    assert (count(store), count(other)[0]) == ((10, ["duckdb"]), 10)
    assert [state_of(each.id)[2] for each in (store, other)] == [0, 2]
    with writing() as session:
        session.get_one(Replica, other.id).built_at -= replication.ERASED_KEPT
        session.get_one(Replica, store.id).built_at -= replication.ERASED_KEPT
    assert list(due_stores()) == [other.id]
    with writing() as session:
        leases.add(session, other.id, "replica", {})
    assert list(due_stores()) == []


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage", "cut"])
def test_a_broken_file_lets_the_primary_answer_and_is_made_again(app: Flask, store: Store, damage: str) -> None:
    app.config["REPLICA_CUSTOMERS"] = 1
    write(store, range(10), "Riyadh")
    renew(store.id)
    (path,) = files(store)
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "garbage": b"x" * 9_000, "cut": content[:5_000]}[damage])
    found, engines = count(store)
    assert (found, engines == ["duckdb"]) == (10, False)
    assert list(due_stores()) == [store.id]
    renew(store.id)
    assert count(store) == (10, ["duckdb"])
    assert list(due_stores()) == []


def test_a_replica_of_a_future_that_was_undone_is_not_read(store: Store) -> None:
    write(store, range(10), "Riyadh")
    row = renew(store.id)
    with writing() as session:
        session.get_one(Replica, store.id).version = row.version + 5
    found, engines = count(store)
    assert found == 10
    assert "duckdb" not in engines


def test_one_of_another_layout_is_not_read(app: Flask, store: Store) -> None:
    app.config["REPLICA_CUSTOMERS"] = 1
    write(store, range(10), "Riyadh")
    renew(store.id)
    with writing() as session:
        session.get_one(Replica, store.id).layout = "older"
    assert "duckdb" not in count(store)[1]
    assert list(due_stores()) == [store.id]


def test_it_is_due_when_enough_has_changed(app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "FEWEST_CHANGED", 3)
    write(store, range(10), "Riyadh")
    assert list(due_stores()) == []  # too small
    app.config["REPLICA_CUSTOMERS"] = 5
    assert list(due_stores()) == [store.id]
    renew(store.id)
    write(store, range(2), "Jeddah")
    assert list(due_stores()) == []
    write(store, range(3), "Dammam")
    assert list(due_stores()) == [store.id]


def test_files_do_not_pile_up(store: Store) -> None:
    write(store, range(10), "Riyadh")
    for turn in range(4):
        write(store, [turn], "Jeddah")
        renew(store.id)
        assert len(files(store)) <= 2
    (files(store)[0].parent / "building-dead").mkdir()
    sweep(older_than=0)
    assert len(files(store)) == 1
    assert not list(files(store)[0].parent.glob("building-*"))


def test_a_connection_is_used_again_until_something_fails_on_it(store: Store) -> None:
    renew(store.id)
    (path,), duck = files(store), engine()
    with duck.reading(path) as first, duck.reading(path) as beside:
        assert first is not beside
    with pytest.raises(ReplicaFailed), duck.reading(path) as again:
        run(again, "SELECT nothing", {}, monotonic() + 60, None)
    assert again in (first, beside)
    with pytest.raises(duckdb.ConnectionException):
        again.execute("SELECT 1")
    with duck.reading(path) as other:
        assert other is not again
        assert run(other, "SELECT count(*) FROM customers", {}, monotonic() + 60, None) == [(0,)]


def test_connections_to_a_removed_file_are_closed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmentation.audience.duck.SECONDS_BETWEEN_TIDYING", 0.0)
    renew(store.id)
    (path,), duck = files(store), engine()
    with duck.reading(path) as kept:
        path.unlink()
    with pytest.raises(duckdb.ConnectionException):
        kept.execute("SELECT 1")
    with pytest.raises(ReplicaFailed), duck.reading(path):
        pass


BIG = "SELECT count(*) FROM (SELECT DISTINCT concat(range, 'so that it needs a lot of room') FROM range(1000000))"


def test_what_does_not_fit_into_memory_is_written_down(store: Store, tmp_path: Path) -> None:
    renew(store.id)
    (path,) = files(store)
    (tmp_path / "file").touch()
    roomy, cramped = Duck(1, 40, tmp_path / "replicas"), Duck(1, 40, tmp_path / "file")
    with roomy.reading(path) as connection:
        assert run(connection, BIG, {}, monotonic() + 60, None) == [(1_000_000,)]
    with pytest.raises(ReplicaFailed) as failed, cramped.reading(path) as connection:
        run(connection, BIG, {}, monotonic() + 60, None)
    assert not failed.value.unreadable
    del connection, roomy, failed
    gc.collect()
    assert not list((tmp_path / "replicas").iterdir())


def test_the_disk_is_not_filled(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segmentation.audience.spilling.MOST_TIMES", 0.25)
    renew(store.id)
    (path,) = files(store)
    with pytest.raises(ReplicaFailed, match="max_temp_directory_size"), \
            Duck(1, 40, tmp_path).reading(path) as connection:
        run(connection, BIG, {}, monotonic() + 60, None)


def test_where_there_is_no_room_to_build_the_primary_answers(store: Store) -> None:
    write(store, range(10), "Riyadh")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))  # to the builder like a disk that is full
    try:
        with pytest.raises(Unavailable) as failed:
            renew(store.id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.value.code == "replica_failed"
    root = directory()
    assert root is not None
    assert {each.name for each in (root / str(store.id)).iterdir()} == {LOCK}
    found, engines = count(store)
    assert (found, "duckdb" in engines) == (10, False)
    renew(store.id)
    assert count(store) == (10, ["duckdb"])


def test_a_full_disk_says_nothing_of_the_replica() -> None:
    told = {f'Could not write file "/there/{SPILLED}x/duckdb_temp_storage-0.tmp": No space left on device': False,
            'Could not read from file "/there/1-x.duckdb": Input/output error': True}
    for reason, unreadable in told.items():
        with pytest.raises(ReplicaFailed) as failed, failing():
            raise duckdb.IOException(reason)
        assert failed.value.unreadable == unreadable


def test_what_killed_processes_wrote_down_is_swept(store: Store) -> None:
    renew(store.id)
    count(store)
    root = directory()
    assert root is not None
    kept = set(root.iterdir())
    assert [each for each in kept if each.name.startswith(SPILLED)]
    dead = root / f"{SPILLED}dead"
    dead.mkdir()
    (dead / "duckdb_temp_storage-0.tmp").touch()
    sweep()
    assert dead in root.iterdir()
    sweep(older_than=0)
    assert set(root.iterdir()) == kept


def test_a_repeated_question_is_not_asked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST", 100)
    write(store, range(10), "Riyadh")
    scope = operator_scope(store.id)
    tree = read_rules({"logic": "AND", "conditions": [
        {"field": "created_at", "operator": "not_in_last", "value": 30, "unit": "days"}]}, scope.catalogue)
    asked = []
    with snapshot(30) as facts:
        gather = facts.gather
        monkeypatch.setattr(facts, "gather", lambda *given: asked.append(given) or gather(*given))
        before = matching.count(scope, tree, utc_now(), facts)
        for _ in range(3):
            assert matching.count(scope, tree, utc_now(), facts) == before
    assert len(asked) == 2  # once the count, and once which fact is the latest
    write(store, range(10, 13), "Riyadh")
    with snapshot(30) as facts:
        assert matching.count(scope, tree, utc_now(), facts) == before + 3


def test_nobody_erased_stays_in_a_file_for_long(app: Flask, store: Store) -> None:
    app.config["REPLICA_CUSTOMERS"] = 1
    write(store, range(10), "Riyadh")
    renew(store.id)
    with writing() as session:
        erase_customer(session, store.id, 1)
    assert list(due_stores()) == []
    with writing() as session:
        session.get_one(Replica, store.id).built_at -= replication.ERASED_KEPT
    assert list(due_stores()) == [store.id]
    assert renew(store.id).renewed == 0  # anew
    assert list(due_stores()) == []


@pytest.mark.parametrize(("seconds", "has_left", "error"), [
    (0.3, None, Unavailable), (0.0, None, Unavailable), (60, lambda: True, Abandoned)])
def test_a_question_is_stopped_though_it_had_not_begun(
    seconds: float, has_left: HasLeft | None, error: type[Exception]
) -> None:
    """DuckDB forgets that it was to stop when the next statement begins; it is told again until it does."""
    connection, started = duckdb.connect(":memory:"), monotonic()

    class Late:
        interrupt = connection.interrupt

        def execute(self, *given: Any) -> Any:
            sleep(0.1)
            return connection.execute(*given)

    with pytest.raises(error):
        run(Late(), "SELECT count(*) FROM range(100000) a, range(100000) b WHERE a.range % 7 = b.range % 5",  # type: ignore[arg-type]
            {}, started + seconds, has_left)
    assert monotonic() - started < 10
