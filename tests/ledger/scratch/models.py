"""Models that exist for the tests of the record alone."""

from __future__ import annotations

import uuid
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

import ledger


class EveryKind(models.Model):
    """A field of every kind that is recorded."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=20, default="draft")
    count = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    due_date = models.DateField(null=True)
    seen_at = models.DateTimeField(null=True)
    tags = ArrayField(models.CharField(max_length=20), default=list)
    data = models.JSONField(default=dict)
    digest = models.BinaryField(null=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    summary = models.TextField(default="")
    contact = ledger.SealedField()

    class Meta:
        abstract = True


class NoteQuerySet(models.QuerySet["Note"]):
    def published(self) -> Self:
        return self.filter(status="published")


@ledger.recorded(
    name="note",
    plain=["status", "count", "price", "due_date", "seen_at", "tags", "data", "digest", "parent"],
    text=["summary", "remark"],
    sealed=["contact"],
    public="published",
)
class Note(EveryKind):
    remark = models.CharField(max_length=200, default="")

    objects = NoteQuerySet.as_manager()


@ledger.recorded(
    name="tally",
    plain=["status", "count", "price", "due_date", "seen_at", "tags", "data", "digest", "parent"],
    text=["summary"],
    sealed=["contact"],
    public=True,
)
class Tally(EveryKind):
    """Public from its first moment: its plain fields stand in the leaf as they are."""


@ledger.recorded(
    name="paper", plain=["status"], text=["words"], document="body_digest", coarse=True, public=True
)
class Paper(models.Model):
    """Coarse in time, with a document digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=20, default="draft")
    words = models.TextField(default="")
    body_digest = models.CharField(max_length=64, default="")


@ledger.derived(reason="logged by batch", name="look")
class Look(models.Model):
    """Written in bulk and logged by batch."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey("ledger.Batch", models.PROTECT)
    source = models.CharField(max_length=20)
    status = models.IntegerField(default=200)


@ledger.derived(reason="a plain table to measure against")
class Plain(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=20, default="draft")
    summary = models.TextField(default="")
