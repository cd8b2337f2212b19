"""What every answer carries whoever asks and whatever for: the policy for scripts, whose origin may
read it, who may keep it, cookies.

The permission table says who may enter; this file says how the doors are made. Everything is asked
of every route there is.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from accounts.actions import create_key, revoke_key
from accounts.api.authentication import KeyAuthentication
from accounts.models import ApiKey, User
from config.settings import base
from config.verdict_fast_path import VerdictFastPath
from evidence.exhibits.models import Submission
from evidence.sources.models import Capture
from evidence.stores import originals
from tests import scenes
from tests.system.test_checks import PRODUCTION
from tests.system.test_permission_table import TABLE, routes

#: Stands for any id and any reference: the first guard asks before anything is looked up.
NOTHING = "00000000-0000-7000-8000-000000000000"
PASSWORD = "correct horse battery"


# --- forms and cookies ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_route_takes_a_post_from_another_site() -> None:
    """Signed in as who may do most, without the token of a form: refused everywhere, on pages and
    in the API by session. A mail's link is its own permission, and this one is none."""
    person = scenes.person("everyone", "moderator", "adjudicator", "auditor", "operator")
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    anonymous = Client(enforce_csrf_checks=True)
    wrong, refused = [], 0
    for template, _methods in TABLE.values():
        path = re.sub(r"\{\w+\}", NOTHING, template.replace("{picture}", "0" * 64))
        as_json = (
            path.startswith("/api/")
            and path != "/api/v1/submissions/"
            and "/submissions/" not in path
        )
        for visitor in (client, anonymous):
            answer = visitor.post(
                path, {"x": "y"}, **({"content_type": "application/json"} if as_json else {})
            )
            refused += answer.status_code == 403
            expected = 401 if visitor is anonymous and path.startswith("/api/v1/") else 403
            if path.startswith("/account/notifications/off/"):
                expected = 404
            if answer.status_code != expected:
                wrong.append(f"POST {path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert refused > len(TABLE)


@pytest.fixture
def in_production(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Cookies and transport as a public installation has them."""
    for name, value in {**PRODUCTION, "DATA_DIR": str(tmp_path)}.items():
        if name != "DJANGO_SETTINGS_MODULE":
            monkeypatch.setenv(name, value)
    production = importlib.import_module("config.settings.production")
    for name in dir(production):
        if re.match("(SESSION|SIGNED_IN|CSRF|LANGUAGE|SECURE)_", name):
            setattr(settings, name, getattr(production, name))
    assert settings.SECURE_SSL_REDIRECT
    return production


@pytest.mark.django_db
def test_cookies_of_a_public_installation_stay_on_this_host_over_tls(
    in_production: Any, client: Client
) -> None:
    owner = scenes.person("owner")
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)
    client.get("/account/login/", secure=True)
    client.post("/account/login/", {"login": owner.email, "password": PASSWORD}, secure=True)
    assert set(client.cookies) >= {"__Host-session", "__Host-signed-in", "__Host-csrf"}
    for name, cookie in client.cookies.items():
        flags = (
            cookie["secure"],
            cookie["httponly"],
            cookie["samesite"],
            cookie["path"],
            cookie["domain"],
        )
        for_script = name == "__Host-signed-in"  # it holds nothing of anyone
        assert flags == (True, "" if for_script else True, "Lax", "/", ""), name
    answer = client.get("/", secure=True)
    assert "max-age=63072000" in answer["Strict-Transport-Security"]
    assert client.get("/")["Location"].startswith("https://")
    assert in_production.ALLOWED_HOSTS == ["record.example", "content.record-files.example"]


@pytest.mark.django_db
def test_a_session_is_new_at_the_entrance_and_ends_with_its_reason(client: Client) -> None:
    """No session that someone else knew is taken over; it ends with signing out, a new password, a
    closed account."""
    owner = scenes.person("owner")
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)

    def sign_in() -> str:
        client.post("/account/login/", {"login": owner.email, "password": PASSWORD})
        assert client.get("/account/").status_code == 200
        return client.cookies[django_settings.SESSION_COOKIE_NAME].value

    client.cookies[django_settings.SESSION_COOKIE_NAME] = "planted0123456789abcdefghijklmno"
    first = sign_in()
    assert first != "planted0123456789abcdefghijklmno"
    client.post("/account/logout/")
    client.cookies[django_settings.SESSION_COOKIE_NAME] = first
    assert client.get("/account/").status_code == 302
    assert sign_in() != first
    owner.set_password("another one entirely 9")
    owner.save(update_fields=["password"])
    assert client.get("/account/").status_code == 302
    client.force_login(owner)
    assert client.get("/account/").status_code == 200
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get("/account/").status_code == 302
    assert client.get("/api/v1/submissions/").status_code == 401


# --- trying again and again -----------------------------------------------------------------------


class Attempts:
    """What someone does who tries again and again; each gives whether the door still took the
    attempt."""

    def __init__(self) -> None:
        self.scene = scenes.build_claim()
        self.owner = self.scene.owners[0]
        self.owner.emailaddress_set.create(email=self.owner.email, verified=True, primary=True)
        self.secret = create_key(
            by=self.owner, label="x", scopes=["submit", "read"], now=timezone.now()
        )[1]
        self.count = 0

    def _post(self, path: str, data: dict[str, Any], **headers: Any) -> Any:
        self.count += 1
        headers.setdefault(
            "HTTP_X_FORWARDED_FOR", f"198.51.100.{self.count % 250}"
        )  # an address of one's own choice changes nothing
        return Client().post(path, data, **headers)

    def passwords_of_one(self) -> bool:
        """Guess a password; the right one is refused too once there were too many."""
        self._post(
            "/account/login/", {"login": self.owner.email, "password": f"wrong {self.count}"}
        )
        return bool(
            self._post(
                "/account/login/", {"login": self.owner.email, "password": PASSWORD}
            ).status_code
            == 302
        )

    def passwords_of_many(self) -> bool:
        return bool(
            self._post(
                "/account/login/", {"login": f"p{self.count}@example.org", "password": "123456"}
            ).status_code
            == 200
        )

    def accounts(self) -> bool:
        given = {
            "email": f"p{self.count}@example.org",
            "password1": "correct horse battery 9",
            "password2": "correct horse battery 9",
        }
        return bool(self._post("/account/signup/", given).status_code == 302)

    def mails(self) -> bool:
        return bool(
            self._post("/account/password/reset/", {"email": self.owner.email}).status_code == 302
        )

    def keys(self) -> bool:
        answer = Client().get("/api/v1/submissions/", HTTP_AUTHORIZATION=f"Bearer ac_{self.count}")
        self.count += 1
        assert answer.status_code in {401, 429}
        return bool(answer.status_code == 401)

    def filings_by_key(self) -> bool:
        answer = self._post(
            "/api/v1/submissions/", self._filing(), HTTP_AUTHORIZATION=f"Bearer {self.secret}"
        )
        assert answer.status_code in {201, 429}
        return bool(answer.status_code == 201)

    def filings_by_form(self) -> bool:
        client = Client()
        client.force_login(self.owner)
        form = {**self._filing(), "consent": "on", "idempotency_key": f"k{self.count}"}
        answer = client.post(f"/claims/{self.scene.claim.reference}/file/", form)
        self.count += 1
        assert answer.status_code in {302, 429}, answer.content.decode()[-3000:]
        return bool(answer.status_code == 302)

    def _filing(self) -> dict[str, str]:
        return {
            "claim": str(self.scene.claim.pk),
            "narrative": f"no air {self.count}",
            "narrative_lang": "en",
            "licence": "cc-by-4.0",
        }


#: attempt → how many are taken at most
LIMITS = {
    "passwords_of_one": 5,
    "passwords_of_many": 30,
    "accounts": 20,
    "mails": 5,
    "keys": 30,
    "filings_by_key": 7,
    "filings_by_form": 7,
}


@pytest.fixture
def fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.django_db
@pytest.mark.parametrize("attempt", LIMITS)
def test_whoever_tries_again_and_again_is_stopped(
    attempt: str, settings: Any, fresh_limits: None
) -> None:
    """By the limits of a public installation (the quota of filings made small); negative control:
    the limits off."""
    someone = Attempts()
    most = LIMITS[attempt]
    for _ in range(
        most + 2
    ):  # the limits of the suite's settings are off, and every attempt is taken
        assert getattr(someone, attempt)()
    cache.clear()
    Submission.objects.all().update(filed_at=timezone.now() - timezone.timedelta(days=2))
    settings.ACCOUNT_RATE_LIMITS, settings.KEY_GUESSES, settings.FILED_MAX_SUBMISSIONS = (
        base.ACCOUNT_RATE_LIMITS,
        base.KEY_GUESSES,
        7,
    )
    taken = [getattr(someone, attempt)() for _ in range(most + 2)]
    assert taken == sorted(taken, reverse=True), "once stopped, stopped"
    assert 0 < sum(taken) <= most
    if attempt == "keys":  # a right key is not shut out by a stranger's wrong ones
        assert (
            Client()
            .get("/api/v1/submissions/", HTTP_AUTHORIZATION=f"Bearer {someone.secret}")
            .status_code
            == 200
        )


@pytest.mark.django_db
def test_who_may_file_no_more_today_fills_no_disk_and_gets_what_was_filed(settings: Any) -> None:
    someone = Attempts()
    settings.FILED_MAX_BYTES = 3000
    photo = scenes.picture(1) + b"\0" * 1400

    def file(key: str, number: int) -> Any:
        from django.core.files.uploadedfile import SimpleUploadedFile

        body = {
            **someone._filing(),
            "photos": SimpleUploadedFile("duct.jpg", photo + bytes([number])),
        }
        headers = {"HTTP_IDEMPOTENCY_KEY": key, "HTTP_AUTHORIZATION": f"Bearer {someone.secret}"}
        return Client().post("/api/v1/submissions/", body, **headers)

    first = file("one", 1)
    assert first.status_code == 201
    blobs = sorted(path for path in settings.BLOBS_DIR.rglob("*") if path.is_file())
    refused = file("two", 2)
    assert (refused.status_code, refused.json()["type"]) == (429, "about:blank#quota_reached")
    assert sorted(path for path in settings.BLOBS_DIR.rglob("*") if path.is_file()) == blobs
    assert file("one", 1).json()["id"] == first.json()["id"]
    assert Submission.objects.count() == 1
    settings.FILED_MAX_BYTES = 30_000
    assert file("two", 2).status_code == 201  # negative control


# --- keys end at once -----------------------------------------------------------------------------


def until_refused(secret: str, end: Callable[[], None], threads: int = 3) -> float:
    """Programs use a key all the time on connections of their own; seconds from its end to the last
    answer that still took it."""
    taken: list[float] = []
    stop = threading.Event()
    warm = threading.Barrier(threads + 1, timeout=30)

    def use() -> None:
        client, first = Client(), True
        try:
            while not stop.is_set():
                asked = time.monotonic()
                if (
                    client.get(
                        "/api/v1/submissions/", HTTP_AUTHORIZATION=f"Bearer {secret}"
                    ).status_code
                    == 200
                ):
                    taken.append(asked)
                if first:
                    warm.wait()
                    first = False
        finally:
            connection.close()

    workers = [threading.Thread(target=use) for _ in range(threads)]
    for worker in workers:
        worker.start()
    warm.wait()
    end()
    ended = time.monotonic()
    time.sleep(1.2)
    stop.set()
    for worker in workers:
        worker.join(timeout=30)
    assert len(taken) >= threads
    return max(0.0, max(taken) - ended)


@pytest.mark.django_db(transaction=True)
def test_a_key_ends_within_a_second_in_every_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Revoked, or its account closed, while three workers use it all the time; negative control: a
    worker that remembers keys."""
    owner = scenes.person("owner")
    key, secret = create_key(by=owner, label="x", scopes=["read"], now=timezone.now())
    late = until_refused(secret, lambda: revoke_key(by=owner, key=key, now=timezone.now()))
    assert late < 1
    _key, secret = create_key(by=owner, label="y", scopes=["read"], now=timezone.now())
    assert (
        until_refused(secret, lambda: User.objects.filter(pk=owner.pk).update(is_active=False)) < 1
    )  # type: ignore[arg-type, return-value]  # its count is of no use

    User.objects.filter(pk=owner.pk).update(is_active=True)
    key, secret = create_key(by=owner, label="z", scopes=["read"], now=timezone.now())
    real, known = KeyAuthentication.authenticate, {}

    def remembering(self: KeyAuthentication, request: Any) -> Any:
        name = request.headers.get("Authorization")
        if name not in known:
            known[name] = real(self, request)
        return known[name]

    monkeypatch.setattr(KeyAuthentication, "authenticate", remembering)
    assert until_refused(secret, lambda: revoke_key(by=owner, key=key, now=timezone.now())) >= 1
    assert ApiKey.objects.count() == 3


# --- untrusted files ------------------------------------------------------------------------------


def capture_of(scene: scenes.Scene, content: bytes, content_type: str = "text/html") -> Capture:
    """Bytes that a source sent, kept as they came."""
    stored = originals().put(content, limit=1 << 20)
    return Capture.objects.create(
        source=scene.source, digest=stored.sha256, size=stored.size, content_type=content_type,
        url="https://brand.example/x",
        captured_at=scene.now, created_at=scene.now,
    )  # fmt: skip


@pytest.mark.django_db
def test_files_of_strangers_leave_from_the_content_host_alone(client: Client) -> None:
    scene = scenes.build_claim()
    hostile = b"<script>document.title = document.cookie</script>"
    path = f"/sources/{scene.source.pk}/captures/{capture_of(scene, hostile).pk}"
    here = client.get(path)
    assert (here.status_code, here["Location"]) == (302, f"http://content.localhost{path}")
    assert hostile not in here.content
    there = client.get(path, HTTP_HOST="content.localhost")
    assert (there.status_code, b"".join(there)) == (200, hostile)
    assert there["Content-Type"] == "application/octet-stream"
    assert there["Content-Disposition"].startswith("attachment")
    assert "sandbox" in there["Content-Security-Policy"]
    assert there["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert (there["X-Content-Type-Options"], there["Cross-Origin-Resource-Policy"]) == (
        "nosniff",
        "same-origin",
    )
    assert not there.cookies


@pytest.mark.django_db
def test_the_content_host_knows_no_page_no_form_and_no_session(client: Client) -> None:
    """Every address of the site is nothing there, signed in or not, and no cookie is set."""
    client.force_login(scenes.person("owner"))
    own = {spelled for spelled, _part in routes(get_resolver("reports.content_urls"))}
    assert own == {"sources/<uuid:source>/captures/<uuid:capture>"}
    for route, (template, _methods) in TABLE.items():
        path = re.sub(r"\{\w+\}", NOTHING, template)
        for method in ("GET", "POST"):
            answer = client.generic(method, path, HTTP_HOST="content.localhost")
            assert answer.status_code == (405 if route in own and method == "POST" else 404), path
            assert not answer.cookies
            assert "sandbox" in answer["Content-Security-Policy"]
    assert client.get("/static/ui/site.css", HTTP_HOST="content.localhost").status_code == 404
    assert (
        client.get("/account/").status_code == 200
    )  # negative control: the same browser at the site's own host


@pytest.mark.django_db
@pytest.mark.parametrize(
    "configured", ["content.localhost", "content.localhost:8443", "Content.Localhost."]
)
@pytest.mark.parametrize(
    "asked",
    [
        "content.localhost",
        "content.localhost:80",
        "content.localhost:8443",
        "content.localhost.",
        "CONTENT.localhost.:443",
    ],
)
def test_the_content_host_is_one_host_however_it_is_spelled(
    client: Client, settings: Any, configured: str, asked: str
) -> None:
    settings.CONTENT_HOST = configured
    client.force_login(scenes.person("owner"))
    for path in (
        "/",
        "/account/",
        "/account/login/",
        "/api/v1/claims/",
        "/static/ui/site.css",
        "/healthz",
    ):
        answer = client.get(path, HTTP_HOST=asked)
        assert (answer.status_code, bool(answer.cookies)) == (404, False), path
        assert "sandbox" in answer["Content-Security-Policy"]
    assert (
        client.get("/account/", HTTP_HOST="localhost.:80").status_code == 200
    )  # control: so spelled, the site's own host is the site


def test_the_front_of_verdicts_answers_nothing_at_the_content_host(tmp_path: Path) -> None:
    verdict = "018f4e5a-0000-7000-8000-000000000000"
    (tmp_path / "verdicts").mkdir()
    (tmp_path / "verdicts" / f"{verdict}.json").write_text("{}")
    front = VerdictFastPath(lambda environ, start: [b"django"], tmp_path, "content.localhost:8443")
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/api/v1/verdicts/{verdict}/"}
    for asked in ("content.localhost", "CONTENT.localhost.:443"):
        assert front({**environ, "HTTP_HOST": asked}, lambda *_: None) == [b"django"]
    for asked in ("localhost", "", "content.localhost.example"):
        assert front({**environ, "HTTP_HOST": asked}, lambda *_: None) == [b"{}"]


def test_nothing_else_on_our_own_host_sends_foreign_bytes_as_anything_a_browser_opens() -> None:
    """Originals go to permitted people as attachments; every other reader of the store of originals
    is a worker or the content host."""
    found = subprocess.run(
        ["grep", "-rln", r"originals()\.open", "--include=*.py", "accounts", "claims", "evidence",
        "verdicts", "reports", "config"],
        capture_output=True, text=True, cwd=django_settings.BASE_DIR,
    )  # fmt: skip
    doors = {path for path in found.stdout.split() if "views" in path or "/api/" in path}
    assert doors == {"evidence/exhibits/views.py", "reports/pages/views/sources.py"}
