"""What stands in the record already and may be the same as what somebody types: companies,
products, sources and claims. Suggestions for a person, never a decision.

Companies and products are compared by their folded names (accounts.organisation_names), all of
them: there are thousands, not millions. Claims are compared with those of the companies that fit,
by the share of letters in common; and with all others by pieces of their words, for which there is
an index (claims.searching).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from rapidfuzz import fuzz

from accounts.organisation_names import fold_name
from claims.models import Appearance, Claim, ClaimProposal, Company, LegalEntity, Product, Source
from claims.searching import ContainsAll, Words, pairs

#: How many of each are shown.
MOST: Final = 6
#: How many names, and how many quotes of the companies that fit, are compared.
NAMES: Final = 20_000
QUOTES: Final = 2_000
#: From this share of letters in common (in per cent) two quotes are shown as alike, two names too.
ALIKE: Final = 70
ALIKE_NAMES: Final = 88
#: A shorter text stands in nearly every other.
SHORTEST: Final = 4
#: The index is asked for this many pieces of a quote, of this many characters each.
PIECES: Final = 3
PIECE: Final = 24
_PARTS: Final = re.compile(r"[^\n,.;:!?，。；：！？、…]+")
_WORDS: Final = re.compile(r"[^\W_]+")
_COMPARED: Final = 1_000


def plain(text: str) -> str:
    """Letters and digits alone, of one width and one case.

    >>> plain("ＡＢＣ 手机（中国）!")
    'abc手机中国'
    """
    return "".join(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


@dataclass(frozen=True)
class SimilarClaim:
    """A claim that may be the same, and how much of the words is shared, in per cent."""

    claim: Claim
    likeness: int


@dataclass(frozen=True)
class Duplicates:
    """What may be the same, the most probable first."""

    companies: list[Company] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    claims: list[SimilarClaim] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.must_be_looked_at or self.sources)

    @property
    def must_be_looked_at(self) -> bool:
        """Whether a second row of the same thing might come of it. An address is recorded once
        anyway."""
        return bool(self.companies or self.products or self.claims)


def find_duplicates(
    *,
    companies: Iterable[str] = (),
    products: Iterable[str] = (),
    quote: str = "",
    address: str = "",
    company: UUID | None = None,
) -> Duplicates:
    """What may be the same as what is named: each company and product by any of its names, the
    claim by its quote, the source by its address. `company` is one that was chosen already."""
    named = companies_named(companies)
    source = list(Source.objects.filter(url=address).select_related("company")) if address else []
    of_companies = {each.pk for each in named} | {each.company_id for each in source}
    of_companies |= {company} if company else set()
    return Duplicates(
        companies=named,
        products=products_named(products, of_companies),
        sources=source,
        claims=similar_claims(quote, of_companies, source),
    )


def companies_named(names: Iterable[str]) -> list[Company]:
    """Companies of which one name, or a name of one of their legal entities, folds to the same as
    one of `names` or nearly so. Best first."""
    wanted = {folded for name in names if (folded := fold_name(name))}
    if not wanted:
        return []
    scores: dict[UUID, float] = {}
    for owner, name in _named(Company, "id"):
        scores[owner] = max(scores.get(owner, 0), _score(wanted, map(fold_name, name)))
    for owner, name in _named(LegalEntity, "company_id"):
        scores[owner] = max(scores.get(owner, 0), _score(wanted, map(fold_name, name)))
    return _best(Company.objects.all(), scores)


def products_named(names: Iterable[str], companies: set[UUID]) -> list[Product]:
    """Products of these companies that are called the same, or nearly so. Best first."""
    wanted = {folded for name in names if (folded := plain(name))}
    if not wanted or not companies:
        return []
    scores = {
        pk: _score(wanted, map(plain, name))
        for pk, name in _named(Product, "id", company__in=companies)
    }
    return _best(Product.objects.select_related("company"), scores)


def similar_claims(
    quote: str, companies: set[UUID], sources: Iterable[Source] = ()
) -> list[SimilarClaim]:
    """Claims whose quote is nearly this one. Most alike first."""
    wanted = plain(quote)[:_COMPARED]
    if len(wanted) < SHORTEST:
        return []
    ours = Claim.objects.filter(company__in=companies)
    candidates = dict(ours.newest().values_list("pk", "quote")[:QUOTES])
    candidates |= dict(_sharing_words(quote).values_list("pk", "quote")[: QUOTES // 10])
    placed = Appearance.objects.filter(source__in=[source.pk for source in sources])
    for pk, exact in placed.values_list("claim", "exact")[:QUOTES]:
        candidates[pk] = exact or candidates.get(pk, "")
    scores = {pk: likeness(wanted, plain(text)[:_COMPARED]) for pk, text in candidates.items()}
    best = sorted((pk for pk in scores if scores[pk] >= ALIKE), key=lambda pk: (-scores[pk], pk))
    rows = Claim.objects.with_shown_parts().in_bulk(best[:MOST])
    return [SimilarClaim(rows[pk], round(scores[pk])) for pk in best[:MOST]]


def similar_proposals(proposal: ClaimProposal) -> list[ClaimProposal]:
    """Proposals that still wait and may be of the same claim. For moderators alone."""
    wanted = plain(proposal.quote)[:_COMPARED]
    others = ClaimProposal.objects.undecided().exclude(pk=proposal.pk).order_by("-proposed_at")
    return [
        other
        for other in others[:QUOTES]
        if likeness(wanted, plain(other.quote)[:_COMPARED]) >= ALIKE
    ][:MOST]


def likeness(left: str, right: str) -> float:
    """How much two plain texts share, from 0 to 100: a text that stands in the other whole shares
    all, if it is no mere word."""
    shorter, longer = sorted((left, right), key=len)
    if len(shorter) >= SHORTEST and shorter in longer:
        return 100 if len(shorter) * 4 >= len(longer) else ALIKE
    return float(fuzz.ratio(left, right, score_cutoff=ALIKE))


def _sharing_words(quote: str) -> Any:
    """Claims of anyone that hold one of the longest pieces of a quote, letter by letter."""
    parts = sorted((part.strip() for part in _PARTS.findall(quote.lower())), key=len, reverse=True)
    pieces = [part[:PIECE].strip() for part in parts[:PIECES] if len(part) >= 2 * SHORTEST]
    condition = Q(pk__in=[])
    for piece in pieces:
        condition |= Q(ContainsAll(Words(), pairs(piece))) & Q(
            GreaterThan(StrIndex(Words(), Value(piece)), 0)
        )
    return Claim.objects.filter(condition).newest()


def _named(model: Any, owner: str, **only: Any) -> Iterable[tuple[UUID, list[str]]]:
    """The owner of each row, and all that the row is called."""
    rows = model.objects.filter(**only).order_by("-id").values_list(owner, "name")[:NAMES]
    for pk, name in rows:
        yield pk, texts_of(name)


def texts_of(written: Any) -> list[str]:
    """All texts of a written one, in whatever language; none where it was erased."""
    if not isinstance(written, dict) or "text" not in written:
        return []
    return [
        written["text"],
        *(each["text"] for each in written.get("translations", {}).values()),
    ]


def _score(wanted: set[str], names: Iterable[str]) -> float:
    return max((_same_name(left, right) for left in wanted for right in names if right), default=0)


def _same_name(left: str, right: str) -> float:
    """100 for the same; less for a name that begins the other, or differs by a letter."""
    if left == right:
        return 100
    shorter, longer = sorted((left, right), key=len)
    # Two Chinese characters are a name; two letters of others are not.
    enough = 2 if not shorter.isascii() else SHORTEST
    if len(shorter) >= enough and longer.startswith(shorter):
        return 95
    return float(fuzz.ratio(left, right, score_cutoff=ALIKE_NAMES))


def _best(rows: Any, scores: dict[UUID, float]) -> list[Any]:
    best = sorted((pk for pk in scores if scores[pk] > 0), key=lambda pk: (-scores[pk], pk))[:MOST]
    stored = rows.in_bulk(best)
    return [stored[pk] for pk in best]
