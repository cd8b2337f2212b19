"""No regular expression of the code is slower than linear, whatever text a stranger sends.

Every expression is found: those that modules hold, in whatever container, and those written inside
functions. For each, texts are made from its own parts (every repetition stretched, with and without
what stands before it, ended so that it fails), at 32 and 64 kB.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, TypeAlias

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from config.app_order import APPS
from tests.system.processes import ROOT

parser = importlib.import_module("re._parser")
Expression: TypeAlias = "re.Pattern[Any]"

KB = 1024
#: Seconds of processor time. What costs less at 64 kB is fast enough at any rate,
#: and clocks are coarse.
DEAR = 0.02
SHORT = 4 * KB
VERY_DEAR = 0.02
MEASURED = 6
#: Of how many of its characters every two are put beside each other; tests/soak/test_expressions.py
#: takes more.
PAIRED = 4
#: What no stranger sends anything to: they read our own sources, documents and programs.
OURS = {
    "config/documents.py",
    "config/catalogue.py",
    "config/backups.py",
    "reports/pages/method.py",
    "reports/drawing/palette.py",
    "config/settings",
    "config/wsgi.py",
    "ledger/protection.py",  # definitions of triggers, as PostgreSQL writes them
}
#: Expressions put together inside functions, and what they are then.
MADE = {
    "engines/text/extraction.py": [r"</title(?=[\s/>])"],
    # called when the module is loaded, which holds what comes of it
    "engines/text/deletion_notices.py": [],
    "ledger/leaf.py": [],  # likewise
    "reports/schema.py": [],  # `self.pattern` is one of the schema's own, which the module holds
    "engines/text/sentences.py": [],
}


# --- finding them ---------------------------------------------------------------------------------


def sources() -> Iterator[Path]:
    for room in (*APPS, "config", "engines"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if "migrations" not in path.parts and not any(name.startswith(ours) for ours in OURS):
                yield path


def held(value: object, seen: set[int], depth: int = 0) -> Iterator[Expression]:
    """Every expression inside of a value."""
    if id(value) in seen or depth > 6:
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(owner := getattr(value, "__self__", None), re.Pattern):
        yield owner  # `re.compile(…).fullmatch`
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from held(part, seen, depth + 1)
    elif isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        for part in value:
            yield from held(part, seen, depth + 1)
    elif not isinstance(value, ModuleType | type) and type(value).__module__.partition(".")[0] in (
        *APPS,
        "config",
        "engines",
    ):
        for name in (*getattr(type(value), "__slots__", ()), *getattr(value, "__dict__", ())):
            yield from held(getattr(value, name, None), seen, depth + 1)
    elif isinstance(value, type) and value.__module__.partition(".")[0] in (
        *APPS,
        "config",
        "engines",
    ):
        for part in list(vars(value).values()):
            yield from held(part, seen, depth + 1)


def inside_functions(path: Path) -> Iterator[Expression | None]:
    """Those written inside of functions; None for one that is put together there."""
    if "re." not in (text := path.read_text()):
        return
    tree = ast.parse(text)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for call in ast.walk(function):
            if not (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and isinstance(call.func.value, ast.Name)
            ):
                continue
            if call.func.value.id != "re" or call.func.attr in {"escape", "purge"}:
                continue
            if not isinstance(call.args[0], ast.Constant):
                yield None
                continue
            named = [
                part.attr
                for part in ast.walk(call)
                if isinstance(part, ast.Attribute) and part.attr in re.RegexFlag.__members__
            ]
            yield re.compile(call.args[0].value, sum(re.RegexFlag[name] for name in set(named)))


def addresses(resolver: URLResolver | None = None) -> Iterator[Expression]:
    """Those of the site's addresses."""
    for part in (resolver or get_resolver()).url_patterns:
        yield part.pattern.regex
        if isinstance(part, URLResolver):
            yield from addresses(part)
        else:
            assert isinstance(part, URLPattern)


def methods(name: str, texts: Sequence[str]) -> set[str]:
    """How an expression of this name is used anywhere."""
    found = {
        method for text in texts for method in re.findall(rf"\b{re.escape(name)}\.(\w+)", text)
    }
    return found & {"search", "sub", "subn", "split", "findall", "finditer", "match", "fullmatch"}


def every() -> dict[str, tuple[Expression, set[str]]]:
    """Every expression by the place it was found at, and how it is used (empty: nobody knows)."""
    found: dict[str, tuple[Expression, set[str]]] = {}
    seen: set[int] = set()
    texts = [path.read_text() for path in sources()]
    for path in sources():
        where = str(path.relative_to(ROOT))
        module = importlib.import_module(
            where.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        )
        for name, value in vars(module).items():
            for number, expression in enumerate(held(value, seen)):
                used = methods(name, texts) if isinstance(value, re.Pattern) else set()
                found[f"{where} {name}[{number}]"] = expression, used
        for number, inside in enumerate(inside_functions(path)):
            if inside is not None:
                found[f"{where} inside {number}"] = inside, set()
            else:
                for made in MADE[where]:
                    found[f"{where} made {number}"] = re.compile(made), set()
    for number, expression in enumerate(addresses()):
        found[f"address {number}"] = expression, {"match"}
    return found


