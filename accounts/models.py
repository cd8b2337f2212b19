"""Who people are. Nothing here knows what a claim is."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.management.base import CommandError
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

import ledger
from accounts import labels, seats
from accounts.choices import label
from accounts.pseudonyms import new_pseudonym
from accounts.states import (
    OPEN,
    ROLE_ENDING_TRANSITIONS,
    ROLE_INVITATION_TRANSITIONS,
    SUSPENSION_TRANSITIONS,
    RoleEndingStatus,
    RoleInvitationStatus,
    SuspensionStatus,
)


class OrganisationKind(models.TextChoices):
    CONSUMER_GROUP = "consumer_group", _("consumer group")
    LABORATORY = "laboratory", _("laboratory")
    NEWSROOM = "newsroom", _("newsroom")
    COMPANY = "company", _("company")
    OPERATOR = "operator", _("site operator")
    MODERATION_TEAM = "moderation_team", _("moderation team")


class Role(models.TextChoices):
    CONTRIBUTOR = "contributor", label(labels.ROLE["contributor"])
    FILER = "filer", label(labels.ROLE["filer"])
    MODERATOR = "moderator", label(labels.ROLE["moderator"])
    ADJUDICATOR = "adjudicator", label(labels.ROLE["adjudicator"])
    COMPANY_REPRESENTATIVE = "company_representative", label(labels.ROLE["company_representative"])
    AUDITOR = "auditor", label(labels.ROLE["auditor"])
    OPERATOR = "operator", label(labels.ROLE["operator"])


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new account; without a password it cannot sign in."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """For `manage.py createsuperuser`: there are no superusers here. Raises CommandError."""
        raise CommandError(
            "There are no superusers here. Nothing was changed. `manage.py setup` makes the "
            "operators of a new installation; afterwards an operator gives out roles on the "
            "organisations' pages, reached from /account/."
        )


@ledger.derived(
    reason="private: only roles, held by Membership, belong to the record; an e-mail address never "
    "does"
)
class User(AbstractBaseUser):
    """An account. Signs in by e-mail; the record knows only the pseudonym."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("email"), unique=True)
    pseudonym = models.CharField(_("pseudonym"), max_length=40, unique=True, default=new_pseudonym)
    is_active = models.BooleanField(default=True)
    #: How often every session of the account was ended at once: part of what each proves.
    sign_outs = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects = UserManager()

    def __str__(self) -> str:
        return self.pseudonym

    def get_session_auth_hash(self) -> str:
        """What a session of this account has to hold: another after a new password, or after
        everyone was signed out."""
        return self._since_sign_out(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under the secrets of before."""
        yield from map(self._since_sign_out, super().get_session_auth_fallback_hash())

    def _since_sign_out(self, held: str) -> str:
        if not self.sign_outs:
            return held
        salt = "accounts.sign_outs"
        return salted_hmac(salt, f"{held}:{self.sign_outs}", algorithm="sha256").hexdigest()

    @property
    def roles(self) -> frozenset[str]:
        """The roles this account holds now, read once per instance."""
        if not hasattr(self, "_roles"):
            now_held = (
                self.membership_set.current().values_list("role", flat=True)
                if self.is_active
                else ()
            )
            self._roles: frozenset[str] = frozenset(now_held)
        return self._roles

    def has_role(self, *roles: str) -> bool:
        """Whether the account holds at least one of `roles` now."""
        return not self.roles.isdisjoint(roles)

    @property
    def has_company_seat(self) -> bool:
        """Whether the account acts for a company now. Asked anew each time: who just joined one
        judges nothing any more."""
        return self.membership_set.current().company_seats().exists()

    @property
    def is_staff(self) -> bool:
        """Operators see the operators' pages."""
        return Role.OPERATOR in self.roles


@ledger.recorded(name="organisation", plain=["kind", "name", "website", "created_at"], public=True)
class Organisation(models.Model):
    """A body that people act for. Its name is public by nature."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=OrganisationKind.choices)
    name = models.CharField(max_length=200)
    website = models.URLField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "name"], name="organisation_name_once_per_kind"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrganisationKind.values), name="organisation_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> Self:
        """Memberships that have not ended."""
        return self.filter(ended_at=None)

    def company_seats(self) -> Self:
        """Memberships by which someone acts for a company."""
        return self.filter(
            Q(organisation__kind=OrganisationKind.COMPANY) | Q(role=Role.COMPANY_REPRESENTATIVE)
        )

    def overseeing(self) -> Self:
        """Current memberships of open accounts by which people give out roles, or look after those
        who do."""
        return self.current().filter(role__in=[Role.OPERATOR, Role.AUDITOR], user__is_active=True)

    def judging(self) -> Self:
        """Memberships that judge, read what is not public, or give out roles."""
        return self.filter(role__in=seats.JUDGING)


@ledger.recorded(
    name="membership",
    plain=["organisation", "role", "created_at", "ended_at", "alone"],
    text=["user"],
    closed=["user", "act_reason"],
    public=True,  # that somebody was given a role is public, who it is and why is not
)
class Membership(models.Model):
    """One role of one person in one organisation, from `created_at` until `ended_at`. Ended, never
    deleted. `alone`: whoever gave or ended it was the only operator, and nobody was an auditor."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    role = models.CharField(max_length=30, choices=Role.choices)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    alone = models.BooleanField(null=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"],
                condition=Q(ended_at=None),
                name="membership_held_once",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.organisation}"


