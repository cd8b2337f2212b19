"""The tables of the record. All of them only grow, but for the outbox and the one row of the
tree."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ledger import triggers
from ledger.recording import derived, recorded


class Entry(models.Model):
    """One leaf of the log, in its place. `event_label` and `event_id` name the event row it was
    made from."""

    index = models.BigIntegerField(primary_key=True)
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=300)
    op = models.CharField(max_length=6)
    object_label = models.CharField(max_length=100)
    object_id = models.CharField(max_length=64)
    event_label = models.CharField(max_length=100)
    event_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event_label", "event_id"], name="ledger_entry_once_per_event"
            ),
            models.CheckConstraint(condition=Q(index__gte=0), name="ledger_entry_index_counts_up"),
        ]
        indexes = [
            models.Index(
                fields=["object_label", "object_id", "-index"], name="ledger_entry_of_object"
            ),
            models.Index(
                fields=["index"],
                condition=Q(kind__startswith="outside."),
                name="ledger_entry_outside",
            ),
        ]
        triggers = triggers.append_only()


class Opening(models.Model):
    """The random key of one commitment; the value itself stays in the event row. No row: it was
    erased."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(Entry, models.PROTECT, db_index=False)
    field = models.CharField(max_length=80)
    key = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "field"], name="ledger_opening_once_per_field")
        ]
        triggers = triggers.append_only()


class Checkpoint(models.Model):
    """A signed tree head. One per size, for ever: the primary key is the size."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        triggers = triggers.append_only()


class Tree(models.Model):
    """The one row that says how far the log is written: its size and its right edge ((level, hash)
    pairs, hex)."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField()
    edge = models.JSONField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="ledger_tree_is_one")]
        triggers = [
            triggers.RefusingTrigger(name="ledger_no_delete", operation=triggers.DELETE),
            triggers.NoTruncateTrigger(),
        ]


class Pending(models.Model):
    """The outbox: event rows that are not in the log yet, in the order they were written. Filled by
    a trigger."""

    id = models.BigAutoField(primary_key=True)
    event_label = models.CharField(max_length=100)
    event_id = models.BigIntegerField()
    queued_at = models.DateTimeField(db_default=Now())
    error = models.TextField(db_default="")

    class Meta:
        indexes = [models.Index(fields=["id"], condition=~Q(error=""), name="ledger_pending_stuck")]
        triggers = [triggers.NoTruncateTrigger()]


class SealedKey(models.Model):
    """The key of one record's sealed values, wrapped by the master key. Deleting the row is the
    erasure."""

    id = models.BigAutoField(primary_key=True)
    object_label = models.CharField(max_length=100)
    object_id = models.CharField(max_length=64)
    wrapped = models.BinaryField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_label", "object_id"], name="ledger_sealedkey_once_per_object"
            )
        ]
        triggers = triggers.append_only()


@recorded(
    name="erasure",
    plain=["object_label", "object_id", "fields", "ground", "erased_at"],
    closed=["act_reason"],
    public=True,
)
class Erasure(models.Model):
    """That values of one object were erased: which fields, on what ground. The reason is the reason
    of its act.

    Also the list that is applied again to a restored backup.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    object_label = models.CharField(max_length=100)
    object_id = models.CharField(max_length=64)
    fields = models.JSONField()
    ground = models.CharField(max_length=80)
    erased_at = models.DateTimeField()


@recorded(name="batch", plain=["object_label", "count", "root", "created_at"], public=True)
class Batch(models.Model):
    """Rows written in bulk and logged as one leaf, which holds the Merkle root over them
    (`batch`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    object_label = models.CharField(max_length=100)
    count = models.IntegerField()
    root = models.CharField(max_length=64)
    created_at = models.DateTimeField()


# These are the record; a record of them would have no end.
for _model in (Entry, Opening, Checkpoint, Tree, Pending, SealedKey):
    derived(reason="part of the record itself")(_model)
