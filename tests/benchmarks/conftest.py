"""At the end of the run one line for each figure: whether its floor holds and its goal is
reached."""

from __future__ import annotations

import time

import pytest

from tests.benchmarks.measure import measured

_began = time.monotonic()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section(
        f"{len(measured)} figures in {(time.monotonic() - _began) / 60:.0f} minutes"
    )
    for line in measured.values():
        terminalreporter.write_line(line)
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(
            f"NOT MEASURED: {report.nodeid.rpartition('::')[2]}: {report.longrepr[2]}"
        )
    broken = sum(line.startswith("BROKEN") for line in measured.values())
    reached = sum(line.startswith("reached") for line in measured.values())
    terminalreporter.write_line(
        f"{broken} of {len(measured)} beyond their floor, {reached} reach their goal"
    )
