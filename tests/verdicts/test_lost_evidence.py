"""Evidence withdrawn under a standing verdict: the desk knows why, the pages say so, and every rule
is asked again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from claims.localized_text import write
from claims.models import Aspect
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Submission
from jobs.models import Job
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text
from tests.workflows import force
from verdicts import actions, lost_evidence
from verdicts.models import FindingExhibit, Verdict, VerdictExhibit

pytestmark = pytest.mark.django_db
PAID = "The seller paid me CNY 3,000 to take it back."
LINE = "was withdrawn by its submitter on"


@pytest.fixture
def scene(settings: Any, tmp_path: Any) -> scenes.Scene:
    settings.KEYS_DIR = tmp_path / "keys"
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    sequence()
    return scene


def withdraw(scene: scenes.Scene, number: int, now: Any = None) -> Submission:
    submission = scene.submissions[number]
    filing.withdraw_submission(
        by=scene.owners[number], submission=submission, reason=PAID, now=now or timezone.now()
    )
    return Submission.objects.get(pk=submission.pk)


def verdict_of(scene: scenes.Scene) -> Verdict:
    return Verdict.objects.current().select_related("aspect__claim").get(aspect=scene.ducts)


def test_the_desk_has_an_urgent_row_with_the_reason_and_the_answer(
    scene: scenes.Scene, client: Client
) -> None:
    client.force_login(scene.moderator)
    assert "The submitter withdrew evidence used in a current verdict" not in page_text(
        client.get("/desk/")
    )
    withdrawn = withdraw(scene, 0)
    assert (withdrawn.status, withdrawn.withdrawal_reason) == ("withdrawn", PAID)
    desk = page_text(client.get("/desk/"))
    assert "The submitter withdrew evidence used in a current verdict" in desk
    assert PAID in desk
    # among what is urgent, first
    assert desk.index("The submitter withdrew evidence used in a current verdict") < desk.index(
        "queue-wait"
    )
    assert PAID in page_text(client.get("/desk/?show=shaken"))
    page = page_text(client.get(f"/desk/verdicts/{verdict_of(scene).reference}/"))
    assert PAID in page
    assert withdrawn.reference in page
    assert "Propose a replacement" in page


def test_pages_say_it_without_the_reason_and_ask_every_rule_again(
    scene: scenes.Scene, client: Client
) -> None:
    verdict = verdict_of(scene)
    addresses = (f"/claims/{scene.claim.reference}/", f"/verdicts/{verdict.reference}/")
    for address in addresses:
        assert LINE not in page_text(client.get(address))
    withdraw(scene, 0)
    for address in addresses:
        page = page_text(client.get(address))
        assert LINE in page
        assert "the verdict still meets every rule" in page  # two owners with B2 are left
        assert "items: 3" in page
        assert "items: 2" in page
        assert PAID not in page
    withdraw(scene, 1)
    withdraw(scene, 2)
    for address in addresses:
        page = page_text(client.get(address))
        assert "Choose at least one exhibit for the verdict." in page
        assert "No finding on this point counts any more." in page
    listed = {
        one["reference"]: one["evidence_withdrawn"]
        for one in client.get("/api/v1/verdicts/").json()["results"]
    }
    assert listed == {verdict.reference: True}
    assert PAID not in page_text(client.get("/record/"))


def test_the_verdict_is_replaced_on_what_is_left_and_the_row_is_gone(
    scene: scenes.Scene, client: Client
) -> None:
    withdraw(scene, 0)
    left = scene.exhibits(status="accepted")
    now = timezone.now()
    proposed = actions.propose_verdict(
        by=scene.adjudicator, aspect=Aspect.objects.select_related("claim").get(pk=scene.ducts.pk),
        rating="not_delivered",
        rationale=scenes.RATIONALE, exhibits=left, now=now, reason="Evidence was withdrawn.",
    )  # fmt: skip
    assert lost_evidence.lost_evidence_among([verdict_of(scene)], now)  # it still stands
    published = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=proposed, now=now + timedelta(minutes=1)
    )
    assert (published.units, published.status) == (2, "published")
    assert not Verdict.objects.shaken().exists()
    client.force_login(scene.moderator)
    assert "The submitter withdrew evidence used in a current verdict" not in page_text(
        client.get("/desk/")
    )


def test_it_is_noticed_by_whichever_way_the_evidence_was_used(scene: scenes.Scene) -> None:
    """Pinned by the verdict, named by a finding, or only measured; a file that was deleted; and
    nothing else."""
    verdict = verdict_of(scene)
    of_first = Exhibit.objects.get(submission=scene.submissions[0])
    withdrawn = withdraw(scene, 0)
    assert lost_evidence.read_lost_evidence(verdict, timezone.now()).withdrawn == [withdrawn]
    pins = VerdictExhibit.objects.filter(exhibit=of_first)
    named = FindingExhibit.objects.filter(exhibit=of_first)
    pinned_only = list(named.values_list("pk", flat=True))
    assert pinned_only
    pins.delete()
    assert Verdict.objects.shaken().get() == verdict  # a finding names it
    named.delete()
    assert Verdict.objects.shaken().get() == verdict  # it was measured
    assert lost_evidence.read_lost_evidence(verdict, timezone.now()).withdrawn == [withdrawn]
    Submission.objects.filter(pk=withdrawn.pk).update(
        withdrawn_at=verdict.published_at - timedelta(days=1)
    )
    assert not Verdict.objects.shaken().exists()  # it was gone before the verdict
    force(Exhibit.objects.filter(submission=scene.submissions[1]), status="withheld")
    found = lost_evidence.read_lost_evidence(Verdict.objects.shaken().get(), timezone.now())
    assert (found.withdrawn, len(found.erased)) == ([], 1)


def test_evidence_that_no_verdict_rests_on_tells_nobody(client: Client) -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    withdraw(scene, 0)
    assert not Verdict.objects.shaken().exists()
    assert not Job.objects.filter(kind="reports.discrepancy").exists()


def measured_by(owner: User, scene: scenes.Scene) -> Submission:
    """Somebody hands in a measurement on the point of the verdict."""
    return filing.file_submission(
        by=owner, claim=scene.claim, narrative="It blows.", narrative_lang="en", licence="show",
        photos=[], now=timezone.now(),
        teardown=filing.NewTeardown(
            title=write("en", "Blower"), unit_label="Car 9", serial="VIN9",
            performed_date=date(2025, 5, 1),
            measurements=[
                filing.NewMeasurement(
                    aspect=scene.ducts, quantity=write("en", "air speed"), value=Decimal(9),
                    standard_uncertainty=Decimal("0.1"),
                    unit_name="m/s", instrument=write("en", "a hand"), method=write("en", "felt"),
                    measured_date=date(2025, 5, 1),
                )
            ],
        ),
    )  # fmt: skip


def decided(scene: scenes.Scene, submission: Submission, decision: str) -> None:
    filing.decide_submission(
        by=scene.moderator,
        submission=submission,
        decision=decision,
        reason=write("en", "x"),
        now=timezone.now(),
    )


def test_who_hands_in_a_measurement_and_takes_it_back_shakes_no_verdict(
    scene: scenes.Scene, client: Client
) -> None:
    """Any account could mark a public verdict so: never looked at, returned with a question, or
    accepted after the verdict."""
    stranger = scenes.person("stranger")
    for decision in ("", "returned", "accepted"):
        submission = measured_by(stranger, scene)
        if decision:
            decided(scene, submission, decision)
        filing.withdraw_submission(
            by=stranger, submission=submission, reason="x", now=timezone.now()
        )
        assert not Verdict.objects.shaken().exists(), decision
        assert (
            lost_evidence.read_lost_evidence(verdict_of(scene), timezone.now()).withdrawn == []
        ), decision
    assert LINE not in page_text(client.get(f"/verdicts/{verdict_of(scene).reference}/"))
    assert [
        one["evidence_withdrawn"] for one in client.get("/api/v1/verdicts/").json()["results"]
    ] == [False]
    client.force_login(scene.moderator)
    withdraw(scene, 0)
    desk = page_text(client.get("/desk/?show=shaken"))
    assert desk.count(PAID) == 1


def test_a_withdrawal_that_was_sent_while_the_verdict_was_approved_is_noticed(
    scene: scenes.Scene,
) -> None:
    """It waited for the approval, so its own clock says an earlier moment. Only the numbers know of
    this evidence."""
    verdict = verdict_of(scene)
    VerdictExhibit.objects.all().delete()
    FindingExhibit.objects.all().delete()
    Verdict.objects.filter(pk=verdict.pk).update(
        published_at=verdict.proposed_at + timedelta(hours=1)
    )
    withdrawn = withdraw(scene, 0, verdict.proposed_at + timedelta(minutes=59))
    assert Verdict.objects.shaken().get() == verdict
    assert lost_evidence.read_lost_evidence(verdict_of(scene), timezone.now()).withdrawn == [
        withdrawn
    ]


def test_the_report_is_built_anew_without_what_was_withdrawn(scene: scenes.Scene) -> None:
    before = Job.objects.filter(kind="reports.discrepancy").count()
    withdraw(scene, 0)
    assert Job.objects.filter(kind="reports.discrepancy").count() == before + 1


def test_a_proposal_whose_evidence_was_withdrawn_is_urgent_too(client: Client) -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    scenes.build_silence(scene)
    scenes.propose(scene)
    client.force_login(scene.second_adjudicator)
    assert "It cannot be approved" not in page_text(client.get("/desk/"))
    withdraw(scene, 0)
    assert "It cannot be approved: return it." in page_text(client.get("/desk/"))


def test_the_desk_costs_the_same_for_one_and_for_three_withdrawals(
    scene: scenes.Scene, client: Client, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(scene.moderator)
    costs = []
    for number in range(3):
        withdraw(scene, number)
        client.get("/desk/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/desk/")
        costs.append(len(queries))
    assert len(set(costs)) == 1, costs
