"""Exactly one entry of the record for each change of each mutating route, and none for a request
that was refused.

What a request changes is counted twice, apart from the triggers that record it: by the rows that
its SQL says it touched, and by the table below. A new route that takes a POST and has no row here
fails the suite.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

import ledger
from accounts.actions import propose_ending, propose_invitation, suspend_account
from accounts.models import Membership, RoleInvitation, Suspension, User
from accounts.permissions import NotAllowedError
from claims.actions import add_entity, add_source, raise_flag
from claims.editing import version
from claims.models import ClaimProposal, Criterion, Flag, LegalEntity, SeriesPoint, Source
from evidence.exhibits.models import Exhibit, Region, Submission
from evidence.sources import actions as source_actions
from evidence.sources.models import Alert
from ledger import registry
from ledger.models import Entry, Pending
from ledger.sequencing import sequence
from tests import scenes
from tests.system.test_permission_table import DESK, KEYS, NO_ONE, ROLES, TABLE, World, routes
from tests.workflows import force
from verdicts import actions as verdicts
from verdicts.models import Invitation, Occurrence, Reply, Verdict, Waiver

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("one entry")]


@dataclass(frozen=True)
class Change:
    """One thing that a route does: who does it, with which form, after what, and what stands in the
    record afterwards."""

    role: str
    expected: Mapping[str, int]  # "kind model" → how many
    data: Callable[[World], dict[str, Any]] = lambda world: {}
    before: Callable[[World], object] = lambda world: None
    headers: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()  # others at the desk who may do it
    again: bool = True  # whether the same request a second time changes nothing more


def both(name: str, text: str = "No air moves.", other: str = "没有风。") -> dict[str, str]:
    """A text in both languages, as a form sends it."""
    return {f"{name}_en": text, f"{name}_zh_Hans": other}


def seen(row: Any) -> str:
    """What a page would carry of a row, if there is one."""
    return version(row) if row is not None else ""


def pending(world: World) -> dict[str, str]:
    """The version of the submission that waits."""
    return {"version": version(Submission.objects.get(reference=world.names["pending"]))}


PROPOSED: Final = {
    "quote": "It floats.",
    "quote_lang": "en",
    "company_name": "A shipyard",
    "channel": "press",
    "place": "On page 4.",
    "why": "Mine sank.",
}


def proposed(world: World) -> dict[str, str]:
    """The version of the claim that is proposed."""
    return {"version": version(ClaimProposal.objects.get(reference=world.names["proposed"]))}


def question_asked(world: World) -> None:
    """A moderator asked about the claim that is proposed."""
    scenes.claims.return_proposal(
        by=world.scene.moderator,
        proposal=ClaimProposal.objects.get(reference=world.names["proposed"]),
        question=scenes.write("en", "Which page?"),
        now=timezone.now(),
    )


def first_point(world: World) -> SeriesPoint:
    return SeriesPoint.objects.filter(series=world.names["series"]).order_by("id")[0]


def filing(world: World) -> dict[str, Any]:
    return {
        "claim": str(world.scene.claim.pk), "narrative": "No air.", "narrative_lang": "en",
        "licence": "cc-by-4.0", "consent": "on",
        "idempotency_key": "one", "contact": "me@secret.example",
        "photos": SimpleUploadedFile("duct.jpg", scenes.picture(1)),
    }  # fmt: skip


def filing_by_key(world: World) -> dict[str, Any]:
    """The same without what only the page's form has."""
    return {
        name: value
        for name, value in filing(world).items()
        if name not in {"consent", "idempotency_key"}
    }


def asked(world: World) -> None:
    verdicts.request_reply(
        by=world.scene.moderator,
        claim=world.scene.claim,
        allegation=scenes.write("en", "No air.", zh_Hans="没有风。"),
        now=timezone.now(),
    )


def asked_and_opened(world: World) -> None:
    """A moderator opened the page of a request for reply."""
    asked(world)
    world.opened_on = seen(Invitation.objects.get(status="open"))  # type: ignore[attr-defined]  # of this change alone


def lettered(world: World) -> None:
    """The company is asked, and its letter was entered by another."""
    asked(world)
    scenes.build_letter(world.scene, Invitation.objects.get(status="open"), now=timezone.now())


def ending_proposed(world: World) -> None:
    """An operator proposed to end the moderator's role."""
    propose_ending(
        by=User.objects.get(email="operator@example.org"),
        membership=Membership.objects.get(pk=world.names["moderation"]),
        reason="They moved away.",
        now=timezone.now(),
    )


def suspended(world: World) -> None:
    """An operator suspended the other owner."""
    suspend_account(
        by=User.objects.get(email="operator@example.org"),
        person=world.scene.owners[1],
        reason="Spam.",
        now=timezone.now(),
    )