seats.SeatsApartTrigger().register(Membership)
seats.OrganisationKindTrigger().register(Organisation)


class SignUpQuerySet(models.QuerySet["SignUp"]):
    def current(self) -> SignUp:
        """How it is now; open, as long as nobody decided otherwise."""
        return self.first() or SignUp(is_open=True)


@ledger.recorded(name="sign_up", plain=["is_open", "changed_at"], text=["contact"], public=True)
class SignUp(models.Model):
    """Whether anyone may create an account, or invited people alone; then `contact`, a mail address
    or a page, is whom others ask. One row, made when an operator first decides."""

    ONLY_ID = UUID("51604e00-0000-4000-8000-000000000001")

    id = models.UUIDField(primary_key=True, default=ONLY_ID, editable=False)
    is_open = models.BooleanField()
    contact = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    objects = SignUpQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(id="51604e00-0000-4000-8000-000000000001"), name="sign_up_one_row"
            )
        ]

    def __str__(self) -> str:
        return "open" if self.is_open else "by invitation"


class RoleInvitationQuerySet(models.QuerySet["RoleInvitation"]):
    def open(self) -> Self:
        """Those on which somebody still has to act."""
        return self.filter(status__in=OPEN)

    def waiting(self) -> Self:
        """Those that wait for a second person."""
        return self.filter(status=RoleInvitationStatus.PROPOSED)


