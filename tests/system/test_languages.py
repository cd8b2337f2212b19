"""The language stands in the address of every page, and in no address that programs read: which
answers where, what leads there, and what no cookie or header changes.

Asked for with RawClient, which adds nothing to an address and takes nothing off (see
`tests.clients`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import override

import config.languages
from accounts import saved_forms
from accounts.models import SentForm, User
from config.languages import asked_of
from tests import scenes
from tests.clients import RawClient
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from tests.system.test_permission_table import TABLE
from ui.languages import LanguagePrefix, in_page_language, without_language
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db
NOWHERE = "AC-0000-0000"


@pytest.fixture(autouse=True)
def _chinese_site(settings: Any) -> None:
    settings.LANGUAGE_CODE = "zh-hans"  # as in production


@pytest.fixture
def raw() -> RawClient:
    return RawClient()


@shared_scene
def verdict() -> Verdict:
    return scenes.build_verdict(scenes.build_claim())


def signed_in(user: User, **defaults: Any) -> RawClient:
    client = RawClient(**defaults)
    client.force_login(user)
    return client


def at(client: RawClient, path: str) -> Any:
    """The answer to a path as it stands, which Django's client would read as an address."""
    return client.get("/", PATH_INFO=path.encode().decode("latin-1"))


def lang_of(answer: Any) -> str:
    found = re.search(r'<html lang="([^"]+)"', answer.content.decode())
    assert found is not None
    return found[1]


def main_of(answer: Any) -> str:
    return page_text(answer).partition("<main")[2]


def other_language(answer: Any) -> str:
    """Where the link to the other language leads."""
    found = re.search(r'<a class="languages" href="([^"]*)"', answer.content.decode())
    assert found is not None
    return unescape(found[1])


# --- what programs read ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{}, {"accept-language": "fr"}, {"accept-language": "*"}, {"accept-language": "x" * 9000}],
)
def test_programs_that_ask_for_no_language_of_ours_are_answered_in_english(
    raw: RawClient, headers: dict[str, str]
) -> None:
    raw.cookies["django_language"] = "zh-hans"  # control: of an earlier version of this site
    for path in (
        "/api/v1/claims/",
        "/api/v1/schema/",
        "/api/v1/claims/?rating=wrong",
        "/api/v1/claims/?cursor=x",
        "/api/v1/nothing/",
    ):
        answer = raw.get(path, headers=headers)
        assert answer["Content-Language"] == "en", path
        assert "Accept-Language" in answer["Vary"], path
        if answer.status_code >= 400:
            assert not re.search("[\u4e00-\u9fff]", page_text(answer)), path


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [
        ("", "en"),
        ("zh", "zh-hans"),
        ("zh-TW", "zh-hans"),
        ("de, zh;q=0.1", "zh-hans"),
        ("en-GB,zh;q=0.9", "en"),
        ("\x00;;q=", "en"),
    ],
)
def test_the_first_language_of_ours_counts(accepted: str, lang: str) -> None:
    assert asked_of(accepted) == lang


def test_what_programs_read_has_one_address_in_no_language(
    raw: RawClient, verdict: Verdict
) -> None:
    for path in (
        "/api/v1/claims/", "/api/docs/", "/healthz", "/readyz", "/metrics",
        f"/verdicts/{verdict.reference}/chart.en.svg",
    ):  # fmt: skip
        assert raw.get(path).status_code in {200, 503}, path
        for start in ("/en", "/zh"):
            assert raw.get(f"{start}{path}").status_code == 404, path


def routes(resolver: URLResolver, named: bool = False) -> Iterator[tuple[URLPattern, bool]]:
    """Every route, and whether its address begins with a language."""
    for part in resolver.url_patterns:
        of_page = named or isinstance(part.pattern, LanguagePrefix)
        if isinstance(part, URLResolver):
            yield from routes(part, of_page)
        else:
            yield part, of_page


def test_every_page_for_people_has_its_language_in_its_address(
    raw: RawClient, verdict: Verdict
) -> None:
    """Without parameters all are tried; `pages` of the routes is what decides, and nothing that is
    answered as a page stands outside of it but the guide to the API."""
    outside = {part.name for part, of_page in routes(get_resolver()) if not of_page}
    inside = {part.name for part, of_page in routes(get_resolver()) if of_page}
    assert not outside & inside - {None}
    plain = [path for path, _ in TABLE.values() if "{" not in path and path != "/api/docs/"]
    assert len(plain) > 30
    for path in plain:
        answer = raw.get(path)
        if answer.headers.get("Content-Type", "").startswith("text/html") and answer.content:
            assert answer.status_code in {403, 404}, path
        for start in ("/en", "/zh"):
            if (there := raw.get(start + path)).status_code == 200 and b"<html" in there.content:
                assert lang_of(there) == ("en" if start == "/en" else "zh-Hans")
                assert answer["Location"] == f"/en{path}"


