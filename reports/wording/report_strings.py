"""Every fixed word of a report, in English and in Simplified Chinese, side by side.

A report may be read in court in either language, so no word of it may exist in one language only:
each entry is a pair, and a pair cannot be half written. ``VOCABULARIES`` names the codes that a
report may hold (``reports.schema`` refuses any other, so a state that someone adds elsewhere fails
loudly here), with the labels of the pages; ``PHRASES`` holds the prose.

Places to fill stand in braces, ``{n}``, and what depends on a number as ``{n:item|items}``;
both languages of a phrase have the same places, which a test checks.
"""

import re
from collections.abc import Mapping
from typing import Final

from accounts import labels as role_labels
from accounts.labels import Lang as Lang
from accounts.labels import Pair as Pair
from claims import labels as claim_labels
from evidence import labels as evidence_labels
from verdicts import labels as verdict_labels

LANGS: Final[tuple[Lang, ...]] = ("en", "zh-Hans")


#: Each code that a report may hold, and what it is called. The labels are those of the pages.
VOCABULARIES: Final[Mapping[str, Mapping[str, Pair]]] = {
    "rating": verdict_labels.RATING,
    "progress": claim_labels.PROGRESS,
    "mechanism": verdict_labels.MECHANISM,
    "flag": claim_labels.FLAG,
    "claim_kind": claim_labels.CLAIM_KIND,
    "claim_status": claim_labels.CLAIM_STATUS,
    "aspect_kind": claim_labels.ASPECT_KIND,
    "channel": claim_labels.CHANNEL,
    "entity_role": claim_labels.ENTITY_ROLE,
    "observation": evidence_labels.OBSERVATION,
    "look_method": evidence_labels.LOOK_METHOD,
    "sighting": evidence_labels.SIGHTING,
    "run": {
        "same": Pair("same", "未变"),
        "gone": Pair("removed", "删去"),
        "came": Pair("added", "增加"),
        "moved": Pair("moved", "移动"),
    },
    "comparator": claim_labels.COMPARATOR,
    "basis_kind": claim_labels.BASIS_KIND,
    "conclusion": verdict_labels.CONCLUSION,
    "decision": verdict_labels.DECISION,
    "grade_source": evidence_labels.GRADE_SOURCE,
    "grade_information": evidence_labels.GRADE_INFORMATION,
    "provenance": evidence_labels.PROVENANCE,
    "affiliation": evidence_labels.AFFILIATION,
    "licence": evidence_labels.LICENCE,
    "custody": evidence_labels.CUSTODY,
    "custody_word": {**evidence_labels.CUSTODIAN, **evidence_labels.CUSTODY_OUTCOME},
    "role": {
        **role_labels.ROLE,
        "laboratory": Pair("laboratory", "检测机构"),
        "system": Pair("the system", "系统"),
        "": Pair("not stated", "未注明"),
    },
    "outcome": verdict_labels.INVITATION,
}

#: What an artefact of each level does not prove: the other half of every provenance badge.
DOES_NOT_PROVE: Final[Mapping[str, Pair]] = {
    "P0": Pair("Anything except that someone said so.", "除有人这样陈述外，不证明任何事。"),
    "P1": Pair(
        "When, where or by whom it was made, or that it was unaltered before we received it.",
        "不证明何时、何地、由谁制作，也不证明送达之前未经改动。",
    ),
    "P2": Pair(
        "That the scene is what its caption says, or that the clock of the device was right. "
        "Metadata can be forged.",
        "不证明画面与说明一致，也不证明设备时钟准确。元数据可以伪造。",
    ),
    "P3": Pair(
        "That others were shown the same, or that the text was there at any time other than the "
        "time of archiving.",
        "不证明他人看到的内容相同，也不证明存档时刻之外的内容。",
    ),
    "P4": Pair(
        "That others were shown the same. It proves that we held this file at that time, not "
        "that what it says is true.",
        "不证明他人看到的内容相同。只证明本站当时持有这份文件，不证明内容属实。",
    ),
    "P5": Pair(
        "That what it says is true; only that it was said there, then.",
        "不证明内容属实，只证明当时、当地确有此言。",
    ),
}

