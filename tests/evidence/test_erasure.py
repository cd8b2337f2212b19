"""What goes with an erased exhibit or version, and what stays for others."""

from __future__ import annotations

import io
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

import jobs
import ledger
from accounts.permissions import NotAllowedError
from claims.models import Source
from engines import decoding
from engines.text.extraction import Extract
from evidence import fixity
from evidence.exhibits import keyed
from evidence.exhibits.actions import filing, staging
from evidence.exhibits.models import CustodyEvent, Exhibit, Rendition, StagedPhoto, Unit
from evidence.exhibits.states import ExhibitStatus
from evidence.sources import tasks
from evidence.sources.actions import ObservationData, locate_appearance
from evidence.sources.models import Capture, Sighting, Version
from evidence.stores import originals, renditions
from ledger import sealing
from ledger.models import SealedKey
from tests import scenes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def erase(label: str, pk: object, *fields: str) -> None:
    call_command(
        "erase",
        label,
        str(pk),
        field=list(fields),
        ground="court order 1",
        reason="A court ordered it.",
        stdout=StringIO(),
    )


def digest_of(exhibit: Exhibit) -> str:
    return str(ledger.unseal(exhibit, "digest"))


def faults() -> list[str]:
    return [
        str(said)
        for source in (fixity.captures, fixity.exhibits, fixity.rendition_files)
        for said in source()
        if isinstance(said, str) or not said[0].exists()
    ]


def test_the_same_photo_of_another_owner_stays_until_it_is_erased_too() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    first = scene.exhibits()[0]
    digest = digest_of(first)
    again = filing.file_submission(
        by=scenes.person("copycat"), claim=scene.claim, narrative="", narrative_lang="en",
        licence="cc0-1.0", now=scene.now,
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(originals().path(digest).read_bytes())))],
    )  # fmt: skip
    erase("exhibit", first.pk)
    assert originals().exists(digest)
    assert digest_of(Exhibit.objects.get(submission=again)) == digest
    erase("exhibit", Exhibit.objects.get(submission=again).pk)
    assert not originals().exists(digest)
    assert faults() == []


def test_pictures_that_two_exhibits_share_stay_for_the_other() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    first, second = scene.exhibits()[:2]
    shown = Rendition.objects.get(exhibit=first)
    Rendition.objects.create(
        exhibit=second,
        name="thumb",
        digest=shown.digest,
        media_type=shown.media_type,
        width=4,
        height=3,
        size=shown.size,
    )
    erase("exhibit", first.pk)
    assert not Rendition.objects.filter(exhibit=first).exists()
    assert renditions().exists(shown.digest)
    assert faults() == []


def test_erasing_what_a_file_says_of_itself_takes_the_original_and_leaves_the_pictures() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    exhibit = scene.exhibits()[0]
    digest = digest_of(exhibit)
    erase("exhibit", exhibit.pk, "metadata")
    exhibit.refresh_from_db()
    assert not originals().exists(digest)
    assert (exhibit.status, Rendition.objects.filter(exhibit=exhibit).count()) == (
        ExhibitStatus.READY,
        1,
    )
    assert faults() == []


def test_erasing_only_a_caption_takes_no_file() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    exhibit = scene.exhibits()[0]
    erase("exhibit", exhibit.pk, "caption")
    exhibit.refresh_from_db()
    assert originals().exists(digest_of(exhibit))
    assert exhibit.status == ExhibitStatus.READY


def test_a_withheld_exhibit_is_listed_says_so_and_has_no_original_to_view() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    exhibit = scene.exhibits()[0]
    erase("exhibit", exhibit.pk)
    exhibit = Exhibit.objects.public().select_related("submission").get(pk=exhibit.pk)
    assert (exhibit.status, exhibit.digest, exhibit.duplicate_key) == (
        ExhibitStatus.WITHHELD,
        None,
        "",
    )
    assert CustodyEvent.objects.filter(exhibit=exhibit, kind="withheld").count() == 1
    with pytest.raises(NotAllowedError, match="permanently deleted"):
        filing.view_original(by=scene.moderator, exhibit=exhibit, now=scene.now)
    call_command("erase", "--reapply", stdout=StringIO())
    assert CustodyEvent.objects.filter(exhibit=exhibit, kind="withheld").count() == 1


