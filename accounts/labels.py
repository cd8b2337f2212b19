"""What a code is called, in English and Chinese: one table for states, pages and reports.

A report is written in both languages without Django, a page in the language of its reader. Both
take their labels from here, and from the tables of the same name in `claims`, `evidence` and
`verdicts`. The words follow `docs/glossary.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Lang = Literal["en", "zh-Hans"]


class Pair(NamedTuple):
    """One text in both languages; neither can be left out."""

    en: str
    zh: str

    def to(self, lang: Lang) -> str:
        return self.en if lang == "en" else self.zh


ROLE: Final[Mapping[str, Pair]] = {
    "contributor": Pair("contributor", "证据提供者"),
    "filer": Pair("submitter", "提交人"),
    "moderator": Pair("moderator", "审核员"),
    "adjudicator": Pair("adjudicator", "评定员"),
    "company_representative": Pair("company representative", "企业代表"),
    "auditor": Pair("auditor", "审计员"),
    "operator": Pair("site operator", "运营人员"),
}
