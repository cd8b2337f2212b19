"""What recording costs: the same update of a recorded row, and of a row of a table that nothing follows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from django.db import models, transaction

import ledger
from ledger.sequencing import sequence
from tests.ledger.scratch.models import Note, Plain

pytestmark = pytest.mark.django_db(transaction=True)


def median(rows: list[models.Model], update: Callable[[models.Model], None]) -> float:
    seconds = []
    for number, row in enumerate(rows):
        row.summary = f"text {number}"  # type: ignore[attr-defined]  # both models have one
        start = time.perf_counter()
        with transaction.atomic():
            update(row)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def save(row: models.Model) -> None:
    row.save(update_fields=["summary"])


def save_in_an_act(row: models.Model) -> None:
    with ledger.act("note.revised", by=ledger.SYSTEM, role="system"):
        save(row)


def test_a_recorded_update_against_a_plain_one(record_property):
    plain = list(Plain.objects.bulk_create([Plain() for _ in range(400)]))
    notes = list(Note.objects.bulk_create([Note() for _ in range(400)]))
    median(plain, save)
    base = median(plain, save)
    recorded, acted = median(notes, save) / base, median(notes, save_in_an_act) / base
    record_property("ratio", f"{recorded:.2f}")
    assert recorded < 2
    assert acted < 3


def test_sequencing_goes_faster_than_changes_come(settings, tmp_path, record_property):
    settings.KEYS_DIR = tmp_path / "keys"
    start = time.perf_counter()
    for row in Note.objects.bulk_create([Note() for _ in range(4000)])[:1000]:
        save(row)
    written = (time.perf_counter() - start) / 5000
    start = time.perf_counter()
    sequence()
    sequenced = (time.perf_counter() - start) / 5000
    record_property("ratio", f"{sequenced / written:.2f}")
    assert sequenced < 2 * written
