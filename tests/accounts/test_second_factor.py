"""The second factor: who must have one, what a code is good for, how a lost one is reset."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import allauth
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings as django_settings
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import actions, second_factor
from accounts.actions import create_key
from accounts.models import ApiKey, Role, SecondFactorReset, User
from accounts.permissions import NotAllowedError
from config.settings import base
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.accounts.test_pages import wears_the_dress
from tests.pages import page_text

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
START = 1_800_000_000  # the beginning of a period of thirty seconds


@pytest.fixture
def demanded(settings: Any) -> None:
    """As in a public installation."""
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def code(secret: str, periods: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + periods))


def sign_in(user: User, next_: str = "") -> tuple[Client, Any]:
    user.emailaddress_set.get_or_create(email=user.email, verified=True, primary=True)
    client = Client(headers={"accept-language": "en"})
    return client, client.post(
        "/account/login/", {"login": user.email, "password": PASSWORD, "next": next_}
    )


def enrol(client: Client, periods: int = 0) -> tuple[str, list[str]]:
    """Set up an app as a person does; its secret and the recovery codes."""
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = page_text(client.get("/account/second-factor/app/"))
    secret = re.search(r'class="qr-key">([A-Z2-7]+)<', page)
    assert secret, page
    answer = client.post("/account/second-factor/app/", {"code": code(secret[1], periods)})
    assert answer["Location"] == "/account/second-factor/recovery-codes/", page_text(answer)
    shown = page_text(client.get(answer["Location"]))
    return secret[1], re.findall(
        r"\b\d{8}\b", shown.split('class="recovery-codes">')[1].split("</pre>")[0]
    )


@pytest.fixture
def enrolled(clock: Any) -> tuple[User, str, list[str]]:
    moderator = scenes.person("moderator", Role.MODERATOR)
    client, _answer = sign_in(moderator)
    secret, recovery = enrol(client)
    clock.shift(90)
    return moderator, secret, recovery


# --- who must have one ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "role",
    [
        Role.MODERATOR, Role.ADJUDICATOR, Role.OPERATOR, Role.AUDITOR,
        Role.COMPANY_REPRESENTATIVE,
    ],
)  # fmt: skip
def test_a_session_of_a_judging_role_can_only_enrol(role: Role, demanded: None, clock: Any) -> None:
    user = scenes.person("someone", role)
    client, _answer = sign_in(user)
    doors = [
        "/desk/",
        "/operations/jobs/",
        "/account/",
        "/account/keys/",
        "/account/password/change/",
        "/submissions/",
    ]
    for path in doors:
        answer = client.get(path)
        assert answer.status_code == 403, path
        assert "Set it up to continue" in page_text(answer)
        assert client.post(path).status_code in {403, 405}
    for path in ("/", "/claims/"):  # public pages look at no session
        assert client.get(path).status_code == 200
    fragment = page_text(client.get("/account/fragment/"))
    assert "/account/second-factor/app/" in fragment
    assert "/desk/" not in fragment
    for path in ("/api/v1/claims/", "/api/v1/submissions/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
        assert "two-step verification" in answer.json()["detail"]
        assert client.post(path).status_code == 403
    enrol(client)
    assert client.get("/account/").status_code == 200
    assert client.get("/api/v1/submissions/").status_code == 200


@pytest.mark.parametrize("roles", [(), (Role.FILER,)])
def test_other_accounts_need_none_and_may_have_one(
    roles: tuple[Role, ...], demanded: None, clock: Any
) -> None:
    client, _answer = sign_in(scenes.person("someone", *roles))
    assert client.get("/submissions/").status_code == 200
    enrol(client)
    assert client.get("/submissions/").status_code == 200


def test_a_role_that_is_granted_closes_the_sessions_that_are_open(
    demanded: None, clock: Any
) -> None:
    user = scenes.person("someone")
    client, _answer = sign_in(user)
    assert client.get("/submissions/").status_code == 200
    actions.grant_role(
        by=scenes.person("operator", Role.OPERATOR),
        user=user,
        organisation=scenes.operator_body(),
        role=Role.AUDITOR,
        now=timezone.now(),
    )
    assert client.get("/submissions/").status_code == 403


def test_a_session_from_before_the_factor_has_to_prove_it(
    demanded: None, enrolled: Any, clock: Any
) -> None:
    moderator, secret, _codes = enrolled
    old = Client(headers={"accept-language": "en"})
    old.force_login(moderator)  # knows nothing of a code
    refused = old.get("/desk/")
    assert refused.status_code == 403
    assert "/account/second-factor/reauthenticate/" in page_text(refused)
    old.post("/account/second-factor/reauthenticate/", {"code": code(secret)})
    assert old.get("/desk/").status_code == 200


def test_demo_and_suite_do_not_demand_one_and_can_have_it(enrolled: Any) -> None:
    assert not django_settings.SECOND_FACTOR_REQUIRED
    client = Client()
    client.force_login(scenes.person("free", Role.MODERATOR))
    assert client.get("/desk/").status_code == 200
    _client, answer = sign_in(enrolled[0])
    assert answer["Location"] == "/account/second-factor/authenticate/"


def test_without_the_gate_a_password_alone_would_open_the_desk(
    demanded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    client, _answer = sign_in(scenes.person("someone", Role.MODERATOR))
    assert client.get("/desk/").status_code == 403
    monkeypatch.setattr("config.second_factor.shortfall", lambda request: None)
    assert client.get("/desk/").status_code == 200


# --- keys -----------------------------------------------------------------------------------------


def test_keys_work_on_and_open_no_way_around(demanded: None) -> None:
    moderator = scenes.person("someone", Role.MODERATOR)
    _key, secret = create_key(by=moderator, label="x", scopes=["read"], now=timezone.now())
    client, _answer = sign_in(moderator)
    for caller in (Client(), client):
        assert (
            caller.get("/api/v1/submissions/", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code
            == 200
        )
    for header in ("Bearer nonsense", "Bearer\xa0x", "Basic eDp5", "bearer", "Bearer"):
        assert client.get("/api/v1/submissions/", HTTP_AUTHORIZATION=header).status_code in {
            401,
            403,
        }, header
    assert client.get("/desk/", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 403


@pytest.mark.parametrize("roles", [(), (Role.MODERATOR,)])
def test_keys_are_made_only_by_a_session_with_a_second_factor(
    roles: tuple[Role, ...], demanded: None, clock: Any
) -> None:
    client, _answer = sign_in(scenes.person("someone", *roles))
    wish = {"label": "x", "scopes": ["read"], "days": "30"}
    refused = client.post("/account/keys/", wish)
    assert refused.status_code == 403
    assert "two-step verification" in page_text(refused)
    assert not ApiKey.objects.exists()
    enrol(client)
    assert client.post("/account/keys/", wish).status_code == 200
    assert ApiKey.objects.count() == 1


# --- codes ----------------------------------------------------------------------------------------


def give(user: User, text: str) -> bool:
    """Whether a code finishes a sign-in."""
    client, answer = sign_in(user, "/submissions/")
    assert answer["Location"] == "/account/second-factor/authenticate/"
    assert client.get("/submissions/").status_code == 302  # the password alone opens nothing
    answer = client.post(answer["Location"], {"code": text})
    if answer.status_code == 200:
        assert "wrong, has expired or was used" in page_text(answer)
        return False
    assert answer["Location"] == "/submissions/"
    return client.get("/submissions/").status_code == 200


@pytest.mark.parametrize(
    "spaced",
    ["{0}{1}", " {0} {1} ", "{0}-{1}", "{0}\u3000{1}", "\u00a0{0}\u00a0{1}\t", "full width"],
)
def test_a_code_is_taken_however_it_is_spaced_and_once(
    spaced: str, enrolled: Any, clock: Any
) -> None:
    user, secret, _codes = enrolled
    now = code(secret)
    typed = (
        now.translate({48 + n: 0xFF10 + n for n in range(10)})
        if spaced == "full width"
        else spaced.format(now[:3], now[3:])
    )
    assert give(user, typed)
    for again in (now, f" {now}", f"{now[:3]} {now[3:]}", f"{now[:3]}-{now[3:]}", typed):
        assert not give(user, again), again


def test_no_code_up_to_the_one_that_was_used_is_taken(enrolled: Any, clock: Any) -> None:
    user, secret, _codes = enrolled
    assert give(user, code(secret))
    assert not give(user, code(secret, -1))
    assert give(user, code(secret, 1))
    clock.shift(30)
    assert not give(user, code(secret))  # it was used before its time
    for far in (2, 3, -2, -100):
        assert not give(user, code(secret, far)), far


def test_the_code_of_the_setting_up_does_not_sign_in(clock: Any) -> None:
    user = scenes.person("someone")
    client, _answer = sign_in(user)
    secret, _codes = enrol(client)
    assert not give(user, code(secret))
    clock.shift(30)
    assert give(user, code(secret))


def test_no_cache_has_to_remember_which_code_was_used(enrolled: Any, clock: Any) -> None:
    user, secret, _codes = enrolled
    now = code(secret)
    assert give(user, now)
    cache.clear()
    assert not give(user, now)


@pytest.mark.parametrize(
    "text", ["", "000000", "x" * 64, "x" * 65, "1" * 100_000, "١٢٣٤٥٦", "😀" * 6, "%s"]
)
def test_what_is_no_code_is_refused_with_a_sentence(text: str, enrolled: Any) -> None:
    client, answer = sign_in(enrolled[0])
    page = client.post(answer["Location"], {"code": text})
    assert page.status_code == 200
    assert 'role="alert"' in page_text(page) or "errorlist" in page_text(page)


def test_a_code_that_no_text_can_hold_is_refused_before_it_is_looked_at(enrolled: Any) -> None:
    client, answer = sign_in(enrolled[0])
    assert client.post(answer["Location"], {"code": "\x00"}).status_code == 400


def test_a_recovery_code_works_once(enrolled: Any) -> None:
    user, _secret, codes = enrolled
    assert len(set(codes)) == 10
    assert give(user, f" {codes[3][:4]} {codes[3][4:]} ")
    assert not give(user, codes[3])
    assert give(user, codes[4])


@pytest.mark.django_db(transaction=True)
def test_two_requests_cannot_use_one_code() -> None:
    user = scenes.person("someone")
    client, _answer = sign_in(user)
    secret, codes = enrol(client, -1)
    for one in (code(secret), codes[0]):
        used: list[Any] = []
        start = threading.Barrier(4)

        def use(one: str = one, used: list[Any] = used, start: threading.Barrier = start) -> None:
            start.wait()
            used.append(second_factor.use_code(user, one))
            connection.close()

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([factor for factor in used if factor]) == 1


def test_whoever_guesses_codes_is_stopped(enrolled: Any, settings: Any, clock: Any) -> None:
    user, secret, _codes = enrolled
    settings.ACCOUNT_RATE_LIMITS = base.ACCOUNT_RATE_LIMITS
    cache.clear()
    client, answer = sign_in(user)
    for guess in range(8):
        client.post(answer["Location"], {"code": f"{guess:06}"})
    assert (
        client.post(answer["Location"], {"code": code(secret)}).status_code == 200
    )  # too late: the right one too
    assert client.get("/submissions/").status_code == 302
    cache.clear()


# --- what is kept ---------------------------------------------------------------------------------


def test_the_secrets_do_not_stand_in_the_open(enrolled: Any) -> None:
    _user, secret, _codes = enrolled
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    totp = Authenticator.objects.get(type="totp")
    assert second_factor.Adapter().decrypt(totp.data["secret"]) == secret
    totp.data["secret"] = "AAAA"
    totp.save()
    assert second_factor.use_code(totp.user, code(secret)) is None


def test_the_picture_is_for_the_session_that_sets_up_alone(clock: Any) -> None:
    user, other = scenes.person("someone"), scenes.person("other")
    client, _answer = sign_in(user)
    assert client.get("/account/second-factor/picture.svg").status_code == 404
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = page_text(client.get("/account/second-factor/app/"))
    assert "data:" not in page
    assert 'src="/account/second-factor/picture.svg"' in page
    picture = client.get("/account/second-factor/picture.svg")
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/svg+xml")
    assert "no-store" in picture["Cache-Control"]
    assert picture.content.startswith(b"<svg")
    assert b'fill="white"' in picture.content
    assert client.get("/account/second-factor/picture.svg").content == picture.content
    assert Client().get("/account/second-factor/picture.svg").status_code == 302
    for stranger in (sign_in(other)[0], sign_in(user)[0]):
        assert stranger.get("/account/second-factor/picture.svg").status_code == 404


def test_a_second_tab_does_not_spoil_the_first(clock: Any) -> None:
    client, _answer = sign_in(scenes.person("someone"))
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    pages = [page_text(client.get("/account/second-factor/app/")) for _ in range(2)]
    first, second = (re.search(r'class="qr-key">([A-Z2-7]+)<', page) for page in pages)
    assert first
    assert second
    assert first[1] == second[1]


def test_recovery_codes_are_shown_once_and_new_ones_end_the_old(enrolled: Any, clock: Any) -> None:
    user, secret, codes = enrolled
    client, answer = sign_in(user)
    client.post(answer["Location"], {"code": code(secret)})
    clock.shift(30)
    client.post("/account/second-factor/reauthenticate/", {"code": code(secret)})
    assert not set(codes) & set(
        re.findall(r"\d{8}", page_text(client.get("/account/second-factor/recovery-codes/")))
    )
    client.post("/account/second-factor/recovery-codes/new/")
    assert not give(user, codes[0])


def test_the_password_alone_changes_nothing_about_the_factor(enrolled: Any, clock: Any) -> None:
    user, secret, _codes = enrolled
    client, answer = sign_in(user)
    client.post(answer["Location"], {"code": code(secret)})
    clock.shift(600)
    asked = client.get("/account/second-factor/app/remove/")
    assert asked["Location"].startswith("/account/second-factor/reauthenticate/")
    assert client.post("/account/reauthenticate/", {"password": PASSWORD})["Location"].startswith(
        "/account/second-factor/reauthenticate/"
    )
    client.post("/account/second-factor/app/remove/")
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    client.post("/account/second-factor/reauthenticate/", {"code": code(secret)})
    client.post("/account/second-factor/app/remove/")
    assert not Authenticator.objects.filter(user=user).exists()


# --- a lost one -----------------------------------------------------------------------------------


def test_an_operator_resets_a_lost_factor_in_the_record(
    enrolled: Any, demanded: None, clock: Any
) -> None:
    user, secret, _codes = enrolled
    operator = scenes.person("operator", Role.OPERATOR)
    open_, answer = sign_in(user)
    open_.post(answer["Location"], {"code": code(secret)})
    assert open_.get("/desk/").status_code == 200
    call_command(
        "reset_second_factor",
        user.pseudonym,
        "--as",
        operator.email,
        "--reason",
        "Phone lost; called back on the known number.",
    )
    assert not Authenticator.objects.filter(user=user).exists()
    assert "was reset" in mail.outbox[-1].subject
    assert mail.outbox[-1].to == [user.email]
    assert (
        open_.get("/desk/").status_code == 403
    )  # what was open falls back to an account that has none
    assert SecondFactorReset.objects.get().user == user
    sequence()
    leaves = [
        bytes(entry.leaf).decode() for entry in Entry.objects.filter(kind="second_factor.reset")
    ]
    assert len(leaves) == 1
    assert str(user.pk) not in leaves[0]
    assert user.pseudonym not in leaves[0]
    clock.shift(30)
    client, _answer = sign_in(user)
    enrol(client)
    assert client.get("/desk/").status_code == 200
    assert open_.get("/desk/").status_code == 403


def test_nobody_resets_ones_own_or_without_being_an_operator(enrolled: Any) -> None:
    user = enrolled[0]
    operator = scenes.person("operator", Role.OPERATOR)
    now = timezone.now()
    for by, whose, reason, error in (
        (user, user, "x", NotAllowedError),
        (operator, operator, "x", NotAllowedError),
        (operator, user, " ", ValidationError),
        (operator, scenes.person("other"), "x", ValidationError),
    ):
        with pytest.raises(error):
            actions.reset_second_factor(by=by, user=whose, reason=reason, now=now)
    for arguments in (
        ("nobody", "--as", operator.pseudonym),
        (operator.pseudonym, "--as", operator.pseudonym),
    ):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", *arguments, "--reason", "x")
    assert Authenticator.objects.filter(user=user).count() == 2
    assert not SecondFactorReset.objects.exists()


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_its_pages_wear_the_dress_of_the_site(lang: str, demanded: None, clock: Any) -> None:
    user = scenes.person("someone", Role.MODERATOR)
    client, _answer = sign_in(user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = lang
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    seen = [
        page_text(client.get(path))
        for path in ("/account/second-factor/", "/account/second-factor/app/")
    ]
    seen.append(
        page_text(client.get("/desk/")).replace("ui/site.css", "ui/site.css accounts/accounts.css")
    )
    enrol(client)
    pages = ("", "app/remove/", "recovery-codes/", "recovery-codes/new/", "reauthenticate/")
    seen += [page_text(client.get(f"/account/second-factor/{path}")) for path in pages]
    waiting, answer = sign_in(user)
    waiting.defaults["HTTP_ACCEPT_LANGUAGE"] = lang
    seen.append(page_text(waiting.get(answer["Location"])))
    for page in seen:
        wears_the_dress(page)
        assert ("两步验证" in page or "验证码" in page or "恢复码" in page) == (lang == "zh-hans")


def test_every_template_of_the_library_that_can_be_reached_is_ours() -> None:
    theirs = Path(allauth.__file__).parent / "templates" / "mfa"
    ours = Path(django_settings.BASE_DIR) / "accounts" / "templates" / "mfa"
    pages = {
        str(path.relative_to(theirs))
        for path in theirs.rglob("*.html")
        if not path.stem.startswith("base")
    }
    off = {"webauthn/authenticator_list.html", "webauthn/signup_form.html", "trust.html"}
    off |= {page for page in pages if page.startswith("webauthn/snippets/")}
    assert pages - off == {
        str(path.relative_to(ours))
        for path in ours.rglob("*.html")
        if not path.name.startswith("_")
    }
