"""Writers and sequencers at the same time: every change once, one tree."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction

from ledger import sequencing
from ledger.models import Entry, Pending
from ledger.sequencing import sequence
from ledger.verification import Verification
from ledger.verify import audit
from tests.ledger.scratch.models import Note, Tally

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], None]) -> list[BaseException]:
    """Run each in a thread of its own, all starting at once; return what went wrong in them."""
    start, failures = threading.Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        try:
            start.wait()
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def whole(settings, changes: int) -> None:
    while not sequence().busy and Pending.objects.exists():
        pass
    sequence()
    assert Entry.objects.count() == changes
    assert audit(Path(settings.LEDGER_DIR)).checkpoint.size == changes
    assert [
        str(mismatch) for mismatch in Verification().mismatches() if mismatch.code != "outside"
    ] == []


def test_changes_of_many_writers_are_each_logged_once(settings, act):
    shared = Tally.objects.create()

    def write() -> None:
        for count in range(15):
            with transaction.atomic(), act():
                Tally.objects.create(count=count)
                row = Tally.objects.select_for_update().get(pk=shared.pk)
                row.count += 1
                row.save(update_fields=["count"])

    def log() -> None:
        for _ in range(10):
            sequence()

    assert together(write, write, write, log, log) == []
    whole(settings, 1 + 3 * 15 * 2)
    counts = [row.leaf for row in Entry.objects.filter(object_id=str(shared.pk)).order_by("index")]
    assert [f'"count":{n},'.encode() in bytes(leaf) for n, leaf in enumerate(counts)] == [True] * 46


@pytest.fixture
def no_lock(monkeypatch) -> None:
    @contextlib.contextmanager
    def unlocked():
        yield True

    monkeypatch.setattr(sequencing, "locked", unlocked)


def test_two_sequencers_without_the_lock_still_make_one_log(settings, no_lock):
    """The lock saves work. What keeps the log one is the row lock on the tree and the key of the
    checkpoints."""
    Note.objects.bulk_create([Note(count=n) for n in range(3000)])
    failures = together(*[lambda: [sequence(passes=1) for _ in range(4)]] * 3)  # type: ignore[list-item]
    # A loser may find the world moved on under its feet and refuse;
    # it may never write something else.
    assert all(
        isinstance(error, sequencing.LogInconsistentError | FileNotFoundError) for error in failures
    ), failures
    whole(settings, 3000)


def test_without_the_row_lock_on_the_tree_the_log_would_break(settings, no_lock, monkeypatch):
    """The negative control of the test above: entries are then assigned twice, and the database
    refuses."""
    from django.db.models import QuerySet
    from psycopg.errors import UniqueViolation

    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    barrier = threading.Barrier(2, timeout=20)
    real = sequencing._build

    def build(waiting):
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait()
        return real(waiting)

    monkeypatch.setattr(sequencing, "_build", build)
    sequence()
    Note.objects.bulk_create([Note() for _ in range(10)])
    failures = together(*[lambda: sequence(passes=1)] * 2)  # type: ignore[list-item]
    assert [type(error) for error in failures] == [UniqueViolation]