def test_captured_bytes_stay_while_another_version_shows_them() -> None:
    scene = scenes.build_claim()
    for seconds, text in (
        (1, f"{scenes.POST}甲。敬请期待。"),
        (2, "敬请期待。另一段。"),
        (3, f"{scenes.POST}甲。敬请期待。"),
    ):
        scenes.look(scene, text, seconds)
    first, _second, third = Version.objects.order_by("number").select_related("capture")
    assert first.capture.digest == third.capture.digest
    erase("version", first.pk)
    assert originals().exists(first.capture.digest)
    assert Version.objects.get(number=3).body == third.body
    erase("version", third.pk)
    assert not originals().exists(first.capture.digest)
    assert Capture.objects.count() == 3
    assert faults() == []


def test_an_erased_version_takes_its_digest_and_passages_and_the_watch_with_it() -> None:
    scene = scenes.build_claim()
    Source.objects.update(watched=True)
    scenes.look(scene, f"{scenes.POST}甲。", 1)
    version = Version.objects.get()
    assert Sighting.objects.get().passage
    erase("version", version.pk, "body")
    version.refresh_from_db()
    assert (version.body, version.digest, version.withheld, version.characters) == (
        "",
        "",
        True,
        len(scenes.POST) + 2,
    )
    assert Sighting.objects.get().passage == ""
    assert not Source.objects.get().watched  # the next look would bring the text back


def test_two_units_without_serial_numbers_do_not_stand_in_each_others_way() -> None:
    scenes.build_evidence(scenes.build_claim())
    for unit in Unit.objects.all()[:2]:
        erase("unit", unit.pk)
    assert Unit.objects.filter(serial_key="").count() == 2


def test_an_original_whose_owner_erased_the_comparison_key_still_counts_as_kept() -> None:
    """Negative control: looking for equal files by the keyed hash alone would remove the other
    owner's original."""
    scene = scenes.build_evidence(scenes.build_claim())
    first = scene.exhibits()[0]
    digest = digest_of(first)
    again = filing.file_submission(
        by=scenes.person("copycat"), claim=scene.claim, narrative="", narrative_lang="en",
        licence="cc0-1.0", now=scene.now,
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(originals().path(digest).read_bytes())))],
    )  # fmt: skip
    erase("exhibit", Exhibit.objects.get(submission=again).pk, "duplicate_key")
    erase("exhibit", first.pk)
    assert originals().exists(digest)


def test_another_owners_file_of_the_same_bytes_outlives_a_lost_key() -> None:
    """The keyed hashes say nothing any more, as after a restore without evidence.key; the sealed
    addresses do."""
    scene = scenes.build_evidence(scenes.build_claim())
    first = scene.exhibits()[0]
    digest = digest_of(first)
    again = filing.file_submission(
        by=scenes.person("copycat"), claim=scene.claim, narrative="", narrative_lang="en",
        licence="cc0-1.0", now=scene.now,
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(originals().path(digest).read_bytes())))],
    )  # fmt: skip
    keyed.path().write_bytes(bytes(32))
    keyed.read.cache_clear()
    erase("exhibit", first.pk)
    assert originals().exists(digest)
    erase("exhibit", Exhibit.objects.get(submission=again).pk)
    assert not originals().exists(digest)


def test_an_erasure_stops_while_another_address_cannot_be_opened() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    first, second = scene.exhibits()[:2]
    digest = digest_of(first)
    Exhibit.objects.filter(pk=second.pk).update(digest=bytes(40))
    with pytest.raises(
        CommandError, match=rf"exhibit {second.reference} cannot be opened.*verify_record"
    ):
        erase("exhibit", first.pk)
    assert originals().exists(digest)
    first.refresh_from_db()
    assert digest_of(first) == digest


