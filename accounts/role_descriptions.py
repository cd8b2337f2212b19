"""What each role may do and what it may not, and what a key may do, in words for the pages. A test
proves both tables complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, Scope

Sentences = tuple[tuple[str | Promise, ...], str | Promise]

#: Role → (what it may do, what it may not).
ROLE_DESCRIPTIONS: Final[Mapping[Role, Sentences]] = {
    Role.CONTRIBUTOR: (
        (
            _("Submit photos, teardowns and measurements on a claim."),
            _("Withdraw their own evidence, with a reason."),
        ),
        _("Rate a claim on which they submitted evidence."),
    ),
    Role.FILER: (
        (
            _("Submit evidence for the organisation, and for owners who asked it to."),
            _("Answer questions about submissions."),
        ),
        _("Rate a claim on which they submitted evidence."),
    ),
    Role.MODERATOR: (
        (
            _("Publish claims and sources, correct and withdraw claims with a reason."),
            _(
                "Record a company’s legal entities, incidents and market data, and how each "
                "source compares with the claim."
            ),
            _("Decide on submissions and grade evidence."),
            _("Open the confidential fields of a submission; each view is logged."),
            _("Record findings and request replies from companies."),
        ),
        _("Propose a verdict, or decide on their own submissions."),
    ),
    Role.ADJUDICATOR: (
        (
            _("Propose a verdict on a point."),
            _("Approve or return a verdict that another adjudicator proposed."),
        ),
        _("Approve their own proposal, or propose a verdict on their own findings alone."),
    ),
    Role.COMPANY_REPRESENTATIVE: (
        (
            _("Read the points put to the company, and the evidence as it will be public."),
            _("Reply by the deadline; replies are published unedited."),
        ),
        _("See who submitted evidence, or change or delay anything except by replying."),
    ),
    Role.AUDITOR: (
        (
            _("Read everything that moderators can read."),
            _("Approve or refuse invitations to a role that an operator proposed."),
            _("Decide, as the second person, whether a role ends or an operator is suspended."),
            _("Restore suspended accounts."),
        ),
        _("Change anything else. Viewing an original is logged."),
    ),
    Role.OPERATOR: (
        (
            _("Keep the site running and handle failed jobs."),
            _("Add organisations, and invite people to a role; a second person approves."),
            _("End roles together with a second person."),
            _("Suspend and restore accounts; an operator’s or auditor’s with a second person."),
        ),
        _("Rate claims, grant a role to themselves, or change a log entry."),
    ),
}

#: Scope → what a key that has it may do.
SCOPE_DESCRIPTIONS: Final[Mapping[Scope, str | Promise]] = {
    Scope.READ: _("Read your own submissions and their status. Public data needs no key."),
    Scope.SUBMIT: _("Submit evidence in your name: photos, teardowns, measurements."),
}
