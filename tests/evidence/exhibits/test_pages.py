"""Filing, one's own submissions, and the review at the desk."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import ledger
from accounts.actions import found_organisation
from claims.editing import version
from claims.localized_text import write
from engines.storage.blobs import NoSpaceError
from evidence.exhibits.actions import filing
from evidence.exhibits.models import (
    CustodyEvent,
    Exhibit,
    Measurement,
    SealedView,
    Submission,
    TeardownStep,
)
from evidence.sources.models import Alert
from evidence.stores import originals
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def photo(name: str = "duct.jpg", content: bytes = b"a photo") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def form(client: Client, scene: scenes.Scene, **more: Any) -> dict[str, Any]:
    """What the filing page's form sends, its hidden key included."""
    page = page_text(client.get(f"/claims/{scene.claim.reference}/file/"))
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert key
    return {
        "narrative": "No air came through.",
        "narrative_lang": "en",
        "licence": "cc-by-4.0",
        "consent": "on",
        "contact": "me@secret.example",
        "idempotency_key": key[1],
        "photos": [photo(), photo("second.jpg", b"another")],
        **more,
    }


def test_filing_stores_several_photos_and_leads_to_the_submission(scene: scenes.Scene) -> None:
    client = signed_in(scene.owners[0])
    answer = client.post(f"/claims/{scene.claim.reference}/file/", form(client, scene))
    submission = Submission.objects.get()
    assert answer["Location"] == f"/submissions/{submission.reference}/"
    assert [
        originals().path(str(ledger.unseal(one, "digest"))).read_bytes()
        for one in Exhibit.objects.order_by("number")
    ] == [
        b"a photo",
        b"another",
    ]
    page = page_text(client.get(answer["Location"]))
    assert "received" in page
    assert submission.pseudonym in page
    assert submission.reference in page_text(client.get("/submissions/"))


def test_my_submissions_say_how_far_their_files_are_until_all_are_read(scene: scenes.Scene) -> None:
    client = signed_in(scene.owners[0])
    client.post(f"/claims/{scene.claim.reference}/file/", form(client, scene))
    page = page_text(client.get("/submissions/"))
    assert "0 of 2 files processed" in page
    assert 'hx-trigger="every 3s"' in page
    Exhibit.objects.filter(number=1).update(status="ready")
    fragment = page_text(client.get("/submissions/", headers={"HX-Request": "true"}))
    assert "1 of 2 files processed" in fragment
    assert "<html" not in fragment
    Exhibit.objects.filter(number=2).update(status="unreadable")
    page = page_text(client.get("/submissions/"))
    assert "1 cannot be displayed" in page
    assert "hx-trigger" not in page, "when all are read it asks no more"


def test_the_same_form_sent_twice_is_one_submission(scene: scenes.Scene) -> None:
    client = signed_in(scene.owners[0])
    sent = form(client, scene)
    answers = [
        client.post(f"/claims/{scene.claim.reference}/file/", {**sent, "photos": [photo()]})
        for _ in range(2)
    ]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Submission.objects.count() == 1
    client.post(
        f"/claims/{scene.claim.reference}/file/", {**form(client, scene), "photos": [photo()]}
    )
    assert Submission.objects.count() == 2  # a new form is a new act


def test_what_was_typed_is_kept_when_something_is_wrong(scene: scenes.Scene, settings: Any) -> None:
    client = signed_in(scene.owners[0])
    path = f"/claims/{scene.claim.reference}/file/"
    sent = form(client, scene)
    answer = client.post(path, {**sent, "consent": ""})
    page = page_text(answer)
    assert answer.status_code == 400
    assert "No air came through." in page
    assert sent["idempotency_key"] in page
    assert "choose those again" not in page  # they were kept as well
    assert page.count('name="staged"') == 2
    settings.EXHIBIT_MAX_BYTES = 3
    answer = client.post(path, {**sent, "photos": [photo()]})
    assert answer.status_code == 413
    assert "larger than" in page_text(answer)
    assert "No air came through." in page_text(answer)
    settings.EXHIBIT_MAX_BYTES = 10_000
    settings.SUBMISSION_MAX_EXHIBITS = 1
    answer = client.post(path, {**sent, "photos": [photo(), photo()]})
    assert answer.status_code == 400
    assert "At most 1 photos" in page_text(answer)
    assert not Submission.objects.exists()


