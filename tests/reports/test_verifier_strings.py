"""The page that verifies has words for whatever its script can say."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from reports.wording import verifier_strings

ROOT = Path(settings.BASE_DIR)
MODULE = (ROOT / "ledger" / "static" / "ledger" / "verify.js").read_text(encoding="utf-8")
PAGE = (ROOT / "reports" / "static" / "reports" / "verify.js").read_text(encoding="utf-8")


def codes(pattern: str, text: str) -> set[str]:
    return set(re.findall(pattern, text))


def test_every_way_to_be_refused_has_its_sentence_and_no_sentence_is_left_over() -> None:
    assert codes(r'new Refused\("([a-z0-9-]+)"', MODULE) | codes(
        r'demand\(.+, "([a-z-]+)"\)', MODULE
    ) == set(verifier_strings.REFUSALS)


def test_every_way_to_be_unable_has_its_sentence() -> None:
    said = (
        codes(r'new Unable\("([a-z0-9-]+)"', MODULE)
        | codes(r'unable\("([a-z-]+)"', PAGE)
        | {"unexpected"}
    )
    assert said == set(verifier_strings.UNABLE)


def test_the_steps_of_the_page_are_those_of_the_module() -> None:
    found = re.search(r"STEPS = \[(.+)\]", MODULE)
    assert found is not None
    assert re.findall(r'"(\w+)"', found[1]) == list(verifier_strings.STEPS)
    assert set(verifier_strings.PASSED) >= set(verifier_strings.STEPS)


def test_all_words_of_the_ends_are_used() -> None:
    assert {
        code
        for code in verifier_strings.ENDS
        if not code.startswith("step-") and f'"{code}"' not in PAGE
    } == set()


def test_the_script_asks_no_other_host_and_keeps_nothing() -> None:
    assert not re.search(
        r"https?:|localStorage|sessionStorage|indexedDB|sendBeacon|eval\(|innerHTML", MODULE + PAGE
    )
    assert "fetch" not in MODULE
    assert PAGE.count("fetch(") == 1
