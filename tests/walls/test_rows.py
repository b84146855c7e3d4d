"""Row-level security on PostgreSQL, as a role that does not own the tables: what it hides, and that nothing breaks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from segmentation import leases, metrics
from segmentation.database import reading, writing
from segmentation.extensions import db
from segmentation.jobs import sweeping
from segmentation.jobs.running import run
from segmentation.models import ApiToken, Customer, Invite, Job, Membership, Replica, Store
from segmentation.models.types import utc_now
from segmentation.replication import due_stores
from segmentation.walls import across, keep_to
from tests.api.conftest import World, add_job, make_world
from tests.conftest import make_app
from tests.walls.role import bound_role, url_of

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
pytestmark = POSTGRESQL


@pytest.fixture
def walled_url(database_url: str) -> Iterator[str]:
    """The database as a role that the documented statements made; it goes with the test."""
    with bound_role(database_url) as role:
        yield url_of(database_url, role)


@pytest.fixture
def application(walled_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The application as that role: in place of the one that every test has."""
    application = make_app(walled_url, tmp_path)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def world(application: Flask) -> World:
    """The two stores, written by that role as well."""
    return make_world(application)


def counts(connection: Any, tables: list[str]) -> dict[str, int]:
    """How many rows of each table are to be seen."""
    return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}  # noqa: S608


def tables_of_stores() -> list[str]:
    """Every table that holds rows of stores."""
    return ["stores", *(table.name for table in db.metadata.sorted_tables if "store_id" in table.c)]


def test_every_table_of_stores_is_walled_off(app: Flask) -> None:
    """A new one needs a policy in its migration: ENABLE ROW LEVEL SECURITY and own_store, as in `walls`."""
    with db.engine.connect() as connection:
        found = {name for name, in connection.execute(text(
            "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relrowsecurity AND polname = 'own_store'"))}
    assert set(tables_of_stores()) == found


def test_without_any_condition_of_ours_only_the_stores_own_rows_are_there(world: World) -> None:
    with world.app.app_context():
        keep_to(world.a)
        with reading(5) as connection:
            assert connection.execute(text("SELECT DISTINCT store_id FROM customers")).scalars().all() == [world.a]
            assert connection.execute(text("SELECT count(*) FROM stores")).scalar_one() == 1
        assert db.session.query(Customer.store_id).distinct().all() == [(world.a,)]


def test_nothing_is_there_where_no_store_was_named(world: World) -> None:
    with world.app.app_context(), reading(5) as connection:
        seen = counts(connection, [each for each in tables_of_stores() if each != "audit_events"])
        assert set(seen.values()) == {0}, seen


def test_nothing_can_be_written_into_another_store(world: World) -> None:
    with world.app.app_context():
        keep_to(world.a)
        with pytest.raises(DBAPIError, match="row-level security"), writing() as session:
            session.execute(text("INSERT INTO attributes VALUES (:store, 'x', 'x', 'text')"), {"store": world.b})
        with writing() as session:
            changed = session.execute(text("UPDATE customers SET first_name = 'x' WHERE store_id = :store"),
                                      {"store": world.b})
            assert changed.rowcount == 0
            gone = session.execute(text("DELETE FROM stores WHERE id = :store"), {"store": world.b})
            assert gone.rowcount == 0


OPENED = {"member": {"stores": 1, "memberships": 1}, "invite": {"invites": 1}, "token": {"api_tokens": 1},
          "jobs": {"jobs": 2}, "sweep": {"stores": 2, "segments": 2, "jobs": 2, "invites": 2, "api_tokens": 2}}


def test_a_purpose_opens_only_what_it_names_and_only_while_it_lasts(world: World) -> None:
    keys = {}
    for name, store_id in (("a", world.a), ("b", world.b)):
        owner = world.as_user(f"owner@{name}.example", name)
        owner.create()
        add_job(owner, "refresh")
        with world.app.app_context():
            keep_to(store_id)
            keys = _with_keys(store_id)
    for purpose, tables in OPENED.items():
        with world.app.app_context():
            with across(purpose, keys.get(purpose, "")):  # type: ignore[arg-type]
                assert seen_everywhere() == tables, purpose
            assert not seen_everywhere()
            with pytest.raises(ZeroDivisionError), across(purpose):  # type: ignore[arg-type]
                raise ZeroDivisionError
            assert not seen_everywhere()


def _with_keys(store_id: uuid.UUID) -> dict[str, str]:
    """An invite and a token more in the store; what opens each, and the owner's part in it."""
    user_id = db.session.query(Membership.user_id).filter(Membership.role == "owner").scalar()
    of_store = {"store_id": store_id, "user_id": user_id, "role": "viewer"}
    with writing() as session:
        session.add(Invite(**of_store, email="x@x.example", digest=f"invite {store_id}"[:64], expires_at=utc_now()))
        session.add(ApiToken(**of_store, name="x", digest=f"token {store_id}"[:64], hint="seg_"))
    return {"member": str(user_id), "invite": f"invite {store_id}"[:64], "token": f"token {store_id}"[:64]}