def test_a_full_disk_is_507_and_loses_nothing_typed(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(stream: object) -> None:
        raise NoSpaceError(0, 1)

    client = signed_in(scene.owners[0])
    sent = form(client, scene)
    monkeypatch.setattr(filing, "receive", full)
    answer = client.post(f"/claims/{scene.claim.reference}/file/", sent)
    assert answer.status_code == 507
    assert "No air came through." in page_text(answer)
    assert not Submission.objects.exists()


def test_the_limits_are_said_before(scene: scenes.Scene) -> None:
    page = page_text(signed_in(scene.owners[0]).get(f"/claims/{scene.claim.reference}/file/"))
    assert "Up to 20 files of at most 40.0" in page
    assert "Confidential:" in page
    assert " multiple" in page


@pytest.mark.parametrize("lang", ["en", "pt-BR", "ar"])
def test_a_teardown_with_measurements_is_filed_from_the_page(
    scene: scenes.Scene, lang: str
) -> None:
    client = signed_in(scene.owners[0])
    teardown = {
        "teardown-title": "Blower test",
        "teardown-unit_label": "Car 1",
        "teardown-serial": "VIN1",
        "teardown-performed_date": "2025-05-01",
        "step-1-done": "Blower at the inlet",
        "step-1-photo": "1",
        "step-2-done": "Smoke at the inlet",
        "measurement-1-aspect": str(scene.ducts.pk),
        "measurement-1-quantity": "air speed",
        "measurement-1-value": "0.02",
        "measurement-1-standard_uncertainty": "0.02",
        "measurement-1-unit_name": "m/s",
        "measurement-1-instrument": "anemometer",
        "measurement-1-method": "at the outlet",
    }
    incomplete = {**teardown, "measurement-1-standard_uncertainty": ""}
    answer = client.post(
        f"/claims/{scene.claim.reference}/file/", form(client, scene, **incomplete)
    )
    assert "without it a number proves little" in page_text(answer)
    answer = client.post(
        f"/claims/{scene.claim.reference}/file/",
        form(client, scene, narrative_lang=lang, **teardown),
    )
    assert answer.status_code == 302, page_text(answer)
    assert {step.done["lang"] for step in TeardownStep.objects.all()} == {lang}
    assert str(Measurement.objects.get().value.normalize()) == "0.02"
    assert [step.exhibit is None for step in TeardownStep.objects.order_by("number")] == [
        False,
        True,
    ]
    page = page_text(client.get(answer["Location"]))
    assert (
        page.index("Blower test")
        < page.index("Blower at the inlet")
        < page.index("Smoke at the inlet")
    )


def test_a_filer_files_for_the_own_organisation_alone(scene: scenes.Scene) -> None:
    laboratory = found_organisation(
        by=ledger.SYSTEM, kind="laboratory", name="Air laboratory", now=scene.now
    )
    other = found_organisation(
        by=ledger.SYSTEM, kind="consumer_group", name="Another group", now=scene.now
    )
    client = signed_in(scenes.person("filer", "filer", organisation=laboratory))
    path = f"/claims/{scene.claim.reference}/file/"
    page = page_text(client.get(path))
    assert "Air laboratory" in page
    assert "Another group" not in page
    assert client.post(path, form(client, scene, organisation=str(other.pk))).status_code == 400
    assert (
        client.post(path, form(client, scene, organisation=str(laboratory.pk))).status_code == 302
    )
    assert Submission.objects.get().organisation == laboratory
    assert "On behalf of" not in page_text(signed_in(scene.owners[0]).get(path))


def test_a_withdrawn_claim_takes_no_evidence_and_says_why(scene: scenes.Scene) -> None:
    scenes.claims.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="A double.", now=scene.now
    )
    client = signed_in(scene.owners[0])
    page = page_text(client.get(f"/claims/{scene.claim.reference}/file/"))
    assert "<button disabled>" in page
    assert "no longer accepts evidence on it" in page
    assert (
        client.post(f"/claims/{scene.claim.reference}/file/", form(client, scene)).status_code
        == 403
    )


