"""One table: every route × method × role → the answer. A route that is missing from it fails the
suite.

For a POST the table sends nothing: 400 means that the door is open and the form was empty, 302 to
`/account/login/` that a stranger is asked to sign in, 403 that the account may not, 404 that it may
not even know, 405 that there is no such door.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django.utils.cache import patch_cache_control

import jobs
import ledger
from accounts.actions import (
    create_key,
    found_organisation,
    propose_invitation,
)
from accounts.models import ApiKey, Membership, OrganisationKind, Role, User
from config.private_responses import PrivateResponses
from engines.text.extraction import Extract
from evidence.exhibits.models import Exhibit, Rendition
from evidence.sources.actions import ObservationData, record_observation
from evidence.sources.models import Alert, Capture
from evidence.stores import originals, renditions
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from notifications.kinds import Group
from notifications.mails import off_token
from notifications.models import Notification
from reports.documents.report_files import store
from reports.models import Report, ReportFile
from tests import scenes
from tests.system import markup
from tests.workflows import seat
from verdicts import actions as verdicts

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.xdist_group("entry_points"),
]  # one walk serves them all
ROLES: Final = (
    "anonymous",
    "owner",
    "other",
    "moderator",
    "adjudicator",
    "company",
    "auditor",
    "operator",
)
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
#: Only signed-in people and none of their things: a stranger is asked to sign in, anyone else
#: learns nothing.
OWN = row(404, anonymous=302, owner=200)
#: Reads of the API are open; who may not write learns that before anything else.
API = {
    "GET": row(200) | dict.fromkeys(KEYS, 200),
    "POST": row(403, anonymous=401) | dict.fromkeys(KEYS, 403),
}

OLD_CARD: Final = r"^(?P<kind>claim|verdict)s/(?P<ref>[^/]+)/card\.(?P<lang>en|zh-Hans)\.png$"
#: route as Django spells it → (an address of it, {method: {role: status}})
TABLE: Final[dict[str, tuple[str, dict[str, dict[str, int]]]]] = {
    # operators' questions
    "healthz": ("/healthz", PUBLIC),
    "readyz": (
        "/readyz",
        {"GET": row(503), "POST": row(NO_ONE)},
    ),  # no worker runs in a test, so it is never ready
    "metrics": (
        "/metrics",
        PUBLIC,
    ),  # from loopback; tests/system/test_health.py asks from elsewhere
    "operations/jobs/": (
        "/operations/jobs/",
        {"GET": row(403, anonymous=302, operator=200), "POST": row(NO_ONE)},
    ),
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
    "claims/<str:ref>/card.png": ("/claims/{claim}/card.png", PUBLIC),
    "verdicts/<str:ref>/card.png": ("/verdicts/{verdict}/card.png", PUBLIC),
    OLD_CARD: ("/claims/{claim}/card.en.png", {"GET": row(301), "POST": row(NO_ONE)}),
    "claims/<str:ref>/history/": ("/claims/{claim}/history/", PUBLIC),
    "companies/": ("/companies/", PUBLIC),
    "companies/<uuid:company>/": ("/companies/{company}/", PUBLIC),
    "companies/<uuid:company>/verdicts.<str:lang>.<str:size>.svg": (
        "/companies/{company}/verdicts.en.wide.svg",
        PUBLIC,
    ),
    "products/<uuid:product>/": ("/products/{product}/", PUBLIC),
    "series/<uuid:series>/chart.<str:lang>.<str:size>.svg": (
        "/series/{series}/chart.zh-Hans.narrow.svg",
        PUBLIC,
    ),
    "verdicts/<str:ref>/": ("/verdicts/{verdict}/", PUBLIC),
    r"^verdicts/(?P<ref>[^/]+)/chart\.(?P<lang>en|zh-Hans)\.svg$": (
        "/verdicts/{verdict}/chart.en.svg",
        PUBLIC,
    ),
    r"^verdicts/(?P<ref>[^/]+)/chart\.(?P<lang>en|zh-Hans)\.(?P<size>narrow)\.svg$": (
        "/verdicts/{verdict}/chart.en.narrow.svg",
        PUBLIC,
    ),
    "sources/<uuid:source>/": ("/sources/{source}/", PUBLIC),
    "sources/<uuid:source>/diff/": ("/sources/{source}/diff/", PUBLIC),
    "sources/<uuid:source>/versions/<int:number>/": ("/sources/{source}/versions/1/", PUBLIC),
    "sources/<uuid:source>/captures/<uuid:capture>": (
        "/sources/{source}/captures/{capture}",
        {
            "GET": row(302),
            "POST": row(NO_ONE),
        },  # to the content host: tests/system/test_entry_points.py
    ),
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
    "feeds/corrections.atom": ("/feeds/corrections.atom", PUBLIC),
    "feeds/disappearances.atom": ("/feeds/disappearances.atom", PUBLIC),
    "method/": ("/method/", PUBLIC),
    "glossary/": ("/glossary/", PUBLIC),
    "ledger/checkpoint": ("/ledger/checkpoint", PUBLIC),
    "ledger/key": ("/ledger/key", PUBLIC),
    "ledger/tile/<path:path>": ("/ledger/tile/entries/000.p/{size}", PUBLIC),
    # one's own account
    "account/": ("/account/", {"GET": SIGNED_IN, "POST": row(NO_ONE)}),
    "account/fragment/": (
        "/account/fragment/?page=/claims/{claim}/",
        {"GET": row(200, anonymous=204), "POST": row(NO_ONE)},
    ),
    "account/notifications/": ("/account/notifications/", {"GET": SIGNED_IN, "POST": row(NO_ONE)}),
    "account/notifications/read/": (
        "/account/notifications/read/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302)},
    ),
    "account/notifications/settings/": (
        "/account/notifications/settings/",
        {"GET": SIGNED_IN, "POST": row(400, anonymous=302)},
    ),
    "account/notifications/settings/retry/": (
        "/account/notifications/settings/retry/",
        {"GET": row(NO_ONE), "POST": row(302)},
    ),
    "account/notifications/off/<str:token>/": (
        "/account/notifications/off/{off}/",
        {"GET": row(200), "POST": row(200)},
    ),
    "account/notifications/<uuid:notification>/read/": (
        "/account/notifications/{notice}/read/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=302)},
    ),
    "account/organisations/<uuid:organisation>/": (
        "/account/organisations/{house}/",
        {
            "GET": row(404, **dict.fromkeys((*DESK, "operator"), 200), anonymous=302),
            "POST": row(404, anonymous=302),
        },
    ),
    "account/organisations/": (
        "/account/organisations/",
        {
            "GET": row(403, anonymous=302, operator=200, auditor=200),
            "POST": row(403, anonymous=302, operator=400),
        },
    ),
    "account/sign-up/": (
        "/account/sign-up/",
        {
            "GET": row(403, anonymous=302, operator=200),
            "POST": row(403, anonymous=302, operator=400),
        },
    ),
    "account/suspensions/": (
        "/account/suspensions/",
        {
            "GET": row(403, anonymous=302, operator=200, auditor=200),
            "POST": row(403, anonymous=302, operator=400, auditor=400),
        },
    ),
    "account/invitations/<str:token>/": (
        "/account/invitations/{token}/",
        # whoever has the link reads it; nothing was sent, so there is nothing to answer
        {"GET": row(200), "POST": row(404, anonymous=302)},
    ),
    "account/roles/<uuid:membership>/end/": (
        "/account/roles/{moderation}/end/",
        {
            "GET": row(404, anonymous=302, moderator=200, operator=200, auditor=200),
            "POST": row(404, anonymous=302, moderator=400, operator=400, auditor=400),
        },
    ),
    "account/export/": (
        "/account/export/",
        {"GET": row(NO_ONE), "POST": row(200, anonymous=302)},
    ),
    "account/delete/": (
        "/account/delete/",
        {"GET": SIGNED_IN, "POST": row(400, anonymous=302)},
    ),
    "account/keys/": ("/account/keys/", {"GET": SIGNED_IN, "POST": row(400, anonymous=302)}),
    "account/keys/<uuid:key>/revoke/": (
        "/account/keys/{key}/revoke/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=302)},
    ),
    # the entrance
    "account/login/": (
        "/account/login/",
        {"GET": row(302, anonymous=200), "POST": row(302, anonymous=200)},
    ),
    "account/logout/": ("/account/logout/", {"GET": row(200, anonymous=302), "POST": row(302)}),
    "account/inactive/": ("/account/inactive/", {"GET": row(200), "POST": row(NO_ONE)}),
    "account/signup/": (
        "/account/signup/",
        {"GET": row(302, anonymous=200), "POST": row(302, anonymous=200)},
    ),
    "account/reauthenticate/": (
        "/account/reauthenticate/",
        {"GET": row(200, anonymous=302), "POST": row(200, anonymous=302)},
    ),
    "account/email/": ("/account/email/", {"GET": SIGNED_IN, "POST": row(302)}),
    "account/confirm-email/": ("/account/confirm-email/", {"GET": row(200), "POST": row(NO_ONE)}),
    r"account/^confirm-email/(?P<key>[-:\w]+)/$": (
        "/account/confirm-email/x/",
        {"GET": row(200), "POST": row(404)},
    ),
    "account/password/change/": (
        "/account/password/change/",
        {"GET": SIGNED_IN, "POST": SIGNED_IN},
    ),
    "account/password/set/": ("/account/password/set/", {"GET": row(302), "POST": row(302)}),
    "account/password/reset/": ("/account/password/reset/", {"GET": row(200), "POST": row(200)}),
    "account/password/reset/done/": (
        "/account/password/reset/done/",
        {"GET": row(200), "POST": row(NO_ONE)},
    ),
    "account/password/reset/key/done/": (
        "/account/password/reset/key/done/",
        {"GET": row(200), "POST": row(NO_ONE)},
    ),
    r"account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": (
        "/account/password/reset/key/x-y/",
        {"GET": row(200), "POST": row(200)},
    ),
    "account/login/code/confirm/": (
        "/account/login/code/confirm/",
        {"GET": row(302), "POST": row(302)},
    ),
    # the second factor, which nobody here has
    "account/second-factor/": (
        "/account/second-factor/",
        {"GET": SIGNED_IN, "POST": row(NO_ONE, anonymous=302)},
    ),
    "account/second-factor/authenticate/": (
        "/account/second-factor/authenticate/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/reauthenticate/": (
        "/account/second-factor/reauthenticate/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/app/": (
        "/account/second-factor/app/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/app/remove/": (
        "/account/second-factor/app/remove/",
        {"GET": row(404, anonymous=302), "POST": row(404, anonymous=302)},
    ),
    "account/second-factor/passkeys/add/": (
        "/account/second-factor/passkeys/add/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/passkeys/sign-in/": (
        "/account/second-factor/passkeys/sign-in/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/passkeys/confirm/": (
        "/account/second-factor/passkeys/confirm/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/passkeys/<int:pk>/rename/": (
        "/account/second-factor/passkeys/1/rename/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/passkeys/<int:pk>/remove/": (
        "/account/second-factor/passkeys/1/remove/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/recovery-codes/": (
        "/account/second-factor/recovery-codes/",
        {"GET": row(404, anonymous=302), "POST": row(NO_ONE, anonymous=302)},
    ),
    "account/second-factor/recovery-codes/new/": (
        "/account/second-factor/recovery-codes/new/",
        {"GET": row(302), "POST": row(302)},
    ),
    "account/second-factor/picture.svg": (
        "/account/second-factor/picture.svg",
        {"GET": row(404, anonymous=302), "POST": row(NO_ONE)},
    ),
    # filing and one's own submissions
    "claims/<str:ref>/file/": (
        "/claims/{claim}/file/",
        {"GET": SIGNED_IN, "POST": row(400, anonymous=302)},
    ),
    "claims/<str:ref>/file/photos/": (
        "/claims/{claim}/file/photos/",
        {"GET": row(NO_ONE), "POST": row(400, anonymous=302)},
    ),
    "staged/<uuid:photo>/discard/": (
        "/staged/{staged}/discard/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=204)},
    ),
    "submissions/": ("/submissions/", {"GET": SIGNED_IN, "POST": row(NO_ONE)}),
    "submissions/<str:ref>/": ("/submissions/{pending}/", {"GET": OWN, "POST": row(NO_ONE)}),
    "submissions/<str:ref>/answer/": (
        "/submissions/{pending}/answer/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=400)},
    ),
    "submissions/<str:ref>/withdraw/": (
        "/submissions/{pending}/withdraw/",
        {"GET": row(NO_ONE), "POST": row(404, anonymous=302, owner=302)},
    ),
    # proposing a claim, and one's own proposals
    "proposals/": ("/proposals/", {"GET": SIGNED_IN, "POST": row(NO_ONE)}),
    "proposals/new/": (
        "/proposals/new/",
        {"GET": SIGNED_IN, "POST": row(400, anonymous=302)},
    ),
    "proposals/import/": (
        "/proposals/import/",
        {"GET": SIGNED_IN, "POST": row(400, anonymous=302)},
    ),
    "proposals/<str:ref>/": (
        "/proposals/{proposed}/",
        {"GET": OWN, "POST": row(404, anonymous=302)},
    ),
    "desk/proposals/<str:ref>/": (
        "/desk/proposals/{proposed}/",
        {"GET": desk(200, *DESK), "POST": desk(404, *DESK)},
    ),
    # the desk
    "desk/": ("/desk/", {"GET": desk(200, *DESK), "POST": row(NO_ONE)}),
    "desk/claims/new/": (
        "/desk/claims/new/",
        {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")},
    ),
    "desk/claims/<str:ref>/": (
        "/desk/claims/{claim}/",
        {"GET": desk(200, *DESK), "POST": desk(404, *DESK)},
    ),
    "desk/claims/<str:ref>/revise/": (
        "/desk/claims/{claim}/revise/",
        {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")},
    ),
    "desk/submissions/<str:ref>/": (
        "/desk/submissions/{pending}/",
        {"GET": desk(200, *DESK), "POST": desk(400, *DESK)},
    ),
    "desk/submissions/<str:ref>/sealed/": (
        "/desk/submissions/{pending}/sealed/",
        {"GET": row(NO_ONE), "POST": desk(200, "moderator")},
    ),
    "desk/exhibits/<str:ref>/picture": (
        "/desk/exhibits/{hidden}/picture",
        {
            "GET": row(404, anonymous=302, owner=200, moderator=200, adjudicator=200, auditor=200),
            "POST": row(NO_ONE),
        },
    ),
    "desk/exhibits/<str:ref>/original": (
        "/desk/exhibits/{hidden}/original",
        {
            "GET": row(NO_ONE),
            "POST": row(404, anonymous=302, owner=200, moderator=200, adjudicator=200, auditor=403),
        },
    ),
    "desk/exhibits/<str:ref>/read/": (
        "/desk/exhibits/{exhibit}/read/",
        {"GET": row(NO_ONE), "POST": row(403, anonymous=302)},
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
    "desk/claims/<str:ref>/flags/": (
        "/desk/claims/{claim}/flags/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/claims/<str:ref>/thresholds/": (
        "/desk/claims/{claim}/thresholds/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/claims/<str:ref>/places/": (
        "/desk/claims/{claim}/places/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/companies/<uuid:company>/": (
        "/desk/companies/{company}/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/companies/<uuid:company>/seats/": (
        "/desk/companies/{company}/seats/",
        {"GET": desk(200, "operator"), "POST": desk(404, "operator")},
    ),
    "desk/companies/<uuid:company>/entities/": (
        "/desk/companies/{company}/entities/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/companies/<uuid:company>/figures/": (
        "/desk/companies/{company}/figures/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/companies/<uuid:company>/sources/": (
        "/desk/companies/{company}/sources/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/companies/<uuid:company>/incidents/": (
        "/desk/companies/{company}/incidents/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/series/<uuid:series>/": (
        "/desk/series/{series}/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/incidents/<uuid:incident>/": (
        "/desk/incidents/{incident}/",
        {"GET": desk(200, "moderator"), "POST": desk(404, "moderator")},
    ),
    "desk/sources/<uuid:source>/upload/": (
        "/desk/sources/{source}/upload/",
        {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")},
    ),
    "desk/alerts/<uuid:alert>/handle/": (
        "/desk/alerts/{alert}/handle/",
        {"GET": row(NO_ONE), "POST": desk(302, "moderator")},
    ),
    "desk/aspects/<uuid:aspect>/scope/": (
        "/desk/aspects/{aspect}/scope/",
        {"GET": row(NO_ONE), "POST": desk(302, "moderator")},
    ),
    "desk/aspects/<uuid:aspect>/finding/": (
        "/desk/aspects/{aspect}/finding/",
        {"GET": desk(200, "moderator"), "POST": desk(400, "moderator")},
    ),
    "desk/aspects/<uuid:aspect>/verdict/": (
        "/desk/aspects/{aspect}/verdict/",
        {"GET": desk(200, "adjudicator"), "POST": desk(400, "adjudicator")},
    ),
    "desk/verdicts/<str:ref>/": (
        "/desk/verdicts/{proposal}/",
        {"GET": desk(200, *DESK), "POST": desk(404, *DESK)},
    ),
    # the company
    "reply/": ("/reply/", {"GET": row(403, anonymous=302, company=200), "POST": row(NO_ONE)}),
    "reply/<str:ref>/": (
        "/reply/{claim}/",
        {"GET": row(403, anonymous=302, company=200), "POST": row(403, anonymous=302, company=400)},
    ),
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
    "api/v1/^claims/(?P<id>[^/]{8,64})/$": ("/api/v1/claims/{claim}/", API),
    "api/v1/^sources/$": ("/api/v1/sources/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/$": ("/api/v1/sources/{source}/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/as-of/$": (
        "/api/v1/sources/{source}/as-of/?at=2100-01-01T00:00:00Z",
        API,
    ),
    "api/v1/^sources/(?P<pk>[^/.]+)/diff/$": ("/api/v1/sources/{source}/diff/?from=1&to=2", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/disappearances/$": (
        "/api/v1/sources/{source}/disappearances/",
        API,
    ),
    "api/v1/^sources/(?P<pk>[^/.]+)/observations/$": (
        "/api/v1/sources/{source}/observations/",
        API,
    ),
    "api/v1/^sources/(?P<pk>[^/.]+)/versions/$": ("/api/v1/sources/{source}/versions/", API),
    "api/v1/^sources/(?P<pk>[^/.]+)/versions/(?P<number>[0-9]{1,6})/$": (
        "/api/v1/sources/{source}/versions/1/",
        API,
    ),
    "api/v1/^exhibits/$": ("/api/v1/exhibits/", API),
    "api/v1/^exhibits/(?P<id>[^/]{8,64})/$": ("/api/v1/exhibits/{exhibit}/", API),
    "api/v1/^comparisons/$": ("/api/v1/comparisons/", API),
    "api/v1/^comparisons/(?P<pk>[^/.]+)/$": ("/api/v1/comparisons/{comparison}/", API),
    "api/v1/^verdicts/$": ("/api/v1/verdicts/", API),
    "api/v1/^verdicts/(?P<id>[^/]{8,64})/$": ("/api/v1/verdicts/{verdict}/", API),
    "api/v1/^corrections/$": ("/api/v1/corrections/", API),
    "api/v1/^reports/$": ("/api/v1/reports/", API),
    "api/v1/^reports/(?P<id>[^/]{8,64})/$": ("/api/v1/reports/{report}/", API),
    "api/v1/^proposals/$": (
        "/api/v1/proposals/",
        {
            "GET": row(200, anonymous=401) | {"key:read": 200, "key:submit": 403},
            "POST": row(400, anonymous=401) | {"key:read": 403, "key:submit": 400},
        },
    ),
    "api/v1/^proposals/bulk/$": (
        "/api/v1/proposals/bulk/",
        {
            "GET": row(NO_ONE, anonymous=401) | {"key:read": NO_ONE, "key:submit": 403},
            "POST": row(400, anonymous=401) | {"key:read": 403, "key:submit": 400},
        },
    ),
    "api/v1/^proposals/(?P<id>[^/]{8,64})/$": (
        "/api/v1/proposals/{proposed}/",
        {
            "GET": row(404, anonymous=401, owner=200) | {"key:read": 200, "key:submit": 403},
            "POST": row(NO_ONE, anonymous=401) | {"key:read": 403, "key:submit": NO_ONE},
        },
    ),
    "api/v1/^submissions/$": (
        "/api/v1/submissions/",
        {
            "GET": row(200, anonymous=401) | {"key:read": 200, "key:submit": 403},
            "POST": row(400, anonymous=401) | {"key:read": 403, "key:submit": 400},
        },
    ),
    "api/v1/^submissions/(?P<id>[^/]{8,64})/answer/$": (
        "/api/v1/submissions/{pending}/answer/",
        {
            "GET": row(NO_ONE, anonymous=401) | {"key:read": NO_ONE, "key:submit": 403},
            "POST": row(404, anonymous=401, owner=400) | {"key:read": 403, "key:submit": 400},
        },
    ),
    "api/v1/^submissions/(?P<id>[^/]{8,64})/$": (
        "/api/v1/submissions/{pending}/",
        {
            "GET": row(404, anonymous=401, owner=200) | {"key:read": 200, "key:submit": 403},
            "POST": row(NO_ONE, anonymous=401) | {"key:read": 403, "key:submit": NO_ONE},
        },
    ),
}
#: Routes of others, which carry no declaration of ours: the table alone holds them.
UNDECLARED: Final = (
    "allauth.",
    "config.health",
    "drf_spectacular.",
    "jobs.views",
    "ledger.views",
)


#: route with an object in it → the address of one that is not public. Nobody learns that it is
#: there: everyone gets the answer of an address that never was. (One's own and others' things
#: differ in TABLE by the roles owner and other.)
HIDDEN: Final[dict[str, str]] = {
    "verdicts/<str:ref>/": "/verdicts/{proposal}/",
    r"^verdicts/(?P<ref>[^/]+)/chart\.(?P<lang>en|zh-Hans)\.svg$": (
        "/verdicts/{proposal}/chart.en.svg"
    ),
    r"^verdicts/(?P<ref>[^/]+)/chart\.(?P<lang>en|zh-Hans)\.(?P<size>narrow)\.svg$": (
        "/verdicts/{proposal}/chart.en.narrow.svg"
    ),
    "verdicts/<str:ref>/card.png": "/verdicts/{proposal}/card.png",
    "exhibits/<str:ref>/": "/exhibits/{hidden}/",
    r"^media/(?P<digest>[0-9a-f]{64})\.jpg$": "/media/{hidden_picture}.jpg",
    "sources/<uuid:source>/captures/<uuid:capture>": "/sources/{source}/captures/{handed_in}",
    "api/v1/verdicts/<str:id>/proof/": "/api/v1/verdicts/{proposal}/proof/",
    "api/v1/^verdicts/(?P<id>[^/]{8,64})/$": "/api/v1/verdicts/{proposal}/",
    "api/v1/^exhibits/(?P<id>[^/]{8,64})/$": "/api/v1/exhibits/{hidden}/",
    "api/v1/^comparisons/(?P<pk>[^/.]+)/$": "/api/v1/comparisons/{hidden_comparison}/",
}
#: The same things once they were published and then taken back.
WITHDRAWN: Final = (
    "/exhibits/{withdrawn}/",
    "/media/{withdrawn_picture}.jpg",
    "/api/v1/exhibits/{withdrawn}/",
)
#: Everything of these kinds is public from its first moment; a job is known to whoever was given
#: its id.
ALL_PUBLIC: Final = ("claim", "company", "product", "series", "source", "incident", "report", "job")
#: The page that reads a verdict's bundle, which asks the API for it; and an old address, which
#: leads on whatever it names.
ALSO_PUBLIC: Final = ("record/verify/", OLD_CARD)
#: allauth and Django answer some methods that they do not know as they answer GET.
NOT_OURS: Final = ("account/",)


def routes(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
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
        declared = hasattr(view, "entered_by") or getattr(
            getattr(view, "cls", None), "permission_classes", None
        )
        assert declared or view.__module__.startswith(UNDECLARED), spelled


def test_a_view_without_a_declaration_would_be_found() -> None:
    """The negative control of the test above."""
    assert not hasattr(routes, "entered_by")


def invited(scene: scenes.Scene) -> str:
    """Somebody is invited to a role; the token of the link."""
    operators = [scenes.person(name, Role.OPERATOR) for name in ("proposes", "approves")]
    for each in operators:
        scenes.confirmed(each)
    proposal = propose_invitation(
        by=operators[0],
        organisation=scenes.operator_body(),
        email="invited@mail.example",
        role=Role.MODERATOR,
        reason="They know cars.",
        now=timezone.now(),
    )
    scenes.send_invitation(operators[1], proposal, "token")
    return "token"


class World:
    """One of everything, and someone in every role."""

    def __init__(self) -> None:
        scene = scenes.build_claim()
        self.scene, now = scene, timezone.now()
        for text in (scenes.POST, scenes.POST + "别的文字。"):
            stored = originals().put(text.encode(), limit=1000)
            looked = ObservationData(
                type="ok",
                looked_at=now,
                status=200,
                final_url=scene.source.url,
                digest=stored.sha256,
                size=stored.size,
                extract=Extract(
                    title="", text=text, lang="zh-Hans", links=(), extractor="test", version="1"
                ),
            )
            record_observation(by=ledger.SYSTEM, source=scene.source, looked=looked, now=now)
        scenes.build_findings(scenes.build_evidence(scene))
        scenes.build_silence(scene)
        for number, one in enumerate(scene.exhibits()):
            Rendition.objects.filter(exhibit=one).update(
                digest=renditions().put(b"%d" % number, limit=9).sha256
            )
        verdict = verdicts.approve_verdict(
            by=scene.second_adjudicator, verdict=scenes.propose(scene), now=now
        )
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
        report = Report.objects.create(
            kind="discrepancy",
            claim=scene.claim,
            checkpoint_size=1,
            basis=stored.sha256,
            created_at=now,
        )
        ReportFile.objects.create(
            report=report,
            name="report.json",
            digest=stored.sha256,
            size=2,
            media_type="application/json",
        )
        brand = found_organisation(
            by=ledger.SYSTEM,
            kind=OrganisationKind.COMPANY,
            name="A car maker",
            website="https://brand.example",
            now=now,
        )
        scenes.claims.represent_company(
            by=ledger.SYSTEM, company=scene.company, organisation=brand, now=now
        )
        self.people: dict[str, User | None] = {
            "anonymous": None,
            "owner": scene.owners[0],
            "other": scene.owners[1],
            "moderator": scene.second_moderator,
            "adjudicator": scene.second_adjudicator,
            "company": scenes.person("company", Role.COMPANY_REPRESENTATIVE, organisation=brand),
            "auditor": scenes.person("auditor", Role.AUDITOR),
            "operator": scenes.person("operator", Role.OPERATOR),
            # Everything that judges, and a seat at the company: the database refuses it, and so
            # does every door should it ever be there.
            "conflicted": scenes.person(
                "conflicted", Role.MODERATOR, Role.ADJUDICATOR, Role.AUDITOR
            ),
        }
        seat(self.people["conflicted"], brand)
        key, _secret = create_key(by=scene.owners[0], label="table", scopes=["read"], now=now)
        self.secrets = {
            f"key:{scope}": create_key(by=scene.owners[0], label=scope, scopes=[scope], now=now)[1]
            for scope in ("read", "submit")
        }
        sequence()
        self.clients: dict[str, tuple[Client, dict[str, Any]]] = {}
        size = (
            Checkpoint.objects.order_by("-size").values_list("size", flat=True)[0] % 256
        )  # the partial bundle of the newest entries
        comparison = scenes.build_pointing(scene)
        withdrawn = scene.exhibits(status="accepted")[2]  # the comparison holds the other two
        hidden_comparison = scenes.pointing.compare_exhibits(
            by=scene.moderator,
            before=withdrawn,
            after=accepted,
            title=scenes.write("en", "Not any more"),
        )
        scenes.filing.withdraw_submission(
            by=withdrawn.submission.filed_by,
            submission=withdrawn.submission,
            reason="I sold it.",
            now=now,
        )
        handed_in = Capture.objects.create(
            source=scene.source, digest=originals().put(b"saved by someone", limit=99).sha256,
            size=16, provenance="P1",
            captured_at=now, created_at=now,
        )  # fmt: skip
        self.names = {
            "token": invited(scene),
            "house": scenes.operator_body().pk,
            "hidden_picture": Rendition.objects.get(exhibit=hidden).digest,
            "withdrawn": withdrawn.reference,
            "withdrawn_picture": Rendition.objects.get(exhibit=withdrawn).digest,
            "hidden_comparison": hidden_comparison.pk,
            "handed_in": handed_in.pk,
            "brand": brand.pk,
            "moderation": Membership.objects.get(user=scene.second_moderator).pk,
            "claim": scene.claim.reference,
            "company": scene.company.pk,
            "product": scene.product.pk,
            "series": scenes.build_series(scene).pk,
            "incident": scenes.build_incident(scene).pk,
            "source": scene.source.pk,
            "off": off_token(scene.owners[0], Group.WORK),
            "notice": Notification.objects.of(scene.owners[0]).newest_first()[0].pk,
            "capture": Capture.objects.filter(source=scene.source).values_list("pk", flat=True)[0],
            "verdict": verdict.reference,
            "proposal": proposal.reference,
            "exhibit": accepted.reference,
            "picture": Rendition.objects.get(exhibit=accepted).digest,
            "pending": pending.reference,
            "proposed": scenes.build_proposal(scene).reference,
            "hidden": hidden.reference,
            "staged": scenes.build_staged(scene.owners[0], scene).pk,
            "report": report.reference,
            "comparison": comparison.pk,
            "aspect": scene.carbon.pk,
            "key": ApiKey.objects.get(pk=key.pk).pk,
            "alert": Alert.objects.create(
                kind="source_gone", claim=scene.claim, source=scene.source, created_at=now
            ).pk,
            "job": jobs.enqueue(
                "evidence.observe", {"source": str(scene.source.pk)}, key="table"
            ).pk,
            "size": size,
        }

    def client(self, role: str) -> tuple[Client, dict[str, Any]]:
        """The browser of a role, or the header of a key."""
        if role not in self.clients:
            client, person = Client(), self.people.get(role)
            if person is not None:
                client.force_login(User.objects.get(pk=person.pk))
            self.clients[role] = (
                client,
                {"HTTP_AUTHORIZATION": f"Bearer {self.secrets[role]}"}
                if role in self.secrets
                else {},
            )
        return self.clients[role]

    def ask(self, client: Client, method: str, path: str, headers: dict[str, Any]) -> Any:
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


#: What differs between two answers to the same question though nobody's business shows in it.
MASKED: Final = re.compile(
    rb'name="(?:csrfmiddlewaretoken|idempotency_key|form_key)" value="[^"]+"|"X-CSRFToken": "[^"]+"'
)
ADDRESS: Final = re.compile(rb"[\w.+-]+@(?:secret\.example|example\.org)")
METHODS: Final = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW")


@dataclass(frozen=True)
class Answer:
    """What one role got for one request: `body` is a digest of it, `addresses` the mail addresses
    that stood in it, `page` its HTML."""

    why: str  # "table", "hidden", "withdrawn", "method"
    route: str
    path: str
    method: str
    role: str
    status: int
    headers: dict[str, str]
    cookies: frozenset[str]
    body: bytes
    length: int
    addresses: frozenset[str]
    page: str = ""

    def __str__(self) -> str:
        return (
            f"{self.method} {self.path} as {self.role}: {self.status} "
            f"{self.headers.get('Cache-Control', '')}"
        )

    @classmethod
    def of(cls, why: str, route: str, path: str, method: str, role: str, response: Any) -> Answer:
        body = response.getvalue() if response.streaming else response.content
        headers = {name: value for name, value in response.items() if name != "X-Request-Id"}
        digest, found = (
            hashlib.sha256(MASKED.sub(b"", body)).digest(),
            frozenset(one.decode() for one in ADDRESS.findall(body)),
        )
        is_page = (why, method) == ("table", "GET") and response.headers.get(
            "Content-Type", ""
        ).startswith("text/html")
        page, cookies = body.decode() if is_page else "", frozenset(response.cookies)
        return cls(
            why,
            route,
            path,
            method,
            role,
            response.status_code,
            headers,
            cookies,
            digest,
            len(body),
            found,
            page,
        )


def walk(world: World) -> Iterator[Answer]:
    """Everything that the table says, everything hidden as everyone, and each route by every other
    method as one role, in turn."""
    everyone, turn = [*ROLES, *KEYS], itertools.cycle([*ROLES, *KEYS])
    asked = [
        ("table", route, template, method, role)
        for route, (template, methods) in TABLE.items()
        for method, expected in methods.items()
        for role in expected
    ]
    asked += [
        ("hidden", route, template, "GET", role)
        for route, template in HIDDEN.items()
        for role in everyone
    ]
    asked += [
        ("withdrawn", "", template, "GET", role) for template in WITHDRAWN for role in everyone
    ]
    asked += [
        ("conflict", route, template, method, "conflicted")
        for route, (template, methods) in TABLE.items()
        if route.startswith("desk/")
        for method in methods
    ]
    asked += [
        ("method", route, template, method, next(turn))
        for route, (template, _) in TABLE.items()
        for method in METHODS
    ]
    for why, route, template, method, role in asked:
        (client, own), path = world.client(role), template.format(**world.names)
        yield Answer.of(
            why,
            route,
            path,
            method,
            role,
            world.ask(client, method, path, {**own, "HTTP_ORIGIN": "https://elsewhere.example"}),
        )


@pytest.fixture(scope="module")
def walked(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> list[Answer]:
    """Every door asked by everyone, in a world with folders of its own, of which nothing is left
    behind."""
    folder = tmp_path_factory.mktemp("doors")
    folders = {
        name: folder / name.lower()
        for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR")
    }
    with django_db_blocker.unblock(), override_settings(**folders), transaction.atomic():
        answers = list(walk(World()))
        transaction.set_rollback(True)
    return answers


# --- who may enter --------------------------------------------------------------------------------


def test_every_door_opens_for_those_whom_the_table_names(walked: list[Answer]) -> None:
    wrong = []
    for one in (one for one in walked if one.why == "table"):
        status = TABLE[one.route][1][one.method][one.role]
        if one.status != status:
            wrong.append(f"{one}, the table says {status}")
        elif (
            one.role == "anonymous"
            and status == 302
            and re.match("/(desk|submissions|account/keys|claims)", one.path)
        ):
            assert one.headers["Location"].startswith("/account/login/"), one
    assert not wrong, "\n" + "\n".join(wrong)


def let_in(answers: list[Answer]) -> list[str]:
    """Views of the desk that did not turn someone away."""
    return [
        str(one)
        for one in answers
        if one.status
        not in ({NO_ONE} if TABLE[one.route][1][one.method] == row(NO_ONE) else {403, 404})
    ]


def test_no_door_of_the_desk_opens_for_who_judges_and_sits_at_the_company(
    walked: list[Answer],
) -> None:
    asked = [one for one in walked if one.why == "conflict"]
    assert len({one.route for one in asked}) > 25
    assert not let_in(asked), "\n" + "\n".join(let_in(asked))
    others = [one for one in walked if one.why == "table" and one.route.startswith("desk/")]
    assert {one.role for one in others if one.status in {200, 400}} >= {
        "moderator",
        "adjudicator",
        "auditor",
    }  # negative control


def test_what_is_not_public_is_not_there_for_anyone_at_its_public_address(
    walked: list[Answer],
) -> None:
    hidden = [one for one in walked if one.why in {"hidden", "withdrawn"}]
    assert len(hidden) == (len(HIDDEN) + len(WITHDRAWN)) * len([*ROLES, *KEYS])
    assert not [str(one) for one in hidden if one.status != 404]


def test_every_route_of_a_thing_says_what_of_its_kind_is_not_public() -> None:
    """Or it is closed to strangers, or everything of the kind is public. A new route of a thing is
    not forgotten."""
    for route, (template, methods) in TABLE.items():
        things = set(re.findall(r"\{(\w+)\}", template)) - {"size", "lang"}
        open_ = methods["GET"]["anonymous"] in {200, 302} and not route.startswith(
            ("desk/", "account/", "submissions/", "proposals/", "staged/", "claims/<str:ref>/file")
        )
        if open_ and not things <= set(ALL_PUBLIC):
            assert route in HIDDEN or route in ALSO_PUBLIC, route


def test_no_door_takes_any_other_method(walked: list[Answer]) -> None:
    """HEAD says what GET says, without a body; OPTIONS opens nothing; whatever else is asked for
    changes nothing."""
    gets = {
        (one.route, one.role): one for one in walked if one.why == "table" and one.method == "GET"
    }
    wrong = []
    for one in (one for one in walked if one.why == "method"):
        read = gets.get((one.route, one.role))
        if one.method == "HEAD":
            fine = one.length == 0 and (read is None or one.status == read.status)
        elif one.method == "OPTIONS":
            fine = (
                one.status in {200, 302, 401, 403, 404, 405}
                and one.headers.get("Allow", "").find("DELETE") < 0
            )
        else:
            fine = one.status in {401, 403, 405} or (
                one.status in {302, 404, 200} and one.route.startswith(NOT_OURS)
            )
        if not fine:
            wrong.append(str(one))
    assert not wrong, "\n".join(wrong)


# --- what every answer carries --------------------------------------------------------------------


def loose(policy: str) -> list[str]:
    """What a Content-Security-Policy allows that ours must not."""
    rules = {
        name: words for name, *words in (part.split() for part in policy.split(";") if part.strip())
    }
    found = []
    if rules.get("default-src") != ["'none'"]:
        found.append("default-src is not 'none'")
    for name, words in rules.items():
        allowed = {"'none'", "'self'", "data:"} | (
            {"'unsafe-inline'"} if name == "style-src" and "sandbox" in rules else set()
        )
        if name != "sandbox" and (stray := set(words) - allowed):
            found.append(f"{name} allows {stray}")
    if rules.get("sandbox"):
        found.append("the sandbox has holes")
    return found


def test_every_answer_forbids_foreign_script_frames_and_guessed_types(walked: list[Answer]) -> None:
    wrong = []
    for one in walked:
        wrong += [
            f"{one}: {fault}" for fault in loose(one.headers.get("Content-Security-Policy", ""))
        ]
        for name, value in (
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ):
            if one.headers.get(name) != value:
                wrong.append(f"{one}: {name} is {one.headers.get(name)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "script-src 'self'",
        "default-src 'none'; script-src 'self' 'unsafe-inline'",
        "default-src 'none'; sandbox allow-scripts",
    ],
)
def test_a_loose_policy_would_be_seen(policy: str) -> None:
    """Negative control of the test above."""
    assert loose(policy)
    assert not loose("default-src 'none'; script-src 'self'")


def test_what_is_public_data_can_be_read_by_pages_of_other_origins_and_nothing_else(
    walked: list[Answer],
) -> None:
    """Never with credentials; never a page, an account, a desk or a submission."""
    wrong = []
    for one in walked:
        shared = one.headers.get("Access-Control-Allow-Origin")
        open_ = (
            "GET" in TABLE[one.route][1] and TABLE[one.route][1]["GET"].get("anonymous") == 200
            if one.route in TABLE
            else False
        )
        read = (
            one.method in {"GET", "HEAD", "OPTIONS"}
            and open_
            and one.route.startswith(("api/v1/", "feeds/", "ledger/", "record/entries"))
        )
        is_page = one.headers.get("Content-Type", "").startswith("text/html") and one.status == 200
        if shared not in {None, "*"} or "Access-Control-Allow-Credentials" in one.headers:
            wrong.append(f"{one}: {shared}, credentials")
        if shared and (is_page or not open_ or one.method in {"POST", "PUT", "PATCH", "DELETE"}):
            wrong.append(f"{one}: shared")
        if read and not shared and not is_page and one.status == 200:
            wrong.append(f"{one}: not shared")
    assert not wrong, "\n".join(wrong)
    shared_routes = {one.route for one in walked if "Access-Control-Allow-Origin" in one.headers}
    assert {
        "ledger/key",
        "feeds/verdicts.atom",
        "record/entries/<int:index>/bundle.json",
        "reports/<str:ref>/files/<str:name>",
    } <= shared_routes


def test_a_preflight_allows_reading_without_credentials_where_data_is_public(
    client: Client,
) -> None:
    asked = {
        "origin": "https://elsewhere.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    for path in (
        "/api/v1/claims/",
        "/feeds/verdicts.atom",
        "/ledger/checkpoint",
        "/api/v1/verdicts/AC-0000-0000/",
    ):
        answer = client.options(path, headers=asked)
        assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "*"), path
        assert "authorization" not in answer["Access-Control-Allow-Headers"].lower()
        assert "POST" not in answer["Access-Control-Allow-Methods"]
        assert "Access-Control-Allow-Credentials" not in answer
    for path in ("/", "/account/login/", "/desk/", "/api/v1/submissions/", "/claims/", "/api/v1/"):
        assert not [
            name
            for name in client.options(path, headers=asked).headers
            if name.startswith("Access-Control")
        ], path
    assert (
        client.get("/api/v1/claims/AC-0000-0000/")["Access-Control-Allow-Origin"] == "*"
    )  # a reader elsewhere learns why not


# --- who may keep it ------------------------------------------------------------------------------


def kept_wrongly(answers: list[Answer]) -> list[str]:
    """Answers that a cache between us could give to someone else."""
    wrong = []
    reads = [one for one in answers if (one.why, one.method) == ("table", "GET")]
    to_strangers = {one.route: one for one in reads if one.role == "anonymous"}
    for one in reads:
        control, vary = one.headers.get("Cache-Control", ""), one.headers.get("Vary", "")
        stranger = to_strangers[one.route]
        same = (one.status, one.body) == (stranger.status, stranger.body)
        if "public" in control:
            if not same or one.cookies:
                wrong.append(f"{one}: public, though it is not the same for everyone")
        elif one.role != "anonymous" or one.cookies:
            if "private" not in control:
                wrong.append(f"{one}: not private")
            if (one.role.startswith("key:") and "Authorization" not in vary) or (
                not one.role.startswith("key:") and "Cookie" not in vary
            ):
                wrong.append(f"{one}: Vary is {vary!r}")
            if one.status == 200 and stranger.status in {302, 401} and "no-store" not in control:
                wrong.append(f"{one}: personal, and may be stored")
        elif not same and one.status == 200 and "Cookie" not in vary:
            wrong.append(f"{one}: depends on who asks, and Vary does not say so")
    return wrong


def test_no_cache_between_us_keeps_what_was_made_for_one_person(walked: list[Answer]) -> None:
    assert not kept_wrongly(walked), "\n".join(kept_wrongly(walked))


@pytest.mark.django_db
def test_without_the_guard_personal_answers_could_be_kept(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """Negative control: the middleware switched off, and a page marked public by mistake."""
    owner = scenes.person("owner")

    def both() -> list[Answer]:
        mine = Client()
        mine.force_login(owner)
        return [
            Answer.of("table", "", "/account/email/", "GET", role, visitor.get("/account/email/"))
            for role, visitor in (("anonymous", Client()), ("owner", mine))
        ]

    assert not kept_wrongly(both())
    with monkeypatch.context() as patch:
        patch.setattr(
            PrivateResponses, "__call__", lambda self, request: self.get_response(request)
        )
        assert kept_wrongly(both())

    def marked(self: PrivateResponses, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_cache_control(response, public=True)
        return response

    monkeypatch.setattr(PrivateResponses, "__call__", marked)
    assert kept_wrongly(both())


# --- what stands in it ----------------------------------------------------------------------------


def test_nobody_reads_the_address_of_anyone_else(walked: list[Answer]) -> None:
    """Mail addresses stand on one's own pages, and a contact on the page of who decides; the owner
    of two keys is their owner."""
    own = {
        "owner": "owner1@",
        "other": "owner2@",
        "moderator": "moderator2@",
        "adjudicator": "adjudicator2@",
    }
    found = {(one.role, address) for one in walked for address in one.addresses}
    strange = {
        (role, address)
        for role, address in found
        if not address.startswith(own.get(role, f"{role}@"))
    }
    assert strange <= {("moderator", "owner1@secret.example")}
    assert (
        "owner",
        "owner1@example.org",
    ) in found  # negative control: addresses are seen where they stand


@markup.checked
def test_every_page_is_valid_html(walked: list[Answer]) -> None:
    """Of each route the page of the first who may see it, and the longest."""
    pages: dict[str, str] = {}
    for route in TABLE:
        shown = [one for one in walked if one.route == route and one.page]
        pages |= {
            f"{one.path} ({one.role})": one.page
            for one in [*shown[:1], *sorted(shown, key=lambda one: len(one.page))[-1:]]
        }
    assert len(pages) > 60
    found = list(markup.complaints(pages))
    assert not found, "\n".join(found[:40])
