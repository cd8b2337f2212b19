"""Reports as PDF: the two standards, the same bytes anywhere, what is attached, and texts that try
to be more than text."""

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pypdf
import pytest
import typst
from PIL import Image

from reports import schema
from reports.documents import pdf_layout, typesetting
from reports.drawing import fonts, pictures
from reports.wording.report_strings import LANGS, PHRASES, VOCABULARIES, Lang
from tests.reports import sample

ROOT = Path(__file__).parents[2]


@cache
def discrepancy(lang: Lang) -> bytes:
    return typesetting.typeset(sample.discrepancy(), lang, sample.ATTACHMENTS, sample.PICTURES)


@cache
def snapshot(lang: Lang) -> bytes:
    return typesetting.typeset_snapshot(sample.snapshot(), lang)


def typeset(report: dict[str, Any], lang: Lang = "en") -> bytes:
    return typesetting.typeset(report, lang, sample.ATTACHMENTS, sample.PICTURES)


def read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


@cache
def words_of(pdf: bytes) -> str:
    """The text of a PDF as a program reads it, without white space and break marks: lines end where
    the layout wants."""
    text = "".join(page.extract_text() for page in read(pdf).pages)
    return "".join(text.split()).replace(fonts.BREAK, "")


def bare(text: str) -> str:
    return "".join(text.split())


# --- the standards --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("make", [discrepancy, snapshot], ids=["discrepancy", "snapshot"])
def test_the_file_says_that_it_is_pdf_a_3a_and_pdf_ua_1(make: Any, lang: Lang) -> None:
    root = read(make(lang)).trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert root["/Lang"] == ("en-GB" if lang == "en" else "zh-CN")
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root


@pytest.mark.parametrize("lang", LANGS)
def test_title_and_dates_come_from_the_report(lang: Lang) -> None:
    metadata = read(discrepancy(lang)).metadata
    assert metadata is not None
    summary = sample.discrepancy()["claim"]["summary"]
    words = summary["text"] if lang == "en" else summary["translations"]["zh-Hans"]["text"]
    assert metadata.title == (f"Claim: “{words}”" if lang == "en" else f"宣称：“{words}”")
    assert f"{metadata.creation_date:%Y-%m-%dT%H:%M:%SZ}" == sample.discrepancy()["made_from"]["at"]


def alternatives(pdf: bytes) -> list[str]:
    found = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if node.get("/S") == "/Figure":
                found.append(str(node.get("/Alt", "")))
            if "/K" in node:
                walk(node["/K"])

    walk(read(pdf).trailer["/Root"]["/StructTreeRoot"])
    return found


@pytest.mark.parametrize("lang", LANGS)
def test_every_figure_says_what_it_shows(lang: Lang) -> None:
    alt = alternatives(discrepancy(lang))
    assert len(alt) == 5, "one version line, one chart, three photos"
    assert all(alt)
    assert any("0.03 ± 0.04 m/s" in each for each in alt)
    assert any(
        ("The display reads 0.02." if lang == "en" else "显示屏读数 0.02。") in each for each in alt
    )
    assert not any(fonts.BREAK in each for each in alt)


# --- what is inside -------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
def test_attachments_come_back_byte_for_byte(lang: Lang) -> None:
    attached = read(discrepancy(lang)).attachments
    expected = {"report.json": schema.to_bytes(sample.discrepancy())} | {
        name: data for name, data, _, _ in sample.ATTACHMENTS
    }
    assert {name: attached[name][0] for name in attached} == expected
    assert {
        name: read(snapshot(lang)).attachments[name][0] for name in read(snapshot(lang)).attachments
    } == {"report.json": schema.to_bytes(sample.snapshot())}


