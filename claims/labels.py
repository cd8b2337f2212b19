"""What the codes of claims are called: one table for `claims.states`, pages and reports (see
`accounts.labels`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from accounts.labels import Pair

CHANNEL: Final[Mapping[str, Pair]] = {
    "launch_event": Pair("launch event", "发布会"),
    "social_post": Pair("social media post", "社交媒体帖子"),
    "product_page": Pair("product page", "产品页"),
    "brochure": Pair("brochure", "宣传册"),
    "order_page": Pair("order page", "订购页"),
    "app_screen": Pair("app screen", "App界面"),
    "contract": Pair("contract", "合同"),
    "sales_chat": Pair("sales chat", "销售沟通"),
    "statement": Pair("official statement", "官方声明"),
    "release_notes": Pair("release notes", "更新说明"),
    "press": Pair("press report", "媒体报道"),
    "authority": Pair("regulator notice", "监管通报"),
    "market_data": Pair("market data", "市场数据"),
}
ENTITY_ROLE: Final[Mapping[str, Pair]] = {
    "spoke": Pair("speaker", "发布方"),
    "made": Pair("manufacturer", "制造方"),
    "sold": Pair("seller", "销售方"),
    "took_money": Pair("payee", "收款方"),
    "signed": Pair("contracting party", "签约方"),
    "answers": Pair("responsible under contract", "合同责任方"),
    "services": Pair("service provider", "售后方"),
}
CLAIM_KIND: Final[Mapping[str, Pair]] = {
    "express": Pair("explicit claim", "明确宣称"),
    "implied": Pair("implied claim", "暗示宣称"),
    "puffery": Pair("puffery", "主观宣传语"),
}
CLAIM_STATUS: Final[Mapping[str, Pair]] = {
    "registered": Pair("published", "已发布"),
    "withdrawn": Pair("withdrawn by AsClaimed", "本站已撤销"),
}
CLAIM_PROPOSAL_STATUS: Final[Mapping[str, Pair]] = {
    "proposed": Pair("awaiting a moderator", "待审核"),
    "returned": Pair("more information needed", "需补充"),
    "registered": Pair("published as a claim", "已发布为宣称"),
    "merged": Pair("merged with a published claim", "已并入现有宣称"),
    "puffery": Pair("recorded as puffery", "已记为主观宣传语"),
    "refused": Pair("not accepted", "未采纳"),
    "withdrawn": Pair("withdrawn by the proposer", "提出人已撤回"),
}
ASPECT_KIND: Final[Mapping[str, Pair]] = {
    "function": Pair("function", "功能"),
    "quantity": Pair("quantity", "数量"),
    "appearance": Pair("appearance", "外观"),
    "price": Pair("price", "价格"),
    "date": Pair("date", "日期"),
    "process": Pair("process", "过程"),
}
PROGRESS: Final[Mapping[str, Pair]] = {
    "not_yet_rated": Pair("Not rated yet", "待评定"),
    "not_yet_due": Pair("Not due yet", "未到承诺日期"),
    "in_progress": Pair("Evidence under review", "证据审核中"),
    "in_review": Pair("Awaiting verdict", "待出结论"),
    "reply_window_open": Pair("Awaiting company reply", "等待企业回应"),
    "overdue": Pair("Past promised date", "已过承诺日期"),
    "rated": Pair("Rated", "已评定"),
    "out_of_scope": Pair("Out of scope", "不在评定范围"),
}
COMPARATOR: Final[Mapping[str, Pair]] = {
    "at_least": Pair("at least", "不低于"),
    "at_most": Pair("at most", "不超过"),
    "between": Pair("between", "介于"),
    "exactly": Pair("exactly", "恰好"),
    "about": Pair("about", "约"),
}
BASIS_KIND: Final[Mapping[str, Pair]] = {
    "claimed": Pair("claimed by the company", "企业宣称"),
    "standard": Pair("from a standard", "引用标准"),
    "set_by_us": Pair("set by AsClaimed", "本站设定"),
}
FLAG: Final[Mapping[str, Pair]] = {
    "edited_after_publication": Pair("Edited after publication", "发布后有修改"),
    "deleted": Pair("No longer available", "已无法访问"),
    "disclaimer_added_later": Pair("Disclaimer added later", "后加免责说明"),
    "remedied": Pair("Remedy provided", "已补救"),
    "company_replied": Pair("Company replied", "企业已回应"),
    "company_silent": Pair("No reply by the deadline", "期限内未回应"),
    "disputed": Pair("Disputed", "有争议"),
    "superseded": Pair("Verdict replaced", "结论已更新"),
}
