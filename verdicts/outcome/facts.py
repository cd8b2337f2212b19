"""Sentences about days, prices, counts, and functions that several people tried. English and
Chinese side by side; each number comes with what it counts."""

from __future__ import annotations

from decimal import Decimal

from accounts.labels import Lang
from ui.numbers import plain, thousands
from verdicts.conformity.amounts import Comparison
from verdicts.conformity.dates import Lateness, Punctuality
from verdicts.conformity.judging import Decision
from verdicts.conformity.observers import Agreement
from verdicts.conformity.proportions import Share


def counted(number: int, singular: str, plural: str) -> str:
    """`1 item`, `2 items`."""
    return f"{number} {singular if number == 1 else plural}"


def share_text(share: Share, lang: Lang) -> str:
    """Between which shares of all items like these the true one lies, if they are typical."""
    low, high = share.percents
    if lang == "en":
        return (
            f"If these items are typical, {low}% to {high}% of all such items meet it "
            f"({share.confidence}% Wilson interval)."
        )
    return (
        f"如果这些样品有代表性，全部同类样品中有{low}%至{high}%达到限值"
        f"（{share.confidence}%威尔逊区间）。"
    )


def lateness_text(lateness: Lateness, lang: Lang) -> str:
    """On time, late by so many days, or neither known."""
    least, most = lateness.at_least, lateness.at_most
    if lateness.decision == Punctuality.ON_TIME:
        return "On time." if lang == "en" else "按期。"
    if lateness.decision == Punctuality.UNDECIDED:
        if most is None:
            return "Not due yet." if lang == "en" else "未到承诺日期。"
        return (
            f"Inconclusive: on time, or late by up to {counted(most, 'day', 'days')}."
            if lang == "en"
            else f"无法判定：可能按期，也可能晚至多{most}天。"
        )
    if least == most:
        return f"Late by {counted(least, 'day', 'days')}." if lang == "en" else f"晚{least}天。"
    if lang == "en":
        up_to = "" if most is None else f" and at most {most}"
        return (
            f"Late by at least {least}{up_to} days."
            if up_to
            else f"Late by at least {counted(least, 'day', 'days')}."
        )
    return f"至少晚{least}天{'' if most is None else f'，至多晚{most}天'}。"


def price_text(comparison: Comparison, amount: Decimal, currency: str, lang: Lang) -> str:
    """A price against the threshold."""
    paid = f"{currency} {thousands(amount)}" if lang == "en" else f"{thousands(amount)} {currency}"
    if comparison.decision == Decision.CONFORMS:
        return (
            f"The price of {paid} is within the threshold."
            if lang == "en"
            else f"价格{paid}，在限值之内。"
        )
    beyond = thousands(comparison.beyond)
    return (
        f"The price of {paid} is beyond the threshold by {currency} {beyond}."
        if lang == "en"
        else f"价格{paid}，超出限值{beyond} {currency}。"
    )


def count_text(comparison: Comparison, count: int, lang: Lang) -> str:
    """A count against the threshold."""
    beyond = plain(comparison.beyond)
    if comparison.decision == Decision.CONFORMS:
        return (
            f"Counted: {count}, as the threshold asks."
            if lang == "en"
            else f"计数{count}，达到限值。"
        )
    return (
        f"Counted: {count}, which misses the threshold by {beyond}."
        if lang == "en"
        else f"计数{count}，与限值相差{beyond}。"
    )


def agreement_text(agreement: Agreement, lang: Lang) -> str:
    """How many observers saw it work, and whether they agree."""
    n, works, fails, open_ = (
        agreement.observers, agreement.works, agreement.fails, agreement.cannot_tell,
    )  # fmt: skip
    low, high = agreement.share.percents
    if lang == "en":
        parts = [f"{works} of {counted(n, 'observer', 'observers')} saw it work"]
        parts += [f"{fails} saw it fail"] if fails else []
        parts += [f"{open_} could not tell"] if open_ else []
        apart = " They disagree." if agreement.decision == Decision.DISAGREE else ""
        return (
            f"{', '.join(parts)}.{apart} If they are typical, {low}% to {high}% of such people "
            f"would see it work (95% Wilson interval)."
        )
    parts = [f"{n}人中{works}人见到功能有效"]
    parts += [f"{fails}人见到功能无效"] if fails else []
    parts += [f"{open_}人无法判断"] if open_ else []
    apart = "所见不一致。" if agreement.decision == Decision.DISAGREE else ""
    return (
        f"{'，'.join(parts)}。{apart}如果他们有代表性，同类人中有{low}%至{high}%会见到功能有效"
        f"（95%威尔逊区间）。"
    )
