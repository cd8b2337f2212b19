"""What the accepted evidence on a point comes to as it stands now: the numbers, how much of it is
independent, which findings count."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from claims.models import Aspect, Criterion
from evidence.exhibits.affiliation import affiliations, independent, one_laboratory
from evidence.exhibits.models import Exhibit, Measurement, Submission, Teardown
from evidence.exhibits.similar_pictures import witnesses
from evidence.exhibits.states import ExhibitStatus, SubmissionStatus
from verdicts import gates
from verdicts.conformity import Conformity, MeasuredValue, Threshold, assess
from verdicts.models import Finding, FindingExhibit


def assess_evidence(aspect: Aspect, *, judged_only: bool = True) -> Conformity | None:
    """Measured values and the threshold, for an aspect with a criterion, from accepted
    measurements. None without either.

    Never raises: what cannot be compared is left out. If that is all, nothing is judged, and it is
    None unless asked for.
    """
    criterion = Criterion.objects.filter(aspect=aspect).first()
    if criterion is None:
        return None
    rows = (
        Measurement.objects.filter(
            aspect=aspect, teardown__submission__status=SubmissionStatus.ACCEPTED
        )
        .select_related("teardown__unit", "teardown__submission", "teardown__laboratory")
        .order_by("teardown__unit__label", "measured_date", "pk")
    )
    submissions = {row.teardown.submission_id for row in rows}
    sides, same = affiliations(submissions), _witnesses(submissions)
    houses = one_laboratory({row.teardown.laboratory for row in rows if row.teardown.laboratory})
    measured = [
        MeasuredValue(
            value=row.value,
            standard_uncertainty=row.standard_uncertainty,
            unit=row.unit_name,
            physical_unit=row.teardown.unit.label,
            unit_identity=row.teardown.unit.identity,
            contributor=str(
                same.get(
                    row.teardown.submission.contributor_id, row.teardown.submission.contributor_id
                )
            ),
            laboratory=str(houses[row.teardown.laboratory_id])
            if row.teardown.laboratory_id
            else None,
            affiliation=sides[row.teardown.submission_id],
            filing=str(row.teardown.submission_id),
        )
        for row in rows
    ]
    if not measured:
        return None
    assessed = assess(
        Threshold(
            criterion.comparator,
            criterion.value,
            criterion.unit,
            criterion.tolerance,
            criterion.value_to,
        ),
        measured,
    )
    return assessed if assessed.judged or not judged_only else None


def excluded_measurements(aspect: Aspect) -> list[str]:
    """A sentence for each stored measurement that cannot be set against the threshold, whatever is
    wrong with its row or with that."""
    assessed = assess_evidence(aspect, judged_only=False)
    threshold = Criterion.objects.filter(aspect=aspect).first()
    if assessed is None or threshold is None:
        return []
    return [
        _(
            "Left out: %(item)s, %(value)s %(unit)s. It cannot be compared with the threshold in "
            "%(threshold)s."
        )
        % {
            "item": value.physical_unit,
            "value": f"{value.value:f}",
            "unit": value.unit,
            "threshold": threshold.unit,
        }
        for value in assessed.left_out
    ]


def independence(aspect: Aspect, exhibits: Sequence[Exhibit]) -> tuple[int, int, int]:
    """Independent units, contributors and laboratories behind the evidence: those of the
    measurements, and of the teardowns whose steps the exhibits show. A photo that belongs to no
    teardown stands for its contributor alone: nobody knows of which unit it is. What is from a
    company's side counts as none of them, and contributors of the same file are one."""
    measured = Q(measurement__aspect=aspect, submission__status=SubmissionStatus.ACCEPTED)
    shown = Q(teardownstep__exhibit__in=exhibits)
    teardowns = list(
        Teardown.objects.filter(measured | shown)
        .select_related("unit", "submission", "laboratory")
        .distinct()
    )
    free = independent(
        {exhibit.submission_id for exhibit in exhibits}
        | {teardown.submission_id for teardown in teardowns}
    )
    teardowns = [teardown for teardown in teardowns if teardown.submission_id in free]
    exhibits = [exhibit for exhibit in exhibits if exhibit.submission_id in free]
    same = _witnesses(free)
    contributors = [exhibit.submission.contributor_id for exhibit in exhibits] + [
        teardown.submission.contributor_id for teardown in teardowns
    ]
    owners = {same.get(contributor, contributor) for contributor in contributors}
    laboratories = set(
        one_laboratory(
            {teardown.laboratory for teardown in teardowns if teardown.laboratory}
        ).values()
    )
    return len({teardown.unit.identity for teardown in teardowns}), len(owners), len(laboratories)


def counted_submissions(aspect: Aspect, exhibits: Sequence[Exhibit]) -> list[Submission]:
    """The submissions that a verdict on `aspect` from `exhibits` comes from: those of the exhibits,
    of all that was measured and is accepted, and of what its findings name."""
    measured = Q(teardown__measurement__aspect=aspect, status=SubmissionStatus.ACCEPTED)
    named = Q(
        exhibit__findingexhibit__finding__in=findings_that_count(aspect),
        status=SubmissionStatus.ACCEPTED,
    )
    return list(Submission.objects.filter(Q(exhibit__in=exhibits) | measured | named).distinct())


def _witnesses(submissions: Collection[UUID]) -> dict[UUID, UUID]:
    """The witness that each contributor to these submissions is, by all the photos in them."""
    return witnesses(
        Exhibit.objects.filter(submission__in=submissions).select_related("submission")
    )


def findings_that_count(aspect: Aspect) -> list[Finding]:
    """The findings that a verdict may rest on now, in their order.

    One counts no more when its writer has a conflict of interest since, or when all the evidence
    that it names is withdrawn or erased.
    """
    findings = list(
        Finding.objects.filter(aspect=aspect)
        .select_related("moderator")
        .order_by("created_at", "id")
    )
    named: dict[object, list[bool]] = {}
    for pin in FindingExhibit.objects.filter(finding__in=findings).select_related(
        "exhibit__submission"
    ):
        there = (
            pin.exhibit.submission.status == SubmissionStatus.ACCEPTED
            and pin.exhibit.status != ExhibitStatus.WITHHELD
        )
        named.setdefault(pin.finding_id, []).append(there)
    writers = {finding.moderator_id: finding.moderator for finding in findings}
    free = {
        pk for pk, who in writers.items() if gates.conflict_of_interest(who, aspect.claim) is None
    }
    return [
        finding
        for finding in findings
        if finding.moderator_id in free and any(named.get(finding.pk, [True]))
    ]
