"""Reports that hold an erased value are withheld and built anew; others are left alone."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

import jobs
from claims.localized_text import write
from evidence.exhibits.models import Exhibit
from evidence.sources.models import Version
from ledger.sequencing import sequence
from reports.documents import report_files
from reports.models import Report, ReportFile
from tests import scenes
from verdicts.models import Finding

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


def test_only_the_reports_that_hold_it_are_withheld_and_each_is_built_anew() -> None:
    scene = scenes.build_case()
    discrepancy, snapshot = (
        Report.objects.get(kind="discrepancy"),
        Report.objects.get(kind="snapshot"),
    )

    finding = scenes.verdicts.record_finding(
        by=scene.moderator, aspect=scene.ducts, conclusion="contradicts",
        reasoning=write("en", "Later."), exhibits=scene.exhibits(),
        now=scene.now + timedelta(minutes=1),
    )  # fmt: skip
    erase("finding", finding.pk)  # younger than every report
    assert not Report.objects.exclude(withheld_at=None).exists()

    erase("finding", Finding.objects.filter(aspect=scene.ducts).exclude(pk=finding.pk).get().pk)
    assert list(Report.objects.exclude(withheld_at=None)) == [discrepancy]
    kept = set(ReportFile.objects.filter(report=snapshot).values_list("digest", flat=True))
    for file in ReportFile.objects.filter(report=discrepancy):
        assert report_files.store().exists(file.digest) == (file.digest in kept)

    jobs.drain(["report"])
    anew = Report.objects.get(kind="discrepancy", withheld_at=None)
    assert anew.checkpoint_size > discrepancy.checkpoint_size
    with report_files.store().open(
        ReportFile.objects.get(report=anew, name="report.json").digest
    ) as file:
        assert "永久删除".encode() in file.read()

    erase("version", Version.objects.get(number=1).pk)
    assert not Report.objects.filter(withheld_at=None).exists()
    jobs.drain(["report"])
    assert set(Report.objects.filter(withheld_at=None).values_list("kind", flat=True)) == {
        "discrepancy",
        "snapshot",
    }
    assert not jobs.Job.objects.exclude(state="done").exists()


def test_a_report_that_was_read_before_an_erasure_is_not_kept_after_it() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    sequence()
    with report_files.at_checkpoint() as head:
        gathered = report_files.gather_discrepancy(scene.claim.pk, head)
    built = report_files.make(gathered)
    erase("exhibit", Exhibit.objects.all()[0].pk, "caption")
    with pytest.raises(report_files.OutdatedError), transaction.atomic():
        report_files.keep(built, now=timezone.now())
    assert not list(report_files.store().addresses())
