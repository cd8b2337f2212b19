"""A reply that came by letter: entered by a moderator, checked by a second person, and said to be
so wherever it stands."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

import jobs
import ledger
from accounts.models import User
from accounts.permissions import NotAllowedError
from claims.localized_text import write
from claims.models import Aspect, Flag
from jobs.models import Job
from ledger.models import Opening
from reports.documents import report_json
from reports.documents.pdf_layout import aspects
from reports.pages import companies, history_objects
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from tests.workflows import force
from verdicts import actions, gates
from verdicts.actions import replies as reply_actions
from verdicts.gates import GateClosedError
from verdicts.models import Invitation, Reply, VerdictDocument

pytestmark = pytest.mark.django_db
WORDS = "We have read it and disagree."
ORIGIN = "Entered by moderators from the company’s letter of"


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


@pytest.fixture
def judged() -> scenes.Scene:
    """One on which a verdict could be proposed, were it not for the company's reply."""
    return scenes.build_findings(scenes.build_evidence(scenes.build_claim()))


def ask(scene: scenes.Scene, days: int = 0) -> Invitation:
    words = write("en", "No air.", zh_Hans="没有风。")
    return actions.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=words,
        now=scene.now + timedelta(days=days),
    )


def enter(scene: scenes.Scene, asked: Invitation, days: float = 1, **more: Any) -> Reply:
    given = {
        "by": scene.moderator,
        "invitation": asked,
        "body": WORDS,
        "lang": "en",
        "now": scene.now + timedelta(days=days),
    }
    return actions.record_reply(**{**given, **more})


def confirm(scene: scenes.Scene, reply: Reply, days: float = 1) -> None:
    actions.confirm_reply(
        by=scene.second_moderator, reply=reply, now=scene.now + timedelta(days=days)
    )


def pass_by(scene: scenes.Scene, asked: Invitation, days: int = 40) -> bool:
    return actions.close_window(
        by=ledger.SYSTEM, invitation=asked, now=scene.now + timedelta(days=days)
    )


def status(asked: Invitation) -> str:
    return Invitation.objects.get(pk=asked.pk).status


def flags() -> set[str]:
    return set(Flag.objects.raised().values_list("kind", flat=True))


def page(path: str, user: User | None = None) -> str:
    client = Client(headers={"accept-language": "en"})
    if user:
        client.force_login(user)
    return page_text(client.get(path))


# --- one moderator alone --------------------------------------------------------------------------


def test_one_moderator_alone_says_nothing_for_the_company(judged: scenes.Scene) -> None:
    """Entered at once after it was asked: the window stays open, nothing is public, and no verdict
    can be proposed."""
    scene = judged
    asked = ask(scene)
    reply = enter(scene, asked, days=0)
    assert (reply.status, status(asked), flags()) == ("entered", "open", set())
    assert {one.progress for one in Aspect.objects.filter(claim=scene.claim)} == {
        "reply_window_open"
    }
    with pytest.raises(GateClosedError, match="reply is due by"):
        scenes.propose(scene)
    assert WORDS not in page(f"/claims/{scene.claim.reference}/")
    assert companies.scorecard(scene.company)["disputes"].replies == 0
    assert not Job.objects.filter(kind="reports.discrepancy").exists()
    assert str(reply.pk) not in history_objects.claim_objects(scene.claim).get("reply", [])


