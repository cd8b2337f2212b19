from __future__ import annotations

import io
import json
import re
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.actions import create_key, revoke_key
from accounts.models import ApiKey
from evidence.exhibits.models import Part, Submission, Teardown
from ledger.sequencing import sequence
from tests import scenes
from tests.shared_scenes import shared_scene
from verdicts.published_files import path_of

pytestmark = pytest.mark.django_db


def photo(colour: str = "red") -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "JPEG")
    file.seek(0)
    file.name = "duct.jpg"
    return file


def bearer(secret: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def key_of(user: Any, *scopes: str) -> str:
    return create_key(by=user, label="test", scopes=list(scopes), now=timezone.now())[1]


def test_a_claim_is_found_by_its_id_and_by_its_reference_in_any_case(
    client: Client, scene: scenes.Scene
) -> None:
    by_id = client.get(f"/api/v1/claims/{scene.claim.pk}/").json()
    assert by_id == client.get(f"/api/v1/claims/{scene.claim.reference.lower()}/").json()
    assert by_id["stake"] == "42000.00"
    assert by_id["quote"] == scenes.POST
    assert [one["number"] for one in by_id["aspects"]] == [1, 2]


@pytest.mark.parametrize(
    "path",
    ["claims", "companies", "products", "sources", "exhibits", "verdicts", "reports", "changes"],
)
def test_public_lists_answer_anyone_with_an_etag_and_304(
    client: Client, scene: scenes.Scene, path: str
) -> None:
    first = client.get(f"/api/v1/{path}/")
    assert first.status_code == 200, first.content
    again = client.get(f"/api/v1/{path}/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304


def test_a_list_costs_the_same_queries_for_one_row_and_for_eleven(
    client: Client,
    scene: scenes.Scene,
    django_assert_max_num_queries: Any,
    django_assert_num_queries: Any,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as before:
        client.get("/api/v1/claims/")
    for _ in range(10):
        scenes.claims.register_claim(
            by=scene.moderator, product=scene.product, quote="又一句", quote_lang="zh-Hans",
            now=scene.now,
            summary=scenes.write("en", "Another"),
            aspects=[scenes.claims.NewAspect("process", scenes.write("en", "It comes"))],
        )  # fmt: skip
    with django_assert_num_queries(len(before)):
        assert len(client.get("/api/v1/claims/").json()["results"]) == 11


def test_errors_are_problem_documents_that_say_nothing_inner(client: Client) -> None:
    for path, status in (
        ("claims/nonsense/", 404),
        ("claims/AC-0000-0000/", 404),
        ("changes/?after=x", 400),
        ("submissions/", 401),
    ):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer["Content-Type"]) == (
            status,
            "application/problem+json",
        ), path
        assert answer.json()["status"] == status
    assert client.delete("/api/v1/claims/").status_code == 401


def test_evidence_is_filed_by_key_once_however_often_it_is_sent(
    client: Client, scene: scenes.Scene
) -> None:
    secret = key_of(scene.owners[0], "submit", "read")
    body = {
        "claim": str(scene.claim.pk),
        "narrative": "没有风。",
        "narrative_lang": "zh-Hans",
        "licence": "cc-by-4.0",
        "contact": "me@secret.example",
    }
    first = client.post(
        "/api/v1/submissions/",
        {**body, "photos": [photo(), photo("blue")]},
        HTTP_IDEMPOTENCY_KEY="k1",
        **bearer(secret),
    )
    assert first.status_code == 201, first.content
    same = {**body, "photos": [photo(), photo("blue")]}
    again = client.post("/api/v1/submissions/", same, HTTP_IDEMPOTENCY_KEY="k1", **bearer(secret))
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    for other in (
        {"photos": [photo()]},
        {"photos": [photo("blue"), photo()]},
        {"narrative": "有风。"},
        {"licence": "show"},
        {"contact": ""},
    ):
        sent = {**body, "photos": [photo(), photo("blue")], **other}
        refused = client.post(
            "/api/v1/submissions/", sent, HTTP_IDEMPOTENCY_KEY="k1", **bearer(secret)
        )
        assert (refused.status_code, refused["Content-Type"]) == (
            409,
            "application/problem+json",
        ), other
        assert first.json()["reference"] in refused.json()["detail"]
    assert Submission.objects.count() == 1
    assert len(first.json()["exhibits"]) == 2
    assert "secret.example" not in first.content.decode()
    mine = client.get("/api/v1/submissions/", **bearer(secret)).json()["results"]
    assert [one["id"] for one in mine] == [first.json()["id"]]
    other = key_of(scene.owners[1], "submit", "read")
    assert (
        client.get(f"/api/v1/submissions/{first.json()['id']}/", **bearer(other)).status_code == 404
    )


def test_a_key_does_only_what_its_scopes_say_and_nothing_once_revoked(
    client: Client, scene: scenes.Scene
) -> None:
    secret = key_of(scene.owners[0], "read")
    assert client.get("/api/v1/submissions/", **bearer(secret)).status_code == 200
    assert client.post("/api/v1/submissions/", {}, **bearer(secret)).status_code == 403
    revoke_key(by=scene.owners[0], key=ApiKey.objects.get(), now=timezone.now())
    assert client.get("/api/v1/submissions/", **bearer(secret)).status_code == 401
    assert secret not in json.dumps(list(ApiKey.objects.values()), default=str)


def test_bad_filings_are_refused_with_every_reason_and_store_nothing(
    client: Client, scene: scenes.Scene, settings: Any
) -> None:
    secret = key_of(scene.owners[0], "submit")
    answer = client.post(
        "/api/v1/submissions/", {"claim": "x", "narrative_lang": "no language"}, **bearer(secret)
    )
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"claim", "narrative_lang", "licence"}
    settings.EXHIBIT_MAX_BYTES = 10
    body = {
        "claim": str(scene.claim.pk),
        "narrative": "x",
        "narrative_lang": "en",
        "licence": "cc-by-4.0",
        "photos": [photo()],
    }
    assert client.post("/api/v1/submissions/", body, **bearer(secret)).status_code == 413
    settings.EXHIBIT_MAX_BYTES, settings.FREE_SPACE_FLOOR = 10_000_000, 2**60
    body["photos"] = [photo()]
    assert client.post("/api/v1/submissions/", body, **bearer(secret)).status_code == 507
    assert not Submission.objects.exists()


def test_unpublished_things_cannot_be_read_or_counted(client: Client, scene: scenes.Scene) -> None:
    scenes.build_findings(scenes.build_evidence(scene, accept=True))
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    assert client.get("/api/v1/verdicts/").json()["results"] == []
    assert client.get(f"/api/v1/verdicts/{proposed.pk}/").status_code == 404
    assert client.get(f"/api/v1/verdicts/{proposed.reference}/proof/").status_code == 404


def test_a_verdict_is_served_as_published_and_proved_by_its_bundle(
    client: Client, scene: scenes.Scene
) -> None:
    verdict = scenes.build_verdict(scene)
    answer = client.get(f"/api/v1/verdicts/{verdict.pk}/")
    assert answer["ETag"] == f'"{verdict.document_digest}"'
    assert answer.json()["rating"] == "not_delivered"
    assert client.get(f"/api/v1/verdicts/{verdict.pk}/proof/").status_code == 404
    sequence()
    bundle = client.get(f"/api/v1/verdicts/{verdict.pk}/proof/").json()
    assert bundle["format"] == "asclaimed-bundle@v1"
    assert bundle["document"] == answer.json()
    assert "rationale" in bundle["openings"]
    assert not {"proposed_by", "decided_by", "salt"} & set(bundle["openings"])


def test_the_history_of_a_claim_shows_every_edit_and_edits_made_outside(
    client: Client, scene: scenes.Scene
) -> None:
    from django.db import connection

    scenes.claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason="It was cut short.",
        quote="另一句",
        now=scene.now,
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE claims_claim SET kind = 'implied'")
    sequence()
    changes = client.get(f"/api/v1/claims/{scene.claim.reference}/history/").json()["results"]
    outside, revised = changes[0], changes[1]
    assert (outside["outside"], outside["kind"]) == (True, "outside.update")
    assert (revised["kind"], revised["reason"], revised["role"]) == (
        "claim.revised",
        "It was cut short.",
        "moderator",
    )
    assert revised["name"] == scene.moderator.pseudonym
    (field,) = revised["fields_changed"]
    (part,) = field.pop("diff")
    assert field == {
        "name": "quote",
        "kind": "text",
        "state": "open",
        "before": scenes.POST,
        "after": "另一句",
    }
    assert "".join(run["text"] for run in part["runs"] if run["kind"] != "came") == scenes.POST
    assert "".join(run["text"] for run in part["runs"] if run["kind"] != "gone") == "另一句"
    assert client.get(f"/api/v1/claims/{scene.claim.pk}/history/?limit=1").json()["next"]


def test_the_history_tells_teardowns_custody_and_pins_and_the_page_tells_the_same(
    client: Client, scene: scenes.Scene
) -> None:
    scenes.build_verdict(scene)
    Part.objects.create(
        teardown=Teardown.objects.all()[0], number=1, name=scenes.write("en", "Hood")
    )
    sequence()
    path, told = f"/api/v1/claims/{scene.claim.pk}/history/?limit=200", []
    while path:
        answer = client.get(path).json()
        told += answer["results"]
        path = answer["next"]
    labels = {one["object"].partition("/")[0] for one in told}
    assert {
        "claim", "aspect", "criterion", "flag", "appearance",
        "submission", "exhibit", "custody_event", "teardown", "teardown_step", "part",
        "measurement", "finding", "finding_exhibit", "invitation", "verdict",
        "verdict_exhibit",
    } - labels == set()  # fmt: skip
    assert all(
        client.get(one["proof"]).content.startswith(b"c2sp.org/tlog-proof@v1") for one in told[:3]
    )
    shown, path = [], f"/claims/{scene.claim.reference}/history/"
    while path:
        page = client.get(path).content.decode()
        shown += [int(index) for index in re.findall(r'id="object-(\d+)"', page)]
        older = re.search(r'href="\?before=(\d+)"', page)
        path = f"/claims/{scene.claim.reference}/history/?before={older[1]}" if older else ""
    assert shown == [one["index"] for one in told]


def test_changes_resume_after_an_index(client: Client, scene: scenes.Scene) -> None:
    sequence()
    first = client.get("/api/v1/changes/?limit=2").json()
    assert [one["index"] for one in first["results"]] == [0, 1]
    then = client.get(first["next"]).json()
    assert then["results"][0]["index"] == 2


def test_the_openapi_document_is_complete_and_valid(tmp_path: Any) -> None:
    target = tmp_path / "schema.json"
    call_command(
        "spectacular",
        "--format",
        "openapi-json",
        "--file",
        str(target),
        "--fail-on-warn",
        "--validate",
    )
    schema = json.loads(target.read_text())
    assert schema["openapi"].startswith("3.1")
    for path in (
        "/api/v1/claims/{id}/history/",
        "/api/v1/sources/{id}/as-of/",
        "/api/v1/verdicts/{id}/proof/",
        "/api/v1/submissions/",
    ):
        assert path in schema["paths"]
    jsonschema.Draft202012Validator.check_schema(schema["components"]["schemas"]["Claim"])


def test_the_front_serves_the_file_and_leaves_the_rest_to_django(
    scene: scenes.Scene, settings: Any, client: Client
) -> None:
    from config.verdict_fast_path import VerdictFastPath
    from verdicts.published_files import write_document, write_successor

    verdict = scenes.build_verdict(scene)
    from verdicts.models import VerdictDocument

    body = VerdictDocument.objects.get(pk=verdict.pk).body
    write_document(str(verdict.pk), body)
    assert path_of(str(verdict.pk)).exists()
    front = VerdictFastPath(lambda environ, start: [b"django"], settings.PUBLISHED_DIR)
    seen: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        seen.update(status=status, headers=dict(headers))

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/api/v1/verdicts/{verdict.pk}/"}
    assert b"".join(front(environ, start)) == body.encode()
    assert seen["headers"]["ETag"] == f'"{verdict.document_digest}"'
    assert front({**environ, "HTTP_IF_NONE_MATCH": seen["headers"]["ETag"]}, start) == []
    assert seen["status"] == "304 Not Modified"
    write_successor(str(verdict.pk), str(scene.claim.pk))
    front(environ, start)
    assert 'rel="successor-version"' in seen["headers"]["Link"]
    for other in (
        {"PATH_INFO": "/api/v1/verdicts/"},
        {"REQUEST_METHOD": "POST"},
        {"HTTP_ACCEPT": "application/ld+json"},
    ):
        assert front({**environ, **other}, start) == [b"django"]