# --- the language of a page -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "lang", "code"), [("en", "en", "en"), ("zh", "zh-Hans", "zh-hans")]
)
def test_no_cookie_and_no_header_changes_the_language_of_an_address(
    raw: RawClient, verdict: Verdict, start: str, lang: str, code: str
) -> None:
    other = {"en": "zh-CN", "zh": "en"}[start]
    raw.cookies["django_language"] = other.lower()
    for path in ("", f"claims/{verdict.aspect.claim.reference}/", "account/login/"):
        answer = raw.get(f"/{start}/{path}", headers={"accept-language": other})
        assert (answer.status_code, lang_of(answer)) == (200, lang)
        assert answer["Content-Language"] == code
        assert "Accept-Language" not in answer.get("Vary", "")
    feed = raw.get(f"/{start}/feeds/verdicts.atom", headers={"accept-language": other})
    assert f'xml:lang="{code}"' in feed.content.decode()


def test_an_error_is_told_in_the_language_of_its_address(
    raw: RawClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start, lang, accepted in (("en", "en", "zh"), ("zh", "zh-Hans", "en")):
        for path in ("nowhere/", f"claims/{NOWHERE}/", "zh/", "en/claims/"):
            answer = raw.get(f"/{start}/{path}", headers={"accept-language": accepted})
            assert (answer.status_code, lang_of(answer)) == (404, lang), path
            assert b"hreflang" not in answer.content.partition(b"<body")[0]
            assert other_language(answer) == f"/{'zh' if start == 'en' else 'en'}/{path}"
        strict = RawClient(enforce_csrf_checks=True)
        stale = strict.post(f"/{start}/account/login/", headers={"accept-language": accepted})
        assert (stale.status_code, lang_of(stale)) == (403, lang)
        asking = f"/{start}/claims/?q=brakes"
        settings.EXPENSIVE_READS = 1
        cache.clear()
        raw.get(asking)
        waiting = raw.get(asking, headers={"accept-language": accepted})
        assert (waiting.status_code, lang_of(waiting)) == (429, lang)
        cache.clear()
        with monkeypatch.context() as patch:
            patch.setattr("reports.pages.views.claims.search_timeout", lambda: 1 / 0)
            broken = RawClient(raise_request_exception=False).get(asking)
        assert (broken.status_code, lang_of(broken)) == (500, lang)
        assert not re.search("[\u4e00-\u9fff]" if lang == "en" else "Nothing", main_of(broken))
    assert lang_of(raw.get("/nowhere/", headers={"accept-language": "zh-CN"})) == "zh-Hans"
    assert lang_of(raw.get("/nowhere/", headers={"accept-language": "fr"})) == "en"
    assert other_language(raw.get("/nowhere/?a=b")) == "/zh/nowhere/?a=b"


# --- the permanent address ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "start"),
    [("", "en"), ("fr", "en"), ("zh-CN,zh;q=0.9", "zh"), ("zh-TW", "zh"), ("de,zh;q=0.1", "zh")],
)
def test_a_permanent_address_leads_to_the_page_in_the_readers_language(
    verdict: Verdict, accepted: str, start: str
) -> None:
    raw = signed_in(scenes.person("reader"), headers={"accept-language": accepted})
    ref = verdict.aspect.claim.reference
    for path, there in {
        "/": "/",
        f"/claims/{ref}/": f"/claims/{ref}/",
        f"/claims/{ref}": f"/claims/{ref}/",
        f"/claims/{NOWHERE}/?before=7&q=%E5%88%B6+x": f"/claims/{NOWHERE}/?before=7&q=%E5%88%B6+x",
        "/feeds/edits.atom?x=1": "/feeds/edits.atom?x=1",
        "/account/login/?next=/desk/": "/account/login/?next=/desk/",
        "/desk": "/desk/",
    }.items():
        for answer in (raw.get(path), raw.head(path)):
            assert (answer.status_code, answer["Location"]) == (302, f"/{start}{there}")
            assert answer["Cache-Control"] == "public, no-cache"
            assert answer["Vary"] == "Accept-Language"
            assert not answer.cookies
            assert not answer.content
    assert not raw.cookies.keys() - {"sessionid"}