def test_who_entered_a_reply_never_confirms_it_and_the_database_says_so_too(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = enter(scene, ask(scene))
    with pytest.raises(GateClosedError, match="another person must compare it"):
        actions.confirm_reply(by=scene.moderator, reply=reply, now=scene.now)
    # negative control: the gate is what refuses it first
    monkeypatch.setattr(reply_actions, "confirmation_gates", lambda **given: [])
    with (
        pytest.raises(IntegrityError, match="reply_confirmed_by_a_second_person"),
        transaction.atomic(),
    ):
        actions.confirm_reply(by=scene.moderator, reply=reply, now=scene.now)


@pytest.mark.parametrize(
    "values",
    [
        {"status": "confirmed"},
        {"status": "entered", "checked_at": timezone.now()},
        {"status": "given"},
        {"status": "discarded", "letter_date": None},
        {"status": "believed"},
    ],
)
def test_the_database_keeps_who_checked_and_the_day_of_the_letter_together(
    scene: scenes.Scene, values: dict[str, Any]
) -> None:
    reply = enter(scene, ask(scene))
    with pytest.raises(IntegrityError), transaction.atomic():
        force(Reply.objects.filter(pk=reply.pk), **values)


def test_only_people_without_a_conflict_check_it_and_nobody_else(scene: scenes.Scene) -> None:
    reply = enter(scene, ask(scene))
    filed = scenes.person("filed", "moderator")
    scenes.filing.file_submission(
        by=filed, claim=scene.claim, narrative="x", narrative_lang="en", licence="show", photos=[],
        now=scene.now
    )  # fmt: skip
    for by in (
        filed,
        scene.owners[0],
        scenes.representative(scene),
        scenes.person("auditor", "auditor"),
    ):
        with pytest.raises(NotAllowedError):
            actions.confirm_reply(by=by, reply=reply, now=scene.now)
        with pytest.raises(NotAllowedError):
            actions.discard_reply(by=by, reply=reply, reason="x", now=scene.now)
    with pytest.raises(NotAllowedError):
        enter(scene, Invitation.objects.get(), by=filed, body="Another.")
    assert Reply.objects.get().status == "entered"


# --- what it does to the window -------------------------------------------------------------------


def test_a_confirmed_reply_is_public_and_the_window_ends_at_its_deadline(
    judged: scenes.Scene,
) -> None:
    scene = judged
    asked = ask(scene)
    confirm(scene, enter(scene, asked))
    assert (status(asked), flags()) == ("open", {"company_replied"})
    with pytest.raises(GateClosedError, match="reply is due by"):
        scenes.propose(scene)
    assert pass_by(scene, asked)
    assert (status(asked), flags()) == ("replied", {"company_replied"})
    assert Invitation.objects.get().closed_at >= asked.deadline_at
    assert {one.progress for one in Aspect.objects.filter(claim=scene.claim)} == {"in_review"}


def test_two_people_may_still_end_it_early(judged: scenes.Scene) -> None:
    scene = judged
    asked = ask(scene)
    confirm(scene, enter(scene, asked))
    waiver = actions.propose_waiver(
        by=scene.adjudicator,
        invitation=asked,
        reason=write("en", "It replied by letter.", zh_Hans="已来函回应。"),
    )
    actions.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=scene.now)
    assert (status(asked), flags()) == ("waived", {"company_replied"})
    scenes.propose(scene)


@pytest.mark.parametrize(("right", "came"), [(True, "replied"), (False, "silent")])
def test_nothing_is_said_of_silence_while_an_entry_from_before_the_deadline_waits(
    judged: scenes.Scene, right: bool, came: str
) -> None:
    scene = judged
    asked = ask(scene)
    reply = enter(scene, asked)
    assert not pass_by(scene, asked)
    assert (status(asked), flags()) == ("open", set())
    with pytest.raises(GateClosedError, match="another person checks it first"):
        actions.propose_verdict(
            by=scene.adjudicator, aspect=scene.ducts, rating="not_delivered",
            rationale=scenes.RATIONALE, exhibits=scene.exhibits(),
            now=scene.now + timedelta(days=41),
        )  # fmt: skip
    later = {"by": scene.second_moderator, "reply": reply, "now": scene.now + timedelta(days=41)}
    actions.confirm_reply(**later) if right else actions.discard_reply(
        **later, reason="It is another company's."
    )
    assert status(asked) == came
    assert flags() == {"company_replied" if right else "company_silent"}


def test_an_entry_after_the_deadline_holds_nothing_back(scene: scenes.Scene) -> None:
    asked = ask(scene)
    reply = enter(scene, asked, days=39)
    assert asked.deadline_at < reply.received_at
    assert pass_by(scene, asked)
    assert (status(asked), flags()) == ("silent", {"company_silent"})
    confirm(scene, reply, days=41)
    assert (status(asked), flags()) == ("replied", {"company_replied"})
    assert "after the deadline" in page(f"/claims/{scene.claim.reference}/")


