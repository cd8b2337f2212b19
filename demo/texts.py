"""Every word that people play: what the record calls things, what owners tell, what moderators and
adjudicators reason.

All of it is written for this reconstruction, and nothing is quoted. What the company says stands in
`brand_site`.
"""

from __future__ import annotations

from typing import Final

from claims.localized_text import write
from demo.brand_site import BRAND

# --- what the record says about it ----------------------------------------------------------------

COMPANY_NAME = write("zh-Hans", f"{BRAND}（虚构）", en="Yuanxiu Motors (fictional)")
PRODUCT_NAME = write("zh-Hans", "远岫 R1 赛道版", en="Yuanxiu R1 Track Edition")
OPTION_NAME = write("zh-Hans", "双风道碳纤维前舱盖", en="Dual-duct carbon-fibre hood")
POST_NAME = write(
    "zh-Hans",
    "创始人的帖子：双风道碳纤维前舱盖",
    en="The founder’s post on the dual-duct carbon-fibre hood",
)
PRODUCT_PAGE_NAME = write(
    "zh-Hans", "产品页面：远岫 R1 赛道版选装", en="Product page: options of the R1 Track Edition"
)
ORDER_PAGE_NAME = write("zh-Hans", "订购页面：确认选装", en="Order page: confirm the options")
FOUNDER = write("zh-Hans", "创始人", en="the founder")
ENTITIES = {
    "made": write(
        "zh-Hans",
        "远岫汽车制造有限公司（虚构）",
        en="Yuanxiu Motor Manufacturing Co., Ltd. (fictional)",
    ),
    "sold": write(
        "zh-Hans", "远岫汽车销售有限公司（虚构）", en="Yuanxiu Motor Sales Co., Ltd. (fictional)"
    ),
    "services": write(
        "zh-Hans", "远岫汽车服务有限公司（虚构）", en="Yuanxiu Motor Service Co., Ltd. (fictional)"
    ),
}

SUMMARY = write(
    "zh-Hans",
    "双风道碳纤维前舱盖的两条风道把空气引到前制动散热",
    en="The two ducts of the carbon-fibre hood lead air to the front brakes to cool them",
)
QUOTE_IN_ENGLISH = write(
    "en",
    "The new hood follows the track prototype, its inner structure was changed as well, two "
    "ducts lead air to the front brakes and help to cool them.",
)
PUFFERY_IN_ENGLISH = write(
    "en", "We give our heart to every owner, and we have set the price honestly."
)
DUCTS = write("zh-Hans", "两条风道把空气送到制动", en="two ducts move air to the brakes")
CARBON = write("zh-Hans", "前舱盖是碳纤维的", en="the hood is carbon fibre")
PROPERTY = write("zh-Hans", "风道出口处的风速", en="air speed at the outlet of a duct")
CONDITIONS = write(
    "zh-Hans",
    "车辆静止，风机在进风口处产生 20 m/s 的来流",
    en="vehicle at rest, a blower giving 20 m/s at the inlet",
)
BASIS = write(
    "zh-Hans",
    "公司没有给出数字。本项采用最低的善意解读：来流 20 m/s 时，能称为“把空气引到制动”的风道，"
    "其出口至少应有来流的 7.5 %，即 1.5 m/s。",
    en="The company gave no number. This is the most generous reading: with 20 m/s at the "
    "inlet, a duct that “leads air to the brakes” lets at least 7.5 % of it out, that is 1.5 "
    "m/s.",
)
PUFFERY_SUMMARY = write(
    "zh-Hans",
    "公司称以真心待车主，价格实在",
    en="The company says that it means well by its owners and prices honestly",
)

# --- what owners tell -----------------------------------------------------------------------------

