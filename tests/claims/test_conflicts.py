"""Who filed on a claim, works for who did, or acts for a company, touches nothing of its case."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

import ledger
from accounts.actions import found_organisation, grant_role
from accounts.models import OrganisationKind, Role, User
from accounts.permissions import NotAllowedError
from claims import actions as claims
from claims import conflicts
from claims.localized_text import write
from claims.models import Flag, SeriesPoint, Source
from evidence.exhibits.actions import filing, pointing
from evidence.exhibits.models import Exhibit, SealedView, Submission
from evidence.sources import actions as source_actions
from evidence.sources.models import Alert
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from tests.workflows import force, seat
from verdicts import actions as verdicts
from verdicts import gates
from verdicts.models import Incident, Invitation, Occurrence, Reply, Verdict, Waiver

pytestmark = pytest.mark.django_db
WORDS = write("en", "Words.", zh_Hans="词。")
Act = Callable[[User, scenes.Scene], Any]


@shared_scene
def scene() -> scenes.Scene:
    """A claim with everything on it that someone may act on: accepted and waiting evidence, a flag,
    an alert, a proposal."""
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    scenes.build_silence(scene)
    claims.raise_flag(by=ledger.SYSTEM, claim=scene.claim, kind="disputed", now=scene.now)
    scenes.propose(scene, aspect=scene.carbon, rating="delivered")
    scenes.build_pointing(scene)
    Alert.objects.create(
        kind="source_gone", claim=scene.claim, source=scene.source, created_at=scene.now
    )
    waiting = filing.file_submission(
        by=scene.owners[0], claim=scene.claim, narrative="Another.", narrative_lang="en",
        licence="show", photos=[], now=scene.now,
        contact="owner@secret.example",
    )  # fmt: skip
    scene.submissions.append(waiting)
    pointing.mark_region(
        by=scene.moderator,
        exhibit=scene.exhibits()[2],
        x=1,
        y=1,
        width=10,
        height=10,
        caption=WORDS,
    )
    scenes.build_series(scene)
    scenes.build_incident(scene)
    scene.source.refresh_from_db()
    return scene


def shown(scene: scenes.Scene) -> Exhibit:
    return scene.exhibits(status="accepted")[0]


def unreadable(scene: scenes.Scene) -> Exhibit:
    force(
        Exhibit.objects.filter(pk=shown(scene).pk),
        status="unreadable",
        grade_source="",
        grade_information="",
    )
    return shown(scene)


#: Every act at the desk that touches a case.
ON_A_CLAIM: dict[str, Act] = {
    "revise": lambda by,
    s: claims.revise_claim(by=by, claim=s.claim, reason="x", quote="Other words.", now=s.now),
    "withdraw_claim": lambda by,
    s: claims.withdraw_claim(by=by, claim=s.claim, reason="x", now=s.now),
    "place": lambda by, s: claims.place_claim(
        by=by, claim=s.claim, now=s.now, stance="no_mention",
        source=Source.objects.exclude(pk=s.source.pk)[0]
    ),
    "withdraw_flag": lambda by,
    s: claims.withdraw_flag(by=by, flag=Flag.objects.get(kind="disputed"), reason="x", now=s.now),
    "decide": lambda by,
    s: filing.decide_submission(by=by, submission=s.submissions[3], decision="refused",
    reason=WORDS, now=s.now),
    "return": lambda by,
    s: filing.decide_submission(by=by, submission=s.submissions[3], decision="returned",
    reason=WORDS, now=s.now),
    "grade": lambda by,
    s: filing.grade_exhibit(by=by, exhibit=shown(s), source="F", information="6", reason=WORDS,
    now=s.now),
    "open_sealed": lambda by, s: filing.open_sealed(by=by, submission=s.submissions[3], now=s.now),
    "view_original": lambda by, s: filing.view_original(by=by, exhibit=shown(s), now=s.now),
    "read_again": lambda by, s: filing.read_again(by=by, exhibit=unreadable(s), now=s.now),
    "mark": lambda by,
    s: pointing.mark_region(by=by, exhibit=shown(s), x=1, y=1, width=9, height=9, caption=WORDS),
    "unmark": lambda by, s: pointing.remove_region(by=by, region=pointing.Region.objects.all()[0]),
    "compare": lambda by,
    s: pointing.compare_exhibits(by=by, before=s.exhibits()[2], after=s.exhibits()[0], title=WORDS),
    "uncompare": lambda by,
    s: pointing.remove_comparison(by=by, comparison=pointing.Comparison.objects.all()[0]),
    "handle_alert": lambda by,
    s: source_actions.handle_alert(by=by, alert=Alert.objects.all()[0], now=s.now),
    "finding": lambda by, s: verdicts.record_finding(
        by=by, aspect=s.ducts, conclusion="supports", reasoning=WORDS,
        exhibits=s.exhibits(status="accepted"), now=s.now
    ),
    "rule_out": lambda by, s: verdicts.rule_out(by=by, aspect=s.ducts, reason="x"),
    "invite": lambda by,
    s: verdicts.request_reply(by=by, claim=s.claim, allegation=WORDS, now=s.now),
    "reply": lambda by,
    s: verdicts.record_reply(by=by, invitation=Invitation.objects.all()[0], body="x", lang="en",
    now=s.now),
    "confirm_reply": lambda by, s: verdicts.confirm_reply(by=by, reply=lettered(s), now=s.now),
    "discard_reply": lambda by,
    s: verdicts.discard_reply(by=by, reply=lettered(s), reason="x", now=s.now),
    "propose": lambda by, s: verdicts.propose_verdict(
        by=by, aspect=s.ducts, rating="not_delivered", rationale=WORDS,
        exhibits=s.exhibits(status="accepted"), now=s.now
    ),
    "approve": lambda by,
    s: verdicts.approve_verdict(by=by, verdict=Verdict.objects.get(status="proposed"), now=s.now),
    "send_back": lambda by,
    s: verdicts.reject_verdict(by=by, verdict=Verdict.objects.get(status="proposed"), reason="x",
    now=s.now),
    "propose_waiver": lambda by,
    s: verdicts.propose_waiver(by=by, invitation=asked_again(s), reason=WORDS),
    "refuse_waiver": lambda by,
    s: verdicts.refuse_waiver(by=by, waiver=waiver_proposed(s), reason="x", now=s.now),
}  # fmt: skip
#: And those that touch what is known of a company, of which a case is made.
ON_A_COMPANY: dict[str, Act] = {
    "company": lambda by, s: claims.add_company(by=by, name=WORDS, now=s.now),
    "entity": lambda by,
    s: claims.add_entity(by=by, company=s.company, name=WORDS, jurisdiction="CN", now=s.now),
    "product": lambda by, s: claims.add_product(by=by, company=s.company, name=WORDS, now=s.now),
    "source": lambda by,
    s: claims.add_source(by=by, company=s.company, channel="press", title=WORDS, now=s.now),
    "stop": lambda by, s: claims.stop_monitoring(by=by, source=s.source),
    "register": lambda by, s: claims.register_claim(
        by=by, product=s.product, quote="x", quote_lang="en", summary=WORDS, now=s.now,
        aspects=[claims.NewAspect("function", WORDS)]
    ),
    "series": lambda by,
    s: claims.add_series(by=by, company=s.company, name=WORDS, unit=WORDS, now=s.now),
    "correct_point": lambda by,
    s: claims.correct_point(by=by, point=SeriesPoint.objects.all()[0], value=1, reason="x",
    now=s.now),
    "upload": lambda by, s: source_actions.upload_capture(
        by=by, source=s.source, content=b"Saved by me.", content_type="text/plain",
        captured_at=s.now, now=s.now, note="x"
    ),
    "incident": lambda by,
    s: verdicts.open_incident(by=by, company=s.company, title=WORDS, now=s.now),
    "event": lambda by, s: verdicts.add_event(
        by=by, incident=Incident.objects.all()[0], kind="action", actor="press", happened_at=s.now,
        text=WORDS, now=s.now
    ),
    "correct_event": lambda by,
    s: verdicts.correct_event(by=by, event=Occurrence.objects.all()[0], reason="x", text=WORDS,
    now=s.now),
}  # fmt: skip


def lettered(scene: scenes.Scene) -> Reply:
    return scenes.build_letter(scene, Invitation.objects.get())


def waiver_proposed(scene: scenes.Scene) -> Waiver:
    return verdicts.propose_waiver(
        by=scene.adjudicator, invitation=asked_again(scene), reason=WORDS
    )


def asked_again(scene: scenes.Scene) -> Invitation:
    return verdicts.request_reply(
        by=scene.second_moderator, claim=scene.claim, allegation=WORDS, now=scene.now
    )


def sits_at_the_company(user: User, scene: scenes.Scene) -> None:
    company = found_organisation(
        by=ledger.SYSTEM,
        kind=OrganisationKind.COMPANY,
        name="Brand",
        website="https://brand.example/",
        now=scene.now,
    )
    seat(user, company, Role.CONTRIBUTOR)


def left_the_company_yesterday(user: User, scene: scenes.Scene) -> None:
    """A long time before the claim came, so that only whose seat it was tells."""
    sits_at_the_company(user, scene)
    user.membership_set.filter(organisation__kind="company").update(
        ended_at=scene.claim.created_at - timedelta(days=1)
    )


def filed_on_it(user: User, scene: scenes.Scene) -> None:
    filing.file_submission(
        by=user,
        claim=scene.claim,
        narrative="Mine.",
        narrative_lang="en",
        licence="show",
        photos=[],
        now=scene.now,
    )


def works_for_who_filed(user: User, scene: scenes.Scene) -> None:
    group = found_organisation(
        by=ledger.SYSTEM, kind=OrganisationKind.CONSUMER_GROUP, name="A group", now=scene.now
    )
    grant_role(
        by=ledger.SYSTEM, user=user, organisation=group, role=Role.CONTRIBUTOR, now=scene.now
    )
    Submission.objects.filter(pk=scene.submissions[1].pk).update(organisation=group)


SENTENCES = {
    sits_at_the_company: "act for a company",
    left_the_company_yesterday: "You acted for a company",
    filed_on_it: "You submitted evidence on this claim",
    works_for_who_filed: "organisation that you belong to",
}


def judge() -> User:
    """Someone who may do everything at the desk, and has done nothing yet."""
    return scenes.person("judge", Role.MODERATOR, Role.ADJUDICATOR)


@contextmanager
def taken_back() -> Iterator[None]:
    """What is done in it leaves nothing."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def refused(by: User, scene: scenes.Scene, acts: dict[str, Act], sentence: str) -> set[str]:
    """Which of the acts are refused with `sentence`."""
    said = {}
    for name, act in acts.items():
        with taken_back():
            try:
                act(User.objects.get(pk=by.pk), scene)
            except NotAllowedError as reason:
                said[name] = str(reason)
    return {name for name, reason in said.items() if sentence in reason}