def seen_everywhere() -> dict[str, int]:
    """How many rows are to be seen now, of the tables in which there are any."""
    found = counts(db.session.connection(), [each for each in tables_of_stores() if each != "audit_events"])
    return {table: rows for table, rows in found.items() if rows}


def test_what_a_savepoint_takes_along_is_said_again(world: World) -> None:
    with world.app.app_context():
        db.session.execute(text("SELECT 1"))
        inner = db.session.begin_nested()
        keep_to(world.a)
        assert seen_everywhere()["stores"] == 1
        with pytest.raises(DBAPIError):
            db.session.execute(text("SELECT 1 / 0"))
        inner.rollback()
        assert seen_everywhere()["stores"] == 1


def test_nothing_is_left_on_a_connection_for_the_next(walled_url: str, tmp_path: Path) -> None:
    """The same few connections for all: alternating stores, with failures in between, and nobody after a store."""
    app = make_app(walled_url, tmp_path)
    world = make_world(app)
    look = ("SELECT current_setting('segmentation.store_id', true), current_setting('segmentation.across', true),"
            " current_setting('segmentation.key', true)")
    for n in range(60):
        with app.app_context():
            keep_to(world.a if n % 2 else world.b)
            try:
                with reading(5) as connection:
                    found = connection.execute(text("SELECT DISTINCT store_id FROM customers")).scalars().all()
                    assert found == [world.a if n % 2 else world.b]
                    if n % 3 == 0:
                        connection.execute(text("SELECT 1 / 0"))
            except DBAPIError:
                pass
            raw = db.engine.raw_connection()
            try:
                assert not any(raw.cursor().execute(look).fetchone() or ())
            finally:
                raw.close()
        with app.app_context():
            assert db.session.query(Store).count() == 0
    with app.app_context():
        db.engine.dispose()


CORE = [("GET", "", 200), ("GET", "/fields", 200), ("GET", "/api/customers", 200), ("GET", "/api/attributes", 200),
        ("GET", "/api/jobs", 200)]


def test_the_api_works_behind_the_wall(world: World) -> None:
    """Writing, reading, counting, exporting, refreshing, undoing: all that a day brings."""
    owner = world.owner
    for method, url, status in CORE:
        assert owner.open(method, url).status_code == status, url
    tier = {"label": "Tier", "kind": "text"}
    assert owner.put("/api/attributes/tier", tier).status_code < 300
    people = [{"external_id": f"N{n}", "first_name": "Ann", "tags": ["vip"], "attributes": {"tier": "gold"}}
              for n in range(300)]
    assert owner.put("/api/customers", {"customers": people}).json["created"] == 300
    orders = [{"external_id": f"O{n}", "customer_id": f"N{n}", "ordered_at": "2024-05-01", "total": 5, "status": "paid",
               "lines": [{"sku": "x", "quantity": 1, "unit_price": 5}]} for n in range(300)]
    assert owner.put("/api/orders", {"orders": orders}).json["created"] == 300
    rules = {"logic": "AND", "conditions": [{"field": "tags", "operator": "has_all", "value": ["vip"]}]}
    made = owner.create(rules)
    assert made["cached_count"] == 300
    assert owner.post("/preview", {"rules": rules}).json == {"count": 300}
    identifier = made["id"]
    with owner.get(f"/{identifier}/export?format=csv") as file:
        assert file.headers["X-Row-Count"] == "300"
    for method, url in (("POST", "/refresh"), ("POST", "/duplicate"), ("GET", "/revisions"), ("GET", "/customers")):
        assert owner.open(method, f"/{identifier}{url}").status_code in (200, 201), url
    assert owner.delete(f"/{identifier}").status_code == 204
    assert owner.post(f"/{identifier}/restore").status_code == 200
    customer = owner.get("/api/customers").json["data"][0]["id"]
    assert owner.get(f"/api/customers/{customer}").status_code == 200
    assert owner.delete(f"/api/customers/{customer}").status_code == 204
    assert owner.get("", store=str(world.b)).status_code == 404
    assert owner.open("GET", "/api/auth/me", store="").json["stores"][0]["id"] == str(world.a)


