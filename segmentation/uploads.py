"""Files that were uploaded and wait for somebody to say what their columns mean; then a job imports them.

An upload lies in the folder that its job will have. One that nobody goes on with is swept like any folder of no job.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from segmentation import json
from segmentation.attributes import find_attributes
from segmentation.audience.scope import Scope
from segmentation.errors import Invalid, NotFound
from segmentation.facts import headings
from segmentation.facts.csv_files import Row, opened
from segmentation.facts.customer_rows import ATTRIBUTE, VALUES
from segmentation.facts.order_rows import COLUMNS as ORDER_COLUMNS
from segmentation.facts.order_rows import REQUIRED as REQUIRED_OF_ORDERS
from segmentation.imports import Kind
from segmentation.jobs import asking, files
from segmentation.models import Job
from segmentation.models.types import new_id
from segmentation.translations import Filled, Listing

ABOUT = "about.json"
SHOWN = 5
REQUIRED = {"customers": ("external_id",), "orders": REQUIRED_OF_ORDERS}

# What people call the columns of files; those of customers are called as in the catalogue of fields.
LABELS = {
    "external_id": "Customer number", "first_name": "First name", "last_name": "Last name", "email": "E-mail",
    "mobile": "Mobile", "gender": "Gender", "birthday": "Birthday", "region": "Region", "country": "Country",
    "language": "Language", "source": "Source", "accepts_marketing": "Accepts marketing", "tags": "Tags",
    "created_at": "Customer since", "order_id": "Order number", "customer_id": "Customer number",
    "ordered_at": "Order date", "status": "Order status", "currency": "Currency", "total": "Order amount",
    "channel": "Channel", "payment_method": "Payment method", "coupon": "Coupon", "city": "City", "sku": "SKU",
    "product": "Product", "category": "Category", "brand": "Brand", "quantity": "Quantity",
    "unit_price": "Unit price",
}


@dataclass(frozen=True)
class Upload:
    """A file that waits: how it was read, its first rows, which columns it may have, what its headings seem to mean."""

    id: uuid.UUID
    kind: Kind
    name: str
    encoding: str
    separator: str
    headings: Sequence[str]
    rows: Sequence[Row]
    columns: Sequence[str]
    guessed: Mapping[str, str]


def keep(scope: Scope, kind: Kind, save: Callable[[Path], None], name: str) -> uuid.UUID:
    """Keep a file that `save` puts at a path; its id. Raises Invalid when it cannot be read as CSV."""
    scope.require("editor")
    upload_id = new_id()
    folder = files.folder(upload_id)
    try:
        save(folder / files.UPLOAD)
        with opened(folder / files.UPLOAD):
            pass
        (folder / ABOUT).write_bytes(json.dumps({"store": str(scope.store_id), "kind": kind, "name": name}))
    except BaseException:
        files.remove(upload_id)
        raise
    return upload_id


def find(scope: Scope, upload_id: uuid.UUID) -> Upload:
    """An upload of the store that still waits. Raises NotFound."""
    kind, name = _about(scope, upload_id)
    columns = _columns(scope, kind)
    with opened(files.folders() / str(upload_id) / files.UPLOAD) as file:
        rows = list(islice(file.rows(), SHOWN))
        guessed = headings.guess(file.header, columns, headings.ORDERS if kind == "orders" else headings.CUSTOMERS)
        return Upload(upload_id, kind, name, file.encoding, file.separator, file.header, rows, columns, guessed)


def start(scope: Scope, upload_id: uuid.UUID, mapping: Mapping[str, str]) -> Job:
    """Have an upload imported; a heading that `mapping` leaves out, or maps to nothing, is not read.

    Raises NotFound, Invalid when the columns do not make an import, TooMany.
    """
    scope.require("editor")
    upload = find(scope, upload_id)
    whole = {heading: mapping.get(heading, "") for heading in upload.headings}
    _check(upload, [column for column in whole.values() if column])
    path = files.folders() / str(upload_id) / files.UPLOAD
    # Linked, not moved: when the columns do not fit, the upload is still there to be corrected.
    job = asking.ask_import(scope, upload.kind, lambda target: target.hardlink_to(path), whole, upload.name)
    files.remove(upload_id)
    return job


def _check(upload: Upload, columns: Sequence[str]) -> None:
    missing = [column for column in REQUIRED[upload.kind] if column not in columns]
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if missing:
        raise Invalid(Filled("Say which column of the file is: {names}.", names=_labels(missing)))
    if repeated or not set(columns) <= set(upload.columns):
        raise Invalid(Filled("Two columns of the file cannot both be: {names}.", names=_labels(repeated)))


def label(column: str) -> str:
    """What people call a column, in English; an attribute by its key."""
    return LABELS.get(column, column)


def _labels(columns: Sequence[str]) -> Listing:
    return Listing([label(column) for column in columns], are_ours=True)


def _about(scope: Scope, upload_id: uuid.UUID) -> tuple[Kind, str]:
    path = files.folders() / str(upload_id) / ABOUT
    try:
        about = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound() from error
    if about["store"] != str(scope.store_id):
        raise NotFound()
    return about["kind"], about["name"]


def _columns(scope: Scope, kind: Kind) -> list[str]:
    if kind == "orders":
        return list(ORDER_COLUMNS)
    return ["external_id", *VALUES, "tags", *(f"{ATTRIBUTE}{row.key}" for row in find_attributes(scope))]
