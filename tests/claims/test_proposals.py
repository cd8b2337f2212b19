"""Anyone with a confirmed address proposes claims; moderators decide, and the proposer reads
why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.utils import timezone

import ledger
from accounts.actions import found_organisation, grant_role
from accounts.models import OrganisationKind, Role, SentForm, User
from accounts.permissions import NotAllowedError
from claims import actions
from claims.conflicts import conflict_of_interest, own_proposal
from claims.duplicates import find_duplicates
from claims.editing import RowChangedError, version
from claims.localized_text import write
from claims.models import Claim, ClaimProposal, Source
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db

WHY = write("en", "Nobody said it.", zh_Hans="没有人这样说过。")
FORM = {
    "quote": "续航1000公里，冬天也一样。",
    "quote_lang": "zh-Hans",
    "company_name": "远方电车有限公司",
    "product_name": "远方一号",
    "channel": "launch_event",
    "place": "发布会第40分钟",
    "why": "我的车冬天只能开430公里。",
}


@shared_scene
def scene() -> scenes.Scene:
    scene = scenes.build_claim()
    for person in (*scene.owners, scene.moderator, scene.second_moderator):
        scenes.confirmed(person)
    return scene


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def case(scene: scenes.Scene, **fields: Any) -> actions.NewCase:
    given = {
        "quote": "The seats heat up in ten seconds.", "quote_lang": "en",
        "summary": write("en", "Seats heat up in ten seconds"), "kind": "express",
        "product": str(scene.product.pk),
    }  # fmt: skip
    return actions.NewCase(**(given | fields))


POINTS = [actions.NewAspect("function", write("en", "seats heat up"))]


def member(user: User, kind: str, name: str, role: str = Role.FILER) -> User:
    body = found_organisation(by=ledger.SYSTEM, kind=kind, name=name, now=timezone.now())
    grant_role(by=ledger.SYSTEM, user=user, organisation=body, role=role, now=timezone.now())
    return User.objects.get(pk=user.pk)


# --- proposing ------------------------------------------------------------------------------------


def test_a_stranger_types_a_claim_and_finds_it_among_their_own(scene: scenes.Scene) -> None:
    client = signed_in(scene.owners[1])
    page = page_text(client.post("/proposals/new/", FORM, follow=True))
    assert "Proposed. A moderator will decide on it." in page
    row = ClaimProposal.objects.get()
    assert (row.quote, row.status, row.claim) == (FORM["quote"], "proposed", None)
    assert FORM["quote"] in page_text(client.get("/proposals/"))
    assert signed_in(scene.owners[2]).get(f"/proposals/{row.reference}/").status_code == 404


def test_an_account_with_no_confirmed_address_proposes_nothing(scene: scenes.Scene) -> None:
    stranger = scenes.person("stranger")
    assert "Confirm your email address first." in page_text(
        signed_in(stranger).get("/proposals/new/")
    )
    assert signed_in(stranger).post("/proposals/new/", FORM).status_code == 403
    scenes.confirmed(stranger)  # the control
    assert signed_in(stranger).post("/proposals/new/", FORM).status_code == 302


def test_words_that_are_nowhere_are_not_proposed(scene: scenes.Scene) -> None:
    page = signed_in(scene.owners[1]).post("/proposals/new/", FORM | {"place": " "})
    assert page.status_code == 400
    assert "Give the address of the words" in page_text(page)
    assert FORM["quote"] in page_text(page)


def test_a_form_that_comes_twice_makes_one_proposal(scene: scenes.Scene) -> None:
    client = signed_in(scene.owners[1])
    page = client.get("/proposals/new/").content.decode()
    key = page.split('name="form_key" value="')[1].split('"')[0]
    for _ in range(2):
        assert client.post("/proposals/new/", FORM | {"form_key": key}).status_code == 302
    assert ClaimProposal.objects.count() == SentForm.objects.count() == 1


def test_a_day_has_a_limit_and_groups_a_larger_one(scene: scenes.Scene, settings: Any) -> None:
    settings.PROPOSALS_PER_DAY, settings.PROPOSALS_PER_DAY_FOR_GROUPS = 1, 2
    owner = scene.owners[1]
    scenes.build_proposal(scene, owner)
    page = signed_in(owner).post("/proposals/new/", FORM)
    assert page.status_code == 429
    assert "daily limit of 1 proposal" in page_text(page)
    owner = member(owner, OrganisationKind.CONSUMER_GROUP, "Buyers together")
    scenes.build_proposal(scene, owner)
    with pytest.raises(actions.ProposalQuotaError):
        scenes.build_proposal(scene, owner)
    ClaimProposal.objects.update(proposed_at=timezone.now() - timedelta(days=1, seconds=1))
    scenes.build_proposal(scene, owner)


def test_an_idempotency_key_gives_what_was_proposed_with_it(scene: scenes.Scene) -> None:
    proposal = actions.NewProposal("It flies.", "en", "press", "X", "No.", place="A shop.")
    given: dict[str, Any] = {"by": scene.owners[0], "now": scene.now, "idempotency_key": "k"}
    first = actions.propose_claims(proposals=[proposal, proposal], **given)
    assert actions.propose_claims(proposals=[proposal, proposal], **given) == first
    with pytest.raises(actions.ProposalKeyReusedError):
        actions.propose_claims(proposals=[proposal], **given)
    assert ClaimProposal.objects.count() == 2


def test_a_claim_that_may_be_the_same_is_shown_before_it_is_proposed(scene: scenes.Scene) -> None:
    client = signed_in(scene.owners[1])
    same = FORM | {"quote": scenes.POST, "company_name": "某车企"}
    page = client.post("/proposals/new/", same)
    assert page.status_code == 400
    assert scene.claim.reference in page_text(page)
    assert client.post("/proposals/new/", same | {"different": "on"}).status_code == 302


def test_the_address_of_the_form_fills_it_in_and_nothing_odd_breaks_it(
    scene: scenes.Scene,
) -> None:
    client = signed_in(scene.owners[1])
    page = client.get("/proposals/new/", {"quote": "<b>Ten</b>", "address": "x" * 9000})
    assert page.status_code == 200
    assert "&lt;b&gt;Ten&lt;/b&gt;" in page.content.decode()


# --- deciding -------------------------------------------------------------------------------------


def test_a_proposal_is_registered_from_a_form_that_it_filled_in(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene)
    desk = signed_in(scene.moderator)
    assert "The seats heat up in ten seconds." in page_text(desk.get("/desk/?show=claim_proposals"))
    path = f"/desk/claims/new/?proposal={row.reference}"
    form = desk.get(path).context["form"]
    assert form["product"].value() == str(scene.product.pk)
    assert form["source_url"].value() == row.address
    sent = {
        "quote": row.quote, "quote_lang": "en", "kind": "express",
        "product": str(scene.product.pk), "summary_en": "Seats heat up", "channel": row.channel,
        "source_url": row.address, "source_title_en": "Seats", "aspect-1-statement_en": "heat up",
        **{f"aspect-{n}-kind": "function" for n in (1, 2, 3)},
        "outcome-version": version(row),
    }  # fmt: skip
    without_why = sent | {"kind": "puffery", "aspect-1-statement_en": ""}
    assert desk.post(path, without_why).status_code == 400
    answer = desk.post(path, sent)
    assert answer.status_code == 302, page_text(answer)
    row.refresh_from_db()
    assert (row.status, row.claim) == ("registered", Claim.objects.newest()[0])
    mine = page_text(signed_in(scene.owners[0]).get(f"/proposals/{row.reference}/"))
    assert row.claim is not None
    assert row.claim.reference in mine
    again = desk.post(path, sent | {"quote": "Another."}, follow=True)
    assert "it is now “published as a claim”" in page_text(again)


def test_claim_and_decision_are_saved_together_or_not_at_all(scene: scenes.Scene) -> None:
    row, before = scenes.build_proposal(scene), Claim.objects.count()
    puffery = case(scene, kind="puffery")
    given: dict[str, Any] = {"by": scene.moderator, "proposal": row, "now": scene.now}
    with pytest.raises(ValidationError):  # puffery needs a reason
        actions.register_proposal(case=puffery, aspects=[], **given)
    with pytest.raises(ValidationError):  # the claim cannot be made
        actions.register_proposal(case=case(scene), aspects=[], **given)
    row.refresh_from_db()
    assert (row.status, Claim.objects.count()) == ("proposed", before)
    actions.register_proposal(case=puffery, aspects=[], reason=WHY, **given)
    row.refresh_from_db()
    assert (row.status, Claim.objects.count()) == ("puffery", before + 1)


def test_a_proposer_reads_the_question_answers_it_and_reads_why_not(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene)
    desk, path = signed_in(scene.moderator), f"/desk/proposals/{row.reference}/"
    owner, own = signed_in(scene.owners[0]), f"/proposals/{row.reference}/"
    asked = {"do": "ask", "version": version(row), "question_en": "Which page is it?"}
    assert "Question sent" in page_text(desk.post(path, asked, follow=True))
    assert "Which page is it?" in page_text(owner.get(own))
    given = {"do": "answer", "answer": "The third.", "lang": "en"}
    assert "Reply sent" in page_text(owner.post(own, given, follow=True))
    assert "this proposal has changed" in page_text(owner.post(own, given, follow=True)).lower()
    row.refresh_from_db()
    assert "The third." in page_text(desk.get(path))
    stale = desk.post(path, asked | {"do": "refuse", "reason_en": "No."})
    assert stale.status_code == 409
    refused = {"do": "refuse", "version": version(row), "reason_en": "It is not there."}
    assert "Not accepted" in page_text(desk.post(path, refused, follow=True))
    assert "It is not there." in page_text(owner.get(own))


def test_a_refusal_without_a_reason_is_none(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene)
    given: dict[str, Any] = {"by": scene.moderator, "proposal": row, "now": scene.now}
    for decide in (
        lambda: actions.refuse_proposal(reason={}, **given),
        lambda: actions.return_proposal(question=write("en", " "), **given),
        lambda: actions.merge_proposal(claim=scene.claim, reason={}, **given),
    ):
        with pytest.raises(ValidationError):
            decide()
    row.refresh_from_db()
    assert row.status == "proposed"


def test_what_the_moderator_saw_is_what_is_decided(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene)
    seen = version(row)
    given: dict[str, Any] = {"by": scene.moderator, "proposal": row, "now": scene.now}
    actions.return_proposal(question=WHY, **given)
    with pytest.raises(RowChangedError):
        actions.refuse_proposal(reason=WHY, version=seen, **given)


# --- who decides ----------------------------------------------------------------------------------


def refuse(by: User, row: ClaimProposal) -> ClaimProposal:
    by = User.objects.get(pk=by.pk)
    return actions.refuse_proposal(by=by, proposal=row, reason=WHY, now=timezone.now())


def test_nobody_decides_on_their_own_proposal(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene, scene.moderator)
    with pytest.raises(NotAllowedError, match="You proposed this yourself"):
        refuse(scene.moderator, row)
    page = page_text(signed_in(scene.moderator).get(f"/desk/proposals/{row.reference}/"))
    assert "You proposed this yourself" in page
    with pytest.raises(IntegrityError, match="not_decided_by_its_proposer"), transaction.atomic():
        ClaimProposal.objects.update(
            decided_by=scene.moderator, decided_at=scene.now, decided_date=scene.now.date()
        )
    refuse(scene.second_moderator, row)  # the control


def test_nobody_decides_for_a_body_that_they_share_with_the_proposer(scene: scenes.Scene) -> None:
    owner, moderator = scene.owners[0], scene.moderator
    row = scenes.build_proposal(scene, owner)
    body = member(owner, OrganisationKind.CONSUMER_GROUP, "Buyers together")
    organisation = body.membership_set.get().organisation
    grant_role(
        by=ledger.SYSTEM, user=moderator, organisation=organisation, role=Role.FILER, now=scene.now
    )
    with pytest.raises(NotAllowedError, match="belong to one organisation"):
        refuse(moderator, row)
    refuse(scene.second_moderator, row)


@pytest.mark.parametrize("name", ["Ａ CAR-MAKER GmbH", "A car maker"])
def test_nobody_decides_who_ever_sat_at_a_company_of_that_name(
    scene: scenes.Scene, name: str
) -> None:
    row = scenes.build_proposal(
        scene, company_name="A Car Maker, Inc.", address="https://x.example/"
    )
    left = member(
        scenes.person("left"), OrganisationKind.COMPANY, name, Role.COMPANY_REPRESENTATIVE
    )
    left.membership_set.update(ended_at=scene.now - timedelta(days=900))
    grant_role(
        by=ledger.SYSTEM, user=left, organisation=scenes.operator_body(), role=Role.MODERATOR,
        now=scene.now,
    )  # fmt: skip
    with pytest.raises(NotAllowedError, match="acted for a company"):
        refuse(left, row)
    other = scenes.build_proposal(scene, company_name="Another", address="https://y.example/")
    refuse(left, other)  # the control


def test_who_proposed_a_claim_judges_nothing_on_it(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene, scene.second_moderator)
    claim = actions.register_proposal(
        by=scene.moderator, proposal=row, case=case(scene), aspects=POINTS, now=scene.now
    )
    assert own_proposal(scene.second_moderator, claim)
    assert conflict_of_interest(scene.second_moderator, claim)
    assert conflict_of_interest(scene.moderator, claim) is None
    assert conflict_of_interest(scene.second_moderator, scene.claim) is None


def test_an_auditor_reads_a_proposal_and_decides_nothing(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene)
    auditor = signed_in(scenes.person("auditor", Role.AUDITOR))
    page = auditor.get(f"/desk/proposals/{row.reference}/")
    assert "This needs the role" in page_text(page)
    sent = {"do": "refuse", "version": version(row), "reason_en": "No."}
    assert auditor.post(f"/desk/proposals/{row.reference}/", sent).status_code == 403
    assert auditor.get(f"/desk/claims/new/?proposal={row.reference}").status_code == 403


# --- the record -----------------------------------------------------------------------------------


def test_the_log_tells_nothing_of_what_was_typed(scene: scenes.Scene) -> None:
    row = scenes.build_proposal(scene, why="Mr Secret told me.", quote="Quite a secret quote.")
    refuse(scene.moderator, row)
    sequence()
    leaves = [bytes(entry.leaf) for entry in Entry.objects.all()]
    about = [leaf for leaf in leaves if b"claim_proposal" in leaf]
    assert len(about) == 2
    assert not any(b"ecret" in leaf or b"product_page" in leaf for leaf in about)


@pytest.mark.django_db(transaction=True)
def test_of_two_moderators_one_decides() -> None:
    scene = scenes.build_claim()
    row = scenes.build_proposal(scene)
    line, ends = threading.Barrier(2), []

    def decide(by: User, act: Callable[..., object], **fields: Any) -> None:
        try:
            line.wait()
            act(by=by, proposal=row, now=timezone.now(), **fields)
            ends.append("done")
        except actions.ProposalChangedError as changed:
            ends.append(changed.proposal.status)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(
            target=decide, args=(scene.moderator, actions.refuse_proposal), kwargs={"reason": WHY}
        ),
        threading.Thread(
            target=decide,
            args=(scene.second_moderator, actions.register_proposal),
            kwargs={"case": case(scene), "aspects": POINTS},
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row.refresh_from_db()
    assert sorted(ends) == sorted(["done", row.status])
    assert Claim.objects.count() == (2 if row.status == "registered" else 1)
    connection.close()


# --- what may be the same -------------------------------------------------------------------------


def test_probable_duplicates_are_seen_through_width_case_and_legal_form(
    scene: scenes.Scene,
) -> None:
    for name in (
        "Ａ ＣＡＲ ＭＡＫＥＲ",
        "a car-maker co., ltd.",
        "某车企股份有限公司",
        "A Car Maker G.m.b.H.",
    ):
        assert find_duplicates(companies=[name]).companies == [scene.company], name
    for name in ("Another maker", "有限公司", "", "Ltd"):
        assert not find_duplicates(companies=[name]), name


def test_probable_duplicates_of_claims_are_found_with_and_without_the_company(
    scene: scenes.Scene,
) -> None:
    alike = find_duplicates(companies=["某车企"], quote=scenes.POST.replace("，", ", ") + "！")
    assert [each.claim for each in alike.claims] == [scene.claim]
    part = find_duplicates(quote="双风道给制动系统散热")
    assert [each.claim for each in part.claims] == [scene.claim]
    assert not find_duplicates(companies=["某车企"], quote="完全另一句话，说的是座椅。").claims
    address = Source.objects.get().url
    assert find_duplicates(address=address).sources == [scene.source]


def test_the_search_for_duplicates_costs_the_same_queries_for_many(
    scene: scenes.Scene, django_assert_num_queries: Any
) -> None:
    from django.test.utils import CaptureQueriesContext

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            find_duplicates(companies=["A car maker"], products=["Sports saloon"], quote="x" * 40)
        return len(queries)

    before = asked()
    for number in range(5):
        actions.add_company(
            by=scene.moderator, name=write("en", f"A car maker {number}"), now=scene.now
        )
    assert asked() == before


# --- while a claim is registered ------------------------------------------------------------------


def typed(scene: scenes.Scene, **fields: str) -> dict[str, str]:
    return {
        "quote": "The boot opens by itself.", "quote_lang": "en", "kind": "express",
        "summary_en": "The boot opens", "new_company_en": "A CAR MAKER LTD",
        "new_product_en": "Coupé", "aspect-1-statement_en": "it opens",
        **{f"aspect-{n}-kind": "function" for n in (1, 2, 3)}, **fields,
    }  # fmt: skip


def test_what_may_be_in_the_record_is_shown_while_a_claim_is_typed(scene: scenes.Scene) -> None:
    desk, path = signed_in(scene.moderator), "/desk/claims/new/"
    given = typed(scene, quote=scenes.POST, check="on")
    before = Claim.objects.count()
    whole = page_text(desk.post(path, given))
    part = page_text(desk.post(path, given, headers={"HX-Request": "true"}))
    for page in (whole, part):
        assert f"/companies/{scene.company.pk}/" in page
        assert f"/claims/{scene.claim.reference}/" in page
    assert "<html" in whole
    assert "<html" not in part
    assert "This field is required" not in whole  # it is not sent yet
    assert "A CAR MAKER LTD" in whole
    assert Claim.objects.count() == before


def test_a_probable_duplicate_is_published_only_by_who_has_seen_it(scene: scenes.Scene) -> None:
    desk, path = signed_in(scene.moderator), "/desk/claims/new/"
    refused = desk.post(path, typed(scene))
    assert refused.status_code == 400
    assert "Something similar is in the record already" in page_text(refused)
    assert desk.post(path, typed(scene, different="on")).status_code == 302
    other = typed(scene, new_company_en="Quite another", quote="Nothing like the rest.")
    assert desk.post(path, other).status_code == 302  # the control


def test_a_source_of_another_company_is_not_offered(scene: scenes.Scene) -> None:
    other = actions.add_company(by=scene.moderator, name=write("en", "Shipyard"), now=scene.now)
    foreign = actions.add_source(
        by=scene.moderator, company=other, channel="press", title=write("en", "Its page"),
        url="https://yard.example/", now=scene.now,
    )  # fmt: skip
    desk, path = signed_in(scene.moderator), "/desk/claims/new/"
    asked = typed(scene, new_company_en="", new_product_en="", check="on")
    asked |= {"product": str(scene.product.pk), "offered_for": ""}
    part = desk.post(path, asked, headers={"HX-Request": "true"}).content.decode()
    assert str(scene.source.pk) in part
    assert str(foreign.pk) not in part
    same = asked | {"offered_for": str(scene.company.pk)}
    assert (
        "source-choice"
        not in desk.post(path, same, headers={"HX-Request": "true"}).content.decode()
    )
    assert str(foreign.pk) in desk.get(path).content.decode()  # no company is chosen yet
    sent = {name: value for name, value in asked.items() if name != "check"}
    wrong = desk.post(path, sent | {"source": str(foreign.pk)})
    assert "The source belongs to another company" in page_text(wrong)
