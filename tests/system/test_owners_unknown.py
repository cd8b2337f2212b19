"""Owners stay unknown: who filed what can be told from no public byte, nor that two submissions are
of one owner.

The same case is played twice, to the byte the same but for who files which evidence. Two people who
differ in everything (name and address, organisation, contact, car, camera, place, hour, language,
browser, file names, the door they come by) hand in four submissions and take back a fifth; in the
second world they have changed places, and another pair of submissions is of one hand. In both the
maker, who suspects the first of them and holds his file and the number of his car, files these
himself and looks what comes of it. Then every byte that a stranger or the maker can have is
compared.

A commitment to a value that is never opened is an HMAC under a random key of its own. Its value is
replaced by a constant where it is committed to, and in return no two keys may be equal and none of
such a commitment may stand in a public byte.
"""

from __future__ import annotations

import base64
import io
import random
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy
import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone
from PIL import ExifTags, Image
from pypdf import PdfReader
from rest_framework import serializers

import jobs
import ledger
from accounts.actions import create_key, found_organisation
from accounts.models import Organisation, OrganisationKind, Role, Scope, User
from claims.localized_text import write
from evidence.api.serializers import ExhibitSerializer
from evidence.exhibits import tasks
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Contributor, CustodyEvent, Exhibit, Rendition, Submission, Unit
from ledger import registry
from ledger.models import Entry, Opening
from ledger.recording import REASON
from ledger.registry import Record, recorded
from ledger.sequencing import sequence
from reports.pages.views import exhibits
from tests import frozen, scenes
from tests.system.test_erasure import disguises, files, visits

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DECLARED = dict(recorded)  # the controls record otherwise
MAKER = "maker@example.org"
BEGINNING = datetime(2025, 6, 1, 8, tzinfo=UTC)


# --- people and what they file --------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Person:
    """Someone who owns the product, and all by which he could be known."""

    email: str
    organisation: str
    contact: str
    vin: str
    files: str
    hour: time
    camera: dict[int, str]
    place: dict[int, Any]
    decimal: str
    note: bytes
    headers: dict[str, str]
    address: str

    def secrets(self) -> dict[str, str]:
        """What must stand nowhere, by what it is."""
        told = {ExifTags.TAGS[tag]: text for tag, text in self.camera.items()}
        return {
            "e-mail": self.email, "contact": self.contact, "serial number": self.vin,
            "file name": self.files.partition(" ")[0],
            "address": self.address, "browser": self.headers["User-Agent"],
            "hour": self.hour.isoformat("milliseconds"),
            "maker's note": self.note.decode(), "latitude": self.decimal, **told,
        }  # fmt: skip


WEI = Person(
    email="zhang.wei.zqmail41xk@mail.example", organisation="Consumer group",
    contact="WeChat zqchat17lmd", vin="LZQVIN55RTY000001",
    files="zqfile28nsop 前舱盖 {n}.JPG", hour=time(9, 13, 7, 111_000),
    camera={
        ExifTags.Base.Make: "zqmake64bgtk Works", ExifTags.Base.Model: "zqmodel35dfaz Pro",
        ExifTags.Base.Artist: "zqartist76cvix Wei",
        ExifTags.Base.Copyright: "zqrights19poqe", ExifTags.Base.ImageDescription: "zqgarage43jhyw",
        ExifTags.Base.Software: "zqsoft86kmun 17",
    },
    place={1: "N", 2: (31.0, 16.0, 18.5808), 3: "E", 4: (121.0, 28.0, 12.0)}, decimal="31.271828",
    note=b"zqnote21xcgf",
    headers={"User-Agent": "zqphone82wjab/17 (phone)", "Accept-Language": "zh-CN,zh;q=0.9"},
    address="198.51.100.21",
)  # fmt: skip
ANNA = Person(
    email="anna.lindqvist+zqpost93hvcq@post.example", organisation="", contact="",
    vin="LZQVIN66QWE00000000077",
    files="zqscan29mncb_of_the_hood_final {n}.jpeg", hour=time(22, 48, 31, 907_000),
    camera={
        ExifTags.Base.Make: "zqmake65bgtk",
        ExifTags.Base.Model: "zqmodel36dfaz compact, second edition",
        ExifTags.Base.Artist: "zqartist77cvix A. Lindqvist",
        ExifTags.Base.Copyright: "zqrights20poqe",
        ExifTags.Base.ImageDescription: "zqterrace44jhyw",
        ExifTags.Base.Software: "zqsoft87kmun editor 3.11 for desktops",
    },
    place={1: "S", 2: (33.0, 51.0, 35.9136), 3: "W", 4: (70.0, 4.0, 59.0)}, decimal="-33.859976",
    note=b"zqnote22xcgf, longer than the other's",
    headers={"User-Agent": "zqdesk83wjab/128", "Accept-Language": "en-GB,en;q=0.8"},
    address="192.0.2.77",
)  # fmt: skip
PEOPLE = (WEI, ANNA)