@ledger.transitions("status", ROLE_INVITATION_TRANSITIONS)
@ledger.recorded(
    name="role_invitation",
    plain=["organisation", "role", "status", "approved_alone", "created_at", "expires_at"],
    text=["reason", "decision_reason", "proposed_by", "approved_by"],
    sealed=["email", "email_key", "token_digest"],
    closed=["reason", "decision_reason", "proposed_by", "approved_by", "act_reason"],
    public=True,  # as a membership: that somebody is invited is public, who it is and why is not
)
class RoleInvitation(models.Model):
    """A role in an organisation, offered to whoever reads one mailbox.

    One person proposes it, another approves it, and then a mail is sent with a link that works
    once. Of the link's token only the SHA-256 is kept (it is 256 random bits, so no salt is
    needed). `email_key` is a keyed hash: it finds a second invitation to the same address.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    role = models.CharField(max_length=30, choices=Role.choices)
    status = models.CharField(
        max_length=10,
        choices=RoleInvitationStatus.choices,
        default=RoleInvitationStatus.PROPOSED,
    )
    email = ledger.SealedField()
    email_key = models.CharField(max_length=64)
    token_digest = models.CharField(max_length=64, blank=True)
    reason = models.TextField()
    decision_reason = models.TextField(blank=True)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_alone = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = RoleInvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(  # the key is empty once the address was erased
                fields=["email_key", "organisation", "role"],
                condition=Q(status__in=sorted(OPEN)) & ~Q(email_key=""),
                name="role_invitation_open_once",
            ),
            models.UniqueConstraint(
                fields=["token_digest"],
                condition=~Q(token_digest=""),
                name="role_invitation_token_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=RoleInvitationStatus.values),
                name="role_invitation_status_known",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values) & ~Q(role=Role.COMPANY_REPRESENTATIVE),
                name="role_invitation_role_known",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None)
                | ~Q(approved_by=F("proposed_by"))
                | Q(approved_alone=True),
                name="role_invitation_approved_by_another",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "refused", "withdrawn"])
                | Q(expires_at__isnull=False),
                name="role_invitation_sent_until",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["invited", "accepted", "declined", "expired"])
                | Q(approved_by__isnull=False),
                name="role_invitation_sent_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} · {self.organisation_id}"


class RoleEndingQuerySet(models.QuerySet["RoleEnding"]):
    def waiting(self) -> Self:
        """Those that wait for a second person."""
        return self.filter(status=RoleEndingStatus.PROPOSED)


@ledger.transitions("status", ROLE_ENDING_TRANSITIONS)
@ledger.recorded(
    name="role_ending",
    text=[
        "membership", "person", "status", "reason", "proposed_by", "proposed_at", "decided_by",
        "decided_at", "alone",
    ],
    closed=["reason", "act_reason"],
)  # fmt: skip
class RoleEnding(models.Model):
    """The end of somebody's role, proposed by an operator and decided by a second person, neither
    of them the one concerned. `alone`: there was no second. That a role has ended is public by the
    membership itself."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(
        max_length=10, choices=RoleEndingStatus.choices, default=RoleEndingStatus.PROPOSED
    )
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    alone = models.BooleanField()

    objects = RoleEndingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RoleEndingStatus.values), name="role_ending_status_known"
            ),
            models.UniqueConstraint(
                fields=["membership"],
                condition=Q(status=RoleEndingStatus.PROPOSED),
                name="role_ending_proposed_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=RoleEndingStatus.PROPOSED, decided_by=None, decided_at=None, alone=False
                )
                | ~Q(status=RoleEndingStatus.PROPOSED)
                & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="role_ending_decided_all_or_none",
            ),
            models.CheckConstraint(
                condition=~Q(proposed_by=F("person")), name="role_ending_proposed_by_another"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[RoleEndingStatus.DONE, RoleEndingStatus.REFUSED])
                | ~Q(decided_by=F("proposed_by")) & ~Q(decided_by=F("person"))
                | Q(status=RoleEndingStatus.DONE, alone=True),
                name="role_ending_decided_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} · {self.status}"


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    def waiting(self) -> Self:
        """Those that wait for a second person."""
        return self.filter(status=SuspensionStatus.PROPOSED)

    def in_force(self) -> Self:
        """Those whose account cannot be used now."""
        return self.filter(status=SuspensionStatus.IN_FORCE)

    def open(self) -> Self:
        """Those on which somebody may still act."""
        return self.filter(status__in=[SuspensionStatus.PROPOSED, SuspensionStatus.IN_FORCE])


