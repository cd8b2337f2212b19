"""What sources and exhibits have in common: how much is proved about where bytes came from."""

from __future__ import annotations

from django.db import models

from accounts.choices import label
from evidence import labels


class Provenance(models.TextChoices):
    """How much an artefact proves by itself."""

    P0 = "P0", label(labels.PROVENANCE["P0"])
    P1 = "P1", label(labels.PROVENANCE["P1"])
    P2 = "P2", label(labels.PROVENANCE["P2"])
    P3 = "P3", label(labels.PROVENANCE["P3"])
    P4 = "P4", label(labels.PROVENANCE["P4"])
    P5 = "P5", label(labels.PROVENANCE["P5"])
