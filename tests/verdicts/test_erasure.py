"""When the document of a verdict is withheld, and when it is not."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction

import jobs
from claims.localized_text import write
from evidence.exhibits.models import Exhibit, Unit
from ledger.models import Erasure
from tests import scenes
from verdicts import actions
from verdicts.erasure import is_withheld
from verdicts.models import Finding, Invitation, Verdict, VerdictDocument
from verdicts.published_files import path_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def scene() -> scenes.Scene:
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    jobs.drain(["report"])
    return scene


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


def test_what_stands_in_the_document_takes_it_away_and_the_salt_with_it(
    scene: scenes.Scene,
) -> None:
    verdict = Verdict.objects.get()
    assert path_of(str(verdict.pk)).exists()
    assert not is_withheld(verdict.pk)
    erase("company", scene.company.pk, "name")
    verdict.refresh_from_db()
    assert not VerdictDocument.objects.exists()
    assert not path_of(str(verdict.pk)).exists()
    assert is_withheld(verdict.pk)
    assert (
        verdict.salt,
        verdict.status,
        bool(verdict.rationale),
        len(verdict.document_digest),
    ) == ("", "published", True, 64)
    assert set(Erasure.objects.values_list("object_label", flat=True)) == {"company", "verdict"}


def test_what_does_not_stand_in_it_leaves_it(scene: scenes.Scene) -> None:
    late = actions.record_finding(
        by=scene.second_moderator, aspect=scene.ducts, conclusion="inconclusive",
        reasoning=write("en", "I am not sure."),
        exhibits=scene.exhibits(), now=scene.now + timedelta(minutes=1),
    )  # fmt: skip
    reply = scenes.build_reply(scene, Invitation.objects.get())
    erase("finding", late.pk)
    erase("reply", reply.pk)
    erase("finding", Finding.objects.get(aspect=scene.carbon).pk)
    erase("invitation", Invitation.objects.get().pk)
    erase("submission", scene.submissions[0].pk)
    erase("exhibit", Exhibit.objects.order_by("reference")[0].pk, "metadata")
    assert VerdictDocument.objects.count() == 1


@pytest.mark.parametrize("what", ["finding", "caption", "unit", "criterion"])
def test_each_thing_that_stands_in_it_takes_it(scene: scenes.Scene, what: str) -> None:
    label, pk, fields = {
        "finding": ("finding", Finding.objects.get(aspect=scene.ducts).pk, ["reasoning"]),
        "caption": ("exhibit", Exhibit.objects.order_by("reference")[0].pk, ["caption"]),
        "unit": ("unit", Unit.objects.order_by("label")[0].pk, ["label"]),
        "criterion": ("criterion", scene.ducts.criterion.pk, ["property"]),
    }[what]
    erase(label, pk, *fields)
    assert not VerdictDocument.objects.exists()
    assert (Verdict.objects.get().conformity is None) == (
        what == "unit"
    )  # the label of the unit stands among its numbers


def test_publishing_again_after_an_erasure_brings_nothing_back(scene: scenes.Scene) -> None:
    verdict = Verdict.objects.get()
    erase("verdict", verdict.pk)
    with transaction.atomic():
        jobs.enqueue("verdicts.publish", {"verdict": verdict.pk}, key="again")
    jobs.drain(["report"])
    assert not path_of(str(verdict.pk)).exists()
    assert not jobs.Job.objects.exclude(state="done").filter(queue="report").exists()


def test_a_publication_that_is_overtaken_by_an_erasure_takes_its_file_back(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = Verdict.objects.get()
    from verdicts import tasks

    real = tasks.write_document

    def write_then_erased(pk: str, text: str) -> None:
        real(pk, text)
        VerdictDocument.objects.all().delete()

    monkeypatch.setattr(tasks, "write_document", write_then_erased)
    with transaction.atomic():
        jobs.enqueue("verdicts.publish", {"verdict": verdict.pk}, key="again")
    jobs.drain(["report"])
    assert not path_of(str(verdict.pk)).exists()
