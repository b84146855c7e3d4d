"""Kinds: numbers are stored exactly, or known not to be storable."""

from __future__ import annotations

from decimal import Decimal

import pytest

from segmentation.rules.kinds import Number


@pytest.mark.parametrize(("number", "bounds"), [
    (5, (50_000, 50_000)), (Decimal("-0.0001"), (-1, -1)), (Decimal("0.00001"), (0, 1)), (Decimal("-0.00001"), (-1, 0)),
    (Decimal("1e-999999999"), (0, 1)), (Decimal("1." + "0" * 390 + "1"), (10_000, 10_001)),
])
def test_a_number_lies_between_the_stored_ones_next_to_it(number: Decimal, bounds: tuple[int, int]) -> None:
    assert Number().stored(number) == bounds
    assert Number().stored(number).is_storable is (bounds[0] == bounds[1])
