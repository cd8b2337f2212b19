"""Quotes, replies and stories in any language: given by who enters them, kept, and named beside the
words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils.translation import override

from claims import actions as claims
from claims.fields import LanguageField
from claims.languages import language_name, language_tag, same_language
from claims.localized_text import write
from claims.models import Claim
from evidence.exhibits.models import Submission
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from reports.documents import report_files
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from verdicts import actions as verdicts
from verdicts.models import Reply

GERMAN = "Zwei Luftkanäle kühlen die Bremsen, größer als je zuvor."
ARABIC = "لم يصل أي هواء إلى المكابح."
FRENCH = "Nous ne sommes pas d’accord."


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        ("de", "de"), ("DE", "de"), ("deu", "de"), ("German", "de"), ("Deutsch", "de"),
        ("德语", "de"), ("de_AT", "de-AT"),
        ("pt-br", "pt-BR"), ("zh", "zh-Hans"), ("zh-cn", "zh-Hans"), ("zh-TW", "zh-Hant-TW"),
        ("zh-hant", "zh-Hant"),
        ("cmn-Hans-CN", "zh-Hans"), (" en-gb ", "en-GB"), ("sr-latn-rs", "sr-Latn-RS"),
        ("es-419", "es-419"), ("yue", "yue"),
        ("ca-es-valencia", "ca-ES-valencia"), ("de-1996", "de-1996"), ("und", "und"),
        ("ｄｅ", "de"), ("EN", "en"), ("简体中文", "zh-Hans"),
    ],
)  # fmt: skip
def test_a_language_is_known_by_its_tag_or_its_name(given: str, tag: str) -> None:
    assert language_tag(given) == tag
    assert language_tag(tag) == tag


@pytest.mark.parametrize(
    "given",
    [
        "", "xx", "qq-DE", "Klingonisch", "e", "en-", "en--GB", "de-A", "12", "en;DROP", "x" * 5000,
        "en-" + "abcde-" * 20, "字", "d e",
    ],
)  # fmt: skip
def test_what_names_no_language_is_refused_in_a_sentence(given: str) -> None:
    with pytest.raises(ValidationError) as refused:
        language_tag(given)
    assert len(refused.value.messages[0]) < 200


def test_a_language_is_called_by_its_name_in_the_language_of_the_page() -> None:
    with override("zh-hans"):
        assert [language_name(one) for one in ("de", "de-AT", "zh-Hant", "xyz")] == [
            "德语",
            "德语 (de-AT)",
            "繁体中文",
            "xyz",
        ]
    with override("en"):
        assert [language_name(one) for one in ("de", "pt-BR", "und")] == [
            "German",
            "Brazilian Portuguese",
            "language not known",
        ]
    assert same_language("en-GB", "en")
    assert not same_language("zh-Hant", "zh-Hans")


def test_a_form_offers_languages_by_name_and_takes_any() -> None:
    field = LanguageField(label="Language")
    assert field.clean("Deutsch") == "de"
    shown = field.widget.render("lang", "zh-Hans", {"id": "id_lang"})
    assert 'list="id_lang_languages"' in shown
    assert '<datalist id="id_lang_languages">' in shown
    assert '<option value="de">German</option>' in shown
    with pytest.raises(ValidationError):
        field.clean("")


@shared_scene
def scene() -> scenes.Scene:
    """A German quote without a translation, a summary in Chinese alone, an Arabic story, a French
    reply, and a verdict."""
    scene = scenes.build_claim()
    claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason="It was said in German.",
        quote=GERMAN,
        quote_lang="de",
        summary=write("zh-Hans", "风道"),
        now=scene.now,
    )
    scene.claim = Claim.objects.get(pk=scene.claim.pk)
    return scene


@pytest.mark.django_db
def test_pages_lists_and_api_show_words_of_any_language_with_its_name(
    client: Client, scene: scenes.Scene, settings: Any, tmp_path: Any
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    scenes.build_findings(scenes.build_evidence(scene))
    invitation = verdicts.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有空气。"),
        now=scene.now - timedelta(days=40),
    )
    company = scenes.person("company", "company_representative", organisation=brand(scene))
    verdicts.record_reply(
        by=company,
        invitation=invitation,
        body=FRENCH,
        lang="fr",
        now=scene.now - timedelta(days=30),
    )
    verdict = verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    names = {"en": ("German", "French"), "zh-hans": ("德语", "法语")}
    for lang, (german, french) in names.items():
        asked = {"accept-language": lang}
        for path in (f"/claims/{scene.claim.reference}/", f"/verdicts/{verdict.reference}/"):
            page = page_text(client.get(path, headers=asked))
            assert re.search(rf'<blockquote class="quote" lang="de"><p>.*{GERMAN[:20]}', page), path
            assert german in page, path
            assert re.search(r'lang="fr">\s*(<p>)?Nous', page), path
            assert french in page, path
        for path in (
            "/claims/",
            "/",
            f"/companies/{scene.company.pk}/",
            f"/products/{scene.product.pk}/",
            "/feeds/verdicts.atom",
            "/record/",
        ):
            assert client.get(path, headers=asked).status_code == 200, path
    told = client.get(f"/api/v1/claims/{scene.claim.pk}/").json()
    assert (
        told["quote"],
        told["quote_lang"],
        told["quote_translation"],
        told["summary"]["lang"],
    ) == (GERMAN, "de", None, "zh-Hans")
    document = client.get(f"/api/v1/verdicts/{verdict.pk}/").json()
    assert (document["claim"]["quote_lang"], document["reply"]["lang"]) == ("de", "fr")
    review = client.get(f"/api/v1/verdicts/{verdict.pk}/?format=jsonld").json()
    assert review["itemReviewed"]["inLanguage"] == "de"


@pytest.mark.django_db
def test_the_history_calls_languages_by_their_names(client: Client, scene: scenes.Scene) -> None:
    sequence()
    path = f"/claims/{scene.claim.reference}/history/"
    assert "German" in page_text(client.get(path, headers={"accept-language": "en"}))
    assert "德语" in page_text(client.get(path, headers={"accept-language": "zh-hans"}))


@pytest.mark.django_db
def test_a_report_of_words_in_any_script_is_built(
    scene: scenes.Scene, settings: Any, tmp_path: Any
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    quote = f"{GERMAN} {ARABIC} ราคา 42,000 บาท · दो वायु नलिकाएँ · שני צינורות אוויר"
    claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason="Again.",
        quote=quote,
        quote_lang="mul",
        now=scene.now,
    )
    sequence()
    head = Checkpoint.objects.order_by("-size")[0]
    built = report_files.make(report_files.gather_discrepancy(scene.claim.pk, head))
    assert built.report["claim"]["quote"]["lang"] == "mul"
    assert {name for name in built.files if name.endswith(".pdf")} == {
        "report.en.pdf",
        "report.zh.pdf",
    }


@pytest.mark.django_db
def test_a_story_is_filed_in_its_own_language_by_form_and_api(
    client: Client, scene: scenes.Scene
) -> None:
    owner = scene.owners[0]
    client.force_login(owner)
    sent = {
        "claim": str(scene.claim.pk),
        "narrative": ARABIC,
        "narrative_lang": "Arabic",
        "licence": "show",
    }
    answer = client.post("/api/v1/submissions/", sent)
    assert answer.status_code == 201, answer.content
    assert answer.json()["narrative_lang"] == "ar"
    refused = client.post(
        "/api/v1/submissions/", {**sent, "narrative_lang": "klingonisch", "narrative": "x"}
    )
    assert refused.status_code == 400
    assert "is not a language" in str(refused.json()["errors"]["narrative_lang"])
    missing = client.post(
        "/api/v1/submissions/",
        {name: value for name, value in sent.items() if name != "narrative_lang"},
    )
    assert missing.status_code == 400
    submission = Submission.objects.get()
    page = page_text(
        client.get(f"/submissions/{submission.reference}/", headers={"accept-language": "en"})
    )
    assert f'<div lang="ar"><p>{ARABIC}</p></div>' in page
    assert "(in Arabic)" in page
    client.force_login(scene.second_moderator)
    page = page_text(
        client.get(
            f"/desk/submissions/{submission.reference}/", headers={"accept-language": "zh-hans"}
        )
    )
    assert "阿拉伯语" in page


@pytest.mark.django_db
def test_no_action_keeps_a_language_that_is_none(scene: scenes.Scene) -> None:
    for wrong in ("german", "xx", "de_AT", "zh"):
        with pytest.raises(ValidationError):
            claims.revise_claim(
                by=scene.moderator, claim=scene.claim, reason="x", quote_lang=wrong, now=scene.now
            )
        with pytest.raises(ValidationError):
            scenes.filing.file_submission(
                by=scene.owners[0],
                claim=scene.claim,
                narrative="x",
                narrative_lang=wrong,
                licence="show",
                now=scene.now,
                photos=[],
            )
    assert not Reply.objects.exists()


def brand(scene: scenes.Scene) -> Any:
    from accounts.actions import found_organisation
    from ledger import SYSTEM

    found = found_organisation(
        by=SYSTEM, kind="company", name="Brand", website="https://brand.example/", now=scene.now
    )
    claims.represent_company(by=SYSTEM, company=scene.company, organisation=found, now=scene.now)
    return found
