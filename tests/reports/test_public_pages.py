"""A public page holds nothing of its reader: the same bytes for everyone, no cookie, no form
token. What is a reader's own comes in a fragment beside it."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLResolver, reverse
from django.utils import timezone

import ledger
from accounts.models import Role, User
from claims.actions import raise_flag, withdraw_claim
from config import navigation, private_responses
from config.own_links import page_links
from evidence.exhibits.models import Exhibit
from ledger import proofs
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from reports import urls
from reports.models import Report
from reports.pages import claim_page_data
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from ui.languages import without_language
from verdicts.models import Verdict, VerdictDocument

pytestmark = pytest.mark.django_db

#: What answers with something else than a page: pictures, feeds, files.
NO_PAGE: Final = {
    "capture", "chart", "claim-card", "verdict-card", "narrow-chart", "verdicts-chart",
    "series-chart", "media", "report-file", "leaf", "proof", "bundle", "feed-verdicts",
    "feed-edits", "feed-corrections", "feed-disappearances",
}  # fmt: skip
WAITING: Final = "A word for one reader alone."


@shared_scene
def case() -> scenes.Scene:
    """The case from post to verdict, with one of everything that has a page, and one who holds
    every role that may be held together."""
    scene = scenes.build_post(scenes.build_claim())
    scenes.build_verdict(scene)
    scenes.build_pointing(scene)
    Report.objects.create(
        kind="discrepancy", claim=scene.claim, checkpoint_size=1, basis="0" * 64,
        created_at=scene.now,
    )  # fmt: skip
    sequence()
    scenes.person("all", Role.MODERATOR, Role.ADJUDICATOR, Role.AUDITOR, Role.OPERATOR)
    scenes.representative(scene)
    return scene


def addresses(case: scenes.Scene) -> dict[str, str]:
    """Every public page, by name."""
    claim, source = case.claim.reference, str(case.source.pk)
    of: dict[str, list[Any]] = {
        "claim": [claim], "history": [claim], "company": [case.company.pk],
        "product": [case.product.pk], "verdict": [Verdict.objects.get().reference],
        "source": [source], "diff": [source], "version": [source, 1],
        "exhibit": [case.exhibits()[0].reference],
        "report": [Report.objects.get().reference], "entry": [0],
    }  # fmt: skip
    [in_a_language] = [part for part in urls.urlpatterns if isinstance(part, URLResolver)]
    named = {route.name for route in in_a_language.url_patterns} - NO_PAGE
    return {
        **{name: reverse(f"reports:{name}", args=of.get(name)) for name in sorted(named)},
        "guide": reverse("api-docs"),
        "search": "/claims/?q=brakes",
        "unselective search": "/claims/?q=a",
        "not found": "/nowhere/",
        "no such claim": "/claims/AC-0000-0000/",
    }


def waiting(text: str = WAITING) -> str:
    """The cookie in which a message waits."""
    request, response = RequestFactory().get("/"), HttpResponse()
    storage = CookieStorage(request)
    storage.add(messages.SUCCESS, text)
    storage.update(response)
    return response.cookies[CookieStorage.cookie_name].value


def reader(user: User | None, **cookies: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user)
    for name, value in cookies.items():
        client.cookies[name] = value
    return client


def readers(case: scenes.Scene) -> dict[str, Client]:
    """Strangers with odd cookies, and someone of every role with a message that waits."""
    people = {
        "owner": case.owners[0],
        "company": scenes.representative(case),
        "every other role": User.objects.get(email="all@example.org"),
    }
    return {
        "odd": reader(None, sessionid="x" * 32, messages="x", other="1"),
        **{name: reader(user, messages=waiting()) for name, user in people.items()},
    }


def own_to_reader(answer: HttpResponse) -> list[str]:
    """What of one reader an answer holds or depends on."""
    session = answer.wsgi_request.session  # type: ignore[attr-defined]
    faults = [f"the cookie {name}" for name in answer.cookies]
    if session.accessed or hasattr(answer.wsgi_request, "_cached_user"):  # type: ignore[attr-defined]
        faults.append("the session was read")
    if b"csrfmiddlewaretoken" in answer.content:
        faults.append("a form token")
    if b'method="post"' in answer.content:
        faults.append("a form that changes something")
    return faults


def pages(client: Client, paths: dict[str, str]) -> dict[str, HttpResponse]:
    return {name: client.get(path) for name, path in paths.items()}


def differences(case: scenes.Scene, paths: dict[str, str]) -> list[str]:
    """Every page that differs between a stranger and someone else, or tells of its reader."""
    found = []
    plain = pages(reader(None), paths)
    for who, client in {"stranger": reader(None), **readers(case)}.items():
        for name, answer in pages(client, paths).items():
            if answer.content != plain[name].content:
                found.append(f"{name} for {who}: other bytes")
            found += [f"{name} for {who}: {fault}" for fault in own_to_reader(answer)]
    return found


def test_every_public_page_is_the_same_for_every_reader(case: scenes.Scene) -> None:
    paths = addresses(case)
    answers = pages(reader(None), paths)
    odd = {"not found": 404, "no such claim": 404, "unselective search": 400}
    assert {name: one.status_code for name, one in answers.items()} == {
        name: odd.get(name, 200) for name in paths
    }
    assert differences(case, paths) == []


def test_a_page_that_shows_its_reader_would_be_found(
    case: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: pages as they were before."""
    monkeypatch.setattr(navigation, "is_public", lambda request: False)
    found = differences(case, {"method": "/method/"})
    for who in ("owner", "company", "every other role"):
        assert f"method for {who}: other bytes" in found
        assert f"method for {who}: the cookie messages" in found