def test_nobody_sees_the_submission_of_another(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    submission, exhibit = scene.submissions[0], Exhibit.objects.get(submission=scene.submissions[0])
    other = signed_in(scene.owners[1])
    for path in (
        f"/submissions/{submission.reference}/",
        f"/desk/exhibits/{exhibit.reference}/picture",
    ):
        assert other.get(path).status_code == 404
        assert Client().get(path).status_code == 302
    assert other.post(f"/desk/exhibits/{exhibit.reference}/original").status_code == 404
    assert (
        other.post(f"/submissions/{submission.reference}/withdraw/", {"reason": "x"}).status_code
        == 404
    )
    assert other.get(f"/desk/submissions/{submission.reference}/").status_code == 403


def test_an_original_leaves_only_as_a_recorded_download(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    exhibit = Exhibit.objects.get(submission=scene.submissions[0])
    path = f"/desk/exhibits/{exhibit.reference}/original"
    client = signed_in(scene.moderator)
    # a link that is followed by a program would record a view that nobody had
    assert client.get(path).status_code == 405
    response = client.post(path)
    body = response.getvalue()
    for close in response._resource_closers:
        close()
    assert body == b"photo 1"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (
        CustodyEvent.objects.filter(
            exhibit=exhibit, kind="original_viewed", agent=scene.moderator.pseudonym
        ).count()
        == 1
    )


def decide(scene: scenes.Scene, submission: Submission, **more: str) -> dict[str, str]:
    reference = Exhibit.objects.get(submission=submission).reference
    return {
        "version": version(submission),
        "decision": "accepted",
        "reason_en": "Clear photos.",
        "reason_zh_Hans": "",
        f"{reference}-source": "B",
        f"{reference}-information": "2",
        f"{reference}-why_en": "Known owner.",
        f"{reference}-caption_en": "A duct",
        f"{reference}-caption_zh_Hans": "风道",
        **more,
    }


def test_a_moderator_accepts_with_grades_and_captions(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    submission = scene.submissions[0]
    client = signed_in(scene.moderator)
    path = f"/desk/submissions/{submission.reference}/"
    others = [f"/desk/submissions/{one.reference}/" for one in scene.submissions[1:]]
    assert client.post(path, decide(scene, submission))["Location"] in others  # the next that waits
    exhibit = Exhibit.objects.get(submission=submission)
    assert (exhibit.grade_source, exhibit.grade_information) == ("B", "2")
    assert exhibit.caption["translations"]["zh-Hans"]["text"] == "风道"
    page = page_text(client.get(path))
    assert "Clear photos." in page
    assert 'name="decision"' not in page
    assert any(f'href="{one}"' in page for one in others)
    # said as a message, not done twice
    late = client.post(path, decide(scene, submission, reason_en="My own words."))
    assert late.status_code == 409
    assert "My own words." in page_text(late)
    assert "A duct" in page_text(late)
    assert CustodyEvent.objects.filter(exhibit=exhibit, kind="published").count() == 1


def test_after_the_last_decision_the_page_says_that_nothing_waits(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    client = signed_in(scene.moderator)
    for submission in scene.submissions:
        path = f"/desk/submissions/{submission.reference}/"
        answer = client.post(path, decide(scene, submission))
    assert answer["Location"] == path
    page = page_text(client.get(path))
    assert "No other submissions await a decision." in page
    assert "is now “accepted”" in page


def test_a_suggested_reason_is_filled_in_and_decides_nothing(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    submission = scene.submissions[0]
    client = signed_in(scene.moderator)
    path = f"/desk/submissions/{submission.reference}/"
    sent = decide(scene, submission, reason_en="Own words.", suggest="twice")
    answer = client.post(path, sent)
    page = page_text(answer)
    assert answer.status_code == 200
    assert "Own words.\nThe same picture was submitted before. Duplicate photos count once." in page
    assert "同一张图片此前已有人提交" in page
    assert re.search(r'value="refused"[^>]* checked', page)
    assert "Known owner." in page
    assert 'value="B" selected' in page
    other = client.post(
        path,
        {
            **sent,
            "reason_en": "The same picture was submitted before. Duplicate photos count once.",
            "suggest": "whole",
        },
    )
    assert "count once.</textarea>" not in page_text(other), "one suggestion gives way to another"
    kept = client.post(path, {**sent, "suggest": ""})  # Enter in a line of text
    assert "Own words." in page_text(kept)
    submission.refresh_from_db()
    assert submission.status == "received"


def test_what_is_sealed_is_opened_only_by_an_act_that_is_recorded(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    submission = scene.submissions[0]
    exhibit = Exhibit.objects.get(submission=submission)
    ledger.seal(
        exhibit, metadata='{"gps_latitude": "39.9", "gps_longitude": "116.4", "model": "A camera"}'
    )
    exhibit.save(update_fields=["metadata"])
    client = signed_in(scene.moderator)
    path = f"/desk/submissions/{submission.reference}/"
    closed = page_text(client.get(path))
    assert "owner1@secret.example" not in closed
    assert "A camera" not in closed
    assert "Not opened yet." in closed
    answer = client.post(f"{path}sealed/", {"reason_en": "Half a sentence"})
    page = page_text(answer)
    assert "no-store" in answer["Cache-Control"]
    for words in ("owner1@secret.example", "39.9, 116.4", "A camera", "Half a sentence"):
        assert words in page
    assert SealedView.objects.get(submission=submission).agent == scene.moderator.pseudonym
    again = page_text(client.get(path))
    assert "owner1@secret.example" not in again
    assert scene.moderator.pseudonym in again


def test_who_filed_it_and_who_does_not_decide_open_nothing(scene: scenes.Scene) -> None:
    scenes.grant_role(
        by=ledger.SYSTEM,
        user=scene.owners[0],
        organisation=scenes.operator_body(),
        role="moderator",
        now=scene.now,
    )
    scenes.build_evidence(scene, accept=False)
    path = f"/desk/submissions/{scene.submissions[0].reference}/sealed/"
    for user in (scene.owners[0], scene.adjudicator, scenes.person("auditor", "auditor")):
        assert signed_in(user).post(path).status_code == 403
    assert not SealedView.objects.exists()


def test_half_a_grade_is_refused_and_kept(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    submission = scene.submissions[0]
    reference = Exhibit.objects.get(submission=submission).reference
    answer = signed_in(scene.moderator).post(
        f"/desk/submissions/{submission.reference}/",
        decide(scene, submission, **{f"{reference}-information": ""}),
    )
    assert answer.status_code == 400
    assert "A grade needs a letter, a number and a reason." in page_text(answer)
    assert "Known owner." in page_text(answer)
    submission.refresh_from_db()
    assert submission.status == "received"


def test_who_filed_it_cannot_decide_on_it(scene: scenes.Scene) -> None:
    scenes.grant_role(
        by=ledger.SYSTEM,
        user=scene.owners[0],
        organisation=scenes.operator_body(),
        role="moderator",
        now=scene.now,
    )
    scenes.build_evidence(scene, accept=False)
    client = signed_in(scene.owners[0])
    path = f"/desk/submissions/{scene.submissions[0].reference}/"
    page = page_text(client.get(path))
    assert "You submitted this yourself" in page
    assert "<button disabled>" in page
    assert client.post(path, decide(scene, scene.submissions[0])).status_code == 403


def test_an_auditor_sees_the_process_and_no_sealed_contact(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    auditor = scenes.person("auditor", "auditor")
    path = f"/desk/submissions/{scene.submissions[0].reference}/"
    page = page_text(signed_in(auditor).get(path))
    assert "owner1@secret.example" not in page
    assert signed_in(auditor).post(path, decide(scene, scene.submissions[0])).status_code == 403


def test_the_same_file_twice_is_pointed_out(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    client = signed_in(scene.owners[1])
    client.post(
        f"/claims/{scene.claim.reference}/file/",
        form(client, scene, photos=[photo(content=b"photo 1")]),
    )
    again = Submission.objects.order_by("-filed_at").first()
    assert again is not None
    page = page_text(signed_in(scene.moderator).get(f"/desk/submissions/{again.reference}/"))
    assert "Duplicate files count once." in page
    assert "the same file, byte for byte" in page
    assert Exhibit.objects.get(submission=scene.submissions[0]).reference in page
    other = page_text(
        signed_in(scene.moderator).get(f"/desk/submissions/{scene.submissions[1].reference}/")
    )
    assert "Duplicate files count once." not in other


def test_an_owner_withdraws_with_a_reason(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene)
    submission = scene.submissions[0]
    client = signed_in(scene.owners[0])
    exhibit = Exhibit.objects.get(submission=submission)
    assert Client().get(f"/exhibits/{exhibit.reference}/").status_code == 200
    client.post(f"/submissions/{submission.reference}/withdraw/", {"reason": " "})
    submission.refresh_from_db()
    assert submission.status == "accepted"
    client.post(f"/submissions/{submission.reference}/withdraw/", {"reason": "I was asked to."})
    assert Client().get(f"/exhibits/{exhibit.reference}/").status_code == 404
    assert "withdrawn by the submitter" in page_text(
        client.get(f"/submissions/{submission.reference}/")
    )


def test_an_alert_is_taken_note_of(scene: scenes.Scene) -> None:
    alert = Alert.objects.create(
        kind="source_gone", claim=scene.claim, source=scene.source, created_at=timezone.now()
    )
    client = signed_in(scene.moderator)
    assert f"/desk/alerts/{alert.pk}/handle/" in page_text(client.get("/desk/"))
    assert client.post(f"/desk/alerts/{alert.pk}/handle/")["Location"] == "/desk/"
    alert.refresh_from_db()
    assert alert.handled_by == scene.moderator


@pytest.mark.parametrize("path", ["/submissions/", "/desk/", "/desk/?show=submissions"])
def test_lists_of_submissions_cost_the_same_for_ten_and_twenty(
    scene: scenes.Scene, path: str
) -> None:
    client = signed_in(scene.owners[0] if path == "/submissions/" else scene.moderator)

    def grow() -> None:
        for _ in range(10):
            filing.file_submission(
                by=scene.owners[0],
                claim=scene.claim,
                narrative="x",
                narrative_lang="en",
                licence="show",
                now=timezone.now(),
                photos=[filing.NewPhoto(filing.receive(photo().file), "a.jpg", write("en", "x"))],
            )

    counts = []
    for _ in range(2):
        grow()
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("lang", "button"), [("en", "Send reply"), ("zh-hans", "发送回复")])
def test_an_owner_answers_a_question_on_the_page_and_the_desk_reads_it(
    lang: str, button: str
) -> None:
    scene = scenes.build_claim()
    submission = filing.file_submission(
        by=scene.owners[0],
        claim=scene.claim,
        narrative="x",
        narrative_lang="en",
        licence="show",
        photos=[],
        now=scene.now,
    )
    filing.decide_submission(
        by=scene.moderator,
        submission=submission,
        decision="returned",
        reason=write("en", "Which side?"),
        now=scene.now,
    )
    owner, desk, address = (
        Client(headers={"accept-language": lang}),
        Client(),
        f"/submissions/{submission.reference}/",
    )
    owner.force_login(scene.owners[0])
    desk.force_login(scene.moderator)
    assert button in page_text(owner.get(address))
    empty = owner.post(f"{address}answer/", {"answer": " ", "answer_lang": "en"})
    assert empty.status_code == 400
    assert button in page_text(empty)
    said = {
        "answer": "On the <left>.",
        "answer_lang": "en",
        "photos": SimpleUploadedFile("b.jpg", scenes.picture(2)),
    }
    assert owner.post(f"{address}answer/", said).status_code == 302
    page = page_text(owner.get(address))
    assert "On the &lt;left&gt;." in page
    assert button not in page
    review = page_text(desk.get(f"/desk/submissions/{submission.reference}/"))
    assert "Which side?" in review
    assert "On the &lt;left&gt;." in review
    late = owner.post(
        f"{address}answer/",
        said | {"photos": SimpleUploadedFile("c.jpg", scenes.picture(3))},
        follow=True,
    )
    assert late.redirect_chain == [(address, 302)]
    assert Exhibit.objects.count() == 1


def test_the_desk_refuses_a_returned_submission_that_is_never_answered() -> None:
    scene = scenes.build_claim()
    submission = filing.file_submission(
        by=scene.owners[0],
        claim=scene.claim,
        narrative="x",
        narrative_lang="en",
        licence="show",
        photos=[],
        now=scene.now,
    )
    filing.decide_submission(
        by=scene.moderator,
        submission=submission,
        decision="returned",
        reason=write("en", "Which side?"),
        now=scene.now,
    )
    desk, address = Client(), f"/desk/submissions/{submission.reference}/"
    desk.force_login(scene.moderator)
    page = page_text(desk.get(address))
    submission.refresh_from_db()
    assert "Close without a reply" in page
    assert version(submission) in page
    sent = {
        "decision": "refused",
        "reason_en": "No answer came.",
        "reason_zh_Hans": "没有答复。",
        "version": version(submission),
    }
    assert desk.post(address, sent).status_code == 302
    assert "not accepted" in page_text(desk.get(address))