def waiver_proposed(world: World) -> None:
    """The company is asked, and one adjudicator proposed to close its time early."""
    asked(world)
    verdicts.propose_waiver(
        by=world.scene.adjudicator,
        invitation=Invitation.objects.get(status="open"),
        reason=scenes.write("en", "Said so."),
    )


def represented(world: World) -> None:
    """The company is asked; its organisation answers for it."""
    asked(world)


def verified(email: str) -> None:
    """An account has confirmed this address."""
    EmailAddress.objects.create(user=scenes.person("press"), email=email, verified=True)


def flagged(world: World) -> None:
    """A flag stands on the claim, and no other."""
    Flag.objects.filter(claim=world.scene.claim).delete()
    raise_flag(
        by=ledger.SYSTEM,
        claim=world.scene.claim,
        kind="edited_after_publication",
        now=timezone.now(),
    )


def threshold(world: World) -> Criterion:
    return Criterion.objects.get(aspect__claim=world.scene.claim)


def returned(world: World) -> None:
    scenes.filing.decide_submission(
        by=world.scene.moderator,
        submission=Submission.objects.get(reference=world.names["pending"]), decision="returned",
        reason=scenes.write("en", "Which side?"), now=timezone.now(),
    )  # fmt: skip


def sent_back(world: World) -> None:
    verdicts.reject_verdict(
        by=world.scene.second_adjudicator,
        verdict=Verdict.objects.get(reference=world.names["proposal"]),
        reason="No.",
        now=timezone.now(),
    )


def confirmed(world: World, role: str, email: str = "") -> None:
    """The account of a role has confirmed its address, or another one."""
    user = world.people[role]
    assert user is not None
    EmailAddress.objects.create(user=user, email=email or user.email, verified=True)


def appointing(world: World) -> None:
    """The operator may give people roles."""
    confirmed(world, "operator")


def proposed_by_another(world: World) -> None:
    """An invitation waits for a second person."""
    appointing(world)
    propose_invitation(
        by=User.objects.get(email="proposes@example.org"),
        organisation=scenes.operator_body(),
        email="next@mail.example",
        role="adjudicator",
        reason="They know cars.",
        now=timezone.now(),
    )


def invitation_form(world: World, do: str) -> dict[str, Any]:
    if do == "invite":
        given = {"email": "new@mail.example", "role": "moderator", "reason": "They know cars."}
        return {"do": do, **given}
    role = "adjudicator" if do in {"approve", "refuse"} else "moderator"
    row = RoleInvitation.objects.get(role=role)
    return {"do": do, "invitation": str(row.pk), "reason": "Nobody knows them."}


