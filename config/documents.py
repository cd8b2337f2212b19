"""Pages of docs/ that are written by the code itself: workflows, reference, and the table of
settings in the operations guide.

`manage.py generate_docs` writes them, `--check` compares: what the code knows is typed once.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import URLPattern, URLResolver, get_resolver

from config.app_order import APPS
from ui.languages import LanguagePrefix

_NOTE = "<!-- Written by `manage.py generate_docs`; change the code instead. -->\n"
_RULED = (
    "Each is one dict in a `states.py`, and the database holds to it: the trigger "
    "`ledger_transitions` refuses a change of state that is not\n"
    "drawn here, whoever asks for it. A row may be inserted in any state, so that a restore puts "
    "rows back as they were.\n"
)
_ADDRESSES = (
    "A page for people begins with its language, `<language>`: `/en/` or `/zh/`. Without it an "
    "address is permanent and fit for a\n"
    "citation: it redirects to the page in the reader's language (`Accept-Language`, otherwise "
    "English). What programs read has no\n"
    "language in its address.\n"
)
_MARKS = ("<!-- settings: begin -->\n", "<!-- settings: end -->\n")


def documents() -> dict[Path, str]:
    """Every generated page and what it should say now. The operations guide is generated between
    two marks only."""
    docs = settings.BASE_DIR / "docs"
    operations = docs / "operations.md"
    before, begin, rest = operations.read_text().partition(_MARKS[0])
    _, end, after = rest.partition(_MARKS[1])
    if not begin or not end:
        raise ValueError(
            f"{operations} has lost its marks {_MARKS[0].strip()} … {_MARKS[1].strip()}"
        )
    return {
        docs / "workflows.md": workflows(),
        docs / "reference.md": reference(),
        operations: before + begin + _settings_table() + end + after,
    }


# Workflows


def transitions() -> Iterator[tuple[str, str, dict[Enum, frozenset[Enum]]]]:
    """App, name and dict of every workflow: the module-level `…TRANSITIONS` of every states.py of
    an app."""
    for room in APPS:
        names = [f"{room}.states", *(f"{package}.states" for package in _packages(room))]
        for name, value in (
            (name, value)
            for path in names
            if find_spec(path)
            for name, value in vars(import_module(path)).items()
        ):
            if name.endswith("TRANSITIONS"):
                yield (
                    room,
                    name.removesuffix("TRANSITIONS").rstrip("_").lower().replace("_", " ") or room,
                    value,
                )


def _packages(room: str) -> list[str]:
    """The packages of an app that hold states of their own, such as `evidence.sources`."""
    return [
        f"{room}.{path.parent.name}"
        for path in sorted((settings.BASE_DIR / room).glob("*/states.py"))
    ]


def workflows() -> str:
    """A diagram of every workflow. The first state of each is where a thing begins."""
    parts = ["# Workflows\n", _NOTE, _RULED]
    for room, name, table in transitions():
        lines = [f"    [*] --> {next(iter(table)).value}"]
        for state, followers in table.items():
            lines += [
                f"    {state.value} --> {follower.value}"
                for follower in sorted(followers, key=lambda each: str(each.value))
            ]
            if not followers:
                lines.append(f"    {state.value} --> [*]")
        parts.append(
            f"## {name.capitalize()} ({room})\n\n```mermaid\nstateDiagram-v2\n"
            + "\n".join(lines)
            + "\n```\n"
        )
    return "\n".join(parts)


# Reference


@dataclass(frozen=True)
class Event:
    """A kind of entry in the record, and the first line of what the action that makes it says of
    itself."""

    kind: str
    room: str
    sentence: str


def events() -> list[Event]:
    """Every kind that is passed to `ledger.act`, read from the source: a kind chosen by an
    expression is shown with its choices."""
    kinds: dict[str, Event] = {}
    for room in APPS:
        for path in sorted((settings.BASE_DIR / room).rglob("*.py")):
            if "migrations" in path.parts or "management" in path.parts:
                continue
            for function in ast.walk(ast.parse(path.read_text())):
                if isinstance(function, ast.FunctionDef) and not (
                    room == "ledger" and function.name == "act"
                ):
                    sentence = (
                        (ast.get_docstring(function) or "").split("\n\n")[0].replace("\n", " ")
                    )
                    for kind in _kinds(function):
                        kinds.setdefault(kind, Event(kind, room, sentence))
    return sorted(kinds.values(), key=lambda event: (APPS.index(event.room), event.kind))


def _kinds(function: ast.FunctionDef) -> Iterator[str]:
    for call in ast.walk(function):
        if not isinstance(call, ast.Call):
            continue
        name = (
            call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        )
        if name == "act" and call.args:
            yield from _strings(call.args[0])
        # A private helper of the room that takes the kind as an argument and acts with it.
        for keyword in call.keywords if name.startswith("_") else []:
            if keyword.arg == "kind":
                yield from (
                    text
                    for text in _strings(keyword.value)
                    if re.fullmatch(r"[a-z_]+\.[a-z_]+", text)
                )


def _strings(expression: ast.expr) -> Iterator[str]:
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from _strings(expression.body)
        yield from _strings(expression.orelse)
    elif isinstance(expression, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in expression.values
        )


def routes() -> list[tuple[str, str]]:
    """Every address of our own and the first line of what its view says of itself."""
    return sorted(set(_routes(get_resolver().url_patterns, "/")))


def _routes(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        spelled = "<language>/" if isinstance(pattern.pattern, LanguagePrefix) else pattern.pattern
        address = prefix + re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", str(spelled)).strip("^$").replace(
            "\\", ""
        )
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, address)
            continue
        view = (
            getattr(pattern.callback, "cls", None)
            or getattr(pattern.callback, "view_class", None)
            or pattern.callback
        )
        if not view.__module__.startswith((*APPS, "config")):
            continue
        action = getattr(pattern.callback, "actions", {}).get("get") or next(
            iter(getattr(pattern.callback, "actions", {}).values()), ""
        )
        text = inspect.getdoc(getattr(view, action, None)) if action else None
        yield address, (text or inspect.getdoc(view) or "").split("\n\n")[0].replace("\n", " ")


def reference() -> str:
    """Make targets, commands, kinds of event and addresses."""
    root = settings.BASE_DIR
    targets = re.findall(r"^([a-z]+):.*## (.*)$", (root / "Makefile").read_text(), re.MULTILINE)
    commands = [
        (
            f"manage.py {name}",
            load_command_class(app, name).help.split("\n\n")[0].replace("\n", " "),
        )
        for name, app in sorted(get_commands().items())
        if isinstance(app, str) and app.split(".")[0] in (*APPS, "config")
    ]
    parts = ["# Reference\n", _NOTE]
    parts += [
        "## Make targets\n",
        _table(("target", "does"), [(f"`make {name}`", text) for name, text in targets]),
    ]
    parts += [
        "## Commands\n",
        _table(("command", "does"), [(f"`{name}`", text) for name, text in commands]),
    ]
    rows = [(f"`{event.kind}`", event.room, event.sentence) for event in events()]
    parts += ["## Kinds of event in the record\n", _table(("kind", "room", "made when"), rows)]
    parts += [
        "## Addresses\n",
        _ADDRESSES,
        _table(("address", "answers"), [(f"`{address}`", text) for address, text in routes()]),
    ]
    return "\n".join(parts)


# Settings


@dataclass(frozen=True)
class Variable:
    """A variable of the environment: where it is read, what happens when it is unset, what it is
    for."""

    name: str
    files: tuple[str, ...]
    default: str
    sentence: str


def variables() -> list[Variable]:
    """Every variable that a settings file reads, in order of reading. The `#:` comment above the
    reading says what it is for."""
    read: dict[str, Variable] = {}
    for file in ("base", "production", "demo"):
        source = (settings.BASE_DIR / "config" / "settings" / f"{file}.py").read_text()
        lines = source.splitlines()
        for statement in ast.parse(source).body:
            for call in ast.walk(statement):
                if not (isinstance(call, ast.Call) and _reads_environment(call)):
                    continue
                name = str(ast.literal_eval(call.args[0]))
                sentence = _comment_above(lines, statement.lineno) or (
                    read[name].sentence if name in read else ""
                )
                default = _default(call, source)
                earlier = read[name].files if name in read else ()
                if (
                    file != "demo" or name not in read
                ):  # What the demo chooses by itself is nobody's to set.
                    read[name] = Variable(name, (*earlier, file), default, sentence)
    return list(read.values())


def _reads_environment(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "environment"
        and call.func.attr in {"text", "boolean", "integer", "words", "mapping", "directory"}
    )


def _default(call: ast.Call, source: str) -> str:
    if len(call.args) < 2:
        return (
            "empty"
            if isinstance(call.func, ast.Attribute) and call.func.attr in {"mapping", "words"}
            else "must be set"
        )
    text = ast.get_source_segment(source, call.args[1]) or ""
    return {'""': "unset", "_HOST": "the host of SITE_URL"}.get(
        text, text.replace('BASE_DIR / "var"', "`var`").replace('"', "`")
    )


def _comment_above(lines: list[str], number: int) -> str:
    above: list[str] = []
    while number >= 2 and lines[number - 2].startswith("#:"):
        above.insert(0, lines[number - 2].removeprefix("#:").strip())
        number -= 1
    return " ".join(above)


def _settings_table() -> str:
    rows = [(f"`{each.name}`", each.default, each.sentence) for each in variables()]
    return "\n" + _table(("variable", "when unset", "what it is"), rows) + "\n"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [
        " | ".join(head),
        " | ".join("---" for _ in head),
        *(" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows),
    ]
    return "\n".join(f"| {line} |" for line in lines) + "\n"
