"""From the rows to report.json (reports.schema): reads every app, decides nothing.

A report is a function of the record: its id and reference follow from what it is about and the
checkpoint it was made from, its only "now" is the checkpoint's time, and every list has an order of
its own. The same rows give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

from claims.models import (
    Appearance,
    Aspect,
    Claim,
    Company,
    Criterion,
    EntityRole,
    LegalEntity,
    Source,
)
from claims.moments import format_moment
from claims.references import reference_from
from engines.text.diffing import Diff, diff
from evidence.exhibits.affiliation import affiliation
from evidence.exhibits.models import (
    CustodyEvent,
    Exhibit,
    Measurement,
    Rendition,
    Teardown,
    TeardownStep,
)
from evidence.exhibits.states import SubmissionStatus
from evidence.sources.models import Disappearance, Observation, Sighting, Version
from evidence.sources.states import MISSING
from ledger import keys
from ledger.models import Checkpoint, Entry
from reports.schema import FORMAT
from reports.wording import report_strings
from ui.numbers import plain
from verdicts.conformity import INDEPENDENT
from verdicts.models import Finding, FindingExhibit, Invitation, Reply, Verdict, Waiver
from verdicts.outcome import outcome_text
from verdicts.states import InvitationStatus

TICKS = 240
_NAMESPACE = UUID("6d1f5f0e-6f0b-5a53-9a0b-0f2f8c6f2a11")
# How an invitation's status is called in a report (reports.wording.report_strings, "outcome").
_OUTCOMES = {
    InvitationStatus.OPEN: "open",
    InvitationStatus.REPLIED: "replied",
    InvitationStatus.SILENT: "silent",
    InvitationStatus.NO_FURTHER_REPLY: "no_further_reply",
    InvitationStatus.WAIVED: "waived",
}


def identity(kind: str, about: UUID, size: int) -> tuple[UUID, str]:
    """The id and the reference of the report of `kind` about a claim or source, made from the
    checkpoint of `size`."""
    report = uuid5(_NAMESPACE, f"{settings.LEDGER_ORIGIN}/{kind}/{about}/{size}")
    return report, reference_from(int.from_bytes(hashlib.sha256(report.bytes).digest()))


def bundle_name(verdict: Verdict) -> str:
    """What the bundle of a verdict is called beside a report: `AC-XXXX-XXXX.bundle.json`."""
    return f"{verdict.reference}.bundle.json"


def picture_name(exhibit: Exhibit) -> str:
    """What the picture of an exhibit is called inside a report."""
    return f"{exhibit.reference}.jpg"


def discrepancy(claim: Claim, checkpoint: Checkpoint) -> dict[str, Any]:
    """The discrepancy report of a claim: everything public about it at the time of `checkpoint`."""
    report, reference = identity("discrepancy", claim.pk, checkpoint.size)
    aspects = list(Aspect.objects.filter(claim=claim).order_by("number"))
    verdicts = {
        verdict.aspect_id: verdict
        for verdict in Verdict.objects.current()
        .filter(aspect__in=aspects)
        .select_related("proposed_by", "decided_by", "supersedes", "verdictdocument")
    }
    documented = [verdict for verdict in verdicts.values() if hasattr(verdict, "verdictdocument")]
    exhibits = list(
        Exhibit.objects.public()
        .filter(submission__claim=claim)
        .select_related("submission")
        .seen_first("reference")
    )
    return {
        "format": FORMAT,
        "kind": "discrepancy",
        "id": str(report),
        "reference": reference,
        "address": f"{settings.SITE_URL}/reports/{reference}/",
        "reconstruction": claim.reconstruction,
        "made_from": _checkpoint(checkpoint),
        "company": _company(claim.company),
        "product": {"id": str(claim.product_id), "name": _said(claim.product.name)},
        "option": _option(claim),
        "claim": {
            "id": str(claim.pk),
            "reference": claim.reference,
            "address": f"{settings.SITE_URL}/claims/{claim.reference}/",
            "quote": _quote(claim),
            "summary": _said(claim.summary),
            "kind": claim.kind,
            "status": claim.status,
            "made": format_moment(claim.made_at),
            "at_stake": {"amount": _number(claim.stake), "currency": claim.currency, "basis": None}
            if claim.stake is not None
            else None,
            "flags": sorted(claim.flag_set.raised().values_list("kind", flat=True)),
        },
        "sources": [
            _history(appearance)
            for appearance in Appearance.objects.saying_so()
            .filter(claim=claim)
            .select_related("source")
            .order_by("source__published_at", "source_id")
        ],
        "aspects": [_aspect(aspect, verdicts.get(aspect.pk)) for aspect in aspects],
        "exhibits": [_exhibit(exhibit) for exhibit in exhibits],
        "teardowns": _teardowns(claim),
        "invitations": [
            _invitation(invitation)
            for invitation in Invitation.objects.filter(claim=claim).order_by("sent_at", "id")
        ],
        "verify": _verify(
            [
                bundle_name(verdict)
                for verdict in sorted(documented, key=lambda each: each.reference)
            ]
        ),
    }


def snapshot(source: Source, checkpoint: Checkpoint) -> dict[str, Any]:
    """The snapshot of a source that is no longer available: every version, every diff, every look,
    the interval."""
    report, reference = identity("snapshot", source.pk, checkpoint.size)
    versions = list(Version.objects.filter(source=source).select_related("capture").in_order())
    appearances = list(
        Appearance.objects.saying_so()
        .filter(source=source)
        .select_related("claim")
        .order_by("claim__reference")
    )
    looks = Observation.objects.filter(source=source).order_by("looked_at", "id")
    return {
        "format": FORMAT,
        "kind": "snapshot",
        "id": str(report),
        "reference": reference,
        "address": f"{settings.SITE_URL}/reports/{reference}/",
        "reconstruction": bool(appearances)
        and all(appearance.claim.reconstruction for appearance in appearances),
        "made_from": _checkpoint(checkpoint),
        "company": _company(source.company),
        "source": _head(source),
        "versions": [
            {**_version(version), "title": version.title, "text": version.body or _withheld_text()}
            for version in versions
        ],
        "diffs": _diffs(versions),
        "observations": [_look(observation) for observation in looks],
        "disappearances": _disappearances(source),
        "claims": [
            {
                "reference": appearance.claim.reference,
                "address": f"{settings.SITE_URL}/claims/{appearance.claim.reference}/",
                "quote": _quote(appearance.claim),
                "sightings": _sightings(appearance),
            }
            for appearance in appearances
        ],
        "verify": _verify([]),
    }


# --- parts, in the order of the schema ------------------------------------------------------------


def _tag(lang: str) -> str:
    """A language tag, or the one for "not determined" where a row holds none."""
    return lang if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", lang) else "und"


def _address(url: str) -> str | None:
    """A web address, or none where a row holds something else."""
    return url if re.fullmatch(r"https?://[^\s\x00-\x20\x7f]+", url) else None


def _words(text: str, lang: str) -> dict[str, Any]:
    return {"lang": _tag(lang), "text": text, "translations": {}} if text else _said({})


def _quote(claim: Claim) -> dict[str, Any]:
    """The claim's words as they were said, with our translations of them."""
    words_, translation = _words(claim.quote, claim.quote_lang), claim.quote_translation or {}
    if not claim.quote or not translation:
        return words_
    ours = {
        translation["lang"]: {"text": translation["text"], "role": "moderator", "name": ""},
        **translation["translations"],
    }
    return {
        **words_,
        "translations": {
            lang: translation
            for lang, translation in ours.items()
            if lang != claim.quote_lang and translation["text"]
        },
    }


