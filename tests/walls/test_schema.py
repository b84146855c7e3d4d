"""The OpenAPI document against the service, by schemathesis: whatever the document allows or forbids is answered so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

from segmentation.extensions import db
from tests.api.conftest import World, make_world
from tests.conftest import make_app
from tests.walls.stores import Things, plant, things

EXAMPLES = int(os.environ.get("SEGMENTATION_TEST_EXAMPLES", "4"))  # of each operation


@pytest.fixture(scope="module")
def stores(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Things]]:
    """The two stores, once for all operations."""
    folder = tmp_path_factory.mktemp("schema")
    (folder / "test.db").write_bytes(sqlite_template.read_bytes())
    app = make_app(f"sqlite:///{folder / 'test.db'}", folder)
    world = make_world(app)
    plant(world)
    yield world, things(world, "a")
    with app.app_context():
        db.engine.dispose()


def check(world: World, at: Things, case: schemathesis.Case) -> None:
    """Ask it as A's owner, of things that there are, and check the answer in every way that schemathesis knows."""
    headers = {}
    if not case.path.startswith("/api/auth/"):
        headers["Authorization"] = f"Bearer {world.owner.token}"
    if "store_id" in case.query:
        case.query["store_id"] = at.store_id
    for name in set(case.path_parameters) & {"segment_id", "customer_id", "job_id"}:
        case.path_parameters[name] = getattr(at, name)
    case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # schemathesis closes no file it is sent
def test_every_operation_does_what_the_document_says(stores: tuple[World, Things]) -> None:
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", stores[0].app)
    failures = []
    operations = [found.ok() for found in document.get_all_operations()]
    for operation in operations:
        @given(case=operation.as_strategy())
        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
                  suppress_health_check=list(HealthCheck))
        def ask(case: schemathesis.Case) -> None:
            check(*stores, case)

        try:
            ask()
        except (FailureGroup, AssertionError) as failure:
            failures.append(f"{operation.method.upper()} {operation.path}: {failure} "
                            f"{[str(each) for each in getattr(failure, 'exceptions', ())]}")
    assert not failures, "\n".join(failures)
    assert len(operations) >= 30
