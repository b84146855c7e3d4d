"""Customers in JSON. A key that is left out stays as it is stored; null takes a value away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from segmentation import limits
from segmentation.facts.customer_rows import VALUES, CustomerRecord, attribute_column, customer_columns
from segmentation.facts.objects import Batch, ObjectReader, members_of, object_schema, read_batch
from segmentation.rules.kinds import Fault

ATTRIBUTES = "attributes"


def read_customers(
    raw: Any, path: str, zone: ZoneInfo, country: str | None, attributes: Mapping[str, str], today: date
) -> Batch[CustomerRecord]:
    """The customers in a list. `attributes`: key -> kind, as the store declared them. Raises Fault."""
    columns = members_of(customer_columns(zone, country, today))
    declared = members_of({key: attribute_column(kind, zone) for key, kind in attributes.items()})

    def read(reader: ObjectReader, item: Any, here: str) -> CustomerRecord:
        of_attributes = {ATTRIBUTES: lambda value, there: reader.members(value, declared, there)}
        return _record(reader, reader.members(item, columns | of_attributes, here), item, here)

    return read_batch(raw, path, limits.RECORDS, read, lambda record: record.external_id)


def customer_schema() -> dict[str, Any]:
    """The JSON Schema of a customer."""
    columns = customer_columns(ZoneInfo("UTC"), None, date.max)
    attributes = {"type": "object", "description": "values of declared attributes, by key"}
    return object_schema(columns, ["external_id"], attributes=attributes)


def _record(reader: ObjectReader, said: dict[str, Any], item: Any, here: str) -> CustomerRecord:
    if isinstance(item, dict) and "external_id" not in item:
        reader.note(f"{here}/external_id", Fault("required", "A value is required."))
    values = {name: said[name] for name in VALUES if name in said}
    return CustomerRecord(said.get("external_id", ""), values, said.get("tags"), said.get(ATTRIBUTES, {}))