@pytest.mark.parametrize("waits", [True, False])
def test_a_photo_that_somebody_sent_ahead_is_not_taken_by_anothers_erasure(waits: bool) -> None:
    """Only while it waits for its form: that is the control."""
    scene = scenes.build_evidence(scenes.build_claim())
    first = scene.exhibits()[0]
    digest = digest_of(first)
    sent = staging.stage(
        by=scenes.person("copycat"), claim=scene.claim, form_key="form", file_key="file",
        filename="a.png", now=scene.now,
        stored=filing.receive(io.BytesIO(originals().path(digest).read_bytes())),
    )  # fmt: skip
    StagedPhoto.objects.filter(pk=sent.pk).update(closed_at=None if waits else scene.now)
    erase("exhibit", first.pk)
    assert originals().exists(digest) is waits


def test_a_claim_placed_later_is_not_called_edited_for_a_withheld_version() -> None:
    scene = scenes.build_claim()
    scenes.look(scene, f"{scenes.POST}敬请期待。", 1)
    scenes.look(scene, "另一段，与此无关。敬请期待。", 2)
    scenes.look(scene, f"{scenes.POST}敬请期待。", 3)
    erase("version", Version.objects.get(number=2).pk)
    placed = scenes.claims.register_claim(
        by=scene.moderator, product=scene.product, quote="双风道", quote_lang="zh-Hans",
        summary=scenes.write("en", "Ducts"), now=scene.now,
        aspects=[scenes.claims.NewAspect("function", scenes.write("en", "ducts"))],
    )  # fmt: skip
    appearance = scenes.claims.place_claim(
        by=scene.moderator, claim=placed, source=scene.source, exact="双风道", now=scene.now
    )
    seen = locate_appearance(by=ledger.SYSTEM, appearance=appearance, now=scene.now)
    assert [(one.version.number, one.kind) for one in seen] == [(1, "verbatim"), (3, "verbatim")]
    assert not placed.flag_set.exists()


# --- what was under way when it was erased --------------------------------------------------------

READ = decoding.DecodedPicture(
    format="JPEG", width=40, height=30, orientation=1, frames=1, metadata={"gps_latitude": "39.9"},
    pdq="0" * 64, pdq_quality=100,
    pdq_all8=("0" * 64,) * 8,
    renditions=(decoding.Rendition("page", 40, 30, "image/jpeg", scenes.picture(1)),),
)  # fmt: skip


def read_while(
    meanwhile: Callable[[Exhibit], object], monkeypatch: pytest.MonkeyPatch, result: object = READ
) -> Exhibit:
    """A photo is handed in, and something happens while its decoder runs."""
    scene = scenes.build_claim()
    photo = filing.NewPhoto(filing.receive(io.BytesIO(scenes.picture(1))), "a.jpg")
    filing.file_submission(
        by=scene.owners[0],
        claim=scene.claim,
        narrative="",
        narrative_lang="en",
        licence="cc0-1.0",
        photos=[photo],
        now=scene.now,
    )
    (exhibit,) = scene.exhibits()

    def decode(path: Path) -> object:
        meanwhile(exhibit)
        return result

    monkeypatch.setattr(decoding, "decode", decode)
    jobs.drain(["decode"])
    assert set(jobs.Job.objects.filter(queue="decode").values_list("state", flat=True)) == {"done"}
    exhibit.refresh_from_db()
    return exhibit


def pictures_on_disk(settings: object) -> list[Path]:
    return [
        path
        for path in Path(settings.RENDITIONS_DIR).rglob("*")
        if path.is_file() and path.stat().st_size
    ]  # type: ignore[attr-defined]


