"""Files that mean harm, from the door to the picture that is shown: each ends typed, and no
rendition carries more than its picture.

The long form is tests/soak/test_mutants.py.
"""

from __future__ import annotations

import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import jobs
import ledger
from engines.decoding import DecodedPicture, Decoder, RefusedPicture
from engines.decoding.results import MOST_FRAMES
from evidence.exhibits.models import CustodyEvent, Exhibit, Rendition, StagedPhoto, Submission
from evidence.stores import renditions
from jobs.models import Job
from tests import scenes
from tests.engines.decoding import mutants
from tests.engines.decoding.test_decoding import CANARY
from tests.evidence.exhibits.test_pages import signed_in
from tests.pages import page_text

BOUNDARY = "xXx"
NO_NAMES = {
    ".",
    "..",
    "\ud800.jpg",
}  # a part of a form with one of these is no file to Django, and left out


@pytest.fixture(scope="module")
def sources() -> list[bytes]:
    return mutants.pictures(58)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as one:
        yield one


def decoded(result: DecodedPicture | RefusedPicture) -> list[bytes]:
    """The renditions of a result, each of them bare by a second opinion; none if it was refused."""
    if isinstance(result, RefusedPicture):
        assert result.sentence
        return []
    made = [one.data for one in result.renditions]
    assert all(mutants.is_bare(one) for one in made)
    assert not any(CANARY.encode() in one for one in made)
    return made


def test_mutants_end_typed_and_what_they_show_is_bare(
    decoder: Decoder, sources: list[bytes], tmp_path: Path
) -> None:
    decoder.facts()
    before = decoder.sandbox.parent_pid
    ends: Counter[str] = Counter()
    slowest = 0.0
    files = [*sources, *(mutants.mutant(number, sources) for number in range(100))]
    files += [
        data for number, (_, data) in enumerate(mutants.cuts(sources[:29])) if number % 7 == 0
    ]
    for number, data in enumerate(files):
        began = time.monotonic()
        result = decoder.decode(data)
        slowest = max(slowest, time.monotonic() - began)
        ends["decoded" if isinstance(result, DecodedPicture) else result.code] += 1
        for made in decoded(result)[-1:]:
            (tmp_path / f"{number}.jpg").write_bytes(made)
    assert decoder.sandbox.parent_pid == before
    assert ends["decoded"] >= 58 + 20
    assert ends["damaged"] > 20
    assert not ends["timeout"]
    assert slowest < 10
    if shutil.which("exiftool"):
        told = mutants.told_by_exiftool(tmp_path)
        assert len(told) == ends["decoded"]
        assert {tag for one in told for tag in mutants.surplus(one)} == set()


def test_the_second_opinions_see_what_a_photo_carries(sources: list[bytes], tmp_path: Path) -> None:
    """The negative control of the look at renditions."""
    jpegs = [data for data in sources if data.startswith(b"\xff\xd8")]
    assert jpegs
    assert not any(mutants.is_bare(data) for data in jpegs)
    bare = scenes.picture(1)
    assert mutants.is_bare(bare)
    for more in mutants.TAILS[1:]:
        assert not mutants.is_bare(bare + more)
    if shutil.which("exiftool"):
        for number, data in enumerate([jpegs[0], bare + mutants.archive(), bare + bytes(4096)]):
            (tmp_path / f"{number}.jpg").write_bytes(data)
        told = mutants.told_by_exiftool(tmp_path)
        assert {"EXIF:Software", "XMP:Xmpmeta", "EXIF:GPSLatitude"} & mutants.surplus(told[0])


