"""`manage.py verify_record` names every file of every app that is missing or is not what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

import ledger
from evidence import fixity as evidence_fixity
from evidence.exhibits import keyed
from evidence.exhibits.models import Exhibit, Rendition
from evidence.sources.models import Capture
from evidence.stores import originals, renditions
from ledger import fixity, sealing
from ledger.sequencing import sequence
from reports.documents.report_files import store
from reports.models import ReportFile
from tests import scenes
from verdicts.models import Verdict, VerdictDocument
from verdicts.published_files import path_of, write_successor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def verify() -> tuple[int, str]:
    """The exit status and what was said."""
    out = StringIO()
    try:
        call_command("verify_record", stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def _capture() -> tuple[Path, str]:
    one = Capture.objects.order_by("id").first()
    assert one is not None
    return originals().path(one.digest), f"captures: the capture {one.pk}"


def _exhibit() -> tuple[Path, str]:
    one = Exhibit.objects.order_by("reference").first()
    assert one is not None
    return originals().path(
        str(ledger.unseal(one, "digest"))
    ), f"exhibits: the original of exhibit {one.reference}"


def _rendition() -> tuple[Path, str]:
    one = Rendition.objects.select_related("exhibit").order_by("pk").first()
    assert one is not None
    what = (
        f"renditions: the rendition 'page' of exhibit {one.exhibit.reference} (it can be made "
        f"again from the original)"
    )
    return renditions().path(one.digest), what


def _report_file() -> tuple[Path, str]:
    one = ReportFile.objects.select_related("report").get(name="report.en.pdf")
    return store().path(one.digest), f"reports: report.en.pdf of report {one.report.reference}"


def _published() -> tuple[Path, str]:
    one = Verdict.objects.get()
    return (
        path_of(str(one.pk)),
        (
            f"published verdicts: the published file of verdict {one.reference} (it can be written "
            f"again from its row)"
        ),
    )


def test_every_damaged_file_is_named_and_nothing_else() -> None:
    scene = scenes.build_case()
    assert fixity.count() >= 6
    status, said = verify()
    assert (status, said.splitlines()[-1].split(": ")[1]) == (0, "everything is as the log says"), (
        said
    )

    places: list[Callable[[], tuple[Path, str]]] = [
        _capture,
        _exhibit,
        _rendition,
        _report_file,
        _published,
    ]
    for place in places:
        path, what = place()
        content = path.read_bytes()
        overwrite(path, content[:-1] + bytes([content[-1] ^ 1]))
        status, said = verify()
        assert status == 1
        assert f"file: {what} was changed: its SHA-256 is" in said
        assert said.endswith(": 1 mismatches\n"), said
        overwrite(path, content)

        path.unlink()
        status, said = verify()
        if (
            place is _published
        ):  # the row answers while the file is being written, which may take some minutes
            assert status == 0
        else:
            assert (status, said.splitlines()[0]) == (1, f"file: {what} is missing")
        path.write_bytes(content)

    assert verify()[0] == 0
    _rows_of_a_verdict(scene)


def _rows_of_a_verdict(scene: scenes.Scene) -> None:
    verdict = Verdict.objects.get()
    body = VerdictDocument.objects.get(pk=verdict.pk).body

    VerdictDocument.objects.filter(pk=verdict.pk).update(
        body=body.replace("No air reaches", "Some air reaches")
    )
    status, said = verify()
    assert status == 1
    assert f"file: verdicts: the document of verdict {verdict.reference} was changed" in said
    assert (
        "file: published verdicts: " in said
    )  # row and file differ, whichever of them was changed

    VerdictDocument.objects.filter(pk=verdict.pk).delete()
    status, said = verify()
    assert status == 1
    assert (
        f"the document of verdict {verdict.reference} is missing, and no erasure withheld it"
        in said
    )

    VerdictDocument.objects.create(verdict=verdict, body=body)
    stranger = path_of(str(uuid4()))
    stranger.write_text(body)
    write_successor(str(verdict.pk), str(uuid4()))
    status, said = verify()
    assert status == 1
    assert f"the file {stranger.name} among the published verdicts belongs to none" in said
    assert "the successor that is published for verdict" in said


def test_an_exhibit_whose_address_cannot_be_opened_is_named() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    exhibit = scene.exhibits()[0]
    Exhibit.objects.filter(pk=exhibit.pk).update(digest=b"\0" * 92)
    assert [said for said in evidence_fixity.exhibits() if isinstance(said, str)] == [
        (
            f"the sealed address of exhibit {exhibit.reference} cannot be opened, so its original "
            f"cannot be checked"
        )
    ]


def test_reading_twice_as_many_rows_costs_no_more_queries() -> None:
    scene = scenes.build_evidence(scenes.build_claim())

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            for source in (
                evidence_fixity.captures,
                evidence_fixity.exhibits,
                evidence_fixity.rendition_files,
            ):
                list(source())
        return len(seen)

    before = queries()
    scene.owners = [scenes.person(f"another{n}") for n in range(6)]
    scenes.build_evidence(scene, values=[("0.02",)] * 6)
    assert Exhibit.objects.count() == 9
    assert queries() == before


def test_a_file_that_only_looks_like_a_digest_is_not_believed() -> None:
    """Negative control: the check reads bytes, so the same length and name are not enough."""
    scenes.build_evidence(scenes.build_claim())
    path, _what = _exhibit()
    overwrite(path, b"x" * path.stat().st_size)
    assert hashlib.sha256(path.read_bytes()).hexdigest() != path.name
    assert len(list(fixity.faults())) == 1


def test_a_key_that_is_not_the_one_the_rows_were_written_with_is_named() -> None:
    scenes.build_evidence(scenes.build_claim())
    sequence()
    assert verify()[0] == 0
    right = keyed.path().read_bytes()
    keyed.path().write_bytes(bytes(32))
    keyed.read.cache_clear()
    status, told = verify()
    assert status == 1
    lines = [line for line in told.splitlines() if "evidence.key" in line]
    assert len(lines) == Exhibit.objects.count()
    assert "was not made from its address with this evidence.key" in lines[0]
    keyed.path().unlink()
    keyed.read.cache_clear()
    status, told = verify()
    assert (status, told.count("evidence.key is missing")) == (1, 1)
    keyed.path().write_bytes(right)
    keyed.read.cache_clear()
    assert verify()[0] == 0


def test_without_the_master_key_a_verification_ends_with_a_sentence() -> None:
    scenes.build_evidence(scenes.build_claim())
    sequence()
    sealing.master_key_path().unlink()
    with pytest.raises(CommandError, match=r"master\.key is gone.*nothing more can be verified"):
        verify()