def test_no_address_leads_to_where_no_page_is(
    raw: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = [
        "/nowhere/", "//evil.example/", "///evil.example/claims/", "/\\evil.example/",
        "//evil.example/..", "/./claims/", "/%2F%2Fevil.example/", "/claims//evil.example/",
        "/fr/claims/", "/en-x/nowhere/", "/english/claims/", "/zh_Hans/nowhere/", "/e/", "/enx/",
        "/record/entries/" + "9" * 9000 + "/", "/" + "x" * 9000, "/claims/\u4e0d/\u5728/",
        "/ledger/", "/media/x/", "/static/claims/", "/api/claims/", "/zh-hans/api/docs/",
    ]  # fmt: skip
    for path in strange:
        answer = at(raw, path)
        assert (answer.status_code, "Location" in answer) == (404, False), path
    assert at(raw, "/claims/\x00/").status_code == 400
    monkeypatch.setattr(config.languages, "is_valid_path", lambda path: True)  # negative control
    assert raw.get("/nowhere/")["Location"] == "/en/nowhere/"


def test_where_an_old_address_leads_is_always_on_this_site(raw: RawClient) -> None:
    for path, there in {
        "/claims/\r\nSet-Cookie:x=1/": "/en/claims/%0D%0ASet-Cookie:x%3D1/",
        "/claims/https:evil.example/": "/en/claims/https:evil.example/",
        "/claims/\\\\evil.example/": "/en/claims/%5C%5Cevil.example/",
        "/claims/\u5b57%ff/": "/en/claims/%E5%AD%97%25ff/",
        "/claims/a?b#c/": "/en/claims/a%3Fb%23c/",
    }.items():
        answer = at(raw, path)
        assert (answer.status_code, answer["Location"]) == (302, there)
        assert not urlsplit(answer["Location"]).netloc
    for query in ("?next=//evil.example", "?q=%E5%AD%97+%26&&", "?%0d%0a"):
        assert raw.get(f"/claims/{query}")["Location"] == f"/en/claims/{query}"
    long = f"/claims/?q={'x' * 9000}"
    assert raw.get(long)["Location"] == f"/en{long}"


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("/EN/", "/en/"), ("/EN", "/en/"), ("/Zh/claims/", "/zh/claims/"),
        ("/zh-hans/claims/?q=a", "/zh/claims/?q=a"), ("/zh-Hans/", "/zh/"), ("/zh-CN", "/zh/"),
        ("/zh_CN/method", "/zh/method/"), ("/en-GB/feeds/edits.atom", "/en/feeds/edits.atom"),
    ],
)  # fmt: skip
def test_a_language_is_understood_however_it_is_spelled(
    raw: RawClient, asked: str, there: str
) -> None:
    answer = raw.get(asked, headers={"accept-language": "zh" if there[1] == "e" else "en"})
    assert (answer.status_code, answer["Location"]) == (302, there)
    assert "Vary" not in answer


def test_a_missing_slash_is_added_under_a_language_too(raw: RawClient) -> None:
    for asked, there in {
        "/en": "/en/",
        "/zh": "/zh/",
        "/zh/claims": "/zh/claims/",
        "/en/method?a=b": "/en/method/?a=b",
    }.items():
        answer = raw.get(asked)
        assert (answer.status_code, answer["Location"]) == (301, there)


def test_the_picture_of_a_link_is_found_at_its_old_address(
    raw: RawClient, verdict: Verdict
) -> None:
    path = f"/verdicts/{verdict.reference}/card"
    for lang, start in (("en", "en"), ("zh-Hans", "zh")):
        answer = raw.get(f"{path}.{lang}.png")
        assert (answer.status_code, answer["Location"]) == (301, f"/{start}{path}.png")
        assert raw.get(answer["Location"])["Content-Type"] == "image/png"
    assert raw.get(f"/en{path}.png").content != raw.get(f"/zh{path}.png").content


# --- forms ----------------------------------------------------------------------------------------


def test_a_form_opened_under_an_old_address_is_sent_again_with_all_that_is_in_it(
    raw: RawClient,
) -> None:
    """307: a browser sends method and body once more (tests/browser/test_filing.py sees it)."""
    for method in ("post", "put", "patch", "delete", "options"):
        answer = getattr(raw, method)("/account/login/?next=/desk/")
        assert (answer.status_code, answer["Location"]) == (307, "/en/account/login/?next=/desk/")


