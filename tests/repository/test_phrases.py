"""Phrases that say of a company what nobody proved: a cause, a motive, an actor. None stands in any
source, in either language.

What may be said is what was observed, with its time: "edited after publication", "no longer
available", "no reply by the deadline". A figure that the company did not give is a threshold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.repository.sources import texts

ENGLISH = (
    r"on the strength of", r"silent(?:ly)? (?:edit|chang|remov|alter)", r"stealth",
    r"quietly (?:edit|chang|remov|alter)",
    r"(?:stayed|stays|remain(?:s|ed)?|kept|fell|keeps) silent", r"the company[’']s silence",
    r"or (?:its )?silence",
    r"(?:taken|took|takes|taking) (?:it |them |the \w+ )?down\b",
    r"(?:this|the|that) claim (?:was|is|has been) withdrawn\b(?! by AsClaimed)",
    r"promised at (?:least|most)",
    r"promised (?:value|number|quantity)", r"measured against promise",
    r"promised against (?:measured|delivered)",
    r"what was promised", r"against the promise", r"did not deny", r"\badmitted (?:that|it|to)\b",
    r"\blied (?:about|to)\b",
    r"\bliars?\b", r"(?:company|maker|brand|firm|seller) (?:refused|failed|declined|admitted)",
    r"failed to (?:reply|answer|deliver)",
    r"\bfraud", r"\bdeceiv", r"\bfake[sd]?\b", r"misled (?:buyers|owners|customers|consumers)",
    r"secretly", r"covered up",
    r"\bhid (?:it|this|that|the)\b",
    r"(?:source|post|page|quote|words)(?: that)?(?: have| has)? (?:vanished|disappeared)",
    r"vanished (?:words|quote)", r"without (?:any )?notice",
)  # fmt: skip
CHINESE = (
    "静默修改", "悄悄", "偷偷", "偷改", "撤下", "声明已撤回", "声明被撤回", "承诺不少于",
    "承诺不低于", "承诺与实测", "实测与承诺",
    "买家为此付出", "沉默", "没有否认", "未否认", "承认", "隐瞒", "拒不", "虚假", "造假", "欺诈",
    "欺骗", "误导消费者", "误导买家",
    "拒绝回应", "拒绝答复", "未作说明", "消失",
)  # fmt: skip
FORBIDDEN = re.compile("|".join((*ENGLISH, *CHINESE)), re.IGNORECASE)
SUFFIXES = (".py", ".html", ".typ", ".js", ".css", ".md", ".txt", ".po", ".svg", ".toml")
#: Quotations: words that the glossary avoids, what platforms write where something was deleted,
#: what the fictional company says.
QUOTING = {"engines/text/deletion_notices.py", "demo/brand_site.py", "docs/glossary.md"}


def sources() -> Iterator[tuple[str, str]]:
    for name, text in texts(*SUFFIXES):
        if not name.startswith("tests/") and name not in QUOTING:
            yield name, text


def found(text: str) -> list[str]:
    # A sentence may go on in the next line of the source,
    # in the next string or behind a comment sign.
    joined = re.sub(r"\s+", " ", re.sub(r"[\"']?\s*\n\s*(?:#:?\s|//\s|msgid\s)?[\"']?", " ", text))
    return [match.group() for match in FORBIDDEN.finditer(joined)]


def test_no_source_says_what_nobody_proved() -> None:
    assert {name: words for name, text in sources() if (words := found(text))} == {}


@pytest.mark.parametrize(
    "sentence",
    [
        "paid on the strength of it", "Newest silent edits", "the company stayed silent",
        "This source was taken\ndown.",
        "This claim was withdrawn.",        'promised "\n    "at least 1.5 m/s',
        "Measured against promised",
        "and did not deny that", "买家为此付出",
        "最新静默修改",
        "此来源已被撤下", "承诺不少于 1.5 m/s", "the words vanished",
        "The company refused to reply",
    ],
)  # fmt: skip
def test_each_of_them_would_be_found(sentence: str) -> None:
    assert found(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "edited after publication",
        "no longer available since",
        "AsClaimed withdrew this claim from its record.",
        "threshold at least 1.5 m/s",
        "Later than promised",
    ],
)
def test_what_may_be_said_passes(sentence: str) -> None:
    assert not found(sentence)


def test_nothing_cites_a_paper_that_is_not_in_the_repository() -> None:
    cited = re.compile(r"\b(?:DESIGN|SAFETY|STYLE|UI)(?:\.md| §|,? “|, \")|\((?:DESIGN|SAFETY)\b")
    assert [name for name, text in sources() if cited.search(text)] == []
