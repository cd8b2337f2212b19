"""The desk: queue, case, findings, the company's say, proposing and approving."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actions import found_organisation
from claims.editing import version
from claims.localized_text import write
from claims.models import Claim, Company, Criterion
from evidence.sources.models import Alert
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from verdicts import actions, gates
from verdicts.models import Finding, Incident, Invitation, Occurrence, Reply, Verdict, Waiver

pytestmark = pytest.mark.django_db


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_evidence(scenes.build_claim())


@pytest.fixture
def ready(scene: scenes.Scene) -> scenes.Scene:
    """Findings are there and the company was heard."""
    scenes.build_findings(scene)
    scenes.build_silence(scene)
    return scene


def proposal(scene: scenes.Scene, **more: Any) -> dict[str, Any]:
    return {
        "rating": "not_delivered",
        "rationale_en": "No air.",
        "rationale_zh_Hans": "没有风。",
        "exhibits": [one.reference for one in scene.exhibits()],
        **more,
    }


def test_the_queue_shows_what_waits_by_urgency(scene: scenes.Scene) -> None:
    scenes.build_findings(scene)
    actions.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"),
        now=scene.now,
    )
    scenes.filing.file_submission(
        by=scene.owners[0],
        claim=scene.claim,
        narrative="x",
        narrative_lang="en",
        licence="show",
        photos=[],
        now=scene.now - timedelta(days=4),
    )
    Alert.objects.create(
        kind="quote_vanished", claim=scene.claim, source=scene.source, created_at=scene.now
    )
    page = page_text(signed_in(scene.moderator).get("/desk/"))
    assert re.findall(r'data-kind="(\w+)" class="queue-(\d)"', page) == [
        ("alerts", "0"),
        ("submissions", "1"),
        ("replies", "2"),
    ]
    assert "waited more than three days" in page
    assert f"/desk/claims/{scene.claim.reference}/" in page
    for name in ("replies", "proposals", "alerts", "submissions", "aspects", "nonsense"):
        assert signed_in(scene.adjudicator).get(f"/desk/?show={name}").status_code == 200


def test_a_finding_is_recorded_from_named_exhibits(scene: scenes.Scene) -> None:
    client = signed_in(scene.moderator)
    path = f"/desk/aspects/{scene.ducts.pk}/finding/"
    answer = client.post(path, {"conclusion": "contradicts", "reasoning_en": "As the photos show."})
    assert answer.status_code == 400
    assert "As the photos show." in page_text(answer)
    answer = client.post(
        path,
        {
            "conclusion": "contradicts",
            "reasoning_en": "As the photos show.",
            "exhibits": [scene.exhibits()[0].reference],
        },
    )
    assert answer["Location"] == f"/desk/claims/{scene.claim.reference}/"
    assert Finding.objects.get().conclusion == "contradicts"
    assert "As the photos show." in page_text(client.get(answer["Location"]))


def test_a_closed_gate_disables_the_button_and_says_its_sentence(scene: scenes.Scene) -> None:
    page = page_text(signed_in(scene.adjudicator).get(f"/desk/claims/{scene.claim.reference}/"))
    assert "No finding on this point yet." in page
    assert "No reply was requested yet." in page
    assert f"/desk/aspects/{scene.ducts.pk}/verdict/" not in page
    page = page_text(signed_in(scene.adjudicator).get(f"/desk/aspects/{scene.ducts.pk}/verdict/"))
    assert "disabled" in page
    assert "No reply was requested yet." in page


def test_the_same_sentences_stop_the_form_itself(scene: scenes.Scene) -> None:
    answer = signed_in(scene.adjudicator).post(
        f"/desk/aspects/{scene.ducts.pk}/verdict/", proposal(scene)
    )
    assert answer.status_code == 400
    assert "No reply was requested yet." in page_text(answer)
    assert "没有风。" in page_text(answer)
    assert not Verdict.objects.exists()


def test_someone_who_filed_judges_nothing(scene: scenes.Scene) -> None:
    owner = scene.owners[0]
    scenes.grant_role(
        by=scenes.ledger.SYSTEM,
        user=owner,
        organisation=scenes.operator_body(),
        role="moderator",
        now=scene.now,
    )
    page = page_text(signed_in(owner).get(f"/desk/aspects/{scene.ducts.pk}/finding/"))
    assert "You submitted evidence on this claim" in page
    assert "disabled" in page


def test_the_company_is_asked_and_its_answer_kept(scene: scenes.Scene) -> None:
    client = signed_in(scene.moderator)
    path = f"/desk/claims/{scene.claim.reference}/"
    answer = client.post(path, {"do": "invite", "allegation_en": "No air."})
    assert answer.status_code == 400
    assert "Enter this in both languages." in page_text(answer)
    assert (
        client.post(
            path, {"do": "invite", "allegation_en": "No air.", "allegation_zh_Hans": "没有风。"}
        )["Location"]
        == path
    )
    assert Invitation.objects.get().status == "open"
    letter = {
        "do": "reply",
        "body": "We disagree.",
        "lang": "en",
        "letter_date": scene.now.date().isoformat(),
    }
    assert client.post(path, letter)["Location"] == path
    assert Reply.objects.get().body == "We disagree."
    assert "We disagree." not in page_text(Client().get(f"/claims/{scene.claim.reference}/"))
    assert (
        signed_in(scene.second_moderator).post(path, {"do": f"confirm:{Reply.objects.get().pk}"})[
            "Location"
        ]
        == path
    )
    public = page_text(Client().get(f"/claims/{scene.claim.reference}/"))
    assert "We disagree." in public
    assert "Company replied" in public
    assert client.post(path, {"do": "nonsense"}).status_code == 404


def test_the_window_is_closed_early_only_by_two_people(scene: scenes.Scene) -> None:
    actions.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"),
        now=scene.now,
    )
    first, second = signed_in(scene.adjudicator), signed_in(scene.second_adjudicator)
    path = f"/desk/claims/{scene.claim.reference}/"
    waive = {
        "do": "waive",
        "reason_en": "It answered in court.",
        "reason_zh_Hans": "已在法庭答复。",
    }
    first.post(path, waive)
    assert "another person must approve it" in page_text(first.get(path))
    assert "It answered in court." not in page_text(
        Client().get(f"/claims/{scene.claim.reference}/")
    )
    assert second.post(path, waive).status_code == 409  # one at a time
    assert second.post(path, {"do": "refuse-waiver", "reason": ""}).status_code == 400
    seen = version(Waiver.objects.get())
    assert (
        second.post(path, {"do": "refuse-waiver", "reason": "It may still reply."})["Location"]
        == path
    )
    first.post(path, {**waive, "reason_en": "It answered in court, in March."})
    # before the reason was read
    assert second.post(path, {"do": "approve-waiver", "version": seen}).status_code == 409
    agree = {"do": "approve-waiver", "version": version(Waiver.objects.get(status="proposed"))}
    assert first.post(path, agree).status_code == 403
    assert Invitation.objects.get().status == "open"
    assert second.post(path, agree)["Location"] == path
    assert Invitation.objects.get().status == "waived"
    assert "It answered in court, in March." in page_text(
        Client().get(f"/claims/{scene.claim.reference}/")
    )
    late = second.post(path, agree)
    assert late.status_code == 409
    assert "The reply period changed in the meantime" in page_text(late)


def test_a_moderator_cannot_waive(scene: scenes.Scene) -> None:
    actions.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"),
        now=scene.now,
    )
    answer = signed_in(scene.moderator).post(
        f"/desk/claims/{scene.claim.reference}/",
        {"do": "waive", "reason_en": "x", "reason_zh_Hans": "x"},
    )
    assert answer.status_code == 403


def test_a_verdict_is_proposed_by_one_and_published_by_another(ready: scenes.Scene) -> None:
    first, second = signed_in(ready.adjudicator), signed_in(ready.second_adjudicator)
    form = page_text(first.get(f"/desk/aspects/{ready.ducts.pk}/verdict/"))
    assert "does not meet the threshold" in form  # the numbers stand beside the form
    answer = first.post(f"/desk/aspects/{ready.ducts.pk}/verdict/", proposal(ready))
    verdict = Verdict.objects.get()
    path = f"/desk/verdicts/{verdict.reference}/"
    assert answer["Location"] == path
    page = page_text(first.get(path))
    assert "You proposed this verdict, so another person must approve it." in page
    assert 'value="approve" disabled' in page
    assert first.post(path, {"do": "approve"}).status_code == 403
    assert "Not as claimed" not in page_text(Client().get(f"/claims/{ready.claim.reference}/"))
    assert 'value="approve">' in page_text(second.get(path))
    assert second.post(path, {"do": "approve"})["Location"] == f"/claims/{ready.claim.reference}/"
    public = page_text(Client().get(f"/claims/{ready.claim.reference}/"))
    assert "Not as claimed" in public
    assert "No air." in public
    # decided before: a message, nothing twice
    assert second.post(path, {"do": "approve"})["Location"] == path
    assert Verdict.objects.current().count() == 1


def test_a_proposal_is_sent_back_with_a_reason(ready: scenes.Scene) -> None:
    verdict = scenes.propose(ready)
    path = f"/desk/verdicts/{verdict.reference}/"
    client = signed_in(ready.second_adjudicator)
    assert client.post(path, {"do": "reject", "reason": ""}).status_code == 400
    assert (
        client.post(path, {"do": "reject", "reason": "Too few."})["Location"]
        == f"/desk/claims/{ready.claim.reference}/"
    )
    verdict.refresh_from_db()
    assert verdict.status == "rejected"
    assert client.post(path, {"do": "other"}).status_code == 404


def test_superseding_needs_a_reason(ready: scenes.Scene) -> None:
    actions.approve_verdict(
        by=ready.second_adjudicator, verdict=scenes.propose(ready), now=ready.now
    )
    client = signed_in(ready.adjudicator)
    path = f"/desk/aspects/{ready.ducts.pk}/verdict/"
    answer = client.post(path, proposal(ready))
    assert answer.status_code == 400
    assert "Give the reason for replacing it." in page_text(answer)
    assert client.post(path, proposal(ready, reason="New cars.")).status_code == 302


def test_a_misleading_verdict_names_how(ready: scenes.Scene) -> None:
    client = signed_in(ready.adjudicator)
    path = f"/desk/aspects/{ready.carbon.pk}/verdict/"
    answer = client.post(path, proposal(ready, rating="misleading"))
    assert "Say why the wording is misleading." in page_text(answer)
    assert (
        client.post(
            path, proposal(ready, rating="misleading", mechanism="implied_function")
        ).status_code
        == 302
    )


def test_a_moderator_registers_a_claim_with_all_it_needs(scene: scenes.Scene) -> None:
    client = signed_in(scene.moderator)
    sent = {
        "new_company_en": "Another maker",
        "new_product_en": "A phone",
        "new_option_en": "Gold case",
        "price": "100",
        "currency": "CNY",
        "quote": "Lasts five days.",
        "quote_lang": "en",
        "summary_en": "The battery lasts five days",
        "kind": "express",
        "source_url": "https://brand.example/phone",
        "source_title_en": "Product page",
        "channel": "product_page",
        "aspect-1-kind": "quantity",
        "aspect-1-statement_en": "it runs for five days",
        "aspect-1-property_en": "running time",
        "aspect-1-comparator": "at_least",
        "aspect-1-value": "5",
        "aspect-1-unit": "day",
        "aspect-2-kind": "function",
        "aspect-3-kind": "function",
    }
    wrong = client.post("/desk/claims/new/", {**sent, "new_product_en": ""})
    assert wrong.status_code == 400
    assert "Lasts five days." in page_text(wrong)
    answer = client.post("/desk/claims/new/", sent)
    assert answer.status_code == 302, page_text(answer)
    claim = Claim.objects.get(quote="Lasts five days.")
    assert answer["Location"] == f"/claims/{claim.reference}/"
    assert (claim.stake, claim.currency) == (100, "CNY")
    assert claim.appearance_set.get().exact == "Lasts five days."
    assert Criterion.objects.get(aspect__claim=claim).unit == "day"
    assert Company.objects.count() == 2


def test_a_correction_needs_its_reason_and_keeps_the_first_wording(scene: scenes.Scene) -> None:
    client = signed_in(scene.moderator)
    path = f"/desk/claims/{scene.claim.reference}/revise/"
    sent = {
        "do": "revise",
        "quote": scenes.POST,
        "summary_en": "Two ducts",
        "summary_zh_Hans": "双风道",
        "kind": "express",
        "reason": "",
    }
    sent["version"] = version(scene.claim)
    assert client.post(path, sent).status_code == 400
    assert (
        client.post(path, {**sent, "reason": "Shorter."})["Location"]
        == f"/claims/{scene.claim.reference}/history/"
    )
    scene.claim.refresh_from_db()
    assert (
        client.post(
            path,
            {
                "do": "withdraw",
                "withdrawal-version": version(scene.claim),
                "withdrawal-reason": "A double.",
            },
        ).status_code
        == 302
    )
    page = page_text(client.get(path))
    assert "AsClaimed withdrew this claim from its record. You can still read it" in page
    assert "disabled" in page


@pytest.mark.parametrize("show", ["", "aspects"])
def test_the_desk_costs_the_same_for_ten_rows_and_twenty(scene: scenes.Scene, show: str) -> None:
    client = signed_in(scene.moderator)
    counts = []
    for round_ in range(2):
        for number in range(10):
            claim = scenes.claims.register_claim(
                by=scene.moderator,
                product=scene.product,
                quote=f"{round_}.{number}",
                quote_lang="en",
                now=scene.now,
                summary=write("en", "x"),
                aspects=[scenes.claims.NewAspect("function", write("en", "it works"))],
            )
            invitation = actions.request_reply(
                by=scene.moderator,
                claim=claim,
                allegation=write("en", "x", zh_Hans="x"),
                now=timezone.now() - timedelta(days=40),
            )
            if number % 2:
                actions.close_window(
                    by=scenes.ledger.SYSTEM, invitation=invitation, now=timezone.now()
                )
        client.get(f"/desk/?show={show}")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/desk/?show={show}").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_preview_shows_the_public_row_and_proposes_nothing(ready: scenes.Scene) -> None:
    client, path = signed_in(ready.adjudicator), f"/desk/aspects/{ready.ducts.pk}/verdict/"
    part = client.post(
        path,
        {**proposal(ready, rationale_zh_Hans=""), "do": "preview"},
        headers={"HX-Request": "true"},
    )
    page = page_text(part)
    assert part.status_code == 200
    assert "<html" not in page
    assert "day of approval" in page
    assert "No air." in page  # one language is typed before the other
    assert page.index("now</p>") < page.index("with this verdict") < page.index("v-not-delivered")
    assert "HX-Request" in part["Vary"]
    # the plain button, without a script
    whole = page_text(client.post(path, {**proposal(ready), "do": "preview"}))
    assert "<html" in whole
    assert "No air." in whole
    assert "No air." in page_text(
        client.post(path, {"do": "preview", **proposal(ready), "rating": ""})
    )
    assert not Verdict.objects.exists()
    finding = f"/desk/aspects/{ready.ducts.pk}/finding/"
    before = Finding.objects.count()
    sent = {"do": "preview", "conclusion": "contradicts", "reasoning_en": "As seen."}
    assert "As seen." in page_text(
        signed_in(ready.moderator).post(finding, sent, headers={"HX-Request": "true"})
    )
    assert Finding.objects.count() == before


def test_whoever_approves_reads_what_changes_in_public(ready: scenes.Scene) -> None:
    actions.approve_verdict(
        by=ready.second_adjudicator, verdict=scenes.propose(ready), now=ready.now
    )
    second = scenes.propose(ready, rating="partly_delivered", reason="A new measurement.")
    page = page_text(signed_in(ready.second_adjudicator).get(f"/desk/verdicts/{second.reference}/"))
    assert "marked as replaced and stays readable" in page
    becomes = page[page.index('id="becomes"') :]
    assert becomes.index("v-not-delivered") < becomes.index("v-partly-delivered")
    assert "no reply by the deadline" in becomes or "without a reply" in becomes


def test_the_queue_costs_the_same_for_two_rows_and_ten(scene: scenes.Scene) -> None:
    client = signed_in(scene.moderator)

    def file(count: int) -> None:
        for _ in range(count):
            scenes.filing.file_submission(
                by=scene.owners[0],
                claim=scene.claim,
                narrative="x",
                narrative_lang="en",
                licence="show",
                photos=[],
                now=scene.now,
            )
            Alert.objects.create(
                kind="source_gone", claim=scene.claim, source=scene.source, created_at=scene.now
            )

    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/desk/").status_code == 200
        return len(queries)

    file(2)
    cost()
    few = cost()
    file(8)
    assert cost() == few


# --- the company ----------------------------------------------------------------------------------


def representative(
    scene: scenes.Scene, website: str, email: str = "company", *, tied: bool = True
) -> Any:
    brand = found_organisation(
        by=scenes.ledger.SYSTEM,
        kind="company",
        name=f"Brand of {email}",
        website=website,
        now=scene.now,
    )
    if tied:
        scenes.claims.represent_company(
            by=scenes.ledger.SYSTEM, company=scene.company, organisation=brand, now=scene.now
        )
    return scenes.person(email, "company_representative", organisation=brand)


def test_the_company_reads_once_more_and_answers_word_for_word(scene: scenes.Scene) -> None:
    actions.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"),
        now=scene.now,
    )
    speaker = representative(scene, "https://brand.example")
    client, path = signed_in(speaker), f"/reply/{scene.claim.reference}/"
    assert path in page_text(client.get("/reply/"))
    page = page_text(client.get(path))
    assert "No air." in page
    assert scene.exhibits()[0].reference in page
    assert not any(owner.email in page or owner.pseudonym in page for owner in scene.owners)
    read = client.post(path, {"do": "preview", "body": "We disagree.", "lang": "en"})
    assert read.status_code == 200
    assert "Preview of your public reply" in page_text(read)
    assert not Reply.objects.exists(), "it is read once more before anything is published"
    assert client.post(path, {"do": "publish", "body": " ", "lang": "en"}).status_code == 400
    assert (
        client.post(path, {"do": "publish", "body": "We disagree.", "lang": "en"})["Location"]
        == path
    )
    assert Reply.objects.get().recorded_by == speaker
    assert Invitation.objects.get().status == "replied"
    assert "We disagree." in page_text(Client().get(f"/claims/{scene.claim.reference}/"))


def test_nobody_answers_for_another_company_or_reads_its_questions(scene: scenes.Scene) -> None:
    invitation = actions.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"),
        now=scene.now,
    )
    path = f"/reply/{scene.claim.reference}/"
    # the address ties nobody to the company
    for number, website in enumerate(("https://brand.example/", "")):
        stranger = representative(scene, website, f"stranger{number}", tied=False)
        client = signed_in(stranger)
        assert scene.claim.reference not in page_text(client.get("/reply/"))
        assert client.get(path).status_code == 404
        assert (
            client.post(path, {"do": "publish", "body": "Ours.", "lang": "en"}).status_code == 404
        )
        with pytest.raises(gates.GateClosedError, match="does not act for this company"):
            actions.record_reply(
                by=stranger, invitation=invitation, body="Ours.", lang="en", now=scene.now
            )
    assert not Reply.objects.exists()


def test_a_company_finds_every_claim_about_it_and_what_it_may_reply_to(
    scene: scenes.Scene,
) -> None:
    """Before anything is asked, while it is, and after; the list costs the same for one and six."""
    client = signed_in(representative(scene, "https://brand.example/", "speaker"))
    before = page_text(client.get("/reply/"))
    assert scene.claim.reference in before
    assert "We have not requested a reply yet" in before
    assert "No reply requests now" in before
    with CaptureQueriesContext(connection) as few:
        client.get("/reply/")
    invitation = actions.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "No air."), now=scene.now
    )
    for _n in range(5):
        scenes.build_claim_beside(scene)
    with CaptureQueriesContext(connection) as many:
        asked = page_text(client.get("/reply/"))
    assert asked.count(f">{scene.claim.reference}<") == 2
    assert "10 working days (UTC)" in asked
    assert len(many) <= len(few) + 1, "the requests of all claims are one query"
    path = f"/reply/{scene.claim.reference}/"
    sent = {"do": "extend", "extension_reason": "Holiday.", "version": version(invitation)}
    assert client.post(path, {**sent, "extension_reason": " "}).status_code == 400
    assert client.post(path, {**sent, "version": "0" * 8}).status_code == 409
    assert client.post(path, sent)["Location"] == path
    page = page_text(client.get(path))
    assert "15 working days (UTC)" in page
    assert "Extended; the reply was first due by" in page
    assert "has extended this deadline once already" in page
    sent["version"] = version(Invitation.objects.get())
    assert client.post(path, sent).status_code == 403
    assert "Extended; the reply was first due by" in page_text(
        Client().get(f"/claims/{scene.claim.reference}/")
    )


def test_a_claim_on_which_nothing_was_asked_has_no_page_for_the_company(
    scene: scenes.Scene,
) -> None:
    client = signed_in(representative(scene, "https://brand.example/"))
    assert client.get(f"/reply/{scene.claim.reference}/").status_code == 404
    assert "We have not requested a reply yet." in page_text(client.get("/reply/"))


# --- after harm -----------------------------------------------------------------------------------


def test_an_incident_and_its_chain_are_recorded_and_mended(scene: scenes.Scene) -> None:
    client = signed_in(scene.moderator)
    path = f"/desk/companies/{scene.company.pk}/incidents/"
    title = {"title_en": "A crash in March", "title_zh_Hans": "三月的一起碰撞"}
    assert client.post(path, {"do": "incident", **title})["Location"] == path
    path = f"/desk/incidents/{Incident.objects.get().pk}/"
    event = {
        "do": "event",
        "actor": "company",
        "kind": "contact",
        "happened_at": "2025-04-01T13:10",
        "exact_to": "hour",
    }
    future = client.post(path, {**event, "happened_at": "2999-01-01T00:00", "text_en": "It calls."})
    assert future.status_code == 400
    assert "is in the future. Nothing was saved. Check the date." in page_text(future)
    assert (
        client.post(path, {**event, "text_en": "It calls the family.", "source": scene.source.pk})[
            "Location"
        ]
        == path
    )
    (link,) = Occurrence.objects.all()
    page = page_text(client.get(f"{path}?event={link.pk}"))
    assert "It calls the family." in page
    assert 'value="2025-04-01T13:10"' in page
    mended = {
        "do": "correct",
        "event": link.pk,
        "happened_at": "2025-04-01T14:10",
        "exact_to": "hour",
        "text_en": "It calls the family.",
    }
    mended["version"] = version(link)
    assert client.post(path, mended).status_code == 400  # a correction has a reason
    assert client.post(path, {**mended, "reason": "An hour off."})["Location"] == path
    link.refresh_from_db()
    assert link.happened_at.hour == 14
    assert "It calls the family." in page_text(Client().get(f"/companies/{scene.company.pk}/"))
    assert client.post(path, {**mended, "event": "x", "reason": "y"}).status_code == 404


def test_a_decision_sent_twice_is_one_and_nobody_else_is_said_to_have_made_it(
    ready: scenes.Scene,
) -> None:
    """A second click, by the page as a browser sends it."""
    scene = ready
    given = {
        "invitation": Invitation.objects.get(),
        "body": "We disagree.",
        "lang": "en",
        "now": scene.now + timedelta(days=2),
    }
    entry = actions.record_reply(by=scene.moderator, **given)
    waiting = scenes.filing.file_submission(
        by=scene.owners[0],
        claim=scene.claim,
        narrative="More.",
        narrative_lang="en",
        licence="show",
        photos=[],
        now=scene.now,
    )
    proposed = scenes.propose(scene)
    case, review = (
        f"/desk/claims/{scene.claim.reference}/",
        f"/desk/submissions/{waiting.reference}/",
    )
    decide, revise = (
        f"/desk/verdicts/{proposed.reference}/",
        f"/desk/claims/{scene.claim.reference}/revise/",
    )
    words = {
        "quote": scene.claim.quote,
        "summary_en": "Other words",
        "kind": "express",
        "reason": "Clearer.",
    }
    steps = [
        (scene.second_adjudicator, decide, {"do": "approve"}, "approve"),
        (
            scene.second_moderator,
            review,
            {"decision": "accepted", "reason_en": "Clear."},
            "decision",
        ),
        (scene.second_moderator, case, {"do": f"confirm:{entry.pk}"}, f"confirm:{entry.pk}"),
        (scene.moderator, revise, {"do": "revise", **words}, "revise"),
    ]
    for user, path, sent, mark in steps:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        page = page_text(client.get(path))
        form = next(
            one
            for one in re.findall(r"<form.*?</form>", page, re.S)
            if mark in one and "form_key" in one
        )
        hidden = dict(
            re.findall(r'<input type="hidden" name="(form_key|version)" value="([^"]*)"', form)
        )
        assert hidden.get("form_key")
        for _twice in range(2):
            said = client.post(path, {**hidden, **sent}, follow=True)
            assert said.status_code == 200, (path, said.status_code)
            assert "Someone" not in page_text(said), path
        # A public page shows no message itself: what is a reader's own comes beside it.
        beside = client.get("/account/fragment/").content.decode()
        assert "It is saved once" in page_text(said) + beside, path
