"""What the measured values of an aspect come to, in a few sentences.

Input is a conformity as a verdict keeps it (`Conformity.to_json`). The sentence says how many of
how many items meet the threshold and names both ends of what was measured, the least favourable
first, so that no number of one item is told of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from accounts.labels import Lang
from ui.numbers import plain
from verdicts.conformity import INDEPENDENT, Decision
from verdicts.conformity.proportions import Share
from verdicts.outcome.facts import counted, share_text

#: Beyond this many digits a converted value is rounded for reading, to a hundredth of its expanded
#: uncertainty. The tables hold it whole.
DIGITS: Final = 12


@dataclass(frozen=True)
class Numbers:
    """The span of the values, exact as they were read; `units` is the number of items, `judged`
    whether a verdict rests on them."""

    low: str
    high: str
    unit: str
    units: int
    judged: bool

    @property
    def span(self) -> str:
        """`0.01–0.04`, or the one value."""
        return self.low if self.low == self.high else f"{self.low}–{self.high}"


def span_of(values: Sequence[Decimal], unit: str, units: int, *, judged: bool) -> Numbers | None:
    """The span of `values`, or None if there are none."""
    return Numbers(plain(min(values)), plain(max(values)), unit, units, judged) if values else None


def _of(conformity: Mapping[str, Any], *, independent: bool) -> list[Mapping[str, Any]]:
    """The measurements that count, or those from a company's side."""
    return [
        measurement
        for measurement in conformity["measurements"]
        if (measurement.get("affiliation", INDEPENDENT) == INDEPENDENT) == independent
    ]


def numbers_of(conformity: Mapping[str, Any] | None) -> Numbers | None:
    """The span of the values that a verdict was computed from."""
    if not conformity:
        return None
    values = [Decimal(measurement["value"]) for measurement in _of(conformity, independent=True)]
    return span_of(values, conformity["unit"], conformity["units"], judged=True)


def shown(value: Decimal, expanded: Decimal) -> tuple[str, str]:
    """Value and expanded uncertainty for reading."""
    if max(len(value.as_tuple().digits), len(expanded.as_tuple().digits)) > DIGITS:
        place = Decimal(1).scaleb(expanded.adjusted() - 2)
        value, expanded = value.quantize(place), expanded.quantize(place)
    return plain(value), plain(expanded)


def probability_text(text: str) -> str:
    """As computed, to six places. What rounds to nothing or to certainty is said to be beyond the
    last place."""
    value = Decimal(text)
    if value == 0:
        return "< 0.000001"
    return "> 0.999999" if value == 1 else text


@dataclass(frozen=True)
class _Measured:
    margin: Decimal
    doubt: Decimal
    value: str
    probability: str


def _ordered(conformity: Mapping[str, Any], *, independent: bool = True) -> list[_Measured]:
    """The measurements that count (or those that do not), least favourable to the claim first.

    Least favourable is what is least inside the nearer limit, or furthest outside it. The order is
    that of the values themselves, as a reader finds them in the table; where two are equal, that of
    their probabilities.
    """
    coverage = Decimal(conformity["coverage"])
    return _sorted(
        conformity,
        [
            (
                Decimal(row["value"]), Decimal(row["standard_uncertainty"]),
                coverage * Decimal(row["standard_uncertainty"]), row["conformance_probability"],
            )
            for row in _of(conformity, independent=independent)
        ],
    )  # fmt: skip


def _means(conformity: Mapping[str, Any]) -> list[_Measured]:
    """The results that decide, repetitions averaged, least favourable first."""
    return _sorted(
        conformity,
        [
            (
                Decimal(row["mean"]), Decimal(row["expanded_uncertainty"]),
                Decimal(row["expanded_uncertainty"]), row["conformance_probability"],
            )
            for row in conformity["results"]
        ],
    )  # fmt: skip


def _sorted(
    conformity: Mapping[str, Any], numbers: Sequence[tuple[Decimal, Decimal, Decimal, str]]
) -> list[_Measured]:
    rows = []
    for value, doubt, expanded, probability in numbers:
        number, bar = shown(value, expanded)
        text = f"{number} ± {bar} {conformity['unit']}".rstrip()
        rows.append(_Measured(_margin(conformity, value), doubt, text, probability))
    return sorted(rows, key=lambda row: (row.margin, row.margin / row.doubt))


def _margin(conformity: Mapping[str, Any], value: Decimal) -> Decimal:
    """How far a value is inside the nearer limit; negative if it is outside."""
    margins = []
    if conformity["lower_limit"] is not None:
        margins.append(value - Decimal(conformity["lower_limit"]))
    if conformity["upper_limit"] is not None:
        margins.append(Decimal(conformity["upper_limit"]) - value)
    return min(margins)


def _counts_en(items: Mapping[str, int], total: int) -> str:
    meets, fails, open_, apart = (items[decision] for decision in Decision)
    parts = [
        (
            f"{meets} of {counted(total, 'item', 'items')} "
            f"{'meets' if meets == 1 or total == 1 else 'meet'} the threshold"
        )
    ]
    if fails:
        parts.append(f"{fails} {'does' if fails == 1 else 'do'} not")
    if open_:
        parts.append(f"{open_} {'is' if open_ == 1 else 'are'} inconclusive")
    if apart:
        parts.append(f"the measurements of {apart} contradict each other")
    return ", ".join(parts) + "."


