"""An account is deleted by its person."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

import ledger
from accounts import own_data
from accounts.actions.endings import leave_role
from accounts.actions.invitations import addresses_of, key_of
from accounts.actions.roles import check_an_operator_stays, take_in_hand
from accounts.models import (
    AccountDeletion,
    ApiKey,
    ErasureDue,
    Membership,
    Role,
    RoleInvitation,
    User,
)
from accounts.own_data import Sealed
from accounts.permissions import NotAllowedError
from accounts.states import OPEN


@transaction.atomic
def delete_account(*, by: User, now: datetime) -> None:
    """Delete one's own account: whoever has its address can make a new one afterwards.

    The row stays under its pseudonym, because the record names it; addresses, password, factors,
    sessions and everything private go at once. What is sealed in the record waits for the owner of
    the tables (`erase_deleted_accounts`), who alone can erase it.

    Raises NotAllowedError for an account that was closed meanwhile, ValidationError for the last
    operator.
    """
    take_in_hand(by)
    if not by.is_active:
        raise NotAllowedError(_("This account cannot be used now. Nothing was changed."))
    check_an_operator_stays(by)
    for membership in Membership.objects.current().filter(user=by).order_by("pk"):
        leave_role(by=by, membership=membership, now=now)
    with ledger.act("key.revoked", by=by, role=Role.CONTRIBUTOR, name="account holder"):
        ApiKey.objects.filter(user=by, revoked_at=None).update(revoked_at=now)
    with ledger.act("account.deleted", by=by, role=Role.CONTRIBUTOR, name="account holder"):
        AccountDeletion.objects.create(user=by, created_at=now)
    ErasureDue.objects.bulk_create(
        [
            ErasureDue(
                label=due.label, object_id=due.object_id, fields=list(due.fields), due_at=now
            )
            for due in [*own_data.sealed(by), *_invitations(by)]
        ],
        ignore_conflicts=True,
    )
    own_data.delete_private_rows(by)
    _close_for_ever(by)


def _invitations(user: User) -> list[Sealed]:
    """Invitations to the account's addresses on which nobody acts any more."""
    keys = [key_of(address) for address in addresses_of(user)]
    ended = RoleInvitation.objects.filter(email_key__in=keys).exclude(status__in=OPEN)
    fields = ("email", "email_key", "token_digest")
    return [Sealed("role_invitation", str(row.pk), fields) for row in ended]


def _close_for_ever(user: User) -> None:
    """Nothing that tells the person stays on the row, and no session is worth anything."""
    user.set_unusable_password()
    User.objects.filter(pk=user.pk).update(
        email=f"{user.pk.hex}@deleted.invalid",
        password=user.password,
        last_login=None,
        is_active=False,
        sign_outs=F("sign_outs") + 1,
    )
