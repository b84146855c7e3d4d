"""The published columns of a customer: what exports hold and pages show and sort by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Dialect

from segmentation.models import Customer
from segmentation.models.types import id_text
from segmentation.translations import translate

ColumnKind = Literal["text", "integer", "money", "boolean", "instant", "date"]


@dataclass(frozen=True)
class CustomerField:
    """One column: its key, what sort of value it has, and its headings."""

    key: str
    kind: ColumnKind
    label: str

    def heading(self, language: str) -> str:
        """The heading in `language`."""
        return translate(self.label, language)


COLUMNS: tuple[CustomerField, ...] = (
    CustomerField("id", "text", "ID"),
    CustomerField("external_id", "text", "Customer number"),
    CustomerField("first_name", "text", "First name"),
    CustomerField("last_name", "text", "Last name"),
    CustomerField("email", "text", "E-mail"),
    CustomerField("mobile", "text", "Mobile"),
    CustomerField("gender", "text", "Gender"),
    CustomerField("birthday", "date", "Birthday"),
    CustomerField("city", "text", "City"),
    CustomerField("region", "text", "Region"),
    CustomerField("country", "text", "Country"),
    CustomerField("language", "text", "Language"),
    CustomerField("source", "text", "Source"),
    CustomerField("accepts_marketing", "boolean", "Accepts marketing"),
    CustomerField("created_at", "instant", "Customer since"),
    CustomerField("orders_count", "integer", "Number of orders"),
    CustomerField("orders_amount", "money", "Total spent"),
    CustomerField("average_order_amount", "money", "Average order amount"),
    CustomerField("first_order_at", "instant", "First order"),
    CustomerField("last_order_at", "instant", "Last order"),
    CustomerField("segment", "text", "RFM segment"),
    CustomerField("recency_score", "integer", "Recency score"),
    CustomerField("frequency_score", "integer", "Frequency score"),
    CustomerField("monetary_score", "integer", "Monetary score"),
    CustomerField("cltv", "money", "Customer lifetime value"),
)
BY_KEY = {column.key: column for column in COLUMNS}
SORTABLE = (
    "id", "external_id", "first_name", "last_name", "email", "city", "created_at", "orders_count", "orders_amount",
    "average_order_amount", "first_order_at", "last_order_at", "recency_score", "frequency_score", "monetary_score",
    "cltv",
)
_FOLDED = {"external_id", "first_name", "last_name", "email", "city"}


def sort_column(key: str) -> str:
    """The column that orders customers by `key`: text is ordered folded, so every engine agrees."""
    return f"{key}_folded" if key in _FOLDED else key


def reader(key: str, dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes the value of a column of what the driver gives for it; None where that is the value.

    Instants stay as they are: microseconds since 1970, or aware datetimes; and money stays in units of 1/10000.
    """
    if key == "id":
        return id_text
    if BY_KEY[key].kind == "instant":
        return None
    return Customer.__table__.c[key].type.dialect_impl(dialect).result_processor(dialect, None)
