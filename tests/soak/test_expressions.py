"""Every regular expression with more texts than tests/system/test_expressions.py has time for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.system.test_expressions import every, faults

PAIRED = 7


@pytest.mark.promise("No text stops an expression")
def test_every_expression_takes_linear_time(figure: Callable[[str], None]) -> None:
    expressions = every()
    wrong = {
        where: found
        for where, (expression, used) in expressions.items()
        if (found := faults(expression, used, PAIRED))
    }
    figure(
        f"{len(expressions)} expressions, every two of {PAIRED} characters of each beside each "
        f"other"
    )
    assert wrong == {}