def test_what_was_typed_is_found_again_in_the_other_language() -> None:
    """A session ends over a form; its page is opened in the other language after signing in."""
    owner = scenes.person("owner")
    client = signed_in(owner)
    page = client.get("/en/account/keys/").content.decode()
    key = re.search(r'name="form_key" value="([^"]+)"', page)
    assert key is not None
    client.session.flush()
    del client.cookies["sessionid"]
    sent = client.post("/en/account/keys/", {"form_key": key[1], "label": "Newsroom's own"})
    assert sent["Location"] == "/en/account/login/?next=/en/account/keys/"
    assert (
        other_language(client.get(sent["Location"])) == "/zh/account/login/?next=/zh/account/keys/"
    )
    client.force_login(owner)
    assert "Newsroom&#x27;s own" in client.get("/zh/account/keys/").content.decode()


def test_a_form_that_comes_twice_leads_to_one_place_in_the_language_of_the_page(rf: Any) -> None:
    owner = scenes.person("owner")
    request = rf.get("/en/claims/x/file/")
    request.user = owner
    key = saved_forms.new_key(request)
    for lang, start in (("en", "/en"), ("zh-hans", "/zh"), ("en", "/en")):
        request = rf.post(f"{start}/claims/x/file/", {"form_key": key})
        request.user, request.session, request._messages = owner, {}, []
        request._messages = type("Messages", (), {"add": lambda *told: None})()
        with override(lang):
            location = saved_forms.run_once(request, lambda: in_page_language("/submissions/"))
        assert location == f"{start}/submissions/"
    assert SentForm.objects.get().location == "/submissions/"


def test_the_other_language_of_a_page_that_answers_a_form_is_that_page(raw: RawClient) -> None:
    sent = raw.post("/en/account/login/?next=/en/desk/", {"login": "x", "password": "y"})
    assert sent.status_code == 200
    assert other_language(sent) == "/zh/account/login/?next=/zh/desk/"
    scene = scenes.build_claim()
    client = signed_in(scene.second_moderator)
    case = f"/claims/{scene.claim.reference}/"
    page = client.get(f"/en/desk{case}revise/")
    key = re.search(r'name="form_key" value="([^"]+)"', page.content.decode())
    assert key is not None
    again = client.post(f"/en/desk{case}revise/", {"form_key": key[1], "do": "revise"})
    assert again.status_code == 400
    assert client.get(other_language(again)).status_code == 200
    assert other_language(again) == f"/zh/desk{case}revise/"


def test_signing_in_and_out_stays_in_the_language_of_the_page() -> None:
    owner = scenes.person("owner")
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)
    for start in ("/zh", "/en"):
        client = RawClient(headers={"accept-language": "en" if start == "/zh" else "zh"})
        typed = {"login": owner.email, "password": "a long password for tests"}
        owner.set_password(typed["password"])
        owner.save()
        assert client.get(f"{start}/desk/")["Location"] == (
            f"{start}/account/login/?next={start}/desk/"
        )
        assert client.post(f"{start}/account/login/", typed)["Location"] == f"{start}/account/"
        assert client.get(f"{start}/account/")["Cache-Control"].count("no-store") == 1
        assert client.post(f"{start}/account/logout/")["Location"] == f"{start}/account/login/"


# --- links ----------------------------------------------------------------------------------------


def test_a_page_links_to_pages_in_its_own_language_alone(verdict: Verdict) -> None:
    scene = verdict.aspect.claim
    anyone, reader = RawClient(), signed_in(scenes.person("reader"))
    for start, other in (("/en", "/zh"), ("/zh", "/en")):
        for path in ("/", f"/claims/{scene.reference}/", f"/verdicts/{verdict.reference}/",
                     "/record/", "/corrections/", "/account/", "/submissions/"):  # fmt: skip
            client = reader if path in {"/account/", "/submissions/"} else anyone
            page = client.get(start + path).content.decode()
            links = re.findall(r'<a [^>]*?href="(/[^"]*)"|action="(/[^"]*)"', page)
            to = [unescape(one or two) for one, two in links]
            assert len(to) > 8
            wrong = {
                one
                for one in to
                if not one.startswith((f"{start}/", "/api/", "/ledger/", "/media/"))
                and not re.search(r"/(leaf\.json|proof|bundle\.json)$|/files/|\.svg$", one)
            }
            assert wrong == {other + path}, path