#: Who files the five. In both worlds two people file; in the first the first and third are of one
#: hand, in the second the second and third.
FIRST = (WEI, ANNA, WEI, ANNA, WEI)
SECOND = (ANNA, WEI, WEI, WEI, ANNA)


def pixels(number: int) -> bytes:
    """A picture as a camera takes it, without a word on who took it."""
    cells = numpy.random.default_rng(number).integers(0, 255, (12, 16, 3))
    file = io.BytesIO()
    Image.fromarray(numpy.kron(cells, numpy.ones((100, 100, 1))).astype(numpy.uint8)).save(
        file, "JPEG", quality=90
    )
    return file.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def photo(person: Person, number: int) -> bytes:
    """The picture as this person's camera stores it: the same pixels, with all that a camera and a
    program say beside them."""
    exif = Image.Exif()
    exif.update(person.camera)
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal] = f"2025:05:01 {person.hour:%H:%M:%S}"
    inner[ExifTags.Base.MakerNote] = person.note
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(person.place)
    xmp = (
        f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{person.contact or person.email}</x:xmpmeta>".encode()
    )
    plain = pixels(number)
    beside = (
        segment(0xE1, exif.tobytes())
        + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)
        + segment(0xFE, person.email.encode())
    )
    return plain[:2] + beside + plain[2:] + person.note


def story(number: int) -> str:
    return f"Submission {number}: no air came through the duct."


def form(client: Client, scene: scenes.Scene, person: Person, number: int) -> dict[str, Any]:
    """What the filing page sends: the evidence by its number, the rest by the person."""
    page = client.get(f"/claims/{scene.claim.reference}/file/").content.decode()
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert key
    found = Organisation.objects.filter(name=person.organisation)
    return {
        "narrative": story(number), "narrative_lang": "en", "licence": "cc-by-4.0", "consent": "on",
        "contact": person.contact, "idempotency_key": key[1], "photos": [upload(person, number)],
        **({"organisation": str(found.get().pk)} if person.organisation else {}),
    }  # fmt: skip


def teardown(scene: scenes.Scene, person: Person, number: int) -> dict[str, Any]:
    return {
        "teardown-title": "Blower test", "teardown-unit_label": f"Car {number}",
        "teardown-serial": person.vin,
        "teardown-performed_date": date(2025, 5, number), "step-1-done": "Blower at the inlet",
        "step-1-photo": 1,
        "measurement-1-aspect": str(scene.ducts.pk), "measurement-1-quantity": "air speed",
        "measurement-1-value": f"0.0{number}",
        "measurement-1-standard_uncertainty": "0.02", "measurement-1-unit_name": "m/s",
        "measurement-1-instrument": "anemometer",
        "measurement-1-method": "at the outlet",
    }  # fmt: skip


