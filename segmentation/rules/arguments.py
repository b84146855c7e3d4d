"""What an operator is given: reading `value`, `value2` and `unit` of a condition into one typed value.

Faults are reported by key and reading goes on, so that a person sees all of them at once; a value read with faults is
never used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from segmentation import limits
from segmentation.rules.kinds import Fault, Integer
from segmentation.rules.operators import Operator, Takes
from segmentation.rules.windows import Duration, DurationRange
from segmentation.translations import Filled, Listing

Read = Callable[[Any], Any]
Report = Callable[[str, Fault], None]

TAKEN: dict[Takes, tuple[str, ...]] = {
    Takes.NOTHING: (),
    Takes.ONE: ("value",),
    Takes.MANY: ("value",),
    Takes.PAIR: ("value", "value2"),
    Takes.DURATION: ("value", "unit"),
    Takes.DURATION_PAIR: ("value", "value2", "unit"),
    Takes.PERIOD: ("unit",),
}


def read_arguments(raw: dict[str, Any], read: Read, operator: Operator, report: Report) -> Any:
    """The typed value of a condition: scalar, tuple, Duration, DurationRange, unit or None, as `operator` takes it.

    `read` reads one value of the field.
    """
    slots = _Slots(raw, report)
    slots.refuse_all_but(TAKEN[operator.takes])
    read_count, read_unit = partial(_count, operator), partial(_unit, operator)
    match operator.takes:
        case Takes.NOTHING:
            return None
        case Takes.ONE:
            return slots.read("value", read)
        case Takes.MANY:
            return slots.many(read)
        case Takes.PAIR:
            return slots.pair(read)
        case Takes.DURATION:
            return Duration(slots.read("value", read_count), slots.read("unit", read_unit))
        case Takes.DURATION_PAIR:
            low, high = slots.pair(read_count)
            return DurationRange(low, high, slots.read("unit", read_unit))
        case Takes.PERIOD:
            return slots.read("unit", read_unit)


class _Slots:
    """The argument keys of one condition; what cannot be read is reported and becomes None."""

    def __init__(self, raw: dict[str, Any], report: Report) -> None:
        self.raw = raw
        self.report = report

    def refuse_all_but(self, taken: tuple[str, ...]) -> None:
        for key in ("value", "value2", "unit"):
            if key not in taken and self.raw.get(key) is not None:
                self.report(key, Fault("not_expected", "This comparison does not take it."))

    def read(self, key: str, read: Read) -> Any:
        raw = self.raw.get(key)
        return self._attempt(key, read, raw)

    def many(self, read: Read) -> tuple[Any, ...]:
        raw = self.raw.get("value")
        if not isinstance(raw, list) or not raw:
            self.report("value", Fault("not_a_list", "Enter at least one value."))
            return ()
        if len(raw) > limits.LIST_VALUES:
            message = Filled("Enter at most {most} values.", most=limits.LIST_VALUES)
            self.report("value", Fault("too_many_values", message))
            return ()
        return tuple(self._attempt(f"value/{index}", read, each) for index, each in enumerate(raw))

    def pair(self, read: Read) -> tuple[Any, Any]:
        low, high = self.read("value", read), self.read("value2", read)
        if low is not None and high is not None and low > high:
            self.report("value2", Fault("wrong_order", "The second value must not be below the first."))
        return low, high

    def _attempt(self, key: str, read: Read, raw: Any) -> Any:
        try:
            if raw is None:
                raise Fault("required", "Enter a value.")
            return read(raw)
        except Fault as fault:
            self.report(key, fault)
            return None


def _count(operator: Operator, raw: Any) -> int:
    number = Integer().read(raw)
    if number < operator.least:
        raise Fault("out_of_range", Filled("Enter a whole number, {least} or more.", least=operator.least))
    return number


def _unit(operator: Operator, raw: Any) -> str:
    if not isinstance(raw, str) or raw not in operator.units:
        raise Fault("unknown_unit", Filled("Choose one of: {units}.", units=Listing(operator.units)))
    return raw
