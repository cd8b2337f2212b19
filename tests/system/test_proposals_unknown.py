"""From the public bytes alone nobody can tell which of two claims has a proposal, nor what it says.

Two claims are played to the same point: evidence accepted, a first finding, a company that was
asked and did not reply. Then one of them gets a second finding, a reply entered from a letter, a
proposed verdict and, when both companies are asked again, a proposal to close its time early; all
three are sent back in the end. In the other world it is the other claim. All that a stranger can
have is compared, byte by byte. What is committed of these rows is replaced by a constant, as in
`test_owners_unknown`.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import ledger
from claims.localized_text import write
from claims.models import Aspect, Claim
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit
from evidence.exhibits.states import ExhibitStatus
from ledger.leaf import Leaf
from ledger.models import Entry
from ledger.registry import recorded
from ledger.sequencing import sequence
from tests import frozen, scenes
from tests.system.test_owners_unknown import differences, fetched, log
from verdicts import actions, gates
from verdicts.models import Invitation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

UNPUBLISHED = ("finding", "finding_exhibit", "verdict", "verdict_exhibit", "reply", "waiver")
BEGINNING = datetime(2025, 6, 1, 8, tzinfo=UTC)


def play(
    patch: pytest.MonkeyPatch, settings: Any, folder: Path, proposed: int, *, sent_back: bool
) -> dict[str, bytes]:
    """The world in which the claim of number `proposed` has the proposal, as a stranger sees it."""
    for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR"):
        setattr(settings, name, folder / name.removesuffix("_DIR").lower())
    settings.KEYS_DIR = folder.parent / "keys"
    with frozen.world(patch) as world, patch.context() as held:
        frozen.close_commitments(
            held, lambda record, _name: record.name in UNPUBLISHED and not record.clear
        )
        with world.step("two claims", BEGINNING) as now:
            scene = scenes.build_claim()
            claims = [scene.claim, scenes.build_claim_beside(scene)]
        points = [
            Aspect.objects.select_related("claim").filter(claim=claim).order_by("number")[0]
            for claim in claims
        ]
        for number, point in enumerate(points):
            with world.step(f"evidence {number}", BEGINNING + timedelta(days=50 + number)) as now:
                ready(scene, point, now)
                sequence()
        with world.step("the proposal", BEGINNING + timedelta(days=60)) as now:
            propose(scene, points[proposed], now, sent_back=sent_back)
            sequence()
        for number, point in enumerate(points):
            with world.step(
                f"asked again {number}", BEGINNING + timedelta(days=61 + number)
            ) as now:
                ask(scene, point, now)
                sequence()
        with world.step("the waiver", BEGINNING + timedelta(days=64)) as now:
            waive(scene, points[proposed], now, sent_back=sent_back)
            sequence()
        with world.step("a stranger looks", BEGINNING + timedelta(days=65)):
            return seen(claims)


def ready(scene: scenes.Scene, point: Aspect, now: datetime) -> None:
    """An accepted exhibit, a finding, and a company that did not reply."""
    scene.now = now
    asked = ask(scene, point, now - timedelta(days=40))
    actions.close_window(by=ledger.SYSTEM, invitation=asked, now=now)
    photo = filing.NewPhoto(filing.receive(io.BytesIO(b"one photo of each")), "paper.jpg")
    submission = filing.file_submission(
        by=scene.owners[0],
        claim=point.claim,
        narrative="The paper.",
        narrative_lang="en",
        licence="show",
        photos=[photo],
        now=now,
    )
    exhibit = Exhibit.objects.get(submission=submission)
    filing.mark_read(
        by=ledger.SYSTEM,
        exhibit=exhibit,
        now=now,
        outcome="ready",
        metadata="{}",
        status=ExhibitStatus.READY,
    )
    filing.decide_submission(
        by=scene.moderator, submission=submission, decision="accepted",
        reason=write("en", "Clear."), now=now,
        grades={str(exhibit.pk): ("B", "2", write("en", "Known owner."))},
    )  # fmt: skip
    find(scene, point, "contradicts", now)


def ask(scene: scenes.Scene, point: Aspect, now: datetime) -> Invitation:
    return actions.request_reply(
        by=scene.moderator,
        claim=point.claim,
        allegation=write("en", "No.", zh_Hans="没有。"),
        now=now,
    )


def waive(scene: scenes.Scene, point: Aspect, now: datetime, *, sent_back: bool) -> None:
    """One adjudicator would close the company's second time to reply early, and another may refuse
    it."""
    asked = Invitation.objects.select_related("claim").get(claim=point.claim, status="open")
    waiver = actions.propose_waiver(
        by=scene.adjudicator,
        invitation=asked,
        reason=write("en", "It said so.", zh_Hans="已说明。"),
    )
    if sent_back:
        actions.refuse_waiver(
            by=scene.second_adjudicator, waiver=waiver, reason="It may still reply.", now=now
        )


def find(scene: scenes.Scene, point: Aspect, conclusion: str, now: datetime) -> None:
    actions.record_finding(
        by=scene.moderator, aspect=point, conclusion=conclusion,
        reasoning=write("en", "As it says.", zh_Hans="如所述。"),
        exhibits=list(Exhibit.objects.filter(submission__claim=point.claim)), now=now,
    )  # fmt: skip


def propose(scene: scenes.Scene, point: Aspect, now: datetime, *, sent_back: bool) -> None:
    """A second finding, an entered reply and a proposed verdict, the last two sent back if
    asked."""
    find(scene, point, "supports", now)
    letter = scenes.build_letter(scene, Invitation.objects.get(claim=point.claim), now=now)
    point.refresh_from_db()
    verdict = actions.propose_verdict(
        by=scene.adjudicator, aspect=point, rating="misleading", mechanism="omitted_condition",
        rationale=scenes.RATIONALE, now=now,
        exhibits=list(Exhibit.objects.select_related("submission").filter(submission__claim=point.claim)),
    )  # fmt: skip
    if sent_back:
        actions.reject_verdict(
            by=scene.second_adjudicator, verdict=verdict, reason="Not enough.", now=now
        )
        actions.discard_reply(
            by=scene.second_moderator, reply=letter, reason="It is another company's.", now=now
        )


def seen(claims: list[Claim]) -> dict[str, bytes]:
    """The log, its feed and entries, and every page and answer about the two claims."""
    public = log()
    for claim in claims:
        for url in (f"/claims/{claim.reference}/", f"/claims/{claim.reference}/history/",
            f"/api/v1/claims/{claim.pk}/",
                    f"/api/v1/claims/{claim.pk}/history/?limit=200"):  # fmt: skip
            public |= fetched(url)
    for url in ("/", "/claims/", f"/companies/{claims[0].company_id}/", "/record/", "/corrections/",
        "/api/v1/claims/", "/api/v1/verdicts/",
                "/api/v1/changes/?limit=200", "/feeds/verdicts.atom"):  # fmt: skip
        public |= fetched(url)
    for index in (
        Entry.objects.filter(object_label__in=UNPUBLISHED)
        .order_by("index")
        .values_list("index", flat=True)
    ):
        for url in (f"/record/entries/{index}/", f"/record/entries/{index}/bundle.json"):
            public |= fetched(url)
    return public


def worlds(
    patch: pytest.MonkeyPatch, settings: Any, folder: Path, **how: bool
) -> list[dict[str, bytes]]:
    return [
        play(patch, settings, folder / name, number, **how)
        for number, name in enumerate(("first", "second"))
    ]


@pytest.mark.parametrize("sent_back", [False, True])
def test_nobody_can_tell_which_of_two_claims_has_a_proposal(
    sent_back: bool, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    first, second = worlds(monkeypatch, settings, tmp_path, sent_back=sent_back)
    parted = differences(first, second)
    assert not parted, "\n".join(str(one) for one in parted[:20])
    assert any("verdict.proposed of verdict" in what for what in first)
    assert any("reply.entered of reply" in what for what in first)
    assert any("waiver.proposed of waiver" in what for what in first)
    assert not [
        what
        for what, content in first.items()
        if b"omitted_condition" in content and "api/v1/schema" not in what
    ]


def test_a_row_that_stood_in_the_clear_would_tell(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """Control: with the models called public from their first moment the two worlds differ, by an
    entry of each."""
    for name in UNPUBLISHED:
        monkeypatch.setitem(recorded, name, replace(recorded[name], public=True))
    first, second = worlds(monkeypatch, settings, tmp_path, sent_back=False)
    parted = " ".join(one.url for one in differences(first, second)) + " "
    assert [name for name in UNPUBLISHED if f" of {name} " not in parted] == []


def test_what_is_unpublished_has_one_form_in_the_log_whatever_stands_on_its_point() -> None:
    """A first proposal and one that would replace a verdict, sent back by a person and by what
    changed: no leaf has more than another."""
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    first = scenes.propose(scene, aspect=Aspect.objects.get(pk=scene.carbon.pk), rating="delivered")
    replacing = scenes.propose(
        scene, aspect=Aspect.objects.get(pk=scene.ducts.pk), reason="More was found."
    )
    actions.reject_verdict(by=scene.second_adjudicator, verdict=first, reason="No.", now=scene.now)
    filing.withdraw_submission(
        by=scene.owners[0], submission=scene.submissions[0], reason="x", now=scene.now
    )
    with pytest.raises(gates.SentBackError):
        actions.approve_verdict(by=scene.second_adjudicator, verdict=replacing, now=scene.now)
    sequence()
    forms: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for entry in Entry.objects.filter(object_label__in=UNPUBLISHED):
        leaf = Leaf.parse(bytes(entry.leaf))
        forms.setdefault((leaf.kind, entry.object_label), set()).add(
            (*sorted(leaf.fields), *sorted(leaf.commits))
        )
    assert len(forms) > 5
    assert {what: found for what, found in forms.items() if len(found) > 1} == {}
