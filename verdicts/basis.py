"""What a proposal was made from, and what of it is different when a second person decides.

Between the two days evidence is withdrawn or erased, thresholds are corrected, findings are added,
the company replies. `basis_of` keeps what stood at the proposal: values where a page shows the
difference, keyed hashes of texts where it says only that there is one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from claims.models import Aspect, Claim, Criterion, Flag
from claims.states import WITHDRAWABLE, FlagKind
from evidence.exhibits.affiliation import affiliations
from evidence.exhibits.keyed import keyed
from evidence.exhibits.models import Exhibit, Rendition
from evidence.exhibits.states import Affiliation
from ui.languages import page_language
from verdicts.evidence_assessment import assess_evidence, findings_that_count, independence
from verdicts.models import Invitation, Verdict
from verdicts.outcome import outcome
from verdicts.replies import reply_status_of
from verdicts.states import InvitationStatus

METHOD_VERSION = "3"
_CLAIM = (
    "quote",
    "quote_lang",
    "summary",
    "kind",
    "company_id",
    "product_id",
    "option_id",
    "stake",
    "currency",
    "reconstruction",
)
_POINT = ("number", "kind", "statement", "due_date", "cancelled_date")
_THRESHOLD = (
    "property",
    "comparator",
    "value",
    "value_to",
    "unit",
    "tolerance",
    "conditions",
    "baseline",
    "basis",
    "basis_kind",
)


def basis_of(aspect: Aspect, exhibits: Sequence[Exhibit]) -> dict[str, Any]:
    """What a verdict on `aspect` from `exhibits` is made from now, as JSON. Its numbers stand on
    the verdict itself."""
    claim = Claim.objects.get(pk=aspect.claim_id)
    stored = Aspect.objects.get(pk=aspect.pk)
    threshold = Criterion.objects.filter(aspect=aspect).first()
    pictures = widest_renditions(exhibits)
    sides = affiliations([exhibit.submission_id for exhibit in exhibits])
    return {
        "method": METHOD_VERSION,
        "claim": _key([getattr(claim, name) for name in _CLAIM]),
        "point": _key([getattr(stored, name) for name in _POINT]),
        "threshold": _key([getattr(threshold, name) for name in _THRESHOLD]) if threshold else "",
        "findings": sorted(str(finding.pk) for finding in findings_that_count(aspect)),
        "exhibits": {
            exhibit.reference: {
                "grade": f"{exhibit.grade_source}{exhibit.grade_information}",
                "side": sides.get(exhibit.submission_id, ""),
                "shown": _key(
                    [
                        exhibit.caption,
                        exhibit.status,
                        exhibit.submission.licence,
                        pictures.get(exhibit.pk, ""),
                    ]
                ),
            }
            for exhibit in exhibits
        },
        "requests": sorted(
            str(pk) for pk in Invitation.objects.filter(claim=claim).values_list("pk", flat=True)
        ),
        "reply": reply_status_of(claim),
        "flags": sorted(
            Flag.objects.raised()
            .filter(claim=claim, kind__in=WITHDRAWABLE)
            .values_list("kind", flat=True)
        ),
    }


def widest_renditions(exhibits: Sequence[Exhibit]) -> dict[Any, str]:
    """The digest of each exhibit's widest public picture, by its id."""
    return dict(
        Rendition.objects.filter(exhibit__in=exhibits)
        .order_by("width", "pk")
        .values_list("exhibit_id", "digest")
    )


def _key(values: list[Any]) -> str:
    return keyed("basis", json.dumps(values, sort_keys=True, ensure_ascii=False, default=str))


def exhibits_of(verdict: Verdict) -> list[Exhibit]:
    """The exhibits that a verdict pins."""
    pins = verdict.verdictexhibit_set.select_related("exhibit__submission").order_by(
        "exhibit__reference"
    )
    return [pin.exhibit for pin in pins]


def holding_request(verdict: Verdict) -> Invitation | None:
    """The request for a reply for which a proposal waits: the first that was sent after it; before
    there is one, the newest.

    Later ones do not count, so that nobody holds up a proposal for ever by asking again and again.
    """
    known = set((verdict.proposed_from or {}).get("requests", ()))
    requests = list(
        Invitation.objects.filter(claim=verdict.aspect.claim_id).order_by("sent_at", "id")
    )
    return next(
        (invitation for invitation in requests if str(invitation.pk) not in known),
        requests[-1] if requests else None,
    )


