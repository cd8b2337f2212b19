"""The vocabularies of what was said, and the one workflow of a claim."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.choices import label
from claims import labels


class Channel(models.TextChoices):
    LAUNCH_EVENT = "launch_event", label(labels.CHANNEL["launch_event"])
    SOCIAL_POST = "social_post", label(labels.CHANNEL["social_post"])
    PRODUCT_PAGE = "product_page", label(labels.CHANNEL["product_page"])
    BROCHURE = "brochure", label(labels.CHANNEL["brochure"])
    ORDER_PAGE = "order_page", label(labels.CHANNEL["order_page"])
    APP_SCREEN = "app_screen", label(labels.CHANNEL["app_screen"])
    CONTRACT = "contract", label(labels.CHANNEL["contract"])
    SALES_CHAT = "sales_chat", label(labels.CHANNEL["sales_chat"])
    STATEMENT = "statement", label(labels.CHANNEL["statement"])
    RELEASE_NOTES = "release_notes", label(labels.CHANNEL["release_notes"])
    PRESS = "press", label(labels.CHANNEL["press"])
    AUTHORITY = "authority", label(labels.CHANNEL["authority"])
    MARKET_DATA = "market_data", label(labels.CHANNEL["market_data"])


#: Where a company advertises, and what binds it or shows what was agreed. Someone else speaks in
#: the third.
ADVERTISING = frozenset(
    {Channel.LAUNCH_EVENT, Channel.SOCIAL_POST, Channel.PRODUCT_PAGE, Channel.BROCHURE}
)
BINDING = frozenset({Channel.CONTRACT, Channel.ORDER_PAGE, Channel.APP_SCREEN})
OTHERS = frozenset({Channel.PRESS, Channel.AUTHORITY, Channel.MARKET_DATA})


class Stance(models.TextChoices):
    """What a source says about a promise that was made somewhere."""

    SAYS_SO = "says_so", _("consistent")
    SAYS_OTHERWISE = "says_otherwise", _("different")
    NO_MENTION = "no_mention", _("not mentioned")


class EntityRoleKind(models.TextChoices):
    MADE = "made", label(labels.ENTITY_ROLE["made"])
    SOLD = "sold", label(labels.ENTITY_ROLE["sold"])
    SERVICES = "services", label(labels.ENTITY_ROLE["services"])
    SIGNED = "signed", label(labels.ENTITY_ROLE["signed"])
    SPOKE = "spoke", label(labels.ENTITY_ROLE["spoke"])
    TOOK_MONEY = "took_money", label(labels.ENTITY_ROLE["took_money"])
    ANSWERS = "answers", label(labels.ENTITY_ROLE["answers"])


class ProductKind(models.TextChoices):
    GOODS = "goods", _("product")
    SERVICE = "service", _("service")


class ClaimKind(models.TextChoices):
    EXPRESS = "express", label(labels.CLAIM_KIND["express"])
    IMPLIED = "implied", label(labels.CLAIM_KIND["implied"])
    PUFFERY = "puffery", label(labels.CLAIM_KIND["puffery"])


class ClaimStatus(models.TextChoices):
    REGISTERED = "registered", label(labels.CLAIM_STATUS["registered"])
    WITHDRAWN = "withdrawn", label(labels.CLAIM_STATUS["withdrawn"])


CLAIM_TRANSITIONS: dict[str, frozenset[str]] = {
    ClaimStatus.REGISTERED: frozenset({ClaimStatus.WITHDRAWN}),
    ClaimStatus.WITHDRAWN: frozenset(),
}


class ClaimProposalStatus(models.TextChoices):
    """What became of a claim that somebody proposed. Never a finding."""

    PROPOSED = "proposed", label(labels.CLAIM_PROPOSAL_STATUS["proposed"])
    RETURNED = "returned", label(labels.CLAIM_PROPOSAL_STATUS["returned"])
    REGISTERED = "registered", label(labels.CLAIM_PROPOSAL_STATUS["registered"])
    MERGED = "merged", label(labels.CLAIM_PROPOSAL_STATUS["merged"])
    PUFFERY = "puffery", label(labels.CLAIM_PROPOSAL_STATUS["puffery"])
    REFUSED = "refused", label(labels.CLAIM_PROPOSAL_STATUS["refused"])
    WITHDRAWN = "withdrawn", label(labels.CLAIM_PROPOSAL_STATUS["withdrawn"])


#: Those that a claim came of, or that an earlier claim took in.
TAKEN_UP = frozenset(
    {
        ClaimProposalStatus.REGISTERED,
        ClaimProposalStatus.MERGED,
        ClaimProposalStatus.PUFFERY,
    }
)
# A question need not be answered before a moderator decides: a proposer who never replies does not
# keep a proposal open.
CLAIM_PROPOSAL_TRANSITIONS: dict[str, frozenset[str]] = {
    ClaimProposalStatus.PROPOSED: frozenset(
        {
            *TAKEN_UP,
            ClaimProposalStatus.RETURNED,
            ClaimProposalStatus.REFUSED,
            ClaimProposalStatus.WITHDRAWN,
        }
    ),
    ClaimProposalStatus.RETURNED: frozenset(
        {
            *TAKEN_UP,
            ClaimProposalStatus.PROPOSED,
            ClaimProposalStatus.REFUSED,
            ClaimProposalStatus.WITHDRAWN,
        }
    ),
    ClaimProposalStatus.REGISTERED: frozenset(),
    ClaimProposalStatus.MERGED: frozenset(),
    ClaimProposalStatus.PUFFERY: frozenset(),
    ClaimProposalStatus.REFUSED: frozenset(),
    ClaimProposalStatus.WITHDRAWN: frozenset(),
}
#: On these somebody still has to act.
UNDECIDED = frozenset({ClaimProposalStatus.PROPOSED, ClaimProposalStatus.RETURNED})


class AspectKind(models.TextChoices):
    FUNCTION = "function", label(labels.ASPECT_KIND["function"])
    QUANTITY = "quantity", label(labels.ASPECT_KIND["quantity"])
    APPEARANCE = "appearance", label(labels.ASPECT_KIND["appearance"])
    PRICE = "price", label(labels.ASPECT_KIND["price"])
    DATE = "date", label(labels.ASPECT_KIND["date"])
    PROCESS = "process", label(labels.ASPECT_KIND["process"])


class Progress(models.TextChoices):
    """How far the work on an aspect is. Never a finding."""

    NOT_YET_RATED = "not_yet_rated", label(labels.PROGRESS["not_yet_rated"])
    NOT_YET_DUE = "not_yet_due", label(labels.PROGRESS["not_yet_due"])
    IN_PROGRESS = "in_progress", label(labels.PROGRESS["in_progress"])
    IN_REVIEW = "in_review", label(labels.PROGRESS["in_review"])
    REPLY_WINDOW_OPEN = "reply_window_open", label(labels.PROGRESS["reply_window_open"])
    OVERDUE = "overdue", label(labels.PROGRESS["overdue"])
    RATED = "rated", label(labels.PROGRESS["rated"])
    OUT_OF_SCOPE = "out_of_scope", label(labels.PROGRESS["out_of_scope"])


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
    AT_LEAST = "at_least", label(labels.COMPARATOR["at_least"])
    AT_MOST = "at_most", label(labels.COMPARATOR["at_most"])
    BETWEEN = "between", label(labels.COMPARATOR["between"])
    EXACTLY = "exactly", label(labels.COMPARATOR["exactly"])
    ABOUT = "about", label(labels.COMPARATOR["about"])


class BasisKind(models.TextChoices):
    """Whose figure a threshold is. Only the company’s own is called a claimed value, and only while
    its words state it."""

    CLAIMED = "claimed", label(labels.BASIS_KIND["claimed"])
    STANDARD = "standard", label(labels.BASIS_KIND["standard"])
    SET_BY_US = "set_by_us", label(labels.BASIS_KIND["set_by_us"])


class FlagKind(models.TextChoices):
    EDITED_AFTER_PUBLICATION = (
        "edited_after_publication",
        label(labels.FLAG["edited_after_publication"]),
    )
    DELETED = "deleted", label(labels.FLAG["deleted"])
    DISCLAIMER_ADDED_LATER = "disclaimer_added_later", label(labels.FLAG["disclaimer_added_later"])
    REMEDIED = "remedied", label(labels.FLAG["remedied"])
    COMPANY_REPLIED = "company_replied", label(labels.FLAG["company_replied"])
    COMPANY_SILENT = "company_silent", label(labels.FLAG["company_silent"])
    DISPUTED = "disputed", label(labels.FLAG["disputed"])
    SUPERSEDED = "superseded", label(labels.FLAG["superseded"])


#: Flags that a moderator may withdraw with a reason.
#: Those of the reply follow what was asked and replied.
WITHDRAWABLE = frozenset(FlagKind) - {FlagKind.COMPANY_REPLIED, FlagKind.COMPANY_SILENT}
