from __future__ import annotations

import uuid

from django.db import models
from simple_history.models import HistoricalRecords


class Audited(models.Model):
    """Followed by django-auditlog."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=20, default="draft")
    summary = models.TextField(default="")


class Historical(models.Model):
    """Followed by django-simple-history."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=20, default="draft")
    summary = models.TextField(default="")
    history = HistoricalRecords(user_db_constraint=False)
