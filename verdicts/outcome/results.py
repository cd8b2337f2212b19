"""The results that decide, one for each item and who measured it, as rows and sentences for a
reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.labels import Lang
from ui.numbers import plain
from verdicts.conformity import Decision
from verdicts.outcome.facts import counted
from verdicts.outcome.measured import shown


@dataclass(frozen=True)
class ResultRow:
    """One result for reading; `decision` and `probability` as stored."""

    item: str
    measured_by: str
    repetitions: int
    value: str
    expanded: str
    decision: str
    probability: str


def _called(result: Mapping[str, Any], lang: Lang) -> str:
    kind, number = result["measured_by"]["kind"], result["measured_by"]["number"]
    if kind == "laboratory":
        return f"laboratory {number}" if lang == "en" else f"检测机构{number}"
    return "contributor" if lang == "en" else "证据提供者"


def _item(conformity: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """What the item of a result is called; with its number where laboratories measured two that are
    called the same."""
    name, number = row["unit"], row["item"]
    alike = {result["item"] for result in conformity["results"] if result["unit"] == name} - {None}
    return f"{name} ({number})" if number and len(alike) > 1 else str(name)


def result_rows(conformity: Mapping[str, Any], lang: Lang) -> list[ResultRow]:
    """A row for each result, where that says more than the measurements: something was repeated, a
    laboratory measured, or results disagree. Otherwise none."""
    results = conformity.get("results", ())
    more = (
        any(result["repetitions"] > 1 for result in results)
        or any(result["measured_by"]["kind"] == "laboratory" for result in results)
        or conformity["decision"] == Decision.DISAGREE
        or conformity.get("scatter")
    )
    if not more:
        return []
    rows = []
    for result in results:
        value, expanded = shown(Decimal(result["mean"]), Decimal(result["expanded_uncertainty"]))
        rows.append(
            ResultRow(
                _item(conformity, result), _called(result, lang), result["repetitions"], value,
                expanded, result["decision"], result["conformance_probability"],
            )
        )  # fmt: skip
    return rows


def scatter_lines(conformity: Mapping[str, Any], lang: Lang) -> list[str]:
    """How far the results of each item are apart that several laboratories measured, and E_n of
    each pair."""
    results, unit = conformity.get("results", ()), conformity["unit"]
    lines = []
    for scatter in conformity.get("scatter", ()):
        pairs = [
            (
                *(_called(results[place - 1], lang) for place in pair["results"]),
                f"{Decimal(pair['en']):.2f}",
            )
            for pair in scatter["pairs"]
        ]
        between = f"{_short(scatter['between'])} {unit}".rstrip()
        again = scatter["repeatability"]
        repeated = f"{_short(again)} {unit}".rstrip() if again is not None else None
        name = _item(conformity, scatter)
        if lang == "en":
            within = f", within one {repeated}" if repeated else ""
            named = "; ".join(f"{first} and {second} {en}" for first, second, en in pairs)
            lines.append(
                f"{name}: {counted(scatter['results'], 'result', 'results')}, standard deviation "
                f"between them {between}{within}. E_n: {named}."
            )
        else:
            within = f"，各自重复{repeated}" if repeated else ""
            named = "；".join(f"{first}与{second}为{en}" for first, second, en in pairs)
            lines.append(
                f"{name}：{scatter['results']}个结果，相互间的标准差为{between}{within}。E_n：{named}。"
            )
    return lines


def _short(number: str) -> str:
    """A standard deviation to three digits."""
    value = Decimal(number)
    if not value:
        return "0"
    return plain(value.quantize(Decimal(1).scaleb(value.adjusted() - 2)))