@pytest.mark.parametrize("proposed", [False, True])
def test_no_verdict_says_silence_while_a_letter_that_came_in_time_and_was_typed_late_waits(
    judged: scenes.Scene, monkeypatch: pytest.MonkeyPatch, proposed: bool
) -> None:
    scene = judged
    asked = ask(scene)
    assert pass_by(scene, asked)
    verdict = scenes.propose(scene) if proposed else None
    reply = enter(scene, asked, days=41, letter_date=asked.deadline_at.date())
    assert not reply.late
    said = "from a letter that came in time"
    assert said in page("/desk/", scene.second_moderator)
    with pytest.raises(GateClosedError, match=said):
        actions.approve_verdict(
            by=scene.second_adjudicator, verdict=verdict, now=scene.now
        ) if verdict else scenes.propose(scene)
    with monkeypatch.context() as unguarded:  # negative control
        unguarded.setattr(gates, "letters_checked", lambda unchecked: None)
        verdict = verdict or scenes.propose(scene)
        with transaction.atomic():
            published = actions.approve_verdict(
                by=scene.second_adjudicator, verdict=verdict, now=scene.now
            )
            assert '"silent"' in VerdictDocument.objects.get(verdict=published).body
            transaction.set_rollback(True)
    actions.discard_reply(
        by=scene.second_moderator, reply=reply, reason="It is another company's.", now=scene.now
    )
    actions.approve_verdict(by=scene.second_adjudicator, verdict=verdict, now=scene.now)


def test_a_letter_is_late_by_its_day_and_not_by_the_day_on_which_it_was_typed(
    scene: scenes.Scene,
) -> None:
    asked = ask(scene)
    deadline = asked.deadline_at.date()
    # a day later it may still be that day somewhere
    for after, late in ((0, False), (1, False), (2, True)):
        day = deadline + timedelta(days=after)
        assert (
            enter(scene, asked, days=39, body=f"Came after {after} days.", letter_date=day).late
            is late
        )


def test_an_entry_on_an_earlier_request_holds_nothing_of_the_next(scene: scenes.Scene) -> None:
    first = scenes.build_silence(scene)
    second = ask(scene)
    enter(scene, first)
    assert pass_by(scene, second)
    assert status(second) == "silent"


def test_the_companys_own_words_are_never_taken_for_an_entry_that_waits(
    scene: scenes.Scene,
) -> None:
    asked = ask(scene)
    entered = enter(scene, asked)
    own = scenes.build_reply(scene, asked, body=WORDS)
    assert own.pk != entered.pk
    assert (own.status, status(asked)) == ("given", "replied")
    # the same words twice are one
    assert enter(scene, asked, body=WORDS).pk in {own.pk, entered.pk}


# --- the way back ---------------------------------------------------------------------------------


def test_a_mistaken_entry_is_discarded_with_a_reason_also_by_who_made_it_and_entered_anew(
    scene: scenes.Scene,
) -> None:
    asked = ask(scene)
    mistaken = enter(scene, asked)
    with pytest.raises(ValidationError, match="reason"):
        actions.discard_reply(by=scene.moderator, reply=mistaken, reason=" ", now=scene.now)
    actions.discard_reply(
        by=scene.moderator, reply=mistaken, reason="A word was missing.", now=scene.now
    )
    again = enter(scene, asked)
    assert again.pk != mistaken.pk
    assert Reply.objects.unchecked().get() == again
    for act in (actions.confirm_reply, lambda **given: actions.discard_reply(reason="x", **given)):
        with pytest.raises(actions.ReplyChangedError):
            act(by=scene.second_moderator, reply=mistaken, now=scene.now)


def test_a_letter_comes_neither_tomorrow_nor_before_the_company_was_asked(
    scene: scenes.Scene,
) -> None:
    asked = ask(scene)
    with pytest.raises(ValidationError, match="in the future"):
        enter(scene, asked, letter_date=scene.now.date() + timedelta(days=3))
    with pytest.raises(ValidationError, match="An earlier letter"):
        enter(scene, asked, letter_date=scene.now.date() - timedelta(days=2))
    with pytest.raises(ValidationError, match="An earlier letter"):
        enter(scene, asked, letter_date=date.min)
    assert not Reply.objects.exists()