EXPECTED: dict[str, list[str]] = {
    "en": [
        "AC-7F3KQ2M", "Two air ducts in the carbon-fibre hood cool the brakes", "CNY 42,000",
        "Not as claimed", "As claimed", "Claimed",
        "Found", "双风道给制动系统散热", "the two ducts cool the brakes", "at least 1.5 m/s",
        "0.03 m/s", "± 0.05 m/s (2)", "< 0.000001",
        "does not meet the threshold", "Edited after publication", "No reply by the deadline",
        "No reply by the deadline; the reply",
        "heron (adjudicator)", "18,402", "0 of 3 items meet the threshold, 3 do not.",
        "AC-VERD1.bundle.json", "[内部结构也一起改了，]", "AC-EX2",
        "That the scene is what its caption says", "AC-EX3", "Take the hood",
        "Example Motors Sales Co., Ltd.", "What this report does not prove",
        "not a judgment of a court", sample.KEY, sample.ROOT,
        "python -m ledger.verify", "https://asclaimed.example/reports/AC-7F3KQ2M/", "Demonstration",
        "Page 1 of",
        "our translation (moderator)", "12 May 2025 01:15:00 UTC", "removed, the platform says",
        "Independent items: 3",
    ],
    "zh-Hans": [
        "AC-7F3KQ2M", "碳纤维前舱盖上的两条风道为制动系统散热", "42,000元", "与宣称不符",
        "与宣称相符", "宣称", "查证",
        "内部结构也一起改了",
        "不低于 1.5 m/s", "0.03 m/s", "未达到限值","发布后有修改", "期限内未回应",
        "期限内未回应，回应期于", "heron（评定员）", "18,402",
        "[内部结构也一起改了，]", "不证明画面与说明一致", "拆下前舱盖", "示例汽车销售有限公司",
        "本报告不证明什么", "并非法院判决",
        "3件样品中0件达到限值，3件未达到。",
        sample.KEY, sample.ROOT, "https://asclaimed.example/reports/AC-7F3KQ2M/", "演示案例",
        "第 1 页", "本站译文（审核员）",
        "2025年5月12日 09:15:00（北京时间）", "平台显示已删除", "独立样品：3件",
        "owner-b · 按原样保存",
    ],
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_the_report_says_what_it_must(lang: Lang) -> None:
    text = words_of(discrepancy(lang))
    assert [each for each in EXPECTED[lang] if bare(each) not in text] == []


@pytest.mark.parametrize("lang", LANGS)
def test_the_snapshot_holds_every_version_every_diff_and_the_interval(lang: Lang) -> None:
    text = words_of(snapshot(lang))
    assert bare(sample.FIRST) in text
    assert bare(sample.SECOND) in text
    for version in sample.VERSIONS:
        assert version["sha256"] in text
    interval = (
        ["9 May 2025 01:15:00", "12 May 2025 01:15:00"]
        if lang == "en"
        else ["2025年5月9日 09:15:00", "2025年5月12日 09:15:00"]
    )
    assert [
        each
        for each in ["[内部结构也一起改了，]", *interval, sample.ROOT]
        if bare(each) not in text
    ] == []


@pytest.mark.parametrize("lang", LANGS)
def test_every_page_has_the_permanent_address_and_its_number(lang: Lang) -> None:
    pages = read(discrepancy(lang)).pages
    for number, page in enumerate(pages, start=1):
        text = bare(page.extract_text())
        assert "https://asclaimed.example/reports/AC-7F3KQ2M/" in text
        assert (
            f"Page{number}of{len(pages)}" if lang == "en" else f"第{number}页，共{len(pages)}页"
        ) in text


def test_every_state_that_a_verdict_can_have_is_typeset() -> None:
    report = sample.discrepancy()
    judged = report["aspects"].pop()
    for rating in VOCABULARIES["rating"]:
        report["aspects"].append(
            {
                **judged,
                "verdict": {
                    **judged["verdict"],
                    "rating": rating,
                    "attempts": sample.en("Asked twice."),
                },
            }
        )
    for progress in VOCABULARIES["progress"]:
        report["aspects"].append({**judged, "verdict": None, "progress": progress})
    text = words_of(typeset(report))
    for name in ("rating", "progress"):
        assert [pair.en for pair in VOCABULARIES[name].values() if bare(pair.en) not in text] == []


@pytest.mark.parametrize("outcome", VOCABULARIES["outcome"])
def test_every_answer_of_a_company_is_typeset(outcome: str) -> None:
    report = sample.discrepancy()
    report["invitations"][0].update(
        outcome=outcome,
        closed=None if outcome == "open" else "2025-05-28T02:00:00Z",
        replies=[
            {
                "text": sample.zh("这是及时更正。", "A timely correction."),
                "received": "2025-05-20T00:00:00Z",
                "letter": None,
                "late": False,
            }
        ]
        if outcome == "replied"
        else [],
        waiver={
            "reason": sample.en("The company is dissolved."),
            "people": [sample.person("moderator", "wren")],
        }
        if outcome == "waived"
        else None,
    )
    text = words_of(typeset(report))
    said = {
        "open": "Thereplyperiodhasnotended",
        "replied": "这是及时更正。",
        "silent": "Noreplybythedeadline",
        "no_further_reply": "Nofurtherreply",
        "waived": "Thecompanyisdissolved.",
    }
    assert said[outcome] in text


def test_a_report_with_nothing_but_a_claim_is_typeset() -> None:
    report = sample.discrepancy()
    for name in ("sources", "aspects", "exhibits", "teardowns", "invitations"):
        report[name] = []
    report.update(option=None)
    report["claim"].update(at_stake=None, flags=[], made=None)
    report["verify"].update(bundles=[], commands=[])
    for lang in LANGS:
        assert bare("AC-7F3KQ2M") in words_of(typesetting.typeset(report, lang, [], {}))


def test_a_text_without_a_translation_stands_in_its_own_language_and_says_so() -> None:
    report = sample.discrepancy()
    report["aspects"][0]["verdict"]["rationale"]["translations"] = {}
    text = words_of(typeset(report, "zh-Hans"))
    assert "Bothductsendinclosedcavities." in text
    assert bare(PHRASES["original_only"].zh) in text
    assert bare(PHRASES["original_only"].zh) not in words_of(discrepancy("zh-Hans"))


# --- the same bytes -------------------------------------------------------------------------------

DIGESTS = """
import hashlib, json
from reports.documents import typesetting
from reports.drawing import charts
from tests.reports import sample
found = {}
for lang in ("en", "zh-Hans"):
    found["discrepancy " + lang] = typesetting.typeset(
        sample.discrepancy(), lang, sample.ATTACHMENTS, sample.PICTURES
    )
    found["snapshot " + lang] = typesetting.typeset_snapshot(sample.snapshot(), lang)
    found["chart " + lang] = charts.chart_of(sample.discrepancy()["aspects"][0], lang).encode()
print(json.dumps({name: hashlib.sha256(data).hexdigest() for name, data in found.items()}))
"""


def test_the_same_report_gives_the_same_bytes_in_another_process_place_and_locale(
    tmp_path: Path,
) -> None:
    # a file of a name that the templates read, where a careless compiler would look
    (tmp_path / "sheet.json").write_text("{}")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "TZ": "Asia/Shanghai",
        "LC_ALL": "tr_TR.UTF-8",
        "PYTHONHASHSEED": "1234",
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "SOURCE_DATE_EPOCH": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    ours = {f"discrepancy {lang}": discrepancy(lang) for lang in LANGS} | {
        f"snapshot {lang}": snapshot(lang) for lang in LANGS
    }
    assert {name: theirs[name] for name in ours} == {
        name: hashlib.sha256(data).hexdigest() for name, data in ours.items()
    }


def test_one_other_character_or_second_gives_other_bytes() -> None:
    """The negative control of the test above."""
    report = sample.snapshot()
    report["made_from"] = {**report["made_from"], "at": "2025-06-03T09:42:01Z"}
    assert typesetting.typeset_snapshot(report, "en") != snapshot("en")


def test_templates_import_nothing_from_outside() -> None:
    for template in typesetting.TEMPLATES.glob("*.typ"):
        source = template.read_text()
        assert "@preview" not in source
        assert "@local" not in source
        assert "datetime.today" not in source


# --- hostile texts --------------------------------------------------------------------------------

HOSTILE = [
    (
        '#panic("x") #import "house.typ" #read("/etc/passwd") $x^2$ *bold* _it_ `raw` <label> @ref '
        "// c /* d */ = h - l + n / t: \\ ~ [a] {b}"
    ),
    "{rating} {quote} {0} {{x}}",
    "\u202eleft\u202c \u2066isolate\u2069 \u200bzero\u200d",
    "nul\x00 escape\x1b[31m bell\x07 del\x7f c1\x9b",
    "",
    " ",
    "\n\n\nlines\n\n",
    "😀🇨🇳👩\u200d👩\u200d👧 \ue000 \U0010ffff שלום مرحبا",
    "e" + "\u0301" * 20,
    '</text></svg><script>alert("x")</script>&lt;&amp;',
    "“‘’”「」…—–·×±≥≤",
]
FREE = {
    "text", "passage", "pseudonym", "contributor", "laboratory", "unit_label", "unit", "agent",
    "outcome", "note", "jurisdiction",
    "registration", "extractor", "title", "method", "name", "url", "media_type",
}  # fmt: skip


def poison(report: dict[str, Any], pick: Iterator[str]) -> None:
    """Every member that takes free text gets a hostile one; what the schema then refuses gets its
    own back."""
    changed: dict[str, tuple[dict[str, Any], str, str]] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, list):
            for index, each in enumerate(value):
                walk(each, f"{path}[{index}]")
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, str) and name in FREE:
                    changed[f"{path}.{name}"] = (value, name, inner)
                    value[name] = next(pick)
                elif name != "made_from":
                    walk(inner, f"{path}.{name}")

    walk(report, "$")
    try:
        schema.validate(report)
    except schema.InvalidReportError as invalid:
        for path, _ in invalid.faults:
            holder, name, before = changed[path]
            holder[name] = before
    schema.validate(report)


