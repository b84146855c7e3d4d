"""Uploads and jobs belong to one store: nobody else sees, starts, stops or fetches them."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import select

from segmentation.extensions import db
from segmentation.jobs import files, running
from segmentation.models import Job
from tests.pages.conftest import Visitor, World

PEOPLE = "Customer ID,First name,Remark\nA1,Ann,x\nA2,أحمد,y\n"


def upload(visitor: Visitor, text: str = PEOPLE, name: str = "people.csv", kind: str = "customers") -> str:
    """Upload a file; the address of the page that shows what it seems to hold."""
    answer = visitor.http.post(f"/stores/{visitor.store}/imports/", data={
        "csrf_token": visitor.csrf, "kind": kind, "file": (io.BytesIO(text.encode()), name)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def start(visitor: Visitor, address: str, columns: tuple[str, ...] = ("external_id", "first_name", "")) -> str:
    """Import an upload; the address of its job."""
    answer = visitor.post(at=address, fields=[(f"column-{n}", column) for n, column in enumerate(columns)])
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def folders(world: World) -> set[str]:
    """The folders that are kept."""
    with world.app.app_context():
        return {path.name for path in files.folders().iterdir()}


def test_an_upload_is_shown_with_guessed_columns_and_becomes_a_job(owner: Visitor, world: World) -> None:
    address = upload(owner)
    page = owner.get(at=address)
    assert page.status_code == 200
    assert page.text.count(" selected>") == 2
    job = start(owner, address)
    assert owner.get(at=job).status_code == 200
    assert owner.get(at=address).status_code == 404, "it has become the job's file"
    assert folders(world) == {job.rstrip("/").rsplit("/", 1)[1]}
    with world.app.app_context():
        row = db.session.scalars(select(Job)).one()
        assert row.params["mapping"]["Customer ID"] == "external_id"
        assert row.params["name"] == "people.csv"


def test_columns_that_make_no_import_leave_the_upload_to_be_corrected(owner: Visitor, world: World) -> None:
    address = upload(owner)
    for columns in (("", "first_name", ""), ("external_id", "external_id", ""), ("external_id", "nonsense", "")):
        answer = owner.post(at=address, fields=[(f"column-{n}", column) for n, column in enumerate(columns)])
        assert answer.status_code == 422, columns
    assert len(folders(world)) == 1
    start(owner, address)


def test_another_store_has_neither_the_upload_nor_the_job(
        owner: Visitor, visit: Callable[..., Visitor], world: World) -> None:
    address = upload(owner)
    other = visit("owner@b.example", store="b")
    elsewhere = address.replace(owner.store, other.store)
    for path in (address, elsewhere):
        assert other.get(at=path).status_code == 404
        assert other.post(at=path, fields=[("column-0", "external_id")]).status_code == 404
    job = start(owner, address)
    for path in (job, job.replace(owner.store, other.store)):
        for part in ("", "file", "rejected"):
            assert other.get(at=path.rstrip("/") + f"/{part}").status_code == 404
        assert other.post(at=path.rstrip("/") + "/cancel").status_code == 404
    with world.app.app_context():
        assert db.session.scalars(select(Job.state)).all() == ["queued"]


def test_a_job_is_stopped_and_its_files_go(owner: Visitor, world: World) -> None:
    job = start(owner, upload(owner))
    assert owner.post(at=job.rstrip("/") + "/cancel").status_code == 303
    page = owner.get(at=job)
    assert "Stopped" in page.text
    assert "hx-get" not in page.text.split('id="job"')[1].split(">")[0]
    assert folders(world) == set()


@pytest.mark.parametrize("text", ["", "\x00\x01", "a,\x07b\n1,2\n"])
def test_what_is_no_csv_file_leaves_nothing_behind(owner: Visitor, world: World, text: str) -> None:
    answer = owner.http.post(f"/stores/{owner.store}/imports/", data={
        "csrf_token": owner.csrf, "kind": "customers", "file": (io.BytesIO(text.encode()), "x.csv")})
    assert answer.status_code == 422
    assert folders(world) == set()


def test_an_upload_that_is_no_folder_of_ours_is_not_found(owner: Visitor, world: World) -> None:
    upload_id = uuid.uuid4()
    with world.app.app_context():
        (files.folder(upload_id) / files.UPLOAD).write_text(PEOPLE)
    assert owner.get(f"/imports/{upload_id}").status_code == 404


def test_reasons_are_said_in_the_language_of_whoever_looks(visit: Callable[..., Visitor], world: World) -> None:
    """Every reason here; the file with the rows stays English, as the service's other files."""
    head = "external_id,email,mobile,gender,birthday,country,first_name"
    rows = ("A,nowhere,,,,,", "B,,12,,,,", "C,,,robot,,,", "D,,,,tomorrow,,", "E,,,,1234-01-01,,", "F,,,,,Atlantis,",
            "G,,,,,," + "x" * 1_001, "H", ",,,,,,")
    owner = visit("owner@a.example")
    address = upload(owner, "\n".join((head, *rows)))
    job = start(owner, address, tuple(head.split(",")))
    with world.app.app_context():
        running.run(uuid.UUID(job.rstrip("/").rpartition("/")[2]))
        kept = db.session.scalars(select(Job).where(Job.kind == "import_customers")).one().checkpoint
    assert (kept["rejected"], len(kept["first"])) == (9, 5)
    english, arabic = owner.get(at=job).text, visit("owner@a.example", language="ar").get(at=job).text
    for reason, said in (("This is not an e-mail address.", "هذا ليس عنوان بريد إلكتروني."),
                         ("This is not a known gender.", "هذا ليس جنسًا معروفًا."),
                         ("A birthday lies between 1900 and today.", "يقع تاريخ الميلاد بين عام 1900 واليوم.")):
        assert reason in english
        assert reason not in arabic
        assert said in arabic
    with owner.get(at=f"{job}rejected") as file:
        assert "A birthday lies between 1900 and today." in file.text