@pytest.mark.parametrize("fields", [(), ("digest",), ("metadata",)])
@pytest.mark.parametrize("result", [READ, decoding.RefusedPicture(decoding.Code.DAMAGED)])
def test_a_photo_that_is_erased_while_it_is_read_stays_erased(
    fields: tuple[str, ...], result: object, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    exhibit = read_while(lambda one: erase("exhibit", one.pk, *fields), monkeypatch, result)
    assert (exhibit.status, exhibit.metadata, exhibit.width) == (ExhibitStatus.WITHHELD, None, None)
    assert not Rendition.objects.exists()
    assert pictures_on_disk(settings) == []
    assert SealedKey.objects.exists() == bool(fields), (
        "a key goes with the last of what it sealed, and none is made in its place"
    )
    assert not CustodyEvent.objects.filter(kind="read").exists()


@pytest.mark.parametrize("guards", [2, 1, 0])
def test_between_an_erasure_and_what_follows_on_it_nothing_comes_back_either(
    guards: int, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    """The erasure has let go of the value, and was killed before it withheld the exhibit, which
    still stands as `stored`."""

    def killed(exhibit: Exhibit) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("evidence.erasure._forget_pictures", lambda target: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                erase("exhibit", exhibit.pk)

    if guards < 2:
        monkeypatch.setattr(filing, "erased_fields", lambda label, object_id: set())
    if guards < 1:
        monkeypatch.setattr(sealing, "erased_fields", lambda label, object_id: set())
    if guards == 1:
        with pytest.raises(AssertionError, match="queued"):
            read_while(killed, monkeypatch)
        assert "KeyDestroyedError" in jobs.Job.objects.get(queue="decode").last_error
    else:
        exhibit = read_while(killed, monkeypatch)
        assert (exhibit.status == ExhibitStatus.READY) == (guards == 0), "the control"
    assert SealedKey.objects.exists() == Rendition.objects.exists() == (guards == 0)
    if guards:
        call_command("erase", "--reapply", stdout=StringIO())
        assert Exhibit.objects.get().status == ExhibitStatus.WITHHELD


def test_what_was_erased_of_an_exhibit_is_not_written_by_its_decoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exhibit = read_while(lambda one: erase("exhibit", one.pk, "pdq"), monkeypatch)
    assert (exhibit.status, exhibit.pdq, exhibit.width) == (ExhibitStatus.READY, None, 40)


def test_of_two_answers_for_one_exhibit_the_first_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    exhibit = read_while(lambda one: None, monkeypatch)
    exhibit.status = ExhibitStatus.STORED  # as it was when the other began
    told = {"by": ledger.SYSTEM, "exhibit": exhibit, "now": timezone.now(), "outcome": "late"}
    assert not filing.mark_read(**told, status=ExhibitStatus.UNREADABLE)
    assert not filing.mark_read(
        **told, status=ExhibitStatus.READY, metadata='{"gps_latitude": "1"}'
    )
    assert Exhibit.objects.get().status == ExhibitStatus.READY
    assert "39.9" in str(ledger.unseal(Exhibit.objects.get(), "metadata"))
    assert CustodyEvent.objects.filter(kind="read").count() == 1


@pytest.mark.parametrize("guarded", [True, False])
def test_an_erased_text_is_not_brought_back_by_a_look_that_was_under_way(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes.build_claim()
    Source.objects.update(watched=True)
    scenes.look(scene, f"{scenes.POST}甲。", -60)
    version = Version.objects.get()

    def visit(*args: object) -> tuple[ObservationData, None]:
        erase("version", version.pk)
        stored = originals().put(b"again", limit=9)
        text = Extract("帖子", f"{scenes.POST}甲。", "zh-Hans")
        return ObservationData(
            type="ok",
            looked_at=timezone.now(),
            status=200,
            digest=stored.sha256,
            size=5,
            extract=text,
        ), None

    monkeypatch.setattr(tasks, "visit", visit)
    if not guarded:
        monkeypatch.setattr(tasks, "_still_wanted", lambda source: True)
    with transaction.atomic():
        jobs.enqueue("evidence.observe", {"source": str(scene.source.pk)}, key="under way")
    jobs.drain(["watch"])
    assert jobs.Job.objects.get(dedupe_key="under way").state == "done"
    assert Version.objects.count() == (1 if guarded else 2)