@pytest.mark.parametrize("conflict", SENTENCES, ids=lambda one: one.__name__)
def test_a_conflict_of_interest_stands_before_every_act_on_a_claim(
    scene: scenes.Scene, conflict: Callable[..., None]
) -> None:
    by = judge()
    conflict(by, scene)
    assert refused(by, scene, ON_A_CLAIM, SENTENCES[conflict]) == set(ON_A_CLAIM)
    assert not SealedView.objects.exists()
    assert not Reply.objects.exists()


def test_without_the_guard_who_filed_would_decide(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control of the test above."""
    by = judge()
    filed_on_it(by, scene)
    for module in (conflicts, gates):
        monkeypatch.setattr(module, "conflict_of_interest", lambda user, claim: None)
    assert not refused(by, scene, ON_A_CLAIM, "")


def test_who_sits_at_a_company_touches_nothing_that_is_known_of_any(scene: scenes.Scene) -> None:
    by = judge()
    assert not refused(by, scene, ON_A_COMPANY, "")
    sits_at_the_company(by, scene)
    assert refused(by, scene, ON_A_COMPANY, "act for a company") == set(ON_A_COMPANY)


def test_a_seat_that_is_taken_while_a_page_stands_open_counts_at_once(scene: scenes.Scene) -> None:
    """What was read of the account before says nothing: the same object is asked again."""
    by = judge()
    assert by.has_role(Role.MODERATOR)
    sits_at_the_company(by, scene)
    with pytest.raises(NotAllowedError, match="act for a company"):
        filing.open_sealed(by=by, submission=scene.submissions[3], now=scene.now)


def test_a_refused_submission_and_a_group_left_before_it_submitted_are_no_conflict(
    scene: scenes.Scene,
) -> None:
    by = judge()
    filed_on_it(by, scene)
    works_for_who_filed(by, scene)
    assert conflicts.conflict_of_interest(by, scene.claim)
    Submission.objects.filter(filed_by=by).update(
        status="refused",
        decided_by=scene.moderator,
        decided_at=scene.now,
        decided_date="2025-01-01",
    )
    employed, filed_at = (
        by.membership_set.filter(role=Role.CONTRIBUTOR),
        scene.submissions[1].filed_at,
    )
    employed.update(ended_at=filed_at + timedelta(seconds=1))
    assert conflicts.conflict_of_interest(by, scene.claim)  # left since
    employed.update(
        created_at=filed_at - timedelta(days=9), ended_at=filed_at - timedelta(seconds=1)
    )
    assert conflicts.conflict_of_interest(by, scene.claim) is None


def test_a_seat_at_another_company_is_a_conflict_where_it_was_held_since_the_claim_came(
    scene: scenes.Scene,
) -> None:
    by, came = judge(), scene.claim.created_at
    rival = found_organisation(
        by=ledger.SYSTEM, kind=OrganisationKind.COMPANY, name="A rival", now=scene.now
    )
    seat(by, rival)
    left = by.membership_set.filter(organisation=rival)
    left.update(ended_at=came + timedelta(days=1))
    assert "acted for a company" in str(conflicts.conflict_of_interest(by, scene.claim))
    left.update(ended_at=came - timedelta(days=1))
    assert conflicts.conflict_of_interest(by, scene.claim) is None


def test_who_belongs_to_the_test_house_of_the_company_judges_nothing_of_it(
    scene: scenes.Scene,
) -> None:
    by = judge()
    house = found_organisation(
        by=ledger.SYSTEM,
        kind=OrganisationKind.LABORATORY,
        name="Test house",
        website="https://www.brand.example",
        now=scene.now,
    )
    grant_role(by=ledger.SYSTEM, user=by, organisation=house, role=Role.CONTRIBUTOR, now=scene.now)
    assert "acted for a company" in str(conflicts.conflict_of_interest(by, scene.claim))


def test_the_owner_of_a_photo_still_fetches_it_and_answers_whoever_they_are(
    scene: scenes.Scene,
) -> None:
    owner = scene.owners[0]
    sits_at_the_company(owner, scene)
    own = next(one for one in scene.exhibits() if one.submission.filed_by_id == owner.pk)
    assert filing.view_original(by=owner, exhibit=own, now=scene.now)
    filing.decide_submission(
        by=scene.moderator,
        submission=scene.submissions[3],
        decision="returned",
        reason=WORDS,
        now=scene.now,
    )
    filing.answer_question(
        by=owner, submission=scene.submissions[3], answer="Here.", lang="en", now=scene.now
    )


def test_the_page_of_a_submission_asks_about_conflicts_as_often_for_many_photos_as_for_one(
    scene: scenes.Scene,
) -> None:
    client = Client()
    client.force_login(scene.second_moderator)
    first, counts = Exhibit.objects.get(submission=scene.submissions[0]), []
    for photos in (1, 12):
        for number in range(2, photos + 1):
            Exhibit.objects.create(
                submission=first.submission,
                number=number,
                size=1,
                status="ready",
                duplicate_key=f"{number:064}",
            )
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(f"/desk/submissions/{first.submission.reference}/").status_code == 200
        counts.append(sum("accounts_membership" in one["sql"] for one in asked.captured_queries))
    assert counts[0] == counts[1]


def test_the_desk_says_why_instead_of_a_button(scene: scenes.Scene) -> None:
    by = judge()
    filed_on_it(by, scene)
    client = Client(headers={"accept-language": "en"})
    client.force_login(by)
    page = page_text(client.get(f"/desk/submissions/{scene.submissions[3].reference}/"))
    assert "You submitted evidence on this claim" in page
    assert "owner@secret.example" not in page_text(
        client.post(f"/desk/submissions/{scene.submissions[3].reference}/sealed/")
    )


def test_every_check_of_the_desk_on_a_claim_asks_about_conflicts() -> None:
    """A new check that takes a claim, or what hangs on one, is not forgotten."""
    from claims import permissions as of_claims
    from evidence.exhibits import permissions as of_exhibits
    from evidence.sources import permissions as of_sources

    own = {  # what an owner does with their own
        "check_file", "check_answer", "check_withdraw",
        "check_propose", "check_answer_proposal", "check_withdraw_proposal",
    }  # fmt: skip
    about = {"check_can_be_seen", "check_takes_evidence", "check_unreadable"}  # of the thing alone
    asking = {"check_no_conflict", "check_no_conflict_on_proposal"}
    for module in (of_claims, of_exhibits, of_sources):
        source = Path(inspect.getfile(module)).read_text()
        bodies = dict(
            re.findall(r"^def (check_\w+)\(.*?\) -> None:\n(.*?)(?=^def |\Z)", source, re.M | re.S)
        )
        assert bodies
        for name, body in bodies.items():
            if name in own | about | {"check_register", "check_upload"}:
                continue
            called = set(re.findall(r"(check_\w+)\(", body))
            reached = called | {
                more
                for one in called
                if one in bodies
                for more in re.findall(r"(check_\w+)\(", bodies[one])
            }
            deeper = {
                more
                for one in reached
                if one in bodies
                for more in re.findall(r"(check_\w+)\(", bodies[one])
            }
            assert asking & (reached | deeper), name
