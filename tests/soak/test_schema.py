"""Every operation of the API, asked by every role until it has shown what it does; the short form
is tests/system/test_schema.py."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.system.test_permission_table import World
from tests.system.test_schema import Asking

EXAMPLES = 20


@pytest.mark.promise("The API answers every role as its document says, whatever is asked")
@pytest.mark.django_db
def test_no_role_gets_an_answer_that_the_document_does_not_have(
    figure: Callable[[str], None],
) -> None:
    asking = Asking(World())
    started, broken = time.monotonic(), []
    for role in asking.roles:
        broken += [f"as {role}: {one}" for one in asking.broken([role], EXAMPLES)]
    asked = sum(asking.got.values())
    operations = len(list(asking.operations()))
    wrong = sum(count for status, count in asking.got.items() if status >= 500)
    figure(
        f"{asked:,} requests to {operations} operations as {len(asking.roles)} roles, {wrong} of "
        f"5xx, in {time.monotonic() - started:.0f} s"
    )
    assert not broken, "\n\n".join(broken)
    assert not wrong