# --- what is said of it ---------------------------------------------------------------------------


def test_page_document_report_and_bundle_say_who_typed_it(judged: scenes.Scene) -> None:
    scene = judged
    asked = scenes.build_silence(scene)
    letter = scene.now.date() - timedelta(days=3)
    confirm(scene, enter(scene, asked, letter_date=letter))
    verdict = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    for path in (f"/claims/{scene.claim.reference}/", f"/verdicts/{verdict.reference}/"):
        found = page(path)
        assert ORIGIN in found
        assert "checked by another person" in found
        assert f'datetime="{letter.isoformat()}"' in found
    published = json.loads(VerdictDocument.objects.get(pk=verdict.pk).body)["reply"]
    entered = {
        "by": "moderators",
        "letter_date": letter.isoformat(),
        "checked_by_second_person": True,
    }
    assert published["entered"] == published["requests"][0]["replies"][0]["entered"] == entered
    assert (
        json.loads(Client().get(f"/api/v1/verdicts/{verdict.pk}/").content)["reply"]["entered"]
        == entered
    )

    made = [report_json._invitation(one) for one in Invitation.objects.all()]
    assert made[0]["replies"][0]["letter"] == letter.isoformat()
    for lang, words in (("en", ORIGIN), ("zh-Hans", "来函")):
        line = aspects.reply_part(made[0], lang)["replies"][0]["line"]
        assert words in line
        assert str(letter.year) in line


def test_what_the_company_gave_itself_says_nothing_of_moderators(judged: scenes.Scene) -> None:
    scene = judged
    scenes.build_reply(scene, scenes.build_silence(scene))
    verdict = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    assert ORIGIN not in page(f"/claims/{scene.claim.reference}/") + page(
        f"/verdicts/{verdict.reference}/"
    )
    assert json.loads(VerdictDocument.objects.get().body)["reply"]["entered"] is None


def test_nothing_of_an_entry_that_nobody_checked_stands_in_a_document_or_report(
    judged: scenes.Scene,
) -> None:
    scene = judged
    asked = scenes.build_silence(scene)
    waiting = enter(scene, asked)
    discarded = enter(scene, asked, body="Not theirs.")
    actions.discard_reply(
        by=scene.second_moderator, reply=discarded, reason="Another's.", now=scene.now
    )
    verdict = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    text = (
        VerdictDocument.objects.get().body
        + json.dumps(report_json._invitation(asked))
        + page(f"/verdicts/{verdict.reference}/")
    )
    text += page(f"/claims/{scene.claim.reference}/") + page(
        f"/reply/{scene.claim.reference}/", scenes.representative(scene)
    )
    assert waiting.body not in text
    assert "Not theirs." not in text
    assert json.loads(VerdictDocument.objects.get().body)["reply"]["status"] == "silent"


def test_a_reply_that_was_confirmed_after_a_verdict_is_one_since(judged: scenes.Scene) -> None:
    scene = judged
    asked = scenes.build_silence(scene)
    waiting = enter(scene, asked, days=0)
    verdict = actions.approve_verdict(
        by=scene.second_adjudicator,
        verdict=scenes.propose(scene),
        now=scene.now + timedelta(hours=1),
    )
    assert "replied after this verdict" not in page(f"/verdicts/{verdict.reference}/")
    confirm(scene, waiting)
    assert "replied after this verdict" in page(f"/verdicts/{verdict.reference}/")
    assert Job.objects.filter(
        kind="reports.discrepancy", dedupe_key__contains=str(waiting.pk)
    ).exists()


