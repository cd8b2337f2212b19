"""What the codes of verdicts are called: one table for `verdicts.states`, pages and reports (see
`accounts.labels`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from accounts.labels import Pair

#: Since version 2 of the method (docs/method.md). The codes are older than the labels.
RATING: Final[Mapping[str, Pair]] = {
    "delivered": Pair("As claimed", "与宣称相符"),
    "delivered_late": Pair("Later than promised", "晚于承诺"),
    "partly_delivered": Pair("Partly as claimed", "部分相符"),
    "misleading": Pair("Misleading presentation", "表达有误导性"),
    "not_delivered": Pair("Not as claimed", "与宣称不符"),
    "unverifiable": Pair("Could not be verified", "无法核实"),
}
MECHANISM: Final[Mapping[str, Pair]] = {
    "implied_function": Pair("function implied", "暗示功能"),
    "omitted_condition": Pair("condition left out", "省略条件"),
    "changed_baseline": Pair("baseline changed", "更换比较基准"),
    "unrepresentative_image": Pair("unrepresentative image", "图片不具代表性"),
    "scope_shift": Pair("scope shifted", "转移范围"),
    "redefined_afterwards": Pair("redefined afterwards", "事后重新定义"),
}
CONCLUSION: Final[Mapping[str, Pair]] = {
    "contradicts": Pair("contradicts the claim", "与宣称矛盾"),
    "supports": Pair("supports the claim", "支持宣称"),
    "inconclusive": Pair("inconclusive", "不足以判断"),
}
DECISION: Final[Mapping[str, Pair]] = {
    "conforms": Pair("meets the threshold", "达到限值"),
    "does_not_conform": Pair("does not meet the threshold", "未达到限值"),
    "undecided": Pair("inconclusive", "无法判定"),
    "disagree": Pair("measurements disagree", "实测结果不一致"),
}
#: What came of one request for a reply.
INVITATION: Final[Mapping[str, Pair]] = {
    "open": Pair("awaiting reply", "等待回应"),
    "replied": Pair("company replied", "企业已回应"),
    "silent": Pair("no reply by the deadline", "期限内未回应"),
    "no_further_reply": Pair("no further reply by the deadline", "期限内未再回应"),
    "waived": Pair("reply period ended early by two people", "由两人提前结束回应期"),
}