def test_what_was_permanently_deleted_is_the_same_for_every_reader(case: scenes.Scene) -> None:
    VerdictDocument.objects.all()._raw_delete("default")
    path = f"/verdicts/{Verdict.objects.get().reference}/"
    assert reader(None).get(path).status_code == 410
    assert differences(case, {"verdict": path}) == []


#: Of one answer, whoever asks.
OF_ONE_ANSWER: Final = {"X-Request-Id"}


def headers(answer: HttpResponse) -> set[tuple[str, str]]:
    return {(name, value) for name, value in answer.items() if name not in OF_ONE_ANSWER}


def refusals(case: scenes.Scene) -> dict[str, tuple[str, int]]:
    """Public addresses at which nothing is, or is no more, or that cannot be read."""
    VerdictDocument.objects.all()._raw_delete("default")
    nobody = "00000000-0000-0000-0000-000000000000"
    return {
        "/verdicts/" + Verdict.objects.get().reference + "/": 410,
        **dict.fromkeys(
            [
                "/nowhere/", "/nowhere/card.png", "/claims/AC-0000-0000/", "/claims/%E2%80%AE/",
                "/claims/AC-0000-0000/card.png", "/claims/AC-0000-0000/history/",
                f"/companies/{nobody}/", f"/products/{nobody}/", f"/sources/{nobody}/",
                f"/sources/{case.source.pk}/versions/99/", f"/sources/{nobody}/captures/{nobody}",
                "/exhibits/x/", "/reports/x/", "/reports/x/files/x.pdf", "/verdicts/x/",
                f"/media/{'0' * 64}.jpg", "/record/entries/99999/", "/record/entries/99999/proof",
                "/record/entries/99999/leaf.json", "/ledger/tile/0/x999", "/ledger/nowhere",
                "/static/nowhere.css", "/media/nowhere", "/api/v1/nowhere/",
            ],
            404,
        ),
        "/claims/?q=a": 400,
    }  # fmt: skip


def refused_differently(case: scenes.Scene) -> list[str]:
    """Every refusal of which one reader gets other bytes or headers than a stranger."""
    found = []
    people = readers(case)
    people["key"] = Client(headers={"accept-language": "en", "authorization": "Key nobody"})
    for path, status in refusals(case).items():
        for method in ("GET", "HEAD"):
            plain = reader(None).generic(method, path)
            assert plain.status_code == status, path
            for who, client in people.items():
                answer = client.generic(method, path)
                odd = headers(answer) ^ headers(plain)
                if odd or (answer.status_code, answer.content) != (status, plain.content):
                    found.append(f"{method} {path} for {who}: {answer.status_code} {sorted(odd)}")
    return found


def test_a_page_that_is_not_there_is_the_same_for_every_reader(case: scenes.Scene) -> None:
    assert refused_differently(case) == []
    for path in ("/nowhere/", "/claims/AC-0000-0000/"):
        for client in (reader(None), *readers(case).values()):
            assert client.get(path)["Cache-Control"] == "public, no-cache"