def _said(written: dict[str, Any]) -> dict[str, Any]:
    """A text that every such row has; where it was erased, the words that say so."""
    return written or report_strings.as_text(report_strings.PHRASES["withheld"])


def _withheld_text() -> str:
    return " ".join(report_strings.PHRASES["withheld"])


def _or_none(written: dict[str, Any] | None) -> dict[str, Any] | None:
    return written or None


def _number(value: Decimal | None) -> str:
    assert value is not None
    return plain(value)


def _checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    origin, _size, root = checkpoint.note.split("\n")[:3]
    return {
        "origin": origin,
        "size": checkpoint.size,
        "root": root,
        "note": checkpoint.note,
        "at": format_moment(checkpoint.signed_at),
    }


def _verify(bundles: list[str]) -> dict[str, Any]:
    key = str(keys.verifier())
    return {
        "key": key,
        "commands": [f"python -m ledger.verify --key '{key}' {name}" for name in bundles],
        "record": f"{settings.SITE_URL}/record/",
        "bundles": bundles,
    }


def _company(company: Company) -> dict[str, Any]:
    roles: dict[UUID, list[EntityRole]] = {}
    for role in (
        EntityRole.objects.filter(entity__company=company)
        .select_related("source")
        .order_by("from_date", "kind", "id")
    ):
        roles.setdefault(role.entity_id, []).append(role)
    return {
        "id": str(company.pk),
        "name": _said(company.name),
        "legal_entities": [
            {
                "name": _said(entity.name),
                "jurisdiction": entity.jurisdiction or None,
                "registration": entity.registration or None,
                "roles": [
                    {
                        "role": role.kind,
                        "since": role.from_date.isoformat(),
                        "until": role.until_date.isoformat() if role.until_date else None,
                        "source": _address(role.source.url) if role.source else None,
                    }
                    for role in roles.get(entity.pk, [])
                ],
            }
            for entity in LegalEntity.objects.filter(company=company).order_by("id")
        ],
    }


