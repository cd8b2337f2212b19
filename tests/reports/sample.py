"""A report written by hand: the dual-duct hood of the founding case, a reconstruction.

Nothing here is a fact about a real company; names, numbers and people are invented after the case
of the demonstration. ``discrepancy()`` and ``snapshot()`` return fresh dicts, so a test may spoil
its own.
"""

import base64
import copy
import hashlib
import io
from decimal import Decimal
from typing import Any

from PIL import Image, ImageDraw

from reports.wording import report_strings
from verdicts.conformity import MeasuredValue, Threshold, assess
from verdicts.outcome import outcome_text

ORIGIN = "log.asclaimed.example/record"
ROOT = base64.b64encode(hashlib.sha256(b"root of the sample").digest()).decode()
SIGNATURE = base64.b64encode(
    hashlib.sha512(b"signature of the sample").digest() + b"\x01\x02\x03\x04"
).decode()
NOTE = f"{ORIGIN}\n18977\n{ROOT}\n\n— {ORIGIN} {SIGNATURE}\n"
_PUBLIC = hashlib.sha256(b"key of the sample").digest()
KEY = f"{ORIGIN}+8f1f2e3d+{base64.b64encode(bytes([1]) + _PUBLIC).decode()}"

FIRST = (
    "新前舱盖照着赛道原型车来做，内部结构也一起改了，双风道给制动系统散热。\n"
    "全碳纤维，选装价 42,000 元。三月起交付，数量有限。\n"
    "我们跟用户交朋友，价格厚道。"
)
SECOND = FIRST.replace("内部结构也一起改了，", "")


def sha256(data: str | bytes) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def uuid(number: int) -> str:
    return f"01960000-0000-7000-8000-{number:012x}"


def zh(text: str, en: str | None = None) -> dict[str, Any]:
    return {
        "lang": "zh-Hans",
        "text": text,
        "translations": {}
        if en is None
        else {"en": {"text": en, "role": "moderator", "name": "moss-wren-4821"}},
    }


def en(text: str, zh_hans: str | None = None) -> dict[str, Any]:
    return {
        "lang": "en",
        "text": text,
        "translations": {}
        if zh_hans is None
        else {"zh-Hans": {"text": zh_hans, "role": "moderator", "name": "moss-wren-4821"}},
    }


def photo(words: str, size: tuple[int, int] = (640, 480)) -> bytes:
    """A drawn photo that says on its face that it is drawn."""
    image = Image.new("RGB", size, "#2b2d31")
    draw = ImageDraw.Draw(image)
    draw.arc((60, 240, 580, 420), 190, 350, fill="#565a61", width=36)
    draw.ellipse((220, 210, 420, 290), fill="#0c0d0f", outline="#ff8f85", width=4)
    draw.text((20, 20), f"DRAWN: {words}", fill="#ffffff", font_size=30)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


PICTURES: dict[str, bytes] = {
    "AC-EX1.png": photo("duct inlet"),
    "AC-EX2.png": photo("closed cavity", (480, 640)),
    "AC-EX3.png": photo("blower test"),
}

TICKS = [f"2025-{month:02d}-{day:02d}T{hour:02d}:15:00Z" for month, day, hour in (
    (2, 28, 19), (3, 3, 1), (3, 8, 1), (3, 13, 1), (3, 18, 1), (3, 23, 1), (3, 28, 1), (4, 4, 1),
    (4, 11, 1),
    (4, 18, 1), (4, 25, 1), (5, 2, 1), (5, 9, 1), (5, 12, 1), (5, 12, 7), (5, 13, 1),
)]  # fmt: skip

VERSIONS: list[dict[str, Any]] = [
    {
        "number": 1,
        "not_before": None,
        "not_after": "2025-02-28T13:20:07Z",
        "lang": "zh-Hans",
        "sha256": sha256(FIRST),
        "characters": len(FIRST),
        "capture": sha256("capture of the first version"),
        "provenance": "P4",
        "extractor": "asclaimed-text 1",
    },
    {
        "number": 2,
        "not_before": "2025-02-28T13:20:07Z",
        "not_after": "2025-02-28T19:15:00Z",
        "lang": "zh-Hans",
        "sha256": sha256(SECOND),
        "characters": len(SECOND),
        "capture": sha256("capture of the second version"),
        "provenance": "P4",
        "extractor": "asclaimed-text 1",
    },
]

