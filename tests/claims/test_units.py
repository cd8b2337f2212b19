"""Units and currencies at every door: what was mistyped is refused with a sentence, and what is
meant is offered."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from claims import actions, currencies
from claims.actions import NewAspect, NewCriterion
from claims.forms import AspectForm, ClaimForm
from claims.localized_text import write
from claims.models import Claim, Criterion
from claims.units import CHINESE, MEANT, UnitMismatchError, check_same_kind, check_unit, convert
from claims.validators import validate_currency, validate_money
from evidence.exhibits.actions import filing
from evidence.exhibits.forms import MeasurementForm
from evidence.exhibits.models import Measurement
from tests import scenes
from tests.shared_scenes import shared_scene
from verdicts import evidence_assessment

WORDS = write("en", "words", zh_Hans="文字")
BAD_UNITS = [
    "hours of playback",
    "公里",
    "km／h",
    "Nm",
    "PS",
    "kwh",
    "℃",
    "degC",
    "m\0s",
    "9**9**9",
    "1e5",
    "NaN",
    " ",
    "m" * 40,
]
BAD_CURRENCIES = ["eur", "RMB", "ZZZ", "CN", "元", "US$", "C Y", "XAU", "€"]


@pytest.mark.parametrize("unit", BAD_UNITS)
def test_a_mistyped_unit_is_refused(unit: str) -> None:
    with pytest.raises(UnitMismatchError):
        check_unit(unit)


@pytest.mark.parametrize("meant", sorted(set(MEANT.values()) | set(CHINESE.values())))
def test_every_unit_that_is_offered_is_one(meant: str) -> None:
    check_unit(meant)


@pytest.mark.parametrize(
    ("unit", "other"),
    [
        ("km/h", "km"),
        ("GB", "percent"),
        ("kWh", "kW"),
        ("degree", "percent"),
        ("parsec", "um"),
        ("N*m", "Pa"),
    ],
)
def test_what_measures_something_else_or_is_too_far_is_refused(unit: str, other: str) -> None:
    with pytest.raises(UnitMismatchError):
        check_same_kind(unit, other)


@pytest.mark.parametrize(
    ("value", "unit", "to", "same"),
    [("3.6", "km/h", "m/s", "1"), ("50", "percent", "", "0.5"), ("2", "h", "minute", "120")],
)
def test_what_measures_the_same_is_converted(value: str, unit: str, to: str, same: str) -> None:
    assert convert(Decimal(value), unit, to) == Decimal(same)


@pytest.mark.parametrize("code", BAD_CURRENCIES)
def test_a_mistyped_currency_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        validate_currency(code)


@pytest.mark.parametrize(
    ("code", "meant"),
    [("eur", "EUR"), ("RMB", "CNY"), (" usd ", "USD"), ("元", "CNY"), ("ZZZ", "")],
)
def test_the_currency_that_was_meant_is_offered(code: str, meant: str) -> None:
    assert currencies.suggest_code(code) == meant
    with pytest.raises(ValidationError) as refused:
        validate_currency(code)
    assert (f"Did you mean {meant}?" in refused.value.messages[0]) == bool(meant)


@pytest.mark.parametrize(("amount", "code", "fine"),
    [("1500", "JPY", True), ("1500.50", "JPY", False), ("1.25", "KWD", True),
                                                      ("0.01", "CNY", True),
                                                      ("0.001", "CNY", False)])  # fmt: skip
def test_an_amount_has_no_more_decimals_than_its_currency(
    amount: str, code: str, fine: bool
) -> None:
    if fine:
        validate_money(Decimal(amount), code)
    else:
        with pytest.raises(ValidationError, match="decimals"):
            validate_money(Decimal(amount), code)


@pytest.mark.parametrize(
    ("amount", "code", "shown"),
    [
        ("42000.00", "CNY", "42,000"), ("1500.5", "CNY", "1,500.50"), ("1500", "JPY", "1,500"),
        ("1500.5", "JPY", "1,500.5"),
        ("1.25", "KWD", "1.250"), ("-3.1", "ZZZ", "-3.10"),
        ("999999999999.99", "EUR", "999,999,999,999.99"), ("NaN", "EUR", "NaN"),
        ("Infinity", "", "Infinity"), ("0", "EUR", "0"), ("1E+3", "EUR", "1,000"),
    ],
)  # fmt: skip
def test_money_is_written_exactly(amount: str, code: str, shown: str) -> None:
    assert currencies.format_amount(Decimal(amount), code) == shown


@pytest.mark.parametrize(
    ("amount", "code", "english", "chinese"),
    [
        ("42000.00", "CNY", "CNY 42,000", "42,000元"),
        ("1500.5", "HKD", "HKD 1,500.50", "1,500.50港元"),
        ("1.25", "KWD", "KWD 1.250", "1.250 KWD"), ("0", "EUR", "EUR 0", "0欧元"),
        ("NaN", "ZZZ", "ZZZ NaN", "NaN ZZZ"),
    ],
)  # fmt: skip
def test_an_amount_names_its_currency_as_readers_of_the_language_do(
    amount: str, code: str, english: str, chinese: str
) -> None:
    told = [currencies.in_words(Decimal(amount), code, lang) for lang in ("en", "zh-Hans")]
    assert [each.replace("\u00a0", " ") for each in told] == [english, chinese]


@given(st.decimals(allow_nan=True, allow_infinity=True, min_value=None), st.text(max_size=3))
def test_no_amount_and_no_code_fail_to_be_written(amount: Decimal, code: str) -> None:
    if abs(amount.adjusted() if amount.is_finite() else 0) < 40:
        assert currencies.format_amount(amount, code)


# --- every door -----------------------------------------------------------------------------------


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def criterion(**more: Any) -> NewCriterion:
    given: dict[str, Any] = {
        "property": WORDS,
        "comparator": "at_least",
        "value": Decimal(1),
        "unit": "m/s",
    }
    return NewCriterion(**given | more)


def register(scene: scenes.Scene, **more: Any) -> Claim:
    aspect = NewAspect("quantity", WORDS, criterion=criterion(**more.pop("criterion", {})))
    given = {
        "by": scene.moderator,
        "product": scene.product,
        "quote": "words",
        "quote_lang": "en",
        "summary": WORDS,
        "now": scene.now,
    }
    return actions.register_claim(**given | {"aspects": [aspect]} | more)


@pytest.mark.parametrize("unit", [*BAD_UNITS, ""])
def test_no_claim_is_registered_with_a_unit_that_is_none(scene: scenes.Scene, unit: str) -> None:
    with pytest.raises((ValidationError, ValueError)):
        register(scene, criterion={"unit": unit})
    assert Criterion.objects.count() == 1


@pytest.mark.parametrize(
    "number", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+30", "1E-30", "1234567890123"]
)
def test_no_number_is_taken_that_is_none_or_does_not_fit(scene: scenes.Scene, number: str) -> None:
    for field in ("value", "tolerance"):
        with pytest.raises(ValidationError):
            register(scene, criterion={field: Decimal(number)})
    with pytest.raises(ValidationError):
        register(scene, stake=Decimal(number), currency="CNY")
    with pytest.raises(ValidationError):
        actions.add_option(
            by=scene.moderator,
            product=scene.product,
            name=WORDS,
            price=Decimal(number),
            currency="CNY",
            now=scene.now,
        )
    for field in ("value", "standard_uncertainty"):
        with pytest.raises(ValidationError):
            file(scene, **{field: Decimal(number)})


@pytest.mark.parametrize("code", BAD_CURRENCIES)
def test_no_money_is_taken_in_what_is_no_currency(scene: scenes.Scene, code: str) -> None:
    with pytest.raises(ValidationError):
        register(scene, stake=Decimal(5), currency=code)
    with pytest.raises(ValidationError):
        actions.add_option(
            by=scene.moderator,
            product=scene.product,
            name=WORDS,
            price=Decimal(5),
            currency=code,
            now=scene.now,
        )


@pytest.mark.parametrize("bad", [{"currency": "eur"}, {"currency": ""}, {"price": Decimal("NaN")}])
def test_the_database_takes_no_currency_or_price_that_is_none(
    scene: scenes.Scene, bad: dict[str, Any]
) -> None:
    [(name, value)] = bad.items()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE claims_productoption SET {name} = %s", [value])


def test_the_forms_say_it_beside_the_field(scene: scenes.Scene) -> None:
    assert "Did you mean km?" in AspectForm({"kind": "quantity", "unit": "公里"}).errors["unit"][0]
    assert "Did you mean CNY?" in ClaimForm({"currency": "RMB"}).errors["currency"][0]
    assert "price" in ClaimForm({"currency": "JPY", "price": "1.5"}).errors
    given = {
        "aspect": str(scene.ducts.pk),
        "quantity": "speed",
        "value": "1",
        "standard_uncertainty": "1",
        "instrument": "i",
        "method": "m",
    }
    for unit in ("kW", "km", "公里", "hours of playback"):
        assert (
            "unit_name" in MeasurementForm(given | {"unit_name": unit}, claim=scene.claim).errors
        ), unit
    assert MeasurementForm(given | {"unit_name": "km/h"}, claim=scene.claim).is_valid()
    assert MeasurementForm(
        given | {"unit_name": "kW", "aspect": str(scene.carbon.pk)}, claim=scene.claim
    ).is_valid()


def file(scene: scenes.Scene, **more: Any) -> None:
    given: dict[str, Any] = {
        "aspect": scene.ducts, "quantity": WORDS, "value": Decimal(1),
        "standard_uncertainty": Decimal(1), "unit_name": "km/h",
        "instrument": WORDS, "method": WORDS, "measured_date": date(2025, 5, 1),
    }  # fmt: skip
    filing.file_submission(
        by=scene.owners[0], claim=scene.claim, narrative="words", narrative_lang="en",
        licence="cc-by-4.0", photos=[], now=scene.now,
        teardown=filing.NewTeardown(WORDS, "Car 1", "VIN1", date(2025, 5, 1),
        measurements=[filing.NewMeasurement(**given | more)]),
    )  # fmt: skip


@pytest.mark.parametrize("unit", ["km", "kW", "公里", "hours of playback", "", "percent"])
def test_no_measurement_is_filed_that_cannot_be_set_against_its_threshold(
    scene: scenes.Scene, unit: str
) -> None:
    with pytest.raises(ValidationError):
        file(scene, unit_name=unit)
    assert not Measurement.objects.exists()
    file(scene)
    assert Measurement.objects.count() == 1


# --- what is stored wrongly all the same ----------------------------------------------------------


def test_a_stored_row_that_cannot_be_weighed_is_left_out_and_said_to_be(
    scene: scenes.Scene,
) -> None:
    scenes.build_evidence(scene)
    assert evidence_assessment.excluded_measurements(scene.ducts) == []
    spoiled = Measurement.objects.order_by("pk")[:1]
    Measurement.objects.filter(pk__in=[one.pk for one in spoiled]).update(
        unit_name="hours of playback"
    )
    weighed = evidence_assessment.assess_evidence(scene.ducts)
    assert weighed is not None
    assert (weighed.units, weighed.to_json()["left_out"]) == (2, 1)
    [said] = evidence_assessment.excluded_measurements(scene.ducts)
    assert "hours of playback" in said
    Criterion.objects.update(unit="公里")
    assert evidence_assessment.assess_evidence(scene.ducts) is None
    assert len(evidence_assessment.excluded_measurements(scene.ducts)) == 3


def test_the_desk_shows_what_is_wrong_with_a_row(scene: scenes.Scene, client: Any) -> None:
    scenes.build_findings(scenes.build_evidence(scene))
    Criterion.objects.update(unit="公里")
    client.force_login(scene.adjudicator, backend=settings.AUTHENTICATION_BACKENDS[0])
    for path in (
        f"/desk/claims/{scene.claim.reference}/",
        f"/desk/aspects/{scene.ducts.pk}/verdict/",
    ):
        answer = client.get(path, headers={"accept-language": "en"})
        assert answer.status_code == 200
        assert "It cannot be compared with the threshold in 公里." in answer.content.decode()
