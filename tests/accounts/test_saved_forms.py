"""A form outlives its session, for its own account alone, and is done once."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import saved_forms
from accounts.models import ApiKey, SentForm, User
from accounts.saved_forms import PURPOSE
from claims.models import Claim, LegalEntity
from evidence.exhibits.models import Submission
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from verdicts.models import Finding, Incident, Invitation

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def browser(user: User | None = None) -> Client:
    client = Client(headers={"accept-language": "en"}, enforce_csrf_checks=False)
    if user is not None:
        client.force_login(user)
    return client


def sign_in(client: Client, user: User, next_: str) -> str:
    user.emailaddress_set.get_or_create(email=user.email, verified=True, primary=True)
    answer = client.post(
        "/account/login/", {"login": user.email, "password": PASSWORD, "next": next_}
    )
    return str(answer["Location"])


def keys(page: Any) -> list[str]:
    return re.findall(r'name="form_key" value="([^"]+)"', page_text(page))


def filled(scene: scenes.Scene, **more: str) -> dict[str, str]:
    return {
        "quote": "It lasts five days.", "quote_lang": "en", "summary_en": "Five days",
        "summary_zh_Hans": "五天", "kind": "express",
        "product": str(scene.product.pk), "channel": "social_post",
        "aspect-1-statement_en": "five days", "aspect-1-statement_zh_Hans": "五天",
        **{f"aspect-{n}-kind": "function" for n in (1, 2, 3)}, **more,
    }  # fmt: skip


# --- a form that comes twice ----------------------------------------------------------------------


def test_back_and_register_again_is_one_claim(scene: scenes.Scene) -> None:
    client = browser(scene.moderator)
    sent = filled(scene, form_key=keys(client.get("/desk/claims/new/"))[0])
    first = client.post("/desk/claims/new/", sent)
    again = client.post("/desk/claims/new/", sent)
    assert first.status_code == again.status_code == 302
    assert first["Location"] == again["Location"]
    assert Claim.objects.count() == 2
    assert "It is saved once" in page_text(client.get("/desk/claims/new/"))
    changed = client.post("/desk/claims/new/", {**sent, "summary_en": "Six days"})
    page = page_text(changed)
    assert changed.status_code == 400
    assert "saved at" in page
    assert first["Location"] in page
    assert "Six days" in page
    assert Claim.objects.count() == 2
    another = {**sent, "summary_en": "Six days", "form_key": keys(changed)[0], "different": "on"}
    assert client.post("/desk/claims/new/", another).status_code == 302
    assert Claim.objects.count() == 3


def test_a_form_that_was_refused_can_be_sent_again(scene: scenes.Scene) -> None:
    client = browser(scene.moderator)
    key = keys(client.get("/desk/claims/new/"))[0]
    assert (
        client.post("/desk/claims/new/", filled(scene, form_key=key, kind="puffery")).status_code
        == 400
    )
    assert client.post("/desk/claims/new/", filled(scene, form_key=key)).status_code == 302


def test_every_form_that_creates_is_done_once(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene)
    moderator = browser(scene.moderator)
    desk, company = f"/desk/claims/{scene.claim.reference}/", scene.company.pk
    exhibit = scene.exhibits(status="accepted")[0].reference
    both = {
        f"{name}_{lang}": "No air."
        for name in ("allegation", "title", "name", "reasoning", "caption")
        for lang in ("en", "zh_Hans")
    }
    forms: list[tuple[Client, str, dict[str, Any], Any]] = [
        (moderator, desk, {"do": "invite", **both}, Invitation),
        (
            moderator,
            f"/desk/companies/{company}/entities/",
            {"do": "entity", "jurisdiction": "CN", **both},
            LegalEntity,
        ),
        (moderator, f"/desk/companies/{company}/incidents/", {"do": "incident", **both}, Incident),
        (
            moderator,
            f"/desk/aspects/{scene.ducts.pk}/finding/",
            {"conclusion": "contradicts", "exhibits": [exhibit], **both},
            Finding,
        ),
        (moderator, "/account/keys/", {"label": "x", "scopes": ["read"], "days": "30"}, ApiKey),
        (
            browser(scene.owners[1]),
            f"/claims/{scene.claim.reference}/file/",
            {
                "narrative": "No air.",
                "narrative_lang": "en",
                "licence": "show",
                "consent": "on",
                "idempotency_key": "k1",
            },
            Submission,
        ),
    ]
    for client, path, data, model in forms:
        before, page = model.objects.count(), client.get(path)
        assert page.status_code == 200, path
        sent = {**data, "form_key": keys(page)[0]}
        answers = [client.post(path, sent) for _ in range(2)]
        assert [one.status_code for one in answers] in ([302, 302], [200, 302]), (
            path,
            page_text(answers[0])[-3000:],
        )
        assert model.objects.count() == before + 1, path


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_makes_the_claim() -> None:
    scene = scenes.build_claim()
    client = browser(scene.moderator)
    sent = filled(scene, form_key=keys(client.get("/desk/claims/new/"))[0])
    start, answers = threading.Barrier(3), []

    def click() -> None:
        start.wait()
        answers.append(client.post("/desk/claims/new/", sent)["Location"])
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert len(answers) == 3
    assert Claim.objects.count() == 2


def test_without_the_key_two_clicks_would_be_two_claims(scene: scenes.Scene) -> None:
    """Negative control, and the constraint that holds what the key promises."""
    client = browser(scene.moderator)
    for _ in range(2):
        client.post("/desk/claims/new/", filled(scene, different="on"))
    assert Claim.objects.count() == 3
    SentForm.objects.create(
        user=scene.moderator, key="k", content="", location="", sent_at=timezone.now()
    )
    with pytest.raises(IntegrityError, match="sent_form_once"), transaction.atomic():
        SentForm.objects.create(
            user=scene.moderator, key="k", content="", location="", sent_at=timezone.now()
        )


def test_nobody_sends_the_form_of_another_account(scene: scenes.Scene) -> None:
    key = keys(browser(scene.moderator).get("/desk/claims/new/"))[0]
    answer = browser(scene.second_moderator).post("/desk/claims/new/", filled(scene, form_key=key))
    assert answer.status_code == 400
    assert "Another account opened this form" in page_text(answer)
    assert Claim.objects.count() == 1


def test_what_was_sent_long_ago_is_forgotten(scene: scenes.Scene) -> None:
    old = timezone.now() - saved_forms.SENT_FOR - timedelta(days=1)
    SentForm.objects.create(user=scene.moderator, key="old", content="", location="", sent_at=old)
    client = browser(scene.moderator)
    client.post(
        "/desk/claims/new/", filled(scene, form_key=keys(client.get("/desk/claims/new/"))[0])
    )
    assert SentForm.objects.count() == 1


# --- a session that was lost ----------------------------------------------------------------------


def lose(client: Client) -> None:
    """As when the session has expired: the cookie is there and leads to nothing."""
    Session.objects.all().delete()


def test_a_session_lost_mid_form_keeps_what_was_typed(scene: scenes.Scene) -> None:
    client = browser(scene.moderator)
    key = keys(client.get("/desk/claims/new/"))[0]
    lose(client)
    answer = client.post("/desk/claims/new/", filled(scene, form_key=key))
    assert answer["Location"] == "/account/login/?next=/desk/claims/new/"
    assert "we kept your text" in page_text(client.get(answer["Location"]))
    assert Claim.objects.count() == 1
    assert sign_in(client, scene.moderator, "/desk/claims/new/") == "/desk/claims/new/"
    for _ in range(2):  # a reload loses nothing
        page = client.get("/desk/claims/new/")
        text = page_text(page)
        assert "It lasts five days." in text
        assert "五天" in text
        assert "is back in the form" in text
        assert f'value="{scene.product.pk}" selected' in text
    assert (
        client.post("/desk/claims/new/", filled(scene, form_key=keys(page)[0])).status_code == 302
    )
    assert Claim.objects.count() == 2
    assert "It lasts five days." not in page_text(client.get("/desk/claims/new/"))


def test_what_was_typed_is_for_nobody_else_at_the_same_browser(scene: scenes.Scene) -> None:
    client = browser(scene.moderator)
    key = keys(client.get("/desk/claims/new/"))[0]
    lose(client)
    client.post("/desk/claims/new/", filled(scene, form_key=key))
    sign_in(client, scene.second_moderator, "/desk/claims/new/")
    assert "It lasts five days." not in page_text(client.get("/desk/claims/new/"))
    assert PURPOSE not in client.session
    client.post("/account/logout/")
    sign_in(client, scene.moderator, "/desk/claims/new/")
    assert "It lasts five days." not in page_text(client.get("/desk/claims/new/"))


def test_what_is_kept_does_not_stand_in_the_open(scene: scenes.Scene) -> None:
    client = browser(scene.owners[0])
    path = f"/claims/{scene.claim.reference}/file/"
    key = keys(client.get(path))[0]
    lose(client)
    client.post(
        path,
        {
            "narrative": "No air.",
            "narrative_lang": "en",
            "contact": "+49 170 0000",
            "form_key": key,
            "consent": "on",
        },
    )
    kept = client.session[PURPOSE]
    assert "170" not in str(kept["typed"])
    sign_in(client, scene.owners[0], path)
    page = page_text(client.get(path))
    assert "No air." in page
    assert "+49 170 0000" in page


def test_strangers_and_forged_forms_fill_no_session(scene: scenes.Scene) -> None:
    assert browser().post("/desk/claims/new/", filled(scene, form_key="\x00")).status_code == 400
    for key in ("", "x", "a:b:c", "é" * 1000):
        client = browser()
        answer = client.post("/desk/claims/new/", filled(scene, form_key=key))
        assert answer["Location"].startswith("/account/login/")
        assert PURPOSE not in client.session
    mine = browser(scene.moderator)
    key = keys(mine.get("/desk/claims/new/"))[0]
    lose(mine)
    mine.post("/desk/claims/new/", filled(scene, form_key=key, quote="x" * 1_600_000))
    assert PURPOSE not in mine.session


def test_an_edit_is_restored_on_the_version_that_was_open(scene: scenes.Scene) -> None:
    client, path = browser(scene.moderator), f"/desk/claims/{scene.claim.reference}/revise/"
    page = client.get(path)
    version = re.search(r'name="version" value="([0-9a-f]+)"', page_text(page))
    assert version
    typed = {
        "do": "revise",
        "version": version[1],
        "quote": scenes.POST,
        "summary_en": "Mine",
        "summary_zh_Hans": "我的",
        "kind": "express",
    }
    lose(client)
    client.post(path, {**typed, "reason": "Because.", "form_key": keys(page)[0]})
    scenes.claims.revise_claim(
        by=scene.second_moderator, claim=scene.claim, reason="x", quote="Else.", now=scene.now
    )
    sign_in(client, scene.moderator, path)
    text = page_text(client.get(path))
    assert "Mine" in text
    assert "Because." in text
    assert (
        f'name="version" value="{version[1]}"' in text
    )  # so that the change of another is seen, not reverted
    assert client.post(path, {**typed, "reason": "Because."}).status_code == 409


def test_only_the_form_that_was_sent_is_filled_in_again(scene: scenes.Scene) -> None:
    client, path = browser(scene.moderator), f"/desk/companies/{scene.company.pk}/entities/"
    key = keys(client.get(path))[0]
    lose(client)
    client.post(
        path,
        {
            "do": "entity",
            "name_en": "A seller",
            "name_zh_Hans": "销售公司",
            "jurisdiction": "DE",
            "form_key": key,
        },
    )
    sign_in(client, scene.moderator, path)
    text = page_text(client.get(path))
    assert 'value="A seller"' in text
    assert 'value="DE"' in text
    other = page_text(client.get(f"/desk/companies/{scene.company.pk}/incidents/"))
    assert "A seller" not in other


def test_a_form_from_before_the_last_sign_in_is_shown_again_filled_in(scene: scenes.Scene) -> None:
    client = Client(headers={"accept-language": "en"}, enforce_csrf_checks=True)
    client.force_login(scene.moderator)
    page = client.get("/desk/claims/new/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page_text(page))
    assert token
    client.cookies["csrftoken"] = "x" * 32  # what signing in, in another tab, does to the token
    answer = client.post(
        "/desk/claims/new/", filled(scene, form_key=keys(page)[0], csrfmiddlewaretoken=token[1])
    )
    assert answer["Location"] == "/desk/claims/new/"
    assert "It lasts five days." in page_text(client.get("/desk/claims/new/"))
    assert Claim.objects.count() == 1
    stranger = keys(browser(scene.second_moderator).get("/desk/claims/new/"))[0]
    for key in ("", stranger):  # from another site, or another account's page
        assert client.post("/desk/claims/new/", filled(scene, form_key=key)).status_code == 403


def test_after_signing_in_a_lost_button_leads_back_to_its_page(scene: scenes.Scene) -> None:
    client = browser()
    button = "/account/keys/00000000-0000-4000-8000-000000000000/revoke/"
    answer = client.post(button, HTTP_REFERER="http://testserver/account/keys/?a=b")
    assert answer["Location"] == "/account/login/?next=/account/keys/%3Fa%3Db"
    for elsewhere in ("https://elsewhere.example/account/", "javascript:alert(1)", ""):
        assert (
            client.post(button, HTTP_REFERER=elsewhere)["Location"]
            == f"/account/login/?next={button}"
        )


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(scene: scenes.Scene) -> None:
    answer = browser().post(
        f"/desk/aspects/{scene.ducts.pk}/finding/",
        {"do": "preview"},
        headers={"hx-request": "true"},
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/account/login/")


def test_a_withdrawal_keeps_its_reason(scene: scenes.Scene) -> None:
    scenes.build_evidence(scene, accept=False)
    submission = scene.submissions[0]
    client, path = browser(submission.filed_by), f"/submissions/{submission.reference}/"
    key = keys(client.get(path))[-1]
    lose(client)
    answer = client.post(f"{path}withdraw/", {"reason": "I was asked to.", "form_key": key})
    assert answer["Location"] == f"/account/login/?next={path}"
    sign_in(client, submission.filed_by, path)
    assert "I was asked to." in page_text(client.get(path))


def test_every_form_that_is_typed_into_carries_the_key() -> None:
    """All templates of signed-in pages; the sign-in pages themselves, searches and single buttons
    keep nothing."""
    missing = []
    for path in Path(django_settings.BASE_DIR).glob("*/templates/**/*.html"):
        if {"account", "allauth", "mfa"} & set(path.parts):
            continue
        found = re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(), re.DOTALL)
        typed = [form for form in found if re.search(r"as_div|as_field_group|<textarea", form)]
        missing += [str(path) for form in typed if "{% form_key %}" not in form]
    assert not missing


def test_strangers_are_given_no_key() -> None:
    request = RequestFactory().get("/")
    request.user = object()  # type: ignore[assignment]
    assert saved_forms.new_key(request) == ""