PHRASES: Final[Mapping[str, Pair]] = {
    "withheld": Pair("[Withheld: this text was permanently deleted.]", "［此处文字已永久删除。］"),
    "name": Pair("AsClaimed", "言实录"),
    "kind_discrepancy": Pair("Claim report", "核查报告"),
    "kind_snapshot": Pair("Removed-page report", "下线内容报告"),
    "reconstruction": Pair("Demonstration", "演示案例"),
    "reconstruction_long": Pair(
        "Demonstration. The company and people are fictional; photos are drawings.",
        "演示案例：企业、人物虚构，照片为手绘。",
    ),
    "made_from": Pair(
        "Made from the log’s checkpoint of {at} ({size} {size:entry|entries})",
        "依据日志{at}的检查点生成（共{size}条）",
    ),
    "page_of": Pair("Page {page} of {pages}", "第{page}页，共{pages}页"),
    "translated": Pair("our translation ({role})", "本站译文（{role}）"),
    "original_only": Pair("no translation yet", "暂无译文"),
    "permanent": Pair("Permanent address:", "永久地址："),
    "utc": Pair("All times are UTC.", "所有时间均为北京时间（协调世界时加8小时）。"),
    "unprintable": Pair(
        "Characters that the print font lacks, or that would change the direction of the "
        "text, appear as [U+…]; the attached report.json has them unchanged.",
        "字体没有的字符和控制文字方向的字符显示为[U+…]；所附report.json保留原样。",
    ),
    "colon": Pair(": ", "："),
    "comma": Pair(", ", "，"),
    "list_comma": Pair(", ", "、"),
    "semicolon": Pair("; ", "；"),
    "stop": Pair(". ", "。"),
    "bracketed": Pair(" ({text})", "（{text}）"),
    "none": Pair("none", "无"),
    "not_known": Pair("not known", "不详"),
    "empty": Pair("(empty)", "（空）"),
    "claim_title": Pair("Claim: “{words}”", "宣称：“{words}”"),
    # The head and the summary.
    "summary": Pair("Summary", "概述"),
    "at_stake": Pair("Option price or amount paid", "选装价或已付金额"),
    "sum_said": Pair(
        "{speaker} ({company}, {channel}) said on {at}: {quote}",
        "{at}，{speaker}（{company}，{channel}）：{quote}",
    ),
    "sum_said_undated": Pair(
        "{speaker} ({company}, {channel}) said: {quote}",
        "{speaker}（{company}，{channel}）：{quote}",
    ),
    "sum_said_company": Pair("{company} said: {quote}", "{company}：{quote}"),
    "the_company": Pair("The company", "企业"),
    "sum_stake": Pair("Amount: {amount}, {basis}.", "金额：{amount}（{basis}）。"),
    "sum_stake_bare": Pair("Amount: {amount}.", "金额：{amount}。"),
    "sum_verdict": Pair("“{aspect}”: {rating}.", "“{aspect}”：{rating}。"),
    "sum_edited": Pair(
        "The text changed after publication ({n} {n:version is|versions are} archived).",
        "文本在发布后有修改（存有{n}个版本）。",
    ),
    "sum_gone": Pair(
        "The source is no longer available since a time between {last} and {first}.",
        "自{last}至{first}之间某时起，来源已无法访问。",
    ),
    "sum_back": Pair("It was restored on {at}.", "{at}恢复访问。"),
    "sum_waiting": Pair(
        "We requested a reply from the company, due by {deadline}.",
        "已征求企业回应，截止{deadline}。",
    ),
    "sum_replied": Pair(
        "The company replied; its reply is in full below.", "企业已回应，全文见下。"
    ),
    "sum_silent": Pair(
        "We requested a reply from the company, due by {deadline}. No reply had come by then.",
        "已征求企业回应，截止{deadline}，期限内未回应。",
    ),
    "sum_no_further_reply": Pair(
        "The company replied before. We requested another reply, due by {deadline}; none had "
        "come by then.",
        "企业此前已回应；再次征求回应后，截至{deadline}未再回应。",
    ),
    "sum_waived": Pair(
        "Two adjudicators ended the reply period early; the reason is public.",
        "两位评定员提前结束回应期，理由公开。",
    ),
    # Said and found.
    "said": Pair("Claimed", "宣称"),
    "found": Pair("Found", "查证"),
    "open_quote": Pair("“", "“"),
    "close_quote": Pair("”", "”"),
    "what_became": Pair("Later changes to the quote", "原话后来的改动"),
    "sighted_verbatim": Pair("Version {n}: quote unchanged.", "第{n}版：原话未变。"),
    "sighted_reworded": Pair(
        "Version {n}: quote reworded (similarity {similarity}): {passage}",
        "第{n}版：原话已改写（相似度{similarity}）：{passage}",
    ),
    "sighted_same_words": Pair(
        "Version {n}: same words; only punctuation differs.", "第{n}版：文字相同，仅标点不同。"
    ),
    "sighted_elsewhere": Pair("Version {n}: same words elsewhere.", "第{n}版：相同文字见于别处。"),
    "sighted_absent": Pair(
        "Version {n}: quote no longer in the text.", "第{n}版：原话已不在文中。"
    ),
    "measured_short": Pair(
        "{n} measurements on {units} {units:item|items}: {low} to {high} {unit}",
        "{units}件样品上的{n}次实测：{low}至{high} {unit}",
    ),
    "measured_same": Pair(
        "{n} measurements on {units} {units:item|items}: each {low} {unit}",
        "{units}件样品上的{n}次实测：均为{low} {unit}",
    ),
    "measured_one": Pair(
        "1 measurement on 1 item: {low} {unit}", "1件样品上的1次实测：{low} {unit}"
    ),
    "threshold_short": Pair("Threshold: {threshold}", "限值：{threshold}"),
    "claimed_short": Pair("Claimed value: {value}", "宣称值：{value}"),
    # An aspect.
    "aspect": Pair("Point", "要点"),
    "licence": Pair("Licence", "许可"),
    "side": Pair("Submitted", "提交方"),
    "beside_company": Pair("{unit} (company’s side)", "{unit}（企业方）"),
    "criterion": Pair("Threshold", "限值"),
    "claimed_value": Pair("Claimed value", "宣称值"),
    "conditions": Pair("Conditions", "条件"),
    "due": Pair("promised date", "承诺日期"),
    "cancelled": Pair("cancelled by the company", "企业宣布取消"),
    "basis": Pair("Source of the threshold", "限值来源"),
    "verdict": Pair("Verdict", "核查结论"),
    "no_verdict": Pair("No verdict yet", "暂无结论"),
    "rationale": Pair("Reasons", "评定理由"),
    "mechanism": Pair("Why the wording is misleading", "误导之处"),
    "flags": Pair("Flags", "标记"),
    "concluded_by": Pair("Decided by", "评定人"),
    "published_on": Pair("Published", "发布时间"),
    "method": Pair("Method", "评定方法版本"),
    "log_entry": Pair("Log entry", "日志条目"),
    "bundle": Pair("Proof bundle", "验证包"),
    "supersedes": Pair("Replaces", "更新自"),
    "attempts": Pair("Checks attempted", "已尝试的核查"),
    "findings": Pair("Findings", "审核意见"),
    "finding_from": Pair("From {exhibits}", "依据{exhibits}"),
    "measured": Pair("Measurements", "实测"),
    "chart_measured": Pair("Measured value and threshold", "实测值与限值"),
    "chart_title": Pair("{property}: measured value and threshold", "{property}：实测值与限值"),
    "chart_caption": Pair(
        "Bars show the expanded uncertainty: k times the standard uncertainty. Exact numbers are "
        "in the table below.",
        "横条为扩展不确定度，即k倍标准不确定度。确切数值见下表。",
    ),
    "chart_threshold": Pair("threshold: {threshold}", "限值：{threshold}"),
    "chart_claimed": Pair("claimed value: {value}", "宣称值：{value}"),
    "chart_unit": Pair(
        "{label}: {value} ± {expanded} {unit} (k = {k})",
        "{label}：{value} ± {expanded} {unit}（k = {k}）",
    ),
    "chart_rest": Pair("and {n} more, in the table", "另有{n}项，见表"),
    "trend_verdicts": Pair("Verdicts over time", "历次结论"),
    "trend_verdict": Pair("{day}: {rating}.", "{day}：{rating}。"),
    "trend_computed": Pair("computed", "按数据计算"),
    "trend_stated": Pair("as stated", "他人所称"),
    "trend_compared": Pair(
        "Stated: {stated} {unit}; computed: {computed} {unit}",
        "他人所称：{stated} {unit}；按数据计算：{computed} {unit}",
    ),
    "col_unit": Pair("Item", "样品"),
    "col_value": Pair("Value", "实测值"),
    "col_uncertainty": Pair("Standard uncertainty", "标准不确定度"),
    "col_expanded": Pair("Expanded (k)", "扩展不确定度（k）"),
    "col_limits": Pair("Accepted from / rejected from", "接受限 / 拒绝限"),
    "limits_between": Pair(
        "{low}–{high} {unit} / outside {least}–{most} {unit}",
        "{low}–{high} {unit} / {least}–{most} {unit}之外",
    ),
    "limits_too_near": Pair(
        "none / outside {least}–{most} {unit}", "无 / {least}–{most} {unit}之外"
    ),
    "col_count": Pair("Checks", "检查次数"),
    "col_method": Pair("Method", "方式"),
    "col_who": Pair("Measured by", "测量者"),
    "col_how": Pair("Instrument and method", "仪器与方法"),
    "col_probability": Pair("Probability of conforming", "达标概率"),
    "col_decision": Pair("Decision", "判定"),
    "conformity": Pair("Decision by rule", "按规则判定"),
    "independence": Pair(
        "Independent items: {units}. Contributors: {contributors}. Laboratories: {laboratories}.",
        "独立样品：{units}件。证据提供者：{contributors}位。检测机构：{laboratories}家。",
    ),
    "conformity_rule": Pair(
        "Rule: JCGM 106:2012, decision with a guard band.", "规则：JCGM 106:2012，带保护带的判定。"
    ),
    # Sources over time.
    "sources": Pair("Sources and their changes", "来源与改动"),
    "source": Pair("Source", "来源"),
    "spoken_by": Pair("Speaker", "发布方"),
    "channel": Pair("Channel", "渠道"),
    "address": Pair("Address", "网址"),
    "our_page": Pair("Page on AsClaimed", "本站页面"),
    "versions": Pair("Versions", "版本"),
    "version_n": Pair("Version {n}", "第{n}版"),
    "col_version": Pair("Version", "版本"),
    "col_interval": Pair("First seen between", "首次出现"),
    "col_quote": Pair("Quote in it", "其中的原话"),
    "col_characters": Pair("Characters", "字符数"),
    "interval": Pair("{after} – {before}", "{after}至{before}"),
    "interval_first": Pair("first seen {before}", "首次取得：{before}"),
    "text_digest": Pair("SHA-256 of the text", "文本的SHA-256"),
    "capture_digest": Pair("SHA-256 of the archived copy", "存档副本的SHA-256"),
    "extractor": Pair("text extracted by", "文本提取程序"),
    "observations": Pair("Checks", "检查"),
    "observed": Pair(
        "{n} {n:check|checks} from {first} to {last}: {types}.",
        "自{first}至{last}共检查{n}次：{types}。",
    ),
    "observed_none": Pair("Not checked yet.", "尚未检查。"),
    "col_time": Pair("Time", "时间"),
    "col_result": Pair("Result", "结果"),
    "col_status": Pair("HTTP status", "HTTP状态"),
    "diff_title": Pair("Changes between versions {old} and {new}", "第{old}版与第{new}版对比"),
    "diff_when": Pair(
        "Changed between {after} and {before}. {gone} {gone:character|characters} removed, "
        "{came} added.",
        "{after}至{before}之间有修改。删去{gone}个字符，增加{came}个字符。",
    ),
    "diff_when_open": Pair(
        "Changed before {before}. {gone} {gone:character|characters} removed, {came} added.",
        "{before}之前有修改。删去{gone}个字符，增加{came}个字符。",
    ),
    "diff_key": Pair(
        "struck through in brackets: removed; underlined: added", "括号内划线：删去；下划线：增加"
    ),
    "diff_key_moved": Pair("dotted: moved within the text", "点线：在文中移动"),
    "skipped": Pair("({n} {n:character|characters} unchanged)", "（{n}个字符未变）"),
    "diff_none": Pair(
        "No words differ; only the layout of the text changed.", "文字无改动，仅排版变化。"
    ),
    "links_gone": Pair("Link removed: {text} ({url})", "删去链接：{text}（{url}）"),
    "links_came": Pair("Link added: {text} ({url})", "增加链接：{text}（{url}）"),
    "disappearance": Pair("No longer available", "已无法访问"),
    "disappeared": Pair(
        "Last available {last}; first unavailable {first} ({type}). Confirmed by {n} "
        "{n:check|checks}: {looks}.",
        "最后可访问：{last}；首次无法访问：{first}（{type}）。经{n}次检查确认：{looks}。",
    ),
    "disappeared_unconfirmed": Pair(
        "Last available {last}; first unavailable {first} ({type}). Not yet confirmed.",
        "最后可访问：{last}；首次无法访问：{first}（{type}）。尚未确认。",
    ),
    "full_text": Pair("Full text of this version", "本版全文"),
    "line_title": Pair("Version timeline", "版本时间线"),
    "line_desc": Pair(
        "{versions} {versions:version|versions}, {looks} {looks:check|checks} from {first} to "
        "{last}.",
        "{versions}个版本，自{first}至{last}共检查{looks}次。",
    ),
    "line_gone": Pair(
        "No longer available since a time between {last} and {first}.",
        "自{last}至{first}之间某时起已无法访问。",
    ),
    "line_version": Pair("v{n}", "第{n}版"),
    "line_rest": Pair("Versions: {versions}. Checks: {looks}.", "版本：{versions}　检查：{looks}"),
    "line_first": Pair("Version {n}, first seen", "第{n}版，首次取得"),
    "line_came": Pair("Version {n} first seen", "第{n}版首次出现"),
    "line_again": Pair(", the text of version {n} again", "，与第{n}版文字相同"),
    "line_fork": Pair("v{n} again", "恢复为第{n}版"),
    "line_vanished": Pair("First unavailable", "首次无法访问"),
    "line_returned": Pair("Restored", "恢复访问"),
    "line_missing": Pair("unavailable", "无法访问"),
    "line_back": Pair("restored", "恢复访问"),
    "line_caption": Pair(
        "Ticks are checks, dots are versions. A broken line: source unavailable.",
        "短线为检查，圆点为版本，断线为无法访问。",
    ),
    "line_caption_thinned": Pair(
        "Ticks are checks (some left out for print), dots are versions. A broken line: source "
        "unavailable.",
        "短线为检查（印刷时有省略），圆点为版本，断线为无法访问。",
    ),
    # Exhibits, teardown, answer, certainty.
    "exhibits": Pair("Evidence", "证据"),
    "exhibit_withheld": Pair("The public copy is withheld.", "公开副本已停止公开。"),
    "no_caption": Pair("no caption", "无说明"),
    "grade": Pair("Evidence grade", "证据等级"),
    "not_graded": Pair("not graded", "未评级"),
    "grade_text": Pair(
        "{grade}: source {source}, information {information}",
        "{grade}：来源{source}，信息{information}",
    ),
    "provenance": Pair("Provenance level", "溯源等级"),
    "not_proven": Pair("Does not prove", "不证明"),
    "public_copy": Pair("SHA-256 of the public copy", "公开副本的SHA-256"),
    "custody": Pair("Chain of custody", "保管记录"),
    "teardowns": Pair("Teardown", "拆解"),
    "teardown_of": Pair("{unit}, teardown by {who}", "{unit}，拆解者：{who}"),
    "steps": Pair("Steps", "步骤"),
    "answer": Pair("Company reply", "企业回应"),
    "answer_none": Pair(
        "We have not requested a reply from the company yet.", "尚未征求企业回应。"
    ),
    "invited": Pair("Reply requested {at}, due by {deadline}.", "{at}征求回应，截止{deadline}。"),
    "invited_shown": Pair("What we sent the company", "发给企业的内容"),
    "replied_at": Pair("Replied {at}, in full and unedited:", "{at}回应，原文如下："),
    "silent_at": Pair(
        "No reply by the deadline; the reply period ended {at}.", "期限内未回应，回应期于{at}结束。"
    ),
    "silent": Pair("No reply by the deadline.", "期限内未回应。"),
    "no_further_reply": Pair(
        "The company replied before. No further reply by the deadline.",
        "企业此前已回应，期限内未再回应。",
    ),
    "replied_late_at": Pair(
        "Replied {at}, after the deadline, in full and unedited:",
        "{at}回应（已过截止时间），原文如下：",
    ),
    "entered_from": Pair(
        "Entered by moderators from the company’s letter of {day}, checked by another person, in "
        "full and unedited:",
        "由审核员据企业{day}来函录入，经另一人核对，原文如下：",
    ),
    "entered_late_from": Pair(
        "Entered by moderators from the company’s letter of {day}, after the deadline, checked "
        "by another person, in full and unedited:",
        "由审核员据企业{day}来函（已过截止时间）录入，经另一人核对，原文如下：",
    ),
    "waiting": Pair("The reply period has not ended.", "回应期尚未结束。"),
    "waived": Pair("Reply period ended early by {people}:", "由{people}提前结束回应期："),
    "how_sure": Pair("Strength of evidence", "证据强度"),
    "sure_exhibits": Pair(
        "Exhibits used in the findings: {n}; best grade {grade}.",
        "审核意见采用的证据：{n}件；最高等级{grade}。",
    ),
    "sure_exhibits_ungraded": Pair(
        "Exhibits used in the findings: {n}; none graded.", "审核意见采用的证据：{n}件；均未评级。"
    ),
    "sure_conformity": Pair("“{aspect}”: {summary}", "“{aspect}”：{summary}"),
    "sure_counts": Pair(
        "Findings: {against} contradict the claim, {support} support it, {open} inconclusive.",
        "审核意见：与宣称矛盾{against}项，支持宣称{support}项，不足以判断{open}项。",
    ),
    "sure_none": Pair("No findings yet.", "暂无审核意见。"),
    "entities": Pair("Legal entities", "法律主体"),
    "col_entity": Pair("Legal entity", "法律主体"),
    "col_role": Pair("Role", "角色"),
    "col_registered": Pair("Registration", "登记信息"),
    "since": Pair("since {since}", "自{since}起"),
    "until": Pair("until {until}", "至{until}止"),
    # The record and its limits.
    "record": Pair("The log, and how to verify this report", "公开日志与核验方法"),
    "record_text": Pair(
        "Every fact above is in a public, signed, append-only log. This report was made from its "
        "checkpoint of {at}, which reads:",
        "以上事实均写入公开、已签名、只增不改的日志。本报告依据日志{at}的检查点生成，"
        "签名原文如下：",
    ),
    "verify_text": Pair(
        "To verify it offline and without us, save the attached files and run, with Python and "
        "the cryptography package:",
        "可离线独立核验：保存所附文件，用装有cryptography的Python运行：",
    ),
    "verify_key": Pair(
        "The log’s public key; compare it with a copy from elsewhere:",
        "日志的验证公钥，请与别处的副本比对：",
    ),
    "log_at": Pair("The log itself:", "日志地址："),
    "attached": Pair("Attached to this file", "附件"),
    "col_file": Pair("File", "文件"),
    "col_bytes": Pair("Bytes", "字节"),
    "col_sha": Pair("SHA-256", "SHA-256"),
    "attach_report": Pair("This report as data (RFC 8785 JSON)", "本报告的数据（RFC 8785 JSON）"),
    "limits": Pair("What this report does not prove", "本报告不证明什么"),
    "limit_1": Pair(
        "Why the company spoke or acted as it did. It compares words with evidence and claims "
        "nothing about intent.",
        "企业为何这样说、这样做。本报告只对照宣称与证据，不判断主观意图。",
    ),
    "limit_2": Pair(
        "Anything about items that were not examined. Measurements hold for the measured items, "
        "under the stated conditions.",
        "未经检验的样品的情况。实测只适用于所测样品及所述条件。",
    ),
    "limit_3": Pair(
        "What every visitor saw. An archived copy shows what the address returned to us at that "
        "time.",
        "每位访问者所见的内容。存档副本只显示网址当时返回给本站的内容。",
    ),
    "limit_4": Pair(
        "That what was logged is true. The log shows that no entry was changed or removed "
        "afterwards.",
        "写入的内容属实。日志只证明此后没有改动或删除。",
    ),
    "limit_5": Pair(
        "A breach of law. A verdict here follows our published method; it is not a judgment of a "
        "court.",
        "构成违法。结论依据本站公开的评定方法，并非法院判决。",
    ),
    "snapshot_limit_1": Pair(
        "Who removed the source or why. It shows what the address returned to us, and when.",
        "谁让来源下线、为何下线。本报告只显示网址在何时返回给本站什么内容。",
    ),
    "snapshot_limit_2": Pair(
        "That no other version existed between two checks. The intervals say between which "
        "checks each change happened.",
        "两次检查之间没有其他版本。时间区间说明每次改动发生在哪两次检查之间。",
    ),
    "snapshot_summary": Pair(
        "This source was checked {n} {n:time|times} from {first} to {last}. "
        "{versions} {versions:version|versions} of its text {versions:is|are} archived.",
        "自{first}至{last}共检查这个来源{n}次；存有{versions}个版本的文本。",
    ),
    "claims_here": Pair("Claims in this source", "来源中的宣称"),
    "alt_photo": Pair("Exhibit {reference}: {caption}", "证据{reference}：{caption}"),
}

#: `{n}` is a value; `{n:item|items}` is the one word if that value is 1, and else the other.
_PLACE: Final = re.compile(r"\{(\w+)(?::([^{}|]*)\|([^{}]*))?\}")


def word(vocabulary: str, code: str, lang: Lang) -> str:
    """The word for a code. Raises KeyError for a code or vocabulary that no report may hold."""
    return VOCABULARIES[vocabulary][code].to(lang)


def phrase(name: str, lang: Lang, **values: object) -> str:
    """A phrase with its places filled, in one pass: braces inside a value are never taken for
    places."""

    def filled(place: re.Match[str]) -> str:
        value = str(values[place[1]])
        return value if place[2] is None else place[2] if value == "1" else place[3]

    return _PLACE.sub(filled, PHRASES[name].to(lang))


def places(text: str) -> set[str]:
    """The names of the places to fill in a phrase."""
    return {place[1] for place in _PLACE.finditer(text)}


def as_text(pair: Pair) -> dict[str, object]:
    """A pair as a ``reports.schema.Text``: English first, the Chinese beside it as a translation of
    the house."""
    return {
        "lang": "en",
        "text": pair.en,
        "translations": {"zh-Hans": {"text": pair.zh, "role": "system", "name": ""}},
    }