def upload(person: Person, number: int) -> SimpleUploadedFile:
    return SimpleUploadedFile(
        person.files.format(n=number), photo(person, number), content_type="image/jpeg"
    )


# --- the world ------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What a stranger can have of a world, by address, and what he must not find in it."""

    public: dict[str, bytes]
    secrets: dict[str, list[bytes]]
    sizes: set[int]


def closed(record: Record, name: str) -> bool:
    """Whether a field is committed to and never opened to the public."""
    return name in record.closed or name in record.sealed


def play(
    patch: pytest.MonkeyPatch, settings: Any, folder: Path, who: tuple[Person, ...],
    collect: Callable[[], dict[str, bytes]]
) -> Seen:  # fmt: skip
    """The case, from its first word to its reports, with `who` filing the evidence; and what
    `collect` has of it in the end."""
    for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR"):
        setattr(settings, name, folder / name.removesuffix("_DIR").lower())
    settings.KEYS_DIR = folder.parent / "keys"
    with frozen.world(patch) as world, patch.context() as held:
        frozen.close_commitments(held, closed)
        scene, accounts, keys = _beginning(world)
        for number, person in enumerate(who, start=1):
            with world.step(
                f"submission {number}",
                datetime.combine(BEGINNING.date(), person.hour, UTC) + timedelta(days=number),
            ):
                _file(scene, person, accounts[person], keys[person], number)
                jobs.drain(["decode"])
                sequence()
        with world.step("the maker tries", BEGINNING + timedelta(days=7)):
            _try(scene)
        _end(world, scene)
        with world.step("a stranger looks", BEGINNING + timedelta(days=80)):
            drawn = list(Opening.objects.values_list("key", flat=True))
            assert len(set(map(bytes, drawn))) == len(drawn)
            sizes = Exhibit.objects.exclude(submission__filed_by__email=MAKER).values_list(
                "size", flat=True
            )
            return Seen(collect(), _secrets(accounts, keys), set(sizes))


def _beginning(world: frozen.World) -> tuple[scenes.Scene, dict[Person, User], dict[Person, str]]:
    """The claim, the post that vanished, and two people with accounts and keys."""
    accounts, keys = {}, {}
    with world.step("the claim", BEGINNING) as now:
        scene = scenes.build_post(scenes.build_claim())
        group = found_organisation(
            by=ledger.SYSTEM, kind=OrganisationKind.CONSUMER_GROUP, name="Consumer group", now=now
        )
        website = scene.company.website
        brand = found_organisation(
            by=ledger.SYSTEM,
            kind=OrganisationKind.COMPANY,
            name="A car maker",
            website=website,
            now=now,
        )
        scenes.claims.represent_company(
            by=ledger.SYSTEM, company=scene.company, organisation=brand, now=now
        )
        scenes.person("maker", Role.COMPANY_REPRESENTATIVE, organisation=brand)
        jobs.drain(["watch"])
    for person in PEOPLE:
        with world.step(
            f"{person.email} signs up", datetime.combine(BEGINNING.date(), person.hour, UTC)
        ) as now:
            accounts[person] = User.objects.create_user(person.email, "correct horse battery")
            _key, keys[person] = create_key(
                by=accounts[person], label=person.files, scopes=[Scope.READ, Scope.SUBMIT], now=now
            )
    with world.step("a role", BEGINNING + timedelta(hours=23)) as now:
        scenes.grant_role(
            by=ledger.SYSTEM, user=accounts[WEI], organisation=group, role=Role.FILER, now=now
        )
        sequence()
    return scene, accounts, keys