def _option(claim: Claim) -> dict[str, Any] | None:
    if claim.option is None:
        return None
    price = {"amount": _number(claim.option.price), "currency": claim.option.currency}
    return {"id": str(claim.option.pk), "name": _said(claim.option.name), "price": price}


def _head(source: Source) -> dict[str, Any]:
    return {
        "id": str(source.pk),
        "address": f"{settings.SITE_URL}/sources/{source.pk}/",
        "url": _address(source.url),
        "channel": source.channel,
        "title": _or_none(source.title),
        "speaker": _or_none(source.speaker),
        "published": format_moment(source.published_at),
    }


def _history(appearance: Appearance) -> dict[str, Any]:
    source = appearance.source
    versions = list(Version.objects.filter(source=source).select_related("capture").in_order())
    return {
        **_head(source),
        "versions": [_version(version) for version in versions],
        "observations": _observations(source),
        "diffs": _diffs(versions),
        "sightings": _sightings(appearance),
        "disappearances": _disappearances(source),
    }


def _version(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "not_before": format_moment(version.not_before),
        "not_after": format_moment(version.not_after),
        "lang": _tag(version.lang),
        "sha256": version.digest or None,
        "characters": version.characters,
        "capture": version.capture.digest,
        "provenance": version.capture.provenance,
        "extractor": f"{version.extractor} {version.extractor_version}",
    }


def _observations(source: Source) -> dict[str, Any]:
    rows = list(
        Observation.objects.filter(source=source)
        .order_by("looked_at", "id")
        .values_list("looked_at", "type")
    )
    counts = Counter(kind for _at, kind in rows)
    return {
        "total": len(rows),
        "first": format_moment(rows[0][0]) if rows else None,
        "last": format_moment(rows[-1][0]) if rows else None,
        "by_type": [{"type": kind, "count": count} for kind, count in sorted(counts.items())],
        "ticks": [format_moment(at) for at in thinned([at for at, _kind in rows], TICKS)],
    }