FILED: Final = {
    "submission.filed submission": 1,
    "submission.filed exhibit": 1,
    "submission.filed custody_event": 1,
}
ANSWERED: Final = {"submission.answered clarification": 1, "submission.answered submission": 1}
REPLIED: Final = {
    "company.replied reply": 1, "company.replied invitation": 1, "aspect.progressed aspect": 1,
    "flag.raised flag": 1, "flag.lifted flag": 1,
}  # fmt: skip
#: route → what is done through it.
CHANGES: Final[dict[str, list[Change]]] = {
    "account/organisations/": [
        Change(
            "operator",
            {"organisation.founded organisation": 1},
            lambda world: {"kind": "moderation_team", "name": "First readers"},
        )
    ],
    "account/organisations/<uuid:organisation>/": [
        Change(
            "operator",
            {f"role_invitation.{kind} role_invitation": 1},
            partial(invitation_form, do=do),
            before,
            again=do != "resend",
        )
        for do, kind, before in (
            ("invite", "proposed", appointing),
            ("approve", "approved", proposed_by_another),
            ("refuse", "refused", proposed_by_another),
            ("resend", "resent", appointing),
            ("withdraw", "withdrawn", appointing),
        )
    ],
    "account/invitations/<str:token>/": [
        Change(
            "other",
            {"role_invitation.accepted role_invitation": 1, "role.granted membership": 1},
            lambda world: {"do": "accept"},
            lambda world: confirmed(world, "other", "invited@mail.example"),
        ),
        Change(
            "other",
            {"role_invitation.declined role_invitation": 1},
            lambda world: {"do": "decline"},
            lambda world: confirmed(world, "other", "invited@mail.example"),
        ),
    ],
    "account/sign-up/": [
        Change(
            "operator",
            {"sign_up.closed sign_up": 1},
            lambda world: {"do": "close", "contact": "a@b.example", "reason": "Spam."},
        )
    ],
    "account/suspensions/": [
        Change(
            "operator",
            {"account.suspended suspension": 1},
            lambda world: {
                "do": "suspend",
                "account": world.scene.owners[1].email,
                "reason": "Spam.",
            },
        ),
        Change(
            "auditor",
            {"account.restored suspension": 1},
            lambda world: {
                "do": "lift",
                "suspension": str(Suspension.objects.get().pk),
                "reason": "It was not them.",
            },
            lambda world: suspended(world),
        ),
    ],
    "account/delete/": [
        Change(
            "other",
            {"account.deleted account_deletion": 1},
            lambda world: {"pseudonym": world.scene.owners[1].pseudonym},
            again=False,
        )
    ],
    "account/keys/": [
        Change(
            "owner",
            {"key.created api_key": 1},
            lambda world: {"label": "x", "scopes": ["read"], "days": "30"},
            again=False,
        )
    ],
    "account/keys/<uuid:key>/revoke/": [Change("owner", {"key.revoked api_key": 1})],
    "account/roles/<uuid:membership>/end/": [
        Change(
            "operator",
            {"role_ending.proposed role_ending": 1},
            lambda world: {"do": "propose", "reason": "They moved away."},
        ),
        Change(
            "auditor",
            {"role.ended membership": 1, "role.ended role_ending": 1},
            lambda world: {"do": "end"},
            lambda world: ending_proposed(world),
        ),
        Change("moderator", {"role.left membership": 1}, lambda world: {"do": "leave"}),
    ],
    "claims/<str:ref>/file/": [Change("owner", FILED, filing)],
    "api/v1/^submissions/$": [
        Change("key:submit", FILED, filing_by_key, headers={"HTTP_IDEMPOTENCY_KEY": "one"})
    ],
    "submissions/<str:ref>/answer/": [
        Change(
            "owner",
            ANSWERED,
            lambda world: {"answer": "On the left.", "answer_lang": "en"},
            lambda world: returned(world),
        )
    ],
    "api/v1/^submissions/(?P<id>[^/]{8,64})/answer/$": [
        Change(
            "key:submit",
            ANSWERED,
            lambda world: {"answer": "On the left.", "lang": "en"},
            lambda world: returned(world),
        )
    ],
    "submissions/<str:ref>/withdraw/": [
        Change(
            "owner",
            {"submission.withdrawn submission": 1, "submission.withdrawn custody_event": 1},
            lambda world: {"reason": "I sold it."},
        )
    ],
    "desk/claims/new/": [
        Change(
            "moderator",
            {
                "company.added company": 1,
                "product.added product": 1,
                "claim.registered claim": 1,
                "claim.registered aspect": 1,
                "source.added source": 1,
                "claim.placed appearance": 1,
            },
            lambda world: {
                **both("new_company", "Another maker", "另一家"),
                **both("new_product", "A car", "一辆车"),
                "quote": "It flies.",
                "quote_lang": "en",
                **both("summary", "It flies", "会飞"),
                "kind": "express",
                "aspect-1-kind": "function",
                **both("aspect-1-statement", "it flies", "会飞"),
                "source_url": "https://brand.example/2",
                "channel": "social_post",
                **both("source_title", "A post", "帖子"),
                **{f"aspect-{n}-kind": "function" for n in range(2, 9)},
            },
            again=False,
        )
    ],
    "desk/claims/<str:ref>/revise/": [
        Change(
            "moderator",
            {"claim.revised claim": 1},
            lambda world: {
                "do": "revise",
                "version": version(world.scene.claim),
                "quote": "Another quote.",
                **both("summary", "Another", "另一"),
                "kind": "express",
                "reason": "It was cut.",
            },
        ),
        Change(
            "moderator",
            {"claim.withdrawn claim": 1},
            lambda world: {
                "do": "withdraw",
                "withdrawal-version": version(world.scene.claim),
                "withdrawal-reason": "Never said.",
            },
        ),
    ],
    "desk/claims/<str:ref>/": [
        Change(
            "moderator",
            {"company.invited invitation": 1, "aspect.progressed aspect": 1},
            lambda world: {"do": "invite", **both("allegation")},
        ),
        Change(
            "moderator",
            {"reply.entered reply": 1},
            lambda world: {
                "do": "reply",
                "body": "We will look.",
                "lang": "en",
                "letter_date": timezone.now().date().isoformat(),
            },
            asked,
        ),
        Change(
            "moderator",
            {"reply.confirmed reply": 1, "flag.raised flag": 1, "flag.lifted flag": 1},
            lambda world: {"do": f"confirm:{Reply.objects.get().pk}"},
            lambda world: lettered(world),
            also=("adjudicator",),
        ),
        Change(
            "moderator",
            {"reply.discarded reply": 1},
            lambda world: {
                "do": f"discard:{Reply.objects.get().pk}",
                "reason": "It is another company's.",
            },
            lambda world: lettered(world),
            also=("adjudicator",),
        ),
        Change(
            "moderator",
            {"company.deadline_extended invitation": 1},
            lambda world: {
                "do": "extend",
                "working_days": 3,
                "extension_reason": "A strike.",
                "version": world.opened_on,
            },
            asked_and_opened,
        ),
        Change(
            "adjudicator",
            {"waiver.proposed waiver": 1},
            lambda world: {"do": "waive", **both("reason")},
            asked,
        ),
        Change(
            "adjudicator",
            {
                "waiver.approved waiver": 1,
                "waiver.approved invitation": 1,
                "aspect.progressed aspect": 1,
            },
            lambda world: {"do": "approve-waiver", "version": seen(Waiver.objects.get())},
            lambda world: waiver_proposed(world),
        ),
        Change(
            "adjudicator",
            {"waiver.refused waiver": 1},
            lambda world: {"do": "refuse-waiver", "reason": "It may still reply."},
            lambda world: waiver_proposed(world),
        ),
    ],
    "desk/submissions/<str:ref>/": [
        Change(
            "moderator",
            {
                "submission.accepted submission": 1,
                "submission.accepted exhibit": 1,
                "submission.accepted custody_event": 1,
                "exhibit.graded exhibit": 1,
                "exhibit.graded custody_event": 1,
            },
            lambda world: {
                **pending(world),
                "decision": "accepted",
                **both("reason"),
                f"{world.names['hidden']}-source": "B",
                f"{world.names['hidden']}-information": "2",
                **both(f"{world.names['hidden']}-why"),
                **both(f"{world.names['hidden']}-caption"),
            },
            lambda world: Exhibit.objects.filter(reference=world.names["hidden"]).update(
                status="ready"
            ),
        ),
        Change(
            "moderator",
            {"submission.returned submission": 1},
            lambda world: {**pending(world), "decision": "returned", **both("reason")},
        ),
        Change(
            "moderator",
            {"submission.refused submission": 1},
            lambda world: {**pending(world), "decision": "refused", **both("reason")},
        ),
    ],
    "desk/submissions/<str:ref>/sealed/": [
        Change("moderator", {"submission.sealed_opened sealed_view": 1}, again=False)
    ],
    "desk/exhibits/<str:ref>/original": [
        Change("moderator", {"exhibit.original_viewed custody_event": 1}, again=False)
    ],
    "desk/exhibits/<str:ref>/regions/": [
        Change(
            "moderator",
            {"exhibit.region_marked region": 1},
            lambda world: {"x": "1", "y": "2", "width": "30", "height": "40", **both("caption")},
            again=False,
        )
    ],
    "desk/exhibits/<str:ref>/regions/<int:number>/remove/": [
        Change(
            "moderator",
            {"exhibit.region_removed region": 1},
            lambda world: {
                "version": seen(
                    Region.objects.filter(
                        exhibit__reference=world.names["exhibit"], number=1
                    ).first()
                )
            },
        )
    ],
    "desk/exhibits/<str:ref>/comparisons/": [
        Change(
            "moderator",
            {"exhibit.compared comparison": 1},
            lambda world: {
                "other": str(world.scene.exhibits(status="accepted")[1].pk),
                "place": "before",
                **both("title"),
            },
        )
    ],
    "desk/comparisons/<uuid:comparison>/remove/": [
        Change("moderator", {"exhibit.comparison_removed comparison": 1})
    ],
    "desk/sources/<uuid:source>/upload/": [
        Change(
            "moderator",
            {"source.captured capture": 1, "source.copy_added observation": 1},
            lambda world: {
                "file": SimpleUploadedFile(
                    "saved.html", "<p>另存的文字。</p>".encode(), "text/html"
                ),
                "captured_at": "2026-01-01T00:00",
                "note": "mine",
            },
        )
    ],
    "desk/alerts/<uuid:alert>/handle/": [Change("moderator", {"alert.handled alert": 1})],
    "desk/aspects/<uuid:aspect>/scope/": [
        Change(
            "moderator",
            {"aspect.ruled_out aspect": 1},
            lambda world: {"reason": "A matter of taste."},
            lambda world: sent_back(world),
            again=False,
        )
    ],
    "desk/aspects/<uuid:aspect>/finding/": [
        Change(
            "moderator",
            {"finding.recorded finding": 1, "finding.recorded finding_exhibit": 1},
            lambda world: {
                "conclusion": "supports",
                **both("reasoning"),
                "exhibits": [world.names["exhibit"]],
            },
            again=False,
        )
    ],
    "desk/aspects/<uuid:aspect>/verdict/": [
        Change(
            "adjudicator",
            {"verdict.proposed verdict": 1, "verdict.proposed verdict_exhibit": 1},
            lambda world: {
                "rating": "delivered",
                **both("rationale"),
                "exhibits": [world.names["exhibit"]],
            },
            lambda world: sent_back(world),
        )
    ],
    "desk/verdicts/<str:ref>/": [
        Change(
            "adjudicator",
            {
                "verdict.published verdict": 1,
                "aspect.progressed aspect": 1,
            },
            lambda world: {"do": "approve"},
            lambda world: force(Submission.objects.filter(status="withdrawn"), status="accepted"),
        ),
        Change(
            "adjudicator",
            {"verdict.sent_back verdict": 1},
            lambda world: {"do": "reject", "reason": "Say more."},
        ),
    ],
    "desk/companies/<uuid:company>/entities/": [
        Change(
            "moderator",
            {"entity.added legal_entity": 1},
            lambda world: {"do": "entity", **both("name"), "jurisdiction": "CN"},
            again=False,
        ),
        Change(
            "moderator",
            {"entity.role_given entity_role": 1},
            lambda world: {
                "do": "role",
                "entity": LegalEntity.objects.get(company=world.scene.company).pk,
                "kind": "sold",
                "from_date": "2025-01-01",
            },
            lambda world: add_entity(
                by=world.scene.moderator,
                company=world.scene.company,
                name=scenes.write("en", "A seller"),
                jurisdiction="CN",
                now=timezone.now(),
            ),
            again=False,
        ),
    ],
    "desk/companies/<uuid:company>/figures/": [
        Change(
            "moderator",
            {"series.added series": 1},
            lambda world: {"do": "series", **both("name"), **both("unit")},
            again=False,
        )
    ],
    "desk/companies/<uuid:company>/sources/": [
        Change(
            "moderator",
            {"source.added source": 1},
            lambda world: {"do": "source", "channel": "contract", "lang": "en", **both("title")},
            again=False,
        )
    ],
    "desk/companies/<uuid:company>/incidents/": [
        Change(
            "moderator",
            {"incident.opened incident": 1},
            lambda world: {"do": "incident", **both("title")},
            again=False,
        )
    ],
    "desk/series/<uuid:series>/": [
        Change(
            "moderator",
            {"series.point_added series_point": 1},
            lambda world: {
                "do": "point",
                "on_date": "2026-07-01",
                "value": "36",
                "source": world.names["source"],
            },
        ),
        Change(
            "moderator",
            {"series.annotated series_note": 1},
            lambda world: {"do": "note", **both("text"), "from_date": "2026-07-01"},
            again=False,
        ),
        Change(
            "moderator",
            {"series.point_corrected series_point": 1},
            lambda world: {
                "do": "correct",
                "point": f"{first_point(world).pk}.{version(first_point(world))}",
                "value": "12345",
                "reason": "Copied wrongly.",
            },
        ),
    ],
    "desk/incidents/<uuid:incident>/": [
        Change(
            "moderator",
            {"incident.event_added occurrence": 1},
            lambda world: {
                "do": "event",
                "happened_at": "2026-07-01T10:00",
                "exact_to": "hour",
                **both("text"),
                "kind": "contact",
                "actor": "company",
            },
            again=False,
        ),
        Change(
            "moderator",
            {"incident.event_corrected occurrence": 1},
            lambda world: {
                "do": "correct",
                "event": str(
                    Occurrence.objects.filter(incident=world.names["incident"]).order_by("id")[0].pk
                ),
                "version": version(
                    Occurrence.objects.filter(incident=world.names["incident"]).order_by("id")[0]
                ),
                "happened_at": "2026-07-02T10:00",
                "exact_to": "hour",
                **both("text"),
                "reason": "Copied wrongly.",
            },
        ),
    ],
    "desk/claims/<str:ref>/places/": [
        Change(
            "moderator",
            {"claim.placed appearance": 1},
            lambda world: {
                "do": "place",
                "source": str(
                    Source.objects.get(company=world.scene.company, channel="contract").pk
                ),
                "stance": "no_mention",
            },
            lambda world: add_source(
                by=world.scene.moderator,
                company=world.scene.company,
                channel="contract",
                title=scenes.write("en", "The contract"),
                now=timezone.now(),
            ),
        )
    ],
    "desk/claims/<str:ref>/flags/": [
        Change(
            "moderator",
            {"flag.withdrawn flag": 1},
            lambda world: {
                "do": str(Flag.objects.raised().get(claim=world.scene.claim).pk),
                "reason": "It was another page.",
            },
            flagged,
            again=False,
        )
    ],
    "desk/claims/<str:ref>/thresholds/": [
        Change(
            "moderator",
            {"criterion.revised criterion": 1},
            lambda world: {
                "do": str(threshold(world).pk),
                "version": version(threshold(world)),
                "basis_kind": "standard",
                "basis_en": "ISO 1",
                "basis_zh_Hans": "ISO 1",
                "reason": "It is from a standard.",
            },
            again=False,
        )
    ],
    "desk/companies/<uuid:company>/": [
        Change(
            "moderator",
            {"company.revised company": 1},
            lambda world: {
                "do": "revise",
                "version": version(world.scene.company),
                "name_en": "A car maker",
                "name_zh_Hans": "某车企",
                "website": "https://www.brand.example/",
                "reason": "It moved.",
            },
            lambda world: world.scene.company.refresh_from_db(),
            again=False,
        )
    ],
    "proposals/new/": [
        Change(
            "owner",
            {"claim_proposal.made claim_proposal": 1},
            lambda world: PROPOSED,
            lambda world: scenes.confirmed(world.scene.owners[0]),
            again=False,
        )
    ],
    "proposals/import/": [
        Change(
            "owner",
            {"claim_proposal.made claim_proposal": 1},
            lambda world: {"do": "propose", "content": json.dumps([PROPOSED])},
            lambda world: scenes.confirmed(world.scene.owners[0]),
            again=False,
        )
    ],
    "api/v1/^proposals/$": [
        Change(
            "key:submit",
            {"claim_proposal.made claim_proposal": 1},
            lambda world: PROPOSED,
            lambda world: scenes.confirmed(world.scene.owners[0]),
            headers={"HTTP_IDEMPOTENCY_KEY": "one"},
        )
    ],
    "api/v1/^proposals/bulk/$": [
        Change(
            "key:submit",
            {"claim_proposal.made claim_proposal": 1},
            lambda world: {"proposals": [PROPOSED], "dry_run": False},
            lambda world: scenes.confirmed(world.scene.owners[0]),
            headers={"HTTP_IDEMPOTENCY_KEY": "one"},
        )
    ],
    "proposals/<str:ref>/": [
        Change(
            "owner",
            {
                "claim_proposal.answered claim_proposal": 1,
                "claim_proposal.answered proposal_question": 1,
            },
            lambda world: {"do": "answer", "answer": "The first.", "lang": "en"},
            lambda world: question_asked(world),
        ),
        Change(
            "owner",
            {"claim_proposal.withdrawn claim_proposal": 1},
            lambda world: {"do": "withdraw"},
        ),
    ],
    "desk/proposals/<str:ref>/": [
        Change(
            "moderator",
            {"claim_proposal.merged claim_proposal": 1},
            lambda world: {
                "do": "merge",
                **proposed(world),
                "reference": world.scene.claim.reference,
                **both("reason"),
            },
        ),
        Change(
            "moderator",
            {"claim_proposal.returned claim_proposal": 1},
            lambda world: {"do": "ask", **proposed(world), **both("question")},
        ),
        Change(
            "moderator",
            {"claim_proposal.refused claim_proposal": 1},
            lambda world: {"do": "refuse", **proposed(world), **both("reason")},
        ),
    ],
    "desk/companies/<uuid:company>/seats/": [
        Change(
            "operator",
            {"role.granted membership": 1},
            lambda world: {
                "do": "give",
                "email": "press@brand.example",
                "reason": "Their letter of 1 May.",
            },
            lambda world: verified("press@brand.example"),
        )
    ],
    "reply/<str:ref>/": [
        Change(
            "company",
            REPLIED,
            lambda world: {"do": "publish", "body": "We will look.", "lang": "en"},
            represented,
        ),
        Change(
            "company",
            {"company.deadline_extended invitation": 1},
            lambda world: {
                "do": "extend",
                "extension_reason": "Our engineer is away.",
                "version": seen(Invitation.objects.get(status="open")),
            },
            represented,
        ),
        Change(
            "company",
            {},
            lambda world: {"do": "preview", "body": "We will look.", "lang": "en"},
            represented,
        ),
    ],
}
#: Routes that take a POST and change nothing that is recorded: sessions, mail addresses and
#: passwords are private, photos on their way are no evidence yet, jobs are work.
UNRECORDED: Final = (
    "account/",
    "staged/",
    "desk/exhibits/<str:ref>/read/",
    "claims/<str:ref>/file/photos/",
    "operations/jobs/",
)


