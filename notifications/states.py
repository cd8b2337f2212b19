"""What becomes of a mail."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MailState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    REFUSED = "refused", _("refused by the mail server")
    BOUNCED = "bounced", _("returned")
    UNKNOWN = "unknown", _("interrupted, and not sent again")
    DROPPED = "dropped", _("not needed any more")


#: A mail that is claimed is sent at most once: from SENDING it comes back to WAITING only where the
#: server did not take it. A worker that was thought dead may still say that it sent.
MAIL_TRANSITIONS: dict[MailState, frozenset[MailState]] = {
    MailState.WAITING: frozenset({MailState.SENDING, MailState.DROPPED}),
    MailState.SENDING: frozenset(
        {MailState.SENT, MailState.WAITING, MailState.REFUSED, MailState.UNKNOWN}
    ),
    MailState.UNKNOWN: frozenset({MailState.SENT, MailState.BOUNCED}),
    MailState.SENT: frozenset({MailState.BOUNCED}),
    MailState.REFUSED: frozenset(),
    MailState.BOUNCED: frozenset(),
    MailState.DROPPED: frozenset(),
}
