"""What was concluded, edited and found unavailable last, as Atom (RFC 4287) for readers who
subscribe.

An entry's id is the permanent address of what it tells of, which never changes; its words, and the
page that it leads to, are in the language of the feed. Nothing is in a feed that is not on a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import everyone
from claims import headlines
from claims.localized_text import read
from claims.models import Company
from reports.pages import listing
from reports.pages.corrections import Correction
from reports.pages.corrections import corrections as found_corrections
from reports.pages.corrections import read as read_corrections
from reports.pages.dependencies import CHECKPOINT, CLAIMS, DISAPPEARANCES, EDITS, VERDICTS
from reports.pages.public_pages import public_page, shows
from ui.languages import page_language, without_language
from verdicts.states import Rating

SHOWN: Final = 50
#: What XML 1.0 cannot hold (section 2.2), though an untrusted page may.
_UNSERIALISABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Atom(Atom1Feed):
    """The same bytes as long as its entries are the same, also while there are none."""

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else datetime.fromtimestamp(0, UTC)


class _Feed:
    """One feed being written: entries newest first, each with the moment it became public."""

    def __init__(self, request: HttpRequest, *, title: str, about: str) -> None:
        self._request = request
        # also the feed's id, one for each language: the same by whatever name the site is asked
        here = self.absolute(request.path)
        self._lang = page_language()
        self._entries: list[dict[str, Any]] = []
        self._feed = _Atom(
            title=title,
            link=self.absolute(reverse("reports:front")),
            description=about,
            subtitle=about,
            language=get_language(),
            feed_url=here,
            feed_guid=here,
            author_name="AsClaimed",
        )

    def words(self, written: dict[str, Any]) -> str:
        return read(written, self._lang).text

    def title(self, text: str, *, reconstruction: bool) -> str:
        """The title of an entry; readers list titles alone, so a demonstration says there that it
        is one."""
        return f"{_('demonstration').capitalize()}: {text}" if reconstruction else text

    def absolute(self, address: str) -> str:
        """Where this installation says that it is, not where it was asked."""
        return f"{settings.SITE_URL}{address}"

    def add(
        self,
        *,
        address: str,
        title: str,
        template: str,
        context: dict[str, Any],
        company: Company | None,
        at: datetime,
    ) -> None:
        description = render_to_string(f"reports/feeds/{template}.html", context, self._request)
        entry = {
            "title": _UNSERIALISABLE.sub("\ufffd", title),
            "link": self.absolute(address),
            "unique_id": self.absolute(without_language(address)),
            "description": _UNSERIALISABLE.sub("\ufffd", description),
            "categories": [self.words(company.name)] if company else (),
            "pubdate": at,
            "updateddate": at,
        }
        self._entries.append(entry)

    def answer(self) -> HttpResponse:
        for entry in sorted(self._entries, key=itemgetter("updateddate"), reverse=True)[:SHOWN]:
            self._feed.add_item(**entry)
        return HttpResponse(
            self._feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8"
        )


_View = Callable[[HttpRequest], _Feed]


def _feed(*keys: str) -> Callable[[_View], Callable[[HttpRequest], HttpResponseBase]]:
    def decorate(view: _View) -> Callable[[HttpRequest], HttpResponseBase]:
        @require_safe
        @everyone
        @public_page
        def answer(request: HttpRequest) -> HttpResponse:
            shows(request, *keys, as_list=True)
            return view(request).answer()

        answer.__doc__ = view.__doc__
        return answer

    return decorate


@_feed(VERDICTS)
def verdicts(request: HttpRequest) -> _Feed:
    """Latest verdicts, as Atom. A replaced verdict appears again, under its own id, and says
    so."""
    feed = _Feed(
        request, title=_("Latest verdicts"), about=_("What companies said, beside what buyers got")
    )
    judged = [
        (concluded.claim, judgement, judgement.verdict)
        for concluded in listing.newest_verdicts(SHOWN)
        for judgement in concluded.judgements
    ]
    dated = [
        (verdict.published_at, verdict, claim, judgement)
        for claim, judgement, verdict in judged
        if verdict and verdict.published_at
    ]
    for at, verdict, claim, judgement in dated:
        title = headlines.of_verdict(
            str(Rating(verdict.rating).label), feed.words(judgement.aspect.statement)
        )
        feed.add(
            address=reverse("reports:verdict", args=[verdict.reference]),
            title=feed.title(title, reconstruction=claim.reconstruction),
            template="verdict",
            context={"claim": claim, "judgement": judgement},
            company=claim.company,
            at=at,
        )
    for old in listing.newest_replaced(SHOWN):
        assert old.successor is not None  # of those superseded, by the action
        assert old.successor.published_at is not None
        claim = old.aspect.claim
        feed.add(
            address=reverse("reports:verdict", args=[old.reference]),
            title=feed.title(
                headlines.of_verdict(_("Replaced"), feed.words(old.aspect.statement)),
                reconstruction=claim.reconstruction,
            ),
            template="replaced",
            context={
                "claim": claim,
                "successor": old.successor,
                "address": feed.absolute(
                    reverse("reports:verdict", args=[old.successor.reference])
                ),
            },
            company=claim.company,
            at=old.successor.published_at,
        )
    return feed


@_feed(EDITS)
def edits(request: HttpRequest) -> _Feed:
    """Latest edits of sources with a claim, as Atom."""
    feed = _Feed(
        request,
        title=_("Latest edits"),
        about=_("Texts that changed after a claim was found in them, word by word."),
    )
    for edit in listing.newest_edits(SHOWN):
        version = edit.version
        feed.add(
            address=f"{reverse('reports:diff', args=[version.source_id])}?to={version.number}",
            title=feed.title(feed.words(version.source.title), reconstruction=edit.reconstruction),
            template="edit",
            context={"version": version, "quotes": edit.quotes},
            company=version.source.company,
            at=version.created_at,
        )
    return feed


@_feed(DISAPPEARANCES)
def disappearances(request: HttpRequest) -> _Feed:
    """Sources no longer available, as Atom."""
    feed = _Feed(
        request,
        title=_("No longer available"),
        about=_("Sources that are no longer available, with the quotes they contained."),
    )
    for item in listing.newest_disappearances(SHOWN):
        assert item.gone.confirmed_at  # of those confirmed, by their constraint
        feed.add(
            address=f"{reverse('reports:source', args=[item.gone.source_id])}#gone-{item.gone.pk}",
            title=feed.title(
                feed.words(item.gone.source.title), reconstruction=item.reconstruction
            ),
            template="disappearance",
            context={"gone": item.gone, "appearances": item.appearances},
            company=item.gone.source.company,
            at=item.gone.confirmed_at,
        )
    return feed


@_feed(CHECKPOINT, CLAIMS, VERDICTS, EDITS)
def corrections(request: HttpRequest) -> _Feed:
    """Latest corrections, as Atom."""
    feed = _Feed(
        request,
        title=_("Corrections"),
        about=_("Our corrections to verdicts, claims and evidence."),
    )
    for correction in read_corrections(list(found_corrections().order_by("-index")[:SHOWN])):
        claim = correction.claim
        feed.add(
            address=reverse("reports:entry", args=[correction.view.change.index]),
            title=feed.title(
                headlines.of_verdict(str(correction.view.what), _words(feed, correction)),
                reconstruction=bool(claim and claim.reconstruction),
            ),
            template="correction",
            context={"correction": correction, "address": feed.absolute(correction.address)},
            company=claim.company if claim else None,
            at=correction.view.change.at,
        )
    return feed


def _words(feed: _Feed, correction: Correction) -> str:
    if correction.claim is None:
        return correction.reference
    return feed.words(
        correction.thing.aspect.statement
        if correction.type in {"verdict", "criterion"}
        else correction.claim.summary
    )