# --- texts that hurt ------------------------------------------------------------------------------


_CATEGORIES = {
    "DIGIT": "7",
    "NOT_DIGIT": "x",
    "SPACE": " ",
    "NOT_SPACE": "x",
    "WORD": "a",
    "NOT_WORD": "-",
}


def _one_of(items: Sequence[Any]) -> str:
    """A character of a set."""
    if str(items[0][0]) == "NEGATE":
        inside = re.compile(_set(items[1:]), re.DOTALL)
        return next(
            char
            for char in "xa7 -.<:\n\x01\u4e00!" + "".join(map(chr, range(33, 127)))
            if not inside.fullmatch(char)
        )
    kind, value = str(items[0][0]), items[0][1]
    return (
        chr(value[0])
        if kind == "RANGE"
        else chr(value)
        if kind == "LITERAL"
        else _CATEGORIES[str(value).removeprefix("CATEGORY_")]
    )


def _set(items: Sequence[Any]) -> str:
    parts = []
    for kind, value in ((str(kind), value) for kind, value in items):
        if kind == "RANGE":
            parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
        elif kind == "LITERAL":
            parts.append(re.escape(chr(value)))
        else:
            name = str(value).removeprefix("CATEGORY_")
            letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.removeprefix("NOT_")]
            parts.append(f"\\{letter.upper() if name.startswith('NOT_') else letter}")
    return f"[{''.join(parts)}]"


def least(tree: Any, stretched: list[tuple[str, str]], before: str = "") -> str:
    """A short text that the parts match. Each repetition is noted in `stretched`, with what stands
    before it."""
    text = ""
    for kind, value in ((str(kind), value) for kind, value in tree):
        here = before + text
        if kind == "LITERAL":
            text += chr(value)
        elif kind == "NOT_LITERAL":
            text += "x" if value != ord("x") else "y"
        elif kind == "ANY":
            text += "x"
        elif kind == "IN":
            text += _one_of(value)
        elif kind in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            fewest, most, body = value
            unit = least(body, stretched, here)
            if most > 8 and unit:
                stretched.append((here, unit))
            text += unit * max(fewest, 1 if most else 0)
        elif kind == "SUBPATTERN":
            text += least(value[-1], stretched, here)
        elif kind == "ATOMIC_GROUP":
            text += least(value, stretched, here)
        elif kind == "BRANCH":
            text += next(least(branch, stretched, here) for branch in value[1])
        elif kind in {"ASSERT", "ASSERT_NOT"}:
            direction, body = value
            needed = least(body, stretched, here if direction > 0 else "")
            text += needed if kind == "ASSERT" and direction < 0 else ""
    return text


def letters(tree: Any) -> Iterator[str]:
    """Characters that the parts speak of."""
    for kind, value in ((str(kind), value) for kind, value in tree):
        if kind in {"LITERAL", "NOT_LITERAL"}:
            yield chr(value)
        elif kind == "IN":
            yield _one_of(value)
            yield from (chr(item[1]) for item in value if str(item[0]) == "LITERAL")
        elif kind in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            yield from letters(value[2])
        elif kind == "SUBPATTERN":
            yield from letters(value[-1])
        elif kind == "ATOMIC_GROUP":
            yield from letters(value)
        elif kind in {"ASSERT", "ASSERT_NOT"}:
            yield from letters(value[1])
        elif kind == "BRANCH":
            for branch in value[1]:
                yield from letters(branch)


