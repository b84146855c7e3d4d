"""Storing orders with their lines, new and known. The caller owns the transaction and commits.

`orders.written_by` is the number of the import that wrote an order, negative as long as no row gave the order a total,
so that its amount is the sum of its lines. It tells an import which orders it may add to (`order_drafts` says why).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.orm import Session

from segmentation.facts.customers import create_customers, take_customer_numbers
from segmentation.facts.known_orders import known_orders
from segmentation.facts.numbers import find_numbers, take_numbers
from segmentation.facts.order_drafts import Draft, OrderChange, Stored, draft_orders
from segmentation.facts.order_rows import HEAD_TEXTS, LINE_TEXTS, OrderRecord
from segmentation.facts.statistics import Statistics, known_statistics, refresh_order_statistics, store_statistics
from segmentation.facts.versions import lock_facts, next_version
from segmentation.facts.writing import Written, idle, insert_columns, sending, update_columns, with_folded
from segmentation.models import Customer, Order, OrderLine, Store
from segmentation.models.functions import in_list


def upsert_orders(
    session: Session, store_id: uuid.UUID, records: Sequence[OrderRecord | OrderChange], written_by: int | None,
    meanwhile: Callable[[], None] = idle,
) -> Written:
    """Store orders, those that are new or changed under one new data version, creating customers that are unknown.

    `written_by`: the number of the import whose file they come from; then records of one order are pieces of it, and
    one that contradicts those before is refused. None: the last record of an order holds. An order without a total
    and a price is refused too. `meanwhile` is called when the database has been given its work. Raises errors.Invalid
    as `refresh_order_statistics` does.
    """
    before = lock_facts(session, store_id)
    connection = session.connection()
    stored = known_orders(connection, store_id, dict.fromkeys(record.order_id for record in records))
    drafts, refused = draft_orders(records, stored, written_by)
    store = _settings(connection, store_id)
    left = {key for key, draft in drafts.items() if key in stored and _leaves(draft, stored[key], store)}
    _claim(connection, store_id, [drafts[key] for key in left], written_by)
    written = {key: draft for key, draft in drafts.items() if key not in left}
    if not written:
        return Written(before, unchanged=len(left), refused=refused)
    version = next_version(session, store_id)
    owners = _write(connection, store, version, list(written.values()), written_by, meanwhile)
    changed = written.keys() & stored.keys()
    touched = {owners[written[key].head.customer_id] for key in changed}
    refresh_order_statistics(
        session, store_id, sorted(touched.union(stored[key].customer_number for key in changed)), version)
    return Written(version, len(written) - len(changed), len(changed), len(left), refused)


def _settings(connection: Connection, store_id: uuid.UUID) -> Any:
    return connection.execute(
        select(Store.id, Store.currency, Store.counted_statuses, Store.seen_statuses)
        .where(Store.id == store_id)).one()


def _leaves(draft: Draft, stored: Stored, store: Any) -> bool:
    return draft.leaves(stored) and stored.is_counted == (stored.head.status in store.counted_statuses)


def _claim(connection: Connection, store_id: uuid.UUID, drafts: Sequence[Draft], written_by: int | None) -> None:
    """Note that the import has met these orders, though they are as they were: further pieces of them may follow."""
    for sign, is_sum in ((1, False), (-1, True)):
        numbers = [draft.number for draft in drafts
                   if draft.number and not draft.adds and (draft.head.total is None) == is_sum]
        if numbers and written_by is not None:
            connection.execute(
                update(Order).where(Order.store_id == store_id, in_list(Order.number, numbers))
                .values(written_by=sign * written_by))


def _counted(store: Any, drafts: Collection[Draft]) -> dict[str, list[tuple[datetime, int]]]:
    """Instant and amount of the orders that count, by the customer's external id; of every customer, if there are any
    or not.
    """
    counted: dict[str, list[tuple[datetime, int]]] = {}
    for head, _, amount, *_ in drafts:
        orders = counted.setdefault(head.customer_id, [])
        if head.status in store.counted_statuses:
            orders.append((head.ordered_at, amount))
    return counted


def _write(
    connection: Connection, store: Any, version: int, drafts: Sequence[Draft], written_by: int | None,
    meanwhile: Callable[[], None],
) -> dict[str, int]:
    """Write the orders, the new ones into their customers' statistics too, and create the customers who are unknown.
    The numbers of the customers, by external id.
    """
    external_ids = dict.fromkeys(draft.head.customer_id for draft in drafts)
    known = find_numbers(connection, Customer, store.id, external_ids)
    new = [draft for draft in drafts if draft.number is None]
    counted = _counted(store, new)
    before = known_statistics(connection, store.id, [known[key] for key in counted if key in known])
    created = take_customer_numbers(connection, store.id, [key for key in external_ids if key not in known])
    unused = iter(take_numbers(connection, Store.last_order_number, store.id, len(new)))
    numbered = [(draft.number or next(unused), draft) for draft in drafts]
    _delete(connection, store.id, [draft.number for draft in drafts if draft.number and not draft.adds])
    _remember_statuses(connection, store, {str(draft.head.status) for draft in drafts})
    owners = known | created
    with sending(connection) as send:
        send(store_statistics, connection, store.id, {
            known[key]: before[known[key]].plus(orders) for key, orders in counted.items() if key in known}, version)
        send(create_customers, connection, store.id, version, created, [
            Statistics().plus(counted.get(key, ())) for key in created])
        whole = [order for order in numbered if not order[1].adds]
        send(insert_columns, connection, Order, _order_columns(store, whole, owners, written_by))
        added_to = [order for order in numbered if order[1].adds]
        send(update_columns, connection, Order, _order_columns(store, added_to, owners, written_by))
        send(insert_columns, connection, OrderLine, _line_columns(store.id, numbered))
        meanwhile()
    return owners


def _remember_statuses(connection: Connection, store: Any, statuses: set[str]) -> None:
    if not statuses <= {*store.seen_statuses}:
        seen = sorted(statuses.union(store.seen_statuses))
        connection.execute(update(Store).where(Store.id == store.id).values(seen_statuses=seen))


def _delete(connection: Connection, store_id: uuid.UUID, numbers: Sequence[int]) -> None:
    if numbers:
        connection.execute(delete(OrderLine).where(
            OrderLine.store_id == store_id, in_list(OrderLine.order_number, numbers)))
        connection.execute(delete(Order).where(Order.store_id == store_id, in_list(Order.number, numbers)))


def _order_columns(
    store: Any, orders: Sequence[tuple[int, Draft]], owners: Mapping[str, int], written_by: int | None
) -> dict[str, Sequence[Any]]:
    heads = [draft.head for _, draft in orders]
    return {
        "store_id": [store.id] * len(orders),
        "number": [number for number, _ in orders],
        "external_id": [head.order_id for head in heads],
        "customer_number": [owners[head.customer_id] for head in heads],
        "ordered_at": [head.ordered_at for head in heads],
        "amount": [draft.amount for _, draft in orders],
        "status": [head.status for head in heads],
        "is_counted": [head.status in store.counted_statuses for head in heads],
        "currency": [store.currency] * len(orders),
        "written_by": [written_by if written_by is None or head.total is not None else -written_by for head in heads],
        **with_folded({name: [getattr(head, name) for head in heads] for name in HEAD_TEXTS}),
    }


def _line_columns(store_id: uuid.UUID, orders: Sequence[tuple[int, Draft]]) -> dict[str, Sequence[Any]]:
    lines = [line for _, draft in orders for line in draft.lines]
    return {
        "store_id": [store_id] * len(lines),
        "order_number": [number for number, draft in orders for _ in draft.lines],
        "line": [draft.lines_before + place for _, draft in orders for place in range(1, len(draft.lines) + 1)],
        "quantity": [line.quantity for line in lines],
        "unit_price": [line.unit_price for line in lines],
        "amount": [line.amount for line in lines],
        **with_folded({name: [getattr(line, name) for line in lines] for name in LINE_TEXTS}),
    }
