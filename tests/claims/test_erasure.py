"""When the words of a quote are erased, what a threshold keeps of them goes too, and its figure is
the company's no more."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from claims.actions import NewAspect, NewCriterion, register_claim
from claims.localized_text import write
from claims.models import Criterion
from tests import scenes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def test_an_erased_quote_takes_the_figure_with_it() -> None:
    scene = scenes.build_claim()
    speed = NewCriterion(
        property=write("en", "air speed"), comparator="at_least", value=Decimal("1.5"), unit="m/s",
        basis_kind="claimed"
    )  # fmt: skip
    claim = register_claim(
        by=scene.moderator, product=scene.product, quote="Air at 1,5 m/s.", quote_lang="en",
        summary=write("en", "It moves air"),
        aspects=[NewAspect("quantity", write("en", "air"), criterion=speed)], now=scene.now,
    )  # fmt: skip
    call_command(
        "erase",
        "claim",
        str(claim.pk),
        field=["quote"],
        ground="court order 1",
        reason="A court ordered it.",
        stdout=StringIO(),
    )
    criterion = Criterion.objects.get(aspect__claim=claim)
    assert (criterion.figure, criterion.basis_kind, criterion.is_claimed) == ("", "claimed", False)
    for model in (Criterion, Criterion.pgh_event_model):  # type: ignore[attr-defined]  # made by pghistory
        assert not model.objects.filter(figure="1,5 m/s").exists()
