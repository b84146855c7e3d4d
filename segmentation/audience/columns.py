"""The published columns of a customer: what exports hold and pages show and sort by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from segmentation.models.types import from_units

ColumnKind = Literal["text", "integer", "money", "boolean", "instant", "date"]


@dataclass(frozen=True)
class CustomerField:
    """One column: its key, what sort of value it has, and its headings."""

    key: str
    kind: ColumnKind
    label: str
    label_ar: str

    def heading(self, language: str) -> str:
        """The heading in `language`."""
        return self.label_ar if language == "ar" else self.label

    def value(self, stored: Any) -> Any:
        """A stored value as people read it: money as Decimal, ids as text."""
        if stored is None:
            return None
        if self.kind == "money":
            return from_units(stored)
        return str(stored) if self.key == "id" else stored


COLUMNS: tuple[CustomerField, ...] = (
    CustomerField("id", "text", "ID", "المعرّف"),
    CustomerField("external_id", "text", "Customer number", "رقم العميل"),
    CustomerField("first_name", "text", "First name", "الاسم الأول"),
    CustomerField("last_name", "text", "Last name", "اسم العائلة"),
    CustomerField("email", "text", "E-mail", "البريد الإلكتروني"),
    CustomerField("mobile", "text", "Mobile", "الجوال"),
    CustomerField("gender", "text", "Gender", "الجنس"),
    CustomerField("birthday", "date", "Birthday", "تاريخ الميلاد"),
    CustomerField("city", "text", "City", "المدينة"),
    CustomerField("region", "text", "Region", "المنطقة"),
    CustomerField("country", "text", "Country", "الدولة"),
    CustomerField("language", "text", "Language", "اللغة"),
    CustomerField("source", "text", "Source", "المصدر"),
    CustomerField("accepts_marketing", "boolean", "Accepts marketing", "يقبل التسويق"),
    CustomerField("created_at", "instant", "Customer since", "عميل منذ"),
    CustomerField("orders_count", "integer", "Number of orders", "عدد الطلبات"),
    CustomerField("orders_amount", "money", "Total spent", "إجمالي المشتريات"),
    CustomerField("average_order_amount", "money", "Average order amount", "متوسط قيمة الطلب"),
    CustomerField("first_order_at", "instant", "First order", "أول طلب"),
    CustomerField("last_order_at", "instant", "Last order", "آخر طلب"),
    CustomerField("segment", "text", "RFM segment", "شريحة RFM"),
    CustomerField("recency_score", "integer", "Recency score", "درجة الحداثة"),
    CustomerField("frequency_score", "integer", "Frequency score", "درجة التكرار"),
    CustomerField("monetary_score", "integer", "Monetary score", "درجة القيمة"),
    CustomerField("cltv", "money", "Customer lifetime value", "القيمة الدائمة للعميل"),
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
