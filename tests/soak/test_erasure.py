"""A hundred values, each planted once in a kind of text, file or picture of its own, erased: found
nowhere, and every old proof holds.

The short form, with the doors that say so, is tests/system/test_erasure.py.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import numpy
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.management import call_command
from PIL import ExifTags, Image
from pypdf import PdfReader

import jobs
import ledger
from claims import actions as claims
from claims.localized_text import write
from claims.models import Aspect
from config import backups
from config.logs import Json
from evidence.exhibits.actions import filing, pointing
from evidence.exhibits.models import Exhibit
from evidence.sources.actions import upload_capture
from ledger import merkle, proofs, registry
from ledger.bundle import Bundle
from ledger.leaf import Leaf
from ledger.models import Entry
from ledger.proof import parse_proof
from ledger.sequencing import sequence
from ledger.verify import audit
from reports.documents.report_files import bundle_of
from tests import scenes
from tests.system.test_backups import EmptyMachine
from tests.system.test_erasure import cached, crawl, disguises, dump, erase, files
from verdicts import actions as verdicts
from verdicts.models import Verdict

LATITUDE, LONGITUDE = "31.271828", "121.314159"
MARK = re.compile(r"zq[a-z]+[0-9a-f]{10}")
PICTURE = (320, 240)


@dataclass
class Words:
    """The values planted: each by the place that it was planted in."""

    planted: dict[str, str] = field(default_factory=dict)

    def __call__(self, place: str) -> str:
        word = f"zq{re.sub('[^a-z]', '', place)}{sha256(place.encode()).hexdigest()[:10]}"
        assert place not in self.planted
        self.planted[place] = word
        return word

    def pair(self, place: str) -> dict[str, Any]:
        """A text in English and Chinese, a value in each."""
        return write("en", f"Say {self(place)}.", zh_Hans=f"称{self(place + ' in Chinese')}。")


def noise() -> numpy.ndarray:
    """A block of cells that no other picture has, coarse enough to be known again in a small
    copy."""
    return (
        numpy.kron(
            numpy.random.default_rng(4711).integers(0, 2, (12, 16)), numpy.ones((20, 20))
        ).astype(numpy.uint8)
        * 255
    )


def photo(words: Words) -> bytes:
    exif = Image.Exif()
    for tag, place in (
        (ExifTags.Base.ImageDescription, "exif description"), (ExifTags.Base.Artist, "exif artist"),
        (ExifTags.Base.Copyright, "exif rights"),
        (ExifTags.Base.Software, "exif software"),
    ):  # fmt: skip
        exif[tag] = words(place)
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.BodySerialNumber], inner[ExifTags.Base.CameraOwnerName] = (
        words("exif serial"),
        words("exif owner"),
    )
    inner[ExifTags.Base.UserComment] = b"ASCII\0\0\0" + words("exif comment").encode()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "N", 2: (31.0, 16.0, 18.5808), 3: "E", 4: (121.0, 18.0, 50.9724)}
    )
    file = io.BytesIO()
    Image.fromarray(noise()).convert("RGB").save(file, "JPEG", exif=exif, quality=90)
    return file.getvalue()


def shows_it(data: bytes) -> bool:
    """Whether a picture, at whatever size, is that of the noise."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            seen = numpy.asarray(image.convert("L").resize(PICTURE), float)
    except (OSError, ValueError):
        return False
    expected = noise().astype(float)
    seen, expected = seen - seen.mean(), expected - expected.mean()
    spread = float(numpy.sqrt((seen**2).sum() * (expected**2).sum()))
    return spread > 0 and float((seen * expected).sum()) / spread > 0.6


def pictures(name: str, data: bytes) -> Iterator[bytes]:
    if data.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF")):
        yield data
    elif data.startswith(b"%PDF"):
        yield from (
            image.data for page in PdfReader(io.BytesIO(data)).pages for image in page.images
        )