def test_a_refusal_made_for_one_reader_would_be_found(
    case: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(private_responses, "is_for_everyone", lambda request, response: False)
    assert len(refused_differently(case)) > 20


# --- the fragment ---------------------------------------------------------------------------------


def fragment(user: User | None, page: str = "/", **cookies: str) -> str:
    answer = reader(user, **cookies).get("/account/fragment/", {"page": page})
    assert answer.status_code == (200 if user else 204)
    assert {"no-store", "private"} <= set(re.split(r",\s*", answer["Cache-Control"]))
    return page_text(answer)


def test_a_stranger_gets_an_empty_fragment(case: scenes.Scene) -> None:
    assert fragment(None, f"/claims/{case.claim.reference}/", messages=waiting()) == ""


@pytest.mark.parametrize(
    ("roles", "seen"),
    [
        ((), {"/submissions/", "/account/notifications/"}),
        ((Role.FILER,), {"/submissions/", "/account/notifications/"}),
        ((Role.MODERATOR,), {"/desk/", "/account/notifications/"}),
        ((Role.ADJUDICATOR,), {"/desk/", "/account/notifications/"}),
        ((Role.AUDITOR,), {"/desk/", "/account/notifications/"}),
        ((Role.COMPANY_REPRESENTATIVE,), {"/submissions/", "/reply/", "/account/notifications/"}),
    ],
)
def test_the_fragment_links_what_is_ones_own(roles: tuple[Role, ...], seen: set[str]) -> None:
    page = fragment(scenes.person("someone", *roles))
    assert set(re.findall(r'href="([^"]+)"', page)) == seen


def test_an_operator_finds_the_background_jobs_on_the_page_of_their_account() -> None:
    operator = scenes.person("operator", Role.OPERATOR)
    assert set(re.findall(r'href="([^"]+)"', fragment(operator))) == {"/account/notifications/"}
    page = page_text(reader(operator).get("/account/"))
    for path in ("/operations/jobs/", "/account/organisations/", "/account/suspensions/"):
        assert f'href="{path}"' in page


def test_a_public_page_offers_what_ones_role_does_there(case: scenes.Scene) -> None:
    reference = case.exhibits()[0].reference
    all_roles = User.objects.get(email="all@example.org")
    offered = {
        f"/claims/{case.claim.reference}/": [f"/desk/claims/{case.claim.reference}/"],
        f"/companies/{case.company.pk}/": [
            f"/desk/companies/{case.company.pk}/seats/",
            f"/desk/companies/{case.company.pk}/entities/",
        ],
        f"/sources/{case.source.pk}/?after=x": [f"/desk/sources/{case.source.pk}/upload/"],
        f"/exhibits/{reference}/": [f"/desk/exhibits/{reference}/regions/"],
    }
    moderator, adjudicator = reader(case.moderator), reader(case.adjudicator)
    for page, links in offered.items():
        assert [without_language(link.url) for link in page_links(all_roles, page)] == links
        for link in links:
            allowed = "seats" not in link
            assert (moderator.get(link).status_code == 200) == allowed, link
            assert (link in fragment(case.moderator, page)) == allowed, link
            judged = link.startswith("/desk/claims/")
            assert (adjudicator.get(link).status_code == 200) == judged, link
            assert (link in fragment(case.adjudicator, page)) == judged, link
            for user in (case.owners[0], scenes.representative(case)):
                assert link not in fragment(user, page)
    assert page_links(None, f"/claims/{case.claim.reference}/") == []


def test_whoever_submitted_an_exhibit_reads_why_they_cannot_mark_it(case: scenes.Scene) -> None:
    exhibit = case.exhibits()[0]
    submitter = User.objects.get(pk=exhibit.submission.filed_by_id)
    scenes.grant_role(
        by=ledger.SYSTEM, user=submitter, organisation=scenes.operator_body(),
        role=Role.MODERATOR, now=timezone.now(),
    )  # fmt: skip
    page = fragment(submitter, f"/exhibits/{exhibit.reference}/")
    assert "disabled" in page
    assert "/regions/" not in page
    assert "another person" in page


@pytest.mark.parametrize(
    "page",
    [
        "", "claims/x/", "//evil.example/claims/x/", "https://evil.example/", "/nowhere/",
        "/claims/AC-0000-0000/", "/companies/00000000-0000-0000-0000-000000000000/",
        "/sources/00000000-0000-0000-0000-000000000000/", "/desk/", "/account/fragment/",
        "/record/entries/" + "9" * 400 + "/", "/claims/" + "x" * 9000 + "/", "/claims/%00/",
        "/claims/\u202e/", "/exhibits/../claims/x/", "?", "/?page=/claims/", "\\claims\\x\\",
        "javascript:alert(1)", '/claims/"><script>/', "/claims/\ufffd/",
    ],
)  # fmt: skip
def test_an_odd_page_gives_the_fragment_without_its_links(page: str) -> None:
    user = scenes.person("someone", Role.MODERATOR, Role.ADJUDICATOR)
    found = set(re.findall(r'href="([^"]+)"', fragment(user, page)))
    assert found == {"/desk/", "/account/notifications/"}


def test_the_fragment_tells_nothing_of_an_exhibit_that_is_not_public(case: scenes.Scene) -> None:
    hidden = Exhibit.objects.get(
        submission=scenes.filing.file_submission(
            by=case.owners[0], claim=case.claim, narrative="x", narrative_lang="en",
            licence="show", now=timezone.now(),
            photos=[scenes.filing.NewPhoto(scenes.originals().put(b"hidden", limit=9), "a.jpg")],
        )
    )  # fmt: skip
    for user in (case.moderator, case.owners[0], scenes.representative(case)):
        assert page_links(user, f"/exhibits/{hidden.reference}/") == []
        assert hidden.reference not in fragment(user, f"/exhibits/{hidden.reference}/")


def test_a_message_waits_for_the_fragment_and_is_shown_once(case: scenes.Scene) -> None:
    client = reader(case.moderator, messages=waiting())
    assert WAITING not in page_text(client.get("/"))
    first = client.get("/account/fragment/")
    assert f'<p class="message success">{WAITING}</p>' in page_text(first)
    assert first.cookies["messages"].value == ""
    assert WAITING not in page_text(client.get("/account/fragment/"))


# --- without a script -----------------------------------------------------------------------------


def test_the_link_to_the_account_is_constant_and_leads_to_the_same_links(
    case: scenes.Scene,
) -> None:
    path = f"/claims/{case.claim.reference}/"
    found = re.search(r'href="(/account/\?page=[^"]+)"', page_text(reader(None).get(path)))
    assert found
    stranger = reader(None).get(found[1])
    assert stranger["Location"].startswith("/account/login/?next=/account/%3Fpage%3D")
    page = page_text(reader(case.moderator).get(found[1]))
    for link in ("/submissions/", "/desk/", f"/desk/claims/{case.claim.reference}/"):
        assert f'href="{link}"' in page
    assert f"/desk/claims/{case.claim.reference}/" not in page_text(
        reader(case.owners[0]).get(found[1])
    )


# --- filing evidence ------------------------------------------------------------------------------


def test_the_button_to_submit_evidence_is_the_same_for_everyone(case: scenes.Scene) -> None:
    path = f"/claims/{case.claim.reference}/"
    form = f"/claims/{case.claim.reference}/file/"
    assert f'href="{form}"' in page_text(reader(None).get(path))
    assert reader(None).get(form)["Location"].startswith("/account/login/")
    company = page_text(reader(scenes.representative(case)).get(form))
    assert "does not count as independent evidence" in company
    withdraw_claim(by=case.moderator, claim=case.claim, reason="Wrong.", now=timezone.now())
    closed = page_text(reader(None).get(path))
    assert f'href="{form}"' not in closed
    assert "no longer accepts evidence" in closed
    assert "no longer accepts evidence" in page_text(reader(case.owners[0]).get(form))
    assert differences(case, {"claim": path}) == []


# --- the checkpoint -------------------------------------------------------------------------------


def test_no_foot_prints_the_size_of_the_log(case: scenes.Scene) -> None:
    assert Checkpoint.objects.exists()
    for path in ("/", "/method/", "/companies/", "/nowhere/"):
        foot = page_text(reader(None).get(path)).partition("<footer")[2]
        assert "log entr" not in foot
        assert "heckpoint" not in foot
    assert "Latest checkpoint" in page_text(reader(None).get("/record/"))


def test_a_claim_prints_the_first_checkpoint_that_covers_its_newest_entry(
    case: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/claims/{case.claim.reference}/"

    def printed() -> str:
        page = page_text(reader(None).get(path))
        found = re.search(r"Signed checkpoint: (\d+) log entries,|Waiting for the next", page)
        assert found
        return found[1] or found[0]

    size = Checkpoint.objects.latest("size").size
    assert printed() == str(size)
    scenes.build_claim_beside(case)  # what happens elsewhere changes nothing here
    sequence()
    assert Checkpoint.objects.latest("size").size > size
    assert printed() == str(size)
    raise_flag(by=ledger.SYSTEM, claim=case.claim, kind="disputed", now=timezone.now())
    sequence()
    newest = Checkpoint.objects.latest("size").size
    assert printed() == str(newest)
    assert proofs.covering(newest) is proofs.covering(None) is None
    monkeypatch.setattr(claim_page_data, "covering", lambda index: None)
    assert printed() == "Waiting for the next"


def test_a_verdict_prints_the_checkpoint_of_its_publication(case: scenes.Scene) -> None:
    path = f"/verdicts/{Verdict.objects.get().reference}/"
    before = page_text(reader(None).get(path))
    assert "Signed checkpoint: " in before
    raise_flag(by=ledger.SYSTEM, claim=case.claim, kind="disputed", now=timezone.now())
    sequence()
    assert re.findall(r"Signed checkpoint: \d+", page_text(reader(None).get(path))) == re.findall(
        r"Signed checkpoint: \d+", before
    )
