"""Documents keep up with the code, and stay short."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from config import documents
from tests.repository.sources import ROOT, texts

PAGES = {path.name: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))


def test_generated_pages_are_up_to_date() -> None:
    assert [
        path.name
        for path, text in documents.documents().items()
        if not path.exists() or path.read_text() != text
    ] == []


def test_every_setting_is_described() -> None:
    assert [each.name for each in documents.variables() if not each.sentence] == []


def test_no_setting_is_read_past_the_table() -> None:
    """Every `environment.…("NAME")` anywhere is one that the table knows."""
    known = {each.name for each in documents.variables()}
    read = set()
    for name, text in texts(".py"):
        if name.startswith("config/settings/") and name != "config/settings/test.py":
            for node in ast.walk(ast.parse(text)):
                if (
                    isinstance(node, ast.Call)
                    and ast.unparse(node.func).startswith("environment.")
                    and node.args
                ):
                    first = node.args[0]
                    read |= (
                        {first.value}
                        if isinstance(first, ast.Constant)
                        and re.fullmatch(r"[A-Z_]+", str(first.value))
                        else set()
                    )
    assert read - known == set()


def test_every_command_target_event_and_address_is_in_the_reference() -> None:
    """That they are is by construction; that the construction sees them is not."""
    reference = PAGES["reference.md"]
    commands = ["`make demo`", "`manage.py verify_record`", "`manage.py generate_docs`"]
    kinds = ["`claim.revised`", "`verdict.published`", "`company.silent`"]
    addresses = ["`/healthz`", "`/<language>/claims/<str:ref>/`", "`/api/v1/verdicts/`"]
    assert [each for each in commands + kinds + addresses if each not in reference] == []


def test_every_event_says_when_it_is_made() -> None:
    assert [event.kind for event in documents.events() if not event.sentence] == []


def test_every_address_says_what_it_answers() -> None:
    assert [address for address, sentence in documents.routes() if not sentence] == []


def test_every_member_of_a_verdict_document_is_described() -> None:
    tree = ast.parse((ROOT / "verdicts" / "document.py").read_text())
    written = next(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Return) and "FORMAT" in ast.unparse(node)
    )
    assert isinstance(written, ast.Dict)
    members = [ast.literal_eval(key) for key in written.keys if key is not None]
    section = PAGES["wire-formats.md"].split("## Verdict document")[1].split("\n## ")[0]
    assert len(members) > 20
    assert [
        name for name in members if f"`{name}`" not in section and f'"{name}"' not in section
    ] == []


def test_a_page_out_of_date_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management import CommandError, call_command

    call_command("generate_docs", "--check")
    monkeypatch.setattr(documents, "workflows", lambda: "# Workflows\n\nall different\n")
    with pytest.raises(CommandError, match=r"out of date: workflows\.md"):
        call_command("generate_docs", "--check")


def test_every_workflow_is_drawn_and_closed() -> None:
    found = list(documents.transitions())
    assert len(found) >= 6
    for app, name, table in found:
        followers = {state for states in table.values() for state in states}
        assert followers <= set(table), f"{app}: {name} goes to a state that is not in its table"
        assert set(type(next(iter(table)))) == set(table), (
            f"{app}: {name} leaves out a state of its enum"
        )


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_a_decision_fits_on_one_screen(path: object) -> None:
    text = (ROOT / "docs" / "adr" / str(path)).read_text()
    assert len(text.splitlines()) <= 45
    for part in ("## Context", "## Decision", "## Consequences"):
        assert part in text


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:4] for path in ADRS] == [
        f"{number:04}" for number in range(1, len(ADRS) + 1)
    ]


def test_the_changelog_begins_with_the_version() -> None:
    newest = re.search(
        r"^## (?!Unreleased$)(\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert newest is not None
    assert (
        newest.group(1)
        == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    )


def test_the_readme_has_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for name, text in texts(".md"):
        folder = (ROOT / name).parent
        targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
        broken += [f"{name}: {target}" for target in targets if not (folder / target).exists()]
    assert broken == []


def test_documents_name_only_commands_that_exist() -> None:
    from django.core.management import get_commands

    known = set(get_commands())
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = []
    for name, text in texts(".md"):
        wrong += [
            f"{name}: manage.py {command}"
            for command in re.findall(r"manage\.py ([a-z_]+)", text)
            if command not in known
        ]
        wrong += [
            f"{name}: make {target}"
            for target in re.findall(r"`make ([a-z]+)", text)
            if target not in targets
        ]
    assert wrong == []