def plant(words: Words) -> tuple[scenes.Scene, Verdict]:
    """A case worked through to its verdict and reports, with a value of its own in each kind of
    text."""
    scene = scenes.build_claim()
    now, by = scene.now, scene.moderator
    source = claims.add_source(
        by=by, company=scene.company, channel="product_page", title=words.pair("source title"),
        speaker=words.pair("source speaker"),
        url=f"https://brand.example/{words('source address')}", now=now, watched=False,
    )  # fmt: skip
    entity = claims.add_entity(
        by=by, company=scene.company, name=words.pair("entity name"), jurisdiction="CN",
        registration=words("entity registration"),
        seat=words.pair("entity seat"), now=now,
    )  # fmt: skip
    claims.give_entity_role(
        by=by,
        entity=entity,
        kind="sold",
        product=scene.product,
        from_date=date(2025, 1, 1),
        note=words.pair("entity note"),
        now=now,
    )
    quote = f"{scenes.POST}{words('quote')}"
    claim = claims.register_claim(
        by=by, product=scene.product, option=scene.option, quote=quote, quote_lang="zh-Hans",
        summary=words.pair("summary"), now=now,
        quote_translation=write("en", f"Also {words('quote translation')}."),
        aspects=[
            claims.NewAspect(
                "function", words.pair("statement"),
                criterion=claims.NewCriterion(
                    property=words.pair("property"), comparator="at_least", value=Decimal("1.5"),
                    unit="m/s",
                    conditions=words.pair("conditions"), basis=words.pair("basis"),
                ),
            ),
            claims.NewAspect("appearance", words.pair("second statement")),
        ],
    )  # fmt: skip
    claims.place_claim(
        by=by, claim=claim, source=scene.source, exact=quote, prefix=words("prefix"),
        suffix=words("suffix"), note=words.pair("place note"),
        now=now,
    )  # fmt: skip
    claims.revise_claim(
        by=by,
        claim=claim,
        reason=f"Because {words('revision reason')}.",
        summary=words.pair("second summary"),
        now=now,
    )
    claim.refresh_from_db()
    scene.claim = claim
    scene.ducts, scene.carbon = (
        Aspect.objects.select_related("claim").filter(claim=claim).order_by("number")
    )
    scenes.look(scene, f"{quote}，{words('first version')}。", 1)
    scenes.look(
        scene,
        f"{quote.replace('双风道', '双' + words('reworded') + '风道')}，"
        f"{words('second version')}。",
        2,
    )
    upload_capture(
        by=by, source=scene.source, content=f"<p>{scenes.POST} {words('saved copy')}</p>".encode(),
        content_type="text/html",
        captured_at=now - timedelta(days=9), now=now, note=f"From {words('copy origin')}",
    )  # fmt: skip
    jobs.drain(["watch"])

    content = photo(words)
    submission = filing.file_submission(
        by=scenes.person("owner9"), claim=claim, narrative=f"{words('narrative')}.",
        narrative_lang="en", licence="cc-by-4.0", now=now,
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(content)), f"{words('file name')}.jpg")],
        contact=f"{words('contact')}@a.example",
        teardown=filing.NewTeardown(
            title=words.pair("teardown"), unit_label=words("unit"), serial="VIN9",
            performed_date=date(2025, 5, 1),
            steps=[filing.NewStep(words.pair("step"), words.pair("step seen"), photo=1,
            part=words.pair("part"))],
            measurements=[
                filing.NewMeasurement(
                    aspect=scene.ducts, quantity=words.pair("quantity"), value=Decimal("0.02"),
                    standard_uncertainty=Decimal("0.02"),
                    unit_name="m/s", instrument=words.pair("instrument"),
                    method=words.pair("method"), measured_date=date(2025, 5, 1),
                    conditions=words.pair("measured under"),
                )
            ],
        ),
    )  # fmt: skip
    jobs.drain(["decode"])
    exhibit = Exhibit.objects.get(submission=submission)
    assert exhibit.status == "ready"
    filing.decide_submission(
        by=by, submission=submission, decision="accepted", reason=words.pair("decision"), now=now,
        grades={str(exhibit.pk): ("B", "2", words.pair("grade"))},
        captions={str(exhibit.pk): words.pair("caption")},
    )  # fmt: skip
    pointing.mark_region(
        by=by, exhibit=exhibit, x=100, y=200, width=300, height=250, caption=words.pair("region")
    )
    scenes.build_evidence(scene)
    other = next(one for one in scene.exhibits(status="accepted") if one.pk != exhibit.pk)
    pointing.compare_exhibits(by=by, before=other, after=exhibit, title=words.pair("comparison"))
    undone = filing.file_submission(
        by=scenes.person("owner8"), claim=claim, narrative=f"{words('withdrawn narrative')}.",
        narrative_lang="en", licence="cc-by-4.0",
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(scenes.picture(5))),
        f"{words('withdrawn file')}.jpg")], now=now,
    )  # fmt: skip
    filing.withdraw_submission(
        by=undone.filed_by, submission=undone, reason=f"For {words('withdrawal')}.", now=now
    )
    series = claims.add_series(
        by=by,
        company=scene.company,
        name=words.pair("series"),
        unit=words.pair("series unit"),
        now=now,
    )
    for day, value in ((1, 10), (2, 20)):
        claims.add_point(
            by=by,
            series=series,
            source=source,
            on_date=date(2025, 9, day),
            value=Decimal(value),
            now=now,
        )
    claims.annotate_series(
        by=by,
        series=series,
        text=words.pair("series note"),
        from_date=date(2025, 9, 1),
        source=source,
        now=now,
    )
    incident = verdicts.open_incident(
        by=by,
        company=scene.company,
        product=scene.product,
        title=words.pair("incident"),
        summary=words.pair("incident summary"),
        now=now,
    )
    verdicts.add_event(
        by=by,
        incident=incident,
        kind="happened",
        actor="other",
        happened_at=now - timedelta(days=30),
        text=words.pair("event"),
        now=now,
    )
    for aspect in (scene.ducts, scene.carbon):
        verdicts.record_finding(
            by=by,
            aspect=aspect,
            conclusion="contradicts",
            reasoning=words.pair(f"finding on {aspect.kind}"),
            exhibits=[exhibit],
            now=now,
        )
    invitation = verdicts.request_reply(
        by=by, claim=claim, allegation=words.pair("allegation"), now=now
    )
    waiver = verdicts.propose_waiver(
        by=scene.adjudicator, invitation=invitation, reason=words.pair("waiver")
    )
    verdicts.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=now)
    letter = verdicts.record_reply(
        by=by, invitation=invitation, body=f"{words('reply by letter')}.", lang="en", now=now
    )
    verdicts.confirm_reply(by=scene.second_moderator, reply=letter, now=now)
    scenes.build_reply(scene, invitation, body=f"{words('reply')}.", now=now)
    proposed = verdicts.propose_verdict(
        by=scene.adjudicator, aspect=scene.ducts, rating="not_delivered",
        rationale=words.pair("rationale"),
        exhibits=scene.exhibits(status="accepted"), now=now,
    )  # fmt: skip
    verdict = verdicts.approve_verdict(by=scene.second_adjudicator, verdict=proposed, now=now)
    jobs.drain(["report"])
    sequence()
    return scene, verdict


