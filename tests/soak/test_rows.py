"""Every field of every row with each of the worst values; the short form is
tests/system/test_worst_values.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from tests import scenes
from tests.system.test_worst_values import WORST, case, faults, spoil

__all__ = ["case"]  # a fixture


@pytest.mark.promise("Nothing that reads a stored row raises")
@pytest.mark.django_db(transaction=True)
def test_no_page_answer_or_report_fails_on_any_of_the_worst(
    case: scenes.Scene, figure: Callable[[str], None]
) -> None:
    assert faults(case) == []
    wrong: list[str] = []
    counted = []
    for how in WORST:
        with transaction.atomic():
            counted.append(len(list(spoil(how))))
            wrong += [f"{how}: {one}" for one in faults(case)]
            transaction.set_rollback(True)
    figure(f"{', '.join(map(str, counted))} fields with the {', the '.join(WORST)}")
    assert min(counted) > 40
    assert not wrong, "\n".join(wrong)
