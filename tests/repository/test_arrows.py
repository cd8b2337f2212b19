"""The arrows between apps that import-linter cannot see: tag libraries, templates, styles, names of
addresses and of jobs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.repository.sources import ROOT, texts

#: From below, as in the contract of import-linter; `jobs` and `ledger` stand beside each other.
ORDER: Final = [
    "engines",
    "ui",
    "ledger|jobs",
    "accounts",
    "notifications",
    "claims",
    "evidence",
    "verdicts",
    "reports",
    "demo",
    "config",
]
LEVEL: Final = {app: level for level, apps in enumerate(ORDER) for app in apps.split("|")}

#: Work that is asked of an app above, by name, since only the row joins the two:
#: who asks, and for what.
JOBS_ABOVE: Final = {
    ("claims", "evidence.observe"): "a new source is looked at once before its turn",
    ("claims", "evidence.locate_appearance"): "a new quote is searched for in what was kept",
    ("claims", "reports.discrepancy"): "a corrected claim has its report written anew",
    ("evidence", "reports.snapshot"): "a page that went away has its report written",
    ("verdicts", "reports.discrepancy"): "a verdict or a reply has the report written anew",
}

#: Pages of apps above that are named below, since a row leads its reader there and nothing else
#: joins the two: in which module, and why.
ADDRESSES_ABOVE: Final = {
    "notifications/kinds.py": "each kind leads to the page where it is dealt with, in one table",
}

_LOAD = re.compile(r"\{%\s*load\s+([\w\s]+?)\s*%\}")
_TEMPLATE = re.compile(r"\{%\s*(?:extends|include)\s+[\"'](\w+)/")
_STATIC = re.compile(r"\{%\s*static\s+[\"'](\w+)/")
_ADDRESS = re.compile(
    r"[\"'](accounts|notifications|claims|evidence|verdicts|reports|jobs|ledger):[\w-]+[\"']"
)
_JOB = re.compile(r"\benqueue\(\s*f?[\"']((\w+)\.[\w{}.]+)[\"']")


def libraries() -> dict[str, str]:
    """Tag library → the app it belongs to."""
    return {
        Path(name).stem: name.split("/")[0]
        for name, _text in texts(".py")
        if name.split("/")[1:2] == ["templatetags"]
    }


def above(app: str, other: str) -> bool:
    return other in LEVEL and LEVEL[other] > LEVEL[app]


def arrows(name: str, text: str, tags: dict[str, str]) -> Iterator[str]:
    """What a template or a module names that stands above its own app."""
    app = name.split("/")[0]
    if name.endswith(".py"):
        for job, other in _JOB.findall(text):
            if above(app, other) and (app, job) not in JOBS_ABOVE:
                yield f"{name}: job {job}"
    else:
        for library in (word for load in _LOAD.findall(text) for word in load.split()):
            if above(app, tags.get(library, app)):
                yield f"{name}: load {library}"
        for other in _TEMPLATE.findall(text) + _STATIC.findall(text):
            if above(app, other):
                yield f"{name}: {other}/"
    for other in _ADDRESS.findall(text):
        # Whoever shows a thing may lead to its public page;
        # everything else is led to from above alone.
        if (
            above(app, other)
            and (other != "reports" or app == "ui")
            and name not in ADDRESSES_ABOVE
        ):
            yield f"{name}: address {other}:…"


def ours() -> Iterator[tuple[str, str]]:
    for name, text in texts(".html", ".txt", ".py"):
        if name.split("/")[0] in LEVEL:
            yield name, text


def test_every_name_in_templates_and_jobs_points_downwards() -> None:
    tags = libraries()
    assert len(tags) > 5
    assert [arrow for name, text in ours() for arrow in arrows(name, text, tags)] == []


def test_every_job_asked_for_above_is_still_asked_for() -> None:
    asked = {
        (name.split("/")[0], job)
        for name, text in ours()
        if name.endswith(".py")
        for job, _app in _JOB.findall(text)
    }
    assert set(JOBS_ABOVE) <= asked


def test_every_module_that_may_name_pages_above_still_does() -> None:
    named = {name for name, text in ours() if name in ADDRESSES_ABOVE and _ADDRESS.search(text)}
    assert named == set(ADDRESSES_ABOVE)
    assert list(arrows("notifications/views.py", 'address("evidence:review")', {}))


def test_an_arrow_upwards_is_found_in_each_kind_of_name() -> None:
    tags = libraries()
    page = (
        "{% load i18n verdict_tags %}{% include 'reports/_cite.html' %}{% static "
        "\"verdicts/desk.css\" %}{% url 'verdicts:desk' %}"
    )
    assert len(list(arrows("claims/templates/claims/x.html", page, tags))) == 4
    assert list(arrows("claims/x.py", 'jobs.enqueue("verdicts.publish", {})', tags)) == [
        "claims/x.py: job verdicts.publish"
    ]
    assert list(arrows("ui/templates/base.html", "{% url 'reports:front' %}", tags))
    assert not list(arrows("reports/templates/reports/x.html", page, tags))


def test_the_order_is_that_of_the_contract() -> None:
    contract = (ROOT / "pyproject.toml").read_text().split('name = "The apps', 1)[1]
    layers = re.findall(r'"([^"]+)"', re.search(r"layers = \[(.*?)\]", contract, re.DOTALL)[1])  # type: ignore[index]
    assert [layer.replace(" ", "") for layer in reversed(layers)] == ORDER


def test_every_app_has_a_contract_for_its_inside() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    inside = {
        app
        for contract in linter["contracts"]
        for app in contract.get("containers", [])
        if contract["type"] == "layers" and contract.get("exhaustive")
    }
    assert set(linter["root_packages"]) <= inside
