"""The eight endpoints to the letter: each example of the API document, verbatim but for ids and counts."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from segmentation.audience.columns import COLUMNS, SORTABLE
from segmentation.facts.csv_cells import unguard
from tests.api.conftest import Client, World

VIP = {
    "name": "VIP Customers",
    "description": "High-value loyal customers",
    "rules": {
        "id": "root",
        "logic": "AND",
        "conditions": [{"id": "c1", "field": "orders_count", "operator": "greater_than_or_equals", "value": 5}],
        "groups": [
            {
                "id": "g1",
                "logic": "OR",
                "conditions": [
                    {"id": "c2", "field": "segment", "operator": "equals", "value": "Champions"},
                    {"id": "c3", "field": "segment", "operator": "equals", "value": "Loyal Customers"},
                ],
                "groups": [],
            }
        ],
    },
}
THREE_ORDERS = {
    "rules": {
        "id": "root",
        "logic": "AND",
        "conditions": [{"id": "c1", "field": "orders_count", "operator": "greater_than_or_equals", "value": 3}],
        "groups": [],
    },
}
SEGMENT_KEYS = {
    "id",
    "name",
    "description",
    "rules",
    "cached_count",
    "count_cached_at",
    "is_active",
    "created_at",
    "updated_at",
}
CUSTOMER_KEYS = {"id", "first_name", "last_name", "email", "mobile", "orders_count", "orders_amount", "analytics"}
TREES = (
    VIP["rules"],
    THREE_ORDERS["rules"],
    {"logic": "AND"},
    {"logic": "AND", "negate": True},
    {
        "logic": "OR",
        "conditions": [
            {"field": "first_name", "operator": "contains", "value": "أحمد"},
            {"field": "email", "operator": "is_empty"},
        ],
    },
    {
        "logic": "AND",
        "conditions": [
            {"field": "city", "operator": "not_equals", "value": "Riyadh"},
            {"field": "cltv", "operator": "not_between", "value": 10, "value2": 50.5},
        ],
    },
)


def instant(text: str) -> datetime:
    """An RFC 3339 instant in UTC, with Z."""
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def test_the_document_from_top_to_bottom(world: World) -> None:
    client = world.owner
    created = client.post("", VIP)
    assert created.status_code == 201
    segment = created.json
    assert segment.keys() >= SEGMENT_KEYS
    assert (segment["name"], segment["description"], segment["rules"]) == (
        VIP["name"],
        VIP["description"],
        VIP["rules"],
    )
    assert segment["is_active"] is True
    assert created.headers["Location"] == f"/api/segmentation/{uuid.UUID(segment['id'])}?store_id={client.store}"
    assert created.headers["ETag"] == '"1"'
    assert instant(segment["created_at"]) <= instant(segment["updated_at"])

    listed = client.get().json
    assert listed == {"segments": [segment]}
    assert client.get(f"/{segment['id']}").json == segment
    changed = client.put(f"/{segment['id']}", {"name": "VIPs", "is_active": False})
    assert changed.status_code == 200
    assert {**segment, "name": "VIPs", "is_active": False, "updated_at": changed.json["updated_at"]} == changed.json

    preview = client.post("/preview", THREE_ORDERS)
    assert preview.status_code == 200
    assert preview.json.keys() == {"count"}
    assert type(preview.json["count"]) is int

    page = client.get(f"/{segment['id']}/customers?page=1&limit=25").json
    assert page["meta"]["total"] == segment["cached_count"] > 0
    assert {key: page["meta"][key] for key in ("page", "limit", "total_pages")} == {
        "page": 1,
        "limit": 25,
        "total_pages": 1,
    }
    assert len(page["data"]) == page["meta"]["total"]
    for customer in page["data"]:
        assert customer.keys() == CUSTOMER_KEYS | {"external_id"}
        assert customer["analytics"].keys() == {"segment", "recency_score", "frequency_score", "monetary_score", "cltv"}
        assert customer["analytics"]["segment"] in {"Champions", "Loyal Customers"}
        assert customer["orders_count"] >= 5

    with client.get(f"/{segment['id']}/export?format=xlsx") as export:
        assert export.status_code == 200
        assert export.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert client.delete(f"/{segment['id']}").status_code == 204
    assert client.get(f"/{segment['id']}").status_code == 404
    assert client.get().json == {"segments": []}


def test_money_has_two_decimals_and_missing_is_null(world: World) -> None:
    segment = world.owner.create({"logic": "AND"})
    response = world.owner.get(f"/{segment['id']}/customers?limit=100&sort=external_id")
    assert '"orders_amount":49.50,' in response.text
    assert '"orders_amount":0.00,' in response.text
    assert '"cltv":17.57}' in response.text
    nobody = next(row for row in response.json["data"] if row["orders_count"] == 0)
    assert set(nobody["analytics"].values()) == {None}


@pytest.mark.parametrize("number", range(len(TREES)))
def test_preview_pages_and_exports_agree(world: World, number: int) -> None:
    client, rules = world.owner, TREES[number]
    count = client.post("/preview", {"rules": rules}).json["count"]
    segment = client.create(rules)
    ids = [row["id"] for row in every_page(client, segment["id"], 7)]
    lines, book = exported_csv(client, segment["id"]), exported_xlsx(client, segment["id"])
    assert len(ids) == len(set(ids)) == count == segment["cached_count"]
    assert client.get(f"/{segment['id']}/customers").json["meta"]["total"] == count
    assert {line["id"] for line in lines} == {row[0] for row in book} == set(ids)
    assert len(lines) == len(book) == count


@pytest.mark.parametrize("sort", SORTABLE)
def test_every_order_is_stable_by_page_and_by_cursor(world: World, sort: str) -> None:
    client = world.owner
    segment = client.create({"logic": "AND"})["id"]
    for order in ("asc", "desc"):
        query = f"&sort={sort}&order={order}"
        by_page = [row["id"] for row in every_page(client, segment, 9, query)]
        by_cursor = [row["id"] for row in every_cursor(client, segment, 9, query)]
        assert by_page == by_cursor
        assert len(set(by_page)) == len(by_page) == 60
    if sort in {"orders_count", "orders_amount"}:
        values = [row[sort] for row in every_page(client, segment, 100, f"&sort={sort}&order=desc")]
        assert values == sorted(values, reverse=True)
    if sort == "cltv":
        values = [row["analytics"]["cltv"] for row in every_page(client, segment, 100, "&sort=cltv&order=desc")]
        known = [value for value in values if value is not None]
        assert values == sorted(known, reverse=True) + [None] * (len(values) - len(known))


def test_exports_hold_what_people_wrote(world: World) -> None:
    client = world.owner
    segment = client.create({"logic": "AND"}, name="شريحة: كبار/العملاء")["id"]
    lines = {line["external_id"]: line for line in exported_csv(client, segment)}
    assert list(lines["C4"]) == [column.key for column in COLUMNS]
    assert unguard(lines["C4"]["first_name"]) == "=1+1" != lines["C4"]["first_name"]
    assert lines["C5"]["mobile"] == "+966500000005"
    assert lines["C0"]["first_name"] == "أحمد"
    with client.get(f"/{segment}/export?format=csv&columns=mobile,first_name&header=labels&bom=false") as export:
        text = export.data.decode()
        assert text.splitlines()[0] == '"Mobile","First name"'
        assert "filename*=UTF-8''%D8%B4%D8%B1%D9%8A%D8%AD%D8%A9" in export.headers["Content-Disposition"]
        assert export.headers["X-Row-Count"] == "60"
        assert export.headers["Repr-Digest"].startswith("sha-256=:")
        assert int(export.headers["Content-Length"]) == len(export.data)


def every_page(client: Client, segment: str, limit: int, query: str = "") -> list[Any]:
    """All customers, page by page."""
    rows: list[Any] = []
    for page in range(1, 1000):
        answer = client.get(f"/{segment}/customers?page={page}&limit={limit}{query}").json
        rows += answer["data"]
        if page >= answer["meta"]["total_pages"]:
            return rows
    raise AssertionError("pages without end")


def every_cursor(client: Client, segment: str, limit: int, query: str) -> list[Any]:
    """All customers, cursor by cursor."""
    rows: list[Any] = []
    cursor = ""
    for _ in range(1000):
        answer = client.get(f"/{segment}/customers?limit={limit}{query}{cursor}").json
        rows += answer["data"]
        if answer["meta"]["next_cursor"] is None:
            return rows
        cursor = f"&cursor={answer['meta']['next_cursor']}"
    raise AssertionError("cursors without end")


def exported_csv(client: Client, segment: str) -> list[dict[str, str]]:
    """The rows of the default export."""
    with client.get(f"/{segment}/export") as response:
        assert response.mimetype == "text/csv"
        assert response.data.startswith(b"\xef\xbb\xbf")
        assert response.data.count(b"\r\n") == response.data.count(b"\n")
        return list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))


def exported_xlsx(client: Client, segment: str) -> list[tuple[Any, ...]]:
    """The rows of the workbook."""
    with client.get(f"/{segment}/export?format=xlsx") as response:
        book = openpyxl.load_workbook(io.BytesIO(response.data))
        return list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
