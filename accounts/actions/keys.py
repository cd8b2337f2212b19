"""Keys for programs."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import (
    ApiKey,
    Role,
    Scope,
    User,
    new_key,
)
from accounts.permissions import NotAllowedError

MAX_KEYS = 20


@transaction.atomic
def create_key(
    *, by: User, label: str, scopes: list[str], now: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Create an API key for oneself. Returns the key, which is never shown again. Raises
    ValidationError."""
    if ApiKey.objects.usable(now).filter(user=by).count() >= MAX_KEYS:
        raise ValidationError(
            _("You have %(count)d keys already. Revoke one first.") % {"count": MAX_KEYS}
        )
    if not scopes or set(scopes) - set(Scope.values):
        raise ValidationError(_("Choose what the key may do."))
    secret = new_key()
    key = ApiKey(
        user=by, label=label, prefix=secret[:8], digest=hashlib.sha256(secret.encode()).hexdigest(),
        scopes=sorted(set(scopes)), created_at=now, expires_at=expires_at,
    )  # fmt: skip
    key.full_clean()
    with ledger.act("key.created", by=by, role=Role.CONTRIBUTOR, name="account holder"):
        key.save(force_insert=True)
    return key, secret


@transaction.atomic
def revoke_key(*, by: User, key: ApiKey, now: datetime) -> None:
    """Revoke an API key of one's own, at once. Idempotent. Raises NotAllowedError."""
    if key.user_id != by.pk and not by.has_role(Role.OPERATOR):
        raise NotAllowedError(_("This is not your key."))
    with ledger.act("key.revoked", by=by, role=Role.CONTRIBUTOR, name="account holder"):
        ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