def turning(start: int) -> Iterator[str]:
    while True:
        yield HOSTILE[start % len(HOSTILE)]
        start += 1


@pytest.mark.parametrize(("start", "lang"), [(0, "en"), (4, "zh-Hans")])
def test_hostile_texts_come_out_as_text(start: int, lang: Lang) -> None:
    report = sample.discrepancy()
    poison(report, turning(start))
    report["aspects"][0]["verdict"]["rationale"] = sample.en(HOSTILE[0], HOSTILE[0])
    report["aspects"][1]["verdict"]["rationale"] = sample.en(HOSTILE[2], HOSTILE[2])
    report["aspects"][0]["findings"][0]["reason"] = sample.en(HOSTILE[3], HOSTILE[3])
    pdf = typeset(report, lang)
    text = words_of(pdf)
    assert bare(HOSTILE[0]) in text
    assert "[U+202E]left[U+202C]" in text
    assert "nul[U+0000]escape[U+001B][31mbell[U+0007]" in text
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b\x07") & set(text)
    kept = read(pdf).attachments["report.json"][0]
    assert json.loads(kept) == report, "the data keeps what the print cannot show"


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_versions_of_a_deleted_post_come_out_as_text(lang: Lang) -> None:
    report = sample.snapshot()
    poison(report, turning(7))
    report["versions"][0]["text"] = HOSTILE[0]
    assert bare(HOSTILE[0]) in words_of(typesetting.typeset_snapshot(report, lang))


