"""Column types that mean the same on every engine.

Instants: `timestamptz` on PostgreSQL, microseconds since 1970 (UTC) elsewhere. Identifiers: `uuid` on PostgreSQL, 16
bytes elsewhere. Money: a whole number of 1/10000 of the currency. Folded text: compared and sorted byte by byte.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, Text, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine
from uuid_utils.compat import uuid7

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MONEY_UNITS = 10_000
FOLDED_TEXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")


def new_id() -> uuid.UUID:
    """A UUIDv7: unique, and ordered by the time it was made."""
    return uuid7()


def utc_now() -> datetime:
    """The current instant."""
    return datetime.now(UTC)


def to_microseconds(instant: datetime) -> int:
    """Microseconds from the epoch to an aware datetime, exactly."""
    return (instant - EPOCH) // MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The UTC instant that many microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=value)


def to_units(amount: Decimal) -> int:
    """Money as stored: 1/10000 of the currency, halves away from zero."""
    return int((amount * MONEY_UNITS).to_integral_value(ROUND_HALF_UP))


def from_units(units: int) -> Decimal:
    """Stored money as a Decimal with four decimals."""
    return Decimal(units).scaleb(-4)


def id_text(stored: bytes | uuid.UUID) -> str:
    """An identifier, as a driver gives it, as text."""
    if isinstance(stored, uuid.UUID):
        return str(stored)
    digits = stored.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`timestamptz` on PostgreSQL, a big integer elsewhere."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Datetime to what the engine stores."""
        if value is None or dialect.name == "postgresql":
            return value
        return to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What the engine stores to a UTC datetime."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return value.astimezone(UTC)  # type: ignore[no-any-return]
        return from_microseconds(value)


class Identifier(TypeDecorator[uuid.UUID]):
    """A UUID: native on PostgreSQL, 16 bytes elsewhere."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`uuid` on PostgreSQL, 16 bytes elsewhere."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Uuid())
        return dialect.type_descriptor(LargeBinary(16))

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> Any:
        """UUID to what the engine stores."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        """What the engine stores to a UUID."""
        return value if value is None or dialect.name == "postgresql" else uuid.UUID(bytes=value)