def _counts_zh(items: Mapping[str, int], total: int) -> str:
    meets, fails, open_, apart = (items[decision] for decision in Decision)
    parts = [f"{total}件样品中{meets}件达到限值"]
    if fails:
        parts.append(f"{fails}件未达到")
    if open_:
        parts.append(f"{open_}件无法判定")
    if apart:
        parts.append(f"{apart}件的实测结果互相矛盾")
    return "，".join(parts) + "。"


def _disagreements(conformity: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Who or what contradicts whom. An item contradicts another only by being on the other side of
    the threshold."""
    items = conformity["items"]
    sentences = []
    if items[Decision.CONFORMS] and items[Decision.DOES_NOT_CONFORM]:
        sentences.append(("Items disagree.", "样品之间结果不一致。"))
    if conformity["laboratories_disagree"]:
        sentences.append(("Laboratories disagree.", "检测机构之间结果不一致。"))
    apart = [abs(Decimal(pair["en"])) for item in conformity["scatter"] for pair in item["pairs"]]
    if apart and max(apart) > 1:
        most = f"{max(apart):.2f}"
        sentences.append(
            (
                (
                    f"Results for one item differ by more than their uncertainties explain: E_n up "
                    f"to {most}, where at most 1 is expected."
                ),
                f"同一件样品的结果相差超出测量不确定度能解释的范围：E_n最大为{most}，正常不超过1。",
            )
        )
    return sentences


def outcome(conformity: Mapping[str, Any], lang: Lang) -> str:
    """How many items meet the threshold, whether they disagree, the least and the most favourable
    measurement, how probable it is."""
    english = lang == "en"
    ordered = _ordered(conformity)
    sentences = (
        _told(conformity, ordered, english)
        if ordered
        else ["No independent measurement." if english else "没有独立实测。"]
    )
    if own := _ordered(conformity, independent=False):
        values = (", " if english else "、").join(row.value for row in own)
        sentences.append(
            f"Not counted, from a company’s side: {values}."
            if english
            else f"企业方实测不计入：{values}。"
        )
    if left := conformity.get("left_out", 0):
        sentences.append(
            f"{left} {'measurement was' if left == 1 else 'measurements were'} left out: the "
            f"unit or number does not fit the threshold."
            if english
            else f"{left}次实测未计入：单位或数值与限值不符。"
        )
    return (" " if english else "").join(sentences)


def _told(conformity: Mapping[str, Any], ordered: Sequence[_Measured], english: bool) -> list[str]:
    counts = (_counts_en if english else _counts_zh)(conformity["items"], conformity["units"])
    sentences = [counts, *(pair[0 if english else 1] for pair in _disagreements(conformity))]
    if conformity["units"] > 1:
        kept = conformity["share"]
        share = Share(Decimal(kept["low"]), Decimal(kept["high"]), int(kept["confidence"]))
        sentences.append(share_text(share, "en" if english else "zh-Hans"))
    worst, best, k = ordered[0], ordered[-1], conformity["coverage"]
    if worst.value != best.value:
        sentences.append(
            f"The least favourable measurement is {worst.value}, the most favourable "
            f"{best.value} (k = {k})."
            if english
            else f"最不利的实测值为{worst.value}，最有利的为{best.value}（k = {k}）。"
        )
    elif len(ordered) > 1:
        sentences.append(
            f"Each measurement is {worst.value} (k = {k})."
            if english
            else f"各次实测值均为{worst.value}（k = {k}）。"
        )
    else:
        sentences.append(
            f"The measurement is {worst.value} (k = {k})."
            if english
            else f"实测值为{worst.value}（k = {k}）。"
        )
    means = _means(conformity)
    sentences += _of_means(conformity, means, english)
    by_odds = sorted(means, key=lambda row: (Decimal(row.probability), row.margin / row.doubt))
    lowest, highest = (probability_text(row.probability) for row in (by_odds[0], by_odds[-1]))
    if lowest == highest:
        odds = lowest
        sentences.append(
            f"Probability of meeting the threshold: {odds}."
            if english
            else f"达到限值的概率：{odds}。"
        )
    else:
        sentences.append(
            f"Probability of meeting the threshold: from {lowest} to {highest}."
            if english
            else f"达到限值的概率：从{lowest}到{highest}。"
        )
    return sentences


def _of_means(
    conformity: Mapping[str, Any], means: Sequence[_Measured], english: bool
) -> list[str]:
    """Where something was repeated: the means, which are what decides."""
    most = max(result["repetitions"] for result in conformity["results"])
    if most == 1:
        return []
    if len(means) == 1:
        return [
            f"The mean of {most} repetitions is {means[0].value}."
            if english
            else f"{most}次重复测量的平均值为{means[0].value}。"
        ]
    worst, best = means[0].value, means[-1].value
    return [
        f"Repetitions count as their mean: the least favourable is {worst}, the most favourable "
        f"{best}."
        if english
        else f"重复测量按平均值计：最不利的为{worst}，最有利的为{best}。"
    ]


def outcome_text(conformity: Mapping[str, Any]) -> dict[str, Any]:
    """The sentence in both languages, as a written text."""
    zh = {"text": outcome(conformity, "zh-Hans"), "role": "system", "name": ""}
    return {"lang": "en", "text": outcome(conformity, "en"), "translations": {"zh-Hans": zh}}


def with_summary(conformity: dict[str, Any] | None) -> dict[str, Any] | None:
    """A conformity as it is published: with its sentence."""
    return (
        {**conformity, "summary": outcome_text(conformity)}
        if conformity and conformity["measurements"]
        else conformity
    )