def test_without_the_guard_such_texts_do_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: unguarded, an override reaches the page, and what the face lacks stops
    the printing."""
    monkeypatch.setattr(fonts, "printable", lambda text: text)
    report = sample.snapshot()
    report["versions"][0]["text"] = "a\u202eb"
    with_override = typesetting.typeset_snapshot(report, "en")
    assert "[U+202E]" not in words_of(with_override)
    report["versions"][0]["text"] = "\ue000"
    with pytest.raises(typst.TypstError):
        typesetting.typeset_snapshot(report, "en")


def test_a_word_of_ten_thousand_characters_is_broken_and_none_of_it_is_lost() -> None:
    report = sample.discrepancy()
    report["exhibits"][0]["caption"] = sample.en("Q" * 10_000, "长")
    report["claim"]["quote"] = sample.en("W" * 1_000, "长")
    report["aspects"][0]["measurements"][0]["unit_label"] = "U" * 500
    report["aspects"][0]["conformity"]["judged"][0]["unit_label"] = "U" * 500
    places: list[tuple[float, float]] = []
    text = ""

    def visit(part: str, matrix: Any, line: Any, *_: Any) -> None:
        nonlocal text
        text += part
        if part.strip():
            places.append((matrix[0] * line[4] + matrix[4], matrix[3] * line[5] + matrix[5]))

    for page in read(typeset(report)).pages:
        page.extract_text(visitor_text=visit)
    assert text.count("Q") >= 10_000
    assert text.count("W") >= 2_000, "the quote and the summary"
    assert all(0 < x < 595 - 50 and 20 < y < 842 - 20 for x, y in places), (
        "something is printed beside or below the paper"
    )


# --- what does not fit is refused -----------------------------------------------------------------


def refused(
    report: dict[str, Any] | None = None, attachments: Any = None, shown: Any = None
) -> str:
    with pytest.raises(typesetting.TypesettingError) as caught:
        typesetting.typeset(
            report or sample.discrepancy(),
            "en",
            sample.ATTACHMENTS if attachments is None else attachments,
            sample.PICTURES if shown is None else shown,
        )
    return str(caught.value)


def test_a_picture_that_is_not_the_pinned_one_is_refused() -> None:
    other = {**sample.PICTURES, "AC-EX1.png": sample.photo("something else")}
    assert refused(shown=other) == "the picture AC-EX1.png is not the one that the report pins"
    assert refused(shown={}) == "the picture AC-EX1.png is missing"


def test_attachments_that_do_not_fit_are_refused() -> None:
    bundle, other = sample.ATTACHMENTS
    assert "AC-VERD2.bundle.json, which is not attached" in refused(attachments=[bundle])
    assert "twice" in refused(attachments=[bundle, other, bundle])
    assert "twice" in refused(
        attachments=[bundle, other, ("report.json", b"{}", "application/json", "")]
    )
    assert "no plain file name" in refused(
        attachments=[bundle, other, ("../x", b"", "text/plain", "")]
    )
    assert "no media type" in refused(attachments=[bundle, other, ("x", b"", "text", "")])


def test_each_kind_goes_through_its_own_door() -> None:
    assert "typeset_snapshot" in refused(report=sample.snapshot())
    with pytest.raises(typesetting.TypesettingError):
        typesetting.typeset_snapshot(sample.discrepancy(), "en")
    with pytest.raises(schema.InvalidReportError):
        typesetting.typeset({"kind": "discrepancy"}, "en", [], {})


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(33, 17), (1, 1), (640, 480)])
def test_the_size_of_a_picture_is_read_from_its_header(form: str, size: tuple[int, int]) -> None:
    for options in ({}, {"lossless": True}) if form == "WEBP" else ({},):
        file = io.BytesIO()
        Image.new("RGB", size, "red").save(file, form, **options)
        assert pictures.picture_size(file.getvalue()) == (
            {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}[form],
            *size,
        )


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_pictures_of_other_formats_stand_in_the_file(form: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, form)
    report = sample.discrepancy()
    report["exhibits"][0]["rendition"] = hashlib.sha256(file.getvalue()).hexdigest()
    pdf = typesetting.typeset(
        report, "en", sample.ATTACHMENTS, {**sample.PICTURES, "AC-EX1.png": file.getvalue()}
    )
    assert len(alternatives(pdf)) == 5


def test_a_picture_that_claims_too_many_pixels_or_is_none_is_refused() -> None:
    bomb = bytearray(sample.PICTURES["AC-EX1.png"])
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    for body in (bytes(bomb), b"GIF89a" + b"\x00" * 40, b"", b"\xff\xd8\xff"):
        report = sample.discrepancy()
        report["exhibits"][0]["rendition"] = hashlib.sha256(body).hexdigest()
        said = refused(report=report, shown={**sample.PICTURES, "AC-EX1.png": body})
        assert "too large" in said or "neither PNG" in said


def test_ready_forgets_no_string_of_a_sheet() -> None:
    before = {
        "a": ["\u202e", {"b": "\u202e", "n": None, "c": 1}],
        "exact": "\u202e",
        "d": {"exact": "\u202e" + "x" * 60},
    }
    assert pdf_layout.ready(before) == {
        "a": ["[U+202E]", {"b": "[U+202E]", "n": None, "c": 1}],
        "exact": "[U+202E]",
        "d": {"exact": "[U+202E]" + "x" * 60},
    }