def _file(scene: scenes.Scene, person: Person, account: User, key: str, number: int) -> None:
    """One submission, by the person's own door: the first three tell of a teardown, the last is
    taken back."""
    client = Client(headers=person.headers, REMOTE_ADDR=person.address)
    if number == 4 and person is ANNA:
        answer = client.post(
            "/api/v1/submissions/",
            {"claim": str(scene.claim.pk), "narrative": story(number), "narrative_lang": "en",
            "licence": "cc-by-4.0",
             "photos": [upload(person, number)]},
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": f"{person.vin}-{number}"},
        )  # fmt: skip
        assert answer.status_code == 201, answer.content
        return
    client.force_login(account)
    data = form(client, scene, person, number)
    if number <= 3:
        data |= teardown(scene, person, number)
    elif number == 4:  # sent ahead of its form
        sent = client.post(
            f"/claims/{scene.claim.reference}/file/photos/", photo(person, number),
            content_type="application/octet-stream",
            headers={"X-Form-Key": data["idempotency_key"], "X-File-Key": person.vin,
            "X-File-Name": person.email},
        )  # fmt: skip
        data = {**data, "photos": [], "staged": [sent.json()["id"]]}
    answer = client.post(f"/claims/{scene.claim.reference}/file/", data)
    assert answer.status_code == 302, answer.content.decode()
    if number == 5:
        assert (
            client.post(f"{answer['Location']}withdraw/", {"reason": "A private one."}).status_code
            == 302
        )


def maker() -> Client:
    """Who speaks for the company, signed in."""
    client = Client(headers={"Accept-Language": "en"}, REMOTE_ADDR="203.0.113.9")
    client.force_login(User.objects.get(email=MAKER))
    return client


def _try(scene: scenes.Scene) -> None:
    """The maker files the very file of the one he suspects, on the very car."""
    client = maker()
    data = form(client, scene, ANNA, 1) | teardown(scene, WEI, 1)
    data |= {
        "photos": [SimpleUploadedFile("mine.jpg", photo(WEI, 1))],
        "teardown-unit_label": "My own",
    }
    answer = client.post(f"/claims/{scene.claim.reference}/file/", data)
    assert answer.status_code == 302, answer.content.decode()
    jobs.drain(["decode"])
    sequence()


def _end(world: frozen.World, scene: scenes.Scene) -> None:
    """Moderation, verdict, reports."""
    with world.step("moderation", BEGINNING + timedelta(days=10)) as now:
        for submission in (
            Submission.objects.filter(status="received")
            .exclude(filed_by__email=MAKER)
            .order_by("filed_date")
        ):
            [exhibit] = Exhibit.objects.filter(submission=submission)
            filing.open_sealed(by=scene.moderator, submission=submission, now=now)
            filing.view_original(by=scene.moderator, exhibit=exhibit, now=now)
            filing.decide_submission(
                by=scene.moderator, submission=submission, decision="accepted",
                reason=write("en", "Clear photos."), now=now,
                grades={str(exhibit.pk): ("B", "2", write("en", "Consistent."))},
                captions={str(exhibit.pk): write("en", "The duct", zh_Hans="风道")},
            )  # fmt: skip
        scenes.build_pointing(scene)
    with world.step("verdict", BEGINNING + timedelta(days=60)) as now:
        scene.now = now
        for aspect in (scene.ducts, scene.carbon):
            scenes.verdicts.record_finding(
                by=scene.moderator, aspect=aspect, conclusion="contradicts",
                reasoning=write("en", "As shown.", zh_Hans="如图。"),
                exhibits=scene.exhibits(status="accepted"), now=now,
            )  # fmt: skip
        scenes.build_silence(scene)
        verdict = scenes.verdicts.propose_verdict(
            by=scene.adjudicator, aspect=scene.ducts, rating="not_delivered",
            rationale=scenes.RATIONALE,
            exhibits=scene.exhibits(status="accepted"), now=now,
        )  # fmt: skip
        scenes.verdicts.approve_verdict(by=scene.second_adjudicator, verdict=verdict, now=now)
        jobs.drain(["watch", "decode", "report"])
        assert (
            not jobs.Job.objects.exclude(state="done")
            .exclude(kind="verdicts.close_window")
            .values_list("kind", "last_error")
        )
        sequence()
    assert Submission.objects.filter(status="accepted").count() == 4
    verdict.refresh_from_db()
    assert (verdict.units, verdict.contributors) == (2, 2)