def tables() -> dict[str, registry.Record]:
    """Every recorded table of the apps."""
    return {
        record.model._meta.db_table: record
        for record in registry.records()
        if record.model._meta.app_label != "ledger"
    }


#: Addresses that take JSON; all others take forms.
BY_JSON: Final = ("/api/v1/proposals/", "/api/v1/proposals/bulk/")
WRITES: Final = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"(\w+)"')


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Rows that SQL says it touched in recorded tables, by the name of the table."""
    touched: Counter[str] = Counter()
    recorded = tables()

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if (found := WRITES.match(sql)) and found[1] in recorded:
            touched[recorded[found[1]].name] += max(context["cursor"].rowcount, 0)
        return result

    with connection.execute_wrapper(count):
        yield touched


def last_event() -> int:
    """Where the outbox ends: each event row is announced there, in the same transaction."""
    return Pending.objects.order_by("-id").values_list("id", flat=True).first() or 0


def events_since(mark: int) -> Counter[str]:
    """Event rows written since: "kind model" → how many. One made outside an act has no kind."""
    found: Counter[str] = Counter()
    for label, event in Pending.objects.filter(id__gt=mark).values_list("event_label", "event_id"):
        record = registry.recorded.get(label)
        assert record is not None
        context = (
            record.event_model._default_manager.filter(pgh_id=event)
            .values_list("pgh_context", flat=True)
            .get()
        )
        found[f"{(context or {}).get('kind', 'outside')} {record.name}"] += 1
    return found


@dataclass
class Done:
    """What one request left behind."""

    status: int
    touched: Counter[str]
    events: Counter[str]

    @property
    def exact(self) -> bool:
        """One event for each row that SQL touched, each within an act."""
        recorded: Counter[str] = Counter()
        for name, count in self.events.items():
            recorded[name.split(" ")[1]] += count
        return recorded == +self.touched and not any(
            name.startswith("outside") for name in self.events
        )


def send(client: Client, headers: Mapping[str, Any], path: str, data: Mapping[str, Any]) -> Done:
    """One POST: what it touched and what of that is recorded."""
    mark = last_event()
    with counting() as touched:
        sent = (json.dumps(data), "application/json") if path in BY_JSON else (data,)
        answer: Any = client.post(path, *sent, **headers)
        if answer.streaming:
            answer.getvalue()
        for close in answer._resource_closers:
            close()
    return Done(answer.status_code, touched, events_since(mark))


def logged(folder: Path) -> Counter[str]:
    """What the sequencer makes of everything that waits: entries, "kind model" → how many. On a
    copy of the log's files."""
    size, copy = Entry.objects.count(), folder / f"log-{len(list(folder.iterdir()))}"
    shutil.copytree(django_settings.LEDGER_DIR, copy)
    with override_settings(LEDGER_DIR=copy):
        sequence()
    return Counter(
        f"{kind} {label}"
        for kind, label in Entry.objects.filter(index__gte=size).values_list("kind", "object_label")
    )