def texts(expression: Expression, paired: int = PAIRED) -> dict[str, Callable[[int], Any]]:
    """Makers of texts of a given length, by what they repeat."""
    tree = parser.parse(expression.pattern, expression.flags & ~re.DEBUG)
    stretched: list[tuple[str, str]] = []
    whole = least(tree, stretched)
    known = list(dict.fromkeys([*letters(tree), "a", " ", "."]))[:9]
    units = dict.fromkeys(
        [
            ("", unit)
            for unit in (
                *known,
                whole,
                *("".join(pair) for pair in permutations(known[:paired], 2)),
            )
            if unit
        ]
    )
    units |= dict.fromkeys(
        [(before, unit) for before, unit in stretched[:12]]
        + [("", before + unit) for before, unit in stretched[:12]]
    )
    made = {}
    for before, unit in units:
        for end in ("", "\x00!"):

            def make(size: int, before: str = before, unit: str = unit, end: str = end) -> Any:
                text = (before + unit * (size // len(unit) + 1))[:size] + end
                return (
                    text.encode("utf-8", "surrogatepass")[:size]
                    if isinstance(expression.pattern, bytes)
                    else text
                )

            made[f"{before!r} + {unit!r} * n + {end!r}"] = make
    return made


# --- measuring ------------------------------------------------------------------------------------


class TooLongError(Exception):
    """One call took seconds of processor time."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def cost(call: Callable[[Any], object], text: Any, times: int = 1) -> float:
    """The least processor time of so many calls."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        call(text)
        taken.append(time.process_time() - began)
    return min(taken)


def slow(call: Callable[[Any], object], make: Callable[[int], Any]) -> str:
    """What is wrong with the time that a call takes; empty if it is linear.

    Other work on the machine makes a measurement longer and never shorter: what one measurement
    lets pass is linear, what it does not is measured five times, and again.
    """
    for size in (16 * KB, 64 * KB):
        half = whole = float("inf")
        for times in (1, 5, 5, 5):
            for _ in range(times):  # by turns, so that a busy minute of the machine meets both
                half, whole = (
                    min(half, cost(call, make(size // 2))),
                    min(whole, cost(call, make(size))),
                )
            if whole < DEAR or whole <= 3 * half:
                break
        else:
            return (
                f"{half * 1000:.1f} ms at {size // 2 // KB} kB and {whole * 1000:.1f} ms at "
                f"{size // KB} kB"
            )
    return ""


def calls(expression: Expression, used: set[str]) -> dict[str, Callable[[Any], object]]:
    """The ways in which it may meet a text: looked for everywhere, unless it is only ever asked at
    the beginning."""
    empty = b"" if isinstance(expression.pattern, bytes) else ""
    found: dict[str, Callable[[Any], object]] = {"fullmatch": expression.fullmatch}
    if used - {"match", "fullmatch"} or not used:
        found["sub"] = lambda text: expression.sub(empty, text)
    return found


def faults(expression: Expression, used: set[str], paired: int = PAIRED) -> list[str]:
    """A text at which the expression is not linear.

    A short text tells of most that they could not be dear at 64 kB even if the time grew with the
    square of the length. Of the others the dearest are measured, and what is very dear at once: a
    time that grows with the square stands out at a few thousand characters.
    """
    ranked: list[tuple[float, str, Callable[[Any], object], Callable[[int], Any]]] = []
    for name, make in texts(expression, paired).items():
        for method, call in calls(expression, used).items():
            what = f"{method} of {name}"
            took = measured(lambda call=call, make=make: cost(call, make(SHORT)), seconds=1)
            if isinstance(took, str):
                return [f"{what}: {took}"]
            if took > VERY_DEAR and (
                wrong := measured(lambda call=call, make=make: slow(call, make))
            ):
                return [f"{what}: {wrong}"]
            if took * (64 * KB / SHORT) ** 2 >= DEAR:
                ranked.append((took, what, call, make))
    for _, what, call, make in sorted(ranked, key=lambda one: -one[0])[:MEASURED]:
        if wrong := measured(lambda call=call, make=make: slow(call, make)):
            return [f"{what}: {wrong}"]
    return []


def measured(measure: Callable[[], Any], *, seconds: float = 3) -> Any:
    """What `measure` gives, or a sentence if it takes longer."""
    try:
        with at_most(seconds):
            return measure()
    except TooLongError:
        return f"more than {seconds} seconds"


def different() -> dict[str, tuple[Expression, set[str]]]:
    """Of those that are the same and meet texts in the same ways, one."""
    alike: dict[Any, tuple[str, Expression, set[str]]] = {}
    for where, (expression, used) in every().items():
        key = (
            expression.pattern,
            expression.flags,
            bool(used - {"match", "fullmatch"} or not used),
        )
        alike.setdefault(key, (where, expression, used))
    return {where: (expression, used) for where, expression, used in alike.values()}


def test_every_expression_takes_linear_time() -> None:
    """Processor time at 64 kB is at most three times that at 32 kB."""
    expressions = different()
    assert len(expressions) > 100
    assert any(where.startswith("config/logs.py _RULES") for where in every())
    wrong = {
        where: found
        for where, (expression, used) in expressions.items()
        if (found := faults(expression, used))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "pattern",
    [
        r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", r"[\w-]*(?:password|token)[=:]", r"(a+)+$",
    ],
)  # fmt: skip
def test_an_expression_that_is_not_linear_is_found(pattern: str) -> None:
    """The control."""
    assert faults(re.compile(pattern), set())


def test_what_is_put_together_inside_a_function_is_listed() -> None:
    made = {
        str(path.relative_to(ROOT)) for path in sources() if None in list(inside_functions(path))
    }
    assert made == set(MADE)
