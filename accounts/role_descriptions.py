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
            _("File photos, teardowns and measurements on a claim."),
            _("Take one’s own evidence back, with a reason."),
        ),
        _("Judge a claim on which one has filed."),
    ),
    Role.FILER: (
        (
            _("File evidence for the organisation, and for owners who asked it to."),
            _("Answer questions on what was filed."),
        ),
        _("Judge a claim on which one has filed."),
    ),
    Role.MODERATOR: (
        (
            _("Register claims and sources, correct and withdraw claims with a reason."),
            _(
                "Record legal persons, incidents and figures of a company, and what each source "
                "says of a promise."
            ),
            _("Accept, return or refuse submissions, and grade evidence."),
            _("Open what is sealed in a submission; each opening is recorded."),
            _("Record findings, and ask companies for their answer."),
        ),
        _("Conclude a verdict, or decide on what one has filed oneself."),
    ),
    Role.ADJUDICATOR: (
        (
            _("Propose a verdict on an aspect."),
            _("Approve or send back a verdict that another adjudicator proposed."),
        ),
        _("Approve one’s own proposal, or conclude on one’s own findings alone."),
    ),
    Role.COMPANY_REPRESENTATIVE: (
        (
            _("Read what is alleged against the company, and the evidence as it will be public."),
            _("Answer, word for word, within the time given."),
        ),
        _("See who filed, change or delay anything but by the answer."),
    ),
    Role.AUDITOR: (
        (_("Read everything that moderators read."),),
        _("Change anything; looking at an original is recorded."),
    ),
    Role.OPERATOR: (
        (
            _("Keep the site running, and see to work that was set aside."),
            _("Grant and end roles."),
        ),
        _("Judge, grant a role to oneself, or change an entry of the record."),
    ),
}

#: Scope → what a key that has it may do.
SCOPE_DESCRIPTIONS: Final[Mapping[Scope, str | Promise]] = {
    Scope.READ: _(
        "Read your own submissions and what became of them. What is public needs no key."
    ),
    Scope.SUBMIT: _("Hand in evidence in your name: photos, teardowns, measurements."),
}
