"""What the codes of evidence are called: one table for `evidence.states`, pages and reports (see
`accounts.labels`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from accounts.labels import Pair

OBSERVATION: Final[Mapping[str, Pair]] = {
    "ok": Pair("content received", "已取得内容"),
    "unchanged": Pair("unchanged", "无变化"),
    "gone": Pair("not found (404 or 410)", "页面不存在（404或410）"),
    "tombstone": Pair("removed, the platform says", "平台显示已删除"),
    "moved": Pair("moved to another address", "已转到其他网址"),
    "soft_404": Pair("“not found” page", "“页面不存在”提示页"),
    "login_wall": Pair("sign-in required", "须登录才能查看"),
    "blocked": Pair("access denied to us", "本站访问受限"),
    "transient": Pair("unavailable at this check", "本次无法访问"),
    "empty": Pair("empty response", "响应为空"),
    "too_large": Pair("too large to archive", "过大，未存档"),
    "refused": Pair("not visited (unsafe address)", "网址不安全，未访问"),
    "suspect": Pair("possibly not the page", "可能不是原页面"),
    "unplaced": Pair("text matches no version", "文本不属于任何版本"),
}
LOOK_METHOD: Final[Mapping[str, Pair]] = {
    "live": Pair("our own visit", "本站访问"),
    "upload": Pair("submitted copy", "他人提交的副本"),
}
SIGHTING: Final[Mapping[str, Pair]] = {
    "verbatim": Pair("unchanged", "未变"),
    "reworded": Pair("reworded", "已改写"),
    "elsewhere": Pair("same words elsewhere", "相同文字见于别处"),
    "absent": Pair("no longer there", "已不在"),
}
GRADE_SOURCE: Final[Mapping[str, Pair]] = {
    "A": Pair("completely reliable", "完全可靠"),
    "B": Pair("usually reliable", "通常可靠"),
    "C": Pair("fairly reliable", "比较可靠"),
    "D": Pair("not usually reliable", "通常不可靠"),
    "E": Pair("unreliable", "不可靠"),
    "F": Pair("reliability cannot be judged", "可靠性无法判断"),
}
GRADE_INFORMATION: Final[Mapping[str, Pair]] = {
    "1": Pair("confirmed by other sources", "已由其他来源证实"),
    "2": Pair("probably true", "很可能属实"),
    "3": Pair("possibly true", "可能属实"),
    "4": Pair("doubtful", "存疑"),
    "5": Pair("improbable", "不大可能"),
    "6": Pair("truth cannot be judged", "真实性无法判断"),
}
PROVENANCE: Final[Mapping[str, Pair]] = {
    "P0": Pair("assertion only", "仅为陈述"),
    "P1": Pair("hashed on arrival", "收到时已计算哈希值"),
    "P2": Pair("original with consistent metadata or valid C2PA", "原始文件，元数据一致或C2PA有效"),
    "P3": Pair("our own archived copy", "本站存档"),
    "P4": Pair(
        "our own archived copy, signed, time-stamped and logged",
        "本站存档，已签名、加盖时间戳并写入日志",
    ),
    "P5": Pair("as P4, with a matching independent copy", "同P4，另有一致的独立存档"),
}
AFFILIATION: Final[Mapping[str, Pair]] = {
    "independent": Pair("independent", "独立"),
    "company": Pair("from the company’s side, not independent", "企业方提交，不计为独立证据"),
    "other_company": Pair(
        "from another company’s side, not independent", "其他企业方提交，不计为独立证据"
    ),
}
LICENCE: Final[Mapping[str, Pair]] = {
    "cc-by-4.0": Pair("CC BY 4.0", "CC BY 4.0"),
    "cc0-1.0": Pair("CC0 1.0", "CC0 1.0"),
    "show": Pair("shown here only, no reuse", "仅限本站展示，不得转用"),
}
CUSTODY: Final[Mapping[str, Pair]] = {
    "received": Pair("received and hashed, not opened", "收到并计算哈希值，未打开"),
    "read": Pair(
        "processed in isolation; public copy made without metadata",
        "已隔离处理，制作不含元数据的公开副本",
    ),
    "original_viewed": Pair("original viewed", "查看原件"),
    "graded": Pair("graded", "评定证据等级"),
    "published": Pair("published", "公开"),
    "withdrawn": Pair("withdrawn by the submitter", "提交人撤回"),
    "checked": Pair("checked against its hash", "用哈希值校验"),
    "withheld": Pair(
        "permanently deleted on a legal ground; nothing is kept", "依法永久删除，未留副本"
    ),
}
#: Words that custody uses for the parts of the system and for how a step ended; others stand as
#: they are.
CUSTODIAN: Final[Mapping[str, Pair]] = {"decoder": Pair("isolated file processing", "隔离处理程序")}
CUSTODY_OUTCOME: Final[Mapping[str, Pair]] = {
    "stored": Pair("stored as received", "按原样保存"),
    "ready": Pair("readable", "可读取"),
    "renditions": Pair("public copies only", "仅公开副本"),
}
