"""Storing customers, new and known. The caller owns the transaction and commits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session

from segmentation.errors import Conflict
from segmentation.facts.customer_rows import TEXTS, CustomerRecord
from segmentation.facts.known_customers import completed, known_customers, said_by
from segmentation.facts.numbers import take_numbers
from segmentation.facts.statistics import Statistics, columns_of
from segmentation.facts.versions import lock_facts, next_version
from segmentation.facts.writing import Written, folded, idle, insert_columns, update_columns, with_folded
from segmentation.models import Attribute, Customer, CustomerAttribute, CustomerTag, Store
from segmentation.models.functions import in_list
from segmentation.models.types import new_id

KINDS = ("text", "number", "boolean", "instant")  # of attributes; each has its column


def upsert_customers(
    session: Session, store_id: uuid.UUID, records: Sequence[CustomerRecord], meanwhile: Callable[[], None] = idle
) -> Written:
    """Store customers, those that are new or changed under one new data version; of two with the same external id the
    later one holds. A known customer keeps what is not said. `meanwhile` is called when the database is about
    to be given its work.
    """
    before = lock_facts(session, store_id)
    connection = session.connection()
    distinct = {record.external_id: record for record in records}
    said = said_by(distinct.values())
    known = known_customers(connection, store_id, distinct, said)
    whole = [completed(record, said, known[key].record if key in known else None) for key, record in distinct.items()]
    new = [record for record in whole if record.external_id not in known]
    changed = [record for record in whole
               if record.external_id in known and record != known[record.external_id].record]
    if not new and not changed:
        return Written(before, unchanged=len(whole))
    version = next_version(session, store_id)
    meanwhile()
    numbers = [known[record.external_id].number for record in changed]
    update_columns(connection, Customer, {
        "store_id": [store_id] * len(numbers), "number": numbers, "version": [version] * len(numbers),
        **_columns(changed)})
    created = take_customer_numbers(connection, store_id, [record.external_id for record in new])
    _insert(connection, store_id, version, created, _columns(new))
    numbered = list(zip([*numbers, *created.values()], [*changed, *new], strict=True))
    _write_tags(connection, store_id, numbers, numbered)
    _write_attributes(connection, store_id, numbers, numbered)
    return Written(version, len(new), len(changed), len(whole) - len(numbered))


def create_customers(
    connection: Connection, store_id: uuid.UUID, version: int, numbers: Mapping[str, int],
    statistics: Sequence[Statistics],
) -> None:
    """Create customers of whom nothing is known but their external ids (each with the number taken for it) and their
    orders.
    """
    _insert(connection, store_id, version, numbers, columns_of(statistics))


def take_customer_numbers(
    connection: Connection, store_id: uuid.UUID, external_ids: Collection[str]
) -> dict[str, int]:
    """An unused number for each."""
    numbers = take_numbers(connection, Store.last_customer_number, store_id, len(external_ids))
    return dict(zip(external_ids, numbers, strict=True))


def _insert(
    connection: Connection, store_id: uuid.UUID, version: int, numbers: Mapping[str, int],
    columns: Mapping[str, Sequence[Any]],
) -> None:
    count = len(numbers)
    insert_columns(connection, Customer, {
        "store_id": [store_id] * count, "number": list(numbers.values()), "id": [new_id() for _ in numbers],
        "version": [version] * count, "orders_count": [0] * count, "orders_amount": [0] * count,
        **with_folded({"external_id": list(numbers)}), **columns})


def _columns(records: Sequence[CustomerRecord]) -> dict[str, Sequence[Any]]:
    """The columns that hold what the records say, all of the same, with those that follow from it."""
    said = {name: [record.values[name] for record in records] for name in (records[0].values if records else ())}
    columns = said | with_folded({name: said[name] for name in (*TEXTS, "email") if name in said})
    if "email" in said:
        columns["email_domain"] = [folded(address and address.partition("@")[2]) for address in said["email"]]
    if "birthday" in said:
        columns["birthday_month_day"] = [day and day.month * 100 + day.day for day in said["birthday"]]
    return columns


def _write_tags(
    connection: Connection, store_id: uuid.UUID, known: Collection[int],
    customers: Sequence[tuple[int, CustomerRecord]],
) -> None:
    """Replace the tags of the customers, if the records speak of tags."""
    if known and customers[0][1].tags is not None:
        connection.execute(delete(CustomerTag).where(
            CustomerTag.store_id == store_id, in_list(CustomerTag.customer_number, list(known))))
    tags = [(number, tag) for number, record in customers for tag in record.tags or ()]
    insert_columns(connection, CustomerTag, {
        "store_id": [store_id] * len(tags), "customer_number": [number for number, _ in tags],
        **with_folded({"tag": [tag for _, tag in tags]})})


def _write_attributes(
    connection: Connection, store_id: uuid.UUID, known: Collection[int],
    customers: Sequence[tuple[int, CustomerRecord]],
) -> None:
    """Replace those attributes of the customers that their records speak of."""
    keys = list(customers[0][1].attributes)
    if not keys:
        return
    if known:
        connection.execute(delete(CustomerAttribute).where(
            CustomerAttribute.store_id == store_id, in_list(CustomerAttribute.customer_number, list(known)),
            in_list(CustomerAttribute.key, keys)))
    kinds = {row.key: row.kind for row in connection.execute(
        select(Attribute.key, Attribute.kind).where(Attribute.store_id == store_id))}
    if not kinds.keys() >= {*keys}:
        raise Conflict("An attribute was removed meanwhile. Try again.")
    values = [(number, key, value, kinds[key]) for number, record in customers
              for key, value in record.attributes.items() if value is not None]
    of_kind = {kind: [value if its == kind else None for *_, value, its in values] for kind in KINDS}
    insert_columns(connection, CustomerAttribute, {
        "store_id": [store_id] * len(values), "customer_number": [number for number, *_ in values],
        "key": [key for _, key, *_ in values], **of_kind, **with_folded({"text": of_kind["text"]})})
