"""One table: every route × method × role → the answer. A route that is missing from it fails the suite.

For a POST the table sends nothing: 400 means that the door is open and the form was empty, 302 to `/account/login/` that a
stranger is asked to sign in, 403 that the account may not, 404 that it may not even know, 405 that there is no such door.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

import jobs
import ledger
from accounts.actions import create_key, found_organisation
from accounts.models import ApiKey, OrganisationKind, Role, User
from evidence.actions.looking import Looked, record_look
from evidence.extraction import Extract
from evidence.models import Alert, Capture, Exhibit, Rendition
from evidence.stores import originals, renditions
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from reports.building import store
from reports.models import Report, ReportFile
from tests import scenes
from verdicts import actions as verdicts

ROLES: Final = ("anonymous", "owner", "other", "moderator", "adjudicator", "company", "auditor", "operator")
KEYS: Final = ("key:read", "key:submit")
NO_ONE: Final = 405


def row(everyone: int, **roles: int) -> dict[str, int]:
    """The answer to each role: `everyone`, but for those named."""
    return {role: roles.get(role, everyone) for role in ROLES}


def desk(open_: int, *allowed: str) -> dict[str, int]:
    """A door of the desk: strangers sign in, `allowed` get `open_`, everyone else is refused."""
    return row(403, anonymous=302, **dict.fromkeys(allowed, open_))


PUBLIC = {"GET": row(200), "POST": row(NO_ONE)}
SIGNED_IN = row(200, anonymous=302)
DESK = ("moderator", "adjudicator", "auditor")
#: Only signed-in people and none of their things: a stranger is asked to sign in, anyone else learns nothing.
OWN = row(404, anonymous=302, owner=200)
#: Reads of the API are open; who may not write learns that before anything else.
API = {"GET": row(200) | dict.fromkeys(KEYS, 200), "POST": row(403, anonymous=401) | dict.fromkeys(KEYS, 403)}

#: route as Django spells it → (an address of it, {method: {role: status}})
TABLE: Final[dict[str, tuple[str, dict[str, dict[str, int]]]]] = {
    # operators' questions
    "healthz": ("/healthz", PUBLIC),
    "readyz": ("/readyz", {"GET": row(503), "POST": row(NO_ONE)}),  # no worker runs in a test, so it is never ready
    "metrics": ("/metrics", PUBLIC),  # from loopback; tests/house/test_health.py asks from elsewhere
    "operations/jobs/": ("/operations/jobs/", {"GET": row(403, anonymous=302, operator=200), "POST": row(NO_ONE)}),
    "operations/jobs/<uuid:job_id>/retry/": (
        "/operations/jobs/{job}/retry/",
        {"GET": row(NO_ONE), "POST": row(403, anonymous=302, operator=302)},
    ),
    "operations/jobs/<uuid:job_id>/cancel/": (
        "/operations/jobs/{job}/cancel/",
        {"GET": row(NO_ONE), "POST": row(403, anonymous=302, operator=302)},
    ),
    "progress/<uuid:job_id>/": ("/progress/{job}/", PUBLIC),
    "progress/<uuid:job_id>.json": ("/progress/{job}.json", PUBLIC),
    # public pages
    "": ("/", PUBLIC),
    "claims/": ("/claims/", PUBLIC),
    "claims/<str:ref>/": ("/claims/{claim}/", PUBLIC),
    r"^claims/(?P<ref>[^/]+)/card\.(?P<lang>en|zh-Hans)\.png$": ("/claims/{claim}/card.en.png", PUBLIC),
    r"^verdicts/(?P<ref>[^/]+)/card\.(?P<lang>en|zh-Hans)\.png$": ("/verdicts/{verdict}/card.en.png", PUBLIC),
    "claims/<str:ref>/history/": ("/claims/{claim}/history/", PUBLIC),
    "companies/": ("/companies/", PUBLIC),
    "companies/<uuid:company>/": ("/companies/{company}/", PUBLIC),
    "companies/<uuid:company>/verdicts.<str:lang>.<str:size>.svg": ("/companies/{company}/verdicts.en.wide.svg", PUBLIC),
    "products/<uuid:product>/": ("/products/{product}/", PUBLIC),
    "series/<uuid:series>/chart.<str:lang>.<str:size>.svg": ("/series/{series}/chart.zh-Hans.narrow.svg", PUBLIC),
    "verdicts/<str:ref>/": ("/verdicts/{verdict}/", PUBLIC),
    r"^verdicts/(?P<ref>[^/]+)/chart\.(?P<lang>en|zh-Hans)\.svg$": ("/verdicts/{verdict}/chart.en.svg", PUBLIC),
    "sources/<uuid:source>/": ("/sources/{source}/", PUBLIC),
    "sources/<uuid:source>/diff/": ("/sources/{source}/diff/", PUBLIC),
    "sources/<uuid:source>/versions/<int:number>/": ("/sources/{source}/versions/1/", PUBLIC),
    "sources/<uuid:source>/captures/<uuid:capture>": ("/sources/{source}/captures/{capture}", PUBLIC),
    "exhibits/<str:ref>/": ("/exhibits/{exhibit}/", PUBLIC),
    r"^media/(?P<digest>[0-9a-f]{64})\.jpg$": ("/media/{picture}.jpg", PUBLIC),
    "reports/<str:ref>/": ("/reports/{report}/", PUBLIC),
    "reports/<str:ref>/files/<str:name>": ("/reports/{report}/files/report.json", PUBLIC),
    "record/": ("/record/", PUBLIC),
    "record/verify/": ("/record/verify/?verdict={verdict}", PUBLIC),
    "record/entries/<int:index>/": ("/record/entries/0/", PUBLIC),
    "record/entries/<int:index>/leaf.json": ("/record/entries/0/leaf.json", PUBLIC),
    "record/entries/<int:index>/proof": ("/record/entries/0/proof", PUBLIC),
    "record/entries/<int:index>/bundle.json": ("/record/entries/0/bundle.json", PUBLIC),
    "corrections/": ("/corrections/", PUBLIC),
    "feeds/verdicts.atom": ("/feeds/verdicts.atom", PUBLIC),
    "feeds/edits.atom": ("/feeds/edits.atom", PUBLIC),
    "feeds/disappearances.atom": ("/feeds/disappearances.atom", PUBLIC),
    "method/": ("/method/", PUBLIC),
    "ledger/checkpoint": ("/ledger/checkpoint", PUBLIC),
    "ledger/key": ("/ledger/key", PUBLIC),
    "ledger/tile/<path:path>": ("/ledger/tile/entries/000.p/{size}", PUBLIC),
    "i18n/setlang/": ("/i18n/setlang/", {"GET": row(302), "POST": row(302)}),
    # one's own account
    "account/": ("/account/", {"GET": SIGNED_IN, "POST": row(NO_ONE)}),
    "account/organisations/<uuid:organisation>/": (
        "/account/organisations/{brand}/",
        {"GET": row(404, anonymous=302, company=200, operator=200), "POST": row(NO_ONE)},
    ),
    "account/keys/": ("/account/keys/", {"GET": SIGNED_IN, "POST": row(400, anonymous=302)}),
    "account/keys/<uuid:key>/revoke/": ("/account/keys/{key}/revoke/", {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=302)}),
    # the entrance
    "account/login/": ("/account/login/", {"GET": row(302, anonymous=200), "POST": row(302, anonymous=200)}),
    "account/logout/": ("/account/logout/", {"GET": row(200, anonymous=302), "POST": row(302)}),
    "account/inactive/": ("/account/inactive/", {"GET": row(200), "POST": row(NO_ONE)}),
    "account/signup/": ("/account/signup/", {"GET": row(302, anonymous=200), "POST": row(302, anonymous=200)}),
    "account/reauthenticate/": ("/account/reauthenticate/", {"GET": row(200, anonymous=302), "POST": row(200, anonymous=302)}),
    "account/email/": ("/account/email/", {"GET": SIGNED_IN, "POST": row(302)}),
    "account/confirm-email/": ("/account/confirm-email/", {"GET": row(200), "POST": row(NO_ONE)}),
    r"account/^confirm-email/(?P<key>[-:\w]+)/$": ("/account/confirm-email/x/", {"GET": row(200), "POST": row(404)}),
    "account/password/change/": ("/account/password/change/", {"GET": SIGNED_IN, "POST": SIGNED_IN}),
    "account/password/set/": ("/account/password/set/", {"GET": row(302), "POST": row(302)}),
    "account/password/reset/": ("/account/password/reset/", {"GET": row(200), "POST": row(200)}),
    "account/password/reset/done/": ("/account/password/reset/done/", {"GET": row(200), "POST": row(NO_ONE)}),
    "account/password/reset/key/done/": ("/account/password/reset/key/done/", {"GET": row(200), "POST": row(NO_ONE)}),
    r"account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (
        "/account/password/reset/key/x-y/",
        {"GET": row(200), "POST": row(200)},
    ),
    "account/login/code/confirm/": ("/account/login/code/confirm/", {"GET": row(302), "POST": row(302)}),
    # filing and one's own submissions
    "claims/<str:ref>/file/": ("/claims/{claim}/file/", {"GET": SIGNED_IN, "POST": row(400, anonymous=302)}),
    "claims/<str:ref>/file/photos/": ("/claims/{claim}/file/photos/", {"GET": row(NO_ONE), "POST": row(400, anonymous=302)}),
    "staged/<uuid:photo>/discard/": (
        "/staged/{staged}/discard/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=204)},
    ),
    "submissions/": ("/submissions/", {"GET": SIGNED_IN, "POST": row(NO_ONE)}),
    "submissions/<str:ref>/": ("/submissions/{pending}/", {"GET": OWN, "POST": row(NO_ONE)}),
    "submissions/<str:ref>/withdraw/": (
        "/submissions/{pending}/withdraw/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=302)},
    ),
    # the desk
    "desk/": ("/desk/", {"GET": desk(200, *DESK), "POST": row(NO_ONE)}),
    "desk/claims/new/": ("/desk/claims/new/", {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")}),
    "desk/claims/<str:ref>/": ("/desk/claims/{claim}/", {"GET": desk(200, *DESK), "POST": desk(404, *DESK)}),
    "desk/claims/<str:ref>/revise/": ("/desk/claims/{claim}/revise/", {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")}),
    "desk/submissions/<str:ref>/": ("/desk/submissions/{pending}/", {"GET": desk(200, *DESK), "POST": desk(400, *DESK)}),
    "desk/exhibits/<str:ref>/picture": (
        "/desk/exhibits/{hidden}/picture",
        {"GET": row(404, anonymous=302, owner=200, moderator=200, adjudicator=200, auditor=200), "POST": row(NO_ONE)},
    ),
    "desk/exhibits/<str:ref>/original": (
        "/desk/exhibits/{hidden}/original",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=200, moderator=200, adjudicator=200, auditor=403)},
    ),
    "desk/exhibits/<str:ref>/regions/": (
        "/desk/exhibits/{exhibit}/regions/",
        {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")},
    ),
    "desk/exhibits/<str:ref>/regions/<int:number>/remove/": (
        "/desk/exhibits/{exhibit}/regions/1/remove/",
        {"GET": row(NO_ONE), "POST": desk(302, "moderator")},
    ),
    "desk/exhibits/<str:ref>/comparisons/": (
        "/desk/exhibits/{exhibit}/comparisons/",
        {"GET": row(NO_ONE), "POST": desk(400, "moderator")},
    ),
    "desk/comparisons/<uuid:comparison>/remove/": (
        "/desk/comparisons/{comparison}/remove/",
        {"GET": row(NO_ONE), "POST": desk(302, "moderator")},
    ),
    "desk/sources/<uuid:source>/upload/": (
        "/desk/sources/{source}/upload/",
        {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")},
    ),
    "desk/alerts/<uuid:alert>/handle/": ("/desk/alerts/{alert}/handle/", {"GET": row(NO_ONE), "POST": desk(302, "moderator")}),
    "desk/aspects/<uuid:aspect>/finding/": (
        "/desk/aspects/{aspect}/finding/",
        {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")},
    ),
    "desk/aspects/<uuid:aspect>/verdict/": (
        "/desk/aspects/{aspect}/verdict/",
        {"GET": desk(200, "adjudicator"), "POST": desk(400, "adjudicator")},
    ),
    "desk/verdicts/<str:ref>/": ("/desk/verdicts/{proposal}/", {"GET": desk(200, *DESK), "POST": desk(404, *DESK)}),
    # programs
    "api/docs/": ("/api/docs/", PUBLIC),
    "api/v1/schema/": ("/api/v1/schema/", API),
    "api/v1/changes/": ("/api/v1/changes/", API),
    "api/v1/claims/<str:id>/history/": ("/api/v1/claims/{claim}/history/", API),
    "api/v1/verdicts/<str:id>/proof/": ("/api/v1/verdicts/{verdict}/proof/", API),
    "api/v1/^companies/$": ("/api/v1/companies/", API),
    "api/v1/^companies/(?P<pk>[^/.]+)/$": ("/api/v1/companies/{company}/", API),
    "api/v1/^products/$": ("/api/v1/products/", API),
    "api/v1/^products/(?P<pk>[^/.]+)/$": ("/api/v1/products/{product}/", API),
    "api/v1/^series/$": ("/api/v1/series/", API),
    "api/v1/^series/(?P<pk>[^/.]+)/$": ("/api/v1/series/{series}/", API),
    "api/v1/^incidents/$": ("/api/v1/incidents/", API),
    "api/v1/^incidents/(?P<pk>[^/.]+)/$": ("/api/v1/incidents/{incident}/", API),
    "api/v1/^claims/$": ("/api/v1/claims/", API),
    "api/v1/^claims/(?P<id>[0-9A-Za-z-]{8,36})/$": ("/api/v1/claims/{claim}/", API),
    "api/v1/^sources/$": ("/api/v1/sources/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/$": ("/api/v1/sources/{source}/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/as-of/$": ("/api/v1/sources/{source}/as-of/?at=2100-01-01T00:00:00Z", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/diff/$": ("/api/v1/sources/{source}/diff/?from=1&to=2", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/disappearances/$": ("/api/v1/sources/{source}/disappearances/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/observations/$": ("/api/v1/sources/{source}/observations/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/versions/$": ("/api/v1/sources/{source}/versions/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/versions/(?P<number>[0-9]{1,6})/$": ("/api/v1/sources/{source}/versions/1/", API),
    "api/v1/^exhibits/$": ("/api/v1/exhibits/", API),
    "api/v1/^exhibits/(?P<id>[0-9A-Za-z-]{8,36})/$": ("/api/v1/exhibits/{exhibit}/", API),
    "api/v1/^comparisons/$": ("/api/v1/comparisons/", API),
    "api/v1/^comparisons/(?P<pk>[^/.]+)/$": ("/api/v1/comparisons/{comparison}/", API),
    "api/v1/^verdicts/$": ("/api/v1/verdicts/", API),
    "api/v1/^verdicts/(?P<id>[0-9A-Za-z-]{8,36})/$": ("/api/v1/verdicts/{verdict}/", API),
    "api/v1/^reports/$": ("/api/v1/reports/", API),
    "api/v1/^reports/(?P<id>[0-9A-Za-z-]{8,36})/$": ("/api/v1/reports/{report}/", API),
    "api/v1/^submissions/$": (
        "/api/v1/submissions/",
        {
            "GET": row(200, anonymous=401) | {"key:read": 200, "key:submit": 403},
            "POST": row(400, anonymous=401) | {"key:read": 403, "key:submit": 400},
        },
    ),
    "api/v1/^submissions/(?P<id>[0-9A-Za-z-]{8,36})/$": (
        "/api/v1/submissions/{pending}/",
        {
            "GET": row(404, anonymous=401, owner=200) | {"key:read": 200, "key:submit": 403},
            "POST": row(NO_ONE, anonymous=401) | {"key:read": 403, "key:submit": NO_ONE},
        },
    ),
}
#: Routes of others, which carry no declaration of ours: the table alone holds them.
UNDECLARED: Final = ("allauth.", "config.health", "django.views.i18n", "drf_spectacular.", "jobs.views", "ledger.views")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route of the site, as Django spells it."""
    for part in (resolver or get_resolver()).url_patterns:
        spelled = prefix + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from routes(part, spelled)
        else:
            yield spelled, part