def thinned(times: Sequence[datetime], most: int) -> list[datetime]:
    """At most `most` of `times`, evenly, first and last kept."""
    if len(times) <= most:
        return list(times)
    return [times[index * (len(times) - 1) // (most - 1)] for index in range(most)]


def _diffs(versions: Sequence[Version]) -> list[dict[str, Any]]:
    return [
        {
            "old": old.number,
            "new": new.number,
            "not_before": format_moment(new.not_before),
            "not_after": format_moment(new.not_after),
            **_difference(diff(old.body, new.body)),
        }
        for old, new in pairwise(versions)
        if not old.withheld and not new.withheld
    ]


def _difference(difference: Diff) -> dict[str, Any]:
    return {
        "characters_gone": difference.characters_gone,
        "characters_came": difference.characters_came,
        "characters_moved": difference.characters_moved,
        "hunks": [
            {
                "skipped": excerpt.skipped,
                "runs": [
                    {"kind": str(run.kind), "side": str(run.side), "text": run.text}
                    for run in excerpt.runs
                ],
                "after": excerpt.after,
            }
            for excerpt in difference.only_changes()
        ],
        "links": [],
    }


def _sightings(appearance: Appearance) -> list[dict[str, Any]]:
    rows = (
        Sighting.objects.filter(appearance=appearance)
        .select_related("version")
        .order_by("version__number")
    )
    return [
        {
            "version": sighting.version.number,
            "kind": sighting.kind,
            "passage": sighting.passage or None,
            "similarity": plain(Decimal(sighting.similarity) / 1000),
        }
        for sighting in rows
    ]


def _look(observation: Observation) -> dict[str, Any]:
    return {
        "at": format_moment(observation.looked_at),
        "type": observation.type,
        "status": observation.status,
        "method": observation.method,
    }


def _disappearances(source: Source) -> list[dict[str, Any]]:
    entries = []
    for going in Disappearance.objects.filter(source=source).order_by("first_missing_at", "id"):
        looks = Observation.objects.filter(
            source=source, type__in=MISSING, looked_at__gte=going.first_missing_at
        ).order_by("looked_at", "id")
        if until := going.confirmed_at or going.reversed_at:
            looks = looks.filter(
                looked_at__lte=until
            )  # those that confirmed it; a source stays gone for many more
        entries.append(
            {
                "type": going.type,
                "last_seen": format_moment(going.last_seen_at),
                "first_missing": format_moment(going.first_missing_at),
                "confirmed": format_moment(going.confirmed_at),
                "confirmations": [_look(observation) for observation in looks[:20]],
                "back": format_moment(going.reversed_at),
            }
        )
    return entries


def _figure(criterion: Criterion, claim: Claim) -> dict[str, Any] | None:
    """The company's words for the number, in the language of the text that they stand in."""
    if not criterion.is_claimed:
        return None
    lang = claim.quote_lang
    if criterion.figure not in claim.quote:
        appearances = (
            Appearance.objects.filter(claim=claim, exact__contains=criterion.figure)
            .saying_so()
            .by_the_company()
            .order_by("id")
        )
        lang = appearances.values_list("source__lang", flat=True).first() or lang
    return {"lang": lang, "text": criterion.figure, "translations": {}}


def _aspect(aspect: Aspect, verdict: Verdict | None) -> dict[str, Any]:
    criterion = Criterion.objects.filter(aspect=aspect).first()
    findings = (
        Finding.objects.public()
        .filter(aspect=aspect)
        .select_related("moderator")
        .order_by("created_at", "id")
    )
    return {
        "id": str(aspect.pk),
        "statement": _said(aspect.statement),
        "kind": aspect.kind,
        "due": aspect.due_date.isoformat() if aspect.due_date else None,
        "cancelled": aspect.cancelled_date.isoformat() if aspect.cancelled_date else None,
        "criterion": {
            "property": _said(criterion.property),
            "comparator": criterion.comparator,
            "value": plain(criterion.value),
            "value_to": None if criterion.value_to is None else plain(criterion.value_to),
            "unit": criterion.unit,
            "tolerance": plain(criterion.tolerance) if criterion.tolerance else None,
            "conditions": _or_none(criterion.conditions),
            "baseline": _or_none(criterion.baseline),
            "basis": _or_none(criterion.basis),
            "basis_kind": criterion.basis_kind,
            "figure": _figure(criterion, aspect.claim),
        }
        if criterion
        else None,
        "progress": None if verdict else aspect.progress,
        "verdict": _verdict(verdict) if verdict else None,
        "findings": [
            {
                "id": str(finding.pk),
                "conclusion": finding.conclusion,
                "reason": _said(finding.reasoning),
                "by": {"role": "moderator", "pseudonym": finding.moderator.pseudonym},
                "at": format_moment(finding.created_at),
                "exhibits": list(
                    FindingExhibit.objects.filter(
                        finding=finding, exhibit__in=Exhibit.objects.public()
                    )
                    .order_by("exhibit__reference")
                    .values_list("exhibit__reference", flat=True)
                ),
            }
            for finding in findings
        ],
        "measurements": [_measurement(measurement) for measurement in _measurements(aspect)],
        "conformity": _conformity(verdict.conformity) if verdict and verdict.conformity else None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    assert verdict.decided_by is not None
    entry = Entry.objects.filter(
        object_label="verdict", object_id=str(verdict.pk), kind="verdict.published"
    ).earliest("index")
    return {
        "id": str(verdict.pk),
        "reference": verdict.reference,
        "rating": verdict.rating,
        "mechanism": verdict.mechanism or None,
        "rationale": _said(verdict.rationale),
        "published": format_moment(verdict.published_at),
        "people": [
            {"role": "adjudicator", "pseudonym": who.pseudonym}
            for who in (verdict.proposed_by, verdict.decided_by)
        ],
        "method": verdict.method_version,
        "log_index": entry.index,
        "bundle": bundle_name(verdict) if hasattr(verdict, "verdictdocument") else None,
        "supersedes": verdict.supersedes.reference if verdict.supersedes else None,
        "attempts": _or_none(verdict.attempts),
    }


def _measurements(aspect: Aspect) -> Iterable[Measurement]:
    return (
        Measurement.objects.filter(
            aspect=aspect, teardown__submission__status=SubmissionStatus.ACCEPTED
        )
        .select_related("teardown__unit", "teardown__submission", "teardown__laboratory")
        .order_by("teardown__unit__label", "measured_date", "pk")
    )


def _measurement(measurement: Measurement) -> dict[str, Any]:
    steps = TeardownStep.objects.filter(
        teardown=measurement.teardown, exhibit__in=Exhibit.objects.public()
    ).order_by("exhibit__reference")
    return {
        "quantity": _said(measurement.quantity),
        "unit_label": measurement.teardown.unit.label,
        "contributor": measurement.teardown.submission.pseudonym,
        "affiliation": affiliation(measurement.teardown.submission),
        "laboratory": measurement.teardown.laboratory.name
        if measurement.teardown.laboratory
        else None,
        "value": plain(measurement.value),
        "uncertainty": plain(measurement.standard_uncertainty),
        "unit": measurement.unit_name,
        "instrument": _said(measurement.instrument),
        "method": _said(measurement.method),
        "conditions": _or_none(measurement.conditions),
        "measured": measurement.measured_date.isoformat(),
        "exhibits": list(dict.fromkeys(steps.values_list("exhibit__reference", flat=True))),
    }


_CONFORMITY = (
    "decision", "comparator", "limit", "lower_limit", "upper_limit", "unit", "coverage", "units",
    "contributors", "laboratories", "items", "laboratories_disagree",
)  # fmt: skip


def _conformity(stored: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: stored[key] for key in _CONFORMITY},
        "summary": outcome_text(stored),
        "judged": [
            {
                "unit_label": value["unit"],
                "value": value["value"],
                "uncertainty": value["standard_uncertainty"],
                "guard_band": value["guard_band"],
                "acceptance_limit": value["acceptance_limit"],
                "rejection_limit": value["rejection_limit"],
                "probability": value["conformance_probability"],
                "decision": value["decision"],
                "affiliation": value.get("affiliation", INDEPENDENT),
            }
            for value in stored["measurements"]
        ],
    }


def _exhibit(exhibit: Exhibit) -> dict[str, Any]:
    rendition = shown(exhibit)
    return {
        "id": str(exhibit.pk),
        "reference": exhibit.reference,
        "address": f"{settings.SITE_URL}/exhibits/{exhibit.reference}/",
        "media_type": exhibit.media_type or "application/octet-stream",
        "caption": _or_none(exhibit.caption),
        "description": None,
        "rendition": rendition.digest if rendition else None,
        "picture": picture_name(exhibit) if rendition else None,
        "grade": {
            "source": exhibit.grade_source,
            "information": exhibit.grade_information,
            "reason": _or_none(exhibit.grade_reason),
        }
        if exhibit.grade_source
        else None,
        "licence": exhibit.submission.licence,
        "affiliation": affiliation(exhibit.submission),
        "provenance": exhibit.provenance,
        "does_not_prove": report_strings.as_text(report_strings.DOES_NOT_PROVE[exhibit.provenance]),
        "custody": [
            {
                "on": event.happened_at.date().isoformat(),
                "kind": event.kind,
                "agent": event.agent,
                "outcome": event.outcome,
                "note": event.note,
            }
            for event in CustodyEvent.objects.filter(exhibit=exhibit).order_by("happened_at", "id")
        ],
    }


def shown(exhibit: Exhibit) -> Rendition | None:
    """The rendition that stands in a report: page size, or the largest there is."""
    return (
        Rendition.objects.filter(exhibit=exhibit, name="page").first()
        or Rendition.objects.filter(exhibit=exhibit).order_by("-width").first()
    )


def _teardowns(claim: Claim) -> list[dict[str, Any]]:
    public = set(
        Exhibit.objects.public().filter(submission__claim=claim).values_list("pk", flat=True)
    )
    rows = (
        Teardown.objects.filter(
            submission__claim=claim, submission__status=SubmissionStatus.ACCEPTED
        )
        .select_related("unit", "submission", "laboratory")
        .order_by("unit__label", "performed_date", "pk")
    )
    return [
        {
            "id": str(teardown.pk),
            "title": _said(teardown.title),
            "unit_label": teardown.unit.label,
            "contributor": teardown.submission.pseudonym,
            "affiliation": affiliation(teardown.submission),
            "laboratory": teardown.laboratory.name if teardown.laboratory else None,
            "performed": teardown.performed_date.isoformat(),
            "steps": [
                {
                    "number": step.number,
                    "part": _or_none(step.part.name) if step.part else None,
                    "done": _said(step.done),
                    "seen": _or_none(step.seen),
                    "exhibit": step.exhibit.reference
                    if step.exhibit and step.exhibit_id in public
                    else None,
                }
                for step in TeardownStep.objects.filter(teardown=teardown)
                .select_related("part", "exhibit")
                .order_by("number")
            ],
        }
        for teardown in rows
    ]


def _invitation(invitation: Invitation) -> dict[str, Any]:
    waived = invitation.status == InvitationStatus.WAIVED
    waiver = (
        Waiver.objects.public()
        .filter(invitation=invitation)
        .select_related("proposed_by", "decided_by")
        .first()
    )
    people = [waiver.proposed_by, waiver.decided_by] if waiver else []
    return {
        "sent": format_moment(invitation.sent_at),
        "deadline": format_moment(invitation.deadline_at),
        "allegation": _or_none(invitation.allegation),
        "outcome": _OUTCOMES[InvitationStatus(invitation.status)],
        "closed": format_moment(invitation.closed_at),
        "replies": [
            {
                "text": _words(reply.body, reply.lang),
                "received": format_moment(reply.received_at),
                "letter": reply.letter_date.isoformat() if reply.letter_date else None,
                "late": reply.late,
            }
            for reply in Reply.objects.public()
            .filter(invitation=invitation)
            .select_related("invitation")
            .in_order()
        ],
        "waiver": {
            "reason": _said(waiver.reason),
            "people": [
                {"role": "adjudicator", "pseudonym": who.pseudonym} for who in people if who
            ],
        }
        if waived and waiver
        else None,
    }
