"""One promise across channels: every place beside every other, with what each says about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from claims.states import Channel, Stance

if TYPE_CHECKING:
    from reports.pages.source_page import AppearanceView

#: From the stage to the paper: the order in which a buyer meets them.
ORDER: Final = (
    Channel.LAUNCH_EVENT, Channel.SOCIAL_POST, Channel.PRODUCT_PAGE, Channel.BROCHURE,
    Channel.SALES_CHAT, Channel.ORDER_PAGE,
    Channel.CONTRACT, Channel.APP_SCREEN, Channel.RELEASE_NOTES, Channel.STATEMENT, Channel.PRESS,
    Channel.AUTHORITY, Channel.MARKET_DATA,
)  # fmt: skip


@dataclass
class ChannelComparison:
    """Places in the order in which a buyer meets them, and how many say so, say otherwise, do not
    mention it."""

    rows: list[AppearanceView]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Each stance that occurs, with its number."""
        count = Counter(row.appearance.says for row in self.rows)
        return [(stance, count[stance]) for stance in Stance.values if count[stance]]


def compare_channels(places: Sequence[AppearanceView]) -> ChannelComparison:
    """Every place of a claim, laid beside each other."""
    return ChannelComparison(
        sorted(places, key=lambda place: ORDER.index(Channel(place.line.source.channel)))
    )
