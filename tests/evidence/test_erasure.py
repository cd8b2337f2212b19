"""What goes with an erased exhibit or version, and what stays for others."""

from __future__ import annotations

import io
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

import ledger
from accounts.permissions import NotAllowed
from claims.models import Source
from evidence import fixity, keyed
from evidence.actions import filing, staging
from evidence.actions.looking import sight_appearance
from evidence.models import Capture, CustodyEvent, Exhibit, Rendition, Sighting, StagedPhoto, Unit, Version
from evidence.states import ExhibitStatus
from evidence.stores import originals, renditions
from tests import scenes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def erase(label: str, pk: object, *fields: str) -> None:
    call_command("erase", label, str(pk), field=list(fields), ground="court order 1", reason="A court ordered it.", stdout=StringIO())


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
        by=scenes.person("copycat"), claim=scene.claim, narrative="", narrative_lang="en", licence="cc0-1.0", now=scene.now,
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
        exhibit=second, name="thumb", digest=shown.digest, media_type=shown.media_type, width=4, height=3, size=shown.size
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
    assert (exhibit.status, Rendition.objects.filter(exhibit=exhibit).count()) == (ExhibitStatus.READY, 1)
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
    assert (exhibit.status, exhibit.digest, exhibit.duplicate_key) == (ExhibitStatus.WITHHELD, None, "")
    assert CustodyEvent.objects.filter(exhibit=exhibit, kind="withheld").count() == 1
    with pytest.raises(NotAllowed, match="erased"):
        filing.view_original(by=scene.moderator, exhibit=exhibit, now=scene.now)
    call_command("erase", "--reapply", stdout=StringIO())
    assert CustodyEvent.objects.filter(exhibit=exhibit, kind="withheld").count() == 1


def test_captured_bytes_stay_while_another_version_shows_them() -> None:
    scene = scenes.build_claim()
    for seconds, text in ((1, f"{scenes.POST}甲。敬请期待。"), (2, "敬请期待。另一段。"), (3, f"{scenes.POST}甲。敬请期待。")):
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
    assert (version.body, version.digest, version.withheld, version.characters) == ("", "", True, len(scenes.POST) + 2)
    assert Sighting.objects.get().passage == ""
    assert not Source.objects.get().watched  # the next look would bring the text back


def test_two_units_without_serial_numbers_do_not_stand_in_each_others_way() -> None:
    scenes.build_evidence(scenes.build_claim())
    for unit in Unit.objects.all()[:2]:
        erase("unit", unit.pk)
    assert Unit.objects.filter(serial_key="").count() == 2


def test_an_original_whose_owner_erased_the_comparison_key_still_counts_as_kept() -> None:
    """Negative control: looking for equal files by the keyed hash alone would remove the other owner's original."""
    scene = scenes.build_evidence(scenes.build_claim())
    first = scene.exhibits()[0]
    digest = digest_of(first)
    again = filing.file_submission(
        by=scenes.person("copycat"), claim=scene.claim, narrative="", narrative_lang="en", licence="cc0-1.0", now=scene.now,
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(originals().path(digest).read_bytes())))],
    )  # fmt: skip
    erase("exhibit", Exhibit.objects.get(submission=again).pk, "duplicate_key")
    erase("exhibit", first.pk)
    assert originals().exists(digest)


def test_another_owners_file_of_the_same_bytes_outlives_a_lost_key() -> None:
    """The keyed hashes say nothing any more, as after a restore without evidence.key; the sealed addresses do."""
    scene = scenes.build_evidence(scenes.build_claim())
    first = scene.exhibits()[0]
    digest = digest_of(first)
    again = filing.file_submission(
        by=scenes.person("copycat"), claim=scene.claim, narrative="", narrative_lang="en", licence="cc0-1.0", now=scene.now,
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
    with pytest.raises(CommandError, match=rf"exhibit {second.reference} cannot be opened.*verify_record"):
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
        by=scenes.person("copycat"), claim=scene.claim, form_key="form", file_key="file", filename="a.png", now=scene.now,
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
        by=scene.moderator, product=scene.product, quote="双风道", quote_lang="zh-Hans", summary=scenes.write("en", "Ducts"), now=scene.now,
        aspects=[scenes.claims.NewAspect("function", scenes.write("en", "ducts"))],
    )  # fmt: skip
    appearance = scenes.claims.place_claim(by=scene.moderator, claim=placed, source=scene.source, exact="双风道", now=scene.now)
    seen = sight_appearance(by=ledger.SYSTEM, appearance=appearance, now=scene.now)
    assert [(one.version.number, one.kind) for one in seen] == [(1, "verbatim"), (3, "verbatim")]
    assert not placed.flag_set.exists()
