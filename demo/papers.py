"""What has no address to look at: a stage, a chat, a contract, an app's screen, newspapers, market
data. Kept as texts handed in.

All of it is written for this reconstruction about a company that does not exist; nothing is quoted,
and people stand by their role. Each text says at its head that it is a reconstruction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from claims.localized_text import LocalizedText, write
from demo.brand_site import MARK

TYPE: Final = "text/plain; charset=utf-8"
NOTE: Final = "Reconstructed text, written for this demonstration"
#: Since when the company's legal persons had their parts, and when the car was shown.
SINCE: Final = date(2025, 1, 1)
LAUNCHED: Final = date(2025, 2, 27)


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Paper:
    """One text that was handed in: where it was said, when, and what stands in it."""

    channel: str
    title: LocalizedText
    said_at: datetime
    lines: tuple[str, ...]
    speaker: LocalizedText | None = None

    @property
    def content(self) -> bytes:
        return "\n".join([MARK, *self.lines]).encode()


# --- words about the hood and about paying --------------------------------------------------------

ON_STAGE: Final = "前舱盖上这两条风道是真的，风从这里进去，直接吹到前刹车上。"
PAY_LATER: Final = "先付五千定金锁单，大约三十六周交付，尾款等车到店再付。"
PAY_LATER_IN_ENGLISH = write(
    "en",
    "A deposit of five thousand locks the order, delivery takes about thirty-six weeks, and the "
    "balance can wait for the car.",
)
IN_THE_CONTRACT: Final = (
    "买方应于收到付款通知之日起七日内付清全部车款；逾期未付的，卖方有权取消订单，定金不予退还。"
)
IN_THE_APP: Final = "请于7日内付清全款。逾期订单将自动取消，定金不予退还。"

STAGE = Paper(
    "launch_event",
    write("zh-Hans", "发布会：远岫 R1 赛道版", en="Launch event of the R1 Track Edition"),
    at("2025-02-27T11:30:00"),
    ("下面讲前舱盖。", ON_STAGE, "很多人说这是装饰，请你们自己来摸。", "整车今天开始接受预订。"),
    write("zh-Hans", "创始人，在台上", en="the founder, on stage"),
)
CHAT = Paper(
    "sales_chat",
    write("zh-Hans", "门店销售顾问与买家的聊天", en="Chat of a salesperson with a buyer"),
    at("2025-05-10T02:14:00"),
    (
        "买家：我现在手头不宽裕，全款什么时候付？",
        f"销售顾问：{PAY_LATER}",
        "买家：不会提前催款吧？",
        "销售顾问：车没到，谁会催您呢。",
    ),
    write("zh-Hans", "门店销售顾问", en="a salesperson in a shop"),
)
CONTRACT = Paper(
    "contract",
    write("zh-Hans", "购车协议", en="Purchase agreement"),
    at("2025-05-10T02:40:00"),
    (
        "第二条 车型与选装：远岫 R1 赛道版；选装件以名称与价格列示，见附表。",
        "第四条 定金人民币 5,000 元，自锁定订单时支付。",
        f"第五条 {IN_THE_CONTRACT}",
        "第九条 宣传材料中的图片与描述不构成本协议内容。",
        "第十二条 因本协议产生的争议，由卖方住所地人民法院管辖。",
    ),
    write("zh-Hans", "销售公司", en="the sales company"),
)
APP = Paper(
    "app_screen",
    write("zh-Hans", "应用内订单页面，第 23 周", en="Order screen in the app, week 23"),
    at("2025-10-18T01:05:00"),
    ("订单状态：排产中", "预计交付：下单后 36 周", "付款通知", IN_THE_APP, "按钮：立即支付"),
)

CLAIM_SUMMARY = write(
    "zh-Hans",
    "尾款可以等车到店再付，车大约三十六周到",
    en="The balance may be paid when the car arrives, in about 36 weeks",
)
BALANCE = write(
    "zh-Hans", "尾款到车到店时才需支付", en="the balance is due only when the car arrives"
)
WEEKS = write("zh-Hans", "大约三十六周交付", en="the car arrives in about 36 weeks")
DEPOSIT: Final = Decimal("5000.00")

#: What each place says about the hood and about paying later,
#: besides those that were found at an address.
NOTES: Final = {
    "hood in the contract": write(
        "zh-Hans",
        "选装件只列了名称和价格，没有提到风道或散热；另有一条写明，宣传材料不构成协议内容。",
        en="Lists the option by name and price alone: no duct, no cooling. Another clause says "
        "that advertising is no part of it.",
    ),
    "paying on stage": write(
        "zh-Hans",
        "整场讲稿里没有提到付款时间。",
        en="Nothing about when to pay in the whole speech.",
    ),
    "paying in the post": write(
        "zh-Hans", "两个版本都没有提到付款时间。", en="Neither version says when to pay."
    ),
    "paying on the order page": write(
        "zh-Hans",
        "写了定金，没写尾款何时付；“锁定订单”按下即生效，没有第二次确认。",
        en="Names the deposit, but not when the balance is due; “lock the order” takes effect "
        "at one press, nothing is asked again.",
    ),
    "paying in the contract": write(
        "zh-Hans",
        "付款时间由卖方的一纸通知决定，与车是否到店无关。",
        en="A notice of the seller makes it due, whether the car is there or not.",
    ),
    "paying in the app": write(
        "zh-Hans",
        "页面仍显示 36 周交付，却在第 23 周要求付清全款，早了三个月；未付的订单被取消，5,000 "
        "元定金未退。",
        en="Still shows 36 weeks, yet demands all of it in week 23, three months early; the "
        "unpaid order was cancelled and the deposit of CNY 5,000 kept.",
    ),
}

# --- who did what ---------------------------------------------------------------------------------

SEATS: Final = {
    "made": write("zh-Hans", "北原市（虚构）", en="Beiyuan (fictional)"),
    "sold": write("zh-Hans", "临屿市（虚构）", en="Linyu (fictional)"),
    "services": write("zh-Hans", "东陵市（虚构）", en="Dongling (fictional)"),
}
COURT = write(
    "zh-Hans",
    "合同约定由卖方住所地法院管辖，距买车的城市约 1,300 公里",
    en="the contract names the court at its seat, some 1,300 km from where the car was bought",
)
#: Which legal person (a key of texts.ENTITIES), what it did, and where that is said: on the order
#: page, in the contract, on stage.
ROLES: Final = (
    ("made", "spoke", "stage", None),
    ("made", "made", None, None),
    ("sold", "sold", "order", None),
    ("sold", "took_money", "contract", None),
    ("sold", "signed", "contract", None),
    ("sold", "answers", "contract", COURT),
    ("services", "services", None, None),
)

# --- after harm -----------------------------------------------------------------------------------

CRASH = write("zh-Hans", "一起致人死亡的碰撞事故，2025 年 3 月", en="A fatal crash, March 2025")
CRASH_SUMMARY = write(
    "zh-Hans",
    "一辆开着辅助驾驶的车夜间撞上护栏。下面按时间列出此后谁做了什么。",
    en="A car with its driving assistance on hit a barrier at night. What was done afterwards, "
    "and by whom, in order.",
)
STATEMENT = Paper(
    "statement",
    write(
        "zh-Hans",
        "公司就事故的第一次公开说明",
        en="The company’s first public statement on the crash",
    ),
    at("2025-04-01T08:30:00"),
    ("关于 3 月 29 日的事故，我们注意到媒体的报道。", "我们将配合有关部门的调查，并提供车辆数据。"),
)
REPORT = Paper(
    "press",
    write(
        "zh-Hans",
        "媒体报道：家属说三天没有人联系他们",
        en="Press report: family says nobody called for three days",
    ),
    at("2025-04-01T01:00:00"),
    (
        "一起碰撞事故的家属在网上发文，称拨打热线后没有得到回应。",
        "截至发稿，公司没有回复本报的提问。",
    ),
    write("zh-Hans", "一家报纸", en="a newspaper"),
)
NOTICE = Paper(
    "authority",
    write(
        "zh-Hans",
        "主管部门的通报：提取车辆数据",
        en="Notice of the authority: the car’s data are secured",
    ),
    at("2025-04-03T02:00:00"),
    ("主管部门已提取车辆数据，调查正在进行。",),
    write("zh-Hans", "主管部门", en="an authority"),
)
#: Kind, who, when, how exactly known, what, and the paper where it stands.
CHAIN: Final = (
    (
        "happened", "other", at("2025-03-29T14:44:00"), "minute",
        write("zh-Hans", "车辆撞上高速公路护栏并起火，车内人员死亡。",
        en="The car hits a motorway barrier and burns. Its occupants die."),
        REPORT,
    ),
    (
        "contact", "family", at("2025-03-30T01:10:00"), "minute",
        write("zh-Hans", "家属拨打公司热线，被告知会有人回电。",
        en="The family calls the hotline and is told to wait for a call back."),
        None,
    ),
    (
        "statement", "family", at("2025-03-31T12:00:00"), "hour",
        write("zh-Hans", "家属在网上发文，说没有人联系他们。",
        en="The family writes in public that nobody has been in touch."), None,
    ),
    (
        "statement", "press", at("2025-04-01T01:00:00"), "minute",
        write("zh-Hans", "一家报纸报道事故，公司没有回复其提问。",
        en="A newspaper reports it; its questions are not answered."),
        REPORT,
    ),
    (
        "statement", "company", at("2025-04-01T08:30:00"), "minute",
        write("zh-Hans", "公司第一次公开说明。",
        en="The company speaks in public for the first time."),
        STATEMENT,
    ),
    (
        "contact", "company", at("2025-04-01T13:10:00"), "minute",
        write("zh-Hans", "公司第一次联系家属。",
        en="The company gets in touch with the family for the first time."), None,
    ),
    (
        "action", "authority", at("2025-04-03T00:00:00"), "day",
        write("zh-Hans", "主管部门提取车辆数据。", en="An authority secures the car’s data."),
        NOTICE,
    ),
    (
        "action", "company", at("2025-09-16T00:00:00"), "day",
        write(
            "zh-Hans", "软件更新：辅助驾驶更早要求驾驶员接管。",
            en="An update has the assistance ask the driver to take over earlier."
        ), None,
    ),
)  # fmt: skip

# --- market value ---------------------------------------------------------------------------------

VALUE_NAME = write("zh-Hans", "市值", en="Market value")
VALUE_UNIT = write("zh-Hans", "十亿港元", en="HK$ bn")
VALUES: Final = (
    ("2025-09-25", "1548.2"),
    ("2025-10-03", "1486.9"),
    ("2025-10-13", "1392.4"),
    ("2025-10-20", "1301.7"),
    ("2025-10-27", "1214.3"),
    ("2025-11-04", "1121.5"),
    ("2025-11-12", "1057.0"),
    ("2025-11-19", "981.8"),
)
MARKET = Paper(
    "market_data",
    write(
        "zh-Hans",
        "收市市值，2025 年 9 月至 11 月",
        en="Closing market values, September to November 2025",
    ),
    at("2025-11-19T08:30:00"),
    ("日期 收市市值（十亿港元）", *(f"{day} {value}" for day, value in VALUES)),
    write("zh-Hans", "交易所数据", en="exchange data"),
)
HEADLINE = Paper(
    "press",
    write("zh-Hans", "标题：两个月，市值少了 5300 亿", en="Headline: 530 bn gone in two months"),
    at("2025-11-20T00:30:00"),
    ("两个月，市值少了 5300 亿港元。",),
    write("zh-Hans", "一家报纸", en="a newspaper"),
)
APP_DAY = write(
    "zh-Hans", "应用在第 23 周要求付清全款", en="The app demands full payment in week 23"
)
LOSS = write("zh-Hans", "标题所称的跌幅", en="The loss as a headline puts it")
LOSS_STATED: Final = Decimal(530)
PAPERS: Final = {
    "stage": STAGE, "chat": CHAT, "contract": CONTRACT, "app": APP, "statement": STATEMENT,
    "report": REPORT, "notice": NOTICE,
    "market": MARKET, "headline": HEADLINE,
}  # fmt: skip
