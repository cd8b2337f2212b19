"""Thresholds as people say them: their words, which field belongs to which, and when two numbers
are the company's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import ledger
from claims.actions import NewAspect, NewCriterion, register_claim
from claims.figure_extraction import words_stating
from claims.forms import AspectForm
from claims.localized_text import write
from claims.models import Criterion
from claims.threshold_words import limits_words, quantity_words, threshold_words
from tests import scenes
from tests.pages import page_text, words_of

WORDS: list[tuple[dict[str, Any], str, str]] = [
    ({"comparator": "at_least", "value": "1.5"}, "at least 1.5 m/s", "不低于1.5 m/s"),
    ({"comparator": "at_most", "value": "60", "unit": "dB"}, "at most 60 dB", "不超过60 dB"),
    (
        {"comparator": "between", "value": "6", "value_to": "8"},
        "between 6 and 8 m/s",
        "介于6至8 m/s之间",
    ),
    (
        {"comparator": "about", "value": "20", "unit": "L", "tolerance": "1.00"},
        "about 20 L (± 1 L)",
        "约20 L（± 1 L）",
    ),
    (
        {"comparator": "exactly", "value": "4", "unit": "", "tolerance": "0.5"},
        "exactly 4 (± 0.5)",
        "恰好4（± 0.5）",
    ),
    (
        {"comparator": "at_least", "value": "1.5", "tolerance": "0.1"},
        "at least 1.5 m/s (tolerance 0.1 m/s)",
        "不低于1.5 m/s（允差0.1 m/s）",
    ),
    (
        {"comparator": "at_least", "value": "130", "unit": "percent", "baseline": "X1"},
        "at least 130 percent (baseline: X1)",
        "不低于130 percent（基准：X1）",
    ),
    (
        {
            "comparator": "about",
            "value": "130",
            "unit": "percent",
            "tolerance": "5",
            "baseline": "X1",
        },
        "about 130 percent (± 5 percent; baseline: X1)",
        "约130 percent（± 5 percent；基准：X1）",
    ),
]
NUMBERS = {"value", "value_to", "tolerance"}


@pytest.mark.parametrize(("parts", "english", "chinese"), WORDS)
def test_a_threshold_reads_as_people_say_it(
    parts: dict[str, Any], english: str, chinese: str
) -> None:
    typed = {key: Decimal(part) if key in NUMBERS else part for key, part in parts.items()}
    whole = {"unit": "m/s", **typed}
    assert threshold_words("en", **whole) == english
    assert threshold_words("zh-Hans", **whole) == chinese


@given(st.decimals(-99, 99, places=2), st.decimals("0.01", 99, places=2))
def test_the_words_of_two_limits_hold_both_numbers_and_no_other(
    low: Decimal, wide: Decimal
) -> None:
    said = limits_words("en", lower=low, upper=low + wide, unit="m/s")
    between = quantity_words(low, "", low + wide).split("–")
    assert said == f"between {between[0]} and {between[1]} m/s"
    with pytest.raises(ValueError, match="has a limit"):
        limits_words("en", lower=None, upper=None, unit="m/s")


# --- the company's words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lang", "parts", "words"),
    [
        ("It moves 6–8 m/s.", "en", ("between", "6", "8", "0"), "6–8 m/s"),
        ("Between 6 and 8 m/s, always.", "en", ("between", "6", "8", "0"), "6 and 8 m/s"),
        ("风速6至8米每秒", "zh-Hans", ("between", "6", "8", "0"), "6至8米每秒"),
        ("21.6 to 28.8 km/h", "en", ("between", "6", "8", "0"), "21.6 to 28.8 km/h"),
        ("It moves 6–9 m/s.", "en", ("between", "6", "8", "0"), ""),
        ("It moves 6 m/s. Or 8 m/s.", "en", ("between", "6", "8", "0"), ""),
        ("About 20 m/s.", "en", ("about", "20", None, "1"), "20 m/s"),
        ("约20米/秒", "zh-Hans", ("about", "20", None, "1"), "20米/秒"),
        ("20 ± 1 m/s", "en", ("exactly", "20", None, "1"), "20 ± 1 m/s"),
        ("20±1米/秒", "zh-Hans", ("about", "20", None, "1"), "20±1米/秒"),
        ("20 ± 2 m/s", "en", ("exactly", "20", None, "1"), ""),
        ("19–21 m/s", "en", ("about", "20", None, "1"), "19–21 m/s"),
        ("20 ± 1 m/s", "en", ("at_least", "19", None, "0"), "20 ± 1 m/s"),
        ("20 ± 1 m/s", "en", ("at_least", "1", None, "0"), ""),
    ],
)
def test_two_numbers_are_the_companys_only_where_its_words_give_both(
    text: str, lang: str, parts: tuple[str, str, str | None, str], words: str
) -> None:
    comparator, value, value_to, tolerance = parts
    assert (
        words_stating(
            text, lang, comparator=comparator, value=Decimal(value), unit="m/s",
            value_to=None if value_to is None else Decimal(value_to), tolerance=Decimal(tolerance),
        )
        == words
    )  # fmt: skip


# --- which field belongs to which -----------------------------------------------------------------

FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"comparator": "between"}, "value_to", "needs two values"),
    ({"comparator": "between", "value_to": "6"}, "value_to", "needs two values"),
    ({"comparator": "between", "value_to": "5"}, "value_to", "needs two values"),
    ({"comparator": "at_least", "value_to": "8"}, "value_to", "Only “between”"),
    ({"comparator": "exactly"}, "tolerance", "No measured value is exact"),
    ({"comparator": "about", "tolerance": "0"}, "tolerance", "No measured value is exact"),
    ({"comparator": "at_least", "baseline": "X1"}, "baseline", "Only a value in percent"),
]


@pytest.mark.parametrize(("parts", "field", "sentence"), FAULTS)
def test_the_form_says_which_field_does_not_go_with_the_comparison(
    parts: dict[str, Any], field: str, sentence: str
) -> None:
    typed = {"comparator": parts["comparator"], "value": "6", "unit": "m/s"}
    typed |= {key: parts[key] for key in ("value_to", "tolerance") if key in parts}
    form = AspectForm(
        {
            "kind": "quantity",
            "statement_zh_Hans": "要点",
            "property_zh_Hans": "风速",
            "basis_kind": "set_by_us",
            "baseline_en": parts.get("baseline", ""),
            **typed,
        }
    )
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert sentence in str(form.errors[field])


def _new(**parts: Any) -> NewCriterion:
    typed = {key: Decimal(part) if key in NUMBERS else part for key, part in parts.items()}
    if "baseline" in typed:
        typed["baseline"] = write("en", typed["baseline"])
    return NewCriterion(
        **{"property": write("en", "air speed"), "value": Decimal(6), "unit": "m/s", **typed}
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("parts", "field", "sentence"), FAULTS)
def test_neither_the_action_nor_the_database_takes_a_field_that_does_not_belong(
    parts: dict[str, Any], field: str, sentence: str
) -> None:
    scene = scenes.build_claim()
    aspect = NewAspect("quantity", write("en", "a point"), criterion=_new(**parts))
    with pytest.raises(ValidationError) as refused:
        register_claim(
            by=scene.moderator, product=scene.product, quote="words", quote_lang="en",
            summary=write("en", "words"), now=scene.now, aspects=[aspect],
        )  # fmt: skip
    assert sentence in str(refused.value.message_dict[field])
    with (
        pytest.raises(IntegrityError, match="criterion_"),
        transaction.atomic(),
        ledger.act("claim.registered", by=scene.moderator, role="moderator"),
    ):
        Criterion.objects.create(aspect=scene.carbon, created_at=scene.now, **vars(_new(**parts)))


@pytest.mark.django_db
def test_an_interval_is_typed_claimed_in_the_quote_and_shown_in_both_languages(
    client: Client,
) -> None:
    scene = scenes.build_claim()
    client.force_login(scene.moderator)
    page = client.get("/desk/claims/new/")
    asked = page_text(page)
    assert "Only for “between”." in asked
    given = {
        "company": str(scene.company.pk), "product": str(scene.product.pk), "quote_lang": "zh-Hans",
        "quote": "出风口风速6至8米每秒，约20升",
        "summary_zh_Hans": "风速", "summary_en": "Air speed",
        "kind": "express", "currency": "CNY", "channel": "social_post",
        "aspect-1-kind": "quantity",
        "aspect-1-statement_zh_Hans": "风速", "aspect-1-statement_en": "speed",
        "aspect-1-property_zh_Hans": "风速", "aspect-1-property_en": "air speed",
        "aspect-1-comparator": "between", "aspect-1-value": "6", "aspect-1-value_to": "8",
        "aspect-1-unit": "m/s", "aspect-1-basis_kind": "claimed",
        "aspect-1-conditions_en": "at full load",
        "aspect-2-kind": "quantity",
        "aspect-2-statement_zh_Hans": "容量", "aspect-2-statement_en": "volume",
        "aspect-2-property_zh_Hans": "容量", "aspect-2-property_en": "volume",
        "aspect-2-comparator": "about", "aspect-2-value": "20", "aspect-2-tolerance": "1",
        "aspect-2-unit": "L", "aspect-2-basis_kind": "claimed",
        "aspect-3-kind": "quantity", "aspect-3-basis_kind": "set_by_us",
    }  # fmt: skip
    wrong = client.post("/desk/claims/new/", {**given, "aspect-1-value_to": "9"})
    assert "“6–9 m/s” with its unit is neither in the quote" in page_text(wrong)
    made = client.post("/desk/claims/new/", given)
    assert made.status_code == 302, page_text(made)
    speed, volume = Criterion.objects.filter(basis_kind="claimed").order_by("aspect__number")
    assert (speed.figure, volume.figure) == ("6至8米每秒", "20升")
    english, chinese = (words_of(client.get(f"/{lang}{made.url}")) for lang in ("en", "zh"))
    assert "Claimed value: air speed, 6–8 m/s (6至8米每秒)" in english
    assert "between 6 and 8 m/s; at full load" in english
    assert "about 20 L (± 1 L)" in english
    assert "介于6至8 m/s之间" in chinese
    assert "约20 L（± 1 L）" in chinese


@pytest.mark.django_db
def test_the_database_keeps_a_claimed_interval_to_the_words_that_state_it() -> None:
    scene = scenes.build_claim()
    claim = register_claim(
        by=scene.moderator, product=scene.product, quote="6 to 8 m/s", quote_lang="en",
        summary=write("en", "words"), now=scene.now,
        aspects=[NewAspect("quantity", write("en", "a point"),
            criterion=_new(comparator="between", value_to="8", basis_kind="claimed"))],
    )  # fmt: skip
    criterion = Criterion.objects.get(aspect__claim=claim)
    assert criterion.figure == "6 to 8 m/s"
    with (
        pytest.raises(IntegrityError, match="figure"),
        transaction.atomic(),
        ledger.act("criterion.revised", by=scene.moderator, role="moderator", reason="x"),
    ):
        Criterion.objects.filter(pk=criterion.pk).update(value_to=Decimal(9), figure="")