def test_every_route_stands_in_the_table_and_nothing_else_does() -> None:
    assert {spelled for spelled, _ in routes()} == set(TABLE)


def test_every_view_declares_who_may_enter() -> None:
    for spelled, part in routes():
        view = part.callback
        declared = hasattr(view, "entered_by") or getattr(getattr(view, "cls", None), "permission_classes", None)
        assert declared or view.__module__.startswith(UNDECLARED), spelled


def test_a_view_without_a_declaration_would_be_found() -> None:
    """The negative control of the test above."""
    assert not hasattr(routes, "entered_by")


class World:
    """One of everything, and someone in every role."""

    def __init__(self) -> None:
        scene = scenes.build_claim()
        self.scene, now = scene, timezone.now()
        for text in (scenes.POST, "别的文字。"):
            stored = originals().put(text.encode(), limit=1000)
            looked = Looked(
                type="ok",
                looked_at=now,
                status=200,
                final_url=scene.source.url,
                digest=stored.sha256,
                size=stored.size,
                extract=Extract(title="", text=text, lang="zh-Hans", links=(), extractor="test", version="1"),
            )
            record_look(by=ledger.SYSTEM, source=scene.source, looked=looked, now=now)
        scenes.build_findings(scenes.build_evidence(scene))
        scenes.build_silence(scene)
        for number, one in enumerate(scene.exhibits()):
            Rendition.objects.filter(exhibit=one).update(digest=renditions().put(b"%d" % number, limit=9).sha256)
        verdict = verdicts.approve_verdict(by=scene.second_adjudicator, verdict=scenes.propose(scene), now=now)
        proposal = scenes.propose(scene, aspect=scene.carbon, rating="delivered")
        accepted = scene.exhibits()[0]
        pending = scenes.filing.file_submission(
            by=scene.owners[0],
            claim=scene.claim,
            narrative="x",
            narrative_lang="en",
            licence="show",
            now=now,
            photos=[scenes.filing.NewPhoto(originals().put(b"hidden", limit=9), "a.jpg")],
        )
        hidden = Exhibit.objects.get(submission=pending)
        Rendition.objects.create(
            exhibit=hidden,
            name="page",
            digest=renditions().put(b"hidden", limit=9).sha256,
            media_type="image/jpeg",
            width=4,
            height=3,
            size=6,
        )
        stored = store().put(b"{}", limit=9)
        report = Report.objects.create(kind="discrepancy", claim=scene.claim, checkpoint_size=1, basis=stored.sha256, created_at=now)
        ReportFile.objects.create(report=report, name="report.json", digest=stored.sha256, size=2, media_type="application/json")
        brand = found_organisation(by=ledger.SYSTEM, kind=OrganisationKind.COMPANY, name="A car maker", now=now)
        self.people: dict[str, User | None] = {
            "anonymous": None,
            "owner": scene.owners[0],
            "other": scene.owners[1],
            "moderator": scene.second_moderator,
            "adjudicator": scene.second_adjudicator,
            "company": scenes.person("company", Role.COMPANY_REPRESENTATIVE, organisation=brand),
            "auditor": scenes.person("auditor", Role.AUDITOR),
            "operator": scenes.person("operator", Role.OPERATOR),
        }
        key, _secret = create_key(by=scene.owners[0], label="table", scopes=["read"], now=now)
        self.secrets = {
            f"key:{scope}": create_key(by=scene.owners[0], label=scope, scopes=[scope], now=now)[1] for scope in ("read", "submit")
        }
        sequence()
        self.clients: dict[str, tuple[Client, dict[str, Any]]] = {}
        size = Checkpoint.objects.order_by("-size").values_list("size", flat=True)[0] % 256  # the partial bundle of the newest entries
        self.names = {
            "brand": brand.pk,
            "claim": scene.claim.reference,
            "company": scene.company.pk,
            "product": scene.product.pk,
            "series": scenes.build_series(scene).pk,
            "incident": scenes.build_incident(scene).pk,
            "source": scene.source.pk,
            "capture": Capture.objects.filter(source=scene.source).values_list("pk", flat=True)[0],
            "verdict": verdict.reference,
            "proposal": proposal.reference,
            "exhibit": accepted.reference,
            "picture": Rendition.objects.get(exhibit=accepted).digest,
            "pending": pending.reference,
            "hidden": hidden.reference,
            "staged": scenes.build_staged(scene.owners[0], scene).pk,
            "report": report.reference,
            "comparison": scenes.build_pointing(scene).pk,
            "aspect": scene.carbon.pk,
            "key": ApiKey.objects.get(pk=key.pk).pk,
            "alert": Alert.objects.create(kind="source_gone", claim=scene.claim, source=scene.source, created_at=now).pk,
            "job": jobs.enqueue("evidence.look", {"source": str(scene.source.pk)}, key="table").pk,
            "size": size,
        }

    def client(self, role: str) -> tuple[Client, dict[str, Any]]:
        """The browser of a role, or the header of a key."""
        if role not in self.clients:
            client, person = Client(), self.people.get(role)
            if person is not None:
                client.force_login(User.objects.get(pk=person.pk))
            self.clients[role] = client, {"HTTP_AUTHORIZATION": f"Bearer {self.secrets[role]}"} if role in self.secrets else {}
        return self.clients[role]

    def ask(self, client: Client, method: str, path: str, headers: dict[str, Any]) -> HttpResponse:
        """One request, whose effects are taken back, also those on the browser."""
        cookies = copy.deepcopy(client.cookies)
        with transaction.atomic():
            answer: Any = client.generic(method, path, **headers)
            if answer.streaming:
                answer.getvalue()
            for close in answer._resource_closers:
                close()
            transaction.set_rollback(True)
        client.cookies = cookies
        return answer


@pytest.mark.django_db
def test_every_door_opens_for_those_whom_the_table_names() -> None:
    world = World()
    wrong = []
    for spelled, (template, methods) in TABLE.items():
        path = template.format(**world.names)
        for method, expected in methods.items():
            for role, status in expected.items():
                client, headers = world.client(role)
                answer = world.ask(client, method, path, headers)
                if answer.status_code != status:
                    wrong.append(f"{method} {spelled or '/'} as {role}: {answer.status_code}, the table says {status}")
                if (
                    role == "anonymous"
                    and answer.status_code == 302
                    and status == 302
                    and re.match("/(desk|submissions|account/keys|claims)", path)
                ):
                    assert answer["Location"].startswith("/account/login/"), path
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.django_db
def test_no_door_of_the_pages_takes_any_other_method() -> None:
    world = World()
    client, _ = world.client("moderator")
    for spelled, (template, _methods) in TABLE.items():
        if not spelled.startswith(("account/", "readyz", "i18n", "ledger/tile")):
            path = template.format(**world.names)
            for method in ("PUT", "PATCH", "DELETE"):
                status = world.ask(client, method, path, {}).status_code
                assert status == 405 or (status == 403 and path.startswith("/api/")), (method, path, status)
