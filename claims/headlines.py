"""A claim and its verdict as a heading: never the claim alone, which would read as our own
statement."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ui.shortening import shortened


def of_claim(words: str) -> str:
    """A claim's summary as the heading of its page. A text that was erased is none."""
    return _("Claim: “%(words)s”") % {"words": shortened(words)} if words else _("Claim")


def of_verdict(rating: str, words: str) -> str:
    """What was concluded, then the point it is about; `rating` is its label."""
    label = rating[:1].upper() + rating[1:]
    if not words:
        return label
    return _("%(rating)s: “%(words)s”") % {"rating": label, "words": shortened(words)}


def quoted(words: str) -> str:
    """The same words where the line around them says what they are."""
    return _("“%(words)s”") % {"words": words} if words else ""
