"""Rules in words, in both languages."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segmentation.rules.fields import DeclaredAttribute, StoreSettings, catalogue
from segmentation.rules.predicates import Span
from segmentation.rules.reading import read_rules
from segmentation.rules.sentences import sentence, window_in_words
from segmentation.rules.tree import Group, Logic, Reference

RIYADH = ZoneInfo("Asia/Riyadh")
CATALOGUE = catalogue(StoreSettings(
    RIYADH, 6, "SAR", "SA", attributes=(DeclaredAttribute("tier", "Loyalty tier", "text"),)))
VIP = uuid.UUID(int=7)


class OneSegment:
    """A store whose only segment is called VIP."""

    def find(self, segment_id: uuid.UUID) -> Reference:
        assert segment_id == VIP
        return Reference(VIP, "VIP", Group("root", Logic.AND), 0)


def said(*conditions: dict[str, Any], language: str = "en", **group: Any) -> str:
    """The sentence of one group."""
    rules = {"logic": "AND", "conditions": list(conditions), **group}
    return sentence(read_rules(rules, CATALOGUE, segments=OneSegment()), "SAR")[language]


WHERE_SHOES = {"logic": "AND", "conditions": [
    {"field": "item.category", "operator": "equals", "value": "Shoes"},
    {"field": "order.amount", "operator": "greater_than", "value": 100}]}
FORMS: list[tuple[dict[str, Any], str, str]] = [
    ({"field": "orders_count", "operator": "greater_than_or_equals", "value": 5},
     "Number of orders is at least 5", "عدد الطلبات لا يقل عن 5"),
    ({"field": "orders_amount", "operator": "between", "value": 1, "value2": Decimal("12345.50")},
     "Total spent is between 1 SAR and 12,345.5 SAR", "إجمالي المشتريات بين 1 SAR و12,345.5 SAR"),
    ({"field": "cltv", "operator": "greater_than", "value": Decimal("0.00005")},
     "Customer lifetime value is more than 0.00005 SAR", "القيمة الدائمة للعميل أكبر من 0.00005 SAR"),
    ({"field": "city", "operator": "not_in", "value": ["Riyadh", "جدة"], "include_empty": False},
     "City is none of Riyadh or جدة (and has a value)", "المدينة ليس أيًّا من Riyadh أو جدة (وله قيمة)"),
    ({"field": "city", "operator": "in", "value": [f"c{n}" for n in range(12)]},
     "City is any of c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, or 2 more",
     "المدينة واحد من c0 أو c1 أو c2 أو c3 أو c4 أو c5 أو c6 أو c7 أو c8 أو c9 أو 2 غيرها"),
    ({"field": "accepts_marketing", "operator": "equals", "value": True},
     "Accepts marketing is yes", "قبول التسويق يساوي نعم"),
    ({"field": "segment", "operator": "equals", "value": "Champions"},
     "RFM segment is Champions", "شريحة RFM يساوي الأبطال"),
    ({"field": "country", "operator": "not_equals", "value": "SA"},
     "Country is not Saudi Arabia", "الدولة لا يساوي المملكة العربية السعودية"),
    ({"field": "email", "operator": "is_empty"}, "E-mail has no value", "البريد الإلكتروني بلا قيمة"),
    ({"field": "last_order_at", "operator": "on", "value": "2024-01-20"},
     "Last order is on 20 Jan 2024", "آخر طلب في يوم 20 يناير 2024"),
    ({"field": "last_order_at", "operator": "not_in_last", "value": 60, "unit": "days"},
     "Last order is not in the last 60 days", "آخر طلب ليس خلال آخر 60 يومًا"),
    ({"field": "last_order_at", "operator": "more_than_ago", "value": 2, "unit": "months"},
     "Last order is more than 2 months ago", "آخر طلب قبل أكثر من شهرين"),
    ({"field": "last_order_at", "operator": "between_ago", "value": 1, "value2": 3, "unit": "weeks"},
     "Last order is between 1 and 3 weeks ago", "آخر طلب قبل مدة بين 1 و3 أسابيع"),
    ({"field": "created_at", "operator": "in_this", "unit": "months"},
     "Customer since is in this month", "تاريخ التسجيل هذا الشهر"),
    ({"field": "created_at", "operator": "in_previous", "unit": "days"},
     "Customer since is yesterday", "تاريخ التسجيل أمس"),
    ({"field": "birthday", "operator": "in_month", "value": 2}, "Birthday is in month February",
     "تاريخ الميلاد في شهر فبراير"),
    ({"field": "birthday", "operator": "in_next", "value": 1, "unit": "days"},
     "Birthday is in the next 1 day", "تاريخ الميلاد خلال المدة القادمة: يوم"),
    ({"field": "tags", "operator": "has_all", "value": ["a", "b"]}, "Tags include all of a and b",
     "الوسوم تتضمن كل من a وb"),
    ({"field": "attributes.tier", "operator": "starts_with", "value": "g"}, "Loyalty tier starts with g",
     "Loyalty tier يبدأ بـ g"),
    ({"field": "in_segment", "operator": "not_in", "value": [str(VIP)]}, "Segment is none of “VIP”",
     "الشريحة ليس أيًّا من “VIP”"),
    ({"field": "items.orders_count", "operator": "equals", "value": 0, "where": WHERE_SHOES},
     "Number of orders with such items (where Category is Shoes and Order amount is more than 100 SAR) is 0",
     "عدد الطلبات التي فيها هذه البنود (حيث الفئة يساوي Shoes وقيمة الطلب أكبر من 100 SAR) يساوي 0"),
]


@pytest.mark.parametrize(("condition", "english", "arabic"), FORMS)
def test_each_form(condition: dict[str, Any], english: str, arabic: str) -> None:
    assert (said(condition), said(condition, language="ar")) == (english, arabic)


def test_groups() -> None:
    vip = {"field": "segment", "operator": "equals", "value": "Champions"}
    loyal = {**vip, "value": "Loyal Customers"}
    five = {"field": "orders_count", "operator": "greater_than_or_equals", "value": 5}
    inner = {"logic": "OR", "conditions": [vip, loyal]}
    assert said(five, groups=[inner]) == (
        "Number of orders is at least 5 and (RFM segment is Champions or RFM segment is Loyal Customers)")
    assert said(five, groups=[inner], language="ar") == (
        "عدد الطلبات لا يقل عن 5 و(شريحة RFM يساوي الأبطال أو شريحة RFM يساوي العملاء الأوفياء)")
    assert said(five, groups=[{**inner, "negate": True}]) == (
        "Number of orders is at least 5 and not (RFM segment is Champions or RFM segment is Loyal Customers)")
    assert (said(), said(negate=True)) == ("Everyone", "No one")
    assert (said(language="ar"), said(negate=True, language="ar")) == ("الجميع", "لا أحد")


@pytest.mark.parametrize(("start", "end", "english", "arabic"), [
    (datetime(2026, 10, 23, 21, tzinfo=UTC), datetime(2026, 11, 22, 21, tzinfo=UTC),
     "from 24 Oct 2026, 00:00 until 23 Nov 2026, 00:00", "من 24 أكتوبر 2026, 00:00 حتى 23 نوفمبر 2026, 00:00"),
    (datetime(2026, 10, 23, 21, tzinfo=UTC), None, "from 24 Oct 2026, 00:00 on", "من 24 أكتوبر 2026, 00:00 فصاعدًا"),
    (None, datetime(2026, 11, 22, 21, tzinfo=UTC), "before 23 Nov 2026, 00:00", "قبل 23 نوفمبر 2026, 00:00"),
])
def test_windows_are_told_by_the_clocks_of_the_store(
    start: datetime | None, end: datetime | None, english: str, arabic: str
) -> None:
    assert window_in_words(Span(start, end), RIYADH) == {"en": english, "ar": arabic}
