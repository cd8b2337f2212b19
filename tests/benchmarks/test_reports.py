"""A report as PDF: typst against WeasyPrint on the page that says the same."""

from __future__ import annotations

import logging

import pytest

from reports.documents import standalone, typesetting
from tests.benchmarks.measure import compare
from tests.reports import sample


def test_a_report_as_pdf_against_weasyprint(request: pytest.FixtureRequest) -> None:
    pytest.importorskip(
        "weasyprint",
        reason="WeasyPrint is not installed; `make bench` does that",
        exc_type=ImportError,
    )
    try:
        import weasyprint
    except OSError:
        pytest.skip(
            "Pango is not installed, so nothing is measured against WeasyPrint (Debian: "
            "libpangoft2-1.0-0 libharfbuzz-subset0)"
        )
    logging.disable(logging.WARNING)  # the peer tells of every page and property
    request.addfinalizer(lambda: logging.disable(logging.NOTSET))
    report = sample.discrepancy()
    html = standalone.page(report, sample.PICTURES).decode()

    def peer() -> None:
        document = weasyprint.HTML(string=html)
        document.write_pdf(pdf_variant="pdf/ua-1")

    compare(
        "a report as PDF by typst, both languages / by WeasyPrint",
        ours=lambda: [
            typesetting.typeset(report, lang, sample.ATTACHMENTS, sample.PICTURES)
            for lang in ("en", "zh-Hans")
        ],
        peer=peer,
        floor=1 / 5,
        goal=1 / 25,
        how="the sample report; ours twice, PDF/A-3a and PDF/UA-1 with attachments; the peer "
        "once, the page that holds both languages",
    )
