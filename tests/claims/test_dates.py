"""Days and moments that nobody can have meant are refused at every door, in a sentence, with
nothing saved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from claims.actions import NewAspect, register_claim
from claims.dates import validate_past, validate_plan
from claims.forms import AspectForm, ClaimForm
from claims.forms_company import day
from claims.localized_text import write
from evidence.exhibits.forms import TeardownForm
from evidence.exhibits.models import Submission
from evidence.sources.forms import CopyForm
from tests import scenes
from verdicts.forms import EventForm

NEVER = [date(1, 1, 1), date(202, 5, 1), date(1899, 12, 31), date(9999, 12, 31)]
#: Days and moments of our own clock, which nobody types.
OURS = {
    "created_at", "filed_at", "filed_date", "proposed_date", "decided_at", "decided_date",
    "looked_at", "not_before",
    "not_after", "first_missing_at",
    "last_seen_at", "confirmed_at", "reversed_at", "next_look_at", "raised_at", "lifted_at",
    "answered_at", "opened_at", "sent_at",
    "deadline_at", "first_deadline_at", "received_at", "proposed_at", "handled_at", "closed_at",
    "withdrawn_at",
    "approved_at", "withheld_at", "due_again_at",
    "checked_at",
}  # fmt: skip


@pytest.mark.parametrize("valid", [validate_past, validate_plan])
@pytest.mark.parametrize("value", NEVER)
def test_the_ends_of_time_are_no_day_of_anything(valid, value: date) -> None:
    moments = [
        datetime(value.year, value.month, value.day, tzinfo=UTC),
        datetime(value.year, value.month, value.day),  # noqa: DTZ001  as forms of no zone give it
    ]
    for given in (value, *moments):
        with pytest.raises(ValidationError, match="Nothing was saved"):
            valid(given)


def test_what_happened_did_not_happen_tomorrow_and_what_is_planned_may() -> None:
    today = timezone.now().date()
    validate_past(today)
    validate_past(today + timedelta(days=1))  # somewhere it is
    validate_plan(today + timedelta(days=3650))
    with pytest.raises(ValidationError, match="is in the future"):
        validate_past(today + timedelta(days=2))
    with pytest.raises(ValidationError, match="is in the future"):
        validate_past(timezone.now() + timedelta(days=2))


def test_every_day_and_moment_that_people_give_has_a_range() -> None:
    """A new column of the domain is either our own clock's or says which days can be meant."""
    bare = []
    for model in (
        one
        for room in ("claims", "evidence", "verdicts")
        for one in apps.get_app_config(room).get_models()
    ):
        for field in model._meta.local_fields:
            if (
                isinstance(field, models.DateField)
                and field.name not in OURS
                and "pgh" not in field.name
                and not hasattr(model, "pgh_obj")
            ):
                valid = set(field.validators) & {validate_past, validate_plan}
                if not valid and not model.__name__.endswith("Event"):
                    bare.append(f"{model.__name__}.{field.name}")
    assert bare == ["Verdict.published_at"]  # our own clock; of a source it is what someone typed


@pytest.mark.parametrize("text", ["0001-01-01", "0202-05-01", "9999-12-31"])
def test_every_form_says_so_at_its_field(text: str, db: None) -> None:
    forms = [
        (TeardownForm({"performed_date": text}), "performed_date"),
        (AspectForm({"due_date": text}), "due_date"),
        (ClaimForm({"made_at": f"{text}T10:00"}), "made_at"),
        (CopyForm({"captured_at": f"{text}T10:00"}), "captured_at"),
        (
            EventForm({"happened_at": f"{text}T10:00"}, company=scenes.build_claim().company),
            "happened_at",
        ),
    ]
    for form, name in forms:
        assert "Nothing was saved" in str(form.errors[name]), (type(form).__name__, form.errors)
    with pytest.raises(ValidationError, match="Nothing was saved"):
        day().clean(text)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [date(1, 1, 1), date(9999, 12, 31)])
def test_no_action_takes_it_whatever_the_door(value: date) -> None:
    scene = scenes.build_claim()
    for aspect in (NewAspect("date", write("en", "then"), due_date=value),):
        with pytest.raises(ValidationError):
            register_claim(
                by=scene.moderator,
                product=scene.product,
                quote="x",
                quote_lang="en",
                summary=write("en", "x"),
                aspects=[aspect],
                now=scene.now,
            )
    teardown = scenes.filing.NewTeardown(
        title=write("en", "x"),
        unit_label="Car",
        serial="VIN",
        performed_date=value,
        steps=[],
        measurements=[],
    )
    with pytest.raises(ValidationError, match="Check the"):
        scenes.filing.file_submission(
            by=scene.owners[0],
            claim=scene.claim,
            narrative="x",
            narrative_lang="en",
            licence="show",
            now=scene.now,
            teardown=teardown,
            photos=[],
        )
    assert not Submission.objects.exists()