@dataclass(frozen=True)
class Tried:
    """One request of a trial, and what it was for."""

    route: str
    why: str  # "done", "again", "no token", "empty", or the role that may not
    change: Change
    done: Done
    entries: Counter[str]

    def __str__(self) -> str:
        return f"{self.route} ({self.why}, {self.change.role}): {self.done} {dict(self.entries)}"


#: One page for the whole desk, whose buttons are not for everyone at it.
SHARED: Final = (
    "desk/claims/<str:ref>/",
    "desk/submissions/<str:ref>/",
    "desk/verdicts/<str:ref>/",
)


def refuses(route: str, change: Change, role: str) -> bool:
    """Whether the table, or the page that a role shares, refuses this change to `role`."""
    status = TABLE[route][1]["POST"][role]
    if route in SHARED and role in DESK:
        return role != change.role and role not in change.also
    return role != change.role and (
        status in {401, 403, 404} or (role == "anonymous" and status == 302)
    )


def trials(world: World, folder: Path) -> Iterator[Tried]:
    """Each change done, done again, and refused in every way. Every request's effects are taken
    back."""
    for role in (*ROLES, *KEYS):
        world.client(role)
    strict = {role: Client(enforce_csrf_checks=True) for role in ROLES}
    for role, client in strict.items():
        client.cookies = world.client(role)[0].cookies
    for route, changes in CHANGES.items():
        path, table = TABLE[route][0].format(**world.names), TABLE[route][1]["POST"]
        for change in changes:
            client, own = world.client(change.role)
            headers = {**own, **change.headers}
            with transaction.atomic():
                change.before(world)
                mark = last_event()
                done = send(client, headers, path, change.data(world))
                again = send(client, headers, path, change.data(world)) if change.again else None
                earlier = events_since(mark) - done.events - (again.events if again else Counter())
                assert not earlier
                prepared = Counter(logged(folder))
                yield Tried(route, "done", change, done, prepared)
                if again:
                    yield Tried(route, "again", change, again, Counter())
                transaction.set_rollback(True)
            refused = [
                (role, *world.client(role)) for role in table if refuses(route, change, role)
            ]
            refused += [("no token", strict[change.role], {})] if change.role in strict else []
            for why, other, theirs in refused:
                with transaction.atomic():
                    change.before(world)
                    yield Tried(
                        route,
                        why,
                        change,
                        send(other, {**change.headers, **theirs}, path, change.data(world)),
                        Counter(),
                    )
                    transaction.set_rollback(True)
            if table[change.role] >= 400:
                with transaction.atomic():
                    yield Tried(route, "empty", change, send(client, headers, path, {}), Counter())
                    transaction.set_rollback(True)