@ledger.transitions("status", SUSPENSION_TRANSITIONS)
@ledger.recorded(
    name="suspension",
    text=[
        "person", "status", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at",
        "by_two", "lifted_by", "lifted_at", "lift_reason",
    ],
    closed=["act_reason"],
)  # fmt: skip
class Suspension(models.Model):
    """An account that cannot be used until it is restored. One operator suspends; where the account
    itself is an operator's or auditor's (`by_two`), a second person decides. The reason is read by
    whoever is suspended, and never opens in public; nor does who that is."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=SuspensionStatus.choices)
    by_two = models.BooleanField()
    reason = models.TextField()
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=SuspensionStatus.values), name="suspension_status_known"
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(status__in=[SuspensionStatus.PROPOSED, SuspensionStatus.IN_FORCE]),
                name="suspension_open_once",
            ),
            models.CheckConstraint(
                condition=~Q(proposed_by=F("person"))
                & (Q(decided_by=None) | ~Q(decided_by=F("person")))
                & (Q(lifted_by=None) | ~Q(lifted_by=F("person"))),
                name="suspension_by_another",
            ),
            models.CheckConstraint(
                condition=Q(status=SuspensionStatus.PROPOSED, decided_by=None, decided_at=None)
                | ~Q(status=SuspensionStatus.PROPOSED)
                & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="suspension_decided_all_or_none",
            ),
            models.CheckConstraint(
                condition=Q(by_two=False)
                | Q(status__in=[SuspensionStatus.PROPOSED, SuspensionStatus.WITHDRAWN])
                | ~Q(decided_by=F("proposed_by")),
                name="suspension_decided_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(status=SuspensionStatus.LIFTED)
                & Q(lifted_by__isnull=False, lifted_at__isnull=False)
                | ~Q(status=SuspensionStatus.LIFTED)
                & Q(lifted_by=None, lifted_at=None, lift_reason=""),
                name="suspension_lifted_all_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} · {self.status}"


class Scope(models.TextChoices):
    READ = "read", _("read")
    SUBMIT = "submit", _("submit evidence")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, now: datetime) -> Self:
        """Keys that are neither revoked nor expired and whose owner may sign in."""
        return self.filter(revoked_at=None, user__is_active=True).filter(
            Q(expires_at=None) | Q(expires_at__gt=now)
        )


@ledger.recorded(
    name="api_key",
    plain=["scopes"],
    text=["user", "label", "prefix", "digest", "created_at", "expires_at", "revoked_at"],
    coarse=True,
)
class ApiKey(models.Model):
    """A key for programs. The key itself is shown once; only its SHA-256 is kept (it is 256 random
    bits, so no salt is needed).

    In public its times are the day: what its owner files comes next in the log. Its id is random
    for the same reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    label = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = [  # empty once it was erased
            models.UniqueConstraint(
                fields=["digest"], condition=~Q(digest=""), name="api_key_digest_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"


@ledger.recorded(name="second_factor_reset", text=["user", "created_at"], coarse=True)
class SecondFactorReset(models.Model):
    """An operator took the second factor of an account away because it was lost. The reason stands
    with the entry, not in public."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    created_at = models.DateTimeField()


@ledger.recorded(name="account_deletion", text=["user", "created_at"], coarse=True)
class AccountDeletion(models.Model):
    """A person deleted their account. Its row stays under the pseudonym that the record names."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT)
    created_at = models.DateTimeField()


@ledger.derived(reason="names what is still to be erased; each erasure is recorded by itself")
class ErasureDue(models.Model):
    """Fields of a recorded object that go with a deleted account, once the owner of the tables
    erases them."""

    label = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    fields = models.JSONField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["label", "object_id"], name="erasure_due_once")
        ]

    def __str__(self) -> str:
        return f"{self.label}/{self.object_id}"


@ledger.derived(
    reason="private: that a form was sent, so that it is done once; what it did is recorded by "
    "itself"
)
class SentForm(models.Model):
    """A form that was sent and done. `content` is a keyed digest of what was typed, `location` the
    address that it led to."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=32)
    content = models.CharField(max_length=64)
    location = models.CharField(max_length=500)
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="sent_form_once")]


def new_key() -> str:
    """A fresh key: `ac_` and 43 characters of randomness."""
    return "ac_" + secrets.token_urlsafe(32)
