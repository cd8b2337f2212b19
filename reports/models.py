"""What is shown: reports already built. Everything in them comes from the other apps."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

import ledger
from claims.models import Appearance, Claim, Source, known
from claims.references import LENGTH, new_reference


class ReportKind(models.TextChoices):
    DISCREPANCY = "discrepancy", _("claim report")
    SNAPSHOT = "snapshot", _("removed-page report")


class ReportQuerySet(models.QuerySet["Report"]):
    def with_reconstruction(self) -> Self:
        """Each with `reconstruction`: whether it is about a demonstration."""
        played = Claim.objects.filter(reconstruction=True)
        quoted = Appearance.objects.filter(source=OuterRef("source"))
        return self.annotate(
            reconstruction=Exists(played.filter(pk=OuterRef("claim")))
            | Exists(quoted.filter(claim__reconstruction=True))
            & ~Exists(quoted.filter(claim__reconstruction=False))
        )


@ledger.recorded(
    name="report",
    plain=[
        "reference",
        "kind",
        "claim",
        "source",
        "checkpoint_size",
        "basis",
        "created_at",
        "withheld_at",
    ],
    public=True,
)
class Report(models.Model):
    """One built report. `basis` is the SHA-256 of its report.json: the same inputs make the same
    report, once.

    `withheld_at`: something in it was erased, so its files are gone (reports.erasure). That it was
    built stays.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(
        max_length=LENGTH, unique=True, default=new_reference, editable=False
    )
    kind = models.CharField(max_length=12, choices=ReportKind.choices)
    claim = models.ForeignKey(Claim, null=True, blank=True, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT)
    checkpoint_size = models.PositiveBigIntegerField()
    basis = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    withheld_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [
            known("kind", ReportKind, "report_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="discrepancy", claim__isnull=False, source=None)
                | Q(kind="snapshot", claim=None, source__isnull=False),
                name="report_is_about_one_thing",
            ),
        ]
        indexes = [models.Index(fields=["claim", "-id"]), models.Index(fields=["source", "-id"])]

    def __str__(self) -> str:
        return self.reference


@ledger.recorded(
    name="report_file", plain=["report", "name", "digest", "size", "media_type"], public=True
)
class ReportFile(models.Model):
    """One file of a report, in the report store under `digest`."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT)
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "name"], name="report_file_name_once")
        ]


class TransactionIdField(models.BigIntegerField):  # type: ignore[type-arg]  # not generic when it runs
    """The number of a transaction (xid8), which never comes again."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class CurrentTransaction(Func):
    """The number of the transaction that writes the row."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = TransactionIdField()


@ledger.derived(reason="which kept pages a change concerns; forgotten after some minutes")
class PageChange(models.Model):
    """That a transaction changed what some public pages show (reports.pages.dependencies). Written
    by triggers; followed by the number of the transaction, because numbers of rows become visible
    out of order."""

    id = models.BigAutoField(primary_key=True)
    transaction = TransactionIdField(db_default=CurrentTransaction(), editable=False)
    key = models.CharField(max_length=60)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["transaction"]), models.Index(fields=["key"])]