@pytest.fixture(scope="module")
def tried(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> list[Tried]:
    """All trials, in a world of which nothing is left behind."""
    folder, copies = tmp_path_factory.mktemp("entries"), tmp_path_factory.mktemp("logs")
    folders = {
        name: folder / name.lower()
        for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR")
    }
    with django_db_blocker.unblock(), override_settings(**folders), transaction.atomic():
        world = World()
        sequence()
        found = list(trials(world, copies))
        transaction.set_rollback(True)
    return found


def test_every_route_that_changes_something_has_its_row() -> None:
    """A route that takes a POST of anyone changes what the table says, or nothing that is
    recorded."""
    taking = {
        route
        for route, (_address, methods) in TABLE.items()
        if any(status not in {NO_ONE, 401, 403} for status in methods["POST"].values())
    }
    assert {route for route in taking if not route.startswith(UNRECORDED)} <= set(CHANGES)
    assert set(CHANGES) <= {route for route, _part in routes()}
    assert all(CHANGES.values())


def test_each_change_is_one_entry_and_each_entry_a_change(tried: list[Tried]) -> None:
    done = [one for one in tried if one.why == "done"]
    assert len(done) == sum(map(len, CHANGES.values()))
    wrong = [
        one
        for one in done
        if one.done.status >= 400
        or dict(one.done.events) != dict(one.change.expected)
        or not one.done.exact
    ]
    assert not wrong, "\n".join(map(str, wrong))
    wrong = [
        one for one in done if one.done.events - one.entries
    ]  # beside them stand only those of what was prepared
    assert not wrong, "\n".join(map(str, wrong))


def test_what_is_sent_twice_is_recorded_once(tried: list[Tried]) -> None:
    wrong = [one for one in tried if one.why == "again" and one.done.events]
    assert not wrong, "\n".join(map(str, wrong))


def test_a_refused_request_is_recorded_nowhere(tried: list[Tried]) -> None:
    refused = [one for one in tried if one.why not in {"done", "again"}]
    assert len(refused) > 150
    wrong = [one for one in refused if one.done.events or one.done.status == 200]
    assert not wrong, "\n".join(map(str, wrong))


def alert_of() -> tuple[Client, str, Alert]:
    """A moderator with an alert to handle."""
    scene = scenes.build_claim()
    alert = Alert.objects.create(
        kind="source_gone", claim=scene.claim, source=scene.source, created_at=timezone.now()
    )
    client = Client()
    client.force_login(scene.moderator)
    return client, f"/desk/alerts/{alert.pk}/handle/", alert


def test_a_change_that_is_recorded_twice_or_never_or_outside_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Negative controls of the counts above."""
    client, path, alert = alert_of()
    expected = {"alert.handled alert": 1}
    with transaction.atomic():
        assert dict(send(client, {}, path, {}).events) == expected
        transaction.set_rollback(True)
    real = source_actions.handle_alert

    def twice(**given: Any) -> None:
        real(**given)
        with transaction.atomic(), ledger.act("alert.handled", by=given["by"], role="moderator"):
            Alert.objects.filter(pk=alert.pk).update(handled_at=timezone.now())

    def outside(**given: Any) -> None:
        Alert.objects.filter(pk=alert.pk).update(handled_at=timezone.now(), handled_by=given["by"])

    def unrecorded(**given: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SET CONSTRAINTS ALL IMMEDIATE"
            )  # a table with checks still waiting cannot be altered
            cursor.execute("ALTER TABLE evidence_alert DISABLE TRIGGER USER")
        real(**given)

    for faulty in (twice, outside, unrecorded):
        monkeypatch.setattr(source_actions, "handle_alert", faulty)
        with transaction.atomic():
            done = send(client, {}, path, {})
            assert dict(done.events) != expected, faulty.__name__
            assert done.exact == (faulty is twice)
            transaction.set_rollback(True)


def test_a_refusal_that_leaves_a_trace_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: who records first and asks afterwards, without a transaction around
    both."""
    client, path, _alert = alert_of()
    real = source_actions.handle_alert

    def first(**given: Any) -> None:
        real(**given)
        raise NotAllowedError("Not you.")

    monkeypatch.setattr(source_actions, "handle_alert", first)
    done = send(client, {}, path, {})
    assert done.status == 403
    assert done.events
