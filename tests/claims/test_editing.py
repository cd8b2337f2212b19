"""Two tabs: whoever saves later sees what was saved in between, and loses nothing of their own."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.test import Client

from claims import actions, editing
from claims.editing import EditForm, RowChangedError, version
from claims.localized_text import write
from claims.models import Claim, SeriesPoint
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from verdicts import actions as verdicts
from verdicts.models import Invitation, Occurrence

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def tab(user: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def carried(page: Any, name: str = "version") -> str:
    """The version that a page's form carries."""
    found = re.search(rf'name="{name}" value="([0-9a-f]+)"', page_text(page))
    assert found, page_text(page)
    return found[1]


def test_the_later_tab_sees_the_earlier_and_keeps_its_own(scene: scenes.Scene) -> None:
    path = f"/desk/claims/{scene.claim.reference}/revise/"
    first, second = tab(scene.moderator), tab(scene.second_moderator)
    opened = carried(first.get(path))
    assert carried(second.get(path)) == opened
    typed = {
        "do": "revise",
        "version": opened,
        "quote": scenes.POST,
        "summary_en": "Ducts",
        "summary_zh_Hans": "风道",
        "kind": "express",
    }
    assert (
        first.post(
            path, {**typed, "summary_en": "Two ducts, as drawn", "reason": "Neutral."}
        ).status_code
        == 302
    )
    late = second.post(
        path, {**typed, "summary_en": "Two ducts, says the maker", "reason": "Attribution."}
    )
    page = page_text(late)
    assert late.status_code == 409
    assert "Two ducts, says the maker" in page, "what was typed"
    assert "Attribution." in page
    assert re.search(r"saved-now.*Two ducts, as drawn", page, re.DOTALL), "what is saved"
    assert page.count("Currently saved:") == 1, "only beside what differs"
    assert "Your text is not saved yet" in page
    assert Claim.objects.get().summary["text"] == "Two ducts, as drawn"
    again = {
        **typed,
        "version": carried(late),
        "summary_en": "Two ducts, says the maker",
        "reason": "Attribution.",
    }
    assert second.post(path, again).status_code == 302
    assert Claim.objects.get().summary["text"] == "Two ducts, says the maker"


def test_a_form_that_does_not_say_what_it_was_opened_on_changes_nothing(
    scene: scenes.Scene,
) -> None:
    path = f"/desk/claims/{scene.claim.reference}/revise/"
    sent = {
        "do": "revise",
        "quote": "Else.",
        "summary_en": "x",
        "summary_zh_Hans": "x",
        "kind": "express",
        "reason": "x",
    }
    for forged in (
        {},
        {"version": ""},
        {"version": "0" * 32},
        {"version": "x" * 400},
        {"version": "\x00"},
    ):
        assert tab(scene.moderator).post(path, {**sent, **forged}).status_code in {400, 409}
    assert Claim.objects.get().quote == scenes.POST