def _secrets(accounts: dict[Person, User], keys: dict[Person, str]) -> dict[str, list[bytes]]:
    """What must stand in no public byte, in every disguise."""
    texts: dict[str, str] = {}
    for person, account in accounts.items():
        texts |= {
            f"{what} of {person.email}": value for what, value in person.secrets().items() if value
        }
        for day in range(
            6
            # on the first they sign up and make a key; the id of what comes into being then may not
            # hold the moment
        ):
            milliseconds = int(
                (
                    datetime.combine(BEGINNING.date(), person.hour, UTC) + timedelta(days=day)
                ).timestamp()
                * 1000
            )
            texts[f"moment of {person.email} on day {day}"] = (
                f"{milliseconds:012x}"[:8] + "-" + f"{milliseconds:012x}"[8:]
            )
        contributor = Contributor.objects.filter(user=account).values_list("pk", flat=True).first()
        texts |= {f"{account.email}'s {what}": str(value) for what, value in (
            ("account", account.pk), ("pseudonym", account.pseudonym), ("contributor", contributor),
            ("key", keys[person]),
        )}  # fmt: skip
    for one in Exhibit.objects.all():
        digest = str(ledger.unseal(one, "digest"))
        texts |= {f"digest of {one}": digest, f"keyed digest of {one}": one.duplicate_key}
    texts |= {f"serial key of {one.pk}": one.serial_key for one in Unit.objects.all()}
    texts |= {
        f"form key of {one}": one.idempotency_key
        for one in Submission.objects.exclude(idempotency_key="")
    }
    found = {what: disguises(text) for what, text in texts.items()}
    for what, text in texts.items():  # ids and digests also as the bytes that they stand for
        if re.fullmatch(r"[0-9a-f]{64}", text):
            found[what] += [bytes.fromhex(text), base64.b64encode(bytes.fromhex(text))[:-4]]
        elif re.fullmatch(r"[0-9a-f-]{36}", text):
            found[what] += [UUID(text).bytes, UUID(text).hex.encode()]
    for entry, name, key in _closed_keys():
        found[f"key of {name} in entry {entry}"] = [
            bytes(key),
            bytes(key).hex().encode(),
            base64.b64encode(bytes(key))[:-4],
        ]
    return found


def _closed_keys() -> Iterator[tuple[int, str, bytes]]:
    """The keys of the commitments that are never opened: whoever had one could try out people until
    one fits."""
    openings: QuerySet[Opening] = Opening.objects.select_related("entry")
    for one in openings:
        record = DECLARED[one.entry.object_label]
        private = (
            one.entry.kind == "submission.withdrawn"
            if one.field == REASON
            else closed(record, one.field)
        )
        if private:
            yield one.entry_id, one.field, one.key


# --- what a stranger can have ---------------------------------------------------------------------