@pytest.mark.django_db(transaction=True)
def test_the_log_opens_an_entry_only_when_it_is_confirmed() -> None:
    scene = scenes.build_claim()
    asked = ask(scene)
    confirmed, discarded = enter(scene, asked), enter(scene, asked, body="Not theirs.")
    actions.discard_reply(
        by=scene.second_moderator, reply=discarded, reason="Another's.", now=scene.now
    )
    jobs.drain(["watch"])
    scenes.sequence()

    def told(reply: Reply) -> str:
        entries = Opening.objects.filter(entry__object_id=str(reply.pk)).values_list(
            "entry", flat=True
        )
        return page(f"/api/v1/changes/?object=reply/{reply.pk}") + "".join(
            page(f"/record/entries/{index}/") for index in entries
        )

    before = told(confirmed) + told(discarded)
    assert WORDS not in before
    assert "Not theirs." not in before
    assert str(asked.pk) not in before
    confirm(scene, confirmed)
    scenes.sequence()
    assert WORDS in told(confirmed)
    assert "Not theirs." not in told(discarded)


# --- the desk -------------------------------------------------------------------------------------


def test_the_desk_calls_a_second_person_and_takes_their_answer(scene: scenes.Scene) -> None:
    asked, client = ask(scene), Client(headers={"accept-language": "en"})
    client.force_login(scene.moderator)
    path = f"/desk/claims/{scene.claim.reference}/"
    form = {"do": "reply", "body": WORDS, "lang": "en", "asked": str(asked.pk)}
    assert client.post(path, form).status_code == 400  # the day of the letter is missing
    assert client.post(path, form | {"letter_date": "tomorrow"}).status_code == 400
    assert client.post(path, form | {"letter_date": "0001-01-01"}).status_code == 400
    assert (
        client.post(path, form | {"letter_date": scene.now.date().isoformat()}).status_code == 302
    )
    reply = Reply.objects.get()
    own = page("/desk/", scene.moderator)
    assert "You entered this reply, so another person must check it." in own
    assert "You entered this reply, so another person" in page(path, scene.moderator)
    assert "It becomes public once another person has checked it." in page(
        "/desk/?show=entries", scene.second_moderator
    )
    client.force_login(scene.second_moderator)
    assert client.post(path, {"do": f"discard:{reply.pk}"}).status_code == 400
    assert client.post(path, {"do": f"confirm:{reply.pk}"}).status_code == 302
    assert Reply.objects.get().status == "confirmed"
    for who, do, said in (
        (scene.second_moderator, "confirm", "It is saved once"),
        (scene.second_moderator, "discard", "Nothing new was saved"),
        (scene.adjudicator, "confirm", "Someone else checked this entry first"),
    ):
        client.force_login(who)
        assert said in page_text(
            client.post(path, {"do": f"{do}:{reply.pk}", "reason": "x"}, follow=True)
        )
    for odd in ("confirm:", "confirm:x", f"discard:{scene.claim.pk}", "confirm"):
        assert client.post(path, {"do": odd}).status_code in {302, 404}


def test_an_entry_is_checked_on_the_page_of_its_own_claim_alone(scene: scenes.Scene) -> None:
    reply = enter(scene, ask(scene))
    other = scenes.build_claim_beside(scene)
    client = Client()
    client.force_login(scene.second_moderator)
    client.post(f"/desk/claims/{other.reference}/", {"do": f"confirm:{reply.pk}"})
    assert Reply.objects.get().status == "entered"


@pytest.mark.django_db(transaction=True)
def test_an_entry_and_the_end_of_the_window_at_once_leave_one_story() -> None:
    """Either the entry came first and holds the window open, or the window closed and the entry
    holds nothing."""
    scene = scenes.build_claim()
    asked = ask(scene)
    reply = enter(scene, asked)
    late = asked.deadline_at + timedelta(hours=1)

    def run(act: Any) -> None:
        try:
            with suppress(actions.ReplyChangedError):
                act()
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(act,))
        for act in (
            lambda: actions.confirm_reply(by=scene.second_moderator, reply=reply, now=late),
            lambda: actions.discard_reply(by=scene.adjudicator, reply=reply, reason="x", now=late),
            lambda: actions.close_window(by=ledger.SYSTEM, invitation=asked, now=late),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ended = {
        "confirmed": ("replied", {"company_replied"}),
        "discarded": ("silent", {"company_silent"}),
    }
    assert (status(asked), flags()) == ended[Reply.objects.get().status]
