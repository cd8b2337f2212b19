"""How pages say what an exhibit is worth and who handled it. Loaded as `{% load evidence_tags
%}`."""

from __future__ import annotations

from django import template

from evidence.states import Provenance
from ui import labels

register = template.Library()


@register.filter
def custodian(agent: str) -> str:
    """Who or what handled an exhibit: a pseudonym, or a part of the system in words."""
    return labels.label("custodian", agent)


@register.inclusion_tag("evidence/_provenance.html")
def provenance_badge(level: str) -> dict[str, str]:
    """The badge of an artefact, which opens to what its level proves and what it does not."""
    return {
        "level": level,
        "proves": str(Provenance(level).label),
        "not": labels.label("does_not_prove", level),
    }
