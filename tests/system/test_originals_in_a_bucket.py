"""The system with its originals in a bucket: filing, decoding elsewhere, outages, damage, orphans,
erasure."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

import failpoints
import jobs
import ledger
from accounts.actions import create_key
from claims.models import Source
from engines.storage.blobs import Fixity
from engines.storage.buckets import Bucket, key_of
from evidence import orphans
from evidence.exhibits.actions import filing
from evidence.exhibits.models import CustodyEvent, Exhibit, StagedPhoto, Submission
from evidence.exhibits.states import ExhibitStatus
from evidence.sources.models import Capture, Observation
from evidence.stores import bucket_store, local_originals, originals
from jobs.models import Job
from ledger import fixity
from tests import scenes
from tests import vault as vaults
from tests.engines.storage.test_buckets import _nobody
from tests.evidence.exhibits.test_pages import form, signed_in
from tests.evidence.exhibits.test_staging import send
from tests.evidence.sources.test_tasks import Company, company
from tests.pages import page_text
from tests.vault import Server, Vault

__all__ = ["company"]  # a fixture, found by its name

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("originals in a bucket"),
]  # one server
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with vaults.running() as one:
        yield one


@pytest.fixture(autouse=True)
def vault(server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Vault:
    made = server.vault()
    for name, value in vaults.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    settings.S3_BUCKET, settings.S3_ENDPOINT = made.place.bucket, made.place.endpoint
    settings.KEYS_DIR = tmp_path / "keys"
    return made


@pytest.fixture
def scene() -> scenes.Scene:
    return scenes.build_claim()


def photo(colour: str) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(file, "JPEG")
    file.seek(0)
    file.name = "duct.jpg"
    return file


def file_by_api(scene: scenes.Scene, *colours: str) -> Any:
    secret = create_key(
        by=scene.owners[0], label="test", scopes=["submit", "read"], now=timezone.now()
    )[1]
    body = {
        "claim": str(scene.claim.pk),
        "narrative": "没有风。",
        "narrative_lang": "zh-Hans",
        "licence": "cc-by-4.0",
        "contact": "",
    }
    return Client().post(
        "/api/v1/submissions/",
        {**body, "photos": [photo(colour) for colour in colours]},
        HTTP_AUTHORIZATION=f"Bearer {secret}",
    )


def address(exhibit: Exhibit) -> str:
    return str(ledger.unseal(exhibit, "digest"))


def here() -> list[str]:
    return sorted(local_originals().addresses())


def test_a_worker_with_an_empty_directory_decodes_what_was_filed_on_another_machine(
    scene: scenes.Scene, vault: Vault, settings: Any, tmp_path: Path
) -> None:
    answer = file_by_api(scene, "red", "blue")
    assert answer.status_code == 201, answer.content
    exhibits = list(Exhibit.objects.order_by("number"))
    digests = [address(one) for one in exhibits]
    assert sorted(key_of(digest) for digest in digests) == vault.names()

    settings.BLOBS_DIR = tmp_path / "another machine"
    assert here() == []
    jobs.drain(["decode"])
    assert set(Exhibit.objects.values_list("status", flat=True)) == {ExhibitStatus.READY}
    assert set(CustodyEvent.objects.filter(kind="read").values_list("outcome", flat=True)) == {
        "ready"
    }
    assert here() == sorted(digests)

    settings.BLOBS_DIR = tmp_path / "a third"
    shown = signed_in(scene.moderator).post(
        reverse("evidence:original", args=[exhibits[0].reference])
    )
    assert b"".join(shown) == photo("red").read()
    assert list(fixity.faults()) == []


def test_without_the_bucket_that_worker_has_nothing_to_decode(
    scene: scenes.Scene, settings: Any, tmp_path: Path
) -> None:
    """Negative control: it was the bucket that brought the files there."""
    assert file_by_api(scene, "red").status_code == 201
    settings.BLOBS_DIR, settings.S3_BUCKET = tmp_path / "another machine", ""
    jobs.drain(["decode"])
    assert Exhibit.objects.get().status == ExhibitStatus.STORED
    assert "BlobMissingError" in Job.objects.get(kind="evidence.read_exhibit").last_error


def test_while_the_bucket_is_away_every_door_answers_503_and_accepts_nothing(
    scene: scenes.Scene, settings: Any
) -> None:
    person, moderator = signed_in(scene.owners[0]), signed_in(scene.moderator)
    sent = form(person, scene)
    settings.S3_ENDPOINT = _nobody()
    by_api = file_by_api(scene, "red")
    assert (by_api.status_code, by_api["Content-Type"]) == (503, "application/problem+json")
    assert "not saved" in by_api.json()["detail"]
    page = person.post(f"/claims/{scene.claim.reference}/file/", sent)
    assert (page.status_code, "No air came through." in page_text(page)) == (503, True)
    ahead = send(person, scene, b"a photo")
    assert ahead.status_code == 503
    copy = {"captured_at": "2025-01-01T00:00:00", "text": "一份副本", "note": "x"}
    assert (
        moderator.post(reverse("evidence:upload", args=[scene.source.pk]), copy).status_code == 503
    )
    assert not Submission.objects.exists()
    assert not Exhibit.objects.exists()
    assert not StagedPhoto.objects.exists()
    assert not Observation.objects.filter(method="upload").exists()
    assert here() == []
    for answer in (by_api, page, ahead):
        assert "127.0.0.1" not in page_text(answer)


def test_the_same_doors_open_again_with_the_bucket(scene: scenes.Scene) -> None:
    """Negative control: it was the bucket, and nothing else, that closed them."""
    person = signed_in(scene.owners[0])
    assert send(person, scene, b"a photo").status_code == 201
    assert (
        person.post(f"/claims/{scene.claim.reference}/file/", form(person, scene)).status_code
        == 302
    )
    assert file_by_api(scene, "red").status_code == 201


def test_reading_and_decoding_wait_for_a_bucket_that_is_away(
    scene: scenes.Scene, vault: Vault, settings: Any, tmp_path: Path
) -> None:
    assert file_by_api(scene, "red").status_code == 201
    exhibit = Exhibit.objects.get()
    settings.BLOBS_DIR, settings.S3_ENDPOINT = tmp_path / "another machine", _nobody()
    client = signed_in(scene.moderator)
    client.raise_request_exception = False
    answer = client.post(reverse("evidence:original", args=[exhibit.reference]))
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    jobs.drain(["decode"])
    job = Job.objects.get(kind="evidence.read_exhibit")
    assert (job.state, job.attempts, job.waits) == ("queued", 0, 1), "an outage uses up no attempt"
    assert "EndpointConnectionError" in job.last_error
    assert address(exhibit) not in job.last_error

    settings.S3_ENDPOINT = vault.place.endpoint
    Job.objects.update(run_after=timezone.now() - WEEK)
    jobs.drain(["decode"])
    exhibit.refresh_from_db()
    assert exhibit.status == ExhibitStatus.READY


def _said() -> list[str]:
    return [sentence for sentence in fixity.faults() if "rendition" not in sentence]


def test_what_is_changed_or_missing_in_the_bucket_is_named(
    vault: Vault, settings: Any, tmp_path: Path
) -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    exhibit = scene.exhibits()[0]
    assert _said() == []
    vault.change(address(exhibit), b"other bytes")
    (said,) = _said()
    assert said.startswith(
        f"exhibits: the original of exhibit {exhibit.reference}, in the bucket, was changed: its "
        f"SHA-256 is "
    )
    settings.BLOBS_DIR = tmp_path / "another machine"
    assert _said() == [said], "and what is not here is no fault"
    client = signed_in(scene.moderator)
    client.raise_request_exception = False
    answer = client.post(reverse("evidence:original", args=[exhibit.reference]))
    assert (answer.status_code, here()) == (503, [])

    bucket_store_of_old = bucket_store()
    assert bucket_store_of_old is not None
    assert bucket_store_of_old.bucket.remove(address(exhibit))
    assert _said() == [
        f"exhibits: the original of exhibit {exhibit.reference}, in the bucket, is missing"
    ]
    settings.S3_BUCKET = ""
    assert len(_said()) == Exhibit.objects.count(), (
        "negative control: without the bucket this machine has none of them"
    )


def test_a_bucket_that_is_away_is_said_once(settings: Any) -> None:
    scenes.build_evidence(scenes.build_claim())
    assert Exhibit.objects.count() > 2
    settings.S3_ENDPOINT = _nobody()
    said = _said()
    assert len(said) == 2
    assert "cannot be read (the bucket could not send: EndpointConnectionError)" in said[0]
    assert said[1] == "exhibits: what lies in the bucket from here on was not checked"


def _sweep(**options: Any) -> str:
    out = StringIO()
    call_command("sweep_originals", stdout=out, **options)
    return out.getvalue()


def test_what_a_kill_before_the_commit_leaves_is_swept_on_both_sides(
    scene: scenes.Scene, vault: Vault
) -> None:
    class KilledError(BaseException):
        """The end of the process."""

    def kill() -> None:
        raise KilledError

    failpoints.arm("blob.uploaded", kill)
    try:
        with pytest.raises(KilledError):
            filing.receive(photo("red"))
    finally:
        failpoints.disarm()
    kept = filing.receive(photo("blue")).sha256
    scenes.filing.file_submission(
        by=scene.owners[0], claim=scene.claim, narrative="x", narrative_lang="en",
        licence="cc-by-4.0", now=scene.now,
        photos=[filing.NewPhoto(filing.receive(photo("blue")))],
    )  # fmt: skip
    assert len(vault.names()) == 2
    (orphan,) = {key.rpartition("/")[2] for key in vault.names()} - {kept}
    assert "0 originals" in _sweep(bucket=True), "it may be on its way"
    for digest in (kept, orphan):
        vault.age(digest, WEEK)
    assert (
        _sweep(bucket=True, dry_run=True)
        == f"{orphan}\n1 originals that nothing names would be removed\n"
    )
    assert orphans.sweep().unreferenced == (), "the job sweeps here, where it is young"
    assert len(vault.names()) == 2
    assert _sweep(bucket=True) == f"{orphan}\n1 originals that nothing names were removed\n"
    assert (vault.names(), vault.versions(orphan)) == ([key_of(kept)], [])
    vault.change("0" * 64, b"x")
    vault.age("0" * 64, WEEK)
    with pytest.raises(CommandError, match="at most 0"):
        _sweep(bucket=True, at_most=0)


def test_a_sweep_without_a_bucket_says_so(settings: Any) -> None:
    settings.S3_BUCKET = ""
    for command, options in (("sweep_originals", {"bucket": True}), ("fill_bucket", {})):
        with pytest.raises(CommandError, match="S3_BUCKET names n"):
            call_command(command, stdout=StringIO(), **options)


def _erase(exhibit: Exhibit) -> None:
    call_command(
        "erase",
        "exhibit",
        str(exhibit.pk),
        ground="court order 1",
        reason="A court ordered it.",
        stdout=StringIO(),
    )


def test_an_erasure_takes_every_version_from_the_bucket(
    vault: Vault, settings: Any, tmp_path: Path
) -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    first, second = scene.exhibits()[:2]
    gone, stays = address(first), address(second)
    vault.change(gone, b"other bytes")
    settings.BLOBS_DIR = tmp_path / "another machine"
    _erase(first)
    assert (vault.versions(gone), len(vault.versions(stays))) == ([], 1)
    assert not originals().exists(gone)
    assert _said() == []
    settings.BLOBS_DIR = tmp_path / "blobs"
    assert gone in here(), "the machine that received it was not told"
    assert gone not in orphans.named([gone, stays]), "so its next sweep takes it"
    assert stays in orphans.named([gone, stays])


def test_an_erasure_that_the_bucket_refuses_erases_nothing_and_says_so(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    exhibit = scene.exhibits()[0]
    real = Bucket._ask

    def may_not(self: Bucket, operation: str, **arguments: Any) -> Any:
        arguments.pop("BypassGovernanceRetention", None)
        return real(self, operation, **arguments)

    monkeypatch.setattr(Bucket, "_ask", may_not)
    with pytest.raises(
        CommandError, match="a copy stays: the bucket could not delete: AccessDenied"
    ):
        _erase(exhibit)
    exhibit.refresh_from_db()
    assert originals().verify(address(exhibit)) is Fixity.INTACT
    assert not ledger.erasure.erased("exhibit", "digest")
    monkeypatch.undo()


def test_what_lies_here_already_is_filled_into_the_bucket(
    vault: Vault, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.S3_BUCKET = ""
    scenes.build_post(scenes.build_evidence(scenes.build_claim()))
    digests = here()
    assert Capture.objects.exists()
    settings.S3_BUCKET = vault.place.bucket
    assert len(_said()) == Exhibit.objects.count() + Capture.objects.count(), (
        "negative control: none is there yet"
    )
    out, err = StringIO(), StringIO()
    call_command("fill_bucket", stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue()) == (
        f"{len(digests)} originals were stored, 0 were there\n",
        "",
    )
    assert vault.names() == [key_of(digest) for digest in digests]
    assert _said() == []
    broken = local_originals().path(digests[0])
    broken.chmod(0o600)
    broken.write_bytes(b"x")
    with pytest.raises(CommandError, match=f"{digests[0]} is damaged here"):
        call_command("fill_bucket", stdout=out, stderr=err)
    assert len(vault.versions(digests[0])) == 1


@pytest.mark.parametrize(
    ("lock", "words"), [("", ["no versions", "locks nothing"]), ("COMPLIANCE", ["compliance mode"])]
)
def test_a_bucket_that_is_not_as_it_should_be_is_told_of(
    server: Server, settings: Any, lock: str, words: list[str]
) -> None:
    settings.S3_BUCKET = server.vault(lock=lock).place.bucket
    err = StringIO()
    call_command("fill_bucket", stdout=StringIO(), stderr=err)
    assert [
        word in line for word, line in zip(words, err.getvalue().splitlines(), strict=True)
    ] == [True] * len(words)


def test_the_sdk_writes_nothing_of_files_and_credentials_into_the_log(
    scene: scenes.Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):  # what LOG_LEVEL=DEBUG does
        assert file_by_api(scene, "red").status_code == 201
        assert address(Exhibit.objects.get()) not in caplog.text
        with caplog.at_level(logging.DEBUG, "botocore"):
            filing.receive(photo("blue"))
    assert vaults.CREDENTIALS["AWS_ACCESS_KEY_ID"] + "/" in caplog.text, (
        "negative control: otherwise it would"
    )


def test_readiness_names_the_bucket_that_is_away(client: Client, settings: Any) -> None:
    assert "originals" not in client.get("/readyz").json()["not_ready"]
    settings.S3_ENDPOINT = _nobody()
    assert "originals" in client.get("/readyz").json()["not_ready"]


def test_a_look_at_a_source_waits_for_the_bucket(
    scene: scenes.Scene, company: Company, vault: Vault, settings: Any
) -> None:
    Source.objects.filter(pk=scene.source.pk).update(
        url="http://brand.example/post/1", watched=True
    )
    company.say(scenes.POST)
    settings.S3_ENDPOINT = _nobody()
    with transaction.atomic():
        jobs.enqueue("evidence.observe", {"source": str(scene.source.pk)}, key="look")
    jobs.drain(["watch"])
    job = Job.objects.get(kind="evidence.observe")
    assert (job.state, job.attempts, job.waits) == ("queued", 0, 1)
    assert (Capture.objects.count(), Observation.objects.count(), here()) == (0, 0, [])

    settings.S3_ENDPOINT = vault.place.endpoint
    Job.objects.update(run_after=timezone.now() - WEEK)
    jobs.drain(["watch"])
    assert vault.names() == [key_of(Capture.objects.get().digest)]
