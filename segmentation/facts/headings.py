"""Guessing which column of ours stands under a heading of somebody's file, in English or Arabic.

A guess is a proposal to whoever imports, who sees it beside the first rows and corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from segmentation.values.text import fold

CUSTOMERS: Mapping[str, Sequence[str]] = {
    "external_id": ("id", "customer id", "customer number", "customer no", "customer", "client id", "user id",
                    "رقم العميل", "معرف العميل", "كود العميل"),
    "first_name": ("firstname", "given name", "name", "full name", "customer name", "الاسم الأول", "الاسم"),
    "last_name": ("lastname", "surname", "family name", "اسم العائلة", "الاسم الأخير", "اللقب"),
    "email": ("e mail", "mail", "email address", "البريد الإلكتروني", "البريد", "الايميل"),
    "mobile": ("phone", "phone number", "mobile number", "mobile phone", "telephone", "cell", "whatsapp",
               "الجوال", "رقم الجوال", "الهاتف", "رقم الهاتف", "الموبايل"),
    "gender": ("sex", "الجنس"),
    "birthday": ("birth date", "birthdate", "date of birth", "dob", "تاريخ الميلاد"),
    "city": ("town", "المدينة"),
    "region": ("state", "province", "المنطقة"),
    "country": ("country code", "الدولة", "البلد"),
    "language": ("locale", "lang", "اللغة"),
    "source": ("utm source", "acquisition source", "المصدر"),
    "accepts_marketing": ("newsletter", "marketing", "email marketing", "accepts email marketing", "subscribed",
                          "قبول التسويق", "مشترك"),
    "tags": ("labels", "tag", "الوسوم"),
    "created_at": ("created", "registered", "registered at", "signup date", "customer since", "joined", "date added",
                   "تاريخ التسجيل", "تاريخ الإنشاء"),
}
ORDERS: Mapping[str, Sequence[str]] = {
    "order_id": ("order", "order number", "order no", "id", "reference", "رقم الطلب", "معرف الطلب"),
    "customer_id": ("customer", "customer number", "client id", "user id", "رقم العميل", "معرف العميل"),
    "ordered_at": ("date", "order date", "created at", "created", "placed at", "تاريخ الطلب", "التاريخ"),
    "status": ("order status", "financial status", "حالة الطلب", "الحالة"),
    "currency": ("currency code", "العملة"),
    "total": ("amount", "order total", "grand total", "total price", "total amount", "المبلغ", "الإجمالي", "المجموع",
              "قيمة الطلب"),
    "channel": ("sales channel", "source", "القناة"),
    "payment_method": ("payment", "paid by", "طريقة الدفع"),
    "coupon": ("coupon code", "discount code", "voucher", "الكوبون", "قسيمة الخصم"),
    "city": ("shipping city", "المدينة"),
    "sku": ("product sku", "item sku", "lineitem sku", "رمز المنتج"),
    "product": ("product name", "item", "item name", "lineitem name", "المنتج", "اسم المنتج"),
    "category": ("product category", "product type", "الفئة", "التصنيف"),
    "brand": ("vendor", "العلامة التجارية", "الماركة"),
    "quantity": ("qty", "lineitem quantity", "items", "الكمية"),
    "unit_price": ("price", "item price", "lineitem price", "السعر", "سعر الوحدة"),
}


def guess(headings: Iterable[str], columns: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """A column for each heading that seems to mean one, each column once; `names` are what else columns are called.

    A heading that is a column's own name goes before one that only means the same.
    """
    plain = {heading: _plain(heading) for heading in headings}
    found: dict[str, str] = {}
    for called in ({_plain(column): column for column in columns}, _also(columns, names)):
        for heading, word in plain.items():
            column = called.get(word)
            if heading not in found and column is not None and column not in found.values():
                found[heading] = column
    return found


def _also(columns: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {_plain(name): column for column in reversed(columns) for name in names.get(column, ())}


def _plain(heading: str) -> str:
    """Letters and digits alone: `E-Mail`, `e_mail` and `e mail` are one heading."""
    return " ".join(re.sub(r"[\W_]+", " ", fold(heading)).split())
