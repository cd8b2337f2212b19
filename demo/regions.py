"""What the demonstration points at: the picture as advertised set against the part as received, and
regions marked on the photos.

Drawn like everything else of it, and in our own words.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Final

from PIL import Image

from accounts.models import Organisation, User
from claims.localized_text import write
from claims.models import Claim
from demo import pictures, texts
from evidence.exhibits.actions import filing, pointing
from evidence.exhibits.models import Comparison, Exhibit, Region, Submission

KEY: Final = "demo:pair"
NARRATIVE: Final = (
    "左边是选装页面上的示意图（按其样式重绘），右边是从同一角度看到的实物剖面（手绘）。"
)
PROMISED: Final = write(
    "zh-Hans", "选装页面上的示意图（重绘）", en="The picture on the options page (redrawn)"
)
DELIVERED: Final = write(
    "zh-Hans", "同一角度的实物剖面（手绘）", en="The part as delivered, from the same angle (drawn)"
)
TITLE: Final = write(
    "zh-Hans",
    "示意图上的风道，与实物里的风道",
    en="The duct in the picture, and the duct in the part",
)
#: Caption of an exhibit → regions as (x, y, width, height in per mille, words).
MARKS: Final = {
    texts.CAPTIONS["cavity"]["text"]: (
        (380, 380, 240, 250,
        write("zh-Hans", "底面是封死的，手电照进去能看到底。",
        en="The floor is closed; a torch shows it whole.")),
        (600, 600, 170, 170,
        write("zh-Hans", "这里本该接风道：没有通道，没有接口。",
        en="Where a duct would join: no channel.")),
    ),
    texts.CAPTIONS["blower"]["text"]: (
        (30, 480, 210, 160,
        write("zh-Hans", "风机，来流 20 m/s。", en="The blower, 20 m/s at the inlet.")),
        (645, 405, 270, 175, write("zh-Hans", "出口处的读数。", en="The reading at the outlet.")),
    ),
    DELIVERED["text"]: (
        (215, 330, 190, 240,
        write("zh-Hans", "开孔后面只有一个浅槽。",
        en="Behind the opening, a shallow pocket and nothing else.")),
        (690, 600, 190, 250,
        write("zh-Hans", "制动盘：没有空气引到这里。", en="The brake disc: no air is led here.")),
    ),
}  # fmt: skip


def section(*, promised: bool, seed: int) -> Image.Image:
    """The hood cut open from the side, with the duct as promised or the pocket as delivered; all
    else stands at the same place."""
    sheet = pictures.Sheet((232, 230, 224) if promised else (38, 40, 44), seed)
    if not promised:
        sheet.shade((66, 69, 75), (30, 31, 35))
    ink = (40, 44, 52) if promised else (150, 154, 160)
    hood = (70, 74, 82) if promised else (118, 123, 131)
    draw = sheet.draw
    draw.polygon(
        [(120, 760), (620, 560), (2280, 420), (2280, 470), (640, 640), (150, 830)], fill=hood
    )
    draw.ellipse([1700, 1120, 2080, 1500], outline=ink, width=26)
    draw.ellipse([1820, 1240, 1960, 1380], outline=ink, width=14)
    if promised:
        draw.line(
            [(560, 720), (900, 860), (1300, 1060), (1740, 1260)],
            fill=(176, 206, 232),
            width=190,
            joint="curve",
        )
        for start, end in (
            ((330, 640), (640, 760)),
            ((820, 830), (1100, 950)),
            ((1320, 1060), (1640, 1210)),
        ):
            draw.line([start, end], fill=(28, 96, 170), width=22)
            draw.polygon(
                [
                    (end[0] + 60, end[1] + 26),
                    (end[0] - 20, end[1] - 44),
                    (end[0] - 34, end[1] + 40),
                ],
                fill=(28, 96, 170),
            )
    else:
        draw.rounded_rectangle(
            [560, 640, 930, 960], 60, fill=(16, 16, 18), outline=(170, 174, 180), width=14
        )
        draw.line([(560, 960), (930, 960)], fill=(200, 204, 208), width=18)
    sheet.soften(1.4)
    sheet.label(
        "风道 duct" if promised else "封死 closed",
        (1150, 700),
        (980, 900) if promised else (800, 940),
    )
    sheet.label("制动 brake", (2010, 1000), (1960, 1180))
    return sheet.finish("示意图" if promised else "实物")


def file_pair(by: User, organisation: Organisation, claim: Claim, now: datetime) -> None:
    """An owner hands in the company's picture beside the part, once."""
    if Submission.objects.filter(filed_by=by, idempotency_key=KEY).exists():
        return
    photos = [
        filing.NewPhoto(
            filing.receive(io.BytesIO(pictures.jpeg(section(promised=promised, seed=seed)))),
            name,
            caption,
        )
        for promised, seed, name, caption in (
            (True, 60, "options-page", PROMISED),
            (False, 61, "section", DELIVERED),
        )
    ]
    filing.file_submission(
        by=by, claim=claim, narrative=NARRATIVE, narrative_lang="zh-Hans", licence="cc-by-4.0",
        photos=photos, idempotency_key=KEY,
        organisation=organisation, now=now,
    )  # fmt: skip


def point(by: User, claim: Claim) -> None:
    """A moderator marks the photos and sets the pair against each other. What is marked already is
    left as it is."""
    exhibits = list(
        Exhibit.objects.public()
        .filter(submission__claim=claim)
        .select_related("submission")
        .order_by("reference")
    )
    for exhibit in exhibits:
        if Region.objects.filter(exhibit=exhibit).exists():
            continue
        for x, y, width, height, words in MARKS.get(exhibit.caption.get("text", ""), ()):
            pointing.mark_region(
                by=by, exhibit=exhibit, x=x, y=y, width=width, height=height, caption=words
            )
    before = next(
        exhibit for exhibit in exhibits if exhibit.caption.get("text") == PROMISED["text"]
    )
    after = next(
        exhibit for exhibit in exhibits if exhibit.caption.get("text") == DELIVERED["text"]
    )
    if not Comparison.objects.filter(before=before, after=after).exists():
        pointing.compare_exhibits(by=by, before=before, after=after, title=TITLE)
