"""The failure table of the sequencer: each place between two steps × failed, failed though it was
stored, killed.

After each case the next ordinary run must finish the work: nothing lost, nothing twice, one tree
for each size, and the whole log verifies, from outside and from inside. Places are reached in a
pass that writes full tiles, so that every kind of file and the pruning are among them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections, transaction

import failpoints
from ledger.models import Checkpoint, Entry, Pending, Tree
from ledger.sequencing import sequence
from ledger.verification import Verification
from ledger.verify import audit
from tests.ledger.scratch.models import Note

pytestmark = pytest.mark.django_db(transaction=True)

PLACES = [
    "assign.before",  # nothing done
    "assign.commit",  # entries written, transaction open
    "assign.after",  # the transaction was stored
    "file.draft",  # a tile written under its draft name
    "file.stored",  # a tile in place
    "tiles.after",  # all tiles in place
    "sign.before",  # signed in memory
    "sign.commit",  # the checkpoint row written, transaction open
    "sign.after",  # the checkpoint was stored
    "publish.before",
    "publish.stored",  # the checkpoint file replaced, nothing pruned
    "publish.after",
]


class BrokenError(Exception):
    """The failure that a test plants."""


@pytest.fixture(autouse=True)
def _disarm():
    yield
    failpoints.disarm()


def fail() -> None:
    raise BrokenError


def fail_at(count: int) -> Callable[[], None]:
    """Fail when the place is reached for the `count`-th time: in the middle of several files."""
    reached = 0

    def action() -> None:
        nonlocal reached
        reached += 1
        if reached == count:
            raise BrokenError

    return action


def in_a_child(place: str, action: Callable[[], None]) -> int:
    """Run the sequencer in a forked process and return how it ended; the connections of this
    process stay untouched."""
    child = os.fork()
    if child == 0:
        try:
            for connection in connections.all():
                # the child opens its own; closing the inherited one would end the parent's session
                connection.connection = None
            failpoints.arm(place, action)
            sequence()
            os._exit(0)
        except BrokenError:
            os._exit(1)
        except BaseException:
            os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def whole(settings, changes: int, sizes: dict[int, bytes]) -> None:
    """Everything that must hold after a recovery."""
    note = audit(Path(settings.LEDGER_DIR)).checkpoint
    assert note.size == Entry.objects.count() == Tree.objects.get().size == changes
    assert not Pending.objects.exists()
    assert Entry.objects.values("event_label", "event_id").distinct().count() == changes
    for row in Checkpoint.objects.all():
        assert sizes.setdefault(row.size, bytes(row.root)) == bytes(row.root), (
            "two trees of one size"
        )
    assert [
        str(mismatch) for mismatch in Verification().mismatches() if mismatch.code != "outside"
    ] == []
    assert list(Path(settings.LEDGER_DIR).glob("tile/0/000.p/*")) == []


def before(settings) -> dict[int, bytes]:
    """A log of 250 entries, published, and 10 changes that wait: the first full tile comes about in
    the pass that fails."""
    Note.objects.bulk_create([Note(count=n) for n in range(250)])
    sequence()
    Note.objects.bulk_create([Note(count=n) for n in range(10)])
    return {row.size: bytes(row.root) for row in Checkpoint.objects.all()}


def published(settings) -> bytes:
    return (Path(settings.LEDGER_DIR) / "checkpoint").read_bytes()


@pytest.mark.parametrize("place", PLACES)
def test_a_step_that_fails_is_finished_by_the_next_run(place, settings):
    sizes = before(settings)
    seen = published(settings)
    failpoints.arm(place, fail)
    with pytest.raises(BrokenError):
        sequence()
    failpoints.disarm()
    audit(Path(settings.LEDGER_DIR), kept=seen)  # whatever happened, what is published verifies
    Note.objects.create()  # the world goes on
    sequence()
    whole(settings, 261, sizes)


@pytest.mark.parametrize("place", PLACES)
def test_a_sequencer_that_is_killed_loses_and_repeats_nothing(place, settings):
    sizes = before(settings)
    seen = published(settings)
    assert in_a_child(place, lambda: os._exit(9)) == 9
    audit(Path(settings.LEDGER_DIR), kept=seen)
    Note.objects.create()
    sequence()
    whole(settings, 261, sizes)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_failure_between_any_two_files_is_healed(count, settings):
    sizes = before(settings)
    failpoints.arm("file.stored", fail_at(count))
    with pytest.raises(BrokenError):
        sequence()
    failpoints.disarm()
    sequence()
    whole(settings, 260, sizes)


@pytest.mark.parametrize("place", ["assign.commit", "sign.commit"])
def test_a_commit_that_was_stored_though_it_seemed_to_fail_is_not_repeated(
    place, settings, monkeypatch
):
    """The answer to COMMIT is lost: the client sees an error, the server has stored everything."""
    sizes = before(settings)
    from django.db.backends.postgresql.base import DatabaseWrapper

    real = DatabaseWrapper._commit
    armed = []

    def lost(self: DatabaseWrapper) -> None:
        real(self)
        if armed:
            armed.clear()
            raise BrokenError

    monkeypatch.setattr(DatabaseWrapper, "_commit", lost)
    failpoints.arm(place, lambda: armed.append(True))
    with pytest.raises(BrokenError):
        sequence()
    failpoints.disarm()
    assert Entry.objects.count() == 260
    sequence()
    whole(settings, 260, sizes)


def test_every_place_is_reached(settings):
    """Without this a renamed place would make its cases pass for nothing."""
    before(settings)
    failpoints.arm("nowhere", fail)
    sequence()
    assert set(failpoints.passed) == set(PLACES)


def test_a_change_that_is_rolled_back_leaves_nothing_to_log(settings, act):
    def change() -> None:
        with transaction.atomic(), act():
            Note.objects.create()
            fail()

    with pytest.raises(BrokenError):
        change()
    assert not Pending.objects.exists()


def test_an_action_rolls_back_if_the_record_cannot_be_written(act):
    """No event row, no change: the two are one transaction."""
    from django.db import DatabaseError, connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_pending RENAME TO ledger_pending_gone")
    try:
        with pytest.raises(DatabaseError), transaction.atomic(), act():
            Note.objects.create()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_pending_gone RENAME TO ledger_pending")
    assert not Note.objects.exists()