DIFF: dict[str, Any] = {
    "old": 1,
    "new": 2,
    "not_before": "2025-02-28T13:20:07Z",
    "not_after": "2025-02-28T19:15:00Z",
    "characters_gone": 10,
    "characters_came": 0,
    "characters_moved": 0,
    "hunks": [
        {
            "skipped": 0,
            "runs": [
                {"kind": "same", "side": "both", "text": "新前舱盖照着赛道原型车来做，"},
                {"kind": "gone", "side": "old", "text": "内部结构也一起改了，"},
                {"kind": "same", "side": "both", "text": "双风道给制动系统散热。"},
            ],
            "after": 42,
        }
    ],
    "links": [],
}

DISAPPEARANCE: dict[str, Any] = {
    "type": "tombstone",
    "last_seen": "2025-05-09T01:15:00Z",
    "first_missing": "2025-05-12T01:15:00Z",
    "confirmed": "2025-05-13T01:15:00Z",
    "confirmations": [
        {"at": "2025-05-12T07:15:00Z", "type": "tombstone", "status": 200, "method": "live"},
        {"at": "2025-05-13T01:15:00Z", "type": "tombstone", "status": 200, "method": "live"},
    ],
    "back": None,
}

SIGHTINGS: list[dict[str, Any]] = [
    {
        "version": 1,
        "kind": "verbatim",
        "passage": "内部结构也一起改了，双风道给制动系统散热。",
        "similarity": "1",
    },
    {"version": 2, "kind": "reworded", "passage": "双风道给制动系统散热。", "similarity": "0.71"},
]

COMPANY: dict[str, Any] = {
    "id": uuid(1),
    "name": zh("示例汽车", "Example Motors"),
    "legal_entities": [
        {
            "name": zh("示例汽车科技有限公司", "Example Motors Technology Co., Ltd."),
            "jurisdiction": "CN",
            "registration": "91110000EXAMPLE01X",
            "roles": [
                {
                    "role": "spoke",
                    "since": "2024-03-28",
                    "until": None,
                    "source": "https://brand.example/about",
                }
            ],
        },
        {
            "name": zh("示例汽车销售有限公司", "Example Motors Sales Co., Ltd."),
            "jurisdiction": "CN",
            "registration": None,
            "roles": [
                {"role": "sold", "since": "2024-03-28", "until": None, "source": None},
                {"role": "signed", "since": "2024-03-28", "until": None, "source": None},
            ],
        },
        {
            "name": zh("示例服务有限公司", "Example Service Co., Ltd."),
            "jurisdiction": "CN",
            "registration": None,
            "roles": [{"role": "services", "since": None, "until": None, "source": None}],
        },
    ],
}

SOURCE: dict[str, Any] = {
    "id": uuid(4),
    "address": f"https://asclaimed.example/sources/{uuid(4)}/",
    "url": "https://brand.example/posts/2025-02-28-hood",
    "channel": "social_post",
    "title": zh("新前舱盖", "The new hood"),
    "speaker": zh("创始人", "The founder"),
    "published": "2025-02-28T13:15:00Z",
}


def person(role: str, pseudonym: str) -> dict[str, Any]:
    return {"role": role, "pseudonym": pseudonym}


def step(
    number: int, part: Any, done: dict[str, Any], seen: Any, exhibit: str | None
) -> dict[str, Any]:
    return {"number": number, "part": part, "done": done, "seen": seen, "exhibit": exhibit}


def measurement(number: int, value: str, uncertainty: str, contributor: str) -> dict[str, Any]:
    return {
        "quantity": en("Air speed at the duct outlet", "风道出口风速"),
        "unit_label": f"hood-{number}",
        "contributor": contributor,
        "affiliation": "independent",
        "laboratory": "Example Test House" if number == 3 else None,
        "value": value,
        "uncertainty": uncertainty,
        "unit": "m/s",
        "instrument": en(
            "hot-wire anemometer, 0.01 m/s, calibrated 2025-04-02",
            "热线风速仪，分辨力 0.01 m/s，2025-04-02 校准",
        ),
        "method": en("mean of ten readings at the duct outlet", "风道出口处十次读数的平均值"),
        "conditions": en(
            "leaf blower at the inlet, full power, 22 °C, no wind",
            "进口处吹风机全功率，22 °C，无风",
        ),
        "measured": f"2025-05-{4 + number:02d}",
        "exhibits": ["AC-EX3"],
    }


def custody(on: str, kind: str, agent: str, outcome: str = "") -> dict[str, Any]:
    return {"on": on, "kind": kind, "agent": agent, "outcome": outcome, "note": ""}