def test_a_public_page_names_its_address_in_each_language_and_in_none(
    raw: RawClient, verdict: Verdict, settings: Any
) -> None:
    settings.SITE_URL = "https://record.example"
    path = f"/claims/{verdict.aspect.claim.reference}/"
    for start, lang in (("en", "en"), ("zh", "zh-Hans")):
        for asked, kept in (
            (f"{path}?utm=1", path),
            (f"{path}history/?before=9&x=y", f"{path}history/?before=9"),
            ("/claims/?q=a&after=b", "/claims/?after=b"),
        ):
            head = raw.get(f"/{start}{asked}", HTTP_HOST="localhost").content.decode()
            head = head.partition("<body")[0]
            links = {
                (rel, lang): unescape(href)
                for rel, lang, href in re.findall(
                    r'<link rel="(canonical|alternate)"(?: hreflang="([^"]+)")? href="([^"]+)">',
                    head,
                )
            }
            assert links == {
                ("canonical", ""): f"https://record.example/{start}{kept}",
                ("alternate", "en"): f"https://record.example/en{kept}",
                ("alternate", "zh-Hans"): f"https://record.example/zh{kept}",
                ("alternate", "x-default"): f"https://record.example{kept}",
            }, (lang, asked)


def test_a_private_page_is_offered_to_no_search_engine(raw: RawClient) -> None:
    mine = signed_in(scenes.person("reader"))
    for client, path in ((raw, "account/login/"), (mine, "account/"), (mine, "submissions/")):
        head = client.get(f"/en/{path}").content.decode().partition("<body")[0]
        assert "canonical" not in head
        assert "hreflang" not in head


def test_what_programs_and_documents_carry_are_permanent_addresses(
    raw: RawClient, verdict: Verdict
) -> None:
    claim = verdict.aspect.claim
    for path in (
        f"/api/v1/claims/{claim.pk}/", f"/api/v1/claims/{claim.pk}/history/",
        f"/api/v1/verdicts/{verdict.pk}/",
        f"/api/v1/verdicts/{verdict.pk}/?format=jsonld&lang=zh-Hans", "/api/v1/corrections/",
        "/api/v1/changes/", "/api/v1/exhibits/",
    ):  # fmt: skip
        for accepted in ("en", "zh"):
            answer = raw.get(path, headers={"accept-language": accepted})
            assert answer.status_code == 200, path
            assert not re.search(r'["/](en|zh)/', answer.content.decode()), path
    page = raw.get(f"/zh/claims/{claim.reference}/").content.decode()
    assert f"http://testserver/claims/{claim.reference}/" in page.partition("<main")[2]


def test_an_entry_of_a_feed_has_one_id_and_leads_to_its_own_language(
    raw: RawClient, verdict: Verdict
) -> None:
    told = {}
    for start in ("en", "zh"):
        feed = raw.get(f"/{start}/feeds/verdicts.atom")
        assert feed["Access-Control-Allow-Origin"] == "*"
        [entry] = re.findall("<entry>.*?</entry>", feed.content.decode(), re.DOTALL)
        told[start] = re.search("<id>([^<]+)</id>", entry)[1]  # type: ignore[index]
        assert f'href="http://testserver/{start}/verdicts/{verdict.reference}/"' in entry
    assert set(told.values()) == {f"http://testserver/verdicts/{verdict.reference}/"}
    assert raw.get("/feeds/verdicts.atom")["Access-Control-Allow-Origin"] == "*"


def test_the_guide_to_the_api_has_one_address_and_can_be_read_in_both_languages(
    raw: RawClient,
) -> None:
    english = raw.get("/api/docs/")
    chinese = raw.get(f"/api/docs/{other_language(english)}")
    assert (lang_of(english), lang_of(chinese)) == ("en", "zh-Hans")
    assert other_language(chinese) == "?lang=en"
    assert 'href="/zh/claims/"' in chinese.content.decode()
    assert chinese["Content-Language"] == "zh-hans"
    assert lang_of(raw.get("/api/docs/?lang=fr", headers={"accept-language": "zh"})) == "zh-Hans"


@pytest.mark.parametrize("path", ["", "/", "/en", "/en/", "/zh/a/", "/enter/", "//en/", "/a/en/"])
def test_an_address_loses_its_language_once(path: str) -> None:
    expected = {"/en/": "/", "/zh/a/": "/a/"}.get(path, path)
    assert without_language(path) == expected
    assert without_language(f"/en/en{path}") == f"/en{path}"
