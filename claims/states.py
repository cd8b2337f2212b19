"""The vocabularies of what was said, and the one workflow of a claim."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    LAUNCH_EVENT = "launch_event", _("launch event")
    SOCIAL_POST = "social_post", _("social post")
    PRODUCT_PAGE = "product_page", _("product page")
    BROCHURE = "brochure", _("brochure")
    ORDER_PAGE = "order_page", _("order page")
    APP_SCREEN = "app_screen", _("app screen")
    CONTRACT = "contract", _("contract")
    SALES_CHAT = "sales_chat", _("sales chat")
    STATEMENT = "statement", _("official statement")
    RELEASE_NOTES = "release_notes", _("release notes")
    PRESS = "press", _("press report")
    AUTHORITY = "authority", _("notice of an authority")
    MARKET_DATA = "market_data", _("market data")


#: Where a company advertises, and what binds it or shows what was agreed. Someone else speaks in
#: the third.
ADVERTISING = frozenset(
    {Channel.LAUNCH_EVENT, Channel.SOCIAL_POST, Channel.PRODUCT_PAGE, Channel.BROCHURE}
)
BINDING = frozenset({Channel.CONTRACT, Channel.ORDER_PAGE, Channel.APP_SCREEN})
OTHERS = frozenset({Channel.PRESS, Channel.AUTHORITY, Channel.MARKET_DATA})


class Stance(models.TextChoices):
    """What a source says about a promise that was made somewhere."""

    SAYS_SO = "says_so", _("says so")
    SAYS_OTHERWISE = "says_otherwise", _("says otherwise")
    NO_MENTION = "no_mention", _("does not mention it")


class EntityRoleKind(models.TextChoices):
    MADE = "made", _("made it")
    SOLD = "sold", _("sold it")
    SERVICES = "services", _("services it")
    SIGNED = "signed", _("signed the contract")
    SPOKE = "spoke", _("made the claim")
    TOOK_MONEY = "took_money", _("took the money")
    ANSWERS = "answers", _("answers for it")


class ProductKind(models.TextChoices):
    GOODS = "goods", _("product")
    SERVICE = "service", _("service")


class ClaimKind(models.TextChoices):
    EXPRESS = "express", _("express claim")
    IMPLIED = "implied", _("implied claim")
    PUFFERY = "puffery", _("puffery")


class ClaimStatus(models.TextChoices):
    REGISTERED = "registered", _("registered")
    WITHDRAWN = "withdrawn", _("withdrawn by AsClaimed")


CLAIM_TRANSITIONS: dict[str, frozenset[str]] = {
    ClaimStatus.REGISTERED: frozenset({ClaimStatus.WITHDRAWN}),
    ClaimStatus.WITHDRAWN: frozenset(),
}


class AspectKind(models.TextChoices):
    FUNCTION = "function", _("function")
    QUANTITY = "quantity", _("quantity")
    APPEARANCE = "appearance", _("appearance")
    PRICE = "price", _("price")
    DATE = "date", _("date")
    PROCESS = "process", _("process")


class Progress(models.TextChoices):
    """How far the work on an aspect is. Never a finding."""

    NOT_YET_RATED = "not_yet_rated", _("not yet rated")
    NOT_YET_DUE = "not_yet_due", _("not yet due")
    IN_PROGRESS = "in_progress", _("in progress")
    IN_REVIEW = "in_review", _("in review")
    REPLY_WINDOW_OPEN = "reply_window_open", _("waiting for the company’s reply")
    OVERDUE = "overdue", _("overdue")
    RATED = "rated", _("rated")
    OUT_OF_SCOPE = "out_of_scope", _("out of scope")


# A point is rated only after the company was asked about it: what was out of scope when it was
# asked waits for another request. While a proposal waits, a second further request does not hold it
# up, so a point may be rated while the company may still reply. A standing verdict is replaced,
# never taken away, so nothing follows on `rated`.
PROGRESS_TRANSITIONS: dict[str, frozenset[str]] = {
    Progress.NOT_YET_RATED: frozenset(
        {Progress.IN_PROGRESS, Progress.REPLY_WINDOW_OPEN, Progress.OUT_OF_SCOPE}
    ),
    Progress.NOT_YET_DUE: frozenset(
        {Progress.OVERDUE, Progress.REPLY_WINDOW_OPEN, Progress.OUT_OF_SCOPE}
    ),
    Progress.OVERDUE: frozenset(
        {Progress.IN_PROGRESS, Progress.REPLY_WINDOW_OPEN, Progress.OUT_OF_SCOPE}
    ),
    Progress.IN_PROGRESS: frozenset({Progress.REPLY_WINDOW_OPEN, Progress.OUT_OF_SCOPE}),
    Progress.REPLY_WINDOW_OPEN: frozenset(
        {Progress.IN_REVIEW, Progress.RATED, Progress.OUT_OF_SCOPE}
    ),
    Progress.IN_REVIEW: frozenset(
        {Progress.REPLY_WINDOW_OPEN, Progress.RATED, Progress.OUT_OF_SCOPE}
    ),
    Progress.OUT_OF_SCOPE: frozenset({Progress.NOT_YET_RATED}),
    Progress.RATED: frozenset(),
}


class Comparator(models.TextChoices):
    AT_LEAST = "at_least", _("at least")
    AT_MOST = "at_most", _("at most")


class BasisKind(models.TextChoices):
    """Whose figure a threshold is. Only the company’s own is called a claimed value, and only while
    its words state it."""

    CLAIMED = "claimed", _("claimed by the company")
    STANDARD = "standard", _("from a standard")
    SET_BY_US = "set_by_us", _("set by AsClaimed")


class FlagKind(models.TextChoices):
    EDITED_AFTER_PUBLICATION = "edited_after_publication", _("edited after publication")
    DELETED = "deleted", _("deleted")
    DISCLAIMER_ADDED_LATER = "disclaimer_added_later", _("disclaimer added later")
    REMEDIED = "remedied", _("remedied")
    COMPANY_REPLIED = "company_replied", _("the company replied")
    COMPANY_SILENT = "company_silent", _("no reply by the deadline")
    DISPUTED = "disputed", _("disputed")
    SUPERSEDED = "superseded", _("superseded")


#: Flags that a moderator may withdraw with a reason. Those of the reply follow what was asked and
#: replied.
WITHDRAWABLE = frozenset(FlagKind) - {FlagKind.COMPANY_REPLIED, FlagKind.COMPANY_SILENT}