def differences(verdict: Verdict) -> list[str]:
    """A sentence for everything that is different now from what the proposal was made from. None:
    it may be published as it stands."""
    exhibits = exhibits_of(verdict)
    before, now = verdict.proposed_from, basis_of(verdict.aspect, exhibits)
    if before is None:
        return [_("We do not know what this proposal was based on. Propose it again.")]
    return [
        *changed_numbers(verdict, exhibits),
        *_of_words(before, now),
        *_of_exhibits(before, now),
        *_of_claim(before, now),
    ]


def changed_numbers(verdict: Verdict, exhibits: Sequence[Exhibit]) -> list[str]:
    """What is different in the numbers of a verdict when it is weighed now, resting on
    `exhibits`."""
    weighed = assess_evidence(verdict.aspect)
    numbers = weighed.to_json() if weighed else None
    counted = independence(verdict.aspect, exhibits)
    sentences = []
    if numbers != verdict.conformity:
        sentences.append(
            _("The measurements are not the same. Before: %(before)s Now: %(now)s")
            % {"before": _told(verdict.conformity), "now": _told(numbers)}
        )
    if counted != (verdict.units, verdict.contributors, verdict.laboratories):
        sentences.append(
            _("The independent evidence is not the same. Before: %(before)s. Now: %(now)s.")
            % {
                "before": _counts(verdict.units, verdict.contributors, verdict.laboratories),
                "now": _counts(*counted),
            }
        )
    return sentences


def _told(numbers: dict[str, Any] | None) -> str:
    return outcome(numbers, page_language()) if numbers else _("No measurements that count.")


def _counts(units: int, contributors: int, laboratories: int) -> str:
    given = {"units": units, "contributors": contributors, "laboratories": laboratories}
    return (
        _("items: %(units)d, contributors: %(contributors)d, laboratories: %(laboratories)d")
        % given
    )


def _of_words(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changed = {
        name for name in ("method", "claim", "point", "threshold") if before.get(name) != now[name]
    }
    earlier, counted = set(before.get("findings", ())), set(now["findings"])
    by_name = {
        "method": _("The method has a newer version."),
        "claim": _("The claim was corrected."),
        "point": _("The point or its date was corrected."),
        "threshold": _("The threshold was corrected."),
    }
    sentences = [sentence for name, sentence in by_name.items() if name in changed]
    if counted - earlier:
        sentences.append(_("A finding was recorded."))
    if earlier - counted:
        sentences.append(
            _(
                "A finding no longer counts: its author has a conflict of interest, or its "
                "evidence was withdrawn or deleted."
            )
        )
    return sentences


def _of_exhibits(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    sentences = []
    for reference, is_now in now["exhibits"].items():
        was = before.get("exhibits", {}).get(reference, {"grade": "", "shown": "", "side": ""})
        if was["side"] != is_now["side"]:
            sentences.append(
                _("Exhibit %(reference)s is now %(now)s.")
                % {"reference": reference, "now": Affiliation(is_now["side"]).label}
            )
        if was["grade"] != is_now["grade"]:
            sentences.append(
                _("Exhibit %(reference)s was graded %(before)s; its grade is now %(now)s.")
                % {
                    "reference": reference,
                    "before": was["grade"] or "–",
                    "now": is_now["grade"] or "–",
                }
            )
        if was["shown"] != is_now["shown"]:
            sentences.append(
                _("The picture or caption of exhibit %(reference)s was changed.")
                % {"reference": reference}
            )
    return sentences


def _of_claim(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    sentences = []
    if before.get("reply") != now["reply"] and now["reply"] == InvitationStatus.REPLIED:
        sentences.append(_("The company replied."))
    for kind in sorted(set(before.get("flags", ())) ^ set(now["flags"])):
        sentence = (
            _("The flag “%(flag)s” was added.")
            if kind in now["flags"]
            else _("The flag “%(flag)s” was withdrawn.")
        )
        sentences.append(sentence % {"flag": FlagKind(kind).label})
    return sentences
