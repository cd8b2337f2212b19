"""The founding case for the browser: drawn photos that are really decoded, and people who can sign
in."""

from __future__ import annotations

import io
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

import jobs
import ledger
from accounts.models import User
from claims.models import Source
from engines.text.extraction import Extract
from evidence.exhibits.models import Exhibit
from evidence.sources.actions import ObservationData, record_observation
from evidence.stores import originals
from tests import scenes
from tests.workflows import unruled

AS_PUBLISHED = "新款轿车发布。\n" + scenes.POST + "\n欢迎到店试驾，感受赛道基因。"
EDITED = AS_PUBLISHED.replace("内部结构也一起改了，", "")


def drawing(text: str) -> bytes:
    """A photo that says on its face that it is drawn."""
    image = Image.new("RGB", (1200, 900), "#2b2d31")
    pen = ImageDraw.Draw(image)
    pen.ellipse((380, 360, 820, 560), fill="#0c0d0f", outline="#ff8f85", width=8)
    pen.text((60, 60), f"DRAWN, NOT PHOTOGRAPHED: {text}", fill="#eceae4", font_size=40)
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


def verified(*people: User) -> None:
    """Their addresses are verified, so that they can sign in."""
    for one in people:
        EmailAddress.objects.get_or_create(
            user=one, email=one.email, defaults={"verified": True, "primary": True}
        )


def look(source: Source, text: str | None, when: object) -> None:
    """One look at the source: the text it found, or None for a source that is gone."""
    if text is None:
        looked = ObservationData(type="gone", looked_at=when, status=404)  # type: ignore[arg-type]  # a datetime
    else:
        stored = originals().put(f"<p>{text}</p>".encode(), limit=10_000)
        extract = Extract(
            title="", text=text, lang="zh-Hans", links=(), extractor="drawn", version="1"
        )
        looked = ObservationData(
            type="ok",
            looked_at=when,
            status=200,
            final_url=source.url,
            digest=stored.sha256,
            size=stored.size,
            extract=extract,  # type: ignore[arg-type]  # a datetime
        )
    record_observation(by=ledger.SYSTEM, source=source, looked=looked, now=timezone.now())


def filed() -> scenes.Scene:
    """The claim in its source, which was edited and taken down; three owners filed; nothing is
    decided."""
    scene = scenes.build_claim()
    start = scene.now - timedelta(days=9)
    look(scene.source, AS_PUBLISHED, start)
    for hours in (1, 2, 3, 5):
        look(scene.source, AS_PUBLISHED, start + timedelta(hours=hours))
    for hours in (6, 20, 60, 100, 140):
        look(scene.source, EDITED, start + timedelta(hours=hours))
    for hours in (170, 180, 190):
        look(scene.source, None, start + timedelta(hours=hours))
    scenes.build_evidence(scene, accept=False)
    for exhibit in Exhibit.objects.order_by("submission__filed_at"):
        stored = originals().put(drawing(exhibit.reference), limit=10_000_000)
        with (
            transaction.atomic(),
            unruled(Exhibit),
        ):  # the pictures of build_evidence were read already
            ledger.seal(exhibit, digest=stored.sha256)
            exhibit.status = "stored"
            exhibit.rendition_set.all().delete()
            exhibit.save(update_fields=["digest", "status"])
    jobs.drain()
    verified(
        scene.moderator,
        scene.second_moderator,
        scene.adjudicator,
        scene.second_adjudicator,
        *scene.owners,
    )
    return scene


def concluded() -> scenes.Scene:
    """The same, accepted, found, heard, concluded, reported."""
    scene = filed()
    for submission in scene.submissions:
        exhibit = Exhibit.objects.get(submission=submission)
        scenes.filing.decide_submission(
            by=scene.moderator,
            submission=submission,
            decision="accepted",
            reason=scenes.write("en", "Clear.", zh_Hans="清楚。"),
            now=scene.now,
            grades={
                str(exhibit.pk): (
                    "B",
                    "2",
                    scenes.write("en", "A known owner.", zh_Hans="已知车主。"),
                )
            },
            captions={
                str(exhibit.pk): scenes.write("en", "The outlet of the duct", zh_Hans="风道出口")
            },
        )
    scenes.build_findings(scene)
    scenes.build_silence(scene)
    scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    jobs.drain()
    return scene