def test_without_the_comparison_the_later_tab_would_revert_the_earlier(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    path = f"/desk/claims/{scene.claim.reference}/revise/"
    client = tab(scene.moderator)
    sent = {
        "do": "revise",
        "version": carried(client.get(path)),
        "quote": scenes.POST,
        "summary_zh_Hans": "风道",
        "kind": "express",
    }
    client.post(path, {**sent, "summary_en": "First", "reason": "x"})
    assert client.post(path, {**sent, "summary_en": "Second", "reason": "x"}).status_code == 409
    monkeypatch.setattr(editing, "compare", lambda row, seen: None)
    assert client.post(path, {**sent, "summary_en": "Second", "reason": "x"}).status_code == 302


def test_what_was_changed_since_is_not_withdrawn_unseen(scene: scenes.Scene) -> None:
    path = f"/desk/claims/{scene.claim.reference}/revise/"
    client = tab(scene.moderator)
    opened = carried(client.get(path), "withdrawal-version")
    actions.revise_claim(
        by=scene.second_moderator,
        claim=scene.claim,
        reason="Cut.",
        quote="All of it.",
        now=scene.now,
    )
    late = client.post(
        path, {"do": "withdraw", "withdrawal-version": opened, "withdrawal-reason": "A double."}
    )
    assert late.status_code == 409
    assert "A double." in page_text(late)
    assert Claim.objects.get().status == "registered"


def test_a_figure_is_corrected_only_as_it_was_seen(scene: scenes.Scene) -> None:
    series = scenes.build_series(scene)
    point = SeriesPoint.objects.filter(series=series).order_by("id")[0]
    path, client = f"/desk/series/{series.pk}/", tab(scene.moderator)
    opened = f"{point.pk}.{version(point)}"
    assert opened in page_text(client.get(path))
    actions.correct_point(
        by=scene.second_moderator,
        point=point,
        value=Decimal("1548.3"),
        reason="A slip.",
        now=scene.now,
    )
    sent = {"do": "correct", "point": opened, "value": "1549", "reason": "Mine."}
    late = client.post(path, sent)
    page = page_text(late)
    assert late.status_code == 409
    assert "1548.3" in page
    assert "Mine." in page
    assert SeriesPoint.objects.get(pk=point.pk).value == Decimal("1548.3")
    chosen = re.search(rf'value="({point.pk}\.[0-9a-f]+)" selected', page)
    assert chosen
    assert client.post(path, {**sent, "point": chosen[1]}).status_code == 302
    assert client.post(path, {**sent, "point": point.pk}).status_code == 400


def test_an_event_is_corrected_only_as_it_was_seen(scene: scenes.Scene) -> None:
    incident = scenes.build_incident(scene)
    event = Occurrence.objects.filter(incident=incident).order_by("id")[0]
    path, client = f"/desk/incidents/{incident.pk}/", tab(scene.moderator)
    opened = carried(client.get(f"{path}?event={event.pk}"))
    verdicts.correct_event(
        by=scene.second_moderator,
        event=event,
        reason="More.",
        text=write("en", "It wrote."),
        now=scene.now,
    )
    sent = {
        "do": "correct",
        "event": event.pk,
        "version": opened,
        "happened_at": "2025-04-01T14:10",
        "exact_to": "hour",
    }
    late = client.post(path, {**sent, "text_en": "It called.", "reason": "Mine."})
    page = page_text(late)
    assert late.status_code == 409
    assert "It called." in page
    assert re.search(r"saved-now.*It wrote\.", page, re.DOTALL)
    event.refresh_from_db()
    assert event.text["text"] == "It wrote."


def test_a_company_that_was_asked_something_else_is_not_asked_twice_in_silence(
    scene: scenes.Scene,
) -> None:
    first, second = tab(scene.moderator), tab(scene.second_moderator)
    path = f"/desk/claims/{scene.claim.reference}/"
    both = {"do": "invite", "allegation_en": "No air.", "allegation_zh_Hans": "没有风。"}
    assert first.post(path, both).status_code == 302
    assert first.post(path, both).status_code == 302, "the same words twice are once"
    late = second.post(path, {**both, "allegation_en": "No air at all, in three cars."})
    assert late.status_code == 409
    assert "No air at all, in three cars." in page_text(late)
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    ("value", "same"),
    [(Decimal("1.50"), Decimal("1.5")), ("", None), ({}, None)],
)
def test_the_same_value_is_the_same_version_however_it_is_written(value: Any, same: Any) -> None:
    assert editing._plain(value) == editing._plain(same)


def test_an_action_without_a_version_takes_the_row_in_hand_for_what_was_seen(
    scene: scenes.Scene,
) -> None:
    stale = Claim.objects.get()
    actions.revise_claim(
        by=scene.moderator, claim=Claim.objects.get(), reason="One.", quote="One.", now=scene.now
    )
    with pytest.raises(RowChangedError) as caught:
        actions.revise_claim(
            by=scene.moderator, claim=stale, reason="Two.", quote="Two.", now=scene.now
        )
    assert caught.value.row == Claim.objects.get()


#: Forms that add something, or choose what is done to a thing as a whole: there is no text of
#: another person to replace.
ADDS = {
    "ClaimForm", "AspectForm", "EntityForm", "RoleForm", "SeriesForm", "PointForm", "NoteForm",
    "SourceForm", "PlaceForm", "SourcedForm",
    "FilingForm", "AnswerForm", "CopyForm", "TeardownForm", "StepForm", "MeasurementForm",
    "RegionForm", "FindingForm", "ProposalForm",
    "InvitationForm", "ReplyForm", "LetterForm", "DiscardForm", "WaiverForm", "WaiverRefusalForm",
    "IncidentForm", "EventForm", "_When", "SendBackForm",
    "FlagForm",  # takes back one raising of a flag, and only while it stands
    "SeatForm", "SeatEndForm",  # one more seat, or the end of one that stands
    "ClaimProposalForm", "AnswerProposalForm", "ProposedRowForm", "BulkForm",
    "GradeForm",  # sent with the decision, whose version covers its exhibits
}  # fmt: skip


def test_every_form_of_the_desk_edits_with_a_version_or_only_adds() -> None:
    from claims import forms as _a
    from claims import forms_company as _b
    from claims import forms_proposals as _f
    from evidence.exhibits import forms as _c
    from evidence.sources import forms as _e
    from verdicts import forms as _d

    found = {
        one
        for module in (_a, _b, _c, _d, _e, _f)
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, forms.BaseForm)
        and one.__module__ == module.__name__
    }
    assert {one.__name__ for one in found if not issubclass(one, EditForm)} <= ADDS
    assert not {one.__name__ for one in found if issubclass(one, EditForm)} & ADDS