@pytest.mark.parametrize(
    ("name", "data"),
    list(mutants.disguises()),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_disguise_is_refused_or_leaves_all_but_its_picture_behind(
    decoder: Decoder, name: str, data: bytes
) -> None:
    result = decoder.decode(data)
    made = decoded(result)
    assert isinstance(result, DecodedPicture) == (
        name.split(" ")[0] in {"JPEG", "PNG", "GIF", "WebP"} and name != "GIF and script"
    )
    for one in made:
        assert not any(word in one for word in (b"<script", b"<html", b"%PDF", b"PK\x03\x04"))


def test_a_file_that_says_a_million_frames_is_read_for_its_first(decoder: Decoder) -> None:
    """It used to end as a crash of ours, which is tried three times."""
    data = dict(mutants.bombs_of_small_size())["PNG of a million frames"]
    result = decoder.decode(data)
    assert isinstance(result, DecodedPicture)
    assert result.frames == MOST_FRAMES


# --- through the doors ----------------------------------------------------------------------------


def multipart(fields: dict[str, str], files: list[tuple[str, bytes]]) -> bytes:
    """A form as a stranger's program may write it: file names are not made harmless."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, data in files:
        shown = (
            name.encode("utf-8", "surrogatepass")
            .replace(b'"', b"%22")
            .replace(b"\r", b"%0D")
            .replace(b"\n", b"%0A")
        )
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photos"; filename="'.encode()
        parts.append(head + shown + b'"\r\nContent-Type: image/jpeg\r\n\r\n' + data + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def through_the_doors(scene: scenes.Scene, files: list[bytes], offset: int = 0) -> Counter[str]:
    """Hand files in at each door under the names of strangers, have them read, and open every page
    that shows them. Returns how often each status was answered and each end was reached; raises
    where an answer is a fault of ours."""
    owner, moderator = signed_in(scene.owners[0]), signed_in(scene.moderator)
    owner.raise_request_exception = moderator.raise_request_exception = False
    told: Counter[str] = Counter()

    def answered(response: Any, *allowed: int) -> Any:
        told[f"status {response.status_code}"] += 1
        assert response.status_code in allowed, (response.status_code, response.content[:300])
        return response

    kept: list[str] = []
    named = [
        (mutants.NAMES[(offset + number) % len(mutants.NAMES)], data)
        for number, data in enumerate(files)
    ]
    ahead, apart = named[: len(named) // 2], named[len(named) // 2 :]
    for number, (name, data) in enumerate(ahead):
        response = answered(
            owner.post(
                f"/claims/{scene.claim.reference}/file/photos/", data,
                content_type="application/octet-stream",
                headers={"X-Form-Key": f"form {offset}", "X-File-Key": f"{number}",
                "X-File-Name": quote(name, errors="surrogatepass")},
            ), 201, 400,
        )  # fmt: skip
        assert response.status_code == 201 or not data
        kept += [response.json()["id"]] if response.status_code == 201 else []
    page = page_text(owner.get(f"/claims/{scene.claim.reference}/file/"))
    assert "<img src=x" not in page
    fields = {
        "claim": str(scene.claim.pk),
        "narrative": "n",
        "narrative_lang": "en",
        "licence": "cc-by-4.0",
    }
    form = {**fields, "consent": "on", "idempotency_key": f"form {offset}", "staged": kept}
    first = answered(owner.post(f"/claims/{scene.claim.reference}/file/", form), 302)["Location"]
    whole = [
        (name[:200] or "x", data) for name, data in apart if data and name not in NO_NAMES
    ]  # longer is said to be a fault of the form
    body = multipart(fields, whole)
    second = answered(
        owner.post(
            "/api/v1/submissions/", body, content_type=f"multipart/form-data; boundary={BOUNDARY}"
        ),
        201,
    ).json()
    jobs.drain(["decode"])
    assert not Job.objects.filter(kind="evidence.read_exhibit").exclude(state="done").exists()
    filed = list(
        Submission.objects.filter(reference__in=[first.split("/")[-2], second["reference"]])
    )
    exhibits = list(Exhibit.objects.filter(submission__in=filed))
    assert len(exhibits) == len(kept) + len(whole)
    for exhibit in exhibits:
        assert exhibit.status in {"ready", "unreadable"}
        (end,) = CustodyEvent.objects.filter(exhibit=exhibit, kind="read").values_list(
            "outcome", flat=True
        )
        told[end] += 1
        filename = str(ledger.unseal(exhibit, "filename"))
        assert "\0" not in filename
        assert len(filename) <= 200
    for one in Rendition.objects.filter(exhibit__in=exhibits):
        assert mutants.is_bare(renditions().path(one.digest).read_bytes())
    for submission in filed:
        answered(owner.get(f"/submissions/{submission.reference}/"), 200)
        answered(owner.get(f"/api/v1/submissions/{submission.reference}/"), 200)
        desk = page_text(answered(moderator.get(f"/desk/submissions/{submission.reference}/"), 200))
        assert "<img src=x" not in desk
        for address in re.findall(r'src="(/desk/exhibits/[^"]*)"', desk)[:3]:
            shown = answered(moderator.get(address), 200)
            assert shown["Content-Type"] == "image/jpeg"
            assert shown["X-Content-Type-Options"] == "nosniff"
            assert mutants.is_bare(shown.getvalue())  # which also closes it
    return told


@pytest.mark.django_db
def test_no_file_and_no_name_is_a_fault_of_the_doors(
    sources: list[bytes], settings: Any, tmp_path: Path
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    scene = scenes.build_claim()
    files = [data for _, data in mutants.disguises()][:12] + [
        mutants.mutant(number, sources) for number in range(500, 518)
    ]
    told = through_the_doors(scene, files[::-1])
    told += through_the_doors(scene, files[: len(mutants.NAMES)][::-1], offset=len(files) // 2)
    assert told["ready"] > 2
    assert told["damaged"] > 2
    assert not StagedPhoto.objects.kept().exists()


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["abc", "-1", "99999999999", "", "0"])
def test_a_length_that_is_none_is_said(length: str) -> None:
    scene = scenes.build_claim()
    client = signed_in(scene.owners[0])
    answer = client.post(
        f"/claims/{scene.claim.reference}/file/photos/", b"a photo",
        content_type="application/octet-stream",
        headers={"X-Form-Key": "form", "X-File-Key": "one"}, CONTENT_LENGTH=length,
    )  # fmt: skip
    assert answer.status_code in {400, 413}
    assert not StagedPhoto.objects.exists()
