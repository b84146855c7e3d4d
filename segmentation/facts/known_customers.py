"""What is stored of customers, in the form in which records of them come in: to complete these, and to see whether
they change anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.numbers import find_numbers
from segmentation.models import Attribute, Customer, CustomerAttribute, CustomerTag
from segmentation.models.functions import in_list
from segmentation.values.text import fold


class Said(NamedTuple):
    """What some records speak of: columns, attributes, and whether of tags."""

    values: Sequence[str]
    attributes: Sequence[str]
    tags: bool


class Known(NamedTuple):
    """A stored customer: the number, and what is stored of what the records speak of."""

    number: int
    record: CustomerRecord


def said_by(records: Collection[CustomerRecord]) -> Said:
    """What any of the records speaks of."""
    values = dict.fromkeys(name for record in records for name in record.values)
    attributes = dict.fromkeys(key for record in records for key in record.attributes)
    return Said(list(values), list(attributes), any(record.tags is not None for record in records))


def completed(record: CustomerRecord, said: Said, stored: CustomerRecord | None) -> CustomerRecord:
    """The record, speaking of all that is said: what it does not say itself is as it is stored, or nothing."""
    before = stored or CustomerRecord(record.external_id, {}, ())
    tags = (before.tags if record.tags is None else record.tags) if said.tags else None
    return replace(
        record, tags=None if tags is None else sorted(tags, key=fold),
        values={name: record.values[name] if name in record.values else before.values.get(name)
                for name in said.values},
        attributes={key: record.attributes[key] if key in record.attributes else before.attributes.get(key)
                    for key in said.attributes})


def known_customers(
    connection: Connection, store_id: uuid.UUID, external_ids: Collection[str], said: Said
) -> dict[str, Known]:
    """Those of the customers that are stored, by external id."""
    numbers = find_numbers(connection, Customer, store_id, external_ids)
    if not numbers:
        return {}
    values = _values(connection, store_id, numbers.values(), said.values)
    tags = _tags(connection, store_id, numbers.values()) if said.tags else {}
    attributes = _attributes(connection, store_id, numbers.values(), said.attributes)
    return {external_id: Known(number, CustomerRecord(
        external_id, values[number], tags.get(number, []) if said.tags else None,
        {key: attributes.get((number, key)) for key in said.attributes}))
        for external_id, number in numbers.items()}


def _values(
    connection: Connection, store_id: uuid.UUID, numbers: Collection[int], names: Sequence[str]
) -> Mapping[int, Mapping[str, Any]]:
    rows = connection.execute(
        select(Customer.number, *(getattr(Customer, name) for name in names))
        .where(Customer.store_id == store_id, in_list(Customer.number, list(numbers))))
    return {number: dict(zip(names, values, strict=True)) for number, *values in rows}


def _tags(connection: Connection, store_id: uuid.UUID, numbers: Collection[int]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for number, tag in connection.execute(
            select(CustomerTag.customer_number, CustomerTag.tag)
            .where(CustomerTag.store_id == store_id, in_list(CustomerTag.customer_number, list(numbers)))
            .order_by(CustomerTag.customer_number, CustomerTag.tag_folded)):
        found.setdefault(number, []).append(tag)
    return found


def _attributes(
    connection: Connection, store_id: uuid.UUID, numbers: Collection[int], keys: Sequence[str]
) -> Mapping[tuple[int, str], Any]:
    if not keys:
        return {}
    rows = connection.execute(
        select(CustomerAttribute, Attribute.kind)
        .join(Attribute, (Attribute.store_id == CustomerAttribute.store_id) & (Attribute.key == CustomerAttribute.key))
        .where(CustomerAttribute.store_id == store_id, in_list(CustomerAttribute.customer_number, list(numbers)),
               in_list(CustomerAttribute.key, keys)))
    return {(row.customer_number, row.key): getattr(row, row.kind) for row in rows}