def test_jobs_and_sweeping_work_behind_the_wall(world: World) -> None:
    owner, csv = world.owner, b"external_id,first_name\nJ1,Ann\nJ2,Bob\n"
    orders = b"order_id,customer_id,ordered_at,total,status\n1,J1,2024-01-01,5,paid\n"
    segment = owner.create()["id"]
    asked = [owner.open("POST", "/api/imports", data={"kind": kind, "file": (BytesIO(text), "a.csv")})
             for kind, text in (("customers", csv), ("orders", orders))]
    asked.append(owner.get(f"/{segment}/export", headers={"Prefer": "respond-async"}))
    assert {answer.status_code for answer in asked} == {202}
    with world.app.app_context():
        for answer in asked:
            run(uuid.UUID(answer.json["id"]))
        sweeping.look_after()
        sweeping.sweep()
        for _ in range(5):  # some ask for others: scores after orders, counts after scores
            for job_id in leases.waiting(20):
                run(job_id)
        assert not leases.waiting(20)
    jobs = owner.get("/api/jobs").json["jobs"]
    assert {job["state"] for job in jobs} == {"done"}, jobs
    assert {"import_customers", "import_orders", "export", "refresh"} <= {job["kind"] for job in jobs}
    assert owner.get(f"/{segment}").json["cached_count"] == 62
    with owner.get(f"/api/jobs/{asked[2].json['id']}/file") as file:
        assert int(file.headers["X-Row-Count"]) >= 60


def test_replicas_are_made_and_read_behind_the_wall(world: World) -> None:
    """Each by a process that sees that store only; whoever keeps to another does not see that there is one."""
    world.app.config["REPLICA_CUSTOMERS"] = 1
    stores = (world.a, world.b)
    with world.app.app_context():
        assert set(due_stores()) == set(stores)
        sweeping.ask_replicas()
        for job_id in leases.waiting(20):
            run(job_id)
        assert not list(due_stores())
        for store_id in stores:
            keep_to(store_id)
            (row,) = db.session.query(Replica).all()
            assert (row.store_id, row.customers) == (store_id, db.session.query(Customer).count())
        sweeping.sweep()
    before = told_by("replica")
    everyone = world.owner.post("/preview", {"rules": {"logic": "AND", "conditions": []}}).json["count"]
    assert everyone == people_in(world, world.a)
    assert told_by("replica") == before + 1
    status = world.app.test_cli_runner().invoke(args=["replica", "status"])
    assert status.output.count("version 0 of 0") == 2, status.output


def people_in(world: World, store_id: uuid.UUID) -> int:
    with world.app.app_context():
        keep_to(store_id)
        return db.session.query(Customer).count()


def told_by(engine: str) -> float:
    return metrics.told.labels(engine)._value.get()


def test_a_store_is_made_once_behind_the_wall(world: World) -> None:
    made = [world.owner.post("/api/stores", {"name": "Souq", "timezone": "Africa/Cairo", "currency": "EGP"}, store="",
                             headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json == made[1].json
    mine = world.owner.get("/api/stores", store="").json["stores"]
    assert {store["id"] for store in mine} == {str(world.a), made[0].json["id"]}


def test_invites_and_tokens_are_forgotten_behind_the_wall(world: World) -> None:
    for name in ("a", "b"):
        owner = world.as_user(f"owner@{name}.example", name)
        assert owner.post("/api/invites", {"email": "new@x.example", "role": "viewer"}).status_code == 201
        assert owner.post("/api/tokens", {"name": "t", "role": "viewer"}).status_code == 201
    with world.app.app_context():
        with across("sweep"), writing() as session:
            session.execute(update(Invite).values(expires_at=utc_now() - timedelta(days=60)))
            session.execute(update(ApiToken).values(expires_at=utc_now() - timedelta(days=60)))
        sweeping.sweep()
        with across("sweep"):
            assert [db.session.query(model).count() for model in (Invite, ApiToken)] == [0, 0]


def test_a_job_whose_holder_died_is_taken_back_behind_the_wall(world: World) -> None:
    job_id = add_job(world.owner, "refresh")
    with world.app.app_context():
        assert leases.take(job_id) is not None
        with across("jobs"), writing() as session:
            session.execute(update(Job).values(holder="elsewhere/1/1", lease_until=utc_now() - timedelta(hours=1)))
        assert leases.recover() == 1
        run(job_id)
    assert world.owner.get(f"/api/jobs/{job_id}").json["state"] == "done"


def test_the_jobs_of_all_stores_are_measured_behind_the_wall(world: World) -> None:
    for name in ("a", "b"):
        add_job(world.as_user(f"owner@{name}.example", name), "refresh")
    world.app.config["METRICS_TOKEN"] = "only for this test"
    told = world.app.test_client().get("/metrics", headers={"Authorization": "Bearer only for this test"}).text
    assert 'segmentation_jobs{kind="refresh",state="queued"} 2.0' in told


def test_commands_work_behind_the_wall(world: World, tmp_path: Path) -> None:
    command = world.app.test_cli_runner().invoke
    made = command(args=["store", "create", "Third", "--timezone", "Asia/Riyadh", "--currency", "SAR"])
    assert made.exit_code == 0, made.output
    store = made.output.strip().splitlines()[-1]
    (tmp_path / "c.csv").write_text("external_id,first_name\n1,Ann\n")
    for args in (["import", "customers", str(tmp_path / "c.csv"), "--store", store], ["score", "--store", store],
                 ["attribute", "declare", "tier", "--kind", "text", "--store", store], ["segments", "refresh"]):
        done = command(args=args)
        assert done.exit_code == 0, (args, done.output)
