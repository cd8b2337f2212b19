"""Evidence from a company's side is marked as that everywhere and counts as no unit, owner or
laboratory."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

import ledger
from accounts.actions import found_organisation, grant_role
from accounts.models import Membership, Organisation, Role, User
from claims import actions as claims
from claims.localized_text import write
from claims.models import Company
from evidence.exhibits.actions import filing
from evidence.exhibits.affiliation import affiliation
from evidence.exhibits.models import Exhibit, Measurement, Submission, Teardown, Unit
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from reports.documents import report_json as reporting
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from tests.workflows import end_role
from verdicts import actions, evidence_assessment, gates
from verdicts.outcome import numbers_of, outcome

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_findings(scenes.build_evidence(scenes.build_claim()))


def body(kind: str, name: str, website: str = "") -> Organisation:
    return found_organisation(
        by=ledger.SYSTEM, kind=kind, name=name, website=website, now=scenes.timezone.now()
    )


def join(user: User, organisation: Organisation, role: str) -> Membership:
    return grant_role(
        by=ledger.SYSTEM, user=user, organisation=organisation, role=role, now=scenes.timezone.now()
    )


# --- whose side it is -----------------------------------------------------------------------------


def speaks_for_it(scene: scenes.Scene) -> None:
    join(
        scene.owners[0],
        body("company", "A maker", "http://www.Brand.example"),
        Role.COMPANY_REPRESENTATIVE,
    )


def member_of_it(scene: scenes.Scene) -> None:
    join(scene.owners[0], body("company", "某车企"), Role.FILER)


def holds_its_seat(scene: scenes.Scene) -> None:
    seats = body("company", "Holding of another name", "https://holding.example/")
    Company.objects.filter(pk=scene.company.pk).update(organisation=seats)
    join(scene.owners[0], seats, Role.COMPANY_REPRESENTATIVE)


def member_of_its_legal_entity(scene: scenes.Scene) -> None:
    claims.add_entity(
        by=scene.moderator,
        company=scene.company,
        name=write("en", "Brand Sales Ltd"),
        jurisdiction="CN",
        now=scene.now,
    )
    join(scene.owners[0], body("company", "BRAND  Sales Ltd"), Role.FILER)


def left_it_after_submitting(scene: scenes.Scene) -> None:
    seat = join(
        scene.owners[0],
        body("company", "A maker", "https://brand.example/"),
        Role.COMPANY_REPRESENTATIVE,
    )
    operator = scenes.person("operator", Role.OPERATOR)
    end_role(by=operator, membership=seat, now=scene.now + timedelta(days=1), reason="Left.")


def filed_for_it(scene: scenes.Scene) -> None:
    Submission.objects.filter(pk=scene.submissions[0].pk).update(
        organisation=body("company", "A car maker")
    )


def in_its_laboratory(scene: scenes.Scene) -> None:
    join(scene.owners[0], body("laboratory", "Test house", "https://brand.example/"), Role.FILER)


def measured_by_its_laboratory(scene: scenes.Scene) -> None:
    laboratory = body("laboratory", "Test house", "https://brand.example/")
    Teardown.objects.filter(submission=scene.submissions[0]).update(laboratory=laboratory)


def measured_by_a_laboratory_with_a_seat_at_it(scene: scenes.Scene) -> None:
    laboratory, someone = body("laboratory", "Test house"), scenes.person("someone")
    join(someone, laboratory, Role.FILER)
    join(someone, body("company", "A maker", "https://brand.example/"), Role.COMPANY_REPRESENTATIVE)
    Teardown.objects.filter(submission=scene.submissions[0]).update(laboratory=laboratory)


def measured_by_a_laboratory_whose_member_left_the_company_since(scene: scenes.Scene) -> None:
    measured_by_a_laboratory_with_a_seat_at_it(scene)
    Membership.objects.filter(organisation__kind="company").update(
        ended_at=scene.now + timedelta(days=1)
    )


def measured_by_a_laboratory_that_someone_of_the_company_left_since(scene: scenes.Scene) -> None:
    measured_by_a_laboratory_with_a_seat_at_it(scene)
    Membership.objects.filter(organisation__kind="laboratory").update(
        ended_at=scene.now + timedelta(days=1)
    )


def measured_by_a_laboratory_whose_member_left_the_company_before(scene: scenes.Scene) -> None:
    measured_by_a_laboratory_with_a_seat_at_it(scene)
    Membership.objects.filter(organisation__kind="company").update(
        ended_at=scene.now - timedelta(days=1)
    )


def of_a_rival(scene: scenes.Scene) -> None:
    join(
        scene.owners[0],
        body("company", "Another maker", "https://rival.example/"),
        Role.COMPANY_REPRESENTATIVE,
    )


def of_a_group(scene: scenes.Scene) -> None:
    join(scene.owners[0], body("consumer_group", "Owners", "https://owners.example/"), Role.FILER)


def measured_by_a_laboratory(scene: scenes.Scene) -> None:
    Teardown.objects.filter(submission=scene.submissions[0]).update(
        laboratory=body("laboratory", "Test house")
    )


def left_it_before_submitting(scene: scenes.Scene) -> None:
    seat = join(
        scene.owners[0],
        body("company", "A maker", "https://brand.example/"),
        Role.COMPANY_REPRESENTATIVE,
    )
    operator = scenes.person("operator", Role.OPERATOR)
    end_role(by=operator, membership=seat, now=scene.now - timedelta(days=1), reason="Left.")


SIDES: dict[Callable[[scenes.Scene], None], str] = {
    speaks_for_it: "company",
    member_of_it: "company",
    holds_its_seat: "company",
    member_of_its_legal_entity: "company",
    left_it_after_submitting: "company",
    filed_for_it: "company",
    in_its_laboratory: "company",
    measured_by_its_laboratory: "company",
    measured_by_a_laboratory_with_a_seat_at_it: "company",
    measured_by_a_laboratory_whose_member_left_the_company_since: "company",
    measured_by_a_laboratory_that_someone_of_the_company_left_since: "company",
    of_a_rival: "other_company",
    of_a_group: "independent",
    measured_by_a_laboratory: "independent",
    measured_by_a_laboratory_whose_member_left_the_company_before: "independent",
    left_it_before_submitting: "independent",
}


def test_evidence_is_from_the_side_of_whom_its_submitter_acts_for(scene: scenes.Scene) -> None:
    photos = scene.exhibits()
    for act, side in SIDES.items():
        with transaction.atomic():
            act(scene)
            assert affiliation(Submission.objects.get(pk=scene.submissions[0].pk)) == side, (
                act.__name__
            )
            assert affiliation(scene.submissions[1]) == "independent"
            counted = 3 if side == "independent" else 2
            laboratories = (
                Teardown.objects.exclude(laboratory=None).count() if side == "independent" else 0
            )
            assert evidence_assessment.independence(scene.ducts, photos) == (
                counted,
                counted,
                laboratories,
            ), act.__name__
            weighed = evidence_assessment.assess_evidence(scene.ducts)
            assert weighed is not None
            assert (weighed.units, weighed.contributors, weighed.laboratories) == (
                counted,
                counted,
                laboratories,
            )
            assert len(weighed.judged) == 3  # it is shown all the same
            transaction.set_rollback(True)


# --- what it cannot do ----------------------------------------------------------------------------


def measured(scene: scenes.Scene, value: str) -> None:
    Measurement.objects.filter(teardown__submission=scene.submissions[0]).update(
        value=Decimal(value)
    )


def test_a_company_does_not_turn_the_numbers_by_measuring_itself(scene: scenes.Scene) -> None:
    measured(scene, "9")
    with transaction.atomic():
        assert (
            evidence_assessment.assess_evidence(scene.ducts).decision == "disagree"
        )  # were it an owner's
    speaks_for_it(scene)
    numbers = evidence_assessment.assess_evidence(scene.ducts).to_json()
    assert (numbers["decision"], numbers["units"]) == ("does_not_conform", 2)
    assert numbers["items"] == {"conforms": 0, "does_not_conform": 2, "undecided": 0, "disagree": 0}
    assert outcome(numbers, "en") == (
        "0 of 2 items meet the threshold, 2 do not. If these items are typical, 0% to 66% of all "
        "such items meet it (95% Wilson interval). Each measurement is 0.02 ± 0.04 m/s (k = 2). "
        "Probability of meeting the threshold: < 0.000001. Not counted, from a company’s side: 9 "
        "± 0.04 m/s."
    )
    assert outcome(numbers, "zh-Hans").endswith("企业方实测不计入：9 ± 0.04 m/s。")
    span = numbers_of(numbers)
    assert span is not None
    assert (span.span, span.units) == ("0.02", 2)


def test_numbers_of_a_company_alone_decide_nothing(scene: scenes.Scene) -> None:
    maker = body("company", "A maker", "https://brand.example/")
    for owner in scene.owners:
        join(owner, maker, Role.COMPANY_REPRESENTATIVE)
    numbers = evidence_assessment.assess_evidence(scene.ducts).to_json()
    assert (numbers["decision"], numbers["units"]) == ("undecided", 0)
    assert outcome(numbers, "en").startswith(
        "No independent measurement. Not counted, from a company’s side: 0.02 ± 0.04 m/s, 0.02"
    )
    assert numbers_of(numbers) is None
    scenes.build_silence(scene)
    with pytest.raises(gates.GateClosedError, match="from a company’s side"):
        scenes.propose(scene, aspect=scene.carbon, rating="delivered")


def test_two_weak_exhibits_of_which_one_is_a_companys_carry_no_adverse_verdict() -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim(), grade=("C", "3")))
    scenes.build_silence(scene)
    photos = scene.exhibits()
    of_company = next(
        n for n, one in enumerate(scene.submissions) if one.pk == photos[0].submission_id
    )
    assert gates.best_evidence("not_delivered", photos[:2]) is None
    with transaction.atomic():
        Exhibit.objects.update(duplicate_key="the same file")
        again = scene.exhibits()
        assert gates.best_evidence(
            "not_delivered", again[:2]
        )  # the same photo twice is one witness
        transaction.set_rollback(True)
    join(
        scene.owners[of_company],
        body("company", "A maker", "https://brand.example/"),
        Role.COMPANY_REPRESENTATIVE,
    )
    assert "different owners" in str(gates.best_evidence("not_delivered", photos[:2]))
    assert gates.best_evidence("not_delivered", photos) is None


def test_a_seat_taken_after_the_proposal_is_told_at_the_approval(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    speaks_for_it(scene)
    with pytest.raises(gates.SentBackError, match=r"items: 3.*items: 2") as caught:
        actions.approve_verdict(by=scene.second_adjudicator, verdict=proposed, now=scene.now)
    assert any("is now from the company’s side" in one for one in caught.value.reasons)


def test_a_laboratory_is_one_however_its_rows_are_called(scene: scenes.Scene) -> None:
    """By name, by address, and by a row in the middle that joins two of other names."""
    rows = [
        ("Flow Lab", ""),
        ("ＦＬＯＷ  lab", "https://flow.example/"),
        ("Flow Testing Ltd", "http://www.flow.example"),
    ]
    for submission, (name, website) in zip(scene.submissions, rows, strict=True):
        Teardown.objects.filter(submission=submission).update(
            laboratory=body("laboratory", name, website)
        )
    assert evidence_assessment.independence(scene.ducts, scene.exhibits()) == (3, 3, 1)
    assert evidence_assessment.assess_evidence(scene.ducts).laboratories == 1
    Organisation.objects.filter(name="Flow Testing Ltd").update(
        website="https://flow.example/another/"
    )
    assert evidence_assessment.independence(scene.ducts, scene.exhibits()) == (3, 3, 2)


def test_one_item_is_one_however_its_serial_number_is_spelled(scene: scenes.Scene) -> None:
    spelled = [
        "LSV-1234 56",
        "lsv123456",
        "ＬＳＶ１２３４５６",
        "LSV 123456 ",
        "L\u200bSV123\u00ad456",
        "LЅV123456",
        "LŚV123456",
    ]
    assert {filing.plain_serial(one) for one in spelled} == {"LSV123456"}
    alike = ["WBA0H1Q7", "wbaOHIo7", "ԜВАОНІ07", "WΒΑ0Η1Q7"]
    assert {filing.plain_serial(one) for one in alike} == {"WBA0H107"}
    assert filing.plain_serial("A8") != filing.plain_serial("AB")
    assert filing.plain_serial("粤B·12345") == "粤B12345"
    assert filing.plain_serial(" -- ") == "--"
    assert Unit.objects.count() == 3


# --- it says so everywhere ------------------------------------------------------------------------


def test_it_says_so_on_pages_in_the_api_the_document_the_bundle_and_the_report(
    client: Client, settings: Any, tmp_path: Any
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    speaks_for_it(scene)
    scenes.build_silence(scene)
    verdict = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    sequence()
    of_company = Exhibit.objects.get(submission=scene.submissions[0])
    of_owner = Exhibit.objects.get(submission=scene.submissions[1])
    assert (verdict.units, verdict.contributors) == (2, 2)

    says = "from the company’s side"
    for address in (
        f"/claims/{scene.claim.reference}/",
        f"/verdicts/{verdict.reference}/",
        f"/exhibits/{of_company.reference}/",
    ):
        assert says in page_text(client.get(address, follow=True)), address
    assert says not in page_text(client.get(f"/exhibits/{of_owner.reference}/", follow=True))
    answers = {
        one["reference"]: one["affiliation"]
        for one in client.get("/api/v1/exhibits/").json()["results"]
    }
    assert (answers[of_company.reference], answers[of_owner.reference]) == (
        "company",
        "independent",
    )
    assert (
        client.get(f"/api/v1/exhibits/{of_company.reference}/", follow=True).json()["affiliation"]
        == "company"
    )

    document = json.loads(verdict.verdictdocument.body)
    assert {one["reference"]: one["affiliation"] for one in document["exhibits"]}[
        of_company.reference
    ] == "company"
    assert sorted(one["affiliation"] for one in document["conformity"]["measurements"]) == [
        "company",
        "independent",
        "independent",
    ]
    assert document["independent"] == {"units": 2, "contributors": 2, "laboratories": 0}
    bundle = json.loads(client.get(f"/api/v1/verdicts/{verdict.pk}/proof/").content)
    assert bundle["document"] == document

    report = reporting.discrepancy(scene.claim, Checkpoint.objects.latest("size"))
    told = {one["reference"]: one["affiliation"] for one in report["exhibits"]}
    assert (told[of_company.reference], told[of_owner.reference]) == ("company", "independent")
    aspect = next(one for one in report["aspects"] if one["measurements"])
    assert sorted(one["affiliation"] for one in aspect["measurements"]) == [
        "company",
        "independent",
        "independent",
    ]
    assert sorted(one["affiliation"] for one in report["teardowns"]) == [
        "company",
        "independent",
        "independent",
    ]


def test_who_acts_for_a_company_reads_it_before_submitting(
    scene: scenes.Scene, client: Client
) -> None:
    address = f"/claims/{scene.claim.reference}/file/"
    client.force_login(scene.owners[0])
    said = "does not count as independent evidence"
    assert said not in page_text(client.get(address, follow=True))
    speaks_for_it(scene)
    page = client.get(address, follow=True)
    assert page.status_code == 200
    assert said in page_text(page)
