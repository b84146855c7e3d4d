"""Rows of files -> customers and orders: headers, columns, runs of rows that are one order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from segmentation.errors import Invalid
from segmentation.facts.csv_files import Row
from segmentation.facts.customer_rows import CustomerReader, CustomerRecord
from segmentation.facts.entries import Entry
from segmentation.facts.order_reader import CHARACTERS_AT_A_TIME, FEW, LONGEST_RUN, OrderReader
from segmentation.facts.order_rows import COLUMNS, Line, OrderHead, OrderRecord

RIYADH = ZoneInfo("Asia/Riyadh")
NOON = datetime(2024, 5, 1, 9, tzinfo=UTC)
ATTRIBUTES = {"Loyalty": "text", "points": "number", "vip": "boolean", "joined": "instant"}


def orders(*table: str) -> list[Entry[OrderRecord]]:
    """The entries of an orders file; the first line is the header, cells are separated by commas."""
    names, *rows = (line.split(",") for line in table)
    reader = OrderReader(names, RIYADH, "SAR")
    return list(reader.entries(Row(line, cells, None) for line, cells in enumerate(rows, 2)))


def customers(*table: str) -> list[Entry[CustomerRecord]]:
    """The same for customers."""
    names, *rows = (line.split(",") for line in table)
    reader = CustomerReader(names, RIYADH, "SA", ATTRIBUTES, date(2024, 5, 1))
    return list(reader.entries(Row(line, cells, None) for line, cells in enumerate(rows, 2)))


def faults(entries: Sequence[Entry[OrderRecord]] | Sequence[Entry[CustomerRecord]]) -> list[tuple[int, str]]:
    """Line and column of every rejected row."""
    return [(row.line, fault.column) for entry in entries if entry.record is None
            for row, fault in zip(entry.rows, entry.faults, strict=True)]


@pytest.mark.parametrize(("header", "said"), [
    ("order_id,customer_id", "Missing columns: ordered_at"),
    ("order_id,customer_id,ordered_at,price,colour", "Unknown columns: colour, price"),
    ("order_id,customer_id,ordered_at,city,city", "appear twice: city"),
    ("order_id,customer_id,ordered_at,", "Column 4 has no name"),
    ("line,order_id,customer_id,ordered_at", "Unknown columns: line"),
])
def test_an_orders_header_that_does_not_fit_is_refused(header: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        orders(header)


@pytest.mark.parametrize(("header", "said"), [
    ("first_name", "Missing columns: external_id"),
    ("external_id,orders_count,number", "Unknown columns: number, orders_count"),
    ("external_id,attributes.shoe_size,attributes.", "Unknown columns: attributes., attributes.shoe_size"),
    ("external_id,tags,tags,nope", "Unknown columns: nope. Columns that appear twice: tags"),
])
def test_a_customers_header_that_does_not_fit_is_refused(header: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        customers(header)


def test_a_mended_file_of_rejected_rows_is_read_like_its_original() -> None:
    entry, = orders("line,column,reason,order_id,customer_id,ordered_at,total", "7,total,No.,o,c,2024-05-01T12:00,5")
    assert entry.record == OrderRecord(OrderHead("o", "c", NOON, total=50_000), [])


def test_an_order_with_every_column() -> None:
    entry, = orders(
        ",".join(COLUMNS), "o,c,2024-05-01T12:00,PAID,99.5,web,card,MAY,Jeddah,sar,s1,Shoe,Shoes,Acme,2,10.25")
    assert entry.record == OrderRecord(
        OrderHead("o", "c", NOON, "paid", 995_000, "web", "card", "MAY", "Jeddah"),
        [Line("s1", "Shoe", "Shoes", "Acme", 2, 102_500)])
    assert entry.record.lines[0].amount == 205_000


@pytest.mark.parametrize(("cells", "line"), [
    (",,", None), ("x,,", Line(sku="x")), (",0,", Line(quantity=0)), (",,0", Line(unit_price=0)),
    (",3,-1.5", Line(quantity=3, unit_price=-15_000)), (" , , ", None),
])
def test_a_row_has_a_line_when_it_says_something_about_one(cells: str, line: Line | None) -> None:
    entry, = orders("order_id,customer_id,ordered_at,sku,quantity,unit_price", f"o,c,2024-05-01,{cells}")
    assert entry.record is not None
    assert list(entry.record.lines) == ([line] if line else [])


def test_adjacent_rows_of_an_order_are_its_lines_and_complete_each_other() -> None:
    first, second, third = orders(
        "order_id,customer_id,ordered_at,status,total,city,sku",
        "o1,c,2024-05-01T12:00,,,Jeddah,a", " o1 ,c,2024-05-01T09:00Z,paid,5,,b", "o2,c,2024-05-01,,,,a",
        "o1,d,2024-05-02,,1,,c")
    assert first.record == OrderRecord(
        OrderHead("o1", "c", NOON, "paid", 50_000, city="Jeddah"), [Line(sku="a"), Line(sku="b")])
    assert second.record is not None
    assert third.record is not None
    assert third.record.head.customer_id == "d"  # whether it fits the first is seen when it is stored


@pytest.mark.parametrize(("column", "one", "other"), [
    ("customer_id", "c", "d"), ("ordered_at", "2024-05-01", "2024-05-02"), ("status", "paid", "open"),
    ("total", "1", "1.01"), ("channel", "a", "b"), ("payment_method", "a", "b"), ("coupon", "a", "b"),
    ("city", "a", "A"),
])
def test_rows_of_an_order_that_contradict_each_other_are_rejected_together(column: str, one: str, other: str) -> None:
    cells = {"customer_id": "c", "ordered_at": "2024-05-01", "total": "1", column: one}
    rows = [",".join(["o", *(cells | {column: value}).values()]) for value in (one, one, other)]
    entries = orders(",".join(["order_id", *cells]), *rows, "p,c,2024-05-01,1" + ",x" * (len(cells) - 3))
    assert faults(entries) == [(2, column), (3, column), (4, column)]
    assert entries[1].record is not None


def test_a_row_that_cannot_be_read_rejects_its_order_and_no_other() -> None:
    entries = orders("order_id,customer_id,ordered_at,quantity,total", "o,c,2024-05-01,1,", "o,c,2024-05-01,x,",
                     "o,c,2024-05-01,1,y", "p,c,2024-05-01,1,5", ",c,2024-05-01,1,5", "q,,2024-05-01,1,5", "r,c,,1,5")
    assert faults(entries) == [
        (2, "order_id"), (3, "quantity"), (4, "total"), (6, "order_id"), (7, "customer_id"), (8, "ordered_at")]
    assert "Line 3" in entries[0].faults[0].message


def test_rows_that_the_file_could_not_tell_apart_are_rejected() -> None:
    reader = OrderReader(["order_id", "customer_id", "ordered_at", "total"], RIYADH, "SAR")
    good = ["o", "c", "2024-05-01", "5"]
    rows = [Row(2, ['x"y'], "A quotation mark."), Row(3, good, None), Row(4, good[:2], "Too few."), Row(9, good, None)]
    entries = list(reader.entries(rows))
    assert faults(entries) == [(2, ""), (3, "order_id"), (4, ""), (9, "order_id")]


@pytest.mark.parametrize(("cells", "column"), [
    ("o,c,2024-05-01,USD,1,1", "currency"), ("o,c,2024-05-01,,1e3,1", "total"), ("o,c,2024-05-01,,1,-1", "quantity"),
    ("o,c,2024-02-30,,1,1", "ordered_at"), ("x\0y,c,2024-05-01,,1,1", "order_id"),
    ("o," + "c" * 256 + ",2024-05-01,,1,1", "customer_id"),
])
def test_the_column_at_fault_is_named(cells: str, column: str) -> None:
    assert faults(orders("order_id,customer_id,ordered_at,currency,total,quantity", cells)) == [(2, column)]


def test_a_line_worth_too_much_is_rejected() -> None:
    header = "order_id,customer_id,ordered_at,quantity,unit_price"
    assert not faults(orders(header, "o,c,2024-05-01,100,1000000000"))
    assert faults(orders(header, "o,c,2024-05-01,101,1000000000")) == [(2, "unit_price")]


def test_a_very_long_run_comes_in_pieces() -> None:
    entries = orders("order_id,customer_id,ordered_at,quantity", *["o,c,2024-05-01,1"] * (LONGEST_RUN + 1))
    assert [len(entry.rows) for entry in entries] == [LONGEST_RUN, 1]


@pytest.mark.parametrize("orders_of", [lambda number: str(number), lambda number: "one"])
def test_long_rows_are_held_a_few_at_a_time(orders_of: Callable[[int], str]) -> None:
    taken = 0
    length = CHARACTERS_AT_A_TIME // 10

    def rows() -> Iterator[Row]:
        nonlocal taken
        for taken in range(1, 1_000):
            yield Row(taken, [orders_of(taken), "c", "2024-05-01", "x" * 200], None)

    reader = OrderReader(["order_id", "customer_id", "ordered_at", "total"], RIYADH, "SAR", lambda: taken * length)
    done = 0
    for entry in reader.entries(rows()):
        assert taken - done <= 3 * FEW
        done += len(entry.rows)
    assert done == 999


def test_a_customer_with_every_column() -> None:
    entry, = customers(
        "external_id,first_name,last_name,email,mobile,gender,birthday,city,region,country,language,source,"
        "accepts_marketing,tags,created_at,attributes.loyalty,attributes.points,attributes.vip,attributes.joined",
        " c1 ,سلمى,,S@X.com,0501234567,f,1990-02-03,جدة,,SA,ar,ads,yes,a|b,2024-05-01T12:00,gold,1.5,no,"
        "2024-05-01T12:00")
    assert entry.record == CustomerRecord("c1", {
        "first_name": "سلمى", "last_name": None, "city": "جدة", "region": None, "source": "ads", "email": "s@x.com",
        "mobile": "+966501234567", "gender": "female", "birthday": date(1990, 2, 3), "country": "SA", "language": "ar",
        "accepts_marketing": True, "created_at": NOON,
    }, ("a", "b"), {"Loyalty": "gold", "points": 15_000, "vip": False, "joined": NOON})


def test_columns_that_are_absent_say_nothing_and_empty_cells_clear() -> None:
    entry, = customers("external_id", "c1")
    assert entry.record == CustomerRecord("c1", {}, None, {})
    entry, = customers("external_id,city,tags,attributes.vip", "c1,,,")
    assert entry.record == CustomerRecord("c1", {"city": None}, (), {"vip": None})


def test_a_bad_customer_row_names_its_column() -> None:
    header = "external_id,email,mobile,birthday,attributes.points,attributes.joined"
    assert faults(customers(
        header, ",,,,,", "1,x,,,,", "1,,x,,,", "1,,,2024-05-02,,", "1,,,,x,", "1,,,,,x", "1,,,2024-05-01,,")) == [
        (2, "external_id"), (3, "email"), (4, "mobile"), (5, "birthday"), (6, "attributes.points"),
        (7, "attributes.joined")]