def holding() -> list[tuple[str, Any]]:
    """Every row of the record that holds a planted value, as its owner reads it."""
    found = []
    for label, record in registry.recorded.items():
        for row in apps.get_model(label)._default_manager.all():
            values = [str(getattr(row, name)) for name in record.text] + [
                str(ledger.unseal(row, name)) for name in record.sealed
            ]
            if MARK.search(" ".join(values)) or LATITUDE in " ".join(values):
                found.append((label, row.pk))
    return found


def opened() -> bytes:
    """Everything sealed that our keys still open."""
    return " ".join(
        str(ledger.unseal(row, name))
        for label, record in registry.recorded.items()
        for name in record.sealed
        for row in apps.get_model(label)._default_manager.all()
    ).encode()


def found(words: Words, places: list[tuple[str, bytes]]) -> dict[str, set[str]]:
    """Where each value is found, in whatever disguise; the pixels as a picture of any size, alone
    or inside a PDF."""
    hits: dict[str, set[str]] = {}
    values = {**words.planted, "GPS latitude": LATITUDE, "GPS longitude": LONGITUDE}
    for what, word in values.items():
        forms = disguises(word)
        if inside := {place for place, content in places if any(form in content for form in forms)}:
            hits[what] = inside
    if shown := {
        place for place, content in places if any(shows_it(one) for one in pictures(place, content))
    }:
        hits["pixels"] = shown
    return hits


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Every log line of every level, as it would be written."""
    heard: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # The first is a developer's switch, off wherever people's words are; the others are
            # this test's own hand, making and reading pictures and PDFs: no process of the program
            # loads them for a stranger's file.
            if not record.name.startswith(("django.db.backends", "PIL", "pypdf")):
                heard.append(self.format(record))

    handler, root = Keeping(), logging.getLogger()
    handler.setFormatter(Json())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield heard
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(
    "what was erased is nowhere, not even in a restored backup, and every old proof holds"
)
def test_what_was_erased_is_nowhere(
    settings: Any, tmp_path: Path, lines: list[str], figure: Callable[[str], None]
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    words = Words()
    scene, verdict = plant(words)
    owner = Exhibit.objects.get(
        pk=next(pk for label, pk in holding() if label == "exhibit")
    ).submission.filed_by
    people = (scene.moderator, owner)
    bundle, size = bundle_of(verdict), Entry.objects.count()
    note = (Path(django_settings.LEDGER_DIR) / "checkpoint").read_bytes()
    call_command(
        "backup", str(tmp_path / "backups"), "--keys", str(tmp_path / "apart"), stdout=StringIO()
    )

    def everywhere() -> list[tuple[str, bytes]]:
        return [
            ("the dump", dump()),
            ("the cache", cached()),
            ("what our keys open", opened()),
            *files(),
            *crawl(*people),
        ]

    # The control: each is found before. None of it ever came into a log line.
    before = found(words, everywhere())
    planted = {*words.planted, "GPS latitude", "GPS longitude", "pixels"}
    assert planted - before.keys() == set()
    assert len(planted) >= 50

    targets = holding()
    for label, pk in targets:
        erase(label, pk)
    jobs.drain(["watch", "report", "decode"])
    sequence()
    assert holding() == []
    assert found(words, everywhere()) == {}
    _proofs_hold(bundle, note, size, {(label, str(pk)) for label, pk in targets})
    call_command("verify_record", stdout=(said := StringIO()))
    assert "everything is as the log says" in said.getvalue()

    # The backup of before holds them all; restored beside the newest copy of the log it holds none.
    call_command("export_log", str(tmp_path / "copy"), stdout=StringIO())
    machine = EmptyMachine(tmp_path / "machine")
    try:
        status, told = machine.manage(
            "restore",
            str(backups.latest(tmp_path / "backups")),
            "--keys",
            str(tmp_path / "apart"),
            "--copy",
            str(tmp_path / "copy"),
        )
        assert (status, "restored: the published checkpoint" in told) == (1, True), told
        folders = [path for path in (tmp_path / "machine").iterdir() if path.name != "keys"]
        assert found(words, [("the restored dump", dump(machine.name)), *files(*folders)]) == {}
    finally:
        machine.gone()

    logging.getLogger("control").warning("a line with %s", words.planted["quote"])
    spoken = found(words, [(line, line.encode()) for line in lines])
    assert {what: len(where) for what, where in spoken.items()} == {"quote": 1}, (
        "the control's own line, and no other"
    )
    figure(
        f"{len(planted)} values in {len(targets)} rows of {len({label for label, _ in targets})} "
        f"kinds; found before the erasure in {len(set().union(*before.values()))} places, after "
        f"it in 0, in the restored backup in 0, in {len(lines)} log lines in 0; {size} old "
        f"proofs verify"
    )


def _proofs_hold(bundle: bytes, note: bytes, size: int, targets: set[tuple[str, str]]) -> None:
    head, _, key = proofs.published()
    Bundle.parse(bundle).check(key)
    assert audit(Path(django_settings.LEDGER_DIR), key, kept=note).kept is not None
    for index in range(size):
        leaf = bytes(Entry.objects.get(index=index).leaf)
        proof = parse_proof(proofs.inclusion(index))
        merkle.verify_inclusion(merkle.leaf_hash(leaf), index, head.size, proof.hashes, head.root)
    told = {
        (leaf.fields["object_label"], leaf.fields["object_id"])
        for leaf in (
            Leaf.parse(bytes(entry.leaf)) for entry in Entry.objects.filter(object_label="erasure")
        )
        if leaf.kind == "erased"
    }
    assert targets <= told
