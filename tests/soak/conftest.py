"""The long forms of what the suite shows in short: run by `make soak`, never by `make test`.

Every test here carries `@pytest.mark.promise("…")`, the sentence it holds the program to, and says
with `figure(…)` how often it was tried. The end of the run prints one line for each promise, held
or broken, and writes them to var/soak.json: `[{"promise", "held", "figure", "seconds"}]`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

FIGURES = Path(__file__).resolve().parent.parent.parent / "var" / "soak.json"
_lines: list[dict[str, object]] = []


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """`figure("10,000 filings, 212 kills")` puts this beside the promise of the test, whether it is
    held or broken."""
    return lambda text: record_property("figure", text)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marker = item.get_closest_marker("promise")
        if marker is None:
            raise pytest.UsageError(
                f"{item.nodeid} names no promise: mark it @pytest.mark.promise(…)"
            )
        item.user_properties.append(("promise", marker.args[0]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    said = dict(report.user_properties)
    if (
        report.when == "call"
        or report.outcome == "failed"
        or (report.when == "setup" and report.outcome == "skipped")
    ):
        held = {"passed": "held", "failed": "broken", "skipped": "not tried"}[report.outcome]
        text = said.get("figure") or (
            report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        )  # (file, line, why it was skipped)
        _lines.append(
            {
                "promise": said.get("promise", report.nodeid),
                "held": held,
                "figure": text,
                "seconds": round(report.duration, 1),
            }
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("promises")
    for line in _lines:
        terminalreporter.write_line(
            f"{line['held']:<9} {line['promise']}: {line['figure']} ({line['seconds']} s)"
        )
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(_lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