NARRATIVES: Final = (
    (
        "提车后拆下前舱盖检查。两个进风口后面是封死的腔体，没有通向制动的风道。用风机对着进风口吹，"
        "出口处几乎测不到风。"
    ),
    (
        "我们小组的第二辆车，同一批交付。拆解结果一样：开孔后面是平底凹槽，手电照进去就能看到底。"
        "蒙皮确实是碳纤维。"
    ),
    (
        "受车主委托在实验室测量。风机来流 20 m/s，热线风速仪置于出口处，三次读数取平均。"
        "风道内部为封闭腔体。"
    ),
)
RECEIPT: Final = "订单截图（重绘，去掉了个人信息）：选装“双风道碳纤维前舱盖”，已付 42,000 元。"
TEARDOWN = write(
    "zh-Hans",
    "拆下前舱盖，检查风道并测量风速",
    en="Hood taken off, ducts inspected, air speed measured",
)
CAPTIONS = {
    "inlet": write("zh-Hans", "前舱盖上的进风口（手绘）", en="An inlet in the hood (drawn)"),
    "cavity": write(
        "zh-Hans", "进风口后面是封死的腔体（手绘）", en="Behind the inlet: a closed cavity (drawn)"
    ),
    "blower": write(
        "zh-Hans",
        "风机测试，风速仪在出口处（手绘）",
        en="Blower test, anemometer at the outlet (drawn)",
    ),
    "weave": write(
        "zh-Hans", "蒙皮的碳纤维纹理（手绘）", en="The carbon weave of the skin (drawn)"
    ),
    "receipt": write("zh-Hans", "选装付款记录（重绘）", en="Receipt for the option (redrawn)"),
}
STEPS = (
    (
        "inlet",
        write("zh-Hans", "进风口", en="inlet"),
        write(
            "zh-Hans",
            "拍下两个进风口，量开孔尺寸。",
            en="Both inlets photographed, openings measured.",
        ),
        write(
            "zh-Hans",
            "开孔约 180 × 60 mm，有格栅。",
            en="Openings of about 180 × 60 mm, behind a grille.",
        ),
    ),
    (
        "cavity",
        write("zh-Hans", "内衬", en="inner liner"),
        write(
            "zh-Hans", "取下内衬，看进风口后面。", en="Liner taken off to look behind the inlet."
        ),
        write(
            "zh-Hans",
            "后面是封死的腔体，没有通道，也没有留出接口。",
            en="A closed cavity: no channel, and no provision for one.",
        ),
    ),
    (
        "blower",
        write("zh-Hans", "出口", en="outlet"),
        write(
            "zh-Hans",
            "风机对准进风口，风速仪放在出口。",
            en="Blower at the inlet, anemometer at the outlet.",
        ),
        write(
            "zh-Hans",
            "读数与仪器的零点漂移无法区分。",
            en="The reading cannot be told from the instrument’s zero mismatch.",
        ),
    ),
    (
        "weave",
        write("zh-Hans", "蒙皮", en="skin"),
        write(
            "zh-Hans", "在边缘处看蒙皮的断面。", en="Section of the skin looked at along the edge."
        ),
        write(
            "zh-Hans",
            "断面与纹理均为碳纤维织物。",
            en="Section and surface show woven carbon fibre.",
        ),
    ),
)
QUANTITY = write("zh-Hans", "出口风速", en="air speed at the outlet")
INSTRUMENT = write("zh-Hans", "热线风速仪，0–30 m/s", en="hot-wire anemometer, 0–30 m/s")
METHOD = write(
    "zh-Hans",
    "出口中心处 60 s 内三次读数的平均",
    en="mean of three readings within 60 s at the centre of the outlet",
)

# --- what moderators and adjudicators reason ------------------------------------------------------

ACCEPTED = write(
    "zh-Hans",
    "照片清楚，测量方法写明，可以复核。",
    en="Clear photos, the method is stated and can be repeated.",
)
GRADE = write(
    "zh-Hans",
    "提交者身份已知，照片与另外两件实物的照片相互印证。",
    en="Known filer; the photos agree with those of two other units.",
)
FOUND_DUCTS = write(
    "zh-Hans",
    "三件独立实物的进风口后面都是封死的腔体，三次测得的出口风速都接近零。"
    "这与“两条风道把空气引到前制动”相矛盾。",
    en="Behind the inlets of three independent units there is a closed cavity, and the air "
    "speed at the outlet is close to zero on all three. This contradicts “two ducts lead air "
    "to the front brakes”.",
)
FOUND_CARBON = write(
    "zh-Hans",
    "三件实物的蒙皮断面与纹理都显示为碳纤维织物。",
    en="The skins of three units show woven carbon fibre in section and surface.",
)
ALLEGATION = write(
    "zh-Hans",
    "三位车主提交的拆解显示，进风口后面是封死的腔体，出口测不到风。"
    "帖子后来的版本中不再有“内部结构也一起改了”一句。请公司回应。",
    en="Teardowns filed by three owners show a closed cavity behind the inlets and no air at "
    "the outlet. A later version of the post no longer has the words “the inner structure "
    "was changed as well”. The company is asked for its reply.",
)
NOT_DELIVERED = write(
    "zh-Hans",
    "在三件独立实物上，出口风速为 0.01 至 0.04 m/s，远低于 1.5 m/s 的限值；"
    "计入测量不确定度后，符合的概率可以忽略。进风口后面没有通道。期限内未收到公司的回应。",
    en="On three independent units the air speed at the outlet was 0.01 to 0.04 m/s, far below "
    "the threshold of 1.5 m/s; with the measurement uncertainty taken into account the "
    "probability of conforming is negligible. There is no channel behind the inlets. No "
    "reply came by the deadline.",
)
DELIVERED = write(
    "zh-Hans",
    "三件独立实物的蒙皮都是碳纤维织物，与所说一致。",
    en="The skins of three independent units are woven carbon fibre, as was said.",
)
