"""What sources and exhibits have in common: how much is proved about where bytes came from."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Provenance(models.TextChoices):
    """How much an artefact proves by itself."""

    P0 = "P0", _("assertion")
    P1 = "P1", _("hashed on arrival")
    P2 = "P2", _("original with consistent metadata")
    P3 = "P3", _("our own capture")
    P4 = "P4", _("our own capture, signed, timed and logged")
    P5 = "P5", _("P4 with a matching independent capture")
