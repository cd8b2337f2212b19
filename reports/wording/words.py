"""Every fixed word of a report, in English and in Simplified Chinese, side by side.

A report is read by a court in either language, so no word of it may exist in one language only:
each entry is a pair, and a pair cannot be half written. ``VOCABULARIES`` names the codes that a
report may hold (``reports.schema`` refuses any other, so a state that someone adds elsewhere fails
loudly here); ``PHRASES`` holds the prose and the labels.

Places to fill stand in braces, ``{n}``, and what depends on a number as ``{n:item|items}``;
both languages of a phrase have the same places, which a test checks.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Lang = Literal["en", "zh-Hans"]
LANGS: Final[tuple[Lang, ...]] = ("en", "zh-Hans")


class Pair(NamedTuple):
    en: str
    zh: str

    def to(self, lang: Lang) -> str:
        return self.en if lang == "en" else self.zh


VOCABULARIES: Final[Mapping[str, Mapping[str, Pair]]] = {
    "rating": {
        "delivered": Pair("Delivered", "已兑现"),
        "delivered_late": Pair("Delivered late", "迟延兑现"),
        "partly_delivered": Pair("Partly delivered", "部分兑现"),
        "misleading": Pair("Misleading", "误导"),
        "not_delivered": Pair("Not delivered", "未兑现"),
        "unverifiable": Pair("Unverifiable", "无法核实"),
    },
    "progress": {
        "not_yet_rated": Pair("Not yet rated", "尚未评定"),
        "not_yet_due": Pair("Not yet due", "尚未到期"),
        "in_progress": Pair("In progress", "进行中"),
        "in_review": Pair("In review", "复核中"),
        "reply_window_open": Pair("Waiting for the company’s reply", "等待企业答复"),
        "overdue": Pair("Overdue", "已逾期"),
        "rated": Pair("Rated", "已评定"),
        "out_of_scope": Pair("Out of scope", "不在评定范围"),
    },
    "mechanism": {
        "implied_function": Pair("a function was implied", "暗示了功能"),
        "omitted_condition": Pair("a condition was left out", "省略了条件"),
        "changed_baseline": Pair("the baseline was changed", "更换了比较基准"),
        "unrepresentative_image": Pair("the image was not representative", "图像不具代表性"),
        "scope_shift": Pair("the scope was shifted", "转移了范围"),
        "redefined_afterwards": Pair("the words were redefined afterwards", "事后重新定义"),
    },
    "flag": {
        "edited_after_publication": Pair("edited after publication", "发布后被修改"),
        "deleted": Pair("deleted", "已被删除"),
        "disclaimer_added_later": Pair("disclaimer added later", "事后增加免责说明"),
        "remedied": Pair("remedied", "已补救"),
        "company_replied": Pair("company replied", "企业已答复"),
        "company_silent": Pair("no reply by the deadline", "期限内未回应"),
        "disputed": Pair("disputed", "有争议"),
        "superseded": Pair("superseded", "已被取代"),
    },
    "claim_kind": {
        "express": Pair("express claim", "明示声明"),
        "implied": Pair("implied claim", "暗示声明"),
        "puffery": Pair("puffery", "夸张宣传用语"),
    },
    "claim_status": {
        "registered": Pair("registered", "已登记"),
        "withdrawn": Pair("withdrawn by AsClaimed", "本站已撤销"),
    },
    "aspect_kind": {
        "function": Pair("function", "功能"),
        "quantity": Pair("quantity", "数量"),
        "appearance": Pair("appearance", "外观"),
        "price": Pair("price", "价格"),
        "date": Pair("date", "日期"),
        "process": Pair("process", "过程"),
    },
    "channel": {
        "launch_event": Pair("launch event", "发布会"),
        "social_post": Pair("social post", "社交媒体帖子"),
        "product_page": Pair("product page", "产品页面"),
        "brochure": Pair("brochure", "宣传册"),
        "order_page": Pair("order page", "订购页面"),
        "app_screen": Pair("app screen", "应用界面"),
        "contract": Pair("contract", "合同"),
        "sales_chat": Pair("sales chat", "销售聊天"),
        "statement": Pair("official statement", "官方声明"),
        "release_notes": Pair("release notes", "更新说明"),
        "press": Pair("press report", "媒体报道"),
        "authority": Pair("notice of an authority", "主管部门通报"),
        "market_data": Pair("market data", "市场数据"),
    },
    "entity_role": {
        "spoke": Pair("made the claim", "作出声明"),
        "made": Pair("made the product", "生产"),
        "sold": Pair("sold it", "销售"),
        "signed": Pair("signed the contract", "签订合同"),
        "services": Pair("services it", "售后服务"),
        "took_money": Pair("took the money", "收款"),
        "answers": Pair("answers for it", "承担责任"),
    },
    "observation": {
        "ok": Pair("content received", "取得内容"),
        "unchanged": Pair("unchanged", "无变化"),
        "gone": Pair("gone (404 or 410)", "已不存在（404 或 410）"),
        "tombstone": Pair("notice of deletion", "删除提示"),
        "moved": Pair("moved elsewhere", "已转移"),
        "soft_404": Pair("“not found” page", "“页面不存在”页"),
        "login_wall": Pair("sign-in required", "要求登录"),
        "blocked": Pair("access refused to us", "拒绝我们访问"),
        "transient": Pair("no usable answer", "暂无有效响应"),
        "empty": Pair("empty answer", "响应为空"),
        "too_large": Pair("too large to keep", "过大，未保存"),
        "refused": Pair("not fetched (unsafe address)", "未抓取（地址不安全）"),
        "suspect": Pair("possibly not the page", "可能不是原页面"),
        "unplaced": Pair("a text that no version has", "文本不属于任何版本"),
    },
    "look_method": {
        "live": Pair("our own visit", "自行访问"),
        "upload": Pair("handed in", "他人提交"),
    },
    "sighting": {
        "verbatim": Pair("verbatim", "原文在"),
        "reworded": Pair("reworded", "措辞改变"),
        "elsewhere": Pair("only in another place", "仅见于另一处"),
        "absent": Pair("absent", "原文不在"),
    },
    "run": {
        "same": Pair("same", "未变"),
        "gone": Pair("removed", "删去"),
        "came": Pair("added", "增加"),
        "moved": Pair("moved", "移动"),
    },
    "comparator": {
        "at_least": Pair("at least", "不低于"),
        "at_most": Pair("at most", "不超过"),
    },
    "basis_kind": {
        "claimed": Pair("claimed by the company", "企业宣称"),
        "standard": Pair("from a standard", "引用标准"),
        "set_by_us": Pair("set by AsClaimed", "本站设定"),
    },
    "conclusion": {
        "contradicts": Pair("contradicts the claim", "与声明相矛盾"),
        "supports": Pair("supports the claim", "支持声明"),
        "inconclusive": Pair("inconclusive", "不足以判断"),
    },
    "decision": {
        "conforms": Pair("meets the threshold", "达到限值"),
        "does_not_conform": Pair("does not meet the threshold", "未达到限值"),
        "undecided": Pair("inconclusive", "无法判定"),
        "disagree": Pair("measurements disagree", "实测结果不一致"),
    },
    "grade_source": {
        "A": Pair("completely reliable", "完全可靠"),
        "B": Pair("usually reliable", "通常可靠"),
        "C": Pair("fairly reliable", "比较可靠"),
        "D": Pair("not usually reliable", "通常不可靠"),
        "E": Pair("unreliable", "不可靠"),
        "F": Pair("reliability cannot be judged", "可靠性无法判断"),
    },
    "grade_information": {
        "1": Pair("confirmed by other sources", "已由其他来源证实"),
        "2": Pair("probably true", "很可能属实"),
        "3": Pair("possibly true", "可能属实"),
        "4": Pair("doubtful", "存疑"),
        "5": Pair("improbable", "不大可能"),
        "6": Pair("truth cannot be judged", "真实性无法判断"),
    },
    "provenance": {
        "P0": Pair("an assertion", "仅为陈述"),
        "P1": Pair("hashed on arrival", "收到时即计算哈希"),
        "P2": Pair(
            "original with consistent metadata or valid C2PA", "原始文件，元数据一致或 C2PA 有效"
        ),
        "P3": Pair("our own capture", "由我们自行抓取"),
        "P4": Pair(
            "our own capture, signed, time-stamped and logged",
            "自行抓取，已签名、加盖时间戳并入日志",
        ),
        "P5": Pair("as P4, with a matching independent capture", "同 P4，另有独立抓取相互印证"),
    },
    "affiliation": {
        "independent": Pair("independent", "独立"),
        "company": Pair("from the company’s side, not independent", "企业方提交，不计为独立证据"),
        "other_company": Pair(
            "from another company’s side, not independent", "其他企业方提交，不计为独立证据"
        ),
    },
    "licence": {
        "cc-by-4.0": Pair("CC BY 4.0", "CC BY 4.0"),
        "cc0-1.0": Pair("CC0 1.0", "CC0 1.0"),
        "show": Pair("shown here only, no reuse", "仅限本站展示，不得转用"),
    },
    "custody": {
        "received": Pair("received and hashed, unopened", "收到并计算哈希，未打开"),
        "read": Pair(
            "read in isolation, public copy made without metadata",
            "隔离读取，制作不含元数据的公开副本",
        ),
        "original_viewed": Pair("original viewed", "查看原件"),
        "graded": Pair("graded", "评级"),
        "published": Pair("published", "公开"),
        "withdrawn": Pair("withdrawn", "撤回"),
        "checked": Pair("stored bytes checked against their hash", "以哈希校验已存字节"),
        "withheld": Pair("erased on a legal ground; nothing of it is kept", "依法移除，未予保留"),
    },
    # Words that custody uses for the parts of the system and for how a step ended; others stand as
    # they are.
    "custody_word": {
        "decoder": Pair("the decoder", "解码程序"),
        "stored": Pair("stored", "已封存"),
        "ready": Pair("readable", "可读取"),
        "renditions": Pair("public copies only", "仅公开副本"),
    },
    "role": {
        "contributor": Pair("contributor", "投稿人"),
        "filer": Pair("filer", "提交人"),
        "moderator": Pair("moderator", "审核员"),
        "adjudicator": Pair("adjudicator", "裁定员"),
        "company_representative": Pair("company representative", "企业代表"),
        "laboratory": Pair("laboratory", "检测机构"),
        "auditor": Pair("auditor", "审计员"),
        "operator": Pair("operator", "运营人员"),
        "system": Pair("the system", "系统"),
        "": Pair("not stated", "未注明"),
    },
    "outcome": {
        "open": Pair("waiting for a reply", "等待答复"),
        "replied": Pair("replied", "已答复"),
        "silent": Pair("no reply by the deadline", "期限内未回应"),
        "no_further_reply": Pair("no further reply by the deadline", "期限内未再回应"),
        "waived": Pair("the window was closed early by two people", "由两人提前结束答复期"),
    },
}

#: What an artefact of each level does not prove: the other half of every provenance badge.
DOES_NOT_PROVE: Final[Mapping[str, Pair]] = {
    "P0": Pair("Nothing but that someone said so.", "只说明有人这样陈述，不证明其他任何事。"),
    "P1": Pair(
        "When, where or by whom it was made, or that it was not altered before it reached us.",
        "不证明何时、何地、由谁制作，也不证明送达之前未被改动。",
    ),
    "P2": Pair(
        "That the scene is what its caption says, or that the clock of the device was right. "
        "Metadata can be forged.",
        "不证明画面与说明一致，也不证明设备时钟准确。元数据可以伪造。",
    ),
    "P3": Pair(
        "That others were shown the same, or that the text stood there at any time but the time "
        "of capture.",
        "不证明其他人看到的内容相同，也不证明抓取时刻之外的内容。",
    ),
    "P4": Pair(
        "That others were shown the same. It proves that we held these bytes at that time, not "
        "that what they say is true.",
        "不证明其他人看到的内容相同。它证明我们当时持有这些字节，不证明其内容属实。",
    ),
    "P5": Pair(
        "That what it says is true; only that it was said there, then.",
        "不证明其内容属实，只证明当时、当地确有此言。",
    ),
}

PHRASES: Final[Mapping[str, Pair]] = {
    "withheld": Pair("[Withheld: these words were erased.]", "［此处文字已依法移除。］"),
    "name": Pair("AsClaimed", "言实录"),
    "kind_discrepancy": Pair("Discrepancy report", "言实差异报告"),
    "kind_snapshot": Pair("Removed-page report", "下线内容报告"),
    "reconstruction": Pair("Reconstruction", "情景重建"),
    "reconstruction_long": Pair(
        "This case is a reconstruction. It was played through to show how the record works; its "
        "photos are drawn, its people are invented.",
        "本案为情景重建，用于演示记录如何运作；照片系绘制，人物均为虚构。",
    ),
    "made_from": Pair(
        "Made from the checkpoint of {at} ({size} {size:entry|entries})",
        "依据 {at} 的检查点生成（共 {size} 条记录）",
    ),
    "page_of": Pair("Page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "translated": Pair("translated by the house ({role})", "本站译文（{role}）"),
    "original_only": Pair("in its original language; no translation yet", "原文，尚无译文"),
    "permanent": Pair("Permanent address:", "永久地址："),
    "utc": Pair("All times are UTC.", "所有时间均为协调世界时（UTC）。"),
    "unprintable": Pair(
        "Characters that the print face lacks, or that would steer the text, stand as [U+…]; "
        "attached report.json holds them unchanged.",
        "字体缺失的字符和控制文字走向的字符，以 [U+…] 表示；所附 report.json 保留原样。",
    ),
    "colon": Pair(": ", "："),
    "comma": Pair(", ", "，"),
    "semicolon": Pair("; ", "；"),
    "stop": Pair(". ", "。"),
    "bracketed": Pair(" ({text})", "（{text}）"),
    "none": Pair("none", "无"),
    "not_known": Pair("not known", "不详"),
    "empty": Pair("(empty)", "（空）"),
    "claim_title": Pair("Claim: “{words}”", "宣称：“{words}”"),
    # The head and the summary.
    "summary": Pair("Summary", "摘要"),
    "at_stake": Pair("At stake", "涉及金额"),
    "sum_said": Pair(
        "{speaker} ({company}, {channel}) said on {at}: {quote}",
        "{at}，{speaker}（{company}，{channel}）称：{quote}",
    ),
    "sum_said_undated": Pair(
        "{speaker} ({company}, {channel}) said: {quote}",
        "{speaker}（{company}，{channel}）称：{quote}",
    ),
    "sum_said_company": Pair("{company} said: {quote}", "{company}称：{quote}"),
    "the_company": Pair("The company", "该企业"),
    "sum_stake": Pair("At stake: {amount}, {basis}.", "涉及金额：{amount}（{basis}）。"),
    "sum_stake_bare": Pair("At stake: {amount}.", "涉及金额：{amount}。"),
    "sum_verdict": Pair("“{aspect}”: {rating}.", "“{aspect}”：{rating}。"),
    "sum_edited": Pair(
        "The text changed after publication ({n} {n:version is|versions are} archived).",
        "文本在发布后有修改（存有{n}个版本）。",
    ),
    "sum_gone": Pair(
        "The source is no longer available since a time between {last} and {first}.",
        "自 {last} 至 {first} 之间某时起，来源已无法访问。",
    ),
    "sum_back": Pair("It was back on {at}.", "于 {at} 恢复。"),
    "sum_waiting": Pair(
        "The company was invited to reply by {deadline}.", "已邀请企业于 {deadline} 前答复。"
    ),
    "sum_replied": Pair(
        "The company replied; its words are given in full below.", "企业已答复，全文见下。"
    ),
    "sum_silent": Pair(
        "The company was invited to reply by {deadline}; no reply had come by then.",
        "已邀请企业于 {deadline} 前答复，截至当时未收到答复。",
    ),
    "sum_no_further_reply": Pair(
        "The company replied before; asked again, it gave no further reply by {deadline}.",
        "企业此前已回应；再次征求回应后，在 {deadline} 前未再回应。",
    ),
    "sum_waived": Pair(
        "The time to reply was closed early by two people, for a recorded reason.",
        "答复期由两人提前结束，理由已记录。",
    ),
    # Said and found.
    "said": Pair("Said", "所言"),
    "found": Pair("Found", "所得"),
    "open_quote": Pair("“", "“"),
    "close_quote": Pair("”", "”"),
    "what_became": Pair("What became of the words", "这句话后来怎样"),
    "sighted_verbatim": Pair("Version {n}: the words stand verbatim.", "第 {n} 版：原文在。"),
    "sighted_reworded": Pair(
        "Version {n}: the words are changed (similarity {similarity}): {passage}",
        "第 {n} 版：措辞改变（相似度 {similarity}）：{passage}",
    ),
    "sighted_same_words": Pair(
        "Version {n}: the words are the same; only punctuation differs.",
        "第 {n} 版：文字相同，仅标点不同。",
    ),
    "sighted_elsewhere": Pair(
        "Version {n}: the words are found only in another place.", "第 {n} 版：原话仅见于另一处。"
    ),
    "sighted_absent": Pair(
        "Version {n}: quote no longer in the text.", "第 {n} 版：原话已不在文中。"
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
    "threshold_short": Pair(
        "Threshold: {comparator} {value} {unit}", "限值：{comparator}{value} {unit}"
    ),
    "claimed_short": Pair("Claimed value: {value} {unit}", "宣称值：{value} {unit}"),
    # An aspect.
    "aspect": Pair("Aspect", "方面"),
    "licence": Pair("Licence", "许可"),
    "side": Pair("Submitted", "提交方"),
    "beside_company": Pair("{unit} (company’s side)", "{unit}（企业方）"),
    "criterion": Pair("Threshold", "限值"),
    "claimed_value": Pair("Claimed value", "宣称值"),
    "conditions": Pair("Conditions", "条件"),
    "tolerance": Pair("tolerance", "允差"),
    "due": Pair("due", "到期"),
    "cancelled": Pair("cancelled by the company", "企业宣布取消"),
    "basis": Pair("Where the threshold comes from", "限值来源"),
    "verdict": Pair("Verdict", "裁定"),
    "no_verdict": Pair("No verdict", "尚无裁定"),
    "rationale": Pair("Reasons", "理由"),
    "mechanism": Pair("How it misleads", "误导方式"),
    "flags": Pair("Flags", "标记"),
    "concluded_by": Pair("Concluded by", "裁定人"),
    "published_on": Pair("Published", "公布时间"),
    "method": Pair("Method", "方法版本"),
    "log_entry": Pair("Log entry", "日志条目"),
    "bundle": Pair("Proof bundle", "证明文件"),
    "supersedes": Pair("Supersedes", "取代"),
    "attempts": Pair("What was tried", "已作的尝试"),
    "findings": Pair("Findings", "认定"),
    "finding_from": Pair("From {exhibits}", "依据 {exhibits}"),
    "measured": Pair("What was measured", "测量结果"),
    "chart_measured": Pair("Measured value and threshold", "实测值与限值"),
    "chart_title": Pair("{property}: measured value and threshold", "{property}：实测值与限值"),
    "chart_caption": Pair(
        "Bars show the expanded uncertainty, k times the standard uncertainty. The table below "
        "holds the exact numbers.",
        "横条为扩展不确定度，即 k 倍标准不确定度。确切数值见下表。",
    ),
    "chart_threshold": Pair(
        "threshold: {comparator} {value} {unit}", "限值：{comparator}{value} {unit}"
    ),
    "chart_claimed": Pair("claimed value: {value} {unit}", "宣称值：{value} {unit}"),
    "chart_unit": Pair(
        "{label}: {value} ± {expanded} {unit} (k = {k})",
        "{label}：{value} ± {expanded} {unit}（k = {k}）",
    ),
    "chart_rest": Pair("and {n} more, in the table", "另有 {n} 项，见表"),
    "trend_verdicts": Pair("Verdicts over time", "历次裁定"),
    "trend_verdict": Pair("{day}: {rating}.", "{day}：{rating}。"),
    "trend_computed": Pair("computed", "按数据计算"),
    "trend_stated": Pair("as stated", "他人所称"),
    "trend_compared": Pair(
        "Stated: {stated} {unit}; computed: {computed} {unit}",
        "他人所称：{stated} {unit}；按数据计算：{computed} {unit}",
    ),
    "col_unit": Pair("Unit", "实物"),
    "col_value": Pair("Value", "测量值"),
    "col_uncertainty": Pair("Standard uncertainty", "标准不确定度"),
    "col_expanded": Pair("Expanded (k)", "扩展不确定度（k）"),
    "col_limits": Pair("Accepted from / rejected from", "接受限 / 拒绝限"),
    "col_count": Pair("Looks", "次数"),
    "col_method": Pair("How we know", "来源方式"),
    "col_who": Pair("Measured by", "测量者"),
    "col_how": Pair("Instrument and method", "仪器与方法"),
    "col_probability": Pair("Probability of conforming", "符合概率"),
    "col_decision": Pair("Decision", "判定"),
    "conformity": Pair("Decision by rule", "按规则判定"),
    "independence": Pair(
        "Independent units: {units}. Contributors: {contributors}. Laboratories: {laboratories}.",
        "独立实物：{units} 件。投稿人：{contributors} 位。检测机构：{laboratories} 家。",
    ),
    "conformity_rule": Pair(
        "Rule: JCGM 106:2012, decision with a guard band.", "规则：JCGM 106:2012，带保护带的判定。"
    ),
    # Sources over time.
    "sources": Pair("The words over time", "文本的变化"),
    "source": Pair("Source", "来源"),
    "spoken_by": Pair("Spoken by", "发言者"),
    "channel": Pair("Channel", "渠道"),
    "address": Pair("Address", "地址"),
    "our_page": Pair("Our page of it", "本站页面"),
    "versions": Pair("Versions", "版本"),
    "version_n": Pair("Version {n}", "第 {n} 版"),
    "col_version": Pair("Version", "版本"),
    "col_interval": Pair("Came up between", "出现时间"),
    "col_quote": Pair("The quote in it", "其中的引文"),
    "col_characters": Pair("Characters", "字符数"),
    "interval": Pair("{after} – {before}", "{after} 至 {before}"),
    "interval_first": Pair("first seen {before}", "首次见于 {before}"),
    "text_digest": Pair("SHA-256 of the text", "文本的 SHA-256"),
    "capture_digest": Pair("SHA-256 of the capture", "抓取件的 SHA-256"),
    "extractor": Pair("text taken out by", "文本提取程序"),
    "observations": Pair("Observations", "观察"),
    "observed": Pair(
        "{n} {n:check|checks} from {first} to {last}: {types}.",
        "自{first}至{last}共检查{n}次：{types}。",
    ),
    "observed_none": Pair("No look has been recorded.", "尚无观察记录。"),
    "col_time": Pair("Time", "时间"),
    "col_result": Pair("What came back", "结果"),
    "col_status": Pair("HTTP status", "HTTP 状态"),
    "diff_title": Pair("From version {old} to version {new}", "从第 {old} 版到第 {new} 版"),
    "diff_when": Pair(
        "Changed between {after} and {before}. {gone} {gone:character|characters} removed, "
        "{came} added.",
        "修改发生在 {after} 至 {before} 之间。删去 {gone} 个字符，增加 {came} 个字符。",
    ),
    "diff_when_open": Pair(
        "Changed before {before}. {gone} {gone:character|characters} removed, {came} added.",
        "修改发生在 {before} 之前。删去 {gone} 个字符，增加 {came} 个字符。",
    ),
    "diff_key": Pair(
        "struck through in brackets: removed; underlined: added", "括号内划线：删去；下划线：增加"
    ),
    "diff_key_moved": Pair("dotted: moved within the text", "点线：在文中移动"),
    "skipped": Pair("({n} {n:character|characters} unchanged)", "（{n} 个字符未变）"),
    "diff_none": Pair(
        "No word differs; the layout of the text changed.", "文字无差异，仅排版变化。"
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
    "full_text": Pair("Full text", "全文"),
    "line_title": Pair("Version line", "版本线"),
    "line_desc": Pair(
        "{versions} {versions:version|versions}, {looks} {looks:check|checks} from {first} to "
        "{last}.",
        "{versions}个版本，自{first}至{last}共检查{looks}次。",
    ),
    "line_gone": Pair(
        "No longer available since a time between {last} and {first}.",
        "自 {last} 至 {first} 之间某时起已无法访问。",
    ),
    "line_version": Pair("v{n}", "第{n}版"),
    "line_rest": Pair("Versions: {versions}. Looks: {looks}.", "版本：{versions}　观察：{looks}"),
    "line_first": Pair("Version {n}, as first seen", "第{n}版，首次看到"),
    "line_came": Pair("Version {n} came up", "第{n}版出现"),
    "line_again": Pair(", the text of version {n} again", "，与第{n}版文字相同"),
    "line_fork": Pair("v{n} again", "恢复为第{n}版"),
    "line_vanished": Pair("First unavailable", "首次无法访问"),
    "line_returned": Pair("Was back", "恢复可见"),
    "line_missing": Pair("unavailable", "无法访问"),
    "line_back": Pair("back", "恢复"),
    "line_caption": Pair(
        "One tick for each look, one dot for each version; the broken line is where the source "
        "is missing.",
        "每个刻度为一次观察，每个圆点为一个版本；断线处来源缺失。",
    ),
    "line_caption_thinned": Pair(
        "A tick for each look, thinned for print; one dot for each version; the broken line is "
        "where the source is missing.",
        "刻度为观察（为印刷作了抽稀），每个圆点为一个版本；断线处来源缺失。",
    ),
    # Exhibits, teardown, answer, certainty.
    "exhibits": Pair("Exhibits", "证物"),
    "exhibit_withheld": Pair("The public copy is withheld.", "公开副本暂不提供。"),
    "no_caption": Pair("no caption", "无说明"),
    "grade": Pair("Grade", "评级"),
    "not_graded": Pair("not graded", "未评级"),
    "grade_text": Pair(
        "{grade}: source {source}, information {information}",
        "{grade}：来源{source}，信息{information}",
    ),
    "provenance": Pair("Provenance", "来源等级"),
    "not_proven": Pair("Does not prove", "不证明"),
    "public_copy": Pair("SHA-256 of the public copy", "公开副本的 SHA-256"),
    "custody": Pair("Custody", "保管链"),
    "teardowns": Pair("Teardown", "拆解"),
    "teardown_of": Pair("{unit}, taken apart by {who}", "{unit}，拆解者：{who}"),
    "steps": Pair("Steps", "步骤"),
    "answer": Pair("The company’s answer", "企业的答复"),
    "answer_none": Pair("The company has not yet been invited to reply.", "尚未邀请企业答复。"),
    "invited": Pair(
        "Invited {at}, to reply by {deadline}.", "{at} 发出邀请，答复截止 {deadline}。"
    ),
    "invited_shown": Pair("What it was shown", "已向其出示"),
    "replied_at": Pair("Replied {at}, verbatim:", "{at} 答复，原文如下："),
    "silent_at": Pair(
        "No answer came by the deadline; the window closed {at}.",
        "截止时未收到答复，答复期于 {at} 结束。",
    ),
    "silent": Pair("No answer came by the deadline.", "截止时未收到答复。"),
    "no_further_reply": Pair(
        "The company replied before. No further reply came by the deadline.",
        "企业此前已回应，截止时未再回应。",
    ),
    "replied_late_at": Pair(
        "Replied {at}, after the deadline, verbatim:", "{at} 答复（已过截止时间），原文如下："
    ),
    "entered_from": Pair(
        "Entered by moderators from the company’s letter of {day}, checked by a second person, "
        "verbatim:",
        "由审核员据企业 {day} 来函录入，并经第二人核对，原文如下：",
    ),
    "entered_late_from": Pair(
        "Entered by moderators from the company’s letter of {day}, after the deadline, checked "
        "by a second person, verbatim:",
        "由审核员据企业 {day} 来函（已过截止时间）录入，并经第二人核对，原文如下：",
    ),
    "waiting": Pair("The window is open.", "答复期尚未结束。"),
    "waived": Pair("Closed early by {people}:", "由 {people} 提前结束："),
    "how_sure": Pair("How sure", "确定程度"),
    "sure_exhibits": Pair(
        "Exhibits named in the findings: {n}; best grade {grade}.",
        "认定所引证物：{n} 件；最高评级 {grade}。",
    ),
    "sure_exhibits_ungraded": Pair(
        "Exhibits named in the findings: {n}; none graded.", "认定所引证物：{n} 件；均未评级。"
    ),
    "sure_conformity": Pair("“{aspect}”: {summary}", "“{aspect}”：{summary}"),
    "sure_counts": Pair(
        "Findings: {against} against the claim, {support} for it, {open} inconclusive.",
        "认定：与声明相矛盾 {against} 项，支持声明 {support} 项，不足以判断 {open} 项。",
    ),
    "sure_none": Pair("There are no findings yet.", "尚无认定。"),
    "entities": Pair("Who is who", "相关主体"),
    "col_entity": Pair("Legal entity", "法律主体"),
    "col_role": Pair("Role", "角色"),
    "col_registered": Pair("Registered", "注册信息"),
    "since": Pair("since {since}", "自 {since} 起"),
    "until": Pair("until {until}", "至 {until} 止"),
    # The record and its limits.
    "record": Pair("The record, and how to check this report", "记录与核验方法"),
    "record_text": Pair(
        "Every fact above stands in a public, signed, append-only log. This report was made from "
        "its checkpoint of {at}, signed thus:",
        "以上事实均载于公开、经签名、只增不改的日志。本报告依据其 {at} 的检查点生成，"
        "签名原文如下：",
    ),
    "verify_text": Pair(
        "To check it without us and without a network, save the attached files and run, with "
        "Python and the cryptography package:",
        "无需联网、无需我们参与即可核验：保存所附文件，用装有 cryptography 的 Python 运行：",
    ),
    "verify_key": Pair(
        "The log’s verifier key; compare it with a copy from elsewhere:",
        "日志的验证公钥，请与他处副本比对：",
    ),
    "log_at": Pair("The log itself:", "日志地址："),
    "attached": Pair("Attached to this file", "本文件所附"),
    "col_file": Pair("File", "文件"),
    "col_bytes": Pair("Bytes", "字节"),
    "col_sha": Pair("SHA-256", "SHA-256"),
    "attach_report": Pair("This report as data (RFC 8785 JSON)", "本报告的数据（RFC 8785 JSON）"),
    "limits": Pair("What this report does not prove", "本报告不证明什么"),
    "limit_1": Pair(
        "Why the company spoke or acted as it did. It compares words with findings and claims "
        "nothing about intent.",
        "企业为何这样说、这样做。本报告只将言辞与所得对照，不对主观意图作任何判断。",
    ),
    "limit_2": Pair(
        "Anything about units that were not examined. Measurements hold for the units measured, "
        "under the conditions stated.",
        "未经检验的实物的情况。测量结果仅适用于所测实物及所述条件。",
    ),
    "limit_3": Pair(
        "What every visitor saw. A capture shows what the address returned to us at that time.",
        "每位访问者所见的内容。抓取件只显示该地址当时返回给我们的内容。",
    ),
    "limit_4": Pair(
        "That what was logged is true. The log shows that nothing in it was changed or removed "
        "afterwards.",
        "所记内容属实。日志只证明其中内容事后未被更改或移除。",
    ),
    "limit_5": Pair(
        "A breach of law. A verdict here follows our published method; it is not a judgment of a "
        "court.",
        "构成违法。此处的裁定依据我们公开的方法作出，并非法院判决。",
    ),
    "snapshot_limit_1": Pair(
        "Who removed the source or why. It shows what the address returned to us, and when.",
        "由谁、因何移除该来源。本快照只显示该地址在何时返回给我们什么内容。",
    ),
    "snapshot_limit_2": Pair(
        "That no other version existed between two looks. The intervals say between which looks "
        "each change fell.",
        "两次观察之间不存在其他版本。时间区间说明每次变化落在哪两次观察之间。",
    ),
    "snapshot_summary": Pair(
        "This source was checked {n} {n:time|times} from {first} to {last}. "
        "{versions} {versions:version|versions} of its text {versions:is|are} archived.",
        "自{first}至{last}共检查这个来源{n}次；存有{versions}个版本的文本。",
    ),
    "claims_here": Pair("Claims made in it", "其中的声明"),
    "alt_photo": Pair("Exhibit {reference}: {caption}", "证物 {reference}：{caption}"),
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