def exhibit(number: int, caption: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
    name = f"AC-EX{number}"
    return {
        "id": f"0b9b2f51-6a4e-4d7b-9c7e-{number:012x}",
        "reference": name,
        "address": f"https://asclaimed.example/exhibits/{name}/",
        "media_type": "image/jpeg",
        "caption": caption,
        "description": description,
        "rendition": sha256(PICTURES[f"{name}.png"]),
        "picture": f"{name}.png",
        "grade": {
            "source": "B",
            "information": "2",
            "reason": en("original file, consistent with two others", "原始文件，与另外两份相符"),
        },
        "licence": "cc-by-4.0",
        "affiliation": "independent",
        "provenance": "P2",
        "does_not_prove": report_strings.as_text(report_strings.DOES_NOT_PROVE["P2"]),
        "custody": [
            custody("2025-05-06", "received", "owner-b", "stored"),
            custody("2025-05-06", "read", "decoder", "ready"),
            custody("2025-05-08", "graded", "lapwing", "B2"),
            custody("2025-05-08", "published", "lapwing", "renditions"),
        ],
    }


def judged(
    number: int, value: str, uncertainty: str, guard: str, accept: str, reject: str
) -> dict[str, Any]:
    return {
        "unit_label": f"hood-{number}",
        "value": value,
        "uncertainty": uncertainty,
        "guard_band": guard,
        "acceptance_limit": accept,
        "rejection_limit": reject,
        "probability": "0",
        "affiliation": "independent",
        "decision": "does_not_conform",
    }


#: As ``verdicts.outcome`` says it of these numbers.
SUMMARY: dict[str, Any] = outcome_text(
    assess(
        Threshold("at_least", Decimal("1.5"), "m/s"),
        [
            MeasuredValue(
                Decimal(value),
                Decimal(doubt),
                "m/s",
                f"hood-{number}",
                contributor=f"owner-{number}",
            )
            for number, (value, doubt) in enumerate(
                (("0.03", "0.02"), ("0.01", "0.015"), ("0.04", "0.025")), start=1
            )
        ],
    ).to_json()
)


def verdict(number: int, rating: str, rationale: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": uuid(20 + number),
        "reference": f"AC-VERD{number}",
        "rating": rating,
        "mechanism": None,
        "rationale": rationale,
        "published": "2025-06-03T09:41:07.123456Z",
        "people": [person("moderator", "lapwing"), person("adjudicator", "heron")],
        "method": "1.0",
        "log_index": 18401 + number,
        "bundle": f"AC-VERD{number}.bundle.json",
        "supersedes": None,
        "attempts": None,
    }


_DISCREPANCY: dict[str, Any] = {
    "format": "asclaimed-report@v1",
    "kind": "discrepancy",
    "id": uuid(100),
    "reference": "AC-7F3KQ2M",
    "address": "https://asclaimed.example/reports/AC-7F3KQ2M/",
    "reconstruction": True,
    "made_from": {
        "origin": ORIGIN,
        "size": 18977,
        "root": ROOT,
        "note": NOTE,
        "at": "2025-06-03T09:42:00Z",
    },
    "company": COMPANY,
    "product": {"id": uuid(2), "name": zh("运动轿车，2025 款", "Sports saloon, 2025")},
    "option": {
        "id": uuid(3),
        "name": zh("碳纤维双风道前舱盖", "Carbon-fibre hood with dual ducts"),
        "price": {"amount": "42000", "currency": "CNY"},
    },
    "claim": {
        "id": uuid(10),
        "reference": "AC-7F3KQ2K",
        "address": "https://asclaimed.example/claims/AC-7F3KQ2K/",
        "quote": zh(
            "新前舱盖照着赛道原型车来做，内部结构也一起改了，双风道给制动系统散热。",
            "The new hood follows the track prototype, its inner structure was changed as well, "
            "the two ducts cool the brakes.",
        ),
        "summary": en(
            "Two air ducts in the carbon-fibre hood cool the brakes",
            "碳纤维前舱盖上的两条风道为制动系统散热",
        ),
        "kind": "express",
        "status": "registered",
        "made": "2025-02-28T13:15:00Z",
        "at_stake": {
            "amount": "42000",
            "currency": "CNY",
            "basis": en("paid per car for this option", "每车为此选装件支付"),
        },
        "flags": ["edited_after_publication", "deleted", "company_silent"],
    },
    "sources": [
        {
            **SOURCE,
            "versions": VERSIONS,
            "observations": {
                "total": 214,
                "first": "2025-02-28T13:20:07Z",
                "last": "2025-05-13T01:15:00Z",
                "by_type": [
                    {"type": "ok", "count": 2},
                    {"type": "unchanged", "count": 205},
                    {"type": "transient", "count": 4},
                    {"type": "tombstone", "count": 3},
                ],
                "ticks": TICKS,
            },
            "diffs": [DIFF],
            "sightings": SIGHTINGS,
            "disappearances": [DISAPPEARANCE],
        }
    ],
    "aspects": [
        {
            "id": uuid(11),
            "statement": en("The two ducts move air to the brakes", "两条风道把空气送到制动系统"),
            "kind": "function",
            "due": None,
            "cancelled": None,
            "criterion": {
                "property": en("Air speed at the duct outlet", "风道出口风速"),
                "comparator": "at_least",
                "value": "1.5",
                "unit": "m/s",
                "value_to": None,
                "tolerance": None,
                "baseline": None,
                "conditions": en("leaf blower at the inlet", "进口处用吹风机送风"),
                "basis": en(
                    "The company named no number. 1.5 m/s is the least that the method counts as "
                    "moving air.",
                    "企业未给出数值。1.5 m/s 是本方法认定为“有气流”的最低值。",
                ),
                "basis_kind": "set_by_us",
                "figure": None,
            },
            "progress": None,
            "verdict": verdict(
                1,
                "not_delivered",
                en(
                    "Both ducts end in closed cavities. With a blower at the inlet no air that "
                    "could be told from none left the outlets of three cars, taken apart by "
                    "different people.",
                    "两条风道都通向封闭的空腔。进口处用吹风机送风，由不同的人拆解的三辆车，"
                    "出口处均测不到可与零区分的气流。",
                ),
            ),
            "findings": [
                {
                    "id": uuid(31),
                    "conclusion": "contradicts",
                    "reason": en(
                        "The inlet leads into a pocket with no exit.", "进口通向没有出口的凹腔。"
                    ),
                    "by": person("moderator", "lapwing"),
                    "at": "2025-05-08T10:00:00Z",
                    "exhibits": ["AC-EX1", "AC-EX2"],
                },
                {
                    "id": uuid(32),
                    "conclusion": "contradicts",
                    "reason": en(
                        "Airflow at the outlet is nil within the uncertainty.",
                        "出口气流在不确定度内为零。",
                    ),
                    "by": person("moderator", "lapwing"),
                    "at": "2025-05-08T10:05:00Z",
                    "exhibits": ["AC-EX3"],
                },
            ],
            "measurements": [
                measurement(1, "0.03", "0.02", "owner-a"),
                measurement(2, "0.01", "0.015", "owner-b"),
                measurement(3, "0.04", "0.025", "owner-c"),
            ],
            "conformity": {
                "decision": "does_not_conform",
                "comparator": "at_least",
                "limit": "1.5",
                "lower_limit": "1.5",
                "upper_limit": None,
                "unit": "m/s",
                "coverage": "2",
                "units": 3,
                "contributors": 3,
                "laboratories": 1,
                "items": {"conforms": 0, "does_not_conform": 3, "undecided": 0, "disagree": 0},
                "laboratories_disagree": False,
                "summary": SUMMARY,
                "judged": [
                    judged(1, "0.03", "0.02", "0.04", "1.54", "1.46"),
                    judged(2, "0.01", "0.015", "0.03", "1.53", "1.47"),
                    judged(3, "0.04", "0.025", "0.05", "1.55", "1.45"),
                ],
            },
        },
        {
            "id": uuid(12),
            "statement": en("The hood is carbon fibre", "前舱盖为碳纤维材质"),
            "kind": "quantity",
            "due": None,
            "cancelled": None,
            "criterion": None,
            "progress": None,
            "verdict": verdict(
                2,
                "delivered",
                en(
                    "The outer skin is carbon fibre on all cars seen.", "所见各车的外板均为碳纤维。"
                ),
            ),
            "findings": [
                {
                    "id": uuid(33),
                    "conclusion": "supports",
                    "reason": en(
                        "The weave runs through the cut edge.", "切边处可见贯通的编织纹。"
                    ),
                    "by": person("moderator", "lapwing"),
                    "at": "2025-05-08T10:10:00Z",
                    "exhibits": ["AC-EX2"],
                }
            ],
            "measurements": [],
            "conformity": None,
        },
    ],
    "exhibits": [
        exhibit(
            1,
            en("Duct inlet on the outer skin", "外板上的风道进口"),
            en("A dark oval opening, ringed in red.", "深色椭圆形开口，红圈标示。"),
        ),
        exhibit(
            2,
            en("Closed cavity behind the inlet", "进口后的封闭空腔"),
            en("A box with four walls and no exit.", "四面封闭、没有出口的空腔。"),
        ),
        exhibit(
            3,
            en("Blower test, anemometer at the outlet", "吹风测试，风速仪置于出口"),
            en("The display reads 0.02.", "显示屏读数 0.02。"),
        ),
    ],
    "teardowns": [
        {
            "id": "4f0c9a52-7f0e-4a66-8d50-000000000001",
            "title": en("The hood, taken apart", "前舱盖拆解"),
            "unit_label": "hood-2",
            "contributor": "owner-b",
            "affiliation": "independent",
            "laboratory": None,
            "performed": "2025-05-05",
            "steps": [
                step(
                    1,
                    None,
                    en("Take the hood off and lay it face down.", "拆下前舱盖，正面朝下放置。"),
                    None,
                    None,
                ),
                step(
                    2,
                    en("Inner panel", "内板"),
                    en("Remove the inner panel: eleven clips.", "拆下内板：十一个卡扣。"),
                    en("The back of both ducts is open to view.", "两条风道的背面可见。"),
                    "AC-EX1",
                ),
                step(
                    3,
                    en("Left duct", "左风道"),
                    en("Follow the duct from its inlet.", "自进口沿风道检查。"),
                    en("It ends in a closed cavity.", "风道止于封闭空腔。"),
                    "AC-EX2",
                ),
            ],
        }
    ],
    "invitations": [
        {
            "sent": "2025-05-14T02:00:00Z",
            "deadline": "2025-05-28T02:00:00Z",
            "allegation": en(
                "That the ducts move no air. Shown: the claim, the three exhibits and the "
                "measurements, as published.",
                "称风道不通气。已出示：声明、三件证物及测量结果，与公开内容相同。",
            ),
            "outcome": "silent",
            "closed": "2025-05-28T02:00:00Z",
            "replies": [],
            "waiver": None,
        }
    ],
    "verify": {
        "key": KEY,
        "commands": [
            f"python -m ledger.verify AC-VERD{n}.bundle.json --key '{KEY}'" for n in (1, 2)
        ],
        "record": "https://asclaimed.example/ledger/",
        "bundles": ["AC-VERD1.bundle.json", "AC-VERD2.bundle.json"],
    },
}

_SNAPSHOT: dict[str, Any] = {
    "format": "asclaimed-report@v1",
    "kind": "snapshot",
    "id": uuid(101),
    "reference": "AC-8G4KR3N",
    "address": "https://asclaimed.example/reports/AC-8G4KR3N/",
    "reconstruction": True,
    "made_from": _DISCREPANCY["made_from"],
    "company": COMPANY,
    "source": SOURCE,
    "versions": [
        {**VERSIONS[0], "title": "新前舱盖", "text": FIRST},
        {**VERSIONS[1], "title": "新前舱盖", "text": SECOND},
    ],
    "diffs": [DIFF],
    "observations": [
        {"at": "2025-02-28T13:20:07Z", "type": "ok", "status": 200, "method": "live"},
        {"at": "2025-02-28T19:15:00Z", "type": "ok", "status": 200, "method": "live"},
        *(
            {"at": tick, "type": "unchanged", "status": 200, "method": "live"}
            for tick in TICKS[1:13]
        ),
        {"at": "2025-05-10T01:15:00Z", "type": "transient", "status": None, "method": "live"},
        *(
            {"at": tick, "type": "tombstone", "status": 200, "method": "live"}
            for tick in TICKS[13:]
        ),
    ],
    "disappearances": [DISAPPEARANCE],
    "claims": [
        {
            "reference": "AC-7F3KQ2K",
            "address": "https://asclaimed.example/claims/AC-7F3KQ2K/",
            "quote": _DISCREPANCY["claim"]["quote"],
            "sightings": SIGHTINGS,
        }
    ],
    "verify": {
        **_DISCREPANCY["verify"],
        "commands": [f"python -m ledger.verify log --key '{KEY}'"],
        "bundles": [],
    },
}

ATTACHMENTS: list[tuple[str, bytes, str, str]] = [
    (
        "AC-VERD1.bundle.json",
        b'{"format":"asclaimed-bundle@v1","leaf":"1"}',
        "application/json",
        "Proof of verdict AC-VERD1",
    ),
    (
        "AC-VERD2.bundle.json",
        b'{"format":"asclaimed-bundle@v1","leaf":"2"}',
        "application/json",
        "Proof of verdict AC-VERD2",
    ),
]


def discrepancy() -> dict[str, Any]:
    return copy.deepcopy(_DISCREPANCY)


def snapshot() -> dict[str, Any]:
    return copy.deepcopy(_SNAPSHOT)
