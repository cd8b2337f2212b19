"""The public page as it would read: one aspect's verdict before it is published, drawn by the
public page's own partials.

Nothing here writes; a draft is an unsaved Verdict that no address knows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from claims.localized_text import LANGUAGES, read
from claims.models import Aspect, Criterion
from engines.text.diffing import Run, diff
from evidence.exhibits.models import Exhibit
from verdicts.actions import latest_invitation
from verdicts.evidence_assessment import assess_evidence, findings_that_count, independence
from verdicts.models import Finding, Verdict
from verdicts.outcome import Numbers, numbers_of
from verdicts.states import Mechanism, Rating


@dataclass(frozen=True)
class AspectPreview:
    """One aspect as the public row draws it. `draft` marks one that no reader can open yet."""

    aspect: Aspect
    verdict: Verdict | None
    criterion: Criterion | None
    numbers: Numbers | None
    draft: bool = False
    people: list[Any] = field(default_factory=lambda: [None, None])


def draft(
    aspect: Aspect,
    *,
    rating: str,
    mechanism: str,
    rationale: dict[str, Any],
    attempts: dict[str, Any],
) -> Verdict | None:
    """A verdict that was not proposed yet, or None while no known rating is chosen."""
    if rating not in Rating.values:
        return None
    mechanism = mechanism if mechanism in Mechanism.values else ""
    return Verdict(
        aspect=aspect, rating=rating, mechanism=mechanism, rationale=rationale, attempts=attempts
    )


def aspect_preview(
    aspect: Aspect, verdict: Verdict | None, *, as_draft: bool = False
) -> AspectPreview:
    """The public row of `aspect` with `verdict`, or without one."""
    criterion = Criterion.objects.filter(aspect=aspect).first()
    held = verdict.conformity if verdict else None
    if as_draft and verdict is not None and not verdict.conformity:
        conformity = assess_evidence(aspect)
        held = conformity.to_json() if conformity else None
    return AspectPreview(
        aspect, verdict, criterion, numbers_of(held) if criterion else None, draft=as_draft
    )


@dataclass(frozen=True)
class VisibleChanges:
    """What a reader would see before and after."""

    before: AspectPreview
    after: AspectPreview
    verdict: Verdict
    exhibits: list[Exhibit]
    findings: list[Finding]
    independent: tuple[int, int, int]
    invitation: Any
    #: None where no verdict is replaced.
    replaced: list[Replaced] | None


@dataclass(frozen=True)
class Replaced:
    """One field in which a proposal differs from the verdict that it would replace: what stands
    there and what would, or for a text (in `lang`) its differences."""

    name: str
    before: str = ""
    after: str = ""
    lang: str = ""
    runs: Sequence[Run] = ()


def replaced(standing: Verdict, verdict: Verdict, references: Collection[str]) -> list[Replaced]:
    """Every field in which `verdict`, which rests on the exhibits of these references, differs from
    `standing`. Exhibits are told by reference, a text in each of its languages."""
    rows = []
    for name, labels in (("rating", Rating), ("mechanism", Mechanism)):
        before, after = getattr(standing, name), getattr(verdict, name)
        if before != after:
            rows.append(
                Replaced(
                    name,
                    str(labels(before).label) if before else "",
                    str(labels(after).label) if after else "",
                )
            )
    for name in ("rationale", "attempts"):
        before, after = getattr(standing, name) or {}, getattr(verdict, name) or {}
        for lang in LANGUAGES:
            compared = diff(_in(before, lang), _in(after, lang))
            if compared:
                rows.append(Replaced(name, lang=lang, runs=compared.inline()))
    pinned = standing.verdictexhibit_set.values_list("exhibit__reference", flat=True)
    if set(pinned) != set(references):
        rows.append(Replaced("exhibits", ", ".join(sorted(pinned)), ", ".join(sorted(references))))
    return rows


def _in(text: dict[str, Any], lang: str) -> str:
    """What a text says in a language; nothing where it has no words in it."""
    reading = read(text, lang) if text else None
    return reading.text if reading and reading.lang == lang else ""


def changes(aspect: Aspect, verdict: Verdict, exhibits: Sequence[Exhibit]) -> VisibleChanges:
    """The public row before and after `verdict`, and all that would stand on its own page."""
    standing = Verdict.objects.current().filter(aspect=aspect).first()
    return VisibleChanges(
        before=aspect_preview(aspect, standing),
        after=aspect_preview(aspect, verdict, as_draft=True),
        verdict=verdict,
        exhibits=list(exhibits),
        findings=findings_that_count(aspect),
        independent=independence(aspect, exhibits),
        invitation=latest_invitation(aspect.claim),
        replaced=replaced(standing, verdict, [exhibit.reference for exhibit in exhibits])
        if standing
        else None,
    )