def whole(apart: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Every answer in both languages, head and body, and every public file. Of the log's pages,
    which are many, one language."""
    public: dict[str, bytes] = {}
    for lang, left_out in (
        ("en", apart),
        ("zh-Hans", ("/record/entries/", "/record/verify/?entry", "/api/", "/media/")),
    ):
        client = Client(headers={"Accept-Language": lang}, REMOTE_ADDR="203.0.113.5")
        for url, answer, content in visits(client, apart=left_out):
            public |= told(f"{url} [{lang}]", answer, content)
    return public | closed_doors() | for_the_maker() | written() | log()


def most() -> dict[str, bytes]:
    """The same, without the pages of entries that no owner has a part in. Their leaves are
    there."""
    ours = [record.name for record in registry.records() if record.coarse]
    others = Entry.objects.exclude(object_label__in=ours).values_list("index", flat=True)
    return whole(("/record/verify/?entry", *[f"/record/entries/{index}/" for index in others]))


def told(url: str, answer: HttpResponseBase, content: bytes) -> dict[str, bytes]:
    """An answer, each line of its head apart."""
    head = {f"{url} {name}": value.encode() for name, value in answer.headers.items()}
    return {
        **head,
        f"{url} status": str(answer.status_code).encode(),
        f"{url} cookies": str(answer.cookies).encode(),
        url: content,
    }


def fetched(url: str) -> dict[str, bytes]:
    client = Client(REMOTE_ADDR="203.0.113.5")
    answer = client.get(url)
    return told(
        url, answer, b"".join(answer.streaming_content) if answer.streaming else answer.content
    )


def closed_doors() -> dict[str, bytes]:
    """What a stranger is told who asks for what is not public, by its true name."""
    public: dict[str, bytes] = {}
    for one in (
        Exhibit.objects.exclude(submission__status="accepted")
        .select_related("submission")
        .order_by("submission__filed_date", "pk")
    ):
        shown = Rendition.objects.filter(exhibit__in=Exhibit.objects.public()).values(
            "digest"
        )  # of the file that the maker filed again
        pictures = [
            f"/media/{picture.digest}.jpg"
            for picture in one.rendition_set.exclude(digest__in=shown).order_by("digest")
        ]
        for url in (
            f"/exhibits/{one.reference}/", f"/api/v1/exhibits/{one.pk}/",
            f"/api/v1/submissions/{one.submission_id}/", *pictures,
            f"/submissions/{one.submission.reference}/", f"/desk/exhibits/{one.reference}/original",
        ):  # fmt: skip
            answer = fetched(url)
            assert answer[f"{url} status"] in {b"302", b"401", b"404", b"405"}, url
            public |= answer
    return public


def for_the_maker() -> dict[str, bytes]:
    """What the maker reads more than a stranger: his questions, and how it goes with what he
    filed."""
    client = maker()
    one = Exhibit.objects.select_related("submission__claim").get(submission__filed_by__email=MAKER)
    public: dict[str, bytes] = {}
    for url in (
        "/reply/", f"/reply/{one.submission.claim.reference}/", "/submissions/",
        f"/submissions/{one.submission.reference}/",
        "/api/v1/submissions/", f"/desk/exhibits/{one.reference}/picture",
        f"/claims/{one.submission.claim.reference}/file/",
    ):  # fmt: skip
        answer = client.get(url)
        assert answer.status_code == 200, url
        public |= told(
            f"{url} [maker]",
            answer,
            b"".join(answer.streaming_content) if answer.streaming else answer.content,
        )
    return public


def log() -> dict[str, bytes]:
    """The log as it is served, and each entry by what it is about."""
    paths = [
        str(path.relative_to(django_settings.LEDGER_DIR))
        for path in Path(django_settings.LEDGER_DIR).rglob("*")
        if path.is_file()
    ]
    public: dict[str, bytes] = {}
    for path in paths:
        public |= fetched(f"/ledger/{path}")
    return public | {
        f"entry {one.index}, {one.kind} of {one.object_label}": bytes(one.leaf)
        for one in Entry.objects.all()
    }


def written() -> dict[str, bytes]:
    """The public files by their names, and what is inside the PDFs."""
    found = {}
    for name in ("LEDGER_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR"):
        folder = Path(getattr(django_settings, name))
        for path, content in files(folder):
            place = f"{folder.name}{path.removeprefix(str(folder))}"
            found[place] = content
            if content.startswith(b"%PDF"):
                reader = PdfReader(io.BytesIO(content))
                said = (
                    f"{reader.metadata} "
                    f"{reader.xmp_metadata and reader.xmp_metadata.stream.get_data()!r}"
                )
                found[f"{place} (metadata)"] = said.encode()
                found[f"{place} (unpacked)"] = b"\n".join(_streams(content))
    return found


def _streams(pdf: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"stream\r?\n", pdf):
        unpacking = zlib.decompressobj()
        try:
            yield unpacking.decompress(pdf[found.end() :])
        except zlib.error:
            continue


@dataclass(frozen=True)
class Difference:
    """Where two worlds part: the address, the first byte, and what stands between there and where
    they are the same again."""

    url: str
    offset: int
    one: bytes
    other: bytes

    def __str__(self) -> str:
        return f"{self.url} at byte {self.offset}: {self.one[:80]!r} / {self.other[:80]!r}"


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[Difference]:
    """Every address at which the two worlds are not the same bytes."""
    found = []
    for url in sorted(one.keys() | other.keys()):
        left, right = one.get(url, b"(nothing)"), other.get(url, b"(nothing)")
        if left == right:
            continue
        shorter = min(len(left), len(right))
        start = next((n for n in range(shorter) if left[n] != right[n]), shorter)
        end = next(
            (n for n in range(shorter - start) if left[-1 - n] != right[-1 - n]), shorter - start
        )
        found.append(
            Difference(url, start, left[start : len(left) - end], right[start : len(right) - end])
        )
    return found


HEAD: Final = 8  # bytes


def found_in(seen: Seen) -> dict[str, set[str]]:
    """Where each secret stands. All are looked for at once, by their first bytes: there are a
    thousand, and megabytes to look through."""
    wanted: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
    for what, forms in seen.secrets.items():
        for form in forms:
            assert len(form) >= HEAD, what
            wanted[int.from_bytes(form[:HEAD], "little")].append((what, form))
    heads = numpy.array(sorted(wanted), numpy.uint64)
    places: dict[bytes, set[str]] = defaultdict(set)
    for url, content in seen.public.items():
        places[content].add(url)
    hits: dict[str, set[str]] = defaultdict(set)
    for content, urls in places.items():
        padded = numpy.frombuffer(content + bytes(HEAD), numpy.uint8)
        here = numpy.lib.stride_tricks.sliding_window_view(padded, HEAD).copy().view("<u8")[:, 0]
        near = heads[numpy.minimum(numpy.searchsorted(heads, here), len(heads) - 1)]
        for at in numpy.flatnonzero(near == here):
            for what, form in wanted[int(here[at])]:
                if content.startswith(form, int(at)):
                    hits[what] |= urls
    return hits


# --- the tests ------------------------------------------------------------------------------------


KINDS: Final = (
    "(unpacked)", "(report.json)", "/files/snapshot.zh.pdf", "/feeds/edits.atom", "/media/",
    "/history/", "/proof", ".png", " ETag",
    "Content-Disposition", "ledger/tile/entries", "published/", "[maker]",
)  # fmt: skip


def test_nothing_public_tells_who_filed_what(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    first = play(monkeypatch, settings, tmp_path / "first", FIRST, most)
    second = play(monkeypatch, settings, tmp_path / "second", SECOND, most)
    assert len(first.sizes & second.sizes) == 1, (
        "all originals differ but the third, which is of one hand"
    )
    parted = differences(first.public, second.public)
    assert not parted, "\n".join(str(one) for one in parted[:40])
    assert found_in(first) == {}
    assert found_in(second) == {}
    reached = " ".join(first.public)
    for kind in KINDS:
        assert kind in reached, kind
    assert len(first.public) > 5_000


def public_doors() -> dict[str, bytes]:
    """For the controls: the API's exhibits, their pages and pictures, the log."""
    public = fetched("/api/v1/exhibits/")
    for one in Exhibit.objects.public().prefetch_related("rendition_set"):
        for url in (
            f"/exhibits/{one.reference}/",
            *[f"/media/{picture.digest}.jpg" for picture in one.rendition_set.all()],
        ):
            public |= fetched(url)
    for index in Entry.objects.filter(object_label="unit").values_list("index", flat=True):
        public |= fetched(f"/record/entries/{index}/bundle.json")
    return public | for_the_maker() | log()


class NamedFile(FileResponse):
    """A picture that is served with the name of its file, and marked by its original."""

    def __init__(self, file: Any, **more: Any) -> None:
        picture = Rendition.objects.select_related("exhibit").filter(
            digest=sha256(file.read()).hexdigest()
        )[0]
        self.exhibit = picture.exhibit
        file.seek(0)
        super().__init__(file, filename=str(ledger.unseal(self.exhibit, "filename")), **more)

    def __setitem__(self, header: str, value: Any) -> None:
        if header == "ETag":
            value = f'"{sha256(str(ledger.unseal(self.exhibit, "digest")).encode()).hexdigest()}"'
        super().__setitem__(header, value)


def uuid7_now() -> UUID:
    return UUID(
        int=int(timezone.now().timestamp() * 1000) << 80
        | 7 << 76
        | 2 << 62
        | random.getrandbits(62)
    )


def moved(patch: pytest.MonkeyPatch, label: str, *names: str) -> None:
    """Record fields in the clear that are closed."""
    record = recorded[label]
    text, held = (
        tuple(name for name in fields if name not in names)
        for fields in (record.text, record.closed)
    )
    patch.setitem(
        recorded,
        label,
        replace(record, plain=(*record.plain, *names), text=text, closed=held, public=True),
    )


def test_what_names_an_owner_is_found(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """Negative control: eight leaks, each found by its words where it leaks."""
    decode = tasks.decoding.decode

    def keeping(path: Path) -> Any:
        photo = decode(path)
        original = path.read_bytes()
        said = original[2 : 4 + int.from_bytes(original[4:6], "big")]
        return replace(
            photo,
            renditions=tuple(
                replace(one, data=one.data[:2] + said + one.data[2:]) for one in photo.renditions
            ),
        )

    save = Submission.save
    monkeypatch.setattr(tasks.decoding, "decode", keeping)
    monkeypatch.setattr(exhibits, "FileResponse", NamedFile)
    monkeypatch.setitem(
        ExhibitSerializer._declared_fields,
        "pseudonym",
        serializers.CharField(source="submission.filed_by_id"),
    )
    moved(monkeypatch, "submission", "contributor")
    monkeypatch.setitem(recorded, "custody_event", replace(recorded["custody_event"], coarse=False))
    monkeypatch.setitem(recorded, "unit", replace(recorded["unit"], closed=()))
    monkeypatch.setitem(CustodyEvent._meta.pk.__dict__, "_get_default", uuid7_now)

    def by_account(self: Submission, *args: Any, **more: Any) -> None:
        self.pseudonym = self.filed_by.pseudonym
        save(self, *args, **more)

    monkeypatch.setattr(Submission, "save", by_account)
    seen = play(monkeypatch, settings, tmp_path / "world", FIRST, public_doors)
    found = {what: " ".join(sorted(places)) for what, places in found_in(seen).items()}
    for person in PEOPLE:
        for tag in ("Make", "Artist", "maker's note"):
            assert "/media/" in found[f"{tag} of {person.email}"]
        assert "Content-Disposition" in found[f"file name of {person.email}"]
        assert "/api/v1/exhibits/" in found[f"{person.email}'s account"]
        assert "submission.filed of submission" in found[f"{person.email}'s contributor"]
        assert "/ledger/tile/entries/" in found[f"{person.email}'s contributor"]
        assert "submission.filed of custody_event" in found[f"hour of {person.email}"]
        assert "/exhibits/AC-" in found[f"{person.email}'s pseudonym"]
        assert (
            "submission.filed of custody_event"
            in found[f"moment of {person.email} on day {FIRST.index(person) + 1}"]
        )
    assert [
        place
        for what, place in found.items()
        if what.startswith("serial key") and "bundle.json" in place
    ]
    assert [
        place
        for what, place in found.items()
        if what.startswith("key of serial_key") and "bundle.json" in place
    ]
